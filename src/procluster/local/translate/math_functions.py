"""Built-in functions of numbers. The result type follows the first argument."""

from __future__ import annotations

from decimal import Decimal

from procluster.local.translate.arithmetic import coerced, quotient
from procluster.local.translate.function import Arguments, Function, simple
from procluster.local.translate.messages import failure, refuse, unsupported
from procluster.local.translate.term import FLOAT, INT, Term
from procluster.local.types import SqlType

__all__ = ["FUNCTIONS"]

INVALID = failure(3623)


def kept_type(term: Term) -> SqlType:
    """Type of ROUND, POWER, SIGN: tinyint and smallint become int, real becomes float."""
    family = term.type.family
    if family == "integer" and term.type.name != "bigint":
        return INT
    return FLOAT if family == "float" else term.type


def same_number(name: str, sql: str, usage: str) -> Function:
    """A function that keeps the type of its number."""

    def write(arguments: Arguments) -> Term:
        term = arguments.number(0)
        return Term(sql.format(term.sql), term.type, term.nullable)

    return Function(name, 1, 1, write, usage)


def whole(name: str, function: str) -> Function:
    """FLOOR or CEILING: a decimal loses its scale."""

    def write(arguments: Arguments) -> Term:
        term = arguments.number(0)
        kind = term.type
        if kind.family == "integer":
            return term
        if kind.name == "decimal":
            kind = SqlType("decimal", kind.size, 0)
        return Term(f"CAST({function}({term.sql}) AS {kind.storage})", kind, term.nullable)

    return Function(name, 1, 1, write, f"{name}(number)")


def sign(arguments: Arguments) -> Term:
    term = arguments.number(0)
    kind = kept_type(term)
    return Term(f"CAST(sign({term.sql}) AS {kind.storage})", kind, term.nullable)


def round_(arguments: Arguments) -> Term:
    """Half goes away from zero; a third argument other than 0 cuts off instead."""
    term, digits = arguments.number(0), arguments.whole(1)
    kind = kept_type(term)
    cut = arguments.whole(2).constant if arguments.given(2) else Decimal(0)
    if not isinstance(cut, Decimal):
        raise refuse("ROUND", "its third argument must be a constant", arguments.at)
    if kind.family in ("decimal", "money"):
        return Term(exact_round(arguments, term, digits, cut != 0), kind, term.nullable)
    value, function = coerced(term, kind, arguments.at), "round"
    if cut and kind.family == "integer":
        unit = f"CAST(pow(10, greatest(0, -{digits.sql})) AS BIGINT)"
        sql = f"({value.sql} // {unit} * {unit})"
    else:
        function = "trunc" if cut else "round"
        sql = f"{function}({value.sql}, {digits.sql})"
    return Term(f"CAST({sql} AS {kind.storage})", kind, term.nullable, finite=kind != FLOAT)


def exact_round(arguments: Arguments, term: Term, digits: Term, cut: bool) -> str:
    """ROUND of a decimal; the type stays, so ROUND(9.9, 0) is error 8115."""
    if not isinstance(digits.constant, Decimal):
        raise refuse("ROUND of a decimal", "its second argument must be a constant", arguments.at)
    places = int(digits.constant)
    scale = 4 if term.type.name == "money" else term.type.scale
    if places >= scale:
        return term.sql
    if places <= -38:
        return f"({term.sql} * 0)"
    if cut:
        size = max(1, 1 - places, 1 + places)
        unit = SqlType("decimal", min(38, size), max(0, places))
        number = Term(
            f"CAST('{Decimal(1).scaleb(-places):f}' AS {unit.storage})", unit, nonzero=True
        )
        exact = Term(term.sql, SqlType("decimal", min(38, term.type.size or 19), scale))
        sql = f"{term.sql} - {quotient('%', exact, number, exact.type)}"
    else:
        # DuckDB gives 0 for digits beyond those of the type: widen first.
        sql = f"round(CAST({term.sql} AS DECIMAL(38,{scale})), {places})"
    return f"CAST({sql} AS {term.type.storage})"


def power(arguments: Arguments) -> Term:
    """The type of the base: POWER(2, -1) is 0. Whole numbers above 2^53 would not be exact."""
    base, exponent = arguments.number(0), arguments.float(1)
    kind = kept_type(base)
    if kind.name == "decimal":
        kind = SqlType("decimal", 38, kind.scale)
    x = coerced(base, FLOAT, arguments.at).sql
    raised = f"pow({x}, {exponent.sql})"
    nullable = base.nullable or exponent.nullable
    zero = f"{x} = 0 AND {exponent.sql} < 0"
    safe = f"CASE WHEN isnan({raised}) OR {zero} THEN {INVALID} ELSE {raised} END"
    sure = exponent.constant
    if isinstance(sure, Decimal) and sure > 0 and sure == int(sure):
        safe = raised
    if kind == FLOAT:
        return Term(safe, kind, nullable, finite=False)
    if kind.family != "integer":
        return Term(f"CAST({safe} AS {kind.storage})", kind, nullable)
    inexact = unsupported("POWER above 9007199254740992", because="use POWER of a float")
    if kind.name == "bigint":
        safe = f"CASE WHEN abs({raised}) > 9007199254740992 THEN {inexact} ELSE {safe} END"
    return Term(f"CAST(trunc({safe}) AS {kind.storage})", kind, nullable)


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
    base = arguments.float(1)
    return Term(f"(ln({number.sql}) / ln({base.sql}))", FLOAT, finite=False)


FUNCTIONS = (
    same_number("ABS", "abs({0})", "ABS(number)"),
    whole("CEILING", "ceil"),
    whole("FLOOR", "floor"),
    Function("SIGN", 1, 1, sign, "SIGN(number): -1, 0 or 1"),
    Function("ROUND", 2, 3, round_, "ROUND(number, digits [, cut]): half goes away from zero"),
    Function("POWER", 2, 2, power, "POWER(base, exponent): the type of the base"),
    Function("LOG", 1, 2, logarithm, "LOG(number [, base])"),
    simple("SQRT", "f", FLOAT, "sqrt({0})", "SQRT(number)"),
    Function("SQUARE", 1, 1, square, "SQUARE(number)", settles=False),
    simple("EXP", "f", FLOAT, "exp({0})", "EXP(number)", finite=False),
    simple("LOG10", "f", FLOAT, "log10({0})", "LOG10(number)"),
    simple("SIN", "f", FLOAT, "sin({0})", "SIN(radians)"),
    simple("COS", "f", FLOAT, "cos({0})", "COS(radians)"),
    simple("TAN", "f", FLOAT, "tan({0})", "TAN(radians)"),
    simple("ATAN", "f", FLOAT, "atan({0})", "ATAN(number)"),
    simple("ATN2", "ff", FLOAT, "atan2({0}, {1})", "ATN2(y, x)"),
    simple("PI", "", FLOAT, "pi()", "PI()"),
)
