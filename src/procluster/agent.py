"""The SQL Server Agent job that refreshes the segmentation: its T-SQL, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from procluster.catalog import templates
from procluster.errors import DataError, DeploymentError
from procluster.generator.quoting import identifier, literal, trusted
from procluster.generator.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from procluster.deploy.connection import Connection, Result
    from procluster.settings import Settings

__all__ = [
    "NO_AGENT",
    "Job",
    "Schedule",
    "install_script",
    "remove_script",
    "run",
    "show_script",
    "standing",
]

WEEKDAYS: Final = {
    "sunday": 1,
    "monday": 2,
    "tuesday": 4,
    "wednesday": 8,
    "thursday": 16,
    "friday": 32,
    "saturday": 64,
}
"""What sp_add_jobschedule adds up to @freq_interval when @freq_type is 8, weekly."""

DAILY, WEEKLY = 4, 8
OUTCOMES: Final = {0: "failed", 1: "succeeded", 2: "retried", 3: "cancelled", 4: "in progress"}
"""run_status of sp_help_jobhistory."""

NAME_LENGTH, DESCRIPTION_LENGTH = 128, 512
RUNS_SHOWN = 5

NO_AGENT: Final = (
    "job: the embedded engine has no SQL Server Agent. Give a --target that is a server, "
    'or let cron run: procluster sql -Q "EXEC seg.refresh @with_result = 0;"'
)

DESCRIPTION: Final = (
    "Brings the customer segmentation up to date; its log is {seg}.run. Made by procluster."
)


@dataclass(frozen=True)
class Schedule:
    """When the job runs, by the server's clock.

    Attributes
    ----------
    hour, minute : int
    weekdays : tuple of str
        Names in English, small letters; every day when empty.

    Examples
    --------
    >>> str(Schedule.parse("3:05"))
    'every day at 03:05'
    >>> Schedule.parse("23:00", ["friday", "monday"]).interval
    34
    """

    hour: int = 3
    minute: int = 0
    weekdays: tuple[str, ...] = ()

    @classmethod
    def parse(cls, time: str, weekdays: Sequence[str] = ()) -> Schedule:
        """Read ``HH:MM`` and names of weekdays.

        Raises
        ------
        DataError
            One of them is none; all that are wrong are named.
        """
        hour, _, minute = time.partition(":")
        faults = [
            f"{day!r} is no weekday. Allowed: {', '.join(WEEKDAYS)}."
            for day in weekdays
            if day.lower() not in WEEKDAYS
        ]
        is_time = hour.isdecimal() and minute.isdecimal() and len(minute) == 2
        if not (is_time and int(hour) < 24 and int(minute) < 60):
            faults.insert(0, f"{time!r} is no time of day. Allowed: 00:00 to 23:59.")
        if faults:
            raise DataError("\n".join(f"schedule: {fault}" for fault in faults))
        chosen = {day.lower() for day in weekdays}
        return cls(int(hour), int(minute), tuple(day for day in WEEKDAYS if day in chosen))

    @property
    def interval(self) -> int:
        """@freq_interval: every day, or the sum of the weekdays' numbers."""
        return sum(WEEKDAYS[day] for day in self.weekdays) or 1

    def __str__(self) -> str:
        days = " and ".join(day.title() for day in self.weekdays)
        return f"every {days or 'day'} at {self.hour:02}:{self.minute:02}"


@dataclass(frozen=True)
class Job:
    """The job, as its owner wants it.

    Attributes
    ----------
    name : str
        Empty for one made of the schema's and the database's names.
    owner : str
        A login; empty for whoever installs it. Only sysadmin may name another.
    retries, retry_minutes : int
        How often a failed step is tried again, and how long after.
    """

    schedule: Schedule = field(default_factory=Schedule)
    name: str = ""
    owner: str = ""
    category: str = "procluster"
    retries: int = 2
    retry_minutes: int = 10

    def __post_init__(self) -> None:
        faults = []
        if "%" in self.name:
            faults.append(f"name: {self.name!r} holds a %. msdb allows none.")
        faults += [
            f"{what}: {value!r} has {len(value)} characters. Allowed: up to {NAME_LENGTH}."
            for what, value in (("name", self.name), ("owner", self.owner))
            if len(value) > NAME_LENGTH
        ]
        if faults:
            raise DataError("\n".join(faults))


def install_script(settings: Settings, job: Job) -> str:
    """The T-SQL, one batch, that makes the job or brings it up to date.

    Examples
    --------
    >>> from procluster.settings import Settings
    >>> "sp_add_jobstep" in install_script(Settings(), Job())
    True
    """
    seg = identifier(settings.schema)
    schedule = job.schedule
    return render(
        templates(),
        "agent/install.sql.j2",
        {
            **_place(settings, job.name),
            "owner": literal(job.owner) if job.owner else trusted("NULL"),
            "category": literal(job.category),
            "description": literal(DESCRIPTION.format(seg=seg)[:DESCRIPTION_LENGTH]),
            # One line in words: Agent's history keeps 1,024 characters and no result sets.
            "command": literal(f"EXEC {seg}.refresh @with_result = 0;"),
            "schedule_words": trusted(str(schedule)),
            "freq_type": WEEKLY if schedule.weekdays else DAILY,
            "freq_interval": schedule.interval,
            "freq_recurrence_factor": 1 if schedule.weekdays else 0,
            "active_start_time": schedule.hour * 10000 + schedule.minute * 100,
            "retry_attempts": job.retries,
            "retry_minutes": job.retry_minutes,
        },
    )


def remove_script(settings: Settings, name: str = "") -> str:
    """The T-SQL, one batch, that removes the job."""
    return render(templates(), "agent/remove.sql.j2", _place(settings, name))


def show_script(settings: Settings, name: str = "") -> str:
    """The T-SQL, one batch, that shows the job, its schedules and its history."""
    return render(templates(), "agent/show.sql.j2", _place(settings, name))


def run(connection: Connection, script: str) -> list[Result]:
    """Run one of the scripts on a server.

    Raises
    ------
    DeploymentError
        There is no SQL Server Agent: the database is the embedded engine's.
    SqlError
        What SQL Server said.
    """
    (answer,) = connection.query("SELECT CAST(SERVERPROPERTY(N'Edition') AS nvarchar(128));")
    if "embedded engine" in str(answer.rows[0][0]):
        raise DeploymentError(NO_AGENT)
    return connection.query(script)


def standing(results: Sequence[Result]) -> Iterator[str]:
    """How the job stands, line by line, from what its show script returned.

    sp_help_job, sp_help_jobschedule and sp_help_jobhistory return more columns with each release,
    so they are taken by name.
    """
    job, schedules, history = (list(_records(result)) for result in results)
    for one in job:
        yield f"job       {one['name']}{_disabled(one)}"
        yield f"owner     {one['owner']}"
        yield f"category  {one['category']}"
    for one in schedules:
        following = _moment(one["next_run_date"], one["next_run_time"])
        yield f"schedule  {one['schedule_name']}{_disabled(one)}" + (
            f", next {following}" if following else ""
        )
    if not history:
        yield "runs      none yet"
    for one in history[:RUNS_SHOWN]:
        what = "job" if one["step_id"] == 0 else f"step {one['step_id']}"
        outcome = OUTCOMES.get(int(str(one["run_status"])), "unknown")
        yield f"{_moment(one['run_date'], one['run_time'])}  {what} {outcome}: {one['message']}"


def _place(settings: Settings, name: str) -> dict[str, object]:
    seg = identifier(settings.schema)
    return {"seg": seg, "name": literal(name) if name else ""}


def _records(result: Result) -> Iterator[dict[str, object]]:
    return (dict(zip(result.columns, row, strict=True)) for row in result.rows)


def _disabled(record: dict[str, object]) -> str:
    return "" if record["enabled"] else " (disabled)"


def _moment(date: object, time: object) -> str:
    """A date as YYYYMMDD and a time as HHMMSS, both numbers; 0 where there is none."""
    day, clock = f"{date or 0:08}", f"{time or 0:06}"
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}" if date else ""
