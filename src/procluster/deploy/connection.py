"""The seam between a deployment and whatever runs its T-SQL."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Connection"]


class Connection(Protocol):
    """Runs single batches in one session; the embedded engine's Session is one."""

    def query(self, batch: str) -> object:
        """Run one batch to its end.

        Raises
        ------
        SqlError
            The first error of the batch, wherever among its results it came.
        """
        ...
