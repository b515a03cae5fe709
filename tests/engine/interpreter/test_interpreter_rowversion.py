"""A rowversion column: numbers of the database, new after every change of a row.

Rules: "rowversion (Transact-SQL)"; what INSERT makes of NULL and DEFAULT is that of "INSERT".
"""

from __future__ import annotations

from pathlib import Path

import pytest
from recording import Run

from procluster.local.database import Database

TABLE = """
CREATE TABLE dbo.t (id int NOT NULL, n int NULL, v rowversion);
INSERT INTO dbo.t (id, n) VALUES (1, 10), (2, 20);
"""
VERSIONS = "SELECT CAST(v AS bigint) FROM dbo.t ORDER BY id"


@pytest.fixture
def versions(run: Run) -> Run:
    run(TABLE)
    return run


def numbers(run: Run, query: str = VERSIONS) -> list[object]:
    return [number for (number,) in run(query).rows[0]]


def test_rowversion_of_a_new_database_begins_at_2001(versions: Run) -> None:
    assert versions("SELECT v FROM dbo.t WHERE id = 1").values == [b"\0\0\0\0\0\0\x07\xd1"]
    assert numbers(versions) == [2001, 2002]


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO dbo.t (id) VALUES (3)",
        "INSERT INTO dbo.t (id, v) VALUES (3, DEFAULT)",
        "INSERT INTO dbo.t VALUES (3, 30, NULL)",
        "INSERT INTO dbo.t (id, v) SELECT 3, NULL",
        "INSERT INTO dbo.t (id) EXEC (N'SELECT 3')",
    ],
)
def test_insert_gives_the_next_rowversion(versions: Run, insert: str) -> None:
    versions(insert)

    assert numbers(versions) == [2001, 2002, 2003]


def test_row_without_a_place_for_the_rowversion_is_213(versions: Run) -> None:
    assert versions("INSERT INTO dbo.t VALUES (3, 30)").errors == [213]


@pytest.mark.parametrize(
    "update",
    [
        "UPDATE dbo.t SET n = 5 WHERE id = 1",
        "UPDATE dbo.t SET n = n WHERE id = 1",
        "UPDATE t SET n = 5 FROM dbo.t AS t INNER JOIN (VALUES (1)) AS w (id) ON w.id = t.id",
        "UPDATE dbo.t SET n = 5 WHERE id = (SELECT MIN(id) FROM dbo.t)",
    ],
)
def test_update_gives_its_rows_a_higher_rowversion(versions: Run, update: str) -> None:
    versions(update)

    changed, kept = numbers(versions)
    assert isinstance(changed, int)
    assert (changed > 2002, kept) == (True, 2002)


def test_update_of_all_rows_gives_each_another_rowversion(versions: Run) -> None:
    versions("UPDATE dbo.t SET n = 1")

    assert len(set(numbers(versions)) | {2001, 2002}) == 4


def test_tables_share_the_numbers_of_their_database(versions: Run) -> None:
    versions("CREATE TABLE dbo.u (id int, v rowversion); INSERT INTO dbo.u (id) VALUES (1)")

    assert numbers(versions, "SELECT CAST(v AS bigint) FROM dbo.u") == [2003]


def test_rollback_restores_the_rowversion_and_uses_its_number_up(versions: Run) -> None:
    versions("BEGIN TRAN; UPDATE dbo.t SET n = 1; INSERT INTO dbo.t (id) VALUES (3); ROLLBACK")

    assert numbers(versions) == [2001, 2002]
    versions("INSERT INTO dbo.t (id) VALUES (3)")
    *_, last = numbers(versions)
    assert isinstance(last, int)
    assert last > 2003


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE dbo.t SET n = 1",
        "INSERT INTO dbo.t (id) VALUES (3)",
        "ALTER TABLE dbo.t DROP COLUMN v; ALTER TABLE dbo.t ADD v rowversion",
    ],
)
def test_error_behind_a_change_leaves_its_rowversions(versions: Run, change: str) -> None:
    """What the engine does again after an error has the numbers of the first time."""
    found = versions(f"BEGIN TRAN; {change}; {VERSIONS}; SELECT 1 / id - 1 / 0 FROM dbo.t")
    assert found.errors == [8134]

    assert numbers(versions) == [number for (number,) in found.rows[0]]


def test_rowversion_added_to_a_table_numbers_its_rows(run: Run) -> None:
    run("CREATE TABLE dbo.u (id int); INSERT INTO dbo.u VALUES (1), (2)")

    run("ALTER TABLE dbo.u ADD v rowversion NOT NULL")

    assert numbers(run, "SELECT CAST(v AS bigint) FROM dbo.u") == [2001, 2002]


def test_rowversion_is_timestamp_in_the_catalog(versions: Run) -> None:
    query = """
        SELECT t.name, c.max_length, c.is_nullable
        FROM sys.columns AS c
        INNER JOIN sys.types AS t ON t.user_type_id = c.user_type_id
        WHERE c.object_id = OBJECT_ID(N'dbo.t') AND c.name = N'v';
    """
    assert versions(query).rows == [[("timestamp", 8, False)]]


def test_rowversion_compares_with_the_bytes_that_were_read(versions: Run) -> None:
    batch = """
        DECLARE @read binary(8), @from bigint = 2002;
        SELECT @read = v FROM dbo.t WHERE id = 2;
        SELECT id FROM dbo.t WHERE v = @read;
        SELECT id FROM dbo.t WHERE v = 0x00000000000007D1;
        SELECT id FROM dbo.t WHERE v >= @from;
        SELECT CAST(MAX(v) AS bigint) FROM dbo.t;
    """
    assert versions(batch).values == [2, 1, 2, 2002]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT v INTO #u FROM dbo.t",
        "SELECT v + 1 FROM dbo.t",
        "SELECT CAST(v AS int) FROM dbo.t",
        "SELECT CAST(v AS varchar(20)) FROM dbo.t",
        "SELECT CAST(1 AS rowversion)",
        "SELECT @@DBTS",
        "SELECT MIN_ACTIVE_ROWVERSION()",
    ],
)
def test_what_a_rowversion_does_not_do_here_is_refused(versions: Run, statement: str) -> None:
    assert versions(statement).errors == [40510]


def test_file_goes_on_with_its_numbers(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with Database(file) as database:
        database.connect().query(TABLE)

    with Database(file) as database:
        session = database.connect()
        session.query("INSERT INTO dbo.t (id) VALUES (3)")
        assert session.query(VERSIONS)[0].rows() == [(2001,), (2002,), (2003,)]


def test_binary_default_fills_a_new_column(run: Run) -> None:
    run("CREATE TABLE dbo.u (id int); INSERT INTO dbo.u VALUES (1)")

    run("ALTER TABLE dbo.u ADD b varbinary(4) NOT NULL CONSTRAINT df_b DEFAULT 0x00FF")

    assert run("SELECT b FROM dbo.u").values == [b"\0\xff"]


def test_number_of_a_row_is_written_with_its_transaction(tmp_path: Path) -> None:
    file, log = tmp_path / "shop.duckdb", tmp_path / "shop.duckdb.wal"
    with Database(file) as database:
        session = database.connect()
        session.query("CREATE TABLE dbo.v (a int NOT NULL, r rowversion NOT NULL)")
        before = log.stat().st_size

        session.query("BEGIN TRAN; INSERT INTO dbo.v (a) VALUES (1)")

        assert log.stat().st_size == before
