"""What a plan says."""

from __future__ import annotations

import json

import pytest
from application import FIRST, NARROWER, OLD, SECOND, release, script

from procluster.deploy.apply import install
from procluster.deploy.connection import Connection
from procluster.deploy.plan import Change, Plan, make_plan
from procluster.deploy.report import as_json, as_markdown, as_text


def of(plan: Plan, name: str) -> Change:
    return next(one for one in plan.changes if one.name == name)


def test_plan_of_an_empty_database_creates_everything(connection: Connection) -> None:
    plan = make_plan(connection, FIRST)

    assert {one.status for one in plan.changes} == {"created"}
    assert plan.exit_code == 2


def test_plan_after_a_deployment_has_nothing_to_do(deployed: Connection) -> None:
    plan = make_plan(deployed, FIRST)

    assert (plan.is_empty, plan.exit_code) == (True, 0)


def test_plan_names_what_changed_and_how(deployed: Connection) -> None:
    change = of(make_plan(deployed, SECOND), "app.look")

    assert change.status == "changed"
    assert "-    SELECT COUNT(*) AS found\n+    SELECT SUM(price) AS found" in change.diff


def test_plan_removes_what_is_no_longer_rendered(deployed: Connection) -> None:
    change = of(make_plan(deployed, SECOND), "app.old")

    assert (change.status, change.steps) == ("removed", ("DROP PROCEDURE app.old;",))


def test_plan_leaves_the_rest_alone(deployed: Connection) -> None:
    assert of(make_plan(deployed, SECOND), "app.deployment").status == "unchanged"


def test_plan_changes_nothing(deployed: Connection) -> None:
    before = make_plan(deployed, SECOND)

    assert make_plan(deployed, SECOND) == before


@pytest.mark.parametrize(
    ("by_hand", "name", "reason"),
    [
        ("ALTER PROCEDURE app.look AS SELECT 2 AS x;", "app.look", "altered by hand"),
        ("DROP VIEW app.items;", "app.items", "dropped by hand"),
        ("ALTER TABLE app.item ADD note int NULL;", "app.item", "altered by hand"),
        ("CREATE INDEX ix_name ON app.item (name);", "app.item", "altered by hand"),
        (
            "REVOKE SELECT ON OBJECT::app.items FROM app_reader;",
            "app.grants",
            "taken away by hand: GRANT SELECT ON OBJECT::app.items TO app_reader",
        ),
        (
            "GRANT DELETE ON OBJECT::app.item TO app_reader;",
            "app.grants",
            "given by hand: GRANT DELETE ON OBJECT::app.item TO app_reader",
        ),
    ],
)
def test_plan_names_drift(deployed: Connection, by_hand: str, name: str, reason: str) -> None:
    deployed.query(by_hand)

    plan = make_plan(deployed, FIRST)

    assert (of(plan, name).status, of(plan, name).reason) == ("drifted", reason)
    assert plan.exit_code == 3


def test_plan_shows_what_was_altered_by_hand(deployed: Connection) -> None:
    deployed.query("ALTER TABLE app.item ADD note int NULL;")

    assert "+note int NULL" in of(make_plan(deployed, FIRST), "app.item").diff


def test_plan_counts_the_same_text_run_again_as_no_drift(deployed: Connection) -> None:
    """The server keeps CREATE where ALTER was run, and nothing of OR ALTER."""
    deployed.query(OLD)

    assert make_plan(deployed, FIRST).is_empty


def test_plan_leaves_permissions_on_other_objects_alone(deployed: Connection) -> None:
    deployed.query("CREATE TABLE dbo.procluster_own (a int NULL);")
    deployed.query("GRANT SELECT ON OBJECT::dbo.procluster_own TO app_reader;")
    try:
        assert make_plan(deployed, FIRST).is_empty
    finally:
        deployed.query("DROP TABLE dbo.procluster_own;")


def test_plan_of_an_object_of_unknown_origin_is_drift(connection: Connection) -> None:
    connection.query("CREATE SCHEMA app;")
    connection.query(OLD)

    change = of(make_plan(connection, FIRST), "app.old")

    assert change.reason == "there already, and not deployed by procluster"


def test_plan_names_the_rows_that_a_step_would_lose(deployed: Connection) -> None:
    narrower = release(script("item", "table", NARROWER))

    [line] = make_plan(deployed, narrower).losses

    assert line == "app.item: 1 row would be lost: item_id = 1, name = cup"


def test_plan_names_no_rows_when_the_step_was_taken(deployed: Connection) -> None:
    deployed.query("ALTER TABLE app.item DROP COLUMN name;")

    assert make_plan(deployed, release(script("item", "table", NARROWER))).losses == ()


def test_plan_names_the_rows_of_a_table_that_would_be_dropped(deployed: Connection) -> None:
    [line] = make_plan(deployed, release()).losses

    assert line.startswith("app.item: 2 rows would be lost")


def test_plan_as_json_has_the_exit_code_and_the_hash(deployed: Connection) -> None:
    document = json.loads(as_json(make_plan(deployed, SECOND), "dev"))

    [look] = [one for one in document["objects"] if one["name"] == "app.look"]
    assert (document["exit_code"], document["outcome"]) == (2, "changes")
    assert look["sha256"] == next(one.sha256 for one in SECOND.scripts if one.name == "app.look")


def test_plan_as_markdown_has_a_table_and_a_diff(deployed: Connection) -> None:
    text = as_markdown(make_plan(deployed, SECOND), "dev")

    assert "| `app.look` | procedure | changed |  |" in text
    assert "```diff\n--- app.look (recorded)" in text


def test_plan_as_text_counts(deployed: Connection) -> None:
    text = as_text(make_plan(deployed, SECOND), "dev")

    assert text.endswith("4 changed, 1 removed, 4 objects unchanged.")


def test_install_says_when_there_is_nothing_to_do(deployed: Connection) -> None:
    assert install(deployed, FIRST) is None
