"""Conversion between types, as DuckDB SQL: one table, source family by target family.

Rules: "CAST and CONVERT (Transact-SQL)" with its table of truncation and rounding, and the page of
each type. What overflows inside DuckDB's own casts gets its number in :mod:`.faults`.
"""

from __future__ import annotations

from collections.abc import Callable

from procluster.local.syntax import Position
from procluster.local.translate import conversion_rules as rules
from procluster.local.translate import moments
from procluster.local.translate.conversion_rules import Conversion
from procluster.local.translate.messages import NOWHERE, error
from procluster.local.translate.term import NULL
from procluster.local.types import Family, SqlType

__all__ = ["CONVERSIONS", "convert_sql"]


def convert_sql(  # noqa: PLR0913
    sql: str,
    source: SqlType,
    target: SqlType,
    attempt: bool = False,
    *,
    style: int | None = None,
    column: str | None = None,
    at: Position = NOWHERE,
) -> str:
    """Write a conversion.

    Parameters
    ----------
    sql : str
        DuckDB SQL of the value; it may be written more than once.
    attempt : bool
        TRY_CAST: NULL where the value does not convert.
    style : int, optional
        Of CONVERT.
    column : str, optional
        ``table 'dbo.t', column 'a'`` when a column is assigned: text that is too long is then
        error 2628; otherwise it is cut off.

    Raises
    ------
    SqlError
        529: no such conversion in SQL Server; for a column 206, or 257 where only CAST converts.
    Refusal
        One that the engine leaves out.

    Examples
    --------
    >>> print(convert_sql("x", SqlType("float"), SqlType("int")))
    CAST(trunc(x) AS INTEGER)
    """
    conversion = Conversion(sql, source, target, attempt, style, column, at)
    styled = ("float", "time", "binary")
    iso = target.family == "time" and style in moments.ISO_STYLES
    if style not in (None, 0) and source.family not in styled and not iso:
        raise conversion.refuse(f"style {style} is left out for this source")
    if source is NULL:
        return f"CAST(NULL AS {target.storage})"
    if source == target and source.family != "text" and style is None:
        return sql
    write = CONVERSIONS.get((source.family, target.family))
    if write is None:
        raise error(206 if column else 529, source.name, target.name, at=at)
    if column and source.family == "text" and target.family == "binary":
        raise error(257, source.name, target.name, at=at)
    return write(conversion)


CONVERSIONS: dict[tuple[Family, Family], Callable[[Conversion], str]] = {
    ("bit", "integer"): rules.plain,
    ("bit", "decimal"): lambda c: c.cast(f"CAST({c.sql} AS TINYINT)"),
    ("bit", "money"): lambda c: c.cast(f"CAST({c.sql} AS TINYINT)"),
    ("bit", "float"): rules.plain,
    ("bit", "text"): rules.number_to_text,
    ("integer", "bit"): rules.number_to_bit,
    ("integer", "integer"): rules.plain,
    ("integer", "decimal"): rules.plain,
    ("integer", "money"): rules.plain,
    ("integer", "float"): rules.plain,
    ("integer", "text"): rules.number_to_text,
    ("integer", "time"): rules.integer_to_moment,
    ("decimal", "bit"): rules.number_to_bit,
    ("decimal", "integer"): rules.truncated,
    ("decimal", "decimal"): rules.plain,
    ("decimal", "money"): rules.plain,
    ("decimal", "float"): rules.plain,
    ("decimal", "text"): rules.number_to_text,
    ("money", "bit"): rules.number_to_bit,
    ("money", "integer"): rules.rounded,
    ("money", "decimal"): rules.plain,
    ("money", "float"): rules.plain,
    ("money", "text"): rules.number_to_text,
    ("float", "bit"): rules.number_to_bit,
    ("float", "integer"): rules.truncated,
    ("float", "decimal"): rules.plain,
    ("float", "money"): rules.plain,
    ("float", "float"): rules.plain,
    ("float", "text"): rules.float_to_text,
    ("text", "bit"): rules.text_to_bit,
    ("text", "integer"): rules.text_to_integer,
    ("text", "decimal"): rules.text_to_decimal,
    ("text", "money"): rules.text_to_decimal,
    ("text", "float"): rules.text_to_float,
    ("text", "text"): rules.fitted,
    ("text", "binary"): rules.text_to_binary,
    ("text", "time"): rules.text_to_moment,
    ("text", "guid"): rules.text_to_guid,
    ("binary", "text"): rules.binary_to_text,
    ("binary", "binary"): rules.cut_bytes,
    ("time", "text"): rules.moment_to_text,
    ("time", "time"): rules.moment_to_moment,
    ("guid", "text"): rules.guid_to_text,
}
