"""Values as text, the way SQL Server writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.types import SqlType

__all__ = ["NUMBERS", "Cell", "printable", "texts"]

NUMBERS = frozenset({"integer", "decimal", "money", "float", "bit"})
TIME_DIGITS = {"datetime": 3, "smalldatetime": 0}

Cell = str | None
"""A value as text; None is NULL."""


def texts(values: pa.ChunkedArray, kind: SqlType) -> list[Cell]:
    """Write every value in full, None for NULL."""
    family = kind.family
    if family in {"decimal", "money"}:
        return [None if value is None else f"{value:f}" for value in values.to_pylist()]
    if family == "binary":
        return [
            None if value is None else f"0x{value.hex().upper()}" for value in values.to_pylist()
        ]
    if family == "bit":
        return _cast(values, "int8")
    written = _cast(values, "string")
    if family == "guid":
        return [text and text.upper() for text in written]
    if family == "time" and kind.name != "date":
        digits = TIME_DIGITS.get(kind.name, kind.scale)
        return [text and _time(text, digits) for text in written]
    return written


def printable(text: str) -> str:
    """Write control characters, all but the line feed, as escapes: they could steer a terminal."""
    text = text.replace("\r\n", "\n")
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


def _cast(values: pa.ChunkedArray, through: str) -> list[Cell]:
    written: list[Cell] = values.cast(through).cast("string").to_pylist()
    return written


def _time(text: str, digits: int) -> str:
    """Give a time of day the digits of its type after the point.

    >>> _time("2026-11-23 18:31:00.120000", 7), _time("2026-11-23 18:31:00", 0)
    ('2026-11-23 18:31:00.1200000', '2026-11-23 18:31:00')
    """
    seconds, _, fraction = text.partition(".")
    return f"{seconds}.{fraction[:digits]:0<{digits}}" if digits else seconds
