"""The transaction of a session: T-SQL's counting on top of DuckDB's.

DuckDB has no savepoints and gives up a transaction at the first run-time error in it. So such an
error dooms the transaction, as SET XACT_ABORT ON does: only ROLLBACK is left. DuckDB's side is
rolled back at once, so that variables can still be computed; tables cannot be read until T-SQL's
ROLLBACK, because what would be seen is not what SQL Server shows.

One session writes at a time: from its first change to the end of its transaction the others may
read, and wait when they want to write. What they read is what was committed when their statement
began, as under READ COMMITTED with row versions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from procluster.local.catalog import Catalog
from procluster.local.locks import WRITING, Deadlock, Locks
from procluster.local.messages import error
from procluster.local.translate import as_sql_error


class Committed:
    """What every session sees.

    Attributes
    ----------
    catalog : Catalog
        It never changes: a session that changes it works on a copy, which takes its place.
    writes : int
        Counts the transactions that have written.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.writes = 0

    def publish(self, catalog: Catalog) -> None:
        """Show the catalog of a transaction that has been committed."""
        self.catalog = catalog
        self.writes += 1


class WriteLock:
    """A session's right to write, which one session has at a time.

    Parameters
    ----------
    session : int
    locks : Locks
    time_out : callable
        Seconds to wait, None without end.
    cancelled : Event
    """

    def __init__(
        self,
        session: int,
        locks: Locks,
        time_out: Callable[[], float | None],
        cancelled: threading.Event,
    ) -> None:
        self._session = session
        self._locks = locks
        self._time_out = time_out
        self._cancelled = cancelled
        self.held = False

    def take(self) -> None:
        """Wait for the lock; 1205 in a circle of waiting sessions, 1222 after the time-out."""
        if self.held:
            return
        try:
            taken = self._locks.acquire(
                self._session,
                WRITING,
                WRITING,
                "exclusive",
                time_out=self._time_out(),
                cancelled=self._cancelled,
            )
        except Deadlock:
            raise error(1205, self._session) from None
        if taken is None:
            raise error(1222)
        self.held = True

    def free(self) -> None:
        """Give the lock back, if it is held."""
        if self.held:
            self.held = False
            self._locks.release(self._session, WRITING, WRITING)


class Transaction:
    """State of one session's transaction.

    Attributes
    ----------
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
        committed: Committed,
        lock: WriteLock,
    ) -> None:
        self._connection = connection
        self._committed = committed
        self._lock = lock
        self._catalog = committed.catalog
        self._seen = committed.writes
        self._undo: list[Callable[[], object]] = []
        self._open = False
        self.number = 0
        self.rolled_back = False
        self.depth = 0
        self.doomed = False
        self.lost = False

    @property
    def catalog(self) -> Catalog:
        """The catalog as this session sees it."""
        return self._catalog if self._open else self._committed.catalog

    @property
    def state(self) -> int:
        """XACT_STATE()."""
        if not self.depth:
            return 0
        return -1 if self.doomed else 1

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        if self.doomed:
            raise error(3930)
        if not self.depth:
            self._start()
            self.number += 1
        self.depth += 1

    def commit(self) -> None:
        """COMMIT; only the outermost one writes."""
        if not self.depth:
            raise error(3902)
        if self.doomed:
            raise error(3930)
        if self.depth == 1:
            self._finish()
        self.depth -= 1

    def rollback(self) -> None:
        """ROLLBACK of everything."""
        if not self.depth:
            raise error(3903)
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
            raise error(3930)
        alone, first = not self._open, not self._lock.held
        self._lock.take()
        try:
            if alone:
                self._start()
            if first:
                self._renew()
                self._catalog = self._committed.catalog.copy()
            yield
            if alone:
                self._finish()
        except BaseException:
            if alone:
                self._give_up()
                self.lost = False
            raise

    def refresh(self) -> None:
        """See what others have committed since; nobody has while this transaction writes."""
        if self._open and not self._lock.held:
            self._renew()

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
        self._begin()
        self._open = True

    def _begin(self) -> None:
        self._seen, self._catalog = self._committed.writes, self._committed.catalog
        self._connection.execute("BEGIN")

    def _renew(self) -> None:
        if self._seen != self._committed.writes:
            # Nothing but temp tables can have been written without the lock, and they stay.
            self._connection.execute("COMMIT")
            self._begin()

    def _finish(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except duckdb.Error as fault:
            self._give_up()
            self.depth = 0
            raise as_sql_error(fault) from fault
        if self._lock.held:
            self._committed.publish(self._catalog)
        self._end()

    def _give_up(self) -> None:
        if self._open:
            self.rolled_back = True
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            for undo in reversed(self._undo):
                undo()
        self._end()

    def _end(self) -> None:
        self._undo.clear()
        self._open = False
        self._lock.free()
