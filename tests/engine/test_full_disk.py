"""A disk without room: an error of T-SQL, nothing half done, and the next call works.

The disk is full for this process alone: RLIMIT_FSIZE lets no file grow beyond a size, and a write
fails as it does for want of space, only with EFBIG ("File too large") in the place of ENOSPC.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from procluster.errors import DataError, SqlError
from procluster.local.database import Database, Session
from procluster.local.results import Event, Message

if sys.platform == "win32":
    pytest.skip("Windows limits no file's size", allow_module_level=True)

import resource

FullDisk = Callable[..., AbstractContextManager[None]]

TABLE = """
CREATE TABLE dbo.t (n bigint NOT NULL, v varbinary(8000) NULL);
INSERT INTO dbo.t (n) VALUES (1);
"""
ROOM = 200_000
LOG_LIMIT = 24_000_000
"""More than the log may hold before DuckDB moves it into the database file, 16 MB."""


@pytest.fixture
def full_disk() -> FullDisk:
    """``with full_disk(room):`` no file grows beyond that many bytes meanwhile."""

    @contextmanager
    def limited(room: int = ROOM) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with Database(file) as opened:
        opened.connect().query(TABLE)
        yield opened


def noise(megabytes: int) -> pa.Table:
    """Rows of 1,000 bytes that nothing compresses."""
    count = megabytes * 1000
    bytes_ = np.random.default_rng(111).bytes(count * 1000)
    values = [bytes_[start : start + 1000] for start in range(0, len(bytes_), 1000)]
    return pa.table({"n": pa.array(range(2, count + 2), pa.int64()), "v": values})


def rows_in(session: Session) -> int:
    ((count,),) = session.query("SELECT COUNT(*) FROM dbo.t;")[-1].rows()
    return int(str(count))


def errors_of(session: Session, batch: str) -> list[int]:
    found: list[int] = []
    session.execute(batch, lambda e: found.append(e.number) if isinstance(e, SqlError) else None)
    return found


def fill(session: Session, megabytes: int) -> tuple[int, SqlError]:
    """Insert so much noise at a time until there is an error; give the rows before it too."""
    rows = noise(megabytes)
    for done in range(40):
        try:
            session.append("dbo.t", rows)
        except SqlError as error:  # noqa: PERF203
            return done * rows.num_rows + 1, error
    raise AssertionError


def test_full_disk_at_a_commit_is_9002_and_keeps_nothing(
    database: Database, full_disk: FullDisk
) -> None:
    session = database.connect()

    with full_disk(), pytest.raises(SqlError) as caught:
        session.append("dbo.t", noise(1))

    assert (caught.value.number, caught.value.severity) == (9002, 17)
    assert "database 'shop' is full due to 'File too large'" in caught.value.message
    assert rows_in(session) == 1


def test_full_disk_can_be_caught(database: Database, full_disk: FullDisk) -> None:
    session = database.connect()
    batch = f"""
    BEGIN TRY
        BEGIN TRANSACTION;
        INSERT INTO dbo.t (n, v) VALUES (2, 0x{"78" * 8000});
        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        SELECT ERROR_NUMBER(), @@TRANCOUNT, XACT_STATE();
    END CATCH;
    """

    with full_disk(4096):
        (result,) = session.query(batch)

    assert result.rows() == [(9002, 0, 0)]
    assert rows_in(session) == 1


def test_next_call_works_when_there_is_room_again(database: Database, full_disk: FullDisk) -> None:
    session = database.connect()
    with full_disk(), pytest.raises(SqlError):
        session.append("dbo.t", noise(1))

    session.append("dbo.t", noise(1))

    assert rows_in(session) == 1001


def test_file_is_whole_after_a_full_disk(file: Path, full_disk: FullDisk) -> None:
    with Database(file) as database:
        session = database.connect()
        session.query(TABLE)
        with full_disk(), pytest.raises(SqlError):
            session.append("dbo.t", noise(1))

    with Database(file) as database:
        assert rows_in(database.connect()) == 1


@pytest.mark.parametrize(("megabytes", "outcome"), [(6, "was not committed"), (3, "is committed")])
def test_full_disk_at_a_checkpoint_is_9001_that_tells_the_outcome(
    database: Database, full_disk: FullDisk, megabytes: int, outcome: str
) -> None:
    session = database.connect()

    with full_disk(LOG_LIMIT):
        whole, error = fill(session, megabytes)

    assert (error.number, error.severity) == (9001, 21)
    assert f"The transaction {outcome}." in error.message
    assert rows_in(session) == whole + (megabytes * 1000 if outcome == "is committed" else 0)


def test_next_batch_runs_after_a_lost_checkpoint(database: Database, full_disk: FullDisk) -> None:
    session = database.connect()
    with full_disk(LOG_LIMIT):
        fill(session, 6)

    assert errors_of(session, "INSERT INTO dbo.t (n) VALUES (0);") == []


def test_other_sessions_are_told_596_once(database: Database, full_disk: FullDisk) -> None:
    session, other = database.connect(), database.connect()
    with full_disk(LOG_LIMIT):
        fill(session, 6)

    assert errors_of(other, "SELECT 1;") == [596]
    assert errors_of(other, "SELECT 1;") == []


def test_session_in_the_middle_of_a_batch_is_told_596(
    database: Database, full_disk: FullDisk
) -> None:
    session, other = database.connect(), database.connect()
    events: list[object] = []

    def receive(event: Event) -> None:
        events.append(event.number if isinstance(event, SqlError) else None)
        if isinstance(event, Message):
            with full_disk(LOG_LIMIT):
                fill(other, 6)

    session.execute("PRINT N'now'; INSERT INTO dbo.t (n) VALUES (0);", receive)

    assert events == [None, 596]
    assert errors_of(other, "INSERT INTO dbo.t (n) VALUES (0);") == []
    assert errors_of(session, "INSERT INTO dbo.t (n) VALUES (0);") == []


def test_database_cannot_be_made_on_a_full_disk(file: Path, full_disk: FullDisk) -> None:
    with full_disk(0), pytest.raises(DataError, match="cannot be opened as a database"):
        Database(file)
