"""The transaction of a session: T-SQL's counting on top of DuckDB's.

DuckDB has no savepoints and gives up a transaction at the first run-time error in it. So such an
error dooms the transaction, as SET XACT_ABORT ON does: only ROLLBACK is left. DuckDB's side is
rolled back at once, so that variables can still be computed; tables cannot be read until T-SQL's
ROLLBACK, because what would be seen is not what SQL Server shows.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb

from procluster.local.messages import sql_error
from procluster.local.translate import as_sql_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procluster.local.catalog import Catalog

__all__ = ["Transaction"]

LOCK_TIME_OUT = 10.0


class Transaction:
    """State of one session's transaction.

    Attributes
    ----------
    name : str or None
        Name of the outermost BEGIN TRANSACTION.
    number : int
        Counts the transactions of the session.
    rolled_back : bool
        Whether the last one was rolled back.
    depth : int
        @@TRANCOUNT.
    doomed : bool
        Whether only ROLLBACK is left, XACT_STATE() = -1.
    lost : bool
        Whether DuckDB has rolled back already.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        writing: threading.Lock,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._writing = writing
        self._holds_lock = False
        self._version = catalog.version
        self._undo: list[Callable[[], object]] = []
        self._open = False
        self.name: str | None = None
        self.number = 0
        self.rolled_back = False
        self.depth = 0
        self.doomed = False
        self.lost = False

    @property
    def state(self) -> int:
        """XACT_STATE()."""
        if not self.depth:
            return 0
        return -1 if self.doomed else 1

    def begin(self, name: str | None = None) -> None:
        """BEGIN TRANSACTION; ``name`` counts for the outermost one."""
        if self.doomed:
            raise sql_error(3930)
        if not self.depth:
            self._start()
            self.name = name
            self.number += 1
        self.depth += 1

    def commit(self) -> None:
        """COMMIT; only the outermost one writes."""
        if not self.depth:
            raise sql_error(3902)
        if self.doomed:
            raise sql_error(3930)
        if self.depth == 1:
            self._finish()
        self.depth -= 1

    def rollback(self) -> None:
        """ROLLBACK of everything."""
        if not self.depth:
            raise sql_error(3903)
        self._give_up()
        self.depth = 0
        self.doomed = self.lost = False

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around a statement that writes: all of it or nothing.

        Inside a transaction a statement must find its errors before it writes, for there is
        nothing smaller to take back.
        """
        if self.doomed:
            raise sql_error(3930)
        alone = not self._open
        if alone:
            self._start()
        try:
            self._acquire()
            yield
            if alone:
                self._finish()
        except BaseException:
            if alone:
                self._give_up()
                self.lost = False
            raise

    def on_rollback(self, undo: Callable[[], object]) -> None:
        """Have ``undo`` called when the change under way is rolled back."""
        if self._open:
            self._undo.append(undo)

    def notice_failure(self) -> None:
        """After an error in DuckDB: doom the transaction if DuckDB gave it up."""
        if not self._open:
            return
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._give_up()
            self.doomed = self.lost = True

    def doom(self) -> None:
        """Leave nothing but ROLLBACK."""
        if self.depth:
            self.doomed = True

    def close(self) -> None:
        """Roll back what is open."""
        with suppress(duckdb.Error):  # the connection may be lost
            self._give_up()
        self.depth, self.doomed = 0, False

    # --- DuckDB's side

    def _start(self) -> None:
        self.rolled_back = False
        self._connection.execute("BEGIN")
        self._open, self._version = True, self._catalog.version

    def _acquire(self) -> None:
        if not self._holds_lock:
            if not self._writing.acquire(timeout=LOCK_TIME_OUT):
                raise sql_error(1222)
            self._holds_lock = True

    def _finish(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except duckdb.Error as error:
            self._give_up()
            self.depth = 0
            raise as_sql_error(error) from error
        self._end()

    def _give_up(self) -> None:
        if not self._open:
            return
        self.rolled_back = True
        with suppress(duckdb.Error):
            self._connection.execute("ROLLBACK")
        for undo in reversed(self._undo):
            undo()
        try:
            if self._catalog.version != self._version:
                self._catalog.load(self._connection)
        finally:
            self._end()

    def _end(self) -> None:
        self._undo.clear()
        self._open = False
        if self._holds_lock:
            self._holds_lock = False
            self._writing.release()
