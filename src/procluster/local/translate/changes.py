"""UPDATE and DELETE, as queries of the rows they change."""

from dataclasses import replace
from typing import NamedTuple

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse
from procluster.local.quoting import quote_sql
from procluster.local.results import Column
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.names import Table
from procluster.local.translate.plans import Change
from procluster.local.translate.queries import common_tables
from procluster.local.translate.scope import Scope, Source
from procluster.local.translate.term import Term
from procluster.local.translate.writing import condition, source, value
from procluster.local.types import BIGINT, NEXT_ROWVERSION, ROWVERSION


class Target(NamedTuple):
    """What is changed: WITH, FROM and WHERE as SQL; what expressions see; the table."""

    head: str
    from_: str
    where: str
    rows: Scope
    source: Source
    table: Table


def change(node: ast.Update | ast.Delete, scope: Scope) -> Change:
    target = affected(node, scope)
    found: list[tuple[Column, str]] = []
    keeps_nulls_out = True
    for assignment in node.assignments if isinstance(node, ast.Update) else ():
        column, term = new_value(assignment, target)
        if column in (other for other, _ in found):
            raise error(264, assignment.target, at=node.at)
        found.append((column, term.sql))
        keeps_nulls_out &= column.nullable or not term.nullable
    versions = [column for column in target.table.columns if column.type == ROWVERSION]
    if isinstance(node, ast.Update):
        found += [(column, NEXT_ROWVERSION) for column in versions]
    rowid = f"{target.source.alias}.rowid"
    is_joined = isinstance(node.source, ast.Joined)
    is_plain = not is_joined and not any(isinstance(part, ast.Query) for part in ast.nodes(node))
    assigned = tuple(column.name for column, _ in found)
    # A statement that is done again would ask for other numbers.
    is_one = is_plain and keeps_nulls_out and not (assigned and versions)
    statement = one_statement(target, found) if is_one else ""
    columns, old = (target.table.columns, target.source.references) if found else ((), ())
    new = dict(zip(columns, old, strict=True)) | dict(found)
    values = [rowid, *new.values()]
    listed = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(values))
    sql = f"{target.head}SELECT {listed}{target.from_}{target.where}"
    rows = target.rows.context.compiled(sql, (Column("", BIGINT, nullable=False), *columns))
    return Change(
        **vars(rows),
        table=target.table,
        targets=assigned,
        is_plain=is_plain,
        is_joined=is_joined,
        statement=statement,
    )


def one_statement(target: Target, found: list[tuple[Column, str]]) -> str:
    """The change of a table that is the only source, as DuckDB makes it."""
    named = f"{target.table.sql} AS {target.source.alias}"
    if not found:
        return f"DELETE FROM {named}{target.where}"
    sets = ", ".join(f"{quote_sql(column.name)} = {sql}" for column, sql in found)
    return f"UPDATE {named} SET {sets}{target.where}"


def affected(node: ast.Update | ast.Delete, scope: Scope) -> Target:
    """FROM and WHERE, and which source is the target."""
    names = tuple(part.lower() for part in node.target.parts)
    head, scope = common_tables(node.with_tables, scope)
    sql, found = source(node.source or ast.NamedTable(node.target.at, node.target), scope)
    chosen = [one for one in found if one.answers(names)] or [
        one for one in found if one.table and one.table == scope.context.table(node.target)
    ]
    if len(chosen) != 1:
        what = f"A change of '{node.target}' that FROM does not name once"
        raise refuse(what, "name the target in FROM, and use its alias", node.at)
    table = chosen[0].table
    if table is None:
        raise refuse(f"A change of '{node.target}'", "only tables are changed", node.at)
    rows = replace(scope, sources=found, clause="WHERE")
    where = f" WHERE {condition(node.where, rows)}" if node.where else ""
    return Target(head, f" FROM {sql}", where, rows, chosen[0], table)


def new_value(assignment: ast.Assignment, target: Target) -> tuple[Column, Term]:
    """The column that is assigned, and its value: converted implicitly, and never cut off."""
    name, new, at = assignment.target, assignment.value, assignment.at
    found = [column for column in target.source.columns if column.name.lower() == name.lower()]
    if not found:
        raise error(207, name, at=at)
    column = found[0]
    if column.type == ROWVERSION:
        raise error(272, at=at)
    if assignment.operator != "=":
        old = ast.ColumnRef(at, (*target.source.names, name))
        new = ast.Binary(at, assignment.operator[0], old, new)
    term = value(new, target.rows)
    if term.null or term.type.family != "text" or column.type.family != "text":
        return column, coerced(term, column.type, at)
    place = target.table.place_of(column.name)
    sql = convert_sql(term.sql, term.type, column.type, column=place, at=at)
    return column, replace(term, sql=sql)
