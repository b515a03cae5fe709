"""A connection to the embedded engine, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from procluster.deploy.connection import Result
from procluster.errors import ConnectError, SqlError
from procluster.local.database import Database
from procluster.local.results import Message, ResultSet

if TYPE_CHECKING:
    from procluster.local.database import Session
    from procluster.local.results import Event

__all__ = ["EmbeddedConnection", "open_file"]


class EmbeddedConnection:
    """A session of the embedded engine as a :class:`~procluster.deploy.connection.Connection`.

    Parameters
    ----------
    session : Session
    database : Database, optional
        Closed together with the session when it is given.
    """

    def __init__(self, session: Session, database: Database | None = None) -> None:
        self._session = session
        self._database = database
        self.messages: list[str] = []

    def query(self, batch: str) -> list[Result]:
        """Run one batch to its end."""
        events: list[Event] = []
        self._session.execute(batch, events.append)
        self.messages = [event.text for event in events if isinstance(event, Message)]
        for event in events:
            if isinstance(event, SqlError):
                raise event
        return [
            Result(tuple(column.name for column in event.columns), tuple(event.rows()))
            for event in events
            if isinstance(event, ResultSet)
        ]

    def close(self) -> None:
        """End the session, and the database with it if it was opened for it."""
        self._session.close()
        if self._database:
            self._database.close()


def open_file(file: str) -> EmbeddedConnection:
    """Open a database file that is there.

    Raises
    ------
    ConnectError
        There is no such file.
    DataError
        It is no database, or another process has it open.
    """
    if not Path(file).exists():
        raise ConnectError(
            f"{file}: no such database. procluster demo, sample or load makes one; "
            "procluster sql --create makes an empty one."
        )
    database = Database(file)
    return EmbeddedConnection(database.connect(), database)
