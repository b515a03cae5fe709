from __future__ import annotations

import pytest
from recording import Record, Run

from procluster.local.database import Database


@pytest.fixture
def table(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int NOT NULL CONSTRAINT pk_t PRIMARY KEY)")


COUNT = "SELECT COUNT(*) FROM dbo.t"


def test_rollback_takes_rows_back(run: Run, table: None) -> None:
    assert run(f"BEGIN TRAN; INSERT INTO dbo.t VALUES (1); ROLLBACK; {COUNT}").values == [0]


def test_transactions_count_and_only_the_outermost_commits(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN; BEGIN TRAN; INSERT INTO dbo.t VALUES (1); COMMIT; SELECT @@TRANCOUNT; "
        f"ROLLBACK; SELECT @@TRANCOUNT; {COUNT}"
    )
    assert record.values == [1, 0, 0]


def test_transaction_lives_on_into_the_next_batch(run: Run, table: None) -> None:
    run("BEGIN TRAN; INSERT INTO dbo.t VALUES (1)")
    assert run(f"SELECT @@TRANCOUNT; ROLLBACK; {COUNT}").values == [1, 0]


@pytest.mark.parametrize(("batch", "number"), [("COMMIT", 3902), ("ROLLBACK", 3903)])
def test_ending_no_transaction_is_an_error(run: Run, batch: str, number: int) -> None:
    assert run(batch).errors == [number]


def test_statement_is_all_or_nothing_alone(run: Run, table: None) -> None:
    assert run(f"INSERT INTO dbo.t VALUES (1), (2), (1); {COUNT}").values == [0]


def test_broken_constraint_leaves_the_transaction_usable(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.t VALUES (1); INSERT INTO dbo.t VALUES (1); "
        f"SELECT XACT_STATE(); COMMIT; {COUNT}"
    )
    assert (record.values, record.errors) == ([1, 1], [2627])


def test_xact_abort_rolls_back_and_ends_the_batch(run: Run, table: None) -> None:
    record = run(
        "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.t VALUES (1); "
        "INSERT INTO dbo.t VALUES (1); SELECT 9"
    )
    assert (record.errors, run(f"SELECT @@TRANCOUNT; {COUNT}").values) == ([2627], [0, 0])


@pytest.fixture
def doomed(run: Run, table: None) -> Record:
    return run(
        "BEGIN TRAN; INSERT INTO dbo.t VALUES (1); BEGIN TRY SELECT CAST(N'x' AS int) END TRY "
        "BEGIN CATCH SELECT XACT_STATE(); BEGIN TRY INSERT INTO dbo.t VALUES (2) END TRY "
        f"BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; {COUNT} END CATCH"
    )


def test_failed_conversion_dooms_the_transaction(doomed: Record) -> None:
    assert doomed.values[0] == -1


def test_doomed_transaction_takes_no_changes(doomed: Record) -> None:
    assert doomed.values[1] == 3930


def test_doomed_transaction_can_be_read(doomed: Record) -> None:
    assert doomed.values[2] == 1


def test_doomed_transaction_is_rolled_back_at_the_end_of_the_batch(
    run: Run, doomed: Record
) -> None:
    assert (doomed.errors, run(f"SELECT @@TRANCOUNT; {COUNT}").values) == ([3998], [0, 0])


def test_transaction_under_xact_abort_can_be_read_after_a_run_time_error(
    run: Run, table: None
) -> None:
    record = run(
        "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.t VALUES (1); "
        f"BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH {COUNT}; ROLLBACK END CATCH; {COUNT}"
    )
    assert record.values == [1, 0]


def test_throw_dooms_under_xact_abort_only(run: Run, table: None) -> None:
    batch = (
        "SET XACT_ABORT {}; BEGIN TRAN; BEGIN TRY THROW 50001, N'm', 1 END TRY "
        "BEGIN CATCH SELECT XACT_STATE(); ROLLBACK END CATCH"
    )
    assert [run(batch.format(value)).values for value in ("ON", "OFF")] == [[-1], [1]]


def test_commit_of_a_doomed_transaction_is_an_error(run: Run) -> None:
    record = run(
        "SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY THROW 50001, N'm', 1 END TRY "
        "BEGIN CATCH COMMIT END CATCH"
    )
    assert record.errors == [3930]


def test_commit_of_a_doomed_transaction_ends_its_statement_alone(run: Run) -> None:
    record = run(
        "BEGIN TRAN; BEGIN TRY SELECT CAST(N'x' AS int) END TRY BEGIN CATCH PRINT 'in' END CATCH; "
        "COMMIT; PRINT 'after'"
    )
    assert (record.errors, record.texts) == ([3930, 3998], ["in", "after"])


def test_procedure_that_leaves_a_transaction_open_is_told(run: Run) -> None:
    run("CREATE PROCEDURE dbo.p AS BEGIN TRAN")
    record = run("EXEC dbo.p; SELECT @@TRANCOUNT; ROLLBACK")
    assert (record.errors, record.values) == ([266], [1])


def test_rollback_takes_back_definitions(run: Run) -> None:
    record = run(
        "BEGIN TRAN; CREATE TABLE dbo.u (a int); CREATE TABLE #v (a int); ROLLBACK; "
        "SELECT OBJECT_ID(N'dbo.u'), OBJECT_ID(N'tempdb..#v')"
    )
    assert record.rows == [[(None, None)]]


def test_rollback_brings_back_a_dropped_temp_table(run: Run) -> None:
    run("CREATE TABLE #v (a int); INSERT INTO #v VALUES (1)")
    assert run("BEGIN TRAN; DROP TABLE #v; ROLLBACK; SELECT COUNT(*) FROM #v").values == [1]


def test_identity_numbers_are_not_given_back(run: Run) -> None:
    run("CREATE TABLE dbo.n (i int IDENTITY(1, 1), a int)")
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.n (a) VALUES (1); ROLLBACK; "
        "INSERT INTO dbo.n (a) VALUES (2); SELECT i FROM dbo.n"
    )
    assert record.values == [2]


def test_other_session_sees_committed_rows_only(database: Database, run: Run, table: None) -> None:
    other = database.connect()
    run("BEGIN TRAN; INSERT INTO dbo.t VALUES (1)")
    before = other.query(COUNT)[0].rows()
    run("COMMIT")
    assert (before, other.query(COUNT)[0].rows()) == ([(0,)], [(1,)])


def test_closing_a_session_rolls_back(database: Database, run: Run, table: None) -> None:
    other = database.connect()
    other.query("BEGIN TRAN; INSERT INTO dbo.t VALUES (1)")
    other.close()
    assert run(COUNT).values == [0]


def test_rollback_takes_the_name_of_the_outermost_transaction(run: Run) -> None:
    record = run(
        "BEGIN TRAN a; BEGIN TRAN b; ROLLBACK TRAN b; ROLLBACK TRAN A; SELECT @@TRANCOUNT; "
        "ROLLBACK TRAN a; SELECT @@TRANCOUNT"
    )
    assert (record.errors, record.values) == ([6401, 6401], [2, 0])
