"""An error in a transaction takes back its statement alone, and nothing is done twice."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from recording import Record, Run

from procluster.local.change_log import ChangeLog, Row, RowChange, Verb
from procluster.local.connection import Cancelled
from procluster.local.database import Database
from procluster.local.results import Event, Message

COUNT = "SELECT COUNT(*) FROM dbo.t"
FAIL = "SELECT 1 / COUNT(*) FROM sys.tables WHERE name = N'none';"
"""An error after which DuckDB gives up the transaction, as it does where a table is read."""


class Counting:
    """A connection to DuckDB that counts what it executes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.executed = 0

    def execute(self, *given: Any) -> duckdb.DuckDBPyConnection:
        self.executed += 1
        return self.connection.execute(*given)

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)


@pytest.fixture
def table(run: Run) -> None:
    run("CREATE TABLE dbo.t (a int NOT NULL CONSTRAINT pk_t PRIMARY KEY)")


@pytest.fixture
def many(database: Database) -> None:
    """A table of 12,210 rows, which joined with itself twice keeps DuckDB at work for hours."""
    session = database.connect()
    session.query("CREATE TABLE dbo.many (n int NOT NULL)")
    session.query("INSERT INTO dbo.many VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)")
    for _ in range(2):
        session.query("INSERT INTO dbo.many SELECT a.n FROM dbo.many AS a CROSS JOIN dbo.many AS b")


def test_statements_before_and_after_an_error_are_committed(run: Run, table: None) -> None:
    run(f"BEGIN TRAN; INSERT INTO dbo.t VALUES (1); {FAIL} INSERT INTO dbo.t VALUES (2); COMMIT")
    assert run("SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) FROM dbo.t").values == ["1,2"]


def test_statements_are_not_done_twice(run: Run) -> None:
    run("CREATE TABLE dbo.u (a int NOT NULL); INSERT INTO dbo.u VALUES (1)")
    run(
        f"BEGIN TRAN; INSERT INTO dbo.u VALUES (2); UPDATE dbo.u SET a = a + 10; {FAIL} {FAIL} "
        "COMMIT"
    )
    assert run("SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) FROM dbo.u").values == ["11,12"]


def test_update_that_fails_in_its_last_row_changes_none(run: Run, table: None) -> None:
    run("INSERT INTO dbo.t VALUES (1), (2), (0)")
    record = run("BEGIN TRAN; UPDATE dbo.t SET a = 100 / a; SELECT SUM(a) FROM dbo.t; COMMIT")
    assert (record.errors, record.values) == ([8134], [3])


def test_rows_are_updated_and_deleted_where_they_were(run: Run) -> None:
    run("CREATE TABLE dbo.u (a int NOT NULL, b int NULL)")
    run("INSERT INTO dbo.u (a) VALUES (1), (2), (3), (4)")
    record = run(
        "BEGIN TRAN; DELETE FROM dbo.u WHERE a = 1; INSERT INTO dbo.u (a) VALUES (5), (6), (7); "
        "DELETE FROM dbo.u WHERE a IN (2, 6); UPDATE dbo.u SET b = a * a WHERE a > 3; "
        f"{FAIL} UPDATE dbo.u SET a = a + b WHERE a = 7; {FAIL} COMMIT; "
        "SELECT STRING_AGG(CONCAT(a, '/', b), ' ') WITHIN GROUP (ORDER BY a) FROM dbo.u"
    )
    assert record.values == ["3/ 4/16 5/25 56/49"]


def test_rows_are_as_the_last_change_left_them(run: Run, table: None) -> None:
    run("CREATE TABLE dbo.u (a int NOT NULL, b int NULL); INSERT INTO dbo.u (a) VALUES (1), (2)")
    changes = (
        "UPDATE dbo.u SET b = a; DELETE FROM dbo.u WHERE a = 2; UPDATE dbo.u SET b = b + 1; "
        "INSERT INTO dbo.u VALUES (2, 7); UPDATE dbo.u SET a = 3 WHERE b = 7; "
    )
    record = run(
        f"BEGIN TRAN; {changes} {FAIL} {changes} {FAIL} COMMIT; "
        "SELECT STRING_AGG(CONCAT(a, '/', b), ' ') WITHIN GROUP (ORDER BY a, b) FROM dbo.u"
    )
    assert record.values == ["1/2 3/4 3/7"]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO dbo.u VALUES ({}, 0)",
        "UPDATE dbo.u SET b = b + 1 WHERE a = {}",
        "UPDATE dbo.u SET a = a + 1000 WHERE a = {}",
        "UPDATE u SET b = b + 1 FROM dbo.u AS u JOIN dbo.many AS m ON m.n = u.b WHERE a < {}",
        "DELETE FROM dbo.u WHERE a = {}",
        "DELETE u FROM dbo.u AS u JOIN dbo.many AS m ON m.n = u.b WHERE a = {}",
    ],
)
def test_many_changes_are_done_again_at_once(database: Database, many: None, change: str) -> None:
    session = database.connect()
    session.query(
        "CREATE TABLE dbo.u (a int NOT NULL CONSTRAINT uq_u UNIQUE, b int NOT NULL); "
        "INSERT INTO dbo.u SELECT TOP (40) ROW_NUMBER() OVER (ORDER BY n), 1 FROM dbo.many"
    )
    changes = "; ".join(change.format(100 + n if "INSERT" in change else n) for n in range(1, 31))
    Record(session, f"BEGIN TRAN; {changes}; {FAIL}")
    connection = Counting(session._engine.connection)
    session._engine.connection = connection  # type: ignore[assignment]

    Record(session, FAIL)

    assert connection.executed < 5


def test_rows_with_a_key_of_duckdb_are_as_the_last_change_left_them(tmp_path: Path) -> None:
    """Such a key gives a row another rowid when it is changed."""
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(file) as other:
        other.execute("CREATE SCHEMA dbo")
        other.execute("CREATE TABLE dbo.o (a INTEGER PRIMARY KEY, b INTEGER)")
        other.execute("INSERT INTO dbo.o VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
    with Database(file) as database:
        record = Record(
            database.connect(),
            "BEGIN TRAN; UPDATE dbo.o SET b = b + 10 WHERE a = 1; UPDATE dbo.o SET b = b + 10 "
            "WHERE a < 3; UPDATE dbo.o SET a = 33 WHERE a = 3; UPDATE dbo.o SET b = 9 WHERE a = 33;"
            "UPDATE o SET b = 5 FROM dbo.o AS o JOIN dbo.o AS p ON p.a = o.a WHERE o.a = 33; "
            "DELETE FROM dbo.o WHERE a = 2; INSERT INTO dbo.o VALUES (7, 7); "
            f"UPDATE dbo.o SET b = 8 WHERE a = 7; {FAIL} {FAIL} {FAIL} COMMIT; "
            "SELECT STRING_AGG(CONCAT(a, '/', b), ' ') WITHIN GROUP (ORDER BY a) FROM dbo.o",
        )
    assert record.values == ["1/21 4/4 7/8 33/5"]


def test_row_that_was_changed_twice_is_written_once() -> None:
    log, written = ChangeLog(), list[list[Row]]()
    log.room = 2
    for value in ("a", "b"):
        log.record(RowChange("t", Verb.UPDATE, (7, value), written.append))

    log.replay()

    assert written == [[(7, "b")]]


def test_numbers_stay_with_their_rows(run: Run) -> None:
    run("CREATE TABLE dbo.n (i int IDENTITY(1, 1), a int)")
    read = "SELECT STRING_AGG(CONCAT(i, '-', a), ' ') WITHIN GROUP (ORDER BY i) FROM dbo.n"
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.n (a) SELECT v.a FROM (VALUES (7), (8), (9)) AS v(a); "
        f"{read}; {FAIL} {read}; INSERT INTO dbo.n (a) VALUES (10); COMMIT; {read}"
    )
    assert record.values == ["1-7 2-8 3-9"] * 2 + ["1-7 2-8 3-9 4-10"]


def test_failed_insert_uses_its_number_up(run: Run) -> None:
    run("CREATE TABLE dbo.n (i int IDENTITY(1, 1), a int CONSTRAINT uq_n UNIQUE)")
    record = run(
        "INSERT INTO dbo.n (a) VALUES (1); INSERT INTO dbo.n (a) VALUES (1); SELECT @@IDENTITY; "
        "INSERT INTO dbo.n (a) VALUES (2); SELECT i FROM dbo.n WHERE a = 2"
    )
    assert record.values == [2, 3]


def test_truncation_taken_back_brings_the_numbers_back(run: Run) -> None:
    run("CREATE TABLE dbo.n (i int IDENTITY(1, 1) PRIMARY KEY, a int)")
    record = run(
        "INSERT INTO dbo.n (a) VALUES (1), (2); BEGIN TRAN; TRUNCATE TABLE dbo.n; ROLLBACK; "
        "INSERT INTO dbo.n (a) VALUES (3); SELECT MAX(i) FROM dbo.n"
    )
    assert record.values == [3]


def test_used_numbers_are_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with Database(file) as database:
        database.connect().query(
            "CREATE TABLE dbo.n (i int IDENTITY(1, 1), a int CONSTRAINT ck CHECK (a > 0)); "
            "CREATE TABLE dbo.gone (i int IDENTITY(1, 1), a int); "
            "BEGIN TRAN; INSERT INTO dbo.n (a) VALUES (1), (2); INSERT INTO dbo.gone VALUES (1); "
            "DROP TABLE dbo.gone; INSERT INTO dbo.n (a) VALUES (3); COMMIT"
        )
    with Database(file) as database:
        session = database.connect()
        session.query("INSERT INTO dbo.n (a) VALUES (4)")
        numbers = session.query("SELECT MAX(i) FROM dbo.n")[0].rows()
        kept = session._engine.connection.execute("SELECT COUNT(*) FROM _engine.identity")
        assert (numbers, kept.fetchone()) == ([(4,)], (1,))


def test_clock_is_not_asked_again(run: Run) -> None:
    run("CREATE TABLE dbo.u (n int NOT NULL, at datetime2(6) NOT NULL DEFAULT SYSDATETIME())")
    read = "SELECT COUNT(*) FROM dbo.u AS u JOIN #seen AS s ON s.n = u.n AND s.at = u.at"
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.u (n) VALUES (1); "
        "INSERT INTO dbo.u SELECT v.n, SYSDATETIME() FROM (VALUES (2), (3)) AS v(n); "
        "UPDATE dbo.u SET at = DATEADD(day, 1, SYSDATETIME()) WHERE n <> 2; "
        f"SELECT n, at INTO #seen FROM dbo.u; {FAIL} {read}; COMMIT"
    )
    assert record.values == [3]


def test_catalog_view_is_not_asked_again(run: Run, table: None) -> None:
    record = run(
        "BEGIN TRAN; SELECT name INTO #names FROM sys.tables; CREATE TABLE dbo.u (a int); "
        f"{FAIL} SELECT name FROM #names; COMMIT"
    )
    assert record.rows == [[("t",)]]


def test_temp_table_of_an_ended_procedure_stays_gone(database: Database) -> None:
    session = database.connect()
    session.query("CREATE PROCEDURE dbo.p AS CREATE TABLE #v (a int)")
    Record(session, f"BEGIN TRAN; EXEC dbo.p; {FAIL}")
    found = session._engine.connection.execute("SELECT table_name FROM duckdb_tables()")
    assert [name for (name,) in found.fetchall() if "#v" in name] == []


def test_every_type_survives(run: Run) -> None:
    columns = {
        "a": ("decimal(38, 10)", "12345678901234567890.0123456789"),
        "b": ("float", "1.0 / 3e0"),
        "c": ("real", "0.1"),
        "d": ("datetime2(6)", "'2024-02-29T13:14:15.123456'"),
        "e": ("date", "'2024-02-29'"),
        "f": ("uniqueidentifier", "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"),
        "g": ("varbinary(10)", "0x00FF"),
        "h": ("bit", "1"),
        "i": ("tinyint", "255"),
        "j": ("bigint", "-9223372036854775807"),
        "k": ("nvarchar(10)", "N'ä '"),
        "l": ("money", "-1.2345"),
        "m": ("char(4)", "'a'"),
        "n": ("int", "NULL"),
        "o": ("smallint", "-32768"),
        "p": ("binary(3)", "0x01"),
        "q": ("datetime", "'2024-02-29T13:14:15.127'"),
    }
    declared = ", ".join(f"{name} {kind} NULL" for name, (kind, _) in columns.items())
    values = ", ".join(value for _, value in columns.values())
    run(f"CREATE TABLE dbo.w (x int NULL, {declared})")
    record = run(
        f"BEGIN TRAN; INSERT INTO dbo.w SELECT 0, {values} UNION ALL SELECT 1, {values}; "
        f"SELECT * INTO #w FROM dbo.w; UPDATE dbo.w SET x = x + 1; SELECT * FROM dbo.w; {FAIL} "
        "SELECT * FROM dbo.w; UPDATE #w SET x = x + 1; SELECT * FROM #w; COMMIT"
    )
    first, *later = record.rows
    assert len(first) == 2
    assert later == [first, first]


def test_definitions_survive_and_the_failed_one_goes(run: Run) -> None:
    record = run(
        "BEGIN TRAN; CREATE TABLE dbo.u (a int NOT NULL); CREATE TABLE #v (a int NOT NULL); "
        "INSERT INTO #v VALUES (0); EXEC (N'CREATE PROCEDURE dbo.p AS SELECT 7'); "
        "SELECT 1 / a AS b INTO dbo.half FROM #v; "
        "CREATE INDEX ix ON dbo.u (a); INSERT INTO dbo.u VALUES (1); EXEC dbo.p; COMMIT; "
        "SELECT OBJECT_ID(N'dbo.half'); SELECT COUNT(*) FROM sys.indexes WHERE name = N'ix'; "
        "SELECT COUNT(*) FROM #v"
    )
    assert (record.errors, record.values) == ([8134], [7, None, 1, 1])


def test_definition_that_failed_can_be_made_again(run: Run) -> None:
    record = run(
        "BEGIN TRAN; CREATE TABLE #v (a int); INSERT INTO #v VALUES (0), (1); "
        "SELECT 1 / a AS b INTO #w FROM #v; SELECT 1 / a AS b INTO #w FROM #v WHERE a = 1; "
        "SELECT b FROM #w; COMMIT"
    )
    assert (record.errors, record.values) == ([8134], [1])


def test_catalog_view_is_right_after_an_error(run: Run) -> None:
    names = "SELECT STRING_AGG(name, ' ') FROM sys.tables"
    record = run(
        f"BEGIN TRAN; CREATE TABLE dbo.u (a int); {names}; {FAIL} {names}; DROP TABLE dbo.u; "
        f"{names}; ROLLBACK; {names}"
    )
    assert record.values == ["u", "u", None, None]


def test_procedure_goes_on_after_its_error(run: Run, table: None) -> None:
    insert = "INSERT INTO dbo.t VALUES"
    run(f"CREATE PROCEDURE dbo.p AS {insert} (1); {FAIL} {insert} (2)")
    record = run(f"BEGIN TRAN; EXEC dbo.p; COMMIT; {COUNT}")
    assert (record.errors, record.values) == ([8134], [2])


def test_variables_are_not_taken_back(run: Run, table: None) -> None:
    record = run(f"DECLARE @n int = 1; BEGIN TRAN; SET @n = 2; {FAIL} SELECT @n; COMMIT")
    assert record.values == [2]


def test_insert_exec_goes_on_after_an_error_of_its_procedure(run: Run, table: None) -> None:
    run("CREATE TABLE dbo.log (n int)")
    run(f"CREATE PROCEDURE dbo.p AS INSERT INTO dbo.log VALUES (1); {FAIL} SELECT 7")
    record = run("INSERT INTO dbo.t EXEC dbo.p; SELECT a FROM dbo.t; SELECT COUNT(*) FROM dbo.log")
    assert (record.errors, record.values) == ([8134], [7, 1])


def test_reader_in_a_transaction_sees_what_others_commit_after_its_error(
    database: Database, run: Run, table: None
) -> None:
    run(f"BEGIN TRAN; {COUNT}; {FAIL}")
    database.connect().query("INSERT INTO dbo.t VALUES (1)")
    assert run(f"{COUNT}; SELECT @@TRANCOUNT; ROLLBACK").values == [1, 1]


def test_writer_keeps_its_lock_over_an_error(database: Database, run: Run, table: None) -> None:
    run(f"BEGIN TRAN; INSERT INTO dbo.t VALUES (1); {FAIL}")
    other = Record(database.connect(), "SET LOCK_TIMEOUT 0; INSERT INTO dbo.t VALUES (2)")
    assert (other.errors, run(f"COMMIT; {COUNT}").values) == ([1222], [1])


def test_transaction_begun_under_xact_abort_goes_on_after_off(run: Run, table: None) -> None:
    record = run(
        "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.t VALUES (1); SET XACT_ABORT OFF; "
        f"{FAIL} COMMIT; {COUNT}"
    )
    assert (record.errors, record.values) == ([8134], [1])


@pytest.fixture
def long_change(many: None) -> str:
    """What changes more rows than are kept under SET XACT_ABORT ON."""
    insert = "INSERT INTO dbo.many SELECT n FROM dbo.many"
    return f"SET XACT_ABORT ON; BEGIN TRAN; {insert}; SET XACT_ABORT OFF;"


def test_long_transaction_begun_under_xact_abort_is_doomed_also_after_off(
    run: Run, long_change: str
) -> None:
    record = run(f"{long_change} {FAIL} SELECT 9")
    left = run("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.many")
    assert (record.errors, record.values, left.rows) == ([8134], [], [[(0, 12_210)]])


def test_long_transaction_begun_under_xact_abort_cannot_be_read_after_an_error(
    run: Run, long_change: str
) -> None:
    record = run(
        f"{long_change} BEGIN TRY {FAIL} END TRY BEGIN CATCH SELECT MAX(n) FROM dbo.many END CATCH"
    )
    assert record.errors == [40510]


def test_rows_of_two_tables_keep_their_order_over_an_error(run: Run) -> None:
    names = ("dbo.x", "dbo.y")
    for name in names:
        run(f"CREATE TABLE {name} (id int IDENTITY(7, 3) NOT NULL, s nvarchar(9) NULL)")
    inserts = " ".join(
        f"INSERT INTO {name} VALUES ('b'); INSERT INTO {name} SELECT s FROM (VALUES ('a'), ('c')) "
        "AS v(s);"
        for name in names * 2
    )
    read = "; ".join(f"SELECT * FROM {name}" for name in names)
    record = run(f"BEGIN TRAN; {inserts} {read}; {FAIL} {read}; COMMIT")
    assert (record.errors, len(record.rows[0])) == ([8134], 6)
    assert record.rows[:2] == record.rows[2:]


def test_long_transaction_outlasts_an_error_of_values_alone(run: Run, long_change: str) -> None:
    record = run(f"{long_change} SELECT 1 / 0; SELECT COUNT(*) FROM dbo.many; ROLLBACK")
    assert (record.errors, record.values) == ([8134], [24_420])


def test_long_transaction_begun_under_off_takes_back_one_statement(run: Run, many: None) -> None:
    record = run(
        f"BEGIN TRAN; INSERT INTO dbo.many SELECT n FROM dbo.many; {FAIL} COMMIT; "
        "SELECT COUNT(*) FROM dbo.many"
    )
    assert record.values == [24_420]


def test_script_is_not_run_again(run: Run, table: None) -> None:
    run("CREATE TABLE dbo.u (n bigint NULL)")
    script = "import time, pandas; OutputDataSet = pandas.DataFrame({''n'': [time.time_ns()]})"
    record = run(
        "BEGIN TRAN; INSERT INTO dbo.u EXEC sp_execute_external_script @language = N'Python', "
        f"@script = N'{script}'; SELECT n FROM dbo.u; {FAIL} SELECT n FROM dbo.u; COMMIT"
    )
    first, second = record.values
    assert first == second


@pytest.mark.parametrize(("xact_abort", "left"), [("OFF", (1, 1)), ("ON", (0, 0))])
def test_cancelled_statement_leaves_the_transaction_open_under_off(
    database: Database, table: None, many: None, xact_abort: str, left: tuple[int, int]
) -> None:
    session = database.connect()
    session.query(
        f"CREATE PROCEDURE dbo.p AS SET XACT_ABORT {xact_abort}; CREATE TABLE #own (a int); "
        "PRINT N'begins'; "
        "UPDATE dbo.t SET a = (SELECT SUM(x.n * y.n % z.n) FROM dbo.many AS x "
        "CROSS JOIN dbo.many AS y CROSS JOIN dbo.many AS z)"
    )

    def cancel_soon(event: Event) -> None:
        if isinstance(event, Message):
            threading.Timer(0.2, session.cancel).start()

    with pytest.raises(Cancelled):
        session.execute("BEGIN TRAN; INSERT INTO dbo.t VALUES (1); EXEC dbo.p", cancel_soon)

    assert session.query(f"SELECT @@TRANCOUNT, ({COUNT})")[0].rows() == [left]


def test_query_of_values_alone_is_cancelled(database: Database) -> None:
    session = database.connect()
    ten = "(VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10))"
    joined = " CROSS JOIN ".join(f"{ten} AS t{place}(n)" for place in range(14))

    def cancel_soon(_: Event) -> None:
        threading.Timer(0.2, session.cancel).start()

    with pytest.raises(Cancelled):
        session.execute(f"PRINT N'begins'; SELECT SUM(t0.n * t1.n) FROM {joined}", cancel_soon)
