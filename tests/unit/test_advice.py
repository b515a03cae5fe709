"""A server's raw errors are explained, each with the next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from procluster.catalog import render
from procluster.cli.group import explanation
from procluster.deploy.advice import Entry, advice, entries
from procluster.errors import ConnectError, DeploymentError, SqlError
from procluster.settings import Settings

ROOT = Path(__file__).parents[2]
ENTRIES = entries()
DOCUMENT = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")


def raised(entry: Entry) -> SqlError | ConnectError:
    """The error of an entry's example, as a connection raises it."""
    number = re.match(r"Msg (\d+): ", entry.example)
    if re.match(r"\w{5}: ", entry.example):
        return ConnectError(f"connection: {entry.example}")
    if number is None:
        return ConnectError(f"prod (shop on sql1): cannot connect: {entry.example} (08001)")
    return SqlError(int(number[1]), entry.example[number.end() :], severity=0, state=0)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.example[:40])
def test_advice_explains_its_own_example(entry: Entry) -> None:
    assert advice(raised(entry)) == f"{entry.meaning} {entry.step}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.example[:40])
def test_advice_is_in_the_document(entry: Entry) -> None:
    for part in (entry.example, entry.meaning, entry.step, entry.source):
        assert part in DOCUMENT


def test_document_has_no_entry_that_is_not_in_the_table() -> None:
    assert DOCUMENT.count("\n### ") == len(ENTRIES)


def test_document_has_every_number_that_the_procedures_raise() -> None:
    raised = {found for one in render(Settings()) for found in re.findall(r"THROW (\d+)", one.text)}

    assert set(re.findall(r"^\| (5\d+) \|", DOCUMENT, flags=re.MULTILINE)) == raised


@pytest.mark.parametrize(
    "number",
    [39004, 39011, 39012, 39019, 39021, 39023, 229, 15247, 15281, 18456, 4060, 1222],
)
def test_advice_knows_the_number(number: int) -> None:
    assert advice(SqlError(number, "words in another language")) is not None


@pytest.mark.parametrize("number", [18456, 4060])
def test_advice_knows_the_number_of_a_refused_login(number: int) -> None:
    assert advice(ConnectError("prod: cannot connect", number=number)) is not None


def test_advice_looks_at_what_an_error_was_raised_from() -> None:
    failed = DeploymentError("seg.train: it failed. Nothing was changed.")
    failed.__cause__ = SqlError(39023, "'sp_execute_external_script' is disabled.")

    found = advice(failed)

    assert found is not None
    assert found.startswith("External scripts are switched off.")


def test_advice_on_a_time_out_tells_connecting_from_running() -> None:
    connecting = advice(ConnectError("prod (shop on sql1): cannot connect: (HYT00)"))
    running = advice(ConnectError("connection: HYT00: Query timeout expired"))

    assert connecting is not None
    assert connecting.startswith("Nobody answered in time")
    assert running is not None
    assert running.startswith("The statement took longer")


def test_advice_tells_a_missing_package_from_other_script_errors() -> None:
    missing = advice(SqlError(39019, "An external script error occurred: No module named 'numpy'"))
    other = advice(SqlError(39019, "An external script error occurred: ValueError: no"))

    assert missing is not None
    assert "package is missing" in missing
    assert other is not None
    assert other != missing


@pytest.mark.parametrize(
    "error",
    [
        SqlError(50001, "@n_clusters: 0 is not a number of clusters."),
        SqlError(102, "Incorrect syntax near 'x'."),
        ConnectError("prod: the secret is missing."),
        ValueError("certificate verify failed"),
    ],
)
def test_advice_is_silent_where_it_knows_nothing(error: Exception) -> None:
    assert advice(error) is None


def test_command_line_shows_the_advice_below_the_error() -> None:
    shown = explanation(SqlError(4060, 'Cannot open database "shop".', severity=0))

    assert shown.splitlines()[:2] == ["Msg 4060", 'Cannot open database "shop".']
    assert shown.splitlines()[2].startswith("The database is not there, is offline")
