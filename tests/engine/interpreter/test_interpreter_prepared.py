"""What drivers ask for beside people's statements: handles, types of parameters, all types."""

from __future__ import annotations

import pytest
from recording import Run

PREPARE = "DECLARE @h int; EXEC sp_prepexec @h OUTPUT, N'@a int', N'SELECT @a * 2 AS x', 4;"


def test_prepared_statement_runs_at_once_and_again(run: Run) -> None:
    assert run(f"{PREPARE} EXEC sp_execute @h, 5;").values == [8, 10]


def test_prepared_statement_outlives_its_batch(run: Run) -> None:
    run(PREPARE)
    assert run("EXEC sp_execute 1, 6;").values == [12]


def test_prepare_gives_a_handle_and_runs_nothing(run: Run) -> None:
    text = "DECLARE @h int; EXEC sp_prepare @h OUTPUT, N'', N'SELECT 1 AS x'; SELECT @h AS h;"
    assert run(text).values == [1]


def test_handle_given_back_is_unknown(run: Run) -> None:
    run(PREPARE)
    record = run("EXEC sp_unprepare 1; EXEC sp_execute 1, 6;")
    assert record.error.number == 8179
    assert record.error.message == "Could not find prepared statement with handle 1."


def test_handle_is_given_back_when_its_variable_is_prepared_anew(run: Run) -> None:
    run(f"{PREPARE} EXEC sp_prepexec @h OUTPUT, N'', N'SELECT 1 AS x';")
    assert run("EXEC sp_execute 1, 6;").errors == [8179]


def test_statement_that_cannot_be_parsed_is_not_prepared(run: Run) -> None:
    text = "DECLARE @h int; EXEC sp_prepare @h OUTPUT, N'', N'SELECT FROM';"
    assert run(text).errors == [156, 8180]


def test_prepared_statement_names_the_value_it_misses(run: Run) -> None:
    assert run(f"{PREPARE} EXEC sp_execute @h;").errors == [8178]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("INSERT dbo.t (b, a) VALUES (@P1, @P2)", ["nvarchar(20)", "int"]),
        ("INSERT dbo.t SELECT @P1, @P2", ["int", "nvarchar(20)"]),
        ("UPDATE dbo.t SET b = @P1 WHERE a = @P2", ["nvarchar(20)", "int"]),
        ("DELETE dbo.t WHERE a BETWEEN @P1 AND 7 OR b LIKE @P2", ["int", "nvarchar(20)"]),
        ("SELECT TOP (@P1) a FROM dbo.t WHERE b IN (@P2, b)", ["bigint", "nvarchar(20)"]),
    ],
)
def test_undeclared_parameter_has_the_type_of_its_place(
    run: Run, text: str, kinds: list[str]
) -> None:
    run("CREATE TABLE dbo.t (a int, b nvarchar(20));")
    (rows,) = run(f"EXEC sp_describe_undeclared_parameters N'{text}'").rows
    assert [row[3] for row in rows] == kinds


def test_undeclared_parameter_whose_place_says_nothing_is_11502(run: Run) -> None:
    assert run("EXEC sp_describe_undeclared_parameters N'SELECT @P1'").errors == [11502]


def test_datetime2_comes_first_of_the_types_for_a_timestamp(run: Run) -> None:
    (rows,) = run("EXEC sp_datatype_info_100 93, 3;").rows
    assert [row[0] for row in rows] == ["datetime2", "datetime", "smalldatetime"]


def test_cursor_of_a_driver_is_refused_in_words(run: Run) -> None:
    record = run("DECLARE @c int; EXEC sp_cursoropen @c OUTPUT, N'SELECT 1';")
    assert record.errors == [40510]
    assert "procedure sp_cursoropen is not supported" in record.error.message


@pytest.mark.parametrize("level", ["READ COMMITTED", "READ UNCOMMITTED"])
def test_isolation_level_that_is_kept_is_taken(run: Run, level: str) -> None:
    assert run(f"SET TRANSACTION ISOLATION LEVEL {level};").passed


def test_isolation_level_that_is_not_kept_is_refused(run: Run) -> None:
    record = run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;")
    assert "it is always READ COMMITTED or READ UNCOMMITTED" in record.error.message


@pytest.mark.parametrize("milliseconds", ["-1", "0", "1800"])
def test_lock_timeout_is_taken(run: Run, milliseconds: str) -> None:
    assert run(f"SET LOCK_TIMEOUT {milliseconds};").passed
