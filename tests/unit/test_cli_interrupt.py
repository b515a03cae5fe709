"""Ctrl-C while a statement runs: the statement ends, the session goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from procluster.local.database import Database, Session
from procluster.local.results import Event, Message

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="os.kill ends the process on Windows"),
    pytest.mark.usefixtures("interruptible"),
]

LOOP = (
    "RAISERROR(N'started', 10, 1) WITH NOWAIT; DECLARE @i int = 0; WHILE @i < 5000000 SET @i += 1;"
)
QUERY = """
RAISERROR(N'started', 10, 1) WITH NOWAIT;
WITH few AS (SELECT TOP (8000) m.x FROM dbo.many AS m)
SELECT COUNT_BIG(*) AS n FROM dbo.many AS a CROSS JOIN dbo.many AS b CROSS JOIN few AS c
WHERE a.x + b.x > c.x;
"""


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        one = database.connect()
        one.query(
            "CREATE TABLE dbo.many (x int NULL); DECLARE @i int = 0;"
            "INSERT INTO dbo.many (x) VALUES (1), (2), (3), (4), (5), (6), (7), (8);"
            "WHILE @i < 10 BEGIN INSERT INTO dbo.many SELECT x FROM dbo.many; SET @i += 1; END;"
        )
        yield one


def stop_soon(event: Event) -> None:
    """Send Ctrl-C shortly after the batch said that it started."""
    if isinstance(event, Message):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()


@pytest.mark.parametrize("batch", [LOOP, QUERY], ids=["loop", "query"])
def test_control_c_stops_a_statement_and_leaves_the_session_usable(
    session: Session, batch: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        session.execute(batch, stop_soon)

    assert session.query("SELECT 1 AS n;")[0].rows() == [(1,)]


def test_control_c_leaves_a_transaction_as_it_was_before_the_statement(session: Session) -> None:
    with pytest.raises(KeyboardInterrupt):
        session.execute(f"BEGIN TRANSACTION; DELETE FROM dbo.many; {LOOP}", stop_soon)

    left = session.query("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.many;")[0].rows()
    assert left == [(1, 0)]
