"""TOP, OFFSET and FETCH, and the order in which they cut off."""

from dataclasses import dataclass

from procluster.local import syntax as ast
from procluster.local.messages import error, failure
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import Term, order_key, ordering
from procluster.local.translate.writing import value
from procluster.local.types import BIGINT

Key = tuple[Term, bool]
"""An item of ORDER BY: its value, and whether it is descending."""


@dataclass(frozen=True)
class Body:
    """The SELECT list, and the clauses from FROM on."""

    values: list[str]
    clauses: str

    def sql(self) -> str:
        listed = [f"{value} AS c{place}" for place, value in enumerate(self.values)]
        return f"SELECT {', '.join(listed)}{self.clauses}"


def one_row(top: ast.Expression | None) -> bool:
    """Whether this is TOP (1)."""
    return isinstance(top, ast.Literal) and top.value == "1"


def limited(
    body: Body,
    order: list[Key],
    top: ast.Expression | None,
    query: ast.Query | None,
    scope: Scope,
) -> str:
    """Add ORDER BY, TOP and OFFSET."""
    if one_row(top) and order and sees_outer_rows(scope) and len({down for _, down in order}) == 1:
        return first_row(body, order)
    by = ", ".join(ordering(term, descending) for term, descending in order)
    sql = body.sql() + (f" ORDER BY {by}" if by else "")
    if top:
        sql += f" LIMIT {row_count(top, scope)}"
    if query and query.offset is not None:
        if query.fetch is not None:
            sql += f" LIMIT {row_count(query.fetch, scope)}"
        sql += f" OFFSET {row_count(query.offset, scope)}"
    return sql


def sees_outer_rows(scope: Scope) -> bool:
    """Whether this is a subquery that may be evaluated once for each row of another query."""
    around = scope.parent
    while around and not around.sources:
        around = around.parent
    return around is not None


def first_row(body: Body, order: list[Key]) -> str:
    """TOP (1) of a subquery, for each outer row: the least or greatest row, found without sorting.

    DuckDB would sort once for each outer row, which is many times slower.
    """
    values = list(body.values)
    parts: dict[str, str] = {}
    for term, _ in order:
        if order_key(term) not in values:
            values.append(order_key(term))
        place = values.index(order_key(term))
        if term.nullable:  # NULL is the least value
            parts[f"n{place}"] = f"c{place} IS NOT NULL"
        parts[f"c{place}"] = f"c{place}"
    parts |= {f"c{place}": f"c{place}" for place in range(len(body.values))}
    row = ", ".join(f"{name} := {part}" for name, part in parts.items())
    found = "max" if order[0][1] else "min"
    listed = ", ".join(f"r.c{place} AS c{place}" for place in range(len(body.values)))
    rows = Body(values, body.clauses).sql()
    least = f"SELECT {found}(struct_pack({row})) AS r FROM ({rows}) HAVING count(*) > 0"
    return f"SELECT {listed} FROM ({least})"


def row_count(node: ast.Expression, scope: Scope) -> str:
    """The number of TOP, OFFSET and FETCH."""
    if isinstance(node, ast.Literal) and node.kind == "int":
        return str(int(node.value))
    term = value(node, scope)
    if term.type.family != "integer" or term.null:
        raise error(1060, at=node.at)
    sql = coerced(term, BIGINT, node.at).sql
    fail = failure(127)
    missing = failure(1014)
    return f"(CASE WHEN {sql} IS NULL THEN {missing} WHEN {sql} < 0 THEN {fail} ELSE {sql} END)"
