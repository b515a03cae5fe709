"""Built-in functions of numbers, of choice and of NULL."""

from decimal import Decimal

from procluster.local.messages import error, failure, refuse
from procluster.local.translate.arithmetic import ZERO, coerced, combined, compared
from procluster.local.translate.function import Function, Invocation, same, simple
from procluster.local.translate.term import Term, key
from procluster.local.types import FLOAT, INT, SqlType

INVALID = failure(3623)


def kept_type(term: Term, *_: Term) -> SqlType:
    """Type of ROUND, POWER, SIGN: tinyint and smallint become int, real becomes float."""
    family = term.type.family
    if family == "integer" and term.type.name != "bigint":
        return INT
    return FLOAT if family == "float" else term.type


def whole_type(term: Term) -> SqlType:
    """Type of FLOOR and CEILING: a decimal loses its scale."""
    return SqlType("decimal", term.type.size, 0) if term.type.name == "decimal" else term.type


def round_(call: Invocation, term: Term, digits: Term) -> Term:
    """Half goes away from zero; the type of a decimal stays, so ROUND(9.9, 0) is error 8115."""
    kind = kept_type(term)
    sql = coerced(term, kind, call.at).sql
    if kind.family in ("decimal", "money"):
        if not isinstance(digits.constant, Decimal):
            raise refuse("ROUND of a decimal", "its second argument must be a constant", call.at)
        # DuckDB gives 0 for digits beyond those of the type: widen first.
        scale = kind.precision[1]
        sql = f"CAST({sql} AS DECIMAL(38,{scale}))" if digits.constant < scale else sql
    sql = f"CAST(round({sql}, {digits.sql}) AS {kind.storage})"
    return Term(sql, kind, term.nullable, finite=kind != FLOAT)


def power(call: Invocation, base: Term, exponent: Term) -> Term:
    """The type of the base: POWER(2, -1) is 0."""
    kind = kept_type(base)
    if kind not in (INT, FLOAT):
        raise refuse(f"POWER of {kind}", "CAST the base to float", call.at)
    x = coerced(base, FLOAT, call.at).sql
    raised, by_zero = f"pow({x}, {exponent.sql})", f"{x} = 0 AND {exponent.sql} < 0"
    sql = f"CASE WHEN {by_zero} THEN {ZERO} WHEN isnan({raised}) THEN {INVALID} ELSE {raised} END"
    if kind == INT:
        return Term(f"CAST(trunc({sql}) AS INTEGER)", INT)
    return Term(sql, FLOAT, base.nullable or exponent.nullable, finite=False)


def logarithm(_: Invocation, number: Term, base: Term | None = None) -> Term:
    sql, invalid, nullable = f"ln({number.sql})", f"{number.sql} <= 0", number.nullable
    if base:
        sql, nullable = f"{sql} / ln({base.sql})", nullable or base.nullable
        invalid += f" OR {base.sql} <= 0 OR {base.sql} = 1"
    return Term(f"CASE WHEN {invalid} THEN {INVALID} ELSE {sql} END", FLOAT, nullable)


def is_null(call: Invocation, first: Term, second: Term) -> Term:
    """ISNULL takes the type of its first argument: a longer text is cut off."""
    if first.null:
        return second
    other = coerced(second, first.type, call.at)
    sql = f"coalesce({first.sql}, {other.sql})"
    return Term(sql, first.type, first.nullable and other.nullable)


def coalesce(call: Invocation, *terms: Term) -> Term:
    """COALESCE takes the type that all arguments have in common."""
    if all(term.null for term in terms):
        raise error(4127, at=call.at)
    kind, alike = combined(list(terms), call.at)
    nullable = all(term.nullable for term in alike)
    return Term(f"coalesce({', '.join(term.sql for term in alike)})", kind, nullable)


def null_if(call: Invocation, first: Term, second: Term) -> Term:
    """NULLIF takes the type of its first argument; NULLIF(x, 0) can be divided by."""
    if first.null:
        raise error(4151, at=call.at)
    left, right = compared([first, second], call.at)
    sql = f"CASE WHEN {key(left)} = {key(right)} THEN NULL ELSE {first.sql} END"
    return Term(sql, first.type, nonzero=second.constant == 0)


FUNCTIONS = (
    simple("ABS(number)", "n", same, "abs({0})"),
    simple("CEILING(number)", "n", whole_type, "CAST(ceil({0}) AS {kind})"),
    simple("FLOOR(number)", "n", whole_type, "CAST(floor({0}) AS {kind})"),
    simple("SIGN(number): -1, 0 or 1", "n", kept_type, "CAST(sign({0}) AS {kind})"),
    Function("ROUND(number, digits): half goes away from zero", "ni[x]", round_),
    Function("POWER(base, exponent): of int and float, the type of the base", "nf", power),
    Function("LOG(number [, base])", "f[f]", logarithm),
    simple("SQRT(number)", "f", FLOAT, f"CASE WHEN {{0}} < 0 THEN {INVALID} ELSE sqrt({{0}}) END"),
    # Of an argument that overflowed it overflows too, so one check at the end is enough.
    simple("SQUARE(number)", "f", FLOAT, "({0} * {0})", finite=False, settles=False),
    simple("EXP(number)", "f", FLOAT, "exp({0})", finite=False),
    simple("PI()", "", FLOAT, "pi()"),
    Function("ISNULL(a, b): the type of a", "aa", is_null),
    Function("COALESCE(a, b ...): the type by precedence", "aa*", coalesce),
    Function("NULLIF(a, b): the type of a", "aa", null_if),
)
