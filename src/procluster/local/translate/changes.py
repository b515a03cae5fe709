"""UPDATE and DELETE, as queries of the rows they change."""

from __future__ import annotations

from dataclasses import replace
from typing import Union

from procluster.errors import SqlError
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
from procluster.local.translate.names import Change, Compiled, Table
from procluster.local.translate.scope import Scope, Source, refuse
from procluster.local.translate.term import BIGINT, Term
from procluster.local.types import SqlType

__all__ = ["assigned", "delete", "update"]


def update(node: Update, scope: Scope) -> Change:
    """Compile UPDATE."""
    clauses, rows, target, table = affected(node, scope)
    seen: set[str] = set()
    for assignment in node.assignments:
        if assignment.target.lower() in seen:
            message = (
                f"The column name '{assignment.target}' is specified more than once in the "
                "SET clause or column list of an INSERT. A column cannot be assigned more than "
                "one value in the same clause. Modify the clause to make sure that a column is "
                "updated only once. If this statement updates or inserts columns into a view, "
                "column aliasing can conceal the duplication in your code."
            )
            raise SqlError(264, message, line=node.at.line)
        seen.add(assignment.target.lower())
    found = [new_value(assignment, target, node, rows) for assignment in node.assignments]
    columns = (Column("", BIGINT, nullable=False), *(column for column, _ in found))
    values = [f"{target.alias}.rowid", *(sql for _, sql in found)]
    sql = rows_sql(node, target, values, clauses)
    compiled = Compiled(sql, columns, scope.context.parameters)
    return Change(table, compiled, tuple(column.name for column, _ in found))


def delete(node: Delete, scope: Scope) -> Change:
    """Compile DELETE."""
    clauses, _, target, table = affected(node, scope)
    sql = rows_sql(node, target, [f"{target.alias}.rowid"], clauses)
    columns = (Column("", BIGINT, nullable=False),)
    return Change(table, Compiled(sql, columns, scope.context.parameters))


def affected(node: Update | Delete, scope: Scope) -> tuple[str, Scope, Source, Table]:
    """FROM and WHERE, and which source is the target."""
    names = tuple(part.lower() for part in node.target.parts)
    scope = common_tables(node, scope)
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
    return clauses, rows, chosen[0], chosen[0].table


def common_tables(node: Update | Delete, scope: Scope) -> Scope:
    for common in node.with_tables:
        _, relation = queries.common_table(common, scope)
        scope = replace(scope, tables={**scope.tables, common.name.lower(): relation})
    return scope


def rows_sql(
    node: Update | Delete,
    target: Source,
    values: list[str],
    clauses: str,
) -> str:
    """The query of the rows; where a join meets a row twice, one of its matches counts."""
    listed = ", ".join(f"{value} AS c{place}" for place, value in enumerate(values))
    once = f"DISTINCT ON ({target.alias}.rowid) " if isinstance(node.source, Join) else ""
    return f"SELECT {once}{listed}{clauses}"


def new_value(
    assignment: Assignment,
    target: Source,
    node: Update,
    rows: Scope,
) -> tuple[Column, str]:
    """The column or variable that is assigned, and its value."""
    name, value = assignment.target, assignment.value
    if name.startswith("@"):
        column = Column(name, expressions.variable(Variable(assignment.at, name), rows).type)
        old: Union[Variable, ColumnRef] = Variable(assignment.at, name)
    else:
        found = [column for column in target.columns if column.name.lower() == name.lower()]
        if not found:
            raise SqlError(207, f"Invalid column name '{name}'.", line=assignment.at.line)
        column = found[0]
        old = ColumnRef(assignment.at, (*target.names, name))
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
