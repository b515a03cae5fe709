"""Terms: pieces of DuckDB SQL that know their T-SQL type."""

from dataclasses import dataclass, replace
from decimal import Decimal

from procluster.local.messages import failure
from procluster.local.quoting import literal
from procluster.local.types import SqlType


class UntypedNull(SqlType):
    """Type of the bare word NULL: an int that takes the type of whatever it meets."""


NULL = UntypedNull("int")


@dataclass(frozen=True)
class Term:
    """One value: its DuckDB SQL and its T-SQL type.

    ``nullable`` is False where it cannot be NULL, as far as SQL Server would know. ``constant`` is
    the value of a constant in the text: an int meets a decimal with just its digits. Division by
    what is ``nonzero`` needs no check; float arithmetic that is not ``finite`` needs one
    (:func:`settled`).
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


def settled(term: Term) -> Term:
    """Check float arithmetic for overflow: SQL Server's floats have no infinity and no NaN.

    Both propagate through ``+ - *`` and SUM, so one check at the root of the arithmetic is enough.
    """
    if term.finite:
        return term
    overflow = failure(8115, "expression", term.type.name)
    checked = f"CASE WHEN NOT isfinite({term.sql}) THEN {overflow} ELSE {term.sql} END"
    return replace(term, sql=checked, finite=True)


def key(term: Term) -> str:
    """What ``=`` compares: text without case and trailing spaces (CI_AS), the rest as it is."""
    if term.type.family != "text":
        return term.sql
    if isinstance(term.constant, str):
        return f"lower({literal(term.constant.rstrip(' '))})"
    return f"lower({trimmed(term)})"


def same_as_constant(left: Term, right: Term) -> str | None:
    """``=`` of a text column and plain ASCII: half the time of comparing their keys, or None.

    Text of the same number of bytes has no trailing spaces too many. Where the constant has i or k,
    its equal may have more bytes: the lower case of U+0130 and U+212A.
    """
    column, constant = (left, right) if isinstance(right.constant, str) else (right, left)
    value = constant.constant
    if not isinstance(value, str) or column.type.family != "text" or "(" in column.sql:
        return None
    if not value.isascii() or any(sign in value for sign in "%_\\"):
        return None
    word = literal(value.rstrip(" ").lower())
    sql, same = column.sql, f"{column.sql} ILIKE {word}"
    spaced = f"WHEN suffix({sql}, ' ') THEN {key(column)} = {word}"
    if "i" in word or "k" in word:
        return f"(CASE {spaced} ELSE {same} END)"
    size = len(value.rstrip(" "))
    return (
        f"(CASE WHEN strlen({sql}) = {size} THEN {same} {spaced} ELSE {sql} IS NULL AND NULL END)"
    )


def trimmed(term: Term) -> str:
    """Text without trailing spaces."""
    sql = f"rtrim({term.sql}, ' ')"
    if "(" in term.sql:
        return sql
    # A column: asking for a trailing space costs a fifth of what rtrim does.
    return f"CASE WHEN suffix({term.sql}, ' ') THEN {sql} ELSE {term.sql} END"


def order_key(term: Term) -> str:
    """What ``<`` and ORDER BY compare: punctuation, digits, letters, accents after base letters."""
    if term.type.family != "text":
        return term.sql
    return f"icu_sort_key({key(term)}, 'en_US')"


def ordering(term: Term, descending: bool) -> str:
    """An item of ORDER BY: NULLs are lowest."""
    return f"{order_key(term)} {'DESC NULLS LAST' if descending else 'ASC NULLS FIRST'}"
