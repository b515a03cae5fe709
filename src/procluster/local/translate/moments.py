"""Dates and times: their text forms, their rounding, their ranges. Microseconds at most.

Rules: the pages of date, datetime, datetime2 and smalldatetime, and the styles of CONVERT.
"""

from __future__ import annotations

from collections.abc import Callable

from procluster.local.translate.messages import unsupported
from procluster.local.translate.quoting import Sql
from procluster.local.types import SqlType

__all__ = ["ISO_STYLES", "STYLES", "checked", "from_text", "rounded", "to_text"]

Fail = Callable[..., str]

STYLES = {
    1: "%m/%d/%y", 2: "%y.%m.%d", 3: "%d/%m/%y", 4: "%d.%m.%y", 5: "%d-%m-%y", 8: "%H:%M:%S",
    10: "%m-%d-%y", 11: "%y/%m/%d", 12: "%y%m%d", 23: "%Y-%m-%d", 24: "%H:%M:%S",
    101: "%m/%d/%Y", 102: "%Y.%m.%d", 103: "%d/%m/%Y", 104: "%d.%m.%Y", 105: "%d-%m-%Y",
    108: "%H:%M:%S", 110: "%m-%d-%Y", 111: "%Y/%m/%d", 112: "%Y%m%d",
    20: "%Y-%m-%d %H:%M:%S", 120: "%Y-%m-%d %H:%M:%S",
}  # fmt: skip
"""Styles of CONVERT without fractions of a second, as strftime patterns."""

ISO_STYLES = (20, 21, 23, 112, 120, 121, 126)
"""Styles that read the forms of :func:`from_text`."""

DAY = "[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]"
COMPACT = "[0-9]{4}(0[1-9]|1[0-2])[0-3][0-9]"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"


def from_text(sql: str, source: SqlType, target: SqlType, fail: Fail) -> str:
    """ISO 8601 forms are read; others depend on the session's language and are refused.

    ``yyyymmdd``, ``yyyy-mm-dd``, either with `` hh:mm[:ss[.f]]``, and ``yyyy-mm-ddThh:mm:ss[.f]``.
    """
    digits = 3 if target.name in ("datetime", "smalldatetime") else 6
    clock = f"( {CLOCK}(:[0-5][0-9]([.][0-9]{{1,{digits}}})?)?)?"
    iso = f"T{CLOCK}:[0-5][0-9]([.][0-9]{{1,{digits}}})?"
    pattern = f" *(({DAY}|{COMPACT}){clock}|{DAY}{iso}) *"
    wrong = fail(241)
    forms = f"use yyyy-mm-dd or yyyymmdd, with hh:mm:ss and at most {digits} digits after it"
    what = f"Conversion of the {source.name} value '", Sql(sql), f"' to {target.name}"
    refuse = unsupported(*what, because=forms)
    dashed = f"regexp_replace({sql}, '^ *([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})', '\\1-\\2-\\3')"
    value = f"TRY_CAST({dashed} AS TIMESTAMP)"
    at_midnight = f"date_trunc('day', {value})" if target.name == "date" else value
    moment = rounded(at_midnight, SqlType("datetime2", 0, 6), target, fail)
    zero = f"CAST(TIMESTAMP '1900-01-01' AS {target.storage})"
    return (
        f"CASE WHEN regexp_full_match({sql}, ' *') THEN {zero} "
        f"WHEN regexp_matches({sql}, '^[^0-9]*$|^ *0000') THEN {wrong} "
        f"WHEN NOT regexp_full_match({sql}, '{pattern}') THEN {refuse} "
        f"WHEN {sql} IS NOT NULL AND {value} IS NULL THEN {wrong} ELSE {moment} END"
    )


def rounded(sql: str, source: SqlType, target: SqlType, fail: Fail) -> str:
    """One date or time type to another; datetime keeps 1/300 s (.000, .003, .007)."""
    if target.name == "date":
        return f"CAST({sql} AS DATE)"
    moment = sql if source.storage == "TIMESTAMP" else f"CAST({sql} AS TIMESTAMP)"
    if source.name == "date":
        return checked(moment, target, fail)
    micros = f"(microsecond({moment}) % 1000000)"
    start = f"date_trunc('second', {moment})"
    if target.name == "smalldatetime":
        # 29.998 seconds go down, 29.999 up.
        moment = f"date_trunc('minute', {moment} + to_milliseconds(30001))"
    elif target.name == "datetime" and source.name == "datetime2":
        ticks = f"round(round({micros} * 0.0003) / 0.3)"
        moment = f"{start} + to_milliseconds(CAST({ticks} AS BIGINT))"
    elif target.name == "datetime2" and target.scale < min(6, fraction(source)):
        unit = 10 ** (6 - target.scale)
        kept = f"round({micros} / {unit}.0) * {unit}"
        moment = f"{start} + to_microseconds(CAST({kept} AS BIGINT))"
    return checked(moment, target, fail) if target != source else moment


def fraction(kind: SqlType) -> int:
    """Digits after the second."""
    return {"datetime2": kind.scale, "datetime": 3}.get(kind.name, 0)


def checked(sql: str, target: SqlType, fail: Fail) -> str:
    """Keep datetime within 1753 to 9999 and smalldatetime within 1900 to 2079."""
    if target.name not in ("datetime", "smalldatetime"):
        return sql
    low, high = ("1753-01-01", "10000-01-01")
    if target.name == "smalldatetime":
        low, high = "1900-01-01", "2079-06-07"
    wrong = fail(242, target.name)
    inside = f"{sql} >= TIMESTAMP '{low}' AND {sql} < TIMESTAMP '{high}'"
    return f"CASE WHEN NOT ({inside}) THEN {wrong} ELSE {sql} END"


def to_text(sql: str, source: SqlType, style: int | None) -> str | None:
    """Text of a moment; None for a style that is left out."""
    if style is None:
        style = 0 if source.name in ("datetime", "smalldatetime") else 121
        if source.name == "date":
            style = 23
    if style in STYLES:
        return (
            None
            if source.name == "date" and "%H" in STYLES[style] and style in (8, 24, 108)
            else date_style(sql, source, style)
        )
    if style in (0, 100) and source.name != "date":
        day = f"lpad(strftime({sql}, '%-d'), 2, ' ')"
        hour = f"lpad(strftime({sql}, '%-I'), 2, ' ')"
        return (
            f"(strftime({sql}, '%b ') || {day} || strftime({sql}, ' %Y ') || {hour} || "
            f"strftime({sql}, ':%M%p'))"
        )
    if style in (21, 25, 121, 126):
        return precise(sql, source, "T" if style == 126 else " ")
    return None


def date_style(sql: str, source: SqlType, style: int) -> str:
    """A style without fractions; a date has no time to show."""
    pattern = STYLES[style]
    if source.name == "date":
        pattern = pattern.removesuffix(" %H:%M:%S")
    return f"strftime({sql}, '{pattern}')"


def precise(sql: str, source: SqlType, separator: str) -> str:
    """ISO form with all the digits of the type; after a T a fraction of zero is left out."""
    if source.name == "date":
        return f"strftime({sql}, '%Y-%m-%d')"
    digits = 3 if source.name != "datetime2" else source.scale
    whole = f"strftime({sql}, '%Y-%m-%d{separator}%H:%M:%S')"
    if digits == 0:
        return whole
    # Stored to the microsecond: a seventh digit is 0.
    tail = f"left('.' || strftime({sql}, '%f') || '0', {digits + 1})"
    if separator == "T":
        tail = f"CASE WHEN microsecond({sql}) % 1000000 = 0 THEN '' ELSE {tail} END"
    return f"({whole} || {tail})"
