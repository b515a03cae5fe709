"""Verifying: deployed, recorded and rendered are the same, and it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from application import FIRST, SECOND

from procluster.deploy.apply import install
from procluster.deploy.connection import Connection
from procluster.deploy.finding import Finding, as_json, as_markdown, as_text
from procluster.deploy.release import Release
from procluster.deploy.verify import verify


def faults(connection: Connection, release: Release = FIRST) -> dict[str, str]:
    """What will not do, by subject."""
    return {one.subject: one.found for one in verify(connection, release) if not one.is_ok}


def test_verify_of_a_deployment_finds_no_fault(deployed: Connection) -> None:
    install(deployed, SECOND)

    findings = verify(deployed, SECOND)

    assert all(one.is_ok for one in findings)
    assert findings[-1] == Finding("EXEC app.look;", "runs", is_ok=True)


@pytest.mark.parametrize(
    ("by_hand", "subject", "found"),
    [
        ("DROP VIEW app.items;", "app.items (view)", "dropped by hand"),
        (
            "REVOKE SELECT ON OBJECT::app.items FROM app_reader;",
            "app.grants (grant)",
            "taken away by hand: GRANT SELECT ON OBJECT::app.items TO app_reader",
        ),
        (
            "UPDATE app.deployment_object SET definition = N'x' WHERE object_name = N'app.old';",
            "history",
            "text and hash differ for app.old",
        ),
    ],
)
def test_verify_finds_what_was_done_by_hand(
    deployed: Connection, by_hand: str, subject: str, found: str
) -> None:
    deployed.query(by_hand)

    assert faults(deployed)[subject] == found


def test_verify_finds_that_the_rendered_scripts_are_newer(deployed: Connection) -> None:
    assert faults(deployed, replace(SECOND, smoke=()))["app.look (procedure)"] == (
        "is not what is rendered"
    )


def test_verify_finds_a_procedure_that_does_not_run(deployed: Connection) -> None:
    found = faults(deployed, replace(FIRST, smoke=("EXEC app.look; THROW 50000, N'planted', 1;",)))

    assert "planted" in found["EXEC app.look; THROW 50000, N'planted', 1;"]


def test_verify_rolls_back_what_a_smoke_batch_does(deployed: Connection) -> None:
    verify(deployed, replace(FIRST, smoke=("DELETE FROM app.item;",)))

    [rows] = deployed.query("SELECT COUNT(*) FROM app.item;")
    assert rows.rows == ((2,),)


def test_verify_of_an_empty_database_says_that_everything_is_missing(
    connection: Connection,
) -> None:
    found = faults(connection)

    assert found["app.item (table)"] == "is missing"
    assert found["history"] == "nothing was deployed yet"


def test_findings_as_text_give_the_advice_below_the_fault() -> None:
    text = as_text([Finding("a", "b", is_ok=False, advice="Do c."), Finding("d", "e", is_ok=True)])

    assert text.splitlines() == ["no  a  b", "       Do c.", "ok  d  e", "", "1 of 2 will not do."]


def test_findings_as_json_and_markdown_hold_the_same() -> None:
    findings = [Finding("a|b", "c", is_ok=False, advice="Do d.")]

    assert '"advice": "Do d."' in as_json(findings)
    assert "| **no** | a&#124;b | c | Do d. |" in as_markdown(findings)
