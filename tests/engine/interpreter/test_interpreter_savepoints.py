"""SAVE TRANSACTION and ROLLBACK TRANSACTION to a name."""

from __future__ import annotations

import pytest
from recording import Run

COUNT = "SELECT COUNT(*) FROM dbo.t"
FAIL = "SELECT 1 / 0;"


@pytest.fixture
def table(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int NOT NULL CONSTRAINT pk_t PRIMARY KEY)")


def test_rollback_to_a_savepoint_takes_back_what_came_after_it(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.t VALUES (1); SAVE TRAN s; INSERT INTO dbo.t VALUES (2); "
        f"CREATE TABLE #v (a int); ROLLBACK TRAN s; SELECT @@TRANCOUNT; {COUNT}; "
        f"SELECT OBJECT_ID(N'tempdb..#v'); COMMIT; {COUNT}"
    )
    assert record.values == [1, 1, None, 1]


def test_rollback_goes_to_the_last_savepoint_of_a_name_and_again(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN; SAVE TRAN s; INSERT INTO dbo.t VALUES (1); SAVE TRAN s; SAVE TRAN u; "
        f"INSERT INTO dbo.t VALUES (2); ROLLBACK TRAN s; {COUNT}; INSERT INTO dbo.t VALUES (3); "
        f"ROLLBACK TRAN s; {COUNT}; ROLLBACK TRAN u; COMMIT"
    )
    assert (record.values, record.errors) == ([1, 1], [6401])


def test_rollback_to_the_name_of_the_transaction_ends_it(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN a; BEGIN TRAN b; ROLLBACK TRAN b; ROLLBACK TRAN A; SELECT @@TRANCOUNT; "
        "ROLLBACK TRAN a; SELECT @@TRANCOUNT"
    )
    assert (record.errors, record.values) == ([6401, 6401], [2, 0])


def test_savepoint_is_found_after_an_error(run: Run, table: None) -> None:
    record = run(
        f"BEGIN TRAN; INSERT INTO dbo.t VALUES (1); SAVE TRAN s; {FAIL} "
        f"INSERT INTO dbo.t VALUES (2); ROLLBACK TRAN s; COMMIT; {COUNT}"
    )
    assert record.values == [1]


def test_savepoint_serves_under_xact_abort_too(run: Run, table: None) -> None:
    record = run(
        "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.t VALUES (1); SAVE TRAN s; "
        f"INSERT INTO dbo.t VALUES (2); ROLLBACK TRAN s; COMMIT; {COUNT}"
    )
    assert record.values == [1]
