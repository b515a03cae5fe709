"""Operators on values: + - * / % and the unary + and -."""

from dataclasses import replace
from decimal import Decimal
from functools import reduce

from procluster.errors import SqlError
from procluster.local.messages import error, failure, refuse
from procluster.local.syntax import Position
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.promotion import (
    common_type,
    decimal_form,
    decimal_type,
    implicit,
    text_type,
)
from procluster.local.translate.term import Term, settled
from procluster.local.types import MAX, SMALLINT, SqlType

WORDS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
ZERO = failure(8134)


def coerced(term: Term, target: SqlType, at: Position) -> Term:
    """Implicit conversion; 206 where there is none without CAST."""
    if term.null:
        return Term(f"CAST(NULL AS {target.storage})", target)
    if term.type == target:
        return settled(term)
    if not implicit(term.type, target):
        raise error(206, term.type.name, target.name, at=at)
    sql = convert_sql(settled(term).sql, term.type, target, at=at)
    return replace(term, sql=sql, type=target, finite=True)


def combined(terms: list[Term], at: Position) -> tuple[SqlType, list[Term]]:
    """Convert terms to the type they have in common; untyped NULLs follow the others."""
    highest = reduce(lambda left, right: Term("", common_type(left, right, at)), terms)
    return highest.type, [coerced(term, highest.type, at) for term in terms]


def compared(terms: list[Term], at: Position) -> list[Term]:
    """Convert terms to be compared: no decimal loses digits on the way, as it may in CASE."""
    kind, converted = combined(terms, at)
    if kind.name != "decimal":
        return converted
    scale = max(decimal_form(term).scale for term in terms if term.type.family != "text")
    if scale == kind.scale:
        return converted
    return [coerced(term, SqlType("decimal", 38, scale), at) for term in terms]


def operate(operator: str, left: Term, right: Term, at: Position) -> Term:
    """A binary operator, by the families of its operands."""
    if operator not in WORDS:
        raise refuse(f"operator {operator}", "bits are left out; use / and %", at)
    left = left if not left.null else coerced(left, right.type, at)
    right = right if not right.null else coerced(right, left.type, at)
    families = {left.type.family, right.type.family}
    if families == {"text"}:
        return concatenated(operator, left, right, at)
    if "time" in families:
        raise no_arithmetic(operator, left.type, right.type, at)
    wrong = error(402, left.type.name, right.type.name, WORDS[operator], at=at)
    if families & {"binary", "guid"}:
        raise wrong
    if "rowversion" in families:
        raise refuse("arithmetic of a rowversion", "CAST it AS bigint", at)
    kind = common_type(left, right, at)
    if kind.family == "bit" and operator in "*/":
        raise error(8117, left.type.name, WORDS[operator], at=at)
    if kind.family == "bit" or (kind.family == "float" and operator == "%"):
        raise wrong
    if kind.family == "decimal":
        return exact(operator, left, right, at)
    if kind.family == "money" and operator in "*/%":
        raise refuse(f"money {operator}", "its rounding is not documented; CAST to decimal", at)
    is_float = kind.family == "float"
    # Float arithmetic is checked for overflow once, at its root; a divisor at once.
    first, second = (
        term if is_float and term.type == kind else coerced(term, kind, at)
        for term in (left, right)
    )
    by = divisor(first, settled(second)) if operator in "/%" else second.sql
    sign = "//" if operator == "/" and not is_float else operator
    nullable = left.nullable or right.nullable
    return Term(f"({first.sql} {sign} {by})", kind, nullable, finite=not is_float)


def no_arithmetic(operator: str, left: SqlType, right: SqlType, at: Position) -> SqlError:
    """What is wrong with a date or time as an operand."""
    if operator in "+-" and {left.name, right.name} & {"datetime", "smalldatetime"}:
        return refuse(f"{left} {operator} {right}", "use DATEADD and DATEDIFF", at)
    if left.name == right.name:
        return error(8117, left.name, WORDS[operator], at=at)
    if operator in "+-" and "integer" in (left.family, right.family):
        return error(206, left.name, right.name, at=at)
    return error(402, left.name, right.name, WORDS[operator], at=at)


def divisor(left: Term, right: Term) -> str:
    """The right side of / and %, checked for zero unless it cannot be; NULL / 0 is NULL."""
    if right.nonzero:
        return right.sql
    zero = f"CASE WHEN {left.sql} IS NOT NULL THEN {ZERO} END" if left.nullable else ZERO
    return f"CASE WHEN {right.sql} = 0 THEN {zero} ELSE {right.sql} END"


def concatenated(operator: str, left: Term, right: Term, at: Position) -> Term:
    """Text + text, cut off at 8,000 bytes unless one side is (max)."""
    if operator == "%":
        raise error(402, left.type.name, right.type.name, WORDS[operator], at=at)
    if operator != "+":
        raise error(8117, left.type.name, WORDS[operator], at=at)
    wanted = left.type.size + right.type.size
    kind = text_type(left.type, right.type, wanted)
    sql = f"({left.sql} || {right.sql})"
    if kind.size != MAX and kind.size < wanted:
        sql = f"left({sql}, {kind.size})"
    return Term(sql, kind, left.nullable or right.nullable)


def exact(operator: str, left: Term, right: Term, at: Position) -> Term:
    """Decimal arithmetic: SQL Server's precision and scale, computed without rounding twice."""
    a, b = decimal_form(left), decimal_form(right)
    kind = decimal_type(operator, a, b)
    first, second = coerced(left, a, at), coerced(right, b, at)
    nullable = left.nullable or right.nullable
    if operator in "/%":
        return Term(quotient(operator, first, second, kind), kind, nullable)
    scale = max(a.scale, b.scale)
    if operator in "+-" and kind.scale < scale:
        first, second = coerced(first, kind, at), coerced(second, kind, at)
    if operator == "*" and a.scale + b.scale > 38:
        reason = "the exact product has more than 38 decimal places; CAST first"
        raise refuse(f"{a} * {b}", reason, at)
    digits = a.size + b.size if operator == "*" else kind.size
    sql = f"({widened(first, digits)} {operator} {second.sql})"
    if kind.scale == (a.scale + b.scale if operator == "*" else scale):
        # DuckDB's type differs in precision at most, and is wide enough: a cast would only cost.
        return Term(sql, kind, nullable)
    return Term(f"CAST({sql} AS {kind.storage})", kind, nullable)


def widened(term: Term, digits: int) -> str:
    """A decimal, wide enough for DuckDB to compute that many digits: it stays at 18 otherwise."""
    if digits <= 18:
        return term.sql
    return f"CAST({term.sql} AS DECIMAL({max(19, term.type.size)},{term.type.scale}))"


def quotient(operator: str, left: Term, right: Term, kind: SqlType) -> str:
    """Divide unscaled whole numbers, as SQL Server does: / is cut off, not rounded.

    DuckDB would compute both / and % of decimals as float.
    """
    shift, other = kind.scale - left.type.scale, kind.scale - right.type.scale
    if operator == "/":
        shift, other = shift + right.type.scale, 0
    sizes = (
        left.type.size + max(shift, left.type.scale),
        right.type.size + max(other, right.type.scale),
    )
    whole = "BIGINT" if max(sizes) <= 18 else "HUGEINT"
    top = unscaled(left, shift, whole)
    bottom = unscaled(replace(right, sql=divisor(left, right)), other, whole)
    sign = "//" if operator == "/" else "%"
    number = f"CAST({top} {sign} {bottom} AS DECIMAL({kind.size},0))"
    unit = SqlType("decimal", max(1, kind.scale), kind.scale)
    # The product has the digits of the kind, whatever precision DuckDB gives it.
    return f"({number} * CAST('{Decimal(1).scaleb(-kind.scale):f}' AS {unit.storage}))"


def unscaled(term: Term, shift: int, whole: str) -> str:
    """A decimal's digits and so many zeros as a whole number.

    By way of text where 38 digits do not do.
    """
    size, scale = term.type.size, term.type.scale
    if scale and size + scale + shift <= 18:
        return f"CAST({term.sql} * {power_of_ten(scale + shift)} AS {whole})"
    sql = f"CAST({term.sql} AS {whole})"
    if size + scale > 38:
        sql = f"CAST(replace(CAST({term.sql} AS VARCHAR), '.', '') AS {whole})"
    elif scale:
        sql = f"CAST({widened(term, size + scale)} * {power_of_ten(scale)} AS {whole})"
    return f"({sql} * CAST({10**shift} AS {whole}))" if shift else sql


def power_of_ten(exponent: int) -> str:
    return f"CAST({10**exponent} AS DECIMAL({exponent + 1},0))"


def signed(operator: str, term: Term, at: Position) -> Term:
    family = term.type.family
    if operator == "+":
        return term
    if operator == "~":
        raise refuse("operator ~", "bits are left out; use -1 - x", at)
    if family not in ("integer", "decimal", "money", "float"):
        raise error(8117, term.type.name, "minus", at=at)
    if term.type.name == "tinyint":
        term = coerced(term, SMALLINT, at)
    constant = -term.constant if isinstance(term.constant, Decimal) else None
    return replace(term, sql=f"(-{term.sql})", constant=constant)
