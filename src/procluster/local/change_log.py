"""What a transaction has changed, so that a part of it can be taken back.

DuckDB has no savepoints and gives up a transaction at the first run-time error in it, where SQL
Server takes back the one statement. So a part is taken back by rolling everything back in DuckDB
and doing again what stood before the part. That is the same state: nobody else writes meanwhile,
and what is done again inserts, updates and deletes the very rows of the first time, so that no
query, clock, identity number or external script is asked a second time. New rows are inserted many
at once then, so that a loop of inserts, some of them in error, takes little longer than without.
"""

from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from procluster.local.catalog import Catalog


class Mark(NamedTuple):
    """A place in the log, and the transaction's own catalog there, once it has one."""

    changes: int
    redo: int
    undo: int
    catalog: Catalog | None


class NewRow(NamedTuple):
    """A row that was inserted; ``insert`` inserts any number of them into the table."""

    table: str
    values: tuple[object, ...]
    insert: Callable[[list[tuple[object, ...]]], object]


class ChangeLog:
    """How to do the changes of a transaction again, and how to undo what DuckDB does not.

    ``changes`` counts them, kept or not. ``room`` is how many rows may yet be kept in memory; less
    than 0 once there were too many, and nothing is kept.
    """

    def __init__(self) -> None:
        self.room: float = -1
        self.changes = 0
        self._redo: list[Callable[[], object] | NewRow] = []
        self._undo: list[Callable[[], object]] = []

    @property
    def complete(self) -> bool:
        """Whether all changes can be done again."""
        return self.room >= 0 or not self.changes

    def record(self, change: Callable[[], object] | NewRow, rows: int = 1) -> None:
        """Note a change that DuckDB has made; calling it makes the change again."""
        self.changes += 1
        self.room -= rows
        if self.room >= 0:
            self._redo.append(change)
        else:
            self._redo.clear()

    def stop(self) -> None:
        """Keep nothing that comes from here on: an error takes back everything."""
        self.room = -1

    def on_undo(self, undo: Callable[[], object]) -> None:
        """Have ``undo`` called when what happens now is taken back."""
        self._undo.append(undo)

    def mark(self, catalog: Catalog | None) -> Mark:
        """The place where the log is now."""
        return Mark(self.changes, len(self._redo), len(self._undo), catalog)

    def cut(self, mark: Mark) -> bool:
        """Forget what came after a mark; True when DuckDB has changed something since."""
        while len(self._undo) > mark.undo:
            self._undo.pop()()
        del self._redo[mark.redo :]
        changed = self.changes > mark.changes
        self.changes = mark.changes
        return changed

    def replay(self) -> None:
        """Make all changes again; rows that follow each other are inserted at once."""
        rows: list[NewRow] = []
        for change in self._redo:
            if isinstance(change, NewRow):
                rows.append(change)
                continue
            _insert(rows)
            rows.clear()
            change()
        _insert(rows)

    def clear(self) -> None:
        """Forget everything, for the transaction has ended."""
        self.stop()
        self.changes = 0
        self._redo.clear()
        self._undo.clear()

    def undo(self) -> None:
        """Take everything back that DuckDB does not."""
        while self._undo:
            self._undo.pop()()


def _insert(rows: list[NewRow]) -> None:
    """Insert rows, those of each table in their order."""
    by_table = attrgetter("table")
    for _, group in groupby(sorted(rows, key=by_table), by_table):
        first, *others = group
        first.insert([first.values, *(row.values for row in others)])
