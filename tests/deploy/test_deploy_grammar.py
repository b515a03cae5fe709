"""Microsoft's own grammar accepts every batch that any verb sends, and every batch of a script."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from application import FIRST, NARROWER, SECOND, release, script

from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.baseline import baseline_plan
from procluster.deploy.connection import Connection, Result
from procluster.deploy.embedded import EmbeddedConnection
from procluster.deploy.history import list_deployments
from procluster.deploy.plain import plain_script
from procluster.deploy.plan import make_plan
from procluster.deploy.rollback import earlier_release
from procluster.deploy.uninstall import uninstall_plan
from procluster.deploy.verify import verify
from procluster.local.database import Database
from procluster.local.lexer import split_batches


class Listening:
    """A connection that remembers what it was sent."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner
        self.messages: list[str] = []
        self.batches: list[str] = []

    def query(self, batch: str) -> list[Result]:
        self.batches.append(batch)
        return self._inner.query(batch)

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def batches() -> list[str]:
    """What a life of deployments sends, and a script's batches."""
    with Database() as database:
        connection = Listening(EmbeddedConnection(database.connect()))
        install(connection, FIRST)
        connection.query("INSERT INTO app.item (item_id, name) VALUES (1, N'cup');")
        text = plain_script(SECOND, make_plan(connection, SECOND), "dev")
        install(connection, SECOND)
        earlier = earlier_release(connection, SECOND, 1)
        Deployment(connection, earlier, "rollback").run(make_plan(connection, earlier))
        assert list_deployments(connection, FIRST)
        assert make_plan(connection, release(script("item", "table", NARROWER))).losses
        verify(connection, SECOND)
        baseline_plan(connection, FIRST)
        Deployment(connection, FIRST, "uninstall", permission=Permission(True, True)).run(
            uninstall_plan(connection, FIRST, drop_data=True),
            lambda: uninstall_plan(connection, FIRST, drop_data=True),
        )
    return list(
        dict.fromkeys([*connection.batches, *(batch.text for batch in split_batches(text))])
    )


@pytest.mark.parametrize("version", ["2017", "2019", "2022", "2025"])
def test_grammar_accepts_what_is_sent(batches: list[str], version: str) -> None:
    maxdop = Path(sys.executable).with_name("maxdop")
    for batch in batches:
        done = subprocess.run(
            [maxdop, "--parser-version", version],
            input=batch,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{done.stderr}\n{batch}"
    assert len(batches) > 80
