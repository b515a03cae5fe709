"""A deployment as one .sql file, run as sqlcmd runs it: batch after batch, whatever fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from application import FIRST, SECOND, snapshot

from procluster.deploy.connection import Connection
from procluster.deploy.lock import exclusive
from procluster.deploy.plain import plain_script
from procluster.deploy.plan import Plan, make_plan
from procluster.errors import SqlError
from procluster.local.lexer import split_batches


def run(connection: Connection, script: str) -> list[SqlError]:
    """Run every batch; give the errors."""
    outcomes = [attempt(connection, batch.text) for batch in split_batches(script)]
    return [error for error in outcomes if error]


def attempt(connection: Connection, batch: str) -> SqlError | None:
    try:
        connection.query(batch)
    except SqlError as error:
        return error
    return None


def broken(plan: Plan, name: str, text: str) -> Plan:
    """The plan with another text for one object."""
    return Plan(
        tuple(replace(one, steps=(text,)) if one.name == name else one for one in plan.changes)
    )


def test_script_deploys(deployed: Connection) -> None:
    errors = run(deployed, plain_script(SECOND, make_plan(deployed, SECOND), "dev"))

    assert errors == []
    assert make_plan(deployed, SECOND).is_empty


def test_script_into_an_empty_database_deploys(connection: Connection) -> None:
    run(connection, plain_script(FIRST, make_plan(connection, FIRST), "dev"))

    assert make_plan(connection, FIRST).is_empty


def test_script_leaves_drift_to_be_found(deployed: Connection) -> None:
    run(deployed, plain_script(SECOND, make_plan(deployed, SECOND), "dev"))
    deployed.query("ALTER PROCEDURE app.look AS SELECT 2 AS x;")

    assert [one.name for one in make_plan(deployed, SECOND).of("drifted")] == ["app.look"]


@pytest.mark.parametrize(
    "text",
    ["CREATE OR ALTER VIEW app.items AS SELECT FROM;", "THROW 50000, N'planted', 1;"],
    ids=["does not compile", "fails"],
)
def test_script_that_fails_changes_nothing(deployed: Connection, text: str) -> None:
    before = snapshot(deployed)
    plan = broken(make_plan(deployed, SECOND), "app.items", text)

    errors = run(deployed, plain_script(SECOND, plan, "dev"))

    assert errors
    assert snapshot(deployed) == before


def test_script_gives_the_lock_back_after_a_failure(deployed: Connection) -> None:
    plan = broken(make_plan(deployed, SECOND), "app.items", "THROW 50000, N'planted', 1;")

    run(deployed, plain_script(SECOND, plan, "dev"))

    [mode] = deployed.query(
        "SELECT APPLOCK_MODE(N'public', N'procluster.app.deployment', N'Session');"
    )
    assert mode.rows == (("NoLock",),)


def test_script_does_nothing_while_somebody_deploys(
    connect_again: Callable[[], Connection], deployed: Connection
) -> None:
    before = snapshot(deployed)
    script = plain_script(SECOND, make_plan(deployed, SECOND), "dev")

    with exclusive(connect_again(), "app", 0):
        errors = run(deployed, script.replace("@LockTimeout = 10000", "@LockTimeout = 0"))

    assert [error.message for error in errors][:1] == [
        "Another deployment holds the lock. Wait for it to end."
    ]
    assert snapshot(deployed) == before
