"""Scripts → database objects, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from procluster.errors import DeploymentError, SqlError
from procluster.generator.render import SESSION_SETTINGS, Script

__all__ = ["install"]


class Session(Protocol):
    """What runs a batch: a Connection, or the embedded engine's own session."""

    def query(self, batch: str) -> object:
        """Run one batch to its end."""
        ...


def install(
    connection: Session,
    scripts: Sequence[Script],
    progress: Callable[[Script], None] = lambda _: None,
) -> None:
    """Run every script, in order, in one transaction.

    Parameters
    ----------
    connection : Session
    scripts : sequence of Script
    progress : callable, optional
        Told of each script before it runs.

    Raises
    ------
    DeploymentError
        A script failed; it is named, and the database is as it was.
    """
    connection.query(f"{SESSION_SETTINGS}SET XACT_ABORT ON;")
    connection.query("BEGIN TRANSACTION;")
    for script in scripts:
        progress(script)
        try:
            connection.query(script.text)
        except SqlError as error:
            connection.query("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
            raise DeploymentError(f"{script.name}: {error}\nNothing was changed.") from error
    connection.query("COMMIT TRANSACTION;")
