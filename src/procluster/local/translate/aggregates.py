"""Aggregate and window functions. NULLs do not count; AVG and SUM of int are int."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from procluster.errors import SqlError
from procluster.local.messages import error, failure, refuse
from procluster.local.syntax import Call
from procluster.local.translate.arithmetic import coerced, quotient
from procluster.local.translate.term import Term, key, order_key, settled
from procluster.local.types import BIGINT, FLOAT, INT, MAX, SqlType

NUMBERS = ("integer", "decimal", "money", "float")


@dataclass(frozen=True)
class Aggregation:
    """One call of an aggregate or window function.

    ``order`` is the DuckDB SQL of WITHIN GROUP (ORDER BY ...), ``over`` that of OVER (...), with a
    space in front; both may be empty. ``ordered`` is the term of WITHIN GROUP, with descending.
    """

    node: Call
    terms: tuple[Term, ...]
    ordered: tuple[Term, bool] | None
    order: str
    over: str

    def sql(self, function: str, argument: str) -> str:
        """A call of DuckDB's."""
        distinct = "DISTINCT " if self.node.distinct else ""
        return f"{function}({distinct}{argument}){self.over}"

    def invalid(self, term: Term) -> SqlError:
        """Error 8117: a type that cannot be aggregated so."""
        return error(8117, term.type.name, self.node.name[0].lower(), at=self.node.at)


Write = Callable[[Aggregation], Term]


@dataclass(frozen=True)
class Aggregate:
    """``window``: it needs OVER; ``ordered``: with ORDER BY in it."""

    usage: str
    least: int
    most: int
    write: Write
    window: bool = False
    ordered: bool = False

    @property
    def name(self) -> str:
        """In upper case."""
        return self.usage.partition("(")[0]


def count(kind: SqlType, call: Aggregation) -> Term:
    """COUNT or COUNT_BIG; ``*`` arrives as no argument."""
    argument = key(call.terms[0]) if call.terms else "*"
    return Term(f"CAST({call.sql('count', argument)} AS {kind.storage})", kind, nullable=False)


def summed(call: Aggregation) -> Term:
    """Int stays int (8115 when it overflows); decimal(p, s) becomes decimal(38, s)."""
    term = call.terms[0]
    kind = sum_type(call, term)
    sql = call.sql("sum", term.sql)
    if kind.family in ("integer", "money"):
        sql = f"CAST({sql} AS {kind.storage})"
    return Term(sql, kind, finite=kind != FLOAT)


def sum_type(call: Aggregation, term: Term) -> SqlType:
    family = term.type.family
    if term.null or family not in NUMBERS:
        raise call.invalid(term)
    if family == "decimal":
        return SqlType("decimal", 38, term.type.scale)
    if family == "float":
        return FLOAT
    return term.type if term.type.name in ("bigint", "money") else INT


def average(call: Aggregation) -> Term:
    """The sum by the count, in the type of the sum: AVG of int is cut off."""
    kind = sum_type(call, call.terms[0])
    if kind == FLOAT:
        return Term(call.sql("avg", call.terms[0].sql), FLOAT, finite=False)
    if kind.name == "money":
        reason = "its rounding is not documented; CAST to decimal"
        raise refuse("AVG of money", reason, call.node.at)
    total, rows = summed(call).sql, call.sql("count", call.terms[0].sql)
    if kind.family == "integer":
        return Term(f"CAST({total} // {rows} AS {kind.storage})", kind)
    result = SqlType("decimal", 38, max(6, kind.scale))
    # Of no rows the sum is NULL, and so is the quotient.
    by = Term(f"CAST({rows} AS DECIMAL(19,0))", SqlType("decimal", 19, 0), nonzero=True)
    return Term(quotient("/", Term(total, kind), by, result), result)


def extreme(function: str, call: Aggregation) -> Term:
    """MIN or MAX; of text by the collation."""
    term = settled(call.terms[0])
    if term.null or term.type.family in ("bit", "guid", "binary"):
        raise call.invalid(term)
    sql = call.sql(function, term.sql)
    if term.type.family == "text":
        sql = f"arg_{function}({term.sql}, {order_key(term)}){call.over}"
    return Term(sql, term.type)


def spread(function: str, call: Aggregation) -> Term:
    """STDEV and the like: float, whatever the number."""
    term = call.terms[0]
    if term.type.family not in NUMBERS:
        raise call.invalid(term)
    return Term(call.sql(function, coerced(term, FLOAT, call.node.at).sql), FLOAT, finite=False)


def gathered(call: Aggregation) -> Term:
    """STRING_AGG, at most 8,000 bytes unless the text is (max)."""
    at = call.node.at
    if call.over or call.node.distinct:
        raise refuse("STRING_AGG with OVER or DISTINCT", "group in a subquery", at)
    text, separator = call.terms
    if separator.type.family != "text" or (separator.nullable and "$" not in separator.sql):
        raise refuse("STRING_AGG", "the separator must be a constant or a variable", at)
    if text.type.family != "text":
        text = coerced(text, SqlType("nvarchar", 4000), at)
    name, cap = ("nvarchar", 4000) if text.type.is_national else ("varchar", 8000)
    kind = SqlType(name, MAX if text.type.size == MAX else cap)
    sql = f"string_agg({text.sql}, coalesce({separator.sql}, ''){call.order})"
    if kind.size != MAX:
        sql = f"CASE WHEN length({sql}) > {kind.size} THEN {failure(9829)} ELSE {sql} END"
    return Term(sql, kind)


def ranking(function: str, call: Aggregation) -> Term:
    return Term(f"{function}(){call.over}", BIGINT, nullable=False)


def tile(call: Aggregation) -> Term:
    size = coerced(call.terms[0], BIGINT, call.node.at).sql
    return Term(f"ntile({size}){call.over}", BIGINT, nullable=False)


def neighbour(function: str, call: Aggregation) -> Term:
    """LAG or LEAD (value [, offset [, default]])."""
    term, at = settled(call.terms[0]), call.node.at
    offset = coerced(call.terms[1], INT, at).sql if len(call.terms) > 1 else "1"
    other = f"CAST(NULL AS {term.type.storage})"
    if len(call.terms) > 2:
        other = coerced(call.terms[2], term.type, at).sql
    return Term(f"{function}({term.sql}, {offset}, {other}){call.over}", term.type)


def end(function: str, call: Aggregation) -> Term:
    """FIRST_VALUE or LAST_VALUE."""
    term = settled(call.terms[0])
    return Term(f"{function}({term.sql}){call.over}", term.type)


def percentile(function: str, call: Aggregation) -> Term:
    """PERCENTILE_CONT (float, interpolated) or PERCENTILE_DISC (a value), over a window."""
    name, at = call.node.name[0], call.node.at
    if call.ordered is None or not call.over or call.ordered[1]:
        reason = "write WITHIN GROUP (ORDER BY x) OVER (PARTITION BY ...), ascending"
        raise refuse(name, reason, at)
    term, share = call.ordered[0], call.terms[0].constant
    if term.type.family not in NUMBERS:
        raise call.invalid(term)
    if not isinstance(share, Decimal):
        raise refuse(name, "the share must be a constant", at)
    if not 0 <= share <= 1:
        raise error(10751, name, at=at)
    if function == "quantile_cont":
        term = coerced(term, FLOAT, at)
    return Term(f"{function}({term.sql}, {share:f}){call.over}", term.type)


def window(usage: str, least: int, most: int, write: Write) -> Aggregate:
    return Aggregate(usage, least, most, write, window=True, ordered=True)


AGGREGATES: dict[str, Aggregate] = {
    entry.name: entry
    for entry in (
        Aggregate("COUNT(* | [DISTINCT] value): int", 1, 1, partial(count, INT)),
        Aggregate("COUNT_BIG(* | [DISTINCT] value): bigint", 1, 1, partial(count, BIGINT)),
        Aggregate("SUM([DISTINCT] number)", 1, 1, summed),
        Aggregate("AVG([DISTINCT] number): int of int", 1, 1, average),
        Aggregate("MIN(value)", 1, 1, partial(extreme, "min")),
        Aggregate("MAX(value)", 1, 1, partial(extreme, "max")),
        Aggregate("STDEV(number)", 1, 1, partial(spread, "stddev_samp")),
        Aggregate("STDEVP(number)", 1, 1, partial(spread, "stddev_pop")),
        Aggregate("VAR(number)", 1, 1, partial(spread, "var_samp")),
        Aggregate("VARP(number)", 1, 1, partial(spread, "var_pop")),
        Aggregate("STRING_AGG(text, separator) [WITHIN GROUP (ORDER BY ...)]", 2, 2, gathered),
        window("ROW_NUMBER()", 0, 0, partial(ranking, "row_number")),
        window("RANK()", 0, 0, partial(ranking, "rank")),
        window("DENSE_RANK()", 0, 0, partial(ranking, "dense_rank")),
        window("NTILE(count)", 1, 1, tile),
        window("LAG(value [, offset [, default]])", 1, 3, partial(neighbour, "lag")),
        window("LEAD(value [, offset [, default]])", 1, 3, partial(neighbour, "lead")),
        window("FIRST_VALUE(value)", 1, 1, partial(end, "first_value")),
        window("LAST_VALUE(value)", 1, 1, partial(end, "last_value")),
        Aggregate("PERCENTILE_CONT(share) WITHIN GROUP (ORDER BY x) OVER (...)", 1, 1,
                  partial(percentile, "quantile_cont"), window=True),
        Aggregate("PERCENTILE_DISC(share) WITHIN GROUP (ORDER BY x) OVER (...)", 1, 1,
                  partial(percentile, "quantile_disc"), window=True),
    )
}  # fmt: skip
"""Those of the second half need OVER, the others may have it."""
