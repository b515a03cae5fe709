"""DuckDB's run-time errors as SQL Server's."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from procluster.errors import SqlError

__all__ = ["as_sql_error"]

TYPES = {
    "UINT8": "tinyint", "INT8": "tinyint", "INT16": "smallint", "INT32": "int", "INT64": "bigint",
    "INT128": "numeric", "FLOAT": "real", "DOUBLE": "float", "DECIMAL": "numeric",
}  # fmt: skip
COLUMNS = {"UINT8": "an INT1", "INT16": "an INT2", "INT32": "an int"}

MANY = (
    "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, "
    "<, <= , >, >= or when the subquery is used as an expression."
)

Fault = tuple[int, str]


def overflow(source: str, target: str) -> Fault:
    return 8115, f"Arithmetic overflow error converting {source} to data type {target}."


def own(found: re.Match[str]) -> Fault:
    """An error of ours: error('8134|Divide by zero ...')."""
    return int(found[1]), found[2]


def arithmetic(found: re.Match[str]) -> Fault:
    return overflow("expression", TYPES.get(found[1], "int"))


def narrowed(found: re.Match[str]) -> Fault:
    """A number that its target type cannot hold."""
    source, value, target = found[1], found[2], TYPES.get(found[3], "int")
    if source in ("DOUBLE", "FLOAT") and target != "bigint":
        return 232, f"Arithmetic overflow error for type {target}, value = {float(value):.6f}."
    if target in ("tinyint", "smallint"):
        return 220, f"Arithmetic overflow error for data type {target}, value = {value}."
    return overflow("expression", target)


def text_overflow(found: re.Match[str]) -> Fault:
    """Digits that are too many for an integer."""
    value, target = found[1], found[2]
    if target == "INT64":
        return overflow("expression", "bigint")
    larger = "" if target == "INT32" else " Use a larger integer column."
    number = 248 if target == "INT32" else 244
    message = f"The conversion of the varchar value '{value}' overflowed {COLUMNS[target]} column."
    return number, message + larger


def malformed_json(found: re.Match[str]) -> Fault:
    place, document = int(found[1]), found[2] or ""
    character = document[place : place + 1] or "."
    return (
        13609,
        (
            f"JSON text is not properly formatted. Unexpected character '{character}' is "
            f"found at position {place}."
        ),
    )


FAULTS: tuple[tuple[str, Callable[[re.Match[str]], Fault]], ...] = (
    (r"Invalid Input Error: (\d{3,5})\|(.*)\Z", own),
    (r"Overflow in \w+ of (DECIMAL|U?INT\d+)", arithmetic),
    (r"Overflow (?:on abs|in negation|in division)()", arithmetic),
    (r"Type (\w+) with value (\S+) can't be cast .* destination type (\w+)", narrowed),
    (r"Failed to cast decimal value \S+ to type (\w+)",
     lambda found: overflow("numeric", TYPES.get(found[1], "int"))),
    (r"Casting value \S+ to type DECIMAL", lambda _: overflow("numeric", "numeric")),
    (r"Could not cast value \S+ to DECIMAL", lambda _: overflow("expression", "numeric")),
    (r"Could not convert string .* to DECIMAL", lambda _: overflow("varchar", "numeric")),
    (r"Could not convert string '(.*)' to (UINT8|INT16|INT32|INT64)", text_overflow),
    (r"cannot take (?:square root|logarithm)",
     lambda _: (3623, "An invalid floating point operation occurred.")),
    (r"More than one row returned by a subquery", lambda _: (512, MANY)),
    (r'Malformed JSON at byte (\d+) of input: .*?(?:Input: "(.*)")?\Z', malformed_json),
    (r"Date out of range",
     lambda _: (289, ("Cannot construct data type date, some of the arguments have values which "
                     "are not valid."))),
    (r"\AOut of Memory Error",
     lambda _: (701, "There is insufficient system memory to run this query.")),
)  # fmt: skip
"""What DuckDB says, and what SQL Server says."""


def as_sql_error(error: duckdb.Error) -> SqlError:
    """Translate an error raised while a compiled query ran.

    Parameters
    ----------
    error : duckdb.Error
        What ``execute`` or a fetch raised.

    Returns
    -------
    SqlError
        Without a line; number 40510 with DuckDB's own words where no rule is known.

    Examples
    --------
    >>> as_sql_error(duckdb.InvalidInputException("Invalid Input Error: 8134|Divide by ...")).number
    8134
    """
    text = re.sub(r"\s*\n\nLINE \d+:.*\Z", "", str(error), flags=re.DOTALL)
    for pattern, read in FAULTS:
        if found := re.search(pattern, text, flags=re.DOTALL):
            number, message = read(found)
            severity = 17 if number == 701 else 16
            return SqlError(number, message, severity=severity)
    return SqlError(40510, f"The embedded engine could not run this: {text}")
