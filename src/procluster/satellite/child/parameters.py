"""OUTPUT parameters: what a script may leave in them.

Both hosts turn a value of the wrong Python type into NULL without a word, cut off text that is
too long, or crash. Here each of these is a fault, worded with the parameter, its type and value.
"""

from __future__ import annotations

import datetime as dt
import math
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np

    Microseconds = TypeVar("Microseconds", int, np.ndarray)

__all__ = ["RULES", "Output", "Rule", "find_fault", "on_ticks", "read_outputs"]

MAX = -1
LARGEST_REAL = 3.4028234663852886e38
FIRST_DATETIME = dt.datetime(1753, 1, 1)
END_OF_DATETIME = dt.datetime(9999, 12, 31, 23, 59, 59, 998_333)
FIRST_SMALLDATETIME = dt.datetime(1900, 1, 1)
END_OF_SMALLDATETIME = dt.datetime(2079, 6, 6, 23, 59, 29, 999_000)
NO_TIME = dt.timedelta(0)


@dataclass(frozen=True)
class Output:
    """An OUTPUT parameter as declared: its type without the size, and the size."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class Rule:
    """What the parameters of one T-SQL type take.

    ``takes`` are the Python types both hosts accept, ``but`` their subclasses that one of them
    does not; ``check(value, kind, size)`` says what is wrong with a value of the right type;
    ``plain`` makes the plain type of a subclass such as numpy.float64.
    """

    takes: type | tuple[type, ...]
    remedy: str
    check: Callable[[Any, str, int], str | None]
    plain: Callable[[Any], object]
    but: type | tuple[type, ...] = ()


def read_outputs(
    namespace: Mapping[str, object], declared: Iterable[Output]
) -> tuple[dict[str, object], list[str]]:
    """Collect the values of all OUTPUT parameters, and every fault in them.

    Parameters
    ----------
    namespace : mapping
        The script's globals; a name that the script never assigned is not in it.
    """
    values: dict[str, object] = {}
    faults: list[str] = []
    for output in declared:
        label = f"OUTPUT parameter @{output.name} ({output.kind})"
        if output.name not in namespace:
            remedy = RULES[output.kind].remedy
            faults.append(f"{label}: the script never assigns it. Assign {remedy} or None.")
            continue
        value = namespace[output.name]
        fault = find_fault(value, output.kind, output.size)
        if fault:
            faults.append(f"{label}: {fault}")
        elif value is not None:
            value = RULES[output.kind].plain(value)
        values[output.name] = value
    return values, faults


def find_fault(value: object, kind: str, size: int = 0) -> str | None:
    """Say what is wrong with a value for a parameter of this type, or None.

    Examples
    --------
    >>> find_fault(3.0, "int")
    '3.0 (float) would silently become NULL. Assign int(...) or None.'
    """
    if value is None:
        return None
    rule = RULES[kind]
    if not isinstance(value, rule.takes) or isinstance(value, rule.but):
        shown = f"{reprlib.repr(value)} ({type(value).__name__})"
        return f"{shown} would silently become NULL. Assign {rule.remedy} or None."
    return rule.check(value, kind, size)


def _any_value(_value: object, _kind: str, _size: int) -> None:
    return None


def _integer_from(low: int, high: int) -> Rule:
    def check(value: int, kind: str, _size: int) -> str | None:
        if low <= value <= high:
            return None
        return f"{reprlib.repr(value)} is out of range. {kind} allows {low} to {high}."

    # True is an int in Python and a bit in T-SQL.
    return Rule(int, "int(...)", check, int, but=bool)


def _check_float(value: float, kind: str, _size: int) -> str | None:
    if not math.isfinite(value):
        return f"{value} is no value of T-SQL. Assign a finite float(...) or None."
    if kind == "real" and abs(value) > LARGEST_REAL:
        return f"{value} is out of range. real allows up to 3.40E+38; declare the parameter float."
    return None


def _check_text(value: str, kind: str, size: int) -> str | None:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return "half a surrogate pair is no character. Assign whole Unicode characters."
    if kind in ("char", "varchar") and not value.isascii():
        return f"it holds letters beyond ASCII, which {kind} may lose. Declare it n{kind}."
    if any(letter > "\uffff" for letter in value):
        # The language extension counts code points but sends UTF-16 units.
        return (
            "a character above U+FFFF makes the language extension drop the end of the text. "
            "Leave such characters out, or return them in the output frame."
        )
    return _check_length(value, kind, size)


def _check_length(value: str | bytes | bytearray, kind: str, size: int) -> str | None:
    if size == MAX or len(value) <= size:
        return None
    return (
        f"length {len(value)}, of which all after {size} would be cut off silently. "
        f"Shorten it or declare the parameter larger than {kind}({size})."
    )


def _moment_from(
    low: dt.datetime, high: dt.datetime, plain: Callable[[dt.datetime], dt.datetime]
) -> Rule:
    def check(value: dt.datetime, kind: str, _size: int) -> str | None:
        if value != value:  # noqa: PLR0124  pandas.NaT is a datetime
            return "NaT is no value of T-SQL. Assign None."
        if value.tzinfo is not None:
            return f"{value} has a time zone, which {kind} cannot keep. Assign it without one."
        if low <= value < high:
            return None
        return f"{value} is out of range. {kind} allows {low:%Y-%m-%d} to {high:%Y-%m-%d}."

    return Rule(dt.datetime, "a datetime.datetime", check, plain)


def on_ticks(microseconds: Microseconds) -> Microseconds:
    """Round a part of a second as datetime does: to .000, .003 or .007, which are 1/300 s.

    Examples
    --------
    >>> [on_ticks(n) for n in (1_000, 2_000, 5_000, 8_000, 9_000, 998_999)]
    [0, 3000, 7000, 7000, 10000, 1000000]
    """
    return ((microseconds * 3 + 5000) // 10000 * 10 + 1) // 3 * 1000


def _to_tick(value: dt.datetime) -> dt.datetime:
    seconds = dt.datetime(*value.timetuple()[:6])
    return seconds + dt.timedelta(microseconds=on_ticks(value.microsecond))


def _to_minute(value: dt.datetime) -> dt.datetime:
    """Round as smalldatetime does: 29.998 s and less goes down."""
    late = dt.timedelta(minutes=1) if (value.second, value.microsecond) > (29, 998_000) else NO_TIME
    return dt.datetime(*value.timetuple()[:5]) + late


_TEXT = Rule(str, "str(...)", _check_text, str)
_BINARY = Rule((bytes, bytearray), "bytes(...)", _check_length, bytes)
_FLOAT = Rule(float, "float(...)", _check_float, float)

RULES: dict[str, Rule] = {
    "bit": Rule(bool, "bool(...)", _any_value, bool),
    "tinyint": _integer_from(0, 255),
    "smallint": _integer_from(-(2**15), 2**15 - 1),
    "int": _integer_from(-(2**31), 2**31 - 1),
    "bigint": _integer_from(-(2**63), 2**63 - 1),
    "real": _FLOAT,
    "float": _FLOAT,
    "char": _TEXT,
    "varchar": _TEXT,
    "nchar": _TEXT,
    "nvarchar": _TEXT,
    "binary": _BINARY,
    "varbinary": _BINARY,
    "date": Rule(dt.date, "a datetime.date", _any_value, lambda day: day, but=dt.datetime),
    "datetime": _moment_from(FIRST_DATETIME, END_OF_DATETIME, _to_tick),
    "smalldatetime": _moment_from(FIRST_SMALLDATETIME, END_OF_SMALLDATETIME, _to_minute),
}
