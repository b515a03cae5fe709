"""Functions that the session answers."""

from __future__ import annotations

import pytest
from recording import Run

from procluster.local.registry import SESSION_FUNCTIONS


@pytest.mark.parametrize("name", sorted(SESSION_FUNCTIONS))
def test_every_session_function_answers_or_refuses(run: Run, name: str) -> None:
    found = SESSION_FUNCTIONS[name]
    calls = [
        f"{name}({', '.join([value] * count)})"
        for count in range(found.least, found.most + 1)
        for value in ("NULL", "1", "N'x'")
    ]
    errors = {n for call in calls if "(" in found.usage for n in run(f"SELECT {call}").errors}
    assert errors <= {245, 40510}


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("USER_NAME()", "dbo"),
        ("USER_NAME(0)", "public"),
        ("USER_NAME(NULL)", None),
        ("DB_NAME(DB_ID())", "procluster"),
        ("DB_NAME(1)", None),
        ("SCHEMA_NAME()", "dbo"),
        ("SCHEMA_NAME(4)", "sys"),
        ("DATABASE_PRINCIPAL_ID(N'public')", 0),
        ("@@TRANCOUNT", 0),
        ("@@NESTLEVEL", 0),
        ("@@PROCID", 0),
        ("SERVERPROPERTY('IsAdvancedAnalyticsInstalled')", "1"),
        ("CURRENT_USER", "dbo"),
    ],
)
def test_session_function_value(run: Run, call: str, value: object) -> None:
    assert run(f"SELECT {call}").values == [value]


@pytest.mark.parametrize(
    ("call", "number"),
    [("OBJECT_NAME(N'x')", 245), ("SUSER_SNAME(0x01)", 174), ("IS_MEMBER(N'x')", 40510)],
)
def test_session_function_that_cannot_answer(run: Run, call: str, number: int) -> None:
    assert run(f"SELECT {call}").errors == [number]


def test_procid_is_that_of_the_procedure(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p AS SELECT OBJECT_SCHEMA_NAME(@@PROCID), OBJECT_NAME(@@PROCID)")
    assert run("EXEC dbo.p").rows == [[("dbo", "p")]]
