"""Dates and times: their text forms, their rounding, their ranges. Microseconds at most.

Rules: the pages of date, datetime, datetime2 and smalldatetime, and the styles of CONVERT.
"""

from collections.abc import Callable

from procluster.local.messages import unsupported
from procluster.local.quoting import Sql
from procluster.local.translate.cast import Conversion
from procluster.local.types import SqlType

Fail = Callable[..., str]

STYLES = {
    23: "%Y-%m-%d", 101: "%m/%d/%Y", 103: "%d/%m/%Y", 104: "%d.%m.%Y", 112: "%Y%m%d",
    20: "%Y-%m-%d %H:%M:%S", 120: "%Y-%m-%d %H:%M:%S", 108: "%H:%M:%S",
}  # fmt: skip
"""Styles of CONVERT without fractions of a second, as strftime patterns."""

ISO_STYLES = (20, 21, 23, 112, 120, 121, 126)
"""Styles that read the forms of :func:`from_text`."""

MICROSECONDS = SqlType("datetime2", 0, 6)
"""What DuckDB's TIMESTAMP keeps."""

DAY = "[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]"
COMPACT = "[0-9]{4}(0[1-9]|1[0-2])[0-3][0-9]"
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"


def from_text(c: Conversion) -> str:
    """ISO 8601 forms are read; others depend on the session's language and are refused.

    ``yyyymmdd``, ``yyyy-mm-dd``, either with `` hh:mm[:ss[.f]]``, and ``yyyy-mm-ddThh:mm:ss[.f]``.
    """
    sql, target = c.sql, c.target
    digits = 3 if target.name in ("datetime", "smalldatetime") else 6
    clock = f"( {CLOCK}(:[0-5][0-9]([.][0-9]{{1,{digits}}})?)?)?"
    iso = f"T{CLOCK}:[0-5][0-9]([.][0-9]{{1,{digits}}})?"
    pattern = f" *(({DAY}|{COMPACT}){clock}|{DAY}{iso}) *"
    wrong = c.fail(241)
    forms = f"use yyyy-mm-dd or yyyymmdd, with hh:mm:ss and at most {digits} digits after it"
    what = f"Conversion of the {c.source.name} value '", Sql(sql), f"' to {target.name}"
    refuse = unsupported(*what, because=forms)
    dashed = f"regexp_replace({sql}, '^ *([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})', '\\1-\\2-\\3')"
    value = f"TRY_CAST({dashed} AS TIMESTAMP)"
    at_midnight = f"date_trunc('day', {value})" if target.name == "date" else value
    moment = rounded(at_midnight, MICROSECONDS, target, c.fail)
    zero = f"CAST(TIMESTAMP '1900-01-01' AS {target.storage})"
    return (
        f"CASE WHEN regexp_full_match({sql}, ' *') THEN {zero} "
        f"WHEN regexp_matches({sql}, '^[^0-9]*$|^ *0000') THEN {wrong} "
        f"WHEN NOT regexp_full_match({sql}, '{pattern}') THEN {refuse} "
        f"WHEN {sql} IS NOT NULL AND {value} IS NULL THEN {wrong} ELSE {moment} END"
    )


def to_moment(c: Conversion) -> str:
    return rounded(c.sql, c.source, c.target, c.fail)


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


def to_text(c: Conversion) -> str:
    sql, source, style = c.sql, c.source, c.style
    is_date = source.name == "date"
    if style is None:
        style = 23 if is_date else 121 if source.name == "datetime2" else 0
    pattern = STYLES.get(style)
    if pattern and not (is_date and style == 108):
        # A date has no time to show.
        return f"strftime({sql}, '{pattern.removesuffix(' %H:%M:%S') if is_date else pattern}')"
    if style in (0, 100) and not is_date:
        day, hour = (f"lpad(strftime({sql}, '%-{part}'), 2, ' ')" for part in "dI")
        return (
            f"(strftime({sql}, '%b ') || {day} || strftime({sql}, ' %Y ') || {hour} || "
            f"strftime({sql}, ':%M%p'))"
        )
    if style in (21, 121, 126):
        return precise(sql, source, "T" if style == 126 else " ")
    raise c.refuse(f"style {style} is left out")


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
