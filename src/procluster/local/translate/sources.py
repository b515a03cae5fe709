"""The sources of FROM: tables, views and functions expanded in place, joins, APPLY."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse
from procluster.local.quoting import quote_sql
from procluster.local.results import Column
from procluster.local.translate.arithmetic import coerced, combined
from procluster.local.translate.json_functions import open_json
from procluster.local.translate.scope import Relation, Scope, Source
from procluster.local.translate.term import Term
from procluster.local.translate.writing import From, condition, relation, source, value

LEFT_OUT = ("GENERATE_SERIES", "STRING_SPLIT")
KEYWORDS = {"INNER": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


@source.register
def named(node: ast.NamedTable, scope: Scope) -> From:
    written = str(node.name)
    names = (node.alias.lower(),) if node.alias else tuple(p.lower() for p in node.name.parts)
    common = scope.tables.get(written.lower())
    if common is not None:
        return placed(common, names[0], (), scope, node.at, wrapped=False)
    if written.lower() in scope.defining:
        raise refuse(f"Recursive common table '{written}'", "use WHILE", node.at)
    found = scope.context.table(node.name)
    if found is None:
        raise error(208, written, at=node.at)
    if isinstance(found, ast.CreateModule):
        inside = expanded(found, written, scope, node.at, {})
        sql, (only,) = placed(inside, names[-1], found.columns, scope, node.at)
        return sql, (replace(only, names=names),)
    alias = scope.context.alias()
    references = tuple(f"{alias}.{quote_sql(column.name)}" for column in found.columns)
    return f"{found.sql} AS {alias}", (Source(alias, names, found.columns, references, found),)


@source.register
def derived(node: ast.DerivedTable, scope: Scope) -> From:
    inside = relation(node.query, scope.inner())
    return placed(inside, node.alias, node.columns, scope, node.at)


@source.register
def listed(node: ast.ValuesTable, scope: Scope) -> From:
    return placed(relation(node, scope), node.alias, node.columns, scope, node.at)


@source.register
def called(node: ast.FunctionTable, scope: Scope) -> From:
    read = open_json if node.call.name == ("OPENJSON",) else function
    inside = read(node, scope)
    return placed(inside, node.alias or node.call.name[-1], node.columns, scope, node.at)


def expanded(
    module: ast.CreateModule,
    name: str,
    scope: Scope,
    at: ast.Position,
    arguments: Mapping[str, Term],
) -> Relation:
    """The query of a view or function, which sees nothing of the query around it."""
    if name.lower() in scope.expanding:
        raise error(4429, name, at=at)
    expanding = scope.expanding | {name.lower()}
    body = cast("ast.Query", module.body)
    return relation(body, Scope(scope.context, arguments=arguments, expanding=expanding))


def placed(  # noqa: PLR0913
    inside: Relation,
    name: str,
    columns: tuple[str, ...],
    scope: Scope,
    at: ast.Position,
    *,
    wrapped: bool = True,
) -> From:
    """Give a query its name and column names.

    Errors: 8155 a column without a name, 8156 a name twice, 8158 and 8159 a list of another length.
    """
    found = renamed(inside.columns, columns, name, at) if columns else inside.columns
    seen: set[str] = set()
    for place, column in enumerate(found, 1):
        if not column.name:
            raise error(8155, place, name, at=at)
        if column.name.lower() in seen:
            raise error(8156, column.name, name, at=at)
        seen.add(column.name.lower())
    alias = scope.context.alias()
    sql = f"({inside.sql}) AS {alias}" if wrapped else f"{inside.sql} AS {alias}"
    references = tuple(f"{alias}.c{place}" for place in range(len(found)))
    return sql, (Source(alias, (name.lower(),), found, references),)


def renamed(
    columns: tuple[Column, ...], names: tuple[str, ...], owner: str, at: ast.Position
) -> tuple[Column, ...]:
    """Columns named by a list behind the name of their query."""
    if len(names) != len(columns):
        raise error(8158 if len(names) < len(columns) else 8159, owner, at=at)
    return tuple(replace(column, name=name) for column, name in zip(columns, names, strict=True))


@relation.register
def values(node: ast.ValuesTable, scope: Scope) -> Relation:
    """VALUES: each column has the type its rows have in common."""
    if len({len(row) for row in node.rows}) > 1:
        raise error(10709, at=node.at)
    rows = [[value(cell, scope) for cell in row] for row in node.rows]
    columns = [
        combined(list(cells), node.at) if len(cells) > 1 else (cells[0].type, [cells[0]])
        for cells in zip(*rows, strict=True)
    ]
    written = zip(*(terms for _, terms in columns), strict=True)
    lines = ", ".join(f"({', '.join(term.sql for term in row)})" for row in written)
    head = ", ".join(f"c{place}" for place in range(len(columns)))
    found = tuple(Column("", kind, any(term.nullable for term in terms)) for kind, terms in columns)
    sql = f"SELECT {head} FROM (VALUES {lines}) AS {scope.context.alias()}({head})"
    return Relation(sql, found)


def function(node: ast.FunctionTable, scope: Scope) -> Relation:
    """An inline function, with its arguments in place of its parameters."""
    call = node.call
    name = ".".join(call.name)
    found = scope.context.function(ast.ObjectName(node.at, call.name))
    if found is None:
        if name in LEFT_OUT:
            raise refuse(f"Function {name}", "it is left out", node.at)
        raise error(208, name, at=node.at)
    if node.schema:
        raise error(102, "WITH", at=node.at)
    if len(call.arguments) != len(found.parameters):
        fewer = len(call.arguments) < len(found.parameters)
        raise error(313 if fewer else 8144, name, at=node.at)
    arguments = {}
    for parameter, given in zip(found.parameters, call.arguments, strict=True):
        if isinstance(given, ast.Literal) and given.kind == "default":
            given = parameter.value or ast.Literal(given.at, "null")  # noqa: PLW2901
        term = coerced(value(given, scope), parameter.type, node.at)
        arguments[parameter.name.lower()] = replace(term, constant=None)
    return expanded(found, name, scope, node.at, arguments)


@source.register
def joined(node: ast.Joined, scope: Scope) -> From:
    sql, found = source(node.first, scope)
    for join in node.joins:
        sql, found = join_one(sql, found, join, scope)
    return sql, found


def join_one(left_sql: str, left: tuple[Source, ...], join: ast.Join, scope: Scope) -> From:
    """One join; APPLY lets its right side see the left one."""
    apply = join.kind.endswith("APPLY")
    if apply and isinstance(join.right, ast.Joined):
        raise refuse("APPLY of a join", "wrap the join in a subquery", join.at)
    seeing = replace(scope, sources=(*scope.sources, *left)) if apply else scope
    right_sql, right = source(join.right, seeing)
    if isinstance(join.right, ast.Joined):
        right_sql = f"({right_sql})"
    if join.kind in ("LEFT", "FULL", "OUTER APPLY"):
        right = tuple(one.optional() for one in right)
    if join.kind in ("RIGHT", "FULL"):
        left = tuple(one.optional() for one in left)
    both = (*left, *right)
    lateral = "LATERAL " if apply and not isinstance(join.right, ast.NamedTable) else ""
    if join.kind == "OUTER APPLY":
        return f"{left_sql} LEFT JOIN {lateral}{right_sql} ON true", both
    if join.condition is None:
        return f"{left_sql} CROSS JOIN {lateral}{right_sql}", both
    test = condition(join.condition, replace(scope, sources=(*scope.sources, *both), clause="ON"))
    return f"{left_sql} {KEYWORDS[join.kind]} {right_sql} ON {test}", both
