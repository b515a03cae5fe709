"""Aggregate and window functions. NULLs do not count; AVG and SUM of int are int."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from procluster.errors import SqlError
from procluster.local.messages import error, failure, refuse
from procluster.local.translate.arithmetic import coerced, quotient
from procluster.local.translate.function import Function, Invocation, longest
from procluster.local.translate.term import Term, key, order_key
from procluster.local.types import BIGINT, FLOAT, INT, MAX, SqlType

NUMBERS = ("integer", "decimal", "money", "float")


@dataclass(frozen=True)
class Aggregation(Invocation):
    """One call of an aggregate or window function.

    ``order`` is the DuckDB SQL of WITHIN GROUP (ORDER BY ...), ``over`` that of OVER (...), with a
    space in front; both may be empty. ``ordered`` is the term of WITHIN GROUP, with descending.
    """

    ordered: tuple[Term, bool] | None
    order: str
    over: str

    def sql(self, function: str, argument: str) -> str:
        distinct = "DISTINCT " if self.node.distinct else ""
        return f"{function}({distinct}{argument}){self.over}"

    def invalid(self, term: Term) -> SqlError:
        """Error 8117: a type that cannot be aggregated so."""
        return error(8117, term.type.name, self.name, at=self.at)


@dataclass(frozen=True)
class Aggregate(Function):
    """``window``: it needs OVER; ``ordered``: with ORDER BY in it."""

    window: bool = False
    ordered: bool = False


def count(kind: SqlType, call: Aggregation, *terms: Term) -> Term:
    """COUNT or COUNT_BIG; ``*`` arrives as no argument."""
    argument = key(terms[0]) if terms else "*"
    return Term(f"CAST({call.sql('count', argument)} AS {kind.storage})", kind, nullable=False)


def summed(call: Aggregation, term: Term) -> Term:
    """Int stays int (8115 when it overflows); decimal(p, s) becomes decimal(38, s)."""
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


def average(call: Aggregation, term: Term) -> Term:
    """The sum by the count, in the type of the sum: AVG of int is cut off."""
    kind = sum_type(call, term)
    if kind == FLOAT:
        return Term(call.sql("avg", term.sql), FLOAT, finite=False)
    if kind.name == "money":
        raise refuse("AVG of money", "its rounding is not documented; CAST to decimal", call.at)
    total, rows = summed(call, term).sql, call.sql("count", term.sql)
    if kind.family == "integer":
        return Term(f"CAST({total} // {rows} AS {kind.storage})", kind)
    result = SqlType("decimal", 38, max(6, kind.scale))
    # Of no rows the sum is NULL, and so is the quotient.
    by = Term(f"CAST({rows} AS DECIMAL(19,0))", SqlType("decimal", 19, 0), nonzero=True)
    return Term(quotient("/", Term(total, kind), by, result), result)


def extreme(function: str, call: Aggregation, term: Term) -> Term:
    """MIN or MAX; of text by the collation."""
    if term.null or term.type.family in ("bit", "guid", "binary"):
        raise call.invalid(term)
    sql = call.sql(function, term.sql)
    if term.type.family == "text":
        sql = f"arg_{function}({term.sql}, {order_key(term)}){call.over}"
    return Term(sql, term.type)


def spread(function: str, call: Aggregation, term: Term) -> Term:
    """STDEV and the like: float, whatever the number."""
    if term.type.family not in NUMBERS:
        raise call.invalid(term)
    return Term(call.sql(function, coerced(term, FLOAT, call.at).sql), FLOAT, finite=False)


def gathered(call: Aggregation, text: Term, separator: Term) -> Term:
    """STRING_AGG, at most 8,000 bytes unless the text is (max)."""
    if call.over or call.node.distinct:
        raise refuse("STRING_AGG with OVER or DISTINCT", "group in a subquery", call.at)
    if separator.type.family != "text" or (separator.nullable and "$" not in separator.sql):
        raise refuse("STRING_AGG", "the separator must be a constant or a variable", call.at)
    if text.type.family != "text":
        text = coerced(text, SqlType("nvarchar", 4000), call.at)
    kind = longest(text)
    sql = f"string_agg({text.sql}, coalesce({separator.sql}, ''){call.order})"
    if kind.size != MAX:
        sql = f"CASE WHEN length({sql}) > {kind.size} THEN {failure(9829)} ELSE {sql} END"
    return Term(sql, kind)


def neighbour(
    function: str, call: Aggregation, term: Term, offset: Term | None = None, *other: Term
) -> Term:
    """LAG or LEAD (value [, offset [, default]])."""
    distance = offset.sql if offset else "1"
    default = f"CAST(NULL AS {term.type.storage})"
    if other:
        default = coerced(other[0], term.type, call.at).sql
    return Term(f"{function}({term.sql}, {distance}, {default}){call.over}", term.type)


def percentile(function: str, call: Aggregation, share: Term) -> Term:
    """PERCENTILE_CONT (float, interpolated) or PERCENTILE_DISC (a value), over a window."""
    name = call.name.upper()
    if call.ordered is None or not call.over or call.ordered[1]:
        reason = "write WITHIN GROUP (ORDER BY x) OVER (PARTITION BY ...), ascending"
        raise refuse(name, reason, call.at)
    term = call.ordered[0]
    if term.type.family not in NUMBERS:
        raise call.invalid(term)
    if not isinstance(share.constant, Decimal):
        raise refuse(name, "the share must be a constant", call.at)
    if not 0 <= share.constant <= 1:
        raise error(10751, name, at=call.at)
    if function == "quantile_cont":
        term = coerced(term, FLOAT, call.at)
    return Term(f"{function}({term.sql}, {share.constant:f}){call.over}", term.type)


def window(usage: str, signature: str, write: Callable[..., Term]) -> Aggregate:
    """A function that needs OVER (ORDER BY ...)."""
    return Aggregate(usage, signature, write, window=True, ordered=True)


def over(usage: str, signature: str, sql: str, kind: SqlType | None = None) -> Aggregate:
    """A window function whose DuckDB form is a template; without a type it has its argument's."""

    def write(call: Aggregation, *terms: Term) -> Term:
        written = sql.format(*(term.sql for term in terms))
        return Term(f"{written}{call.over}", kind or terms[0].type, nullable=kind is None)

    return window(usage, signature, write)


AGGREGATES: dict[str, Aggregate] = {
    entry.name: entry
    for entry in (
        Aggregate("COUNT(* | [DISTINCT] value): int", "a", partial(count, INT)),
        Aggregate("COUNT_BIG(* | [DISTINCT] value): bigint", "a", partial(count, BIGINT)),
        Aggregate("SUM([DISTINCT] number)", "a", summed, settles=False),
        Aggregate("AVG([DISTINCT] number): int of int", "a", average, settles=False),
        Aggregate("MIN(value)", "a", partial(extreme, "min")),
        Aggregate("MAX(value)", "a", partial(extreme, "max")),
        Aggregate("STDEV(number)", "a", partial(spread, "stddev_samp")),
        Aggregate("STDEVP(number)", "a", partial(spread, "stddev_pop")),
        Aggregate("VAR(number)", "a", partial(spread, "var_samp")),
        Aggregate("VARP(number)", "a", partial(spread, "var_pop")),
        Aggregate("STRING_AGG(text, separator) [WITHIN GROUP (ORDER BY ...)]", "aa", gathered),
        over("ROW_NUMBER()", "", "row_number()", BIGINT),
        over("RANK()", "", "rank()", BIGINT),
        over("DENSE_RANK()", "", "dense_rank()", BIGINT),
        over("NTILE(count)", "i", "ntile({0})", BIGINT),
        window("LAG(value [, offset [, default]])", "a[ia]", partial(neighbour, "lag")),
        window("LEAD(value [, offset [, default]])", "a[ia]", partial(neighbour, "lead")),
        over("FIRST_VALUE(value)", "a", "first_value({0})"),
        over("LAST_VALUE(value)", "a", "last_value({0})"),
        Aggregate("PERCENTILE_CONT(share) WITHIN GROUP (ORDER BY x) OVER (...)", "a",
                  partial(percentile, "quantile_cont"), window=True),
        Aggregate("PERCENTILE_DISC(share) WITHIN GROUP (ORDER BY x) OVER (...)", "a",
                  partial(percentile, "quantile_disc"), window=True),
    )
}  # fmt: skip
"""Those of the second half need OVER, the others may have it."""
