"""Built-in functions of dates and times. Weeks start on Sunday (DATEFIRST 7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from procluster.local.translate import moments
from procluster.local.translate.function import Arguments, Function, simple
from procluster.local.translate.messages import error, failure, refuse
from procluster.local.translate.term import BIGINT, INT, Term
from procluster.local.types import SqlType

__all__ = ["FUNCTIONS"]

DATE = SqlType("date")
DATETIME = SqlType("datetime")
DATETIME2 = SqlType("datetime2", 0, 7)

DATEPARTS = {
    short: part
    for part, shorts in {
        "year": "YEAR YY YYYY", "quarter": "QUARTER QQ Q", "month": "MONTH MM M",
        "dayofyear": "DAYOFYEAR DY Y", "day": "DAY DD D", "week": "WEEK WK WW",
        "weekday": "WEEKDAY DW W", "iso_week": "ISO_WEEK ISOWK ISOWW", "hour": "HOUR HH",
        "minute": "MINUTE MI N", "second": "SECOND SS S", "millisecond": "MILLISECOND MS",
        "microsecond": "MICROSECOND MCS",
    }.items()
    for short in shorts.split()
}  # fmt: skip
"""Every spelling of a datepart that is known here."""

INTERVALS = {
    "year": ("to_months", 12), "quarter": ("to_months", 3), "month": ("to_months", 1),
    "week": ("to_days", 7), "day": ("to_days", 1), "dayofyear": ("to_days", 1),
    "weekday": ("to_days", 1), "hour": ("to_milliseconds", 3_600_000),
    "minute": ("to_milliseconds", 60_000), "second": ("to_milliseconds", 1_000),
    "millisecond": ("to_milliseconds", 1), "microsecond": ("to_microseconds", 1),
}  # fmt: skip
FARTHEST = {
    "to_months": 12 * 9999,
    "to_days": 366 * 9999,
    "to_milliseconds": 366 * 9999 * 86_400_000,
    "to_microseconds": 2**62,
}
"""More than separates the year 1 from the year 9999."""

PARTS = {
    "year": "year({0})", "quarter": "quarter({0})", "month": "month({0})", "day": "day({0})",
    "dayofyear": "dayofyear({0})", "weekday": "(dayofweek({0}) + 1)",
    "week": "((dayofyear({0}) + dayofweek(date_trunc('year', {0})) - 1) // 7 + 1)",
    "iso_week": "weekofyear({0})", "hour": "hour({0})", "minute": "minute({0})",
    "second": "second({0})", "millisecond": "(millisecond({0}) % 1000)",
    "microsecond": "(microsecond({0}) % 1000000)",
}  # fmt: skip
CLOCK_PARTS = ("hour", "minute", "second", "millisecond", "microsecond")
NAMES = {"month": "strftime({0}, '%B')", "weekday": "strftime({0}, '%A')"}


def datepart(arguments: Arguments) -> str:
    """The bare word in front.

    Raises
    ------
    SqlError
        155: no such datepart; 9810: one that the type does not have.
    """
    word, function = arguments.words[0], arguments.name.lower()
    part = DATEPARTS.get(word)
    if part is None:
        raise error(155, word, function, at=arguments.at)
    last = arguments.terms[-1].type
    if part in CLOCK_PARTS and last.name == "date" and function != "datediff":
        raise error(9810, part, function, at=arguments.at)
    return part


def date_add(arguments: Arguments) -> Term:
    """Keeps the type of the date; error 517 where the result leaves its range."""
    part, count = datepart(arguments), arguments.whole(0)
    moment = arguments.moment(1, text=DATETIME)
    if part not in INTERVALS:
        raise refuse(f"DATEADD({part})", "it is left out", arguments.at)
    function, size = INTERVALS[part]
    number = f"CAST({count.sql} AS BIGINT) * {size}"
    whole = "BIGINT" if function.endswith("seconds") else "INTEGER"
    sql = f"{moment.sql} + {function}(CAST({number} AS {whole}))"
    fail = failure(517, moment.type.name)
    low = "1753-01-01" if moment.type.name == "datetime" else "0001-01-01"
    inside = f"{sql} >= TIMESTAMP '{low}' AND {sql} < TIMESTAMP '10000-01-01'"
    # DuckDB's own range ends further out: a number beyond it never gets there.
    far = f"abs({number}) > {FARTHEST[function]}"
    sql = f"CASE WHEN {far} THEN {fail} WHEN NOT ({inside}) THEN {fail} ELSE {sql} END"
    if moment.type.name == "date" or part in CLOCK_PARTS[2:]:
        sql = moments.rounded(sql, SqlType("datetime2", 0, 6), moment.type, failure)
    return Term(sql, moment.type, moment.nullable)


def date_diff(kind: SqlType) -> Callable[[Arguments], Term]:
    """Boundaries crossed, not time passed: from 31 December to 1 January is one year."""

    def write(arguments: Arguments) -> Term:
        part = datepart(arguments)
        first, last = (arguments.moment(place).sql for place in range(2))
        first, last = f"CAST({first} AS TIMESTAMP)", f"CAST({last} AS TIMESTAMP)"
        if part == "week":
            days = f"date_diff('day', {first}, {last})"
            sql = f"(({days} + dayofweek({first}) - dayofweek({last})) // 7)"
        else:
            unit = "day" if part in ("dayofyear", "weekday") else part
            if part == "iso_week":
                raise refuse("DATEDIFF(iso_week)", "it is left out", arguments.at)
            sql = f"date_diff('{unit}', {first}, {last})"
        if kind == INT and part in CLOCK_PARTS[2:]:
            fail = failure(535)
            sql = f"CASE WHEN abs({sql}) > 2147483647 THEN {fail} ELSE {sql} END"
        return Term(f"CAST({sql} AS {kind.storage})", kind)

    return write


def date_part(arguments: Arguments) -> Term:
    part, moment = datepart(arguments), arguments.moment(0)
    return Term(f"CAST({PARTS[part].format(moment.sql)} AS INTEGER)", INT, moment.nullable)


def date_name(arguments: Arguments) -> Term:
    part, moment = datepart(arguments), arguments.moment(0)
    sql = NAMES.get(part, f"CAST({PARTS[part]} AS VARCHAR)").format(moment.sql)
    return Term(sql, SqlType("nvarchar", 30), moment.nullable)


def single_part(name: str) -> Function:
    """YEAR, MONTH or DAY."""

    def write(arguments: Arguments) -> Term:
        moment = arguments.moment(0)
        return Term(f"CAST({name}({moment.sql}) AS INTEGER)", INT, moment.nullable)

    return Function(name.upper(), 1, 1, write, f"{name.upper()}(date)")


def month_end(arguments: Arguments) -> Term:
    moment = arguments.moment(0)
    sql = moment.sql
    if arguments.given(1):
        months = f"coalesce({arguments.whole(1).sql}, 0)"
        sql = f"{sql} + to_months(greatest(least({months}, 119988), -119988))"
    fail = failure(517, "date")
    inside = f"year({sql}) BETWEEN 1 AND 9999"
    return Term(f"CASE WHEN NOT ({inside}) THEN {fail} ELSE last_day({sql}) END", DATE)


def clock(kind: SqlType, read: Callable[[datetime], datetime]) -> Callable[[Arguments], Term]:
    """The time now: read once a statement."""

    def write(arguments: Arguments) -> Term:
        now = read(arguments.context.utc).replace(tzinfo=None)
        name = f"now {kind} {now}"
        sql = arguments.context.parameter(now, kind, name)
        if kind == DATETIME:
            sql = moments.rounded(sql, DATETIME2, DATETIME, failure)
        return Term(sql, kind, nullable=False)

    return write


FROM_PARTS = (
    f"CASE WHEN {{0}} NOT BETWEEN 1 AND 9999 THEN {failure(289, 'date')} "
    "ELSE make_date({0}, {1}, {2}) END"
)

FUNCTIONS = (
    Function("GETDATE", 0, 0, clock(DATETIME, datetime.astimezone), "GETDATE()"),
    Function("CURRENT_TIMESTAMP", 0, 0, clock(DATETIME, datetime.astimezone), "CURRENT_TIMESTAMP"),
    Function("GETUTCDATE", 0, 0, clock(DATETIME, lambda utc: utc), "GETUTCDATE()"),
    Function("SYSDATETIME", 0, 0, clock(DATETIME2, datetime.astimezone),
             "SYSDATETIME(): to the microsecond"),
    Function("SYSUTCDATETIME", 0, 0, clock(DATETIME2, lambda utc: utc),
             "SYSUTCDATETIME(): to the microsecond"),
    Function("DATEADD", 2, 2, date_add, "DATEADD(datepart, number, date)", words=1),
    Function("DATEDIFF", 2, 2, date_diff(INT), "DATEDIFF(datepart, start, end)", words=1),
    Function("DATEDIFF_BIG", 2, 2, date_diff(BIGINT), "DATEDIFF_BIG(datepart, start, end)",
             words=1),
    Function("DATEPART", 1, 1, date_part, "DATEPART(datepart, date)", words=1),
    Function("DATENAME", 1, 1, date_name, "DATENAME(datepart, date)", words=1),
    single_part("year"),
    single_part("month"),
    single_part("day"),
    Function("EOMONTH", 1, 2, month_end, "EOMONTH(date [, months])"),
    simple("DATEFROMPARTS", "iii", DATE, FROM_PARTS, "DATEFROMPARTS(year, month, day)"),
)  # fmt: skip
