"""The transaction of a session: T-SQL's counting on top of DuckDB's.

A run-time error takes back its statement, as on a server, although DuckDB gives up the whole
transaction where a table was read: see :mod:`procluster.local.change_log`. Where the changes are
not kept, because they are many and the transaction began under SET XACT_ABORT ON, the error dooms
it: only ROLLBACK is left. DuckDB's side is rolled back at once then, and tables cannot be read
until T-SQL's ROLLBACK, because what would be seen is not what SQL Server shows.

One session writes at a time: from its first change to the end of its transaction the others may
read, and wait when they want to write, with READPAST too. What they read is what was committed when
their statement began, as under READ COMMITTED with row versions.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from procluster.local.catalog import Catalog, Committed
from procluster.local.change_log import ChangeLog, Mark
from procluster.local.locks import Locks
from procluster.local.messages import error
from procluster.local.translate import as_sql_error

FEW_ROWS = 10_000
"""How many changed rows are kept where only CATCH before ROLLBACK needs them."""


class Transaction:
    """State of one session's transaction."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, committed: Committed, locks: Locks
    ) -> None:
        self._connection = connection
        # Parsed once: half of the time that they take.
        (self._begin_statement,) = connection.extract_statements("BEGIN")
        (self._commit_statement,) = connection.extract_statements("COMMIT")
        self._committed = committed
        self._locks = locks
        self._catalog = committed.catalog
        self._seen = committed.writes
        self._open = False
        self._spoilt = False
        self.log = ChangeLog()
        # What is written in DuckDB just before it commits, by the number of a table.
        self.before_commit: dict[int, Callable[[], object]] = {}
        self.name = ""  # as BEGIN TRANSACTION has it; names differ by case
        self.number = 0  # counts the transactions of the session
        self.rolled_back = False  # the last one was
        self.depth = 0  # @@TRANCOUNT
        self.doomed = False  # only ROLLBACK is left: XACT_STATE() is -1
        self.lost = False  # DuckDB has rolled back already

    @property
    def catalog(self) -> Catalog:
        return self._catalog if self._open else self._committed.catalog

    @property
    def state(self) -> int:
        if not self.depth:
            return 0
        return -1 if self.doomed else 1

    def begin(self, name: str = "", *, xact_abort: bool) -> None:
        """BEGIN TRANSACTION.

        Parameters
        ----------
        xact_abort : bool
            The option, under which an error takes back everything; few changes are kept then.
        """
        if self.doomed:
            raise error(3930)
        if not self.depth:
            self._start()
            self.name, self.log.room = name, FEW_ROWS if xact_abort else math.inf
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

        Raises
        ------
        SqlError
            3930 the transaction is doomed, 1205 and 1222 another session writes.
        """
        if self.doomed:
            raise error(3930)
        with self._part() if self._open else self._whole():
            yield

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """A statement that is a transaction of its own."""
        self._locks.begin_writing()
        try:
            self._start()
            self._catalog = self._catalog.copy()
            yield
            self._finish()
        except BaseException:
            self._give_up()
            raise

    @contextmanager
    def _part(self) -> Iterator[None]:
        """A statement within a transaction."""
        if not self._locks.writing:
            self._locks.begin_writing()
            self._renew()
        mark = self._mark()
        self._catalog = self._catalog.copy()
        try:
            yield
        except BaseException:
            self._cut(mark)
            raise

    def refresh(self) -> None:
        """See what others have committed since; nobody has while this transaction writes."""
        if self._open and not self._locks.writing:
            self._renew()

    def on_rollback(self, undo: Callable[[], object]) -> None:
        """Have ``undo`` called when the change under way is taken back."""
        if self._open:
            self.log.on_undo(undo)

    def recover(self) -> bool:
        """After an error: be as before its statement, or doomed; True when DuckDB began anew."""
        if not self._open or not (self._spoilt or self._is_given_up()):
            return False
        self._restore()
        return True

    def doom(self) -> None:
        """Leave nothing but ROLLBACK."""
        if self.depth:
            self.doomed = True

    def close(self) -> None:
        with suppress(duckdb.Error):  # the connection may be lost
            self._give_up()
        self.depth, self.doomed = 0, False

    # --- DuckDB's side

    def _start(self) -> None:
        self.rolled_back = False
        self.log.clear()
        self._begin()
        self._open = True

    def _begin(self) -> None:
        self._seen, self._catalog = self._committed.writes, self._committed.catalog
        self._connection.execute(self._begin_statement)

    def _renew(self) -> None:
        if self._seen != self._committed.writes:
            # Nothing but temp tables can have been written without the lock, and they stay.
            self._spoilt = True
            self._connection.execute(self._commit_statement)
            self._begin()
            self._spoilt = False

    def _finish(self) -> None:
        try:
            for write in self.before_commit.values():
                write()
            self._connection.execute(self._commit_statement)
        except duckdb.Error as fault:
            self._give_up()
            self.depth = 0
            raise as_sql_error(fault) from fault
        if self._locks.writing:
            self._committed.publish(self._catalog)
        self._end()

    def _mark(self) -> Mark:
        return self.log.mark(self._catalog if self._locks.writing else None)

    def _cut(self, mark: Mark) -> None:
        """Take back what came after a mark; DuckDB's part of it is left for :meth:`recover`."""
        self._spoilt |= self.log.cut(mark)
        self._catalog = mark.catalog or self._committed.catalog

    def _is_given_up(self) -> bool:
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.Error:
            return True
        return False

    def _restore(self) -> None:
        """Begin anew and make the changes again that are in the log."""
        if not self.log.complete:
            self._give_up()
            self.doomed = self.lost = True
            return
        catalog = self._catalog
        with suppress(duckdb.Error):
            self._connection.execute("ROLLBACK")
        try:
            self._begin()
            if self._locks.writing:
                self._catalog = catalog
            self.log.replay()
        except BaseException:
            self._give_up()
            self.doomed = self.lost = True
            raise
        self._spoilt = False

    def _give_up(self) -> None:
        if self._open:
            self.rolled_back = True
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            self.log.undo()
        self._end()

    def _end(self) -> None:
        self.log.clear()
        self.before_commit.clear()
        self._open = self._spoilt = False
        self._locks.end_writing()
