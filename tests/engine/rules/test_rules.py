"""Every entry of the engine's registries answers as SQL Server documents it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rule_cases as cases
from error_cases import ELSEWHERE, ERRORS

from procluster.errors import SqlError
from procluster.local import messages, syntax
from procluster.local.database import Database, Session
from procluster.local.registry import SESSION_FUNCTIONS, SYSTEM_PROCEDURES, SYSTEM_VIEWS, run
from procluster.local.results import Event, ResultSet
from procluster.local.translate.aggregates import AGGREGATES
from procluster.local.translate.calls import FUNCTIONS
from procluster.local.types import KINDS

ROOT = Path(__file__).parents[3]
Events = Callable[[str], list[Event]]


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        opened = database.connect()
        opened.query(cases.TABLES)
        yield opened


@pytest.fixture
def events(session: Session) -> Events:
    def run_batch(batch: str) -> list[Event]:
        found: list[Event] = []
        session.execute(batch, found.append)
        return found

    return run_batch


def last_value(found: list[Event]) -> str:
    *_, last = (event for event in found if isinstance(event, ResultSet))
    return str(last.rows()[0][0])


def statement_names() -> set[str]:
    return {kind.__name__ for kind in syntax.Statement.__subclasses__()}


@pytest.mark.parametrize(
    ("registry", "tested"),
    [
        (FUNCTIONS, cases.FUNCTIONS),
        (AGGREGATES, cases.AGGREGATES),
        (SESSION_FUNCTIONS, cases.SESSION),
        (SYSTEM_VIEWS, cases.VIEWS),
        (SYSTEM_PROCEDURES, cases.PROCEDURES),
        (KINDS, cases.TYPES),
        (statement_names(), cases.STATEMENTS),
        (messages.ERRORS, ERRORS | ELSEWHERE),
    ],
    ids=["functions", "aggregates", "session", "views", "procedures", "types", "statements",
         "errors"],
)  # fmt: skip
def test_every_entry_has_a_case(registry: set[object], tested: dict[object, object]) -> None:
    assert set(tested) == set(registry)


def test_every_statement_has_a_handler() -> None:
    assert all(
        run.dispatch(kind) is not run.dispatch(object) for kind in syntax.Statement.__subclasses__()
    )


def test_errors_tested_elsewhere_are() -> None:
    for number, place in ELSEWHERE.items():
        path = ROOT / place
        files = path.rglob("*.py") if path.is_dir() else [path]
        assert any(str(number) in file.read_text(encoding="utf-8") for file in files), number


@pytest.mark.parametrize("name", cases.FUNCTIONS)
def test_function_gives_the_documented_value(events: Events, name: str) -> None:
    expression, value = cases.FUNCTIONS[name]
    assert name in expression
    assert last_value(events(f"SELECT {expression}")) == value


@pytest.mark.parametrize("name", cases.AGGREGATES)
def test_aggregate_gives_the_documented_value(events: Events, name: str) -> None:
    expression, value = cases.AGGREGATES[name]
    assert name in expression
    tail = ") AS q" if " FROM " in expression else ""
    assert last_value(events(f"SELECT {expression} FROM {cases.ROWS}{tail}")) == value


@pytest.mark.parametrize(
    ("name", "batch", "value"),
    [
        (name, *case)
        for table in (cases.SESSION, cases.VIEWS, cases.PROCEDURES, cases.STATEMENTS)
        for name, case in table.items()
    ],
)
def test_batch_gives_the_documented_value(
    events: Events, name: str, batch: str, value: str
) -> None:
    assert last_value(events(batch)) == value


@pytest.mark.parametrize("name", cases.TYPES)
def test_type_holds_the_documented_value(events: Events, name: str) -> None:
    declared, written, value = cases.TYPES[name]
    found = events(f"DECLARE @v {declared} = {written}; SELECT @v")
    (rows,) = (event for event in found if isinstance(event, ResultSet))
    assert (rows.columns[0].type.name, last_value(found)) == (name, value)


@pytest.mark.parametrize("number", ERRORS)
def test_batch_raises_the_error(events: Events, number: int) -> None:
    found = [event for event in events(ERRORS[number]) if isinstance(event, SqlError)]
    assert number in [error.number for error in found]


def test_table_that_another_session_writes_is_1222_in_time() -> None:
    with Database(longest_wait=0.05) as database:
        one, other = database.connect(), database.connect()
        one.query("CREATE TABLE dbo.t (a int); BEGIN TRAN; INSERT INTO dbo.t VALUES (1)")
        with pytest.raises(SqlError) as caught:
            other.query("INSERT INTO dbo.t VALUES (2)")
    assert caught.value.number == 1222


def test_nesting_beyond_the_stack_is_8631(events: Events) -> None:
    batch = "SELECT " + " + ".join(["1"] * 3000)
    assert [event.number for event in events(batch) if isinstance(event, SqlError)] == [8631]


def test_sessions_that_wait_for_each_other_are_1205() -> None:
    with Database() as database:
        one, other = database.connect(), database.connect()
        one.query("CREATE TABLE dbo.t (a int); BEGIN TRAN; INSERT INTO dbo.t VALUES (1)")
        lock = "EXEC sp_getapplock N'r', N'Exclusive', N'Session'"
        other.query(lock)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(one.query, lock)
            while not database._shared.lock_table.waiting:
                assert not waiting.done()
            errors = error_numbers(other, "INSERT INTO dbo.t VALUES (2)")
            other.close()
            waiting.result()
    assert errors == [1205]


def error_numbers(session: Session, batch: str) -> list[int]:
    found: list[Event] = []
    session.execute(batch, found.append)
    return [event.number for event in found if isinstance(event, SqlError)]
