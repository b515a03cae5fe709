"""What an error ends, and who catches it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from recording import Record, Run

from procluster.local.database import Database

CAUGHT = "BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"


@pytest.mark.parametrize(
    ("batch", "values"),
    [
        ("SELECT 1; SELECT 1/0; SELECT 2", [1, 2]),
        ("SELECT 1; SELECT * FROM nowhere; SELECT 2", [1]),
        ("SELECT 1; SELECT CAST('x' AS int); SELECT 2", [1]),
        ("SELECT 1; THROW 50001, N'm', 1; SELECT 2", [1]),
        ("SELECT 1; RAISERROR(N'm', 16, 1); SELECT 2", [1, 2]),
        ("SET XACT_ABORT ON; SELECT 1; SELECT 1/0; SELECT 2", [1]),
        ("SET XACT_ABORT ON; SELECT 1; RAISERROR(N'm', 16, 1); SELECT 2", [1, 2]),
        ("SELECT 1; EXEC nowhere; SELECT 2", [1, 2]),
        ("SELECT 1; EXEC (N'SELECT * FROM nowhere; SELECT 3'); SELECT 2", [1, 2]),
        ("SELECT 1; EXEC (N'SELECT FROM'); SELECT 2", [1, 2]),
    ],
)
def test_error_ends_its_statement_its_level_or_the_batch(
    run: Run, batch: str, values: list[object]
) -> None:
    record = run(batch)
    assert (record.values, len(record.errors)) == (values, 1)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("SELECT 1/0", 8134),
        ("THROW 50123, N'm', 1", 50123),
        ("RAISERROR(N'm', 11, 1)", 50000),
        ("SELECT CAST('x' AS int)", 245),
        ("EXEC nowhere", 2812),
        ("EXEC (N'SELECT * FROM nowhere')", 208),
        ("EXEC (N'SELECT FROM')", 156),
        ("EXEC (N'THROW 50001, N''in'', 1')", 50001),
    ],
)
def test_try_catches(run: Run, statement: str, number: int) -> None:
    record = run(f"BEGIN TRY {statement}; SELECT -1 END TRY {CAUGHT}")
    assert (record.values, record.errors) == ([number], [])


def test_try_misses_a_missing_table_of_its_own_level(run: Run) -> None:
    record = run(f"BEGIN TRY SELECT * FROM nowhere END TRY {CAUGHT}; SELECT 2")
    assert (record.values, record.errors) == ([], [208])


def test_try_catches_no_message_of_severity_ten(run: Run) -> None:
    record = run(f"BEGIN TRY RAISERROR(N'note', 10, 1); SELECT 1 END TRY {CAUGHT}")
    assert (record.texts, record.values) == (["note"], [1])


def test_try_catches_no_refusal(run: Run) -> None:
    record = run(f"BEGIN TRY EXEC (N'MERGE INTO a') END TRY {CAUGHT}; SELECT 2")
    assert (record.errors, record.values) == ([40510], [])


def test_catch_sees_where_the_error_came_from(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p AS\n\nSELECT 1/0")
    record = run(
        "BEGIN TRY EXEC dbo.p END TRY BEGIN CATCH SELECT ERROR_PROCEDURE() + N'/' + "
        "CAST(ERROR_LINE() AS nvarchar(9)), ERROR_SEVERITY(), ERROR_STATE() END CATCH"
    )
    assert record.rows == [[("dbo.p/3", 16, 1)]]


def test_error_functions_are_null_outside_catch(run: Run) -> None:
    assert run(f"BEGIN TRY SELECT 1/0 END TRY {CAUGHT}; SELECT ERROR_NUMBER()").values == [
        8134,
        None,
    ]


def test_throw_alone_passes_the_caught_error_on_with_its_line(run: Run) -> None:
    record = run("BEGIN TRY\nSELECT 1/0 END TRY BEGIN CATCH\nPRINT 1;\nTHROW; END CATCH")
    assert (record.error.number, record.error.line) == (8134, 2)


def test_throw_alone_outside_catch_is_an_error(run: Run) -> None:
    assert run("THROW").errors == [10704]


def test_throw_alone_outside_catch_is_an_error_before_anything_runs(run: Run) -> None:
    record = run("PRINT 'run'; BEGIN TRY THROW END TRY BEGIN CATCH PRINT 'caught' END CATCH")
    assert (record.errors, record.texts) == ([10704], [])


def test_error_in_catch_goes_to_the_outer_try(run: Run) -> None:
    record = run(
        "BEGIN TRY BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH THROW 50007, N'm', 1 END CATCH "
        f"END TRY {CAUGHT}"
    )
    assert record.values == [50007]


def test_error_has_the_line_of_its_statement(run: Run) -> None:
    assert run("SELECT 1;\n\n  SELECT\n1/0").error.line == 3


def test_error_variable_is_that_of_the_statement_before(run: Run) -> None:
    assert run("SELECT 1/0; SELECT @@ERROR; SELECT @@ERROR").values == [8134, 0]


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        ("%s and %d", "N'a', 7", "a and 7"),
        ("%i of %s", "-7", "-7 of (null)"),
        ("100%% of %s", "NULL", "100% of (null)"),
    ],
)
def test_raiserror_formats_like_printf(run: Run, template: str, arguments: str, text: str) -> None:
    assert run(f"RAISERROR(N'{template}', 10, 1, {arguments})").texts == [text]


@pytest.mark.parametrize("specification", ["%5d", "%-5s", "%.2s", "%x", "%I64d", "%*d"])
def test_raiserror_with_a_width_or_another_base_is_refused(run: Run, specification: str) -> None:
    record = run(f"RAISERROR(N'{specification}', 10, 1, 1)")
    assert (record.errors, record.texts) == ([40510], [])


@pytest.mark.parametrize(
    ("batch", "number"),
    [
        ("RAISERROR(N'%d', 16, 1, N'a')", 2786),
        ("RAISERROR(N'%y', 16, 1)", 2787),
        ("RAISERROR(N'5 % y', 16, 1)", 2787),
        ("RAISERROR(N'%s', 16, 1, 7)", 2786),
        ("RAISERROR(N'm', 19, 1)", 2754),
        ("THROW 49999, N'm', 1", 35100),
    ],
)
def test_raising_wrongly_is_an_error_of_its_own(run: Run, batch: str, number: int) -> None:
    assert run(batch).errors == [number]


def test_raiserror_carries_severity_and_state(run: Run) -> None:
    error = run("RAISERROR(N'm', 14, 7)").error
    assert (error.severity, error.state) == (14, 7)


def test_nesting_stops_at_32_levels(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p @n int AS BEGIN SET @n += 1; PRINT @@NESTLEVEL; EXEC dbo.p @n END")
    record = run("EXEC dbo.p 0")
    assert (record.errors, record.texts[-1]) == ([217], "32")


def test_error_behind_many_rows_is_an_error_of_its_statement(database: Database) -> None:
    session, rows = database.connect(), np.arange(10 * 122_880, dtype="int32")
    session.query("CREATE TABLE dbo.many (n int NOT NULL)")
    session.append("dbo.many", pa.table({"n": rows}))

    record = Record(session, f"SELECT 10 / (n - {rows[-1]}) FROM dbo.many; SELECT 2")

    assert (record.errors, record.values) == ([8134], [2])
