"""Built-in functions of numbers, of choice and of NULL."""

from __future__ import annotations

from decimal import Decimal

from procluster.local.messages import error, failure, refuse
from procluster.local.translate.arithmetic import coerced, combined, compared
from procluster.local.translate.function import Arguments, Function, simple
from procluster.local.translate.term import Term, key
from procluster.local.types import FLOAT, INT, SqlType

INVALID = failure(3623)


def kept_type(term: Term) -> SqlType:
    """Type of ROUND, POWER, SIGN: tinyint and smallint become int, real becomes float."""
    family = term.type.family
    if family == "integer" and term.type.name != "bigint":
        return INT
    return FLOAT if family == "float" else term.type


def whole(name: str, function: str) -> Function:
    """FLOOR or CEILING: a decimal loses its scale."""

    def write(arguments: Arguments) -> Term:
        term = arguments.number(0)
        kind = term.type
        if kind.name == "decimal":
            kind = SqlType("decimal", kind.size, 0)
        return Term(f"CAST({function}({term.sql}) AS {kind.storage})", kind, term.nullable)

    return Function(f"{name}(number)", 1, 1, write)


def sign(arguments: Arguments) -> Term:
    term = arguments.number(0)
    kind = kept_type(term)
    return Term(f"CAST(sign({term.sql}) AS {kind.storage})", kind, term.nullable)


def round_(arguments: Arguments) -> Term:
    """Half goes away from zero; the type of a decimal stays, so ROUND(9.9, 0) is error 8115."""
    term, digits = arguments.number(0), arguments.whole(1)
    kind = kept_type(term)
    sql = coerced(term, kind, arguments.node.at).sql
    if kind.family in ("decimal", "money"):
        if not isinstance(digits.constant, Decimal):
            reason = "its second argument must be a constant"
            raise refuse("ROUND of a decimal", reason, arguments.node.at)
        # DuckDB gives 0 for digits beyond those of the type: widen first.
        scale = kind.precision[1]
        sql = f"CAST({sql} AS DECIMAL(38,{scale}))" if digits.constant < scale else sql
    sql = f"CAST(round({sql}, {digits.sql}) AS {kind.storage})"
    return Term(sql, kind, term.nullable, finite=kind != FLOAT)


def power(arguments: Arguments) -> Term:
    """The type of the base: POWER(2, -1) is 0."""
    base, exponent = arguments.number(0), arguments.float(1)
    kind = kept_type(base)
    if kind not in (INT, FLOAT):
        raise refuse(f"POWER of {kind}", "CAST the base to float", arguments.node.at)
    x = coerced(base, FLOAT, arguments.node.at).sql
    raised, zero = f"pow({x}, {exponent.sql})", f"{x} = 0 AND {exponent.sql} < 0"
    sql = f"CASE WHEN isnan({raised}) OR {zero} THEN {INVALID} ELSE {raised} END"
    if kind == INT:
        return Term(f"CAST(trunc({sql}) AS INTEGER)", INT)
    return Term(sql, FLOAT, base.nullable or exponent.nullable, finite=False)


def square(arguments: Arguments) -> Term:
    """Of an argument that overflowed it overflows too, so one check at the end is enough."""
    number = arguments.any(0)
    if number.type != FLOAT:
        number = arguments.float(0)
    return Term(f"({number.sql} * {number.sql})", FLOAT, number.nullable, finite=False)


def logarithm(arguments: Arguments) -> Term:
    number = arguments.float(0)
    if not arguments.given(1):
        return Term(f"ln({number.sql})", FLOAT, number.nullable)
    return Term(f"(ln({number.sql}) / ln({arguments.float(1).sql}))", FLOAT, finite=False)


def is_null(arguments: Arguments) -> Term:
    """ISNULL takes the type of its first argument: a longer text is cut off."""
    first, second = arguments.any(0), arguments.any(1)
    if first.null:
        return second
    other = coerced(second, first.type, arguments.node.at)
    sql = f"coalesce({first.sql}, {other.sql})"
    return Term(sql, first.type, first.nullable and other.nullable)


def coalesce(arguments: Arguments) -> Term:
    """COALESCE takes the type that all arguments have in common."""
    if all(term.null for term in arguments.terms):
        raise error(4127, at=arguments.node.at)
    kind, terms = combined(list(arguments.terms), arguments.node.at)
    nullable = all(term.nullable for term in terms)
    return Term(f"coalesce({', '.join(term.sql for term in terms)})", kind, nullable)


def null_if(arguments: Arguments) -> Term:
    """NULLIF takes the type of its first argument; NULLIF(x, 0) can be divided by."""
    first, second = arguments.any(0), arguments.any(1)
    if first.null:
        raise error(4151, at=arguments.node.at)
    left, right = compared([first, second], arguments.node.at)
    sql = f"CASE WHEN {key(left)} = {key(right)} THEN NULL ELSE {first.sql} END"
    return Term(sql, first.type, nonzero=second.constant == 0)


FUNCTIONS = (
    simple("ABS(number)", "n", None, "abs({0})"),
    whole("CEILING", "ceil"),
    whole("FLOOR", "floor"),
    Function("SIGN(number): -1, 0 or 1", 1, 1, sign),
    Function("ROUND(number, digits): half goes away from zero", 2, 2, round_),
    Function("POWER(base, exponent): of int and float, the type of the base", 2, 2, power),
    Function("LOG(number [, base])", 1, 2, logarithm),
    simple("SQRT(number)", "f", FLOAT, "sqrt({0})"),
    Function("SQUARE(number)", 1, 1, square, settles=False),
    simple("EXP(number)", "f", FLOAT, "exp({0})", finite=False),
    simple("PI()", "", FLOAT, "pi()"),
    Function("ISNULL(a, b): the type of a", 2, 2, is_null),
    Function("COALESCE(a, b ...): the type by precedence", 2, 254, coalesce),
    Function("NULLIF(a, b): the type of a", 2, 2, null_if),
)
