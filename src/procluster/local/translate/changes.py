"""UPDATE and DELETE, as queries of the rows they change."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Union

from procluster.local.results import Column
from procluster.local.syntax import (
    Assignment,
    Binary,
    ColumnRef,
    Delete,
    Join,
    NamedTable,
    Position,
    Update,
    Variable,
)
from procluster.local.translate import conditions, expressions, queries, sources
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.names import Change, Compiled, Table
from procluster.local.translate.scope import Scope, Source
from procluster.local.translate.term import BIGINT, Term
from procluster.local.types import SqlType

__all__ = ["assigned", "delete", "update"]


def update(node: Update, scope: Scope) -> Change:
    """Compile UPDATE."""
    target = affected(node, scope)
    seen: set[str] = set()
    for assignment in node.assignments:
        if assignment.target.lower() in seen:
            raise error(264, assignment.target, at=node.at)
        seen.add(assignment.target.lower())
    found = [new_value(assignment, target, node) for assignment in node.assignments]
    columns = (Column("", BIGINT, nullable=False), *(column for column, _ in found))
    rows = changed_rows(node, target, columns, [sql for _, sql in found])
    return Change(target.table, rows, tuple(column.name for column, _ in found))


def delete(node: Delete, scope: Scope) -> Change:
    """Compile DELETE."""
    target = affected(node, scope)
    columns = (Column("", BIGINT, nullable=False),)
    return Change(target.table, changed_rows(node, target, columns, []))


class Target(NamedTuple):
    """What is changed: WITH, FROM and WHERE as SQL, what expressions see, and the table."""

    head: str
    clauses: str
    rows: Scope
    source: Source
    table: Table


def affected(node: Update | Delete, scope: Scope) -> Target:
    """FROM and WHERE, and which source is the target."""
    names = tuple(part.lower() for part in node.target.parts)
    head, scope = queries.common_tables(node.with_tables, scope)
    origin = node.source or NamedTable(node.target.at, node.target)
    sql, found = sources.from_clause(origin, scope)
    chosen = [source for source in found if source.answers(names)] or [
        source
        for source in found
        if source.table and source.table == scope.context.names.table(node.target)
    ]
    if len(chosen) != 1:
        what = f"A change of '{'.'.join(node.target.parts)}' that FROM does not name once"
        raise refuse(what, "name the target in FROM, and use its alias", node.at)
    if chosen[0].table is None:
        raise refuse(f"A change of '{'.'.join(names)}'", "only tables are changed", node.at)
    rows = replace(scope, sources=found, clause="WHERE")
    clauses = f" FROM {sql}"
    if node.where:
        clauses += f" WHERE {conditions.condition(node.where, rows)}"
    return Target(head, clauses, rows, chosen[0], chosen[0].table)


def changed_rows(
    node: Update | Delete,
    target: Target,
    columns: tuple[Column, ...],
    values: list[str],
) -> Compiled:
    """The query of the rows; where a join meets a row twice, one of its matches counts."""
    rowid = f"{target.source.alias}.rowid"
    listed = ", ".join(f"{value} AS c{place}" for place, value in enumerate([rowid, *values]))
    once = f"DISTINCT ON ({rowid}) " if isinstance(node.source, Join) else ""
    sql = f"{target.head}SELECT {once}{listed}{target.clauses}"
    return target.rows.context.compiled(sql, columns)


def new_value(
    assignment: Assignment,
    target: Target,
    node: Update,
) -> tuple[Column, str]:
    """The column or variable that is assigned, and its value."""
    name, value, rows = assignment.target, assignment.value, target.rows
    if name.startswith("@"):
        column = Column(name, expressions.variable(Variable(assignment.at, name), rows).type)
        old: Union[Variable, ColumnRef] = Variable(assignment.at, name)
    else:
        found = [column for column in target.source.columns if column.name.lower() == name.lower()]
        if not found:
            raise error(207, name, at=assignment.at)
        column = found[0]
        old = ColumnRef(assignment.at, (*target.source.names, name))
    if assignment.operator != "=":
        value = Binary(assignment.at, assignment.operator[0], old, value)  # type: ignore[arg-type]
    term = expressions.value(value, rows)
    if name.startswith("@"):
        return column, coerced(term, column.type, assignment.at).sql
    label = f"table '{'.'.join(node.target.parts)}', column '{column.name}'"
    return column, assigned(term, column.type, label, assignment.at)


def assigned(term: Term, kind: SqlType, label: str, at: Position) -> str:
    """A value on its way into a column: converted implicitly, and never cut off."""
    if term.null or term.type.family != "text" or kind.family != "text":
        return coerced(term, kind, at).sql
    return convert_sql(term.sql, term.type, kind, column=label, at=at)
