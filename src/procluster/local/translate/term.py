"""Terms: pieces of DuckDB SQL that know their T-SQL type, and the only quoting of the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from procluster.local.types import SqlType

__all__ = [
    "BIGINT",
    "BIT",
    "FLOAT",
    "INT",
    "NULL",
    "Term",
    "arithmetic",
    "failure",
    "identifier",
    "key",
    "literal",
    "order_key",
    "settled",
]


class UntypedNull(SqlType):
    """Type of the bare word NULL: an int that takes the type of whatever it meets."""


NULL = UntypedNull("int")
BIT = SqlType("bit")
INT = SqlType("int")
BIGINT = SqlType("bigint")
FLOAT = SqlType("float")


@dataclass(frozen=True)
class Term:
    """One value: its DuckDB SQL and its T-SQL type.

    Attributes
    ----------
    nullable : bool
        False where the value cannot be NULL, as far as SQL Server would know.
    constant : Decimal, str or None
        The value of a constant in the text; an int constant meets a decimal with just its digits.
    nonzero : bool
        Division by it needs no check.
    finite : bool
        False for float arithmetic not yet checked for overflow; :func:`settled` checks it.
    """

    sql: str
    type: SqlType
    nullable: bool = True
    constant: Decimal | str | None = None
    nonzero: bool = False
    finite: bool = True

    @property
    def null(self) -> bool:
        """Whether this is the bare word NULL."""
        return self.type is NULL


def identifier(name: str) -> str:
    """Quote a name for DuckDB.

    >>> print(identifier('the "b" one'))
    "the ""b"" one"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for DuckDB.

    >>> print(literal("it's"))
    'it''s'
    """
    return "'" + text.replace("'", "''") + "'"


def failure(number: int, *message: str) -> str:
    """DuckDB SQL that raises an error of SQL Server's; odd parts of the message are SQL.

    >>> print(failure(8134, "Divide by zero error encountered."))
    error('8134|Divide by zero error encountered.')
    >>> print(failure(245, "Conversion of '", "x", "' failed."))
    error('245|Conversion of ''' || x || ''' failed.')
    """
    parts = [literal(part) if place % 2 == 0 else part for place, part in enumerate(message)]
    parts[0] = literal(f"{number}|{message[0]}")
    return f"error({' || '.join(parts)})"


def settled(term: Term) -> Term:
    """Check float arithmetic for overflow: SQL Server's floats have no infinity and no NaN.

    Both propagate through ``+ - *`` and SUM, so one check at the root of the arithmetic is enough.
    """
    if term.finite:
        return term
    overflow = arithmetic(term.type)
    checked = f"CASE WHEN NOT isfinite({term.sql}) THEN {overflow} ELSE {term.sql} END"
    return replace(term, sql=checked, finite=True)


def arithmetic(target: SqlType) -> str:
    """DuckDB SQL that raises 8115."""
    message = f"Arithmetic overflow error converting expression to data type {target.name}."
    return failure(8115, message)


def key(term: Term) -> str:
    """What ``=`` compares: text without case and trailing spaces (CI_AS), the rest as it is."""
    if term.type.family != "text":
        return term.sql
    if isinstance(term.constant, str):
        return f"lower({literal(term.constant.rstrip(' '))})"
    trimmed = f"rtrim({term.sql}, ' ')"
    if "(" not in term.sql:
        # Of a column: rtrim costs five times what asking for a trailing space costs.
        trimmed = f"CASE WHEN suffix({term.sql}, ' ') THEN {trimmed} ELSE {term.sql} END"
    return f"lower({trimmed})"


def order_key(term: Term) -> str:
    """What ``<`` and ORDER BY compare: punctuation, digits, letters, accents after base letters."""
    if term.type.family != "text":
        return term.sql
    return f"icu_sort_key({key(term)}, 'en_US')"
