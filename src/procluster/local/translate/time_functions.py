"""Built-in functions of dates and times. Weeks start on Sunday (DATEFIRST 7)."""

from collections.abc import Callable
from datetime import datetime

from procluster.local.messages import error, failure, refuse
from procluster.local.translate import moments
from procluster.local.translate.function import Function, Invocation, simple
from procluster.local.translate.term import Term
from procluster.local.types import DATE, DATETIME, DATETIME2, INT, SqlType

DATEPARTS = {
    short: part
    for part, shorts in {
        "year": "YEAR YY YYYY", "quarter": "QUARTER QQ Q", "month": "MONTH MM M",
        "dayofyear": "DAYOFYEAR DY Y", "day": "DAY DD D", "week": "WEEK WK WW",
        "weekday": "WEEKDAY DW W", "hour": "HOUR HH", "minute": "MINUTE MI N",
        "second": "SECOND SS S", "millisecond": "MILLISECOND MS",
    }.items()
    for short in shorts.split()
}  # fmt: skip
"""Every spelling of a datepart that is known here."""

LEFT_OUT = frozenset(
    "ISO_WEEK ISOWK ISOWW MICROSECOND MCS NANOSECOND NS TZOFFSET TZ".split()  # noqa: SIM905
)
INTERVALS = {
    "year": ("to_months", 12), "quarter": ("to_months", 3), "month": ("to_months", 1),
    "week": ("to_days", 7), "day": ("to_days", 1), "dayofyear": ("to_days", 1),
    "weekday": ("to_days", 1), "hour": ("to_milliseconds", 3_600_000),
    "minute": ("to_milliseconds", 60_000), "second": ("to_milliseconds", 1_000),
    "millisecond": ("to_milliseconds", 1),
}  # fmt: skip
FARTHEST = {
    "to_months": 12 * 9999,
    "to_days": 366 * 9999,
    "to_milliseconds": 366 * 9999 * 86_400_000,
}
"""More than separates the year 1 from the year 9999."""

PARTS = {
    "weekday": "(dayofweek({0}) + 1)",
    "week": "((dayofyear({0}) + dayofweek(date_trunc('year', {0})) - 1) // 7 + 1)",
    "millisecond": "(millisecond({0}) % 1000)",
}
CLOCK_PARTS = ("hour", "minute", "second", "millisecond")


def datepart(call: Invocation, moment: Term | None = None) -> str:
    """The bare word in front; 155 no such datepart, 9810 one that the type does not have."""
    word, function, at = call.node.word, call.name, call.at
    part = DATEPARTS.get(word)
    if part is None:
        if word in LEFT_OUT:
            raise refuse(f"{function}({word.lower()})", "it is left out", at)
        raise error(155, word, function, at=at)
    if part in CLOCK_PARTS and moment and moment.type == DATE:
        raise error(9810, part, function, at=at)
    return part


def date_add(call: Invocation, count: Term, moment: Term) -> Term:
    """Keeps the type of the date; error 517 where the result leaves its range."""
    part = datepart(call, moment)
    function, size = INTERVALS[part]
    number = f"CAST({count.sql} AS BIGINT) * {size}"
    whole = "BIGINT" if function.endswith("seconds") else "INTEGER"
    sql = f"{moment.sql} + {function}(CAST({number} AS {whole}))"
    fail = failure(517, moment.type.name)
    low = "1753-01-01" if moment.type == DATETIME else "0001-01-01"
    inside = f"{sql} >= TIMESTAMP '{low}' AND {sql} < TIMESTAMP '10000-01-01'"
    # DuckDB's own range ends further out: a number beyond it never gets there.
    far = f"abs({number}) > {FARTHEST[function]}"
    sql = f"CASE WHEN {far} THEN {fail} WHEN NOT ({inside}) THEN {fail} ELSE {sql} END"
    if moment.type == DATE or part in CLOCK_PARTS[2:]:
        sql = moments.rounded(sql, moments.MICROSECONDS, moment.type, failure)
    return Term(sql, moment.type, moment.nullable)


def date_diff(call: Invocation, start: Term, end: Term) -> Term:
    """Boundaries crossed, not time passed: from 31 December to 1 January is one year."""
    part = datepart(call)
    first, last = (f"CAST({moment.sql} AS TIMESTAMP)" for moment in (start, end))
    unit = "day" if part in ("dayofyear", "weekday", "week") else part
    sql = f"date_diff('{unit}', {first}, {last})"
    if part == "week":
        sql = f"(({sql} + dayofweek({first}) - dayofweek({last})) // 7)"
    if part in CLOCK_PARTS[2:]:
        sql = f"CASE WHEN abs({sql}) > 2147483647 THEN {failure(535)} ELSE {sql} END"
    return Term(f"CAST({sql} AS INTEGER)", INT)


def date_part(call: Invocation, moment: Term) -> Term:
    part = datepart(call, moment)
    sql = PARTS.get(part, f"{part}({{0}})").format(moment.sql)
    return Term(f"CAST({sql} AS INTEGER)", INT, moment.nullable)


def clock(
    usage: str, kind: SqlType, read: Callable[[datetime], datetime] = lambda utc: utc
) -> Function:
    """The time now: read once a statement."""

    def write(call: Invocation) -> Term:
        now = read(call.context.utc).replace(tzinfo=None)
        sql = call.context.parameter(now, kind, f"now {kind} {now}")
        if kind == DATETIME:
            sql = moments.rounded(sql, DATETIME2, DATETIME, failure)
        return Term(sql, kind, nullable=False)

    return Function(usage, "", write)


FROM_PARTS = (
    f"CASE WHEN {{0}} NOT BETWEEN 1 AND 9999 THEN {failure(289, 'date')} "
    "ELSE make_date({0}, {1}, {2}) END"
)
FUNCTIONS = (
    clock("GETDATE(): local time", DATETIME, datetime.astimezone),
    clock("CURRENT_TIMESTAMP: GETDATE()", DATETIME, datetime.astimezone),
    clock("GETUTCDATE()", DATETIME),
    clock("SYSDATETIME(): local time, to the microsecond", DATETIME2, datetime.astimezone),
    clock("SYSUTCDATETIME(): to the microsecond", DATETIME2),
    Function("DATEADD(datepart, number, date)", "id", date_add),
    Function("DATEDIFF(datepart, start, end)", "mm", date_diff),
    Function("DATEPART(datepart, date)", "m", date_part),
    simple("YEAR(date)", "m", INT, "CAST(year({0}) AS INTEGER)"),
    simple("MONTH(date)", "m", INT, "CAST(month({0}) AS INTEGER)"),
    simple("DAY(date)", "m", INT, "CAST(day({0}) AS INTEGER)"),
    simple("EOMONTH(date)", "m[x]", DATE, "last_day({0})"),
    simple("DATEFROMPARTS(year, month, day)", "iii", DATE, FROM_PARTS),
)
