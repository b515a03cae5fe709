"""Aggregate and window functions. NULLs do not count; AVG and SUM of int are int."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from procluster.errors import SqlError
from procluster.local.syntax import Position
from procluster.local.translate.arithmetic import coerced, quotient
from procluster.local.translate.messages import error, failure, refuse
from procluster.local.translate.term import BIGINT, FLOAT, INT, Term, key, order_key, settled
from procluster.local.types import MAX, SqlType

__all__ = ["AGGREGATES", "WINDOWS", "Aggregate", "Invocation"]


@dataclass(frozen=True)
class Invocation:
    """One call of an aggregate or window function.

    ``order`` is the DuckDB SQL of WITHIN GROUP (ORDER BY ...), ``over`` that of OVER (...), with a
    space in front; both may be empty.
    """

    name: str
    terms: tuple[Term, ...]
    distinct: bool
    ordered: tuple[Term, bool] | None
    order: str
    over: str
    at: Position

    def sql(self, function: str, argument: str) -> str:
        """A call of DuckDB's."""
        distinct = "DISTINCT " if self.distinct else ""
        return f"{function}({distinct}{argument}){self.over}"

    def invalid(self, term: Term) -> SqlError:
        """Error 8117: a type that cannot be aggregated so."""
        return error(8117, term.type.name, self.name.lower(), at=self.at)


Write = Callable[[Invocation], Term]


@dataclass(frozen=True)
class Aggregate:
    """``ordered``: needs WITHIN GROUP or, for a window function, ORDER BY in its OVER."""

    name: str
    least: int
    most: int
    write: Write
    usage: str
    ordered: bool = False


def count(kind: SqlType) -> Write:
    """COUNT or COUNT_BIG; ``*`` arrives as no argument."""

    def write(call: Invocation) -> Term:
        argument = key(call.terms[0]) if call.terms else "*"
        return Term(f"CAST({call.sql('count', argument)} AS {kind.storage})", kind, nullable=False)

    return write


def summed(call: Invocation) -> Term:
    """Int stays int (8115 when it overflows); decimal(p, s) becomes decimal(38, s)."""
    term = call.terms[0]
    kind = sum_type(call, term)
    sql = call.sql("sum", term.sql)
    if kind.family in ("integer", "money"):
        sql = f"CAST({sql} AS {kind.storage})"
    return Term(sql, kind, finite=kind != FLOAT)


def sum_type(call: Invocation, term: Term) -> SqlType:
    family = term.type.family
    if term.null or family not in ("integer", "decimal", "money", "float"):
        raise call.invalid(term)
    if family == "decimal":
        return SqlType("decimal", 38, term.type.scale)
    if family == "float":
        return FLOAT
    return term.type if term.type.name in ("bigint", "money") else INT


def average(call: Invocation) -> Term:
    """The sum by the count, in the type of the sum: AVG of int is cut off."""
    kind = sum_type(call, call.terms[0])
    if kind == FLOAT:
        return Term(call.sql("avg", call.terms[0].sql), FLOAT, finite=False)
    if kind.name == "money":
        raise refuse("AVG of money", "its rounding is not documented; CAST to decimal", call.at)
    total, rows = summed(call).sql, call.sql("count", call.terms[0].sql)
    if kind.family == "integer":
        return Term(f"CAST({total} // {rows} AS {kind.storage})", kind)
    result = SqlType("decimal", 38, max(6, kind.scale))
    # Of no rows the sum is NULL, and so is the quotient.
    by = Term(f"CAST({rows} AS DECIMAL(19,0))", SqlType("decimal", 19, 0), nonzero=True)
    return Term(quotient("/", Term(total, kind), by, result), result)


def extreme(function: str) -> Write:
    """MIN or MAX; of text by the collation."""

    def write(call: Invocation) -> Term:
        term = settled(call.terms[0])
        if term.null or term.type.family in ("bit", "guid", "binary"):
            raise call.invalid(term)
        sql = call.sql(function, term.sql)
        if term.type.family == "text":
            sql = f"arg_{function}({term.sql}, {order_key(term)}){call.over}"
        return Term(sql, term.type)

    return write


def spread(function: str) -> Write:
    """STDEV and the like: float, whatever the number."""

    def write(call: Invocation) -> Term:
        term = call.terms[0]
        if term.type.family not in ("integer", "decimal", "money", "float"):
            raise call.invalid(term)
        return Term(call.sql(function, coerced(term, FLOAT, call.at).sql), FLOAT, finite=False)

    return write


def gathered(call: Invocation) -> Term:
    """STRING_AGG, at most 8,000 bytes unless the text is (max)."""
    if call.over or call.distinct:
        raise refuse("STRING_AGG with OVER or DISTINCT", "group in a subquery", call.at)
    text, separator = call.terms
    if separator.type.family != "text" or (separator.nullable and "$" not in separator.sql):
        raise refuse("STRING_AGG", "the separator must be a constant or a variable", call.at)
    if text.type.family != "text":
        text = coerced(text, SqlType("nvarchar", 4000), call.at)
    national = "n" if text.type.name.startswith("n") else ""
    kind = SqlType(
        f"{national}varchar", MAX if text.type.size == MAX else 4000 if national else 8000
    )
    sql = f"string_agg({text.sql}, coalesce({separator.sql}, ''){call.order})"
    if kind.size != MAX:
        fail = failure(9829)
        sql = f"CASE WHEN length({sql}) > {kind.size} THEN {fail} ELSE {sql} END"
    return Term(sql, kind)


def ranking(function: str, kind: SqlType) -> Write:
    def write(call: Invocation) -> Term:
        return Term(f"{function}(){call.over}", kind, nullable=False)

    return write


def tile(call: Invocation) -> Term:
    size = coerced(call.terms[0], BIGINT, call.at).sql
    return Term(f"ntile({size}){call.over}", BIGINT, nullable=False)


def neighbour(function: str) -> Write:
    """LAG or LEAD (value [, offset [, default]])."""

    def write(call: Invocation) -> Term:
        term = settled(call.terms[0])
        offset = coerced(call.terms[1], INT, call.at).sql if len(call.terms) > 1 else "1"
        other = f"CAST(NULL AS {term.type.storage})"
        if len(call.terms) > 2:
            other = coerced(call.terms[2], term.type, call.at).sql
        return Term(f"{function}({term.sql}, {offset}, {other}){call.over}", term.type)

    return write


def end(function: str) -> Write:
    """FIRST_VALUE or LAST_VALUE."""

    def write(call: Invocation) -> Term:
        term = settled(call.terms[0])
        return Term(f"{function}({term.sql}){call.over}", term.type)

    return write


def percentile(function: str) -> Write:
    """PERCENTILE_CONT (float, interpolated) or PERCENTILE_DISC (a value), over a window."""

    def write(call: Invocation) -> Term:
        if call.ordered is None or not call.over or call.ordered[1]:
            reason = "write WITHIN GROUP (ORDER BY x) OVER (PARTITION BY ...), ascending"
            raise refuse(call.name, reason, call.at)
        term = call.ordered[0]
        if term.type.family not in ("integer", "decimal", "money", "float"):
            raise call.invalid(term)
        share = call.terms[0].constant
        if not isinstance(share, Decimal):
            raise refuse(call.name, "the share must be a constant", call.at)
        if not 0 <= share <= 1:
            raise error(10751, call.name, at=call.at)
        if function == "quantile_cont":
            term = coerced(term, FLOAT, call.at)
        return Term(f"{function}({term.sql}, {share:f}){call.over}", term.type)

    return write


AGGREGATES = {
    entry.name: entry
    for entry in (
        Aggregate("COUNT", 1, 1, count(INT), "COUNT(* | [DISTINCT] value): int"),
        Aggregate("COUNT_BIG", 1, 1, count(BIGINT), "COUNT_BIG(* | [DISTINCT] value): bigint"),
        Aggregate("SUM", 1, 1, summed, "SUM([DISTINCT] number)"),
        Aggregate("AVG", 1, 1, average, "AVG([DISTINCT] number): int of int"),
        Aggregate("MIN", 1, 1, extreme("min"), "MIN(value)"),
        Aggregate("MAX", 1, 1, extreme("max"), "MAX(value)"),
        Aggregate("STDEV", 1, 1, spread("stddev_samp"), "STDEV(number)"),
        Aggregate("STDEVP", 1, 1, spread("stddev_pop"), "STDEVP(number)"),
        Aggregate("VAR", 1, 1, spread("var_samp"), "VAR(number)"),
        Aggregate("VARP", 1, 1, spread("var_pop"), "VARP(number)"),
        Aggregate("STRING_AGG", 2, 2, gathered,
                  "STRING_AGG(text, separator) [WITHIN GROUP (ORDER BY ...)]"),
    )
}  # fmt: skip
"""Functions that may stand without OVER."""

WINDOWS = {
    entry.name: entry
    for entry in (
        Aggregate("ROW_NUMBER", 0, 0, ranking("row_number", BIGINT), "ROW_NUMBER()", ordered=True),
        Aggregate("RANK", 0, 0, ranking("rank", BIGINT), "RANK()", ordered=True),
        Aggregate("DENSE_RANK", 0, 0, ranking("dense_rank", BIGINT), "DENSE_RANK()", ordered=True),
        Aggregate("PERCENT_RANK", 0, 0, ranking("percent_rank", FLOAT), "PERCENT_RANK()",
                  ordered=True),
        Aggregate("CUME_DIST", 0, 0, ranking("cume_dist", FLOAT), "CUME_DIST()", ordered=True),
        Aggregate("NTILE", 1, 1, tile, "NTILE(count)", ordered=True),
        Aggregate("LAG", 1, 3, neighbour("lag"), "LAG(value [, offset [, default]])", ordered=True),
        Aggregate("LEAD", 1, 3, neighbour("lead"), "LEAD(value [, offset [, default]])",
                  ordered=True),
        Aggregate("FIRST_VALUE", 1, 1, end("first_value"), "FIRST_VALUE(value)", ordered=True),
        Aggregate("LAST_VALUE", 1, 1, end("last_value"), "LAST_VALUE(value)", ordered=True),
        Aggregate("PERCENTILE_CONT", 1, 1, percentile("quantile_cont"),
                  "PERCENTILE_CONT(share) WITHIN GROUP (ORDER BY x) OVER (...)"),
        Aggregate("PERCENTILE_DISC", 1, 1, percentile("quantile_disc"),
                  "PERCENTILE_DISC(share) WITHIN GROUP (ORDER BY x) OVER (...)"),
    )
}  # fmt: skip
"""Functions that need OVER."""
