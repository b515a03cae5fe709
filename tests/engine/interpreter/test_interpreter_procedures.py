from __future__ import annotations

import pytest
from recording import Run


@pytest.fixture
def procedure(run: Run) -> None:
    run(
        "CREATE PROCEDURE dbo.p @a int, @b nvarchar(3) = N'z', @c int = 5 OUTPUT AS "
        "SET NOCOUNT ON; SELECT @a AS a, @b AS b; SET @c = @a * 2; RETURN 7"
    )


@pytest.mark.parametrize(
    ("call", "row"),
    [
        ("EXEC dbo.p 1", (1, "z")),
        ("EXEC dbo.p 1, N'y'", (1, "y")),
        ("EXEC dbo.p @B = N'x', @a = 2", (2, "x")),
        ("EXEC dbo.p 1, DEFAULT", (1, "z")),
        ("EXEC dbo.p '12', longer", (12, "lon")),
        ("EXEC dbo.p -3, NULL", (-3, None)),
        ("dbo.p 4", (4, "z")),
        ("DECLARE @v bigint = 6; EXEC p @v", (6, "z")),
    ],
)
def test_arguments_are_bound_and_converted(
    run: Run, procedure: None, call: str, row: tuple[object, ...]
) -> None:
    assert run(call).rows == [[row]]


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("EXEC dbo.p", 201),
        ("EXEC dbo.p DEFAULT", 201),
        ("EXEC dbo.p 1, 2, 3, 4", 8144),
        ("EXEC dbo.p @x = 1", 8145),
        ("EXEC dbo.p 1, @a = 2", 8143),
        ("EXEC dbo.p N'a'", 8114),
        ("DECLARE @v int = 1; EXEC dbo.p @v OUTPUT", 8162),
        ("EXEC dbo.p @a = 1, 2", 119),
        ("EXEC dbo.p 1, N'a', 5 OUTPUT", 179),
        ("EXEC dbo.missing", 2812),
    ],
)
def test_wrong_arguments_have_the_number_of_sql_server(
    run: Run, procedure: None, call: str, number: int
) -> None:
    assert run(call).errors == [number]


def test_arguments_for_a_procedure_without_parameters_are_an_error(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT 1")
    assert run("EXEC dbo.q 1").errors == [8146]


def test_output_and_status_come_back(run: Run, procedure: None) -> None:
    record = run("DECLARE @o int, @s int; EXEC @s = dbo.p 4, @c = @o OUTPUT; SELECT @o, @s")
    assert record.rows[-1] == [(8, 7)]


def test_output_parameter_without_the_word_stays_inside(run: Run, procedure: None) -> None:
    assert run("DECLARE @o int = 1; EXEC dbo.p 4, N'a', @o; SELECT @o").rows[-1] == [(1,)]


def test_status_is_zero_without_return(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS PRINT 1")
    assert run("DECLARE @s int = 9; EXEC @s = dbo.q; SELECT @s").values == [0]


def test_options_end_with_the_procedure(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS SET NOCOUNT, XACT_ABORT ON")
    assert run("EXEC dbo.q; SELECT 1/0; SELECT 2").counts == [1]


def test_procedure_may_call_what_is_made_later(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT a FROM dbo.later")
    run("CREATE TABLE dbo.later (a int); INSERT INTO dbo.later VALUES (3)")
    assert run("EXEC dbo.q").values == [3]


def test_temp_table_of_the_caller_is_seen_inside(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS INSERT INTO #t VALUES (2)")
    record = run("CREATE TABLE #t (a int); EXEC dbo.q; SELECT a FROM #t")
    assert record.values == [2]


def test_temp_table_ends_with_its_procedure(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS CREATE TABLE #t (a int); SELECT COUNT(*) FROM #t")
    assert run("EXEC dbo.q; EXEC dbo.q; SELECT * FROM #t").errors == [208]


def test_temp_table_lives_on_in_its_session(run: Run) -> None:
    run("CREATE TABLE #t (a int)")
    assert run("SELECT COUNT(*) FROM #t").values == [0]


def test_temp_table_inside_hides_that_of_the_caller(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS CREATE TABLE #t (a int); INSERT INTO #t VALUES (1)")
    assert run("CREATE TABLE #t (a int); EXEC dbo.q; SELECT COUNT(*) FROM #t").values == [0]


def test_variables_of_the_caller_are_not_seen_inside(run: Run) -> None:
    assert run("DECLARE @a int; EXEC (N'SELECT @a')").errors == [137]


def test_own_schema_comes_before_dbo(run: Run) -> None:
    run("CREATE SCHEMA s")
    run("CREATE TABLE s.t (a int); CREATE TABLE dbo.t (a int, b int); INSERT INTO s.t VALUES (1)")
    run("CREATE PROCEDURE s.q AS SELECT COUNT(*) FROM t")
    assert run("EXEC s.q").values == [1]


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("EXEC sp_executesql N'SELECT @x + 1', N'@x int', 4", [5]),
        ("EXEC sp_executesql N'SELECT @x + 1', N'@x int', @x = 4", [5]),
        ("EXEC sys.sp_executesql @stmt = N'SELECT 1'", [1]),
        (("DECLARE @o int; EXEC sp_executesql N'SET @y = 3', N'@y int OUTPUT', @y = @o OUTPUT; "
         "SELECT @o"), [3]),
    ],
)  # fmt: skip
def test_sp_executesql(run: Run, call: str, values: list[object]) -> None:
    assert run(call).values == values


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("EXEC sp_executesql 'SELECT 1'", 214),
        ("EXEC sp_executesql N'SELECT @x', N'@x int'", 8178),
        ("EXEC sp_executesql N'SELECT @x'", 137),
        ("EXEC sp_who", 40510),
    ],
)
def test_system_procedure_called_wrongly(run: Run, call: str, number: int) -> None:
    assert run(call).errors == [number]


# --- INSERT ... EXEC


@pytest.fixture
def target(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int, b nvarchar(9))")


def test_insert_exec_stores_every_result_set(run: Run, target: None) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT 1, N'x'; SELECT 2, N'y'")
    record = run("INSERT INTO dbo.t EXEC dbo.q; SELECT a, b FROM dbo.t ORDER BY a")
    assert (record.counts[0], record.rows) == (2, [[(1, "x"), (2, "y")]])


def test_insert_exec_takes_dynamic_text(run: Run, target: None) -> None:
    assert run("INSERT INTO dbo.t EXEC (N'SELECT 1, N''x'''); SELECT a FROM dbo.t").values == [1]


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("SELECT 1", 213),
        ("ROLLBACK", 3915),
        ("COMMIT", 3916),
        ("INSERT INTO dbo.t EXEC (N'SELECT 1, N''x''')", 8164),
    ],
)
def test_insert_exec_has_rules(run: Run, target: None, body: str, number: int) -> None:
    run(f"CREATE PROCEDURE dbo.q AS {body}")
    record = run("INSERT INTO dbo.t EXEC dbo.q; SELECT COUNT(*) FROM dbo.t; SELECT @@TRANCOUNT")
    assert number in record.errors


def test_insert_exec_of_other_columns_is_an_error_of_what_sent_them(run: Run, target: None) -> None:
    run("CREATE PROCEDURE dbo.q AS\nSELECT 1, N'x';\nSELECT 1")
    error = run("INSERT INTO dbo.t EXEC dbo.q").error
    assert (error.number, error.state, error.procedure, error.line) == (213, 7, "dbo.q", 3)


def test_insert_exec_of_other_columns_is_caught_around_it(run: Run, target: None) -> None:
    record = run(
        "BEGIN TRY INSERT INTO dbo.t EXEC (N'SELECT 1') END TRY "
        "BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; SELECT COUNT(*) FROM dbo.t"
    )
    assert (record.errors, record.values) == ([], [213, 0])


def test_insert_exec_of_other_columns_ends_the_batch_and_its_transaction(
    run: Run, target: None
) -> None:
    record = run("BEGIN TRAN; EXEC (N'INSERT INTO dbo.t EXEC (N''SELECT 1'')'); SELECT 1")
    left = run("SELECT @@TRANCOUNT")
    assert (record.errors, record.values, left.values) == ([213], [], [0])


def test_insert_exec_counts_as_a_transaction_inside(run: Run, target: None) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT @@TRANCOUNT, N'x'")
    record = run("INSERT INTO dbo.t EXEC dbo.q; SELECT a FROM dbo.t; SELECT @@TRANCOUNT")
    assert record.values == [1, 0]


def test_insert_exec_is_all_or_nothing(run: Run, target: None) -> None:
    run("CREATE TABLE dbo.log (a int)")
    run(
        "CREATE PROCEDURE dbo.q AS INSERT INTO dbo.log VALUES (1); SELECT 1, N'a'; "
        "THROW 50001, N'm', 1"
    )
    record = run("INSERT INTO dbo.t EXEC dbo.q")
    counts = run("SELECT COUNT(*) FROM dbo.t; SELECT COUNT(*) FROM dbo.log; SELECT @@TRANCOUNT")
    assert (record.errors, counts.values) == ([50001], [0, 0, 0])


# --- WITH RESULT SETS


@pytest.mark.parametrize(
    ("clause", "number"),
    [
        ("((a int))", 11537),
        ("((a int, b nvarchar(9)), (c int))", 11536),
        ("NONE", 11535),
        ("((a int, b int NOT NULL))", 11553),
        ("((a int, b nvarchar(1)))", 2628),
    ],
)
def test_result_sets_clause_is_held_to(run: Run, clause: str, number: int) -> None:
    value = "NULL" if "NOT NULL" in clause else "N'xy'"
    run(f"CREATE PROCEDURE dbo.q AS SELECT 1, {value}")
    assert run(f"EXEC dbo.q WITH RESULT SETS {clause}").errors == [number]


def test_result_sets_clause_names_and_converts(database: object, run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT 1 AS x, N'2' AS y")
    record = run("EXEC dbo.q WITH RESULT SETS ((a bigint, b int))")
    columns = record.events[0].columns  # type: ignore[union-attr]
    assert ([(c.name, str(c.type)) for c in columns], record.rows) == (
        [("a", "bigint"), ("b", "int")],
        [[(1, 2)]],
    )


def test_status_outside_a_procedure_is_an_error(run: Run) -> None:
    assert run("RETURN 1").errors == [178]


def test_status_after_an_error_tells_its_severity(run: Run) -> None:
    run("CREATE PROCEDURE dbo.q AS SELECT 1 / 0")
    assert run("DECLARE @s int; EXEC @s = dbo.q; SELECT @s").values == [-6]


def test_temporary_procedure_is_refused(run: Run) -> None:
    assert run("CREATE PROCEDURE #q AS SELECT 1").errors == [40510]
