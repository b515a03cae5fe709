"""sp_execute_external_script as a procedure call, and application locks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recording import Record, Run

from procluster.local.database import Database
from procluster.local.results import ResultSet
from procluster.satellite import Satellite


@pytest.fixture(scope="module")
def satellite() -> Iterator[Satellite]:
    with Satellite(time_out=30) as opened:
        yield opened


@pytest.fixture
def script(satellite: Satellite) -> Iterator[Run]:
    with Database(satellite=satellite) as database:
        session = database.connect()
        session.query(
            "CREATE TABLE dbo.t (a int, b nvarchar(9)); INSERT INTO dbo.t VALUES (1, N'x')"
        )
        yield lambda rest: Record(session, f"EXEC sp_execute_external_script {rest}")


PYTHON = "@language = N'Python', @script = "
EMPTY = f"{PYTHON}N'pass'"


def test_script_gets_rows_and_returns_them(script: Run) -> None:
    record = script(
        f"{PYTHON}N'OutputDataSet = InputDataSet', @input_data_1 = N'SELECT a, b FROM dbo.t' "
        "WITH RESULT SETS ((n bigint, s nvarchar(5)))"
    )
    assert (record.rows, record.counts) == ([[(1, "x")]], [1])


def test_script_returns_text_and_bytes_of_any_length(script: Run) -> None:
    frame = 'pandas.DataFrame({"a": ["x"], "b": [b"x"]}, dtype=object)'
    record = script(f"{PYTHON}N'import pandas; OutputDataSet = {frame}'")
    (found,) = (event for event in record.events if isinstance(event, ResultSet))
    assert [str(column.type) for column in found.columns] == ["nvarchar(max)", "varbinary(max)"]


def test_script_takes_and_gives_parameters(script: Run) -> None:
    record = script(f"{PYTHON}N'n = m * 2', @params = N'@m int, @n int OUTPUT', @m = 4, @n = NULL")
    assert record.passed


def test_script_assigns_output_variables(satellite: Satellite) -> None:
    with Database(satellite=satellite) as database:
        record = Record(
            database.connect(),
            "DECLARE @o bigint; EXEC sp_execute_external_script @language = N'Python', "
            "@script = N'n = int(m * 2)', @params = N'@m int, @n int OUTPUT', @m = 4, "
            "@n = @o OUTPUT; SELECT @o",
        )
    assert record.values == [8]


def test_script_prints_messages(script: Run) -> None:
    (text,) = script(f"{PYTHON}N'print(\"hello\")'").texts
    assert text.startswith("STDOUT message(s) from external script:")
    assert "hello" in text


def test_script_renames_its_frames(script: Run) -> None:
    record = script(
        f"{PYTHON}N'out = inp', @input_data_1 = N'SELECT a FROM dbo.t', "
        "@input_data_1_name = N'inp', @output_data_1_name = N'out'"
    )
    assert record.rows == [[(1,)]]


@pytest.mark.parametrize(
    ("rest", "number"),
    [
        ("@language = N'Python'", 201),
        ("@script = N'pass'", 201),
        ("@language = 'Python', @script = N'pass'", 214),
        ("@language = N'R', @script = N'pass'", 40510),
        (f"{EMPTY}, @input_data_1 = N'EXEC dbo.p'", 40510),
        (f"{EMPTY}, @input_data_1 = N'SELECT 1 AS a; SELECT 2 AS b'", 40510),
        (f"{EMPTY}, @input_data_1 = N'SELECT a FROM dbo.missing'", 208),
        (f"{EMPTY}, @input_data_1 = N'SELECT CAST(1 AS decimal(5, 2)) AS a'", 39017),
        (f"{EMPTY}, @input_data_1 = N'SELECT SYSUTCDATETIME() AS a'", 39017),
        (f"{EMPTY}, @parallel = 1", 40510),
        (f"{EMPTY}, @params = N'@r_rowsPerRead int', @r_rowsPerRead = 5", 40510),
        (f"{EMPTY}, @x = 1", 8146),
        (f"{EMPTY}, @params = N'@x int', @y = 1", 8145),
        (f"{EMPTY}, @params = N'@x int'", 201),
        (f"{PYTHON}N'1 / 0'", 39004),
        (f"{EMPTY} WITH RESULT SETS ((a int))", 11536),
        ((f"{PYTHON}N'OutputDataSet = InputDataSet', @input_data_1 = N'SELECT a FROM dbo.t' "
         "WITH RESULT SETS ((a int, b int))"), 11537),
    ],
)  # fmt: skip
def test_script_called_wrongly_has_the_number_of_sql_server(
    script: Run, rest: str, number: int
) -> None:
    assert script(rest).errors == [number]


def test_script_error_is_caught(satellite: Satellite) -> None:
    with Database(satellite=satellite) as database:
        record = Record(
            database.connect(),
            "BEGIN TRY EXEC sp_execute_external_script @language = N'Python', "
            "@script = N'1 / 0' END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH",
        )
    assert record.values == [39004]


# --- application locks

TAKE = (
    "DECLARE @r int; EXEC @r = sp_getapplock @Resource = N'{}', @LockMode = N'{}', "
    "@LockOwner = N'{}', @LockTimeout = 0; SELECT @r"
)
FREE = "EXEC sp_releaseapplock @Resource = N'x', @LockOwner = N'Session'"


@pytest.fixture
def other(database: Database) -> Run:
    session = database.connect()
    return lambda batch: Record(session, batch)


def test_lock_is_held_against_other_sessions(run: Run, other: Run) -> None:
    take = TAKE.format("x", "Exclusive", "Session")
    assert [run(take).values, other(take).values, run(take).values] == [[0], [-1], [0]]


def test_lock_is_free_after_as_many_releases(run: Run, other: Run) -> None:
    take = TAKE.format("x", "Exclusive", "Session")
    run(take)
    run(take)
    run(FREE)
    first = other(take).values
    run(FREE)
    assert (first, other(take).values) == ([-1], [0])


def test_shared_locks_go_together(run: Run, other: Run) -> None:
    take = TAKE.format("x", "Shared", "Session")
    assert [run(take).values, other(take).values] == [[0], [0]]


def test_lock_of_a_transaction_ends_with_it(run: Run, other: Run) -> None:
    take = TAKE.format("x", "Exclusive", "Transaction")
    run(f"BEGIN TRAN; {take}")
    before = other(TAKE.format("x", "Exclusive", "Session")).values
    run("COMMIT")
    assert (before, other(TAKE.format("x", "Exclusive", "Session")).values) == ([-1], [0])


@pytest.mark.parametrize(
    "arguments",
    [("x", "Exclusive", "Transaction"), ("x", "Odd", "Session"), ("x", "Shared", "Odd")],
)
def test_faulty_lock_request_is_minus_999(run: Run, arguments: tuple[str, str, str]) -> None:
    assert run(TAKE.format(*arguments)).values == [-999]


def test_release_of_a_lock_not_held_is_an_error(run: Run) -> None:
    assert run(FREE).errors == [1223]


def test_closing_a_session_frees_its_locks(database: Database, run: Run) -> None:
    take = TAKE.format("x", "Exclusive", "Session")
    session = database.connect()
    session.query(take)
    session.close()
    assert run(take).values == [0]
