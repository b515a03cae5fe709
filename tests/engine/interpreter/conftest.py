"""A session on a database in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recording import Record, Run

from procluster.local.database import Database


@pytest.fixture
def database() -> Iterator[Database]:
    with Database() as opened:
        yield opened


@pytest.fixture
def run(database: Database) -> Run:
    session = database.connect()
    return lambda batch: Record(session, batch)
