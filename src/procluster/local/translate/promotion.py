"""Which type an operation gives: precedence, implicit conversion, decimal precision and scale.

Rules: "Data type precedence", "Data type conversion", "Precision, scale, and length", "Constants".
"""

from decimal import Decimal

from procluster.local.messages import error, refuse
from procluster.local.syntax import Literal, Position
from procluster.local.translate.term import Term
from procluster.local.types import FLOAT, INT, MAX, SqlType

NUMBERS = frozenset(("bit", "integer", "decimal", "money", "float"))


def constant_type(node: Literal) -> SqlType:
    """Type of a constant: 2147483648 is decimal(10, 0), 1.0 is decimal(2, 1), 1e0 is float."""
    if node.kind == "float":
        return FLOAT
    if node.kind in ("int", "decimal"):
        whole, _, fraction = node.value.partition(".")
        whole = whole.lstrip("0")
        if node.kind == "int" and int(node.value) < 2**31:
            return INT
        precision = max(1, len(whole) + len(fraction))
        if precision > 38:
            raise error(1007, node.value, at=node.at)
        return SqlType("decimal", precision, len(fraction))
    size = max(1, len(node.value))
    if node.kind == "national":
        return SqlType("nvarchar", size if size <= 4000 else MAX)
    if node.kind == "binary":
        return SqlType("varbinary", max(1, (size + 1) // 2))
    return SqlType("varchar", size if size <= 8000 else MAX)


def decimal_form(term: Term) -> SqlType:
    """The decimal a number becomes beside a decimal; an int constant keeps just its digits."""
    if term.type.name == "decimal":
        return term.type
    if isinstance(term.constant, Decimal):
        return SqlType("decimal", len(str(abs(int(term.constant)))), 0)
    return SqlType("decimal", *term.type.precision)


def decimal_type(operator: str, left: SqlType, right: SqlType) -> SqlType:
    """Result of decimal arithmetic.

    >>> str(decimal_type("/", SqlType("decimal", 2, 1), SqlType("decimal", 1, 0)))
    'decimal(7, 6)'
    """
    whole_left, whole_right = left.size - left.scale, right.size - right.scale
    scale = max(left.scale, right.scale)
    if operator in ("+", "-"):
        whole = max(whole_left, whole_right)
        precision = min(38, whole + scale + 1)
        return SqlType("decimal", precision, min(scale, precision - whole))
    if operator == "%":
        return SqlType("decimal", min(whole_left, whole_right) + scale, scale)
    if operator == "*":
        whole, scale = whole_left + whole_right + 1, left.scale + right.scale
    else:
        whole, scale = whole_left + right.scale, max(6, left.scale + right.size + 1)
    if whole + scale > 38:
        scale = max(38 - whole, min(scale, 6))
    return SqlType("decimal", min(38, whole + scale), scale)


def implicit(source: SqlType, target: SqlType) -> bool:
    """Whether SQL Server converts without CAST ("Data type conversion", the chart)."""
    from_, to = source.family, target.family
    if (from_ in NUMBERS and to in NUMBERS) or from_ == to:
        return True
    if from_ in NUMBERS:
        return to in ("text", "rowversion") or target.name in ("datetime", "smalldatetime")
    if from_ == "text":
        return to != "binary"
    if "rowversion" in (from_, to):
        return from_ == "binary" or to in ("binary", "integer")
    return from_ in ("time", "guid") and to == "text"


def text_type(left: SqlType, right: SqlType, size: int) -> SqlType:
    """A text type wide enough for both: national if one is, varying if one is, at most (max)."""
    names = (left.name, right.name)
    national = any(name.startswith("n") for name in names)
    varying = any("var" in name for name in names)
    name = ("n" if national else "") + ("varchar" if varying else "char")
    if MAX in (left.size, right.size):
        return SqlType(name, MAX)
    return SqlType(name, min(size, 4000 if national else 8000))


def common_type(left: Term, right: Term, at: Position) -> SqlType:
    """Type that both sides of a comparison, CASE, COALESCE or UNION become; 206 for none."""
    if left.null or right.null:
        return right.type if left.null else left.type
    a, b = left.type, right.type
    if a.family == b.family == "text":
        return text_type(a, b, max(a.size, b.size))
    if a.family == b.family == "binary":
        size = MAX if MAX in (a.size, b.size) else max(a.size, b.size)
        return SqlType("varbinary", size)
    if a.name == b.name == "datetime2":
        return max(a, b, key=lambda kind: kind.scale)
    high, low = (a, b) if a.kind.precedence <= b.kind.precedence else (b, a)
    if not implicit(low, high):
        raise error(206, low.name, high.name, at=at)
    if high.name != "decimal":
        return high
    if low.family == "text":
        reason = "which decimal it becomes is not documented; CAST it"
        raise refuse(f"A {low.name} beside a {high.name}", reason, at)
    a, b = (decimal_form(Term("", kind)) for kind in (a, b))
    whole, scale = max(a.size - a.scale, b.size - b.scale), max(a.scale, b.scale)
    return SqlType("decimal", min(38, whole + scale), min(scale, 38 - whole))
