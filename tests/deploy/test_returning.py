"""Rollback, uninstall, baseline."""

from __future__ import annotations

import pytest
from application import FIRST, GRANT, HISTORY, OLD, SECOND, TABLE, snapshot

from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.baseline import baseline_plan
from procluster.deploy.connection import Connection
from procluster.deploy.history import latest
from procluster.deploy.plan import make_plan
from procluster.deploy.release import Release
from procluster.deploy.rollback import earlier_release
from procluster.deploy.uninstall import uninstall_plan
from procluster.errors import DeploymentError


def roll_back(connection: Connection, to: int) -> Release:
    earlier = earlier_release(connection, SECOND, to)
    Deployment(connection, earlier, "rollback").run(make_plan(connection, earlier))
    return earlier


def uninstall(connection: Connection, *, drop_data: bool, overwrite_drift: bool = False) -> None:
    Deployment(
        connection, FIRST, "uninstall", permission=Permission(overwrite_drift, allow_data_loss=True)
    ).run(
        uninstall_plan(connection, FIRST, drop_data=drop_data),
        lambda: uninstall_plan(connection, FIRST, drop_data=drop_data),
    )


def baseline(connection: Connection) -> None:
    Deployment(connection, FIRST, "baseline").run(
        baseline_plan(connection, FIRST), lambda: baseline_plan(connection, FIRST)
    )


def test_rollback_brings_the_modules_back(deployed: Connection) -> None:
    before = deployed.query("SELECT OBJECT_DEFINITION(OBJECT_ID(N'app.look'));")
    install(deployed, SECOND)

    roll_back(deployed, 1)

    assert deployed.query("SELECT OBJECT_DEFINITION(OBJECT_ID(N'app.look'));") == before
    assert deployed.query("EXEC app.old;")[0].rows == ((1,),)


def test_rollback_leaves_tables_and_rows(deployed: Connection) -> None:
    install(deployed, SECOND)

    roll_back(deployed, 1)

    [rows] = deployed.query("SELECT item_id, price FROM app.item ORDER BY item_id;")
    assert rows.rows == ((1, 0), (2, 0))


def test_rollback_is_on_record_and_can_be_planned_on(deployed: Connection) -> None:
    install(deployed, SECOND)

    earlier = roll_back(deployed, 1)

    assert make_plan(deployed, earlier).is_empty
    assert not make_plan(deployed, SECOND).of("drifted")


def test_rollback_to_a_deployment_that_is_not_there_says_which_are(deployed: Connection) -> None:
    with pytest.raises(DeploymentError, match=r"deployment 7: is not in the history. Allowed: 1"):
        earlier_release(deployed, FIRST, 7)


def test_uninstall_keeps_tables_rows_and_history(deployed: Connection) -> None:
    uninstall(deployed, drop_data=False)

    [rows] = deployed.query("SELECT COUNT(*) FROM app.item;")
    assert rows.rows == ((2,),)
    [left] = deployed.query(
        "SELECT COUNT(*) FROM sys.objects WHERE schema_id = SCHEMA_ID(N'app') AND type <> 'U' "
        "AND type IN ('V', 'P');"
    )
    assert left.rows == ((0,),)


def test_uninstall_takes_permissions_on_the_whole_database_back(deployed: Connection) -> None:
    deployed.query("GRANT EXECUTE ANY EXTERNAL SCRIPT TO app_reader;")

    uninstall(deployed, drop_data=False, overwrite_drift=True)

    [left] = deployed.query(
        "SELECT COUNT(*) FROM sys.database_permissions AS p "
        "JOIN sys.database_principals AS r ON r.principal_id = p.grantee_principal_id "
        "WHERE r.name = N'app_reader' AND p.class = 0;"
    )
    assert left.rows == ((0,),)


def test_uninstall_can_be_undone_by_deploying(deployed: Connection) -> None:
    uninstall(deployed, drop_data=False)

    assert {one.status for one in make_plan(deployed, FIRST).changes} <= {
        "created",
        "changed",
        "unchanged",
    }
    install(deployed, FIRST)
    assert make_plan(deployed, FIRST).is_empty


def test_uninstall_with_data_leaves_nothing(deployed: Connection) -> None:
    deployed.query("CREATE ROLE procluster_marketing;")
    deployed.query("ALTER ROLE app_reader ADD MEMBER procluster_marketing;")
    try:
        uninstall(deployed, drop_data=True)

        [schema, role] = deployed.query(
            "SELECT SCHEMA_ID(N'app'); SELECT DATABASE_PRINCIPAL_ID(N'app_reader');"
        )
        assert (schema.rows, role.rows) == (((None,),), ((None,),))
    finally:
        deployed.query("DROP ROLE procluster_marketing;")


def test_uninstall_leaves_a_schema_that_holds_something_else(deployed: Connection) -> None:
    deployed.query("CREATE TABLE app.guest (a int NULL);")
    try:
        uninstall(deployed, drop_data=True)

        [found] = deployed.query("SELECT OBJECT_ID(N'app.guest') - OBJECT_ID(N'app.guest');")
        assert found.rows == ((0,),)
    finally:
        deployed.query("DROP TABLE app.guest;")


def test_uninstall_stops_at_an_object_of_unknown_origin(connection: Connection) -> None:
    connection.query("CREATE SCHEMA app;")
    connection.query(OLD)
    before = snapshot(connection)

    with pytest.raises(DeploymentError, match=r"app\.old: there already"):
        uninstall(connection, drop_data=False)

    assert snapshot(connection) == before


def test_baseline_takes_in_what_is_there(connection: Connection) -> None:
    for one in (*HISTORY, *FIRST.scripts):
        connection.query(one.text)

    baseline(connection)

    assert not make_plan(connection, FIRST).of("drifted", "created")
    assert latest(connection, FIRST)["procedure", "app.old"].status == "baseline"


def test_baseline_runs_nothing_but_the_history(connection: Connection) -> None:
    connection.query("CREATE SCHEMA app;")
    connection.query(TABLE)
    connection.query("CREATE PROCEDURE app.old AS SELECT 3 AS mine;")

    baseline(connection)

    assert connection.query("EXEC app.old;")[0].rows == ((3,),)


def test_baseline_accepts_what_was_changed_by_hand(deployed: Connection) -> None:
    deployed.query("ALTER PROCEDURE app.old AS SELECT 3 AS mine;")

    baseline(deployed)

    [change] = [one for one in make_plan(deployed, FIRST).changes if one.name == "app.old"]
    assert change.status == "changed"
    assert "-CREATE PROCEDURE app.old AS SELECT 3 AS mine;" in change.diff


def test_rollback_to_a_baseline_brings_a_plain_create_back(connection: Connection) -> None:
    connection.query("CREATE SCHEMA app;")
    connection.query("CREATE PROCEDURE app.old AS SELECT 3 AS mine;")
    baseline(connection)
    install(connection, FIRST)
    assert GRANT

    roll_back(connection, 1)

    assert connection.query("EXEC app.old;")[0].rows == ((3,),)
