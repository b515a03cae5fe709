"""The seam between a deployment and whatever runs its T-SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Connection", "Result"]


@dataclass(frozen=True)
class Result:
    """One result set: the columns' names and the rows as Python values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


class Connection(Protocol):
    """Runs batches in one session.

    Attributes
    ----------
    messages : list of str
        What the last batch printed.
    """

    messages: list[str]

    def query(self, batch: str) -> list[Result]:
        """Run one batch, as it stands, to its end.

        Raises
        ------
        SqlError
            The first error of the batch, wherever among its results it came.
        ConnectError
            The connection is lost.
        """
        ...

    def close(self) -> None:
        """End the session; what is open in it is rolled back."""
        ...
