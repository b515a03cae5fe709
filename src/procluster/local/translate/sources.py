"""The sources of FROM: tables, views and functions expanded in place, joins, APPLY."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from procluster.local.results import Column
from procluster.local.syntax import (
    DerivedTable,
    FunctionTable,
    Join,
    Literal,
    NamedTable,
    ObjectName,
    Position,
    TableSource,
    ValuesTable,
)
from procluster.local.translate import conditions, expressions, queries, table_functions
from procluster.local.translate.arithmetic import coerced, combined
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.names import InlineFunction, View
from procluster.local.translate.quoting import identifier
from procluster.local.translate.scope import Relation, Scope, Source
from procluster.local.translate.term import Term
from procluster.local.types import SqlType

__all__ = ["From", "from_clause", "values"]

From = tuple[str, tuple[Source, ...]]
"""DuckDB SQL of a source, and the tables that it brings into reach."""

KEYWORDS = {"INNER": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


def from_clause(node: TableSource, scope: Scope) -> From:
    """Write a source; ``scope.sources`` are what an APPLY lets it see."""
    match node:
        case NamedTable():
            return named(node, scope)
        case DerivedTable():
            relation = queries.query(node.query, scope.inner())
            return placed(relation, node.alias, node.columns, scope, node.at)
        case ValuesTable():
            return placed(values(node, scope), node.alias, node.columns, scope, node.at)
        case FunctionTable():
            relation = function(node, scope)
            name = node.alias or node.call.name[-1]
            return placed(relation, name, node.columns, scope, node.at)
        case Join():
            return joined(node, scope)
    raise refuse(type(node).__name__, "it is not a source", node.at)


def named(node: NamedTable, scope: Scope) -> From:
    """A table, a view or a common table."""
    written = ".".join(node.name.parts)
    names = (node.alias.lower(),) if node.alias else tuple(p.lower() for p in node.name.parts)
    common = scope.tables.get(written.lower())
    if common is not None:
        return placed(common, names[0], (), scope, node.at, wrapped=False)
    if written.lower() in scope.defining:
        raise refuse(f"Recursive common table '{written}'", "use WHILE", node.at)
    found = scope.context.names.table(node.name)
    if found is None:
        raise error(208, written, at=node.at)
    if isinstance(found, View):
        relation = expanded(found, written, scope, node.at, {})
        sql, (source,) = placed(relation, names[-1], found.columns, scope, node.at)
        return sql, (replace(source, names=names),)
    alias = scope.context.alias()
    references = tuple(f"{alias}.{identifier(column.name)}" for column in found.columns)
    return f"{found.sql} AS {alias}", (Source(alias, names, found.columns, references, found),)


def expanded(
    module: View | InlineFunction,
    name: str,
    scope: Scope,
    at: Position,
    arguments: Mapping[str, Term],
) -> Relation:
    """The query of a view or function, which sees nothing of the query around it."""
    if name.lower() in scope.expanding:
        raise error(4429, name, at=at)
    expanding = scope.expanding | {name.lower()}
    return queries.query(
        module.query, Scope(scope.context, arguments=arguments, expanding=expanding)
    )


def placed(  # noqa: PLR0913
    relation: Relation,
    name: str,
    columns: tuple[str, ...],
    scope: Scope,
    at: Position,
    *,
    wrapped: bool = True,
) -> From:
    """Give a query its name and column names.

    Raises
    ------
    SqlError
        8155 a column without a name, 8156 a name twice, 8158 and 8159 a list of another length.
    """
    found = relation.columns
    if columns:
        found = renamed(found, columns, name, at)
    seen: set[str] = set()
    for place, column in enumerate(found, 1):
        if not column.name:
            raise error(8155, place, name, at=at)
        if column.name.lower() in seen:
            raise error(8156, column.name, name, at=at)
        seen.add(column.name.lower())
    alias = scope.context.alias()
    sql = f"({relation.sql}) AS {alias}" if wrapped else f"{relation.sql} AS {alias}"
    references = tuple(f"{alias}.c{place}" for place in range(len(found)))
    return sql, (Source(alias, (name.lower(),), found, references),)


def renamed(
    columns: tuple[Column, ...], names: tuple[str, ...], owner: str, at: Position
) -> tuple[Column, ...]:
    """Columns named by a list behind the name of their query."""
    if len(names) != len(columns):
        raise error(8158 if len(names) < len(columns) else 8159, owner, at=at)
    return tuple(replace(column, name=name) for column, name in zip(columns, names, strict=True))


def values(node: ValuesTable, scope: Scope) -> Relation:
    """VALUES: each column has the type its rows have in common."""
    if len({len(row) for row in node.rows}) > 1:
        raise error(10709, at=node.at)
    rows = [[expressions.value(cell, scope) for cell in row] for row in node.rows]
    columns = [column(list(cells), node.at) for cells in zip(*rows, strict=True)]
    written = zip(*(terms for _, terms in columns), strict=True)
    lines = ", ".join(f"({', '.join(term.sql for term in row)})" for row in written)
    names = node.columns or ("",) * len(columns)
    head = ", ".join(f"c{place}" for place in range(len(columns)))
    alias = scope.context.alias()
    found = tuple(Column("", kind, any(term.nullable for term in terms)) for kind, terms in columns)
    if len(names) == len(found):
        found = tuple(replace(part, name=name) for part, name in zip(found, names, strict=True))
    return Relation(f"SELECT {head} FROM (VALUES {lines}) AS {alias}({head})", found)


def column(cells: list[Term], at: Position) -> tuple[SqlType, list[Term]]:
    return (cells[0].type, cells) if len(cells) == 1 else combined(cells, at)


def function(node: FunctionTable, scope: Scope) -> Relation:
    """A built-in table function, or an inline function of the user's."""
    call = node.call
    if len(call.name) == 1 and call.name[0] in table_functions.BUILT_IN:
        return table_functions.relation(node, scope)
    name = ".".join(call.name)
    found = scope.context.names.function(ObjectName(node.at, call.name))
    if found is None:
        raise error(208, name, at=node.at)
    if len(call.arguments) != len(found.parameters):
        fewer = len(call.arguments) < len(found.parameters)
        raise error(313 if fewer else 8144, name, at=node.at)
    arguments = {}
    for parameter, given in zip(found.parameters, call.arguments, strict=True):
        written: object = given
        if isinstance(given, Literal) and given.kind == "default":
            written = parameter.default or Literal(given.at, "null", "")
        term = expressions.value(written, scope)  # type: ignore[arg-type]
        arguments[parameter.name.lower()] = replace(
            coerced(term, parameter.type, node.at), constant=None
        )
    return expanded(found, name, scope, node.at, arguments)


def joined(node: Join, scope: Scope) -> From:
    """A join; APPLY lets its right side see the left one."""
    left_sql, left = from_clause(node.left, scope)
    apply = node.kind.endswith("APPLY")
    if apply and isinstance(node.right, Join):
        raise refuse("APPLY of a join", "wrap the join in a subquery", node.at)
    seeing = replace(scope, sources=(*scope.sources, *left)) if apply else scope
    right_sql, right = from_clause(node.right, seeing)
    if isinstance(node.right, Join):
        right_sql = f"({right_sql})"
    if node.kind in ("LEFT", "FULL", "OUTER APPLY"):
        right = tuple(source.optional() for source in right)
    if node.kind in ("RIGHT", "FULL"):
        left = tuple(source.optional() for source in left)
    lateral = "" if isinstance(node.right, NamedTable) else "LATERAL "
    if node.kind == "OUTER APPLY":
        return f"{left_sql} LEFT JOIN {lateral}{right_sql} ON true", (*left, *right)
    if node.condition is None:
        return f"{left_sql} CROSS JOIN {lateral if apply else ''}{right_sql}", (*left, *right)
    both = replace(scope, sources=(*scope.sources, *left, *right), clause="ON")
    test = conditions.condition(node.condition, both)
    return f"{left_sql} {KEYWORDS[node.kind]} {right_sql} ON {test}", (*left, *right)
