"""A shop's database beside a model of msdb, on the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_server import AgentServer

from procluster.local.database import Database
from procluster.local.lexer import split_batches

MSDB = Path(__file__).with_name("msdb.sql").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[AgentServer]:
    """A server whose Agent has no job yet."""
    with Database() as database:
        session = database.connect()
        for batch in split_batches(MSDB):
            session.query(batch.text)
        session.query("CREATE SCHEMA seg;")
        session.query("CREATE PROCEDURE seg.refresh AS RETURN;")
        yield AgentServer(session)
