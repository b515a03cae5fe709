"""Deploying: what may not be done, the lock, the history."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest
from application import FIRST, NARROWER, SECOND, release, script, snapshot, statuses

from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.connection import Connection
from procluster.deploy.history import latest, list_deployments, recorded_at
from procluster.deploy.lock import exclusive
from procluster.deploy.plan import make_plan
from procluster.errors import DeploymentError

Connect = Callable[[], Connection]
DRIFT = "ALTER PROCEDURE app.look AS SELECT 2 AS x;"


def test_deployment_gives_its_number(deployed: Connection) -> None:
    assert install(deployed, SECOND) == 2


def test_deployment_keeps_the_rows(deployed: Connection) -> None:
    install(deployed, SECOND)

    [rows] = deployed.query("SELECT item_id, name, price FROM app.item ORDER BY item_id;")
    assert rows.rows == ((1, "cup", 0), (2, None, 0))


def test_deployment_runs_the_text_that_was_hashed(deployed: Connection) -> None:
    recorded = latest(deployed, FIRST)

    for one in FIRST.scripts:
        kept = recorded[one.kind, one.name]
        assert (kept.sha256, kept.definition) == (one.sha256, one.text)
        assert hashlib.sha256(kept.definition.encode()).hexdigest() == one.sha256


def test_deployment_counts_the_versions_of_an_object(deployed: Connection) -> None:
    install(deployed, SECOND)

    recorded = latest(deployed, SECOND)
    assert recorded["procedure", "app.look"].version == 2
    assert recorded["table", "app.deployment"].version == 1


def test_deployment_records_who_when_and_how_long(deployed: Connection) -> None:
    [entry] = list_deployments(deployed, FIRST)

    assert (entry.action, entry.status, entry.tool_version) == ("deploy", "succeeded", "9.9")
    assert entry.login_name
    assert entry.duration_ms is not None
    assert 0 <= entry.duration_ms < 60_000
    assert entry.objects == len(FIRST.scripts)


def test_deployment_forgets_what_it_removed(deployed: Connection) -> None:
    install(deployed, SECOND)

    assert ("procedure", "app.old") not in latest(deployed, SECOND)


def test_deployment_stops_at_drift(deployed: Connection) -> None:
    deployed.query(DRIFT)
    before = snapshot(deployed)

    with pytest.raises(DeploymentError, match=r"app\.look: altered by hand"):
        install(deployed, SECOND)

    assert snapshot(deployed) == before


def test_deployment_overwrites_drift_when_told(deployed: Connection) -> None:
    deployed.query(DRIFT)

    install(deployed, FIRST, Permission(overwrite_drift=True))

    assert make_plan(deployed, FIRST).is_empty


def test_deployment_keeps_what_was_added_to_a_table(deployed: Connection) -> None:
    deployed.query("ALTER TABLE app.item ADD note int NULL;")

    install(deployed, FIRST, Permission(overwrite_drift=True))

    assert make_plan(deployed, FIRST).is_empty
    assert deployed.query("SELECT note FROM app.item;")[0].rows == ((None,), (None,))


def test_deployment_does_not_pass_over_a_column_that_it_cannot_bring_back(
    deployed: Connection,
) -> None:
    deployed.query("ALTER TABLE app.item DROP COLUMN name;")

    with pytest.raises(DeploymentError, match=r"no step brings back name nvarchar\(20\) NULL"):
        install(deployed, FIRST, Permission(overwrite_drift=True))

    assert make_plan(deployed, FIRST).of("drifted")


def test_deployment_brings_a_dropped_table_back(deployed: Connection) -> None:
    deployed.query("DROP VIEW app.items; DROP TABLE app.item;")

    install(deployed, FIRST, Permission(overwrite_drift=True))

    assert make_plan(deployed, FIRST).is_empty


def test_deployment_gives_back_a_permission_that_was_taken(deployed: Connection) -> None:
    deployed.query("REVOKE SELECT ON OBJECT::app.items FROM app_reader;")

    install(deployed, FIRST, Permission(overwrite_drift=True))

    assert make_plan(deployed, FIRST).is_empty


def test_deployment_stops_at_data_loss_and_names_the_rows(deployed: Connection) -> None:
    before = snapshot(deployed)

    with pytest.raises(DeploymentError, match="item_id = 1, name = cup"):
        install(deployed, release(*FIRST.scripts[3:4], script("item", "table", NARROWER)))

    assert snapshot(deployed) == before


def test_deployment_loses_data_when_told(deployed: Connection) -> None:
    narrower = release(script("item", "table", NARROWER))

    install(deployed, narrower, Permission(allow_data_loss=True))

    [columns] = deployed.query("SELECT TOP (0) * FROM app.item;")
    assert columns.columns == ("item_id",)


def test_deployment_of_a_plan_that_no_longer_holds_is_refused(
    connect_again: Connect, deployed: Connection
) -> None:
    plan = make_plan(deployed, SECOND)
    install(connect_again(), SECOND)

    with pytest.raises(DeploymentError, match="no longer holds"):
        Deployment(deployed, SECOND).run(plan)


def test_deployment_waits_for_another_one_and_then_says_so(
    connect_again: Connect, deployed: Connection
) -> None:
    plan = make_plan(deployed, SECOND)

    with (
        exclusive(connect_again(), "app", 0),
        pytest.raises(DeploymentError, match="another deployment holds the lock"),
    ):
        Deployment(deployed, SECOND, lock_timeout=0).run(plan)


def test_deployment_gives_the_lock_back_after_a_failure(
    connect_again: Connect, deployed: Connection
) -> None:
    with pytest.raises(DeploymentError):
        install(deployed, release(script("broken", "procedure", "x y z")), Permission(True, True))

    with exclusive(connect_again(), "app", 0):
        pass


def test_two_deployers_at_once_deploy_once(connect_again: Connect, deployed: Connection) -> None:
    plan = make_plan(deployed, SECOND)
    connections = [connect_again(), connect_again()]
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def run(connection: Connection) -> None:
        start.wait()
        try:
            outcomes.append(Deployment(connection, SECOND, lock_timeout=300).run(plan))
        except DeploymentError as error:
            outcomes.append(str(error).split(",")[0])

    threads = [threading.Thread(target=run, args=(one,)) for one in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == ["2", "plan: no longer holds"]
    assert [status for _, status, _ in statuses(deployed)] == ["succeeded", "succeeded"]


def test_history_that_somebody_changed_is_not_rolled_back_to(deployed: Connection) -> None:
    deployed.query(
        "UPDATE app.deployment_object SET definition = N'DROP TABLE app.item;' "
        "WHERE object_name = N'app.look';"
    )

    with pytest.raises(DeploymentError, match=r"app\.look is not the one that was hashed"):
        recorded_at(deployed, FIRST, 1)


def test_history_lists_the_latest_first(deployed: Connection) -> None:
    install(deployed, SECOND)

    assert [one.deployment_id for one in list_deployments(deployed, FIRST)] == [2, 1]


def test_history_of_an_empty_database_is_empty(connection: Connection) -> None:
    assert list_deployments(connection, FIRST) == []
