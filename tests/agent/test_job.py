"""The SQL Agent job: what is installed, twice, changed by hand, broken off, shown and removed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from agent_server import AgentServer

from procluster import agent
from procluster.agent import Job, Schedule, install_script, remove_script, show_script
from procluster.deploy.embedded import EmbeddedConnection
from procluster.errors import DataError, DeploymentError
from procluster.local.database import Database
from procluster.settings import Settings

SETTINGS = Settings()
INSTALL = install_script(SETTINGS, Job())
HOSTILE = Settings(schema="se]g'[ment")
SCRIPTS = {
    "install": INSTALL,
    "weekly": install_script(
        SETTINGS, Job(Schedule(23, 15, ("monday",)), name="it's [mine]", owner="CONTOSO\\o'neil")
    ),
    "hostile": install_script(HOSTILE, Job()),
    "show": show_script(SETTINGS),
    "remove": remove_script(SETTINGS, "it's [mine]"),
}


@pytest.mark.parametrize("version", ["2017", "2019", "2022", "2025"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_job_scripts_parse(script: str, version: str) -> None:
    command = [str(Path(sys.executable).with_name("maxdop")), "--parser-version", version]

    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_job_scripts_read_what_the_agent_user_role_may(script: str) -> None:
    read = set(re.findall(r"(?:FROM|JOIN) msdb\.dbo\.(\w+)", script))

    # The grants of a real msdb: docs/permissions.md.
    assert read <= {"sysjobs_view", "syscategories"}


def test_install_makes_the_job(server: AgentServer) -> None:
    server.query(INSTALL)

    made = "SELECT name, enabled, category, owner, server FROM msdb_dbo.sysjobs_view;"
    assert server.rows(made) == [
        ("procluster seg.refresh in procluster", 1, "procluster", "dba", "(local)")
    ]


def test_install_says_what_it_did(server: AgentServer) -> None:
    said = []
    for _ in range(2):
        agent.run(server, INSTALL)
        said += server.messages

    assert [one.partition("' ")[2] for one in said] == [
        "made: every day at 03:00, in category procluster.",
        "brought up to date: every day at 03:00, in category procluster.",
    ]


def test_install_makes_one_step_whose_failure_is_the_jobs(server: AgentServer) -> None:
    server.query(INSTALL)

    steps = (
        "SELECT step_id, subsystem, command, database_name, on_success_action, on_fail_action, "
        "retry_attempts, retry_interval FROM msdb_dbo.sysjobsteps;"
    )
    assert server.rows(steps) == [
        (1, "TSQL", "EXEC seg.refresh @with_result = 0;", "procluster", 1, 2, 2, 10)
    ]


@pytest.mark.parametrize(
    ("schedule", "row"),
    [
        (Schedule(), ("every day at 03:00", 4, 1, 1, 0, 30000)),
        (
            Schedule.parse("23:15", ["Friday", "monday"]),
            ("every Monday and Friday at 23:15", 8, 34, 1, 1, 231500),
        ),
        (Schedule.parse("00:00"), ("every day at 00:00", 4, 1, 1, 0, 0)),
    ],
)
def test_install_schedules(server: AgentServer, schedule: Schedule, row: tuple[object]) -> None:
    server.query(install_script(SETTINGS, Job(schedule)))

    query = (
        "SELECT name, freq_type, freq_interval, freq_subday_type, freq_recurrence_factor, "
        "active_start_time FROM msdb_dbo.sysschedules;"
    )
    assert server.rows(query) == [row]


def test_install_twice_is_as_once(server: AgentServer) -> None:
    server.query(INSTALL)
    once = server.content()

    server.query(INSTALL)

    assert server.content() == once


def test_install_again_changes_what_is_named(server: AgentServer) -> None:
    server.query(INSTALL)

    server.query(
        install_script(SETTINGS, Job(Schedule(4, 30), owner="crm", retries=5, retry_minutes=1))
    )

    assert server.rows("SELECT owner FROM msdb_dbo.sysjobs_view;") == [("crm",)]
    assert server.rows("SELECT retry_attempts, retry_interval FROM msdb_dbo.sysjobsteps;") == [
        (5, 1)
    ]
    assert server.rows("SELECT name, active_start_time FROM msdb_dbo.sysschedules;") == [
        ("every day at 04:30", 43000)
    ]


def test_install_again_keeps_what_the_dba_changed(server: AgentServer) -> None:
    server.query(INSTALL)
    server.query("UPDATE msdb_dbo.sysjobs_view SET enabled = 0, owner = N'crm';")
    server.query("UPDATE msdb_dbo.sysschedules SET enabled = 0;")
    server.query(
        "UPDATE msdb_dbo.sysjobsteps SET on_success_action = 3;"
        "INSERT INTO msdb_dbo.sysjobsteps SELECT job_id, 2, N'mail', N'TSQL', N'EXEC dbo.mail;', "
        "1, 2, database_name, 0, 0 FROM msdb_dbo.sysjobsteps;"
    )
    before = server.content()

    server.query(INSTALL)

    assert server.content() == before


def test_install_makes_a_schedule_that_was_taken_away(server: AgentServer) -> None:
    server.query(INSTALL)
    server.query("DELETE FROM msdb_dbo.sysjobschedules; DELETE FROM msdb_dbo.sysschedules;")

    server.query(INSTALL)

    assert server.rows("SELECT name FROM msdb_dbo.sysschedules;") == [("every day at 03:00",)]


@pytest.mark.parametrize(
    "procedure", ["sp_add_job", "sp_add_jobserver", "sp_add_jobstep", "sp_add_jobschedule"]
)
def test_install_that_fails_leaves_nothing(server: AgentServer, procedure: str) -> None:
    before = server.content()
    server.fail_in(procedure)

    server.error_of(INSTALL)

    assert server.content() == before


@pytest.mark.parametrize("procedure", ["sp_update_jobstep", "sp_update_schedule"])
def test_update_that_fails_leaves_the_job_as_it_was(server: AgentServer, procedure: str) -> None:
    server.query(INSTALL)
    before = server.content()
    server.fail_in(procedure)

    server.error_of(install_script(SETTINGS, Job(Schedule(5, 0), retries=9)))

    assert server.content() == before


def test_install_by_no_sysadmin_uses_the_category_there_is(server: AgentServer) -> None:
    server.query("UPDATE msdb_dbo.caller SET login_name = N'deployer', is_sysadmin = 0;")

    server.query(INSTALL)

    assert server.rows("SELECT category, owner FROM msdb_dbo.sysjobs_view;") == [
        ("[Uncategorized (Local)]", "deployer")
    ]


def test_install_in_another_database_is_refused(server: AgentServer) -> None:
    server.query("DROP PROCEDURE seg.refresh;")

    error = server.error_of(INSTALL)

    assert error.message == (
        "seg.refresh: is not in database procluster. Deploy it there first, or run this in the "
        "database that has it."
    )
    assert server.rows("SELECT COUNT(*) FROM msdb_dbo.sysjobs_view;") == [(0,)]


def test_install_quotes_what_it_is_given(server: AgentServer) -> None:
    name, owner = "it's [mine]; DROP TABLE x", "CONTOSO\\o'neil"
    server.query("CREATE SCHEMA [se]]g'[ment];")
    server.query("CREATE PROCEDURE [se]]g'[ment].refresh AS RETURN;")

    server.query(install_script(HOSTILE, Job(name=name, owner=owner)))

    assert server.rows("SELECT name, owner FROM msdb_dbo.sysjobs_view;") == [(name, owner)]
    assert server.rows("SELECT command FROM msdb_dbo.sysjobsteps;") == [
        ("EXEC [se]]g'[ment].refresh @with_result = 0;",)
    ]


def test_remove_takes_the_job_and_its_schedule(server: AgentServer) -> None:
    before = server.content()
    server.query(INSTALL)

    server.query(remove_script(SETTINGS))

    assert {**server.content(), "syscategories": before["syscategories"]} == before


def test_remove_without_a_job_says_so(server: AgentServer) -> None:
    agent.run(server, remove_script(SETTINGS))

    assert server.messages == [
        "Job 'procluster seg.refresh in procluster' is not there: nothing to remove."
    ]


def test_show_says_how_the_job_stands(server: AgentServer) -> None:
    server.query(INSTALL)

    lines = list(agent.standing(agent.run(server, show_script(SETTINGS))))

    assert lines == [
        "job       procluster seg.refresh in procluster",
        "owner     dba",
        "category  procluster",
        "schedule  every day at 03:00, next 2026-11-26 03:00",
        "2026-11-25 03:00  job failed: The job failed. The Job was invoked by Schedule 1.",
        (
            "2026-11-25 03:00  step 1 failed: dbo.store_sales: no row has a customer. "
            "[SQLSTATE 42000] (Error 50004)."
        ),
    ]


def test_show_without_a_job_is_an_error(server: AgentServer) -> None:
    error = server.error_of(show_script(SETTINGS))

    assert error.message.startswith("Job 'procluster seg.refresh in procluster' is not there")


def test_job_on_the_embedded_engine_is_refused_in_words() -> None:
    with Database() as database, pytest.raises(DeploymentError, match="has no SQL Server Agent"):
        agent.run(EmbeddedConnection(database.connect()), INSTALL)


def test_schedule_names_every_fault() -> None:
    with pytest.raises(DataError) as caught:
        Schedule.parse("24:00", ["mon", "friday", "day"])

    assert str(caught.value).splitlines() == [
        "schedule: '24:00' is no time of day. Allowed: 00:00 to 23:59.",
        (
            "schedule: 'mon' is no weekday. Allowed: sunday, monday, tuesday, wednesday, thursday, "
            "friday, saturday."
        ),
        (
            "schedule: 'day' is no weekday. Allowed: sunday, monday, tuesday, wednesday, thursday, "
            "friday, saturday."
        ),
    ]


@pytest.mark.parametrize(("name", "owner"), [("50 %", ""), ("x" * 129, ""), ("", "x" * 129)])
def test_job_refuses_names_that_msdb_refuses(name: str, owner: str) -> None:
    with pytest.raises(DataError):
        Job(name=name, owner=owner)
