"""A server with an Agent: runs the job's scripts against the model of msdb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from procluster.deploy.embedded import EmbeddedConnection
from procluster.errors import SqlError

if TYPE_CHECKING:
    from procluster.deploy.connection import Result
    from procluster.local.database import Session

__all__ = ["AgentServer"]

EDITION = "SERVERPROPERTY(N'Edition')"
TRANSLATED = {
    "msdb.dbo.": "msdb_dbo.",
    "IS_SRVROLEMEMBER(N'sysadmin')": "(SELECT c.is_sysadmin FROM msdb_dbo.caller AS c)",
    EDITION: "N'Developer Edition (64-bit)'",
}


class AgentServer:
    """A connection whose msdb is the model.

    Attributes
    ----------
    messages : list of str
        What the last batch printed.
    """

    def __init__(self, session: Session) -> None:
        self._inner = EmbeddedConnection(session)
        self.messages: list[str] = []

    def query(self, batch: str) -> list[Result]:
        """Run a batch with msdb's names replaced by the model's."""
        for real, model in TRANSLATED.items():
            batch = batch.replace(real, model)
        try:
            return self._inner.query(batch)
        finally:
            self.messages = self._inner.messages

    def close(self) -> None:
        """Leave the session to the fixture."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return list(self.query(query)[-1].rows)

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything Agent has on record."""
        names = ("syscategories", "sysjobs_view", "sysjobsteps", "sysschedules", "sysjobschedules")
        return {name: self.rows(f"SELECT * FROM msdb_dbo.{name} ORDER BY 1, 2;") for name in names}

    def fail_in(self, procedure: str) -> None:
        """Make a procedure of msdb fail from now on."""
        self.query(f"DROP PROCEDURE msdb_dbo.{procedure};")
        self.query(
            f"CREATE PROCEDURE msdb_dbo.{procedure} @a int = 0 AS THROW 50000, N'broken', 1;"
        )

    def error_of(self, batch: str) -> SqlError:
        """The error that a batch must raise."""
        try:
            self.query(batch)
        except SqlError as error:
            return error
        raise AssertionError("the batch raised no error")
