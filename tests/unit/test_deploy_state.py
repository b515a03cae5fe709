"""What catalog views say, as text to compare: what the embedded engine cannot show."""

from __future__ import annotations

import pytest

from procluster.deploy.connection import Result
from procluster.deploy.state import is_rerunnable, read_state, same_module

TABLE = 7


class Views:
    """A server whose catalog views hold one procedure and one table."""

    def __init__(self, quoted_identifier: bool = True) -> None:
        self.messages: list[str] = []
        self._quotes = quoted_identifier

    def query(self, batch: str) -> list[Result]:
        if "sys.database_principals" in batch:
            granted = ("GRANT_WITH_GRANT_OPTION", "SELECT", 3, "app", None, None, "my role")
            return [Result((), ()), Result((), (("my role",),)), Result((), (granted,))]
        objects = (
            ("app", "Look", "P ", 5, "CREATE PROCEDURE app.Look AS SELECT 1;", self._quotes),
            ("app", "item", "U ", TABLE, None, None),
        )
        columns = (
            (TABLE, "price", "decimal", 5, 9, 2, False, False),
            (TABLE, "at", "datetime2", 7, 23, 3, True, False),
            (TABLE, "note", "nvarchar", -1, 0, 0, True, False),
            (TABLE, "code", "nvarchar", 20, 0, 0, False, False),
        )
        return [Result((), objects), Result((), columns), *[Result((), ())] * 5]

    def close(self) -> None:
        pass


KEYS = [("procedure", "app.look"), ("table", "app.item"), ("schema", "app.schema")]


def test_state_finds_names_in_any_letter_case() -> None:
    state = read_state(Views(), KEYS, ["my role"])

    assert state.get("procedure", "APP.LOOK") == "CREATE PROCEDURE app.Look AS SELECT 1;"


def test_state_shows_a_module_created_with_quoted_identifier_off() -> None:
    """Such a procedure cannot write to a table with a filtered index (Msg 1934)."""
    state = read_state(Views(quoted_identifier=False), KEYS, ["my role"])

    assert str(state.get("procedure", "app.look")).startswith("SET QUOTED_IDENTIFIER OFF;\n")


def test_state_writes_types_as_t_sql_does() -> None:
    text = read_state(Views(), KEYS, ["my role"]).get("table", "app.item")

    assert str(text).splitlines() == [
        "price decimal(9, 2) NOT NULL",
        "at datetime2(3) NULL",
        "note nvarchar(max) NULL",
        "code nvarchar(10) NOT NULL",
    ]


def test_state_writes_permissions_as_the_statements_that_give_them() -> None:
    state = read_state(Views(), KEYS, ["my role"])

    assert state.get("grant", "") == "GRANT SELECT ON SCHEMA::app TO [my role] WITH GRANT OPTION;"


@pytest.mark.parametrize(
    "stored",
    [
        "/* c */\nCREATE   PROCEDURE p AS SELECT 1;",
        "/* c */\nCREATE PROCEDURE p AS SELECT 1;\n",
    ],
)
def test_same_module_knows_how_a_server_keeps_a_text(stored: str) -> None:
    assert same_module("/* c */\nCREATE OR ALTER PROCEDURE p AS SELECT 1;\n", stored)


def test_same_module_sees_another_text() -> None:
    assert not same_module(
        "CREATE OR ALTER PROCEDURE p AS SELECT 1;", "CREATE PROCEDURE p AS SELECT 2;"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE OR ALTER VIEW v AS SELECT 1;", True),
        ("-- CREATE\n/* x */ create or\talter VIEW v AS SELECT 1;", True),
        ("CREATE VIEW v AS SELECT 1; -- CREATE OR ALTER", False),
        ("/* CREATE OR ALTER */ CREATE VIEW v AS SELECT 1;", False),
    ],
)
def test_is_rerunnable_looks_at_the_first_statement(text: str, expected: bool) -> None:
    assert is_rerunnable(text) is expected
