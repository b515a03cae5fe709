"""What a transaction has changed, so that a part of it can be taken back.

DuckDB has no savepoints and gives up a transaction at the first run-time error in it, where SQL
Server takes back the one statement. So a part is taken back by rolling everything back in DuckDB
and doing again what stood before the part. That is the same state: nobody else writes meanwhile,
and what is done again inserts, updates and deletes the very rows of the first time, so that no
query, clock, identity number or external script is asked a second time. Rows of many statements are
written at once then, so that a loop of changes, some in error, takes little longer than without.
"""

from collections.abc import Callable
from enum import IntEnum
from itertools import groupby
from typing import NamedTuple

from procluster.local.catalog import Catalog


class Mark(NamedTuple):
    """A place in the log, and the transaction's own catalog there, once it has one."""

    changes: int
    redo: int
    undo: int
    catalog: Catalog | None


class Verb(IntEnum):
    """In this order the rows of a table may be written again, whatever the first order was."""

    INSERT = 0
    UPDATE = 1
    DELETE = 2


Row = tuple[object, ...]


class RowChange(NamedTuple):
    """What became of a row: its rowid unless it is new, and its values unless it is gone.

    ``write`` does the same to any number of rows of the table.
    """

    table: str
    verb: Verb
    row: Row
    write: Callable[[list[Row]], object]


class UnreadRows(NamedTuple):
    """A change of few rows; ``read`` gives them while DuckDB is as it was before the change."""

    read: Callable[[], list[RowChange]]


Redo = RowChange | UnreadRows | Callable[[], object]
"""How a change is made again: a call, unless it is of rows."""


class ChangeLog:
    """How to do the changes of a transaction again, and how to undo what DuckDB does not.

    ``changes`` counts them, kept or not. ``room`` is how many rows may yet be kept in memory; less
    than 0 once there were too many, or where an error takes back everything: nothing is kept then.
    """

    def __init__(self) -> None:
        self.room: float = -1
        self.changes = 0
        self._redo: list[Redo] = []
        self._undo: list[Callable[[], object]] = []

    @property
    def complete(self) -> bool:
        """Whether all changes can be done again."""
        return self.room >= 0 or not self.changes

    def record(self, change: Redo, rows: int = 1) -> None:
        """Note a change that DuckDB has made."""
        self.changes += 1
        self.room -= rows
        if self.room >= 0:
            self._redo.append(change)
        else:
            self._redo.clear()

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
        """Make all changes again; rows that follow each other are written at once."""
        redo, self._redo = self._redo, []
        rows: list[RowChange] = []
        for change in redo:
            if isinstance(change, RowChange):
                rows.append(change)
                continue
            _write(rows)
            self._redo += rows
            rows = []
            if isinstance(change, UnreadRows):
                rows = change.read()
            else:
                change()
                self._redo.append(change)
        _write(rows)
        self._redo += rows

    def clear(self) -> None:
        """Forget everything, for the transaction has ended."""
        self.room, self.changes = -1, 0
        self._redo.clear()
        self._undo.clear()

    def undo(self) -> None:
        """Take everything back that DuckDB does not."""
        while self._undo:
            self._undo.pop()()


def _write(changes: list[RowChange]) -> None:
    """Write the rows of each table and verb in their order, updated ones as they were at last."""

    def alike(change: RowChange) -> tuple[str, Verb]:
        return change.table, change.verb

    for (_, verb), group in groupby(sorted(changes, key=alike), alike):
        first, *others = group
        rows = [first.row, *(other.row for other in others)]
        if verb is Verb.UPDATE:
            rows = list({row[0]: row for row in rows}.values())
        first.write(rows)
