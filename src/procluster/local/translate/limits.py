"""TOP, OFFSET and FETCH, and the order in which they cut off."""

from __future__ import annotations

from dataclasses import dataclass

from procluster.local.syntax import Expression, Literal, Query, Top
from procluster.local.translate import expressions
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.messages import error, failure
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import BIGINT, FLOAT, Term, order_key, ordering

__all__ = ["Body", "Key", "limited", "one_row"]

Key = tuple[Term, bool]
"""An item of ORDER BY: its value, and whether it is descending."""


@dataclass(frozen=True)
class Body:
    """The SELECT list, and the clauses from FROM on."""

    values: list[str]
    clauses: str

    def sql(self, *more: str) -> str:
        """The whole query; ``more`` are columns behind the list."""
        listed = [f"{value} AS c{place}" for place, value in enumerate(self.values)]
        return f"SELECT {', '.join((*listed, *more))}{self.clauses}"


def one_row(top: Top | None) -> bool:
    """Whether this is TOP (1)."""
    return bool(
        top
        and isinstance(top.count, Literal)
        and top.count.value == "1"
        and not top.percent
        and not top.with_ties
    )


def limited(
    body: Body,
    order: list[Key],
    top: Top | None,
    query: Query | None,
    scope: Scope,
) -> str:
    """Add ORDER BY, TOP and OFFSET."""
    if top and (top.percent or top.with_ties):
        return ranked(body, order, top, scope)
    if one_row(top) and order and sees_outer_rows(scope) and len({down for _, down in order}) == 1:
        return first_row(body, order)
    by = ", ".join(ordering(term, descending) for term, descending in order)
    sql = body.sql() + (f" ORDER BY {by}" if by else "")
    if top:
        sql += f" LIMIT {row_count(top.count, scope)}"
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


def ranked(body: Body, order: list[Key], top: Top, scope: Scope) -> str:
    """TOP ... PERCENT (rounded up) and WITH TIES.

    The keys are columns of a subquery first: they may be window functions themselves.
    """
    if top.with_ties and not order:
        raise error(1062, at=top.at)
    keys = [f"{order_key(term)} AS k{place}" for place, (term, _) in enumerate(order)]
    by = ", ".join(
        ordering(Term(f"k{place}", BIGINT), descending)
        for place, (_, descending) in enumerate(order)
    )
    window = f"(ORDER BY {by})" if by else "()"
    rank = "rank" if top.with_ties else "row_number"
    count = f"CAST({row_count(top.count, scope)} AS BIGINT)" if not top.percent else ""
    if top.percent:
        share = coerced(expressions.value(top.count, scope), FLOAT, top.at).sql
        sure = f"CASE WHEN {share} BETWEEN 0 AND 100 THEN {share} ELSE {failure(1031)} END"
        count = f"ceil(n * ({sure}) / 100)"
    listed = ", ".join(f"c{place}" for place in range(len(body.values)))
    places = f"row_number() OVER {window} AS o, {rank}() OVER {window} AS r, count(*) OVER () AS n"
    rows = f"SELECT *, {places} FROM ({body.sql(*keys)})"
    return f"SELECT {listed} FROM ({rows}) WHERE r <= {count} ORDER BY o"


def row_count(node: Expression, scope: Scope) -> str:
    """The number of TOP, OFFSET and FETCH."""
    if isinstance(node, Literal) and node.kind == "int":
        return str(int(node.value))
    term = expressions.value(node, scope)
    if term.type.family != "integer" or term.null:
        raise error(1060, at=node.at)
    sql = coerced(term, BIGINT, node.at).sql
    fail = failure(127)
    missing = failure(1014)
    return f"(CASE WHEN {sql} IS NULL THEN {missing} WHEN {sql} < 0 THEN {fail} ELSE {sql} END)"
