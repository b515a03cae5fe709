"""The pre-flight check, against a server that answers as told."""

from __future__ import annotations

import json

import pytest

from procluster.deploy.connection import Result
from procluster.deploy.finding import Finding
from procluster.deploy.needs import NUMBERS, WHOLE_NUMBERS, MappedTable, Needs
from procluster.deploy.preflight import check
from procluster.errors import SqlError

PROBE = "EXEC sp_execute_external_script"
NEEDS = Needs(
    (
        MappedTable(
            "dbo.sales",
            {"Customer": WHOLE_NUMBERS, "paid": NUMBERS, "note": ()},
            may_be_empty=False,
            settings={"Customer": "customer_type"},
        ),
    ),
    PROBE,
    {"Python": (3, 7), "numpy": (1, 15)},
)
Answer = list[Result] | SqlError


def rows(*found: tuple[object, ...], columns: tuple[str, ...] = ()) -> list[Result]:
    return [Result(columns, found)]


def versions(**found: str) -> list[Result]:
    components = [{"component": name, "version": version} for name, version in found.items()]
    return rows((json.dumps(components), None))


GOOD: dict[str, Answer] = {
    "SERVERPROPERTY": rows(("16.0.4100.1", "Developer Edition (64-bit)", 3, "Latin1_CI_AS", 1)),
    "sys.databases": rows(("shop", 150, "Latin1_CI_AS")),
    "HAS_PERMS_BY_NAME": rows(("ana", 1, 1, 1)),
    "sys.configurations": rows((1, 1)),
    PROBE: versions(Python="3.10.4", numpy="1.22.0", scipy="not installed"),
    "TOP (0)": rows(columns=("customer", "paid", "note")),
    "sys.columns": rows(("customer", "int"), ("paid", "money"), ("note", "xml")),
    "COUNT_BIG": rows((12345,)),
}


class Server:
    """Answers by a word of the batch."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers
        self.messages: list[str] = []

    def query(self, batch: str) -> list[Result]:
        answer = next(answer for word, answer in self._answers.items() if word in batch)
        if isinstance(answer, SqlError):
            raise answer
        return answer

    def close(self) -> None:
        pass


def findings(word: str = "SERVERPROPERTY", answer: Answer | None = None) -> dict[str, Finding]:
    """What is found when one answer is another one."""
    changed = {word: answer} if answer is not None else {}
    return {one.subject: one for one in check(Server({**GOOD, **changed}), NEEDS)}


def test_check_of_a_good_server_finds_no_fault() -> None:
    assert [one for one in findings().values() if not one.is_ok] == []


@pytest.mark.parametrize(
    ("word", "answer", "subject", "found"),
    [
        (
            "SERVERPROPERTY",
            rows(("14.0.3000.1", "Standard", 2, "x", 1)),
            "server version",
            "14.0.3000.1, Standard",
        ),
        (
            "SERVERPROPERTY",
            rows(("12.0.2000.8", "SQL Azure", 5, "x", 0)),
            "engine",
            "EngineEdition 5",
        ),
        (
            "SERVERPROPERTY",
            rows(("16.0.1.1", "Standard", 2, "x", 0)),
            "Machine Learning Services",
            "not installed",
        ),
        ("sys.databases", rows(("shop", 120, "x")), "compatibility level", "120"),
        ("HAS_PERMS_BY_NAME", rows(("ana", 0, 1, 1)), "CONTROL for ana", "no"),
        ("sys.configurations", rows((0, 0)), "external scripts enabled", "no"),
        ("sys.configurations", rows(), "external scripts enabled", "no"),
        (
            "sys.configurations",
            rows((1, 0)),
            "external scripts enabled",
            "configured, not running",
        ),
        (PROBE, versions(Python="2.7.18", numpy="1.22.0"), "Python", "2.7.18 (from 3.7)"),
        (
            PROBE,
            versions(Python="3.7.1", numpy="not installed"),
            "numpy",
            "not installed (from 1.15)",
        ),
        (PROBE, rows((None, "it broke")), "external script", "it broke"),
        ("TOP (0)", rows(columns=("customer", "note")), "dbo.sales.paid", "missing"),
        ("sys.columns", rows(("customer", "xml")), "dbo.sales.Customer", "xml"),
        ("COUNT_BIG", rows((0,)), "dbo.sales", "0 rows"),
    ],
)
def test_check_finds(word: str, answer: Answer, subject: str, found: str) -> None:
    one = findings(word, answer)[subject]

    assert (one.found, one.is_ok) == (found, False)


@pytest.mark.parametrize(
    ("word", "answer", "subject", "advice"),
    [
        (
            "sys.databases",
            rows(("my db", 120, "x")),
            "compatibility level",
            "ALTER DATABASE [my db]",
        ),
        ("sys.configurations", rows((1, 0)), "external scripts enabled", "Restart"),
        ("TOP (0)", rows(columns=("a", "b")), "dbo.sales.paid", "There are: a, b."),
        ("sys.columns", rows(("paid", "xml")), "dbo.sales.paid", "real. Map a view"),
        ("sys.columns", rows(("customer", "xml")), "dbo.sales.Customer", "Set customer_type in"),
    ],
)
def test_check_says_what_to_do(word: str, answer: Answer, subject: str, advice: str) -> None:
    assert advice in findings(word, answer)[subject].advice


def test_check_of_a_managed_instance_asks_for_no_version_and_no_setup() -> None:
    found = findings("SERVERPROPERTY", rows(("12.0.2000.8", "SQL Azure", 8, "x", None)))

    assert found["server version"].is_ok
    assert found["engine"].found == "Azure SQL Managed Instance"
    assert found["Machine Learning Services"].is_ok


def test_check_goes_on_after_a_look_that_failed() -> None:
    error = SqlError(39023, "'sp_execute_external_script' is disabled on this instance")

    found = findings(PROBE, error)

    assert not found["external script"].is_ok
    assert "sp_configure" in found["external script"].advice
    assert found["dbo.sales"].is_ok


def test_check_of_a_missing_table_is_one_finding() -> None:
    found = findings("TOP (0)", SqlError(208, "Invalid object name 'dbo.sales'."))

    assert found["dbo.sales"].found.endswith("Invalid object name 'dbo.sales'.")
    assert not found["dbo.sales"].is_ok
    assert "procluster.toml" in found["dbo.sales"].advice
