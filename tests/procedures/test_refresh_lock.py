"""One refresh at a time: the second caller is told who runs, and since when."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from shop import rows

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.satellite import Satellite

HOLD = """
DECLARE @run_id bigint;
EXEC seg.start_run @procedure_name = N'refresh', @run_id = @run_id OUTPUT;
EXEC sp_getapplock
    @Resource = N'procluster.seg.refresh', @LockMode = N'Exclusive', @LockOwner = N'Session';
EXEC seg.start_run @procedure_name = N'train', @run_id = @run_id OUTPUT;
"""


@pytest.fixture
def sessions(
    stages: Path, tmp_path: Path, satellite: Satellite
) -> Iterator[tuple[Session, Session]]:
    """Two sessions of one database; the first is in the middle of a refresh."""
    file = shutil.copy(stages / "segmented", tmp_path / "shop.duckdb")
    with Database(file, satellite=satellite) as database:
        first, second = database.connect(), database.connect()
        first.query(HOLD)
        yield first, second


def test_refresh_names_the_call_that_runs(sessions: tuple[Session, Session]) -> None:
    first, second = sessions
    ((run, login, start),) = rows(
        first,
        "SELECT run_id, login_name, CONVERT(nvarchar(19), started_at, 120) "
        "FROM seg.run WHERE status = N'running' AND procedure_name = N'refresh';",
    )

    with pytest.raises(SqlError) as caught:
        second.query("EXEC seg.refresh;")

    assert caught.value.number == 50005
    assert caught.value.message == (
        f"seg.refresh: run {run} by {login} has been running since {start} UTC. Wait for it to end."
    )


def test_refresh_runs_when_the_lock_is_free_again(sessions: tuple[Session, Session]) -> None:
    first, second = sessions
    first.query(
        "EXEC sp_releaseapplock @Resource = N'procluster.seg.refresh', @LockOwner = N'Session';"
    )

    (profile,) = second.query("EXEC seg.refresh;")

    assert len(profile.rows()) == 3


def test_refresh_gives_its_lock_back_after_a_failure(sessions: tuple[Session, Session]) -> None:
    first, second = sessions
    first.query(
        "EXEC sp_releaseapplock @Resource = N'procluster.seg.refresh', @LockOwner = N'Session';"
    )
    with pytest.raises(SqlError, match="@n_clusters: 0"):
        second.query("EXEC seg.refresh @train_policy = N'always', @n_clusters = 0;")

    (profile,) = first.query("EXEC seg.refresh;")

    assert len(profile.rows()) == 3


def test_refresh_frees_what_a_cancelled_call_of_its_session_held(
    sessions: tuple[Session, Session],
) -> None:
    first, second = sessions

    first.query("EXEC seg.refresh;")
    (profile,) = second.query("EXEC seg.refresh;")

    assert len(profile.rows()) == 3


def test_refresh_closes_the_rows_of_calls_that_were_cut_off(
    sessions: tuple[Session, Session],
) -> None:
    first, _ = sessions

    first.query("EXEC seg.refresh;")

    query = "SELECT procedure_name, message FROM seg.run WHERE status = N'failed' ORDER BY run_id;"
    cut_off = "cancelled or cut off"
    assert rows(first, query) == [("refresh", cut_off), ("train", cut_off)]


def test_refresh_leaves_the_row_of_a_call_beside_it_alone(
    sessions: tuple[Session, Session],
) -> None:
    first, second = sessions
    start = "DECLARE @run_id bigint; EXEC seg.start_run N'train', NULL, @run_id OUTPUT;"
    second.query(start)

    first.query("EXEC seg.refresh;")

    query = "SELECT procedure_name, in_refresh FROM seg.run WHERE status = N'running';"
    assert rows(first, query) == [("train", False)]
