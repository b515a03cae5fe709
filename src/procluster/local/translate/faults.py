"""DuckDB's run-time errors as SQL Server's."""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb

from procluster.errors import SqlError
from procluster.local.messages import UNSUPPORTED, error

TYPES = {
    "UINT8": "tinyint", "INT8": "tinyint", "INT16": "smallint", "INT32": "int", "INT64": "bigint",
    "INT128": "numeric", "FLOAT": "real", "DOUBLE": "float", "DECIMAL": "numeric",
}  # fmt: skip


LOG = ".wal"


def overflow(found: re.Match[str]) -> SqlError:
    return error(8115, "expression", TYPES.get(found[1], "int"))


def narrowed(found: re.Match[str]) -> SqlError:
    """A number that its target type cannot hold."""
    source, value, target = found[1], found[2], TYPES.get(found[3], "int")
    if source in ("DOUBLE", "FLOAT") and target != "bigint":
        return error(232, target, f"{float(value):.6f}")
    if target in ("tinyint", "smallint"):
        return error(220, target, value)
    return error(8115, "expression", target)


def text_overflow(found: re.Match[str]) -> SqlError:
    """Digits that are too many for an integer."""
    value, target = found[1], TYPES[found[2]]
    if target == "bigint":
        return error(8115, "expression", target)
    if target == "int":
        return error(248, value)
    return error(244, value, "INT1" if target == "tinyint" else "INT2")


def disk_full(found: re.Match[str]) -> SqlError:
    """A file that cannot grow: the log of a commit, or the data."""
    file, reason = found[1], found[2]
    number = 9002 if file.endswith(LOG) else 1105
    return error(number, Path(file.removesuffix(LOG)).stem, reason, file)


def given_up(found: re.Match[str]) -> SqlError:
    """After a failure such as a checkpoint's, DuckDB answers nothing until it is opened anew."""
    file = re.search(r'file "([^"]+)"', found[1])
    name = Path(file[1].removesuffix(LOG)).stem if file else ""
    outcome = "is committed" if "COMMIT succeeded" in found[1] else "was not committed"
    return error(9001, name, found[1].rpartition(" error: ")[2].strip(' ".'), outcome)


def malformed_json(found: re.Match[str]) -> SqlError:
    place, document = int(found[1]), found[2] or ""
    return error(13609, document[place : place + 1] or ".", place)


FAULTS: tuple[tuple[str, Callable[[re.Match[str]], SqlError]], ...] = (
    (r"\AFATAL Error: (.*)\Z", given_up),
    (r"Connection already closed", lambda _: error(596)),  # by the session that opened it anew
    (r'Could not write (?:to )?file "([^"]+)"(?:: | - )(.*)\Z', disk_full),
    (r"Invalid Input Error: (\d{3,5})\|(.*)\Z", lambda m: SqlError(int(m[1]), m[2])),
    (r"Overflow in \w+ of (DECIMAL|U?INT\d+)", overflow),
    (r"Overflow (?:on abs|in negation|in division)()", overflow),
    (r"Type (\w+) with value (\S+) can't be cast .* destination type (\w+)", narrowed),
    (r"Failed to cast decimal value \S+ to type (\w+)",
     lambda m: error(8115, "numeric", TYPES.get(m[1], "int"))),
    (r"Casting value \S+ to type DECIMAL", lambda _: error(8115, "numeric", "numeric")),
    (r"Could not cast value \S+ to DECIMAL", lambda _: error(8115, "expression", "numeric")),
    (r"Could not convert string .* to DECIMAL", lambda _: error(8115, "varchar", "numeric")),
    (r"Could not convert string '(.*)' to (UINT8|INT16|INT32|INT64)", text_overflow),
    (r"More than one row returned by a subquery", lambda _: error(512)),
    (r'Malformed JSON at byte (\d+) of input: .*?(?:Input: "(.*)")?\Z', malformed_json),
    (r"Date out of range", lambda _: error(289, "date")),
    (r"\AOut of Memory Error", lambda _: error(701)),
)  # fmt: skip
"""What DuckDB says, and what SQL Server says."""


def as_sql_error(raised: duckdb.Error | OSError) -> SqlError:
    """An error raised while a compiled query ran, without a line; 40510 where no rule is known.

    >>> as_sql_error(duckdb.InvalidInputException("Invalid Input Error: 8134|Divide by ...")).number
    8134
    """
    text = re.sub(r"\s*\n\nLINE \d+:.*\Z", "", str(raised), flags=re.DOTALL)
    for pattern, read in FAULTS:
        if found := re.search(pattern, text, flags=re.DOTALL):
            return read(found)
    return error(UNSUPPORTED, text)
