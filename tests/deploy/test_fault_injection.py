"""Everything or nothing: a fault at every single statement of a deployment and a rollback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from application import FIRST, SCHEMA, SECOND, snapshot, statuses
from faults import FAULTS, Fault, FaultyConnection

from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.connection import Connection, Result
from procluster.deploy.lock import exclusive
from procluster.deploy.plan import make_plan
from procluster.deploy.release import Release
from procluster.deploy.rollback import earlier_release
from procluster.deploy.uninstall import uninstall_plan
from procluster.errors import ConnectError, DeploymentError, SqlError

Connect = Callable[[], Connection]
STOPS = (ConnectError, DeploymentError, SqlError)


def attempt(connect: Connect, release: Release, at: int, fault: Fault, action: str) -> bool | None:
    """Deploy with a fault at one statement; True, False when it failed, None without a fault."""
    faulty = FaultyConnection(connect(), at, fault)
    try:
        plan = make_plan(faulty, release)
        Deployment(faulty, release, action, reconnect=connect).run(plan)
    except STOPS:
        return False
    finally:
        faulty.close()
    return True if faulty.struck else None


def settled(watcher: Connection) -> list[Any]:
    """What is there once the session of a connection that was cut has ended."""
    with exclusive(watcher, SCHEMA, 30):
        return snapshot(watcher)


def every_statement(
    connect: Connect, release: Release, fault: Fault, action: str
) -> tuple[int, int]:
    """Try a fault at statement 1, 2, ... and compare; how many failed, and on record.

    Ends with the first attempt that succeeds, which leaves what a faultless one leaves.
    """
    watcher = connect()
    before, failures = settled(watcher), 0
    while True:
        ended = attempt(connect, release, failures + 1, fault, action)
        if ended is not False:
            break
        failures += 1
        assert settled(watcher) == before, f"statement {failures}"
    assert settled(watcher) != before
    assert make_plan(watcher, release).is_empty
    return failures, len([one for one in statuses(watcher) if one[1] == "failed"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_deployment_that_fails_anywhere_changes_nothing(
    connect_again: Connect, deployed: Connection, fault: Fault
) -> None:
    failures, recorded = every_statement(connect_again, SECOND, fault, "deploy")

    assert failures >= 25
    assert recorded >= 20


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_rollback_that_fails_anywhere_changes_nothing(
    connect_again: Connect, deployed: Connection, fault: Fault
) -> None:
    install(deployed, SECOND)

    failures, recorded = every_statement(
        connect_again, earlier_release(deployed, SECOND, 1), fault, "rollback"
    )

    assert failures >= 25
    assert recorded >= 20


@pytest.mark.parametrize("fault", FAULTS)
def test_first_deployment_that_fails_leaves_its_record_alone(
    connect_again: Connect, connection: Connection, fault: Fault
) -> None:
    last = next(
        number for number, script in enumerate(FIRST.scripts, 1) if script.name == "app.grants"
    )

    # Before the scripts: two queries of the plan, the lock, two of the plan, the clock, SET, BEGIN.
    assert attempt(connect_again, FIRST, 9 + last, fault, "deploy") is False

    [objects] = connection.query(
        "SELECT o.name FROM sys.objects AS o WHERE o.schema_id = SCHEMA_ID(N'app') "
        "AND o.type IN ('U', 'V', 'P') ORDER BY 1;"
    )
    assert [name for (name,) in objects.rows] == ["deployment", "deployment_object"]
    assert [(action, status) for action, status, _ in statuses(connection)] == [
        ("deploy", "failed")
    ]


def test_failed_deployment_says_which_object_and_why(deployed: Connection) -> None:
    broken = replace(
        SECOND,
        scripts=tuple(
            replace(one, text="CREATE OR ALTER VIEW app.items AS SELECT 1 / ;")
            if one.name == "app.items"
            else one
            for one in SECOND.scripts
        ),
    )

    with pytest.raises(DeploymentError) as caught:
        install(deployed, broken)

    said = str(caught.value)
    assert said.startswith("app.items: Msg 102")
    assert "Nothing was changed. The attempt is on record as deployment 2." in said
    assert statuses(deployed)[-1][2].startswith("app.items: Msg 102")


def test_failed_deployment_can_be_done_again(deployed: Connection) -> None:
    broken = replace(SECOND, scripts=(*SECOND.scripts, replace(SECOND.scripts[-1], text="x y z")))
    with pytest.raises(DeploymentError):
        install(deployed, broken)

    assert install(deployed, SECOND) == 3


def test_first_deployment_that_failed_can_be_done_again(connection: Connection) -> None:
    broken = replace(FIRST, scripts=(*FIRST.scripts, replace(FIRST.scripts[-1], text="x y z")))
    with pytest.raises(DeploymentError):
        install(connection, broken)

    assert install(connection, FIRST) == 2


class CutAfterCommit(FaultyConnection):
    """Cut when the COMMIT was done and before anybody hears of it."""

    def query(self, batch: str) -> list[Result]:
        self._left = 1 if batch.startswith("COMMIT") else 2
        return super().query(batch)


def test_commit_that_was_done_but_not_heard_of_is_a_success(
    connect_again: Connect, deployed: Connection
) -> None:
    cut = CutAfterCommit(connect_again(), 2, "cut after")

    number = Deployment(cut, SECOND, reconnect=connect_again).run(make_plan(deployed, SECOND))

    assert number == 2
    assert make_plan(deployed, SECOND).is_empty


def test_uninstall_of_everything_that_was_not_heard_of_is_a_success(
    connect_again: Connect, deployed: Connection
) -> None:
    """There is no history left to look it up in, and none is made for a failure."""
    cut = CutAfterCommit(connect_again(), 2, "cut after")
    plan = uninstall_plan(deployed, FIRST, drop_data=True)

    number = Deployment(
        cut, FIRST, "uninstall", permission=Permission(False, True), reconnect=connect_again
    ).run(plan, lambda: uninstall_plan(cut, FIRST, drop_data=True))

    assert number is None
    assert deployed.query("SELECT SCHEMA_ID(N'app');")[0].rows == ((None,),)


def test_lost_connection_without_another_one_is_an_error(
    connect_again: Connect, deployed: Connection
) -> None:
    plan = make_plan(deployed, SECOND)

    with pytest.raises(ConnectError):
        Deployment(FaultyConnection(connect_again(), 12, "cut before"), SECOND).run(plan)

    assert make_plan(deployed, SECOND) == plan
