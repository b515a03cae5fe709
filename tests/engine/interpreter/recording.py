"""A record of what one batch sent."""

from __future__ import annotations

from collections.abc import Callable

from procluster.errors import SqlError
from procluster.local.database import Session
from procluster.local.results import Event, Message, ResultSet, RowCount


class Record:
    """What one batch sent."""

    def __init__(self, session: Session, batch: str) -> None:
        self.events: list[Event] = []
        self.passed = session.execute(batch, self.events.append)

    @property
    def rows(self) -> list[list[tuple[object, ...]]]:
        return [event.rows() for event in self.events if isinstance(event, ResultSet)]

    @property
    def values(self) -> list[object]:
        """First value of each result set."""
        return [rows[0][0] for rows in self.rows]

    @property
    def errors(self) -> list[int]:
        return [event.number for event in self.events if isinstance(event, SqlError)]

    @property
    def error(self) -> SqlError:
        return next(event for event in self.events if isinstance(event, SqlError))

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Message)]

    @property
    def counts(self) -> list[int]:
        return [event.rows for event in self.events if isinstance(event, RowCount)]


Run = Callable[[str], Record]
