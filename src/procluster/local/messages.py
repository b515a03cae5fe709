"""Errors by number. ``messages.tsv`` is the one place where each is worded.

Its columns: number; severity; what the error ends without TRY (its statement, its level: the
procedure or batch it stands in, or the whole batch, with the transaction, which it dooms in a TRY);
text, where ``{}`` stands for what the error names. Sources: sys.messages and "Database Engine
events and errors"; of what an error ends "SET XACT_ABORT", the table in "Error Handling in SQL
Server, a Background" (E. Sommarskog, "When Does SQL Server Take which Action?"), and for 245 and
8169 "Errors Raised with Severity/Level 16 May Cause Transactions into Doomed State" (Microsoft's
support of SQL Server). A number that none of them names is said to end its statement.
"""

import csv
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from procluster.errors import Refusal, SqlError, SyntaxRefusal
from procluster.local.quoting import Sql, literal
from procluster.local.syntax import NOWHERE, Position

UNSUPPORTED = 40510
UNFIT = 7
"""State of error 213 where INSERT ... EXEC is sent other columns than it takes."""

FATAL = 20
"""Severity from which on an error ends the session; no CATCH gets it."""


class ErrorText(NamedTuple):
    severity: int
    ends: str
    text: str


def _read() -> dict[int, ErrorText]:
    with Path(__file__).with_name("messages.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {
            int(row["number"]): ErrorText(int(row["severity"]), row["ends"], row["text"])
            for row in rows
        }


ERRORS = _read()


def error(number: int, *named: object, at: Position = NOWHERE, state: int = 1) -> SqlError:
    """An error of the table.

    >>> print(error(207, "x", at=Position(3, 1)))
    Msg 207, Level 16, State 1, Line 3
    Invalid column name 'x'.
    """
    found = ERRORS[number]
    return SqlError(
        number, found.text.format(*named), severity=found.severity, state=state, line=at.line
    )


def ended_by(found: SqlError) -> str:
    """What an error ends; an unfit result set the batch, though 213 is else an error of binding."""
    if (found.number, found.state) == (213, UNFIT):
        return "batch"
    return ERRORS[found.number].ends if found.number in ERRORS else ""


def syntax_error(number: int, *named: object, at: Position) -> SyntaxRefusal:
    text = ERRORS[number].text.format(*named)
    return SyntaxRefusal(text, line=at.line, column=at.column, number=number)


def refuse(what: str, reason: str, at: Position) -> Refusal:
    """T-SQL that the engine leaves out, with its place."""
    return Refusal(what, reason, line=at.line, column=at.column)


def failure(number: int, *named: str | Sql) -> str:
    """DuckDB SQL that raises an error when it is reached; what is SQL names a value.

    >>> print(failure(8114, Sql("x"), "int"))
    error('8114|Error converting data type ' || x || ' to int.')
    """
    first, *rest = ERRORS[number].text.split("{}")
    pieces: list[str | Sql] = [f"{number}|{first}"]
    for part, after in zip(named, rest, strict=True):
        pieces += [part, after]
    return _raising(pieces)


def unsupported(*what: str | Sql, because: str) -> str:
    """DuckDB SQL that refuses a value when it is met."""
    end = f" is not supported by the embedded engine: {because}."
    return _raising([f"{UNSUPPORTED}|", *what, end])


def _raising(pieces: list[str | Sql]) -> str:
    written: list[str] = []
    for is_sql, group in groupby(pieces, lambda piece: isinstance(piece, Sql)):
        parts = list(group)
        written += parts if is_sql else [literal("".join(parts))]
    return f"error({' || '.join(written)})"
