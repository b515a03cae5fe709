"""UPDATE and DELETE, as queries of the rows they change."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse
from procluster.local.results import Column
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.names import Change, Table
from procluster.local.translate.queries import common_tables
from procluster.local.translate.scope import Scope, Source
from procluster.local.translate.writing import condition, source, value
from procluster.local.types import BIGINT


class Target(NamedTuple):
    """What is changed: WITH, and FROM with WHERE, as SQL; what expressions see; the table."""

    head: str
    clauses: str
    rows: Scope
    source: Source
    table: Table


def change(node: ast.Update | ast.Delete, scope: Scope) -> Change:
    """Compile UPDATE or DELETE; where a join meets a row twice, one of its matches counts."""
    target = affected(node, scope)
    found: list[tuple[Column, str]] = []
    for assignment in node.assignments if isinstance(node, ast.Update) else ():
        column, sql = new_value(assignment, target, node.target)
        if column in (other for other, _ in found):
            raise error(264, assignment.target, at=node.at)
        found.append((column, sql))
    rowid = f"{target.source.alias}.rowid"
    is_plain = not isinstance(node.source, ast.Joined) and not any(
        isinstance(part, ast.Query) for part in ast.nodes(node)
    )
    assigned = tuple(column.name for column, _ in found)
    if is_plain and assigned:
        pairs = zip(target.table.columns, target.source.references, strict=True)
        found += [pair for pair in pairs if pair[0].name not in assigned]
    values = [rowid, *(sql for _, sql in found)]
    listed = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(values))
    once = f"DISTINCT ON ({rowid}) " if isinstance(node.source, ast.Joined) else ""
    sql = f"{target.head}SELECT {once}{listed}{target.clauses}"
    columns = (Column("", BIGINT, nullable=False), *(column for column, _ in found))
    rows = target.rows.context.compiled(sql, columns)
    return Change(target.table, rows, assigned, is_plain)


def affected(node: ast.Update | ast.Delete, scope: Scope) -> Target:
    """FROM and WHERE, and which source is the target."""
    names = tuple(part.lower() for part in node.target.parts)
    head, scope = common_tables(node.with_tables, scope)
    sql, found = source(node.source or ast.NamedTable(node.target.at, node.target), scope)
    chosen = [one for one in found if one.answers(names)] or [
        one for one in found if one.table and one.table == scope.context.names.table(node.target)
    ]
    if len(chosen) != 1:
        what = f"A change of '{node.target}' that FROM does not name once"
        raise refuse(what, "name the target in FROM, and use its alias", node.at)
    table = chosen[0].table
    if table is None:
        raise refuse(f"A change of '{node.target}'", "only tables are changed", node.at)
    rows = replace(scope, sources=found, clause="WHERE")
    clauses = f" FROM {sql}"
    if node.where:
        clauses += f" WHERE {condition(node.where, rows)}"
    return Target(head, clauses, rows, chosen[0], table)


def new_value(
    assignment: ast.Assignment, target: Target, table: ast.ObjectName
) -> tuple[Column, str]:
    """The column that is assigned, and its value: converted implicitly, and never cut off."""
    name, new, at = assignment.target, assignment.value, assignment.at
    found = [column for column in target.source.columns if column.name.lower() == name.lower()]
    if not found:
        raise error(207, name, at=at)
    column = found[0]
    if assignment.operator != "=":
        old = ast.ColumnRef(at, (*target.source.names, name))
        new = ast.Binary(at, assignment.operator[0], old, new)
    term = value(new, target.rows)
    if term.null or term.type.family != "text" or column.type.family != "text":
        return column, coerced(term, column.type, at).sql
    label = f"table '{table}', column '{column.name}'"
    return column, convert_sql(term.sql, term.type, column.type, column=label, at=at)
