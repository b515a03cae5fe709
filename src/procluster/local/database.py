"""The embedded engine from outside: a database and the sessions connected to it."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from procluster.errors import DataError, SqlError
from procluster.local import (  # noqa: F401 - each registers what it runs or answers
    changes,
    control_flow,
    definitions,
    execution,
    insertion,
    messaging,
    procedures,
    session_functions,
    system_views,
    table_definitions,
)
from procluster.local.calls import CallArgument
from procluster.local.catalog import Catalog, Committed
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.lexer import Batch, split_batches
from procluster.local.locks import Locks
from procluster.local.messages import FATAL, error
from procluster.local.results import Event, ResultSet
from procluster.satellite import Satellite
from procluster.satellite.pool import ScriptHosts

__all__ = ["Batch", "Database", "Session", "split_batches"]

FIRST_SESSION_ID = 51
DEFAULT_NAME = "procluster"
LONGEST_WAIT = 10.0


class Database:
    """T-SQL over a DuckDB file, or over memory.

    Parameters
    ----------
    path : str or Path, optional
        The file; it is made when it is not there. Tables that another program put into it are
        seen with T-SQL types. Without a path everything is in memory.
    satellite : Satellite, optional
        Where external scripts run; by default they are started as they are needed.
    longest_wait : float, optional
        Seconds a session waits for a lock where T-SQL asks for no limit; None waits without end,
        which is for sessions in threads of their own.

    Raises
    ------
    DataError
        The file cannot be opened.

    Examples
    --------
    >>> with Database() as database:
    ...     database.connect().query("SELECT 7 / 2 AS half")[0].rows()
    [(3,)]
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        satellite: Satellite | None = None,
        longest_wait: float | None = LONGEST_WAIT,
    ) -> None:
        self.name = Path(path).stem if path else DEFAULT_NAME
        self._file = str(path) if path else ":memory:"
        try:
            self._connection = duckdb.connect(self._file)
            self._committed = Committed(Catalog(self._connection))
        except duckdb.Error as fault:
            text = f"{path}: cannot be opened as a database. DuckDB says: {fault}"
            raise DataError(text) from fault
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._script_hosts = ScriptHosts(satellite)
        self._locks = Locks()
        self._longest_wait = longest_wait
        self._opening = threading.Lock()
        self.openings = 1
        """How often the file was opened."""
        self._numbers = itertools.count(FIRST_SESSION_ID)

    def connect(self) -> Session:
        """Open a session, with temp tables, options and a transaction of its own."""
        with self._opening:
            session = Session(self)
            self._sessions.add(session)
        return session

    def begin(self) -> Interpreter:
        """Make what runs a session's batches, with a connection of its own."""
        return Interpreter(
            self._connection.cursor(),
            self._committed,
            database_name=self.name,
            session_id=next(self._numbers),
            locks=self._locks,
            longest_wait=self._longest_wait,
            script_hosts=self._script_hosts,
        )

    def restart(self, opening: int) -> None:
        """Open the file anew after DuckDB has given it up, as a server recovers a database.

        What was committed is there; every session has lost its transaction and temp tables.

        Parameters
        ----------
        opening : int
            The one that was lost; nothing happens when another session has replaced it.
        """
        with self._opening:
            if opening == self.openings:
                self._restart()

    def _restart(self) -> None:
        for session in list(self._sessions):
            session.lose()
        with suppress(duckdb.Error):
            self._connection.close()
        try:
            self._connection = duckdb.connect(self._file)
            self._committed.publish(Catalog(self._connection))
            self.openings += 1
        except duckdb.Error as fault:
            text = f"{self._file}: cannot be opened again. DuckDB says: {fault}"
            raise DataError(text) from fault

    def close(self) -> None:
        """Close the file and end the process for scripts."""
        self._script_hosts.close()
        with suppress(duckdb.Error):
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Session:
    """One connection; not to be used from two threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begin()

    def execute(self, batch: str, receive: Callable[[Event], None]) -> bool:
        """Run one batch, without GO.

        Parameters
        ----------
        receive : callable
            Gets result sets, messages, row counts and errors in their order, as they come.

        Returns
        -------
        bool
            True when there was no error.
        """
        if self._was_lost(receive):
            return False
        try:
            return self._interpreter.run_batch(batch, receive)
        finally:
            self._recover()

    def call(
        self,
        procedure: str,
        arguments: Sequence[CallArgument],
        receive: Callable[[Event], None],
    ) -> list[object]:
        """Execute one procedure, the user's or the system's.

        Parameters
        ----------
        procedure : str
            Its name as T-SQL writes it: ``seg.train``.
        receive : callable
            As for :meth:`execute`.

        Returns
        -------
        list
            The values of the arguments after the call, for those that are OUTPUT; empty when an
            error has ended it.
        """
        if self._was_lost(receive):
            return []
        try:
            return self._interpreter.run_call(procedure, arguments, receive)
        finally:
            self._recover()

    @property
    def level(self) -> int:
        """How deep the running statement is in procedures and dynamic text; 1 in the batch."""
        return self._interpreter.level

    @property
    def transaction(self) -> int | None:
        """Number of the open transaction, None without one."""
        transaction = self._interpreter.transaction
        return transaction.number if transaction.depth else None

    def cancel(self) -> None:
        """Stop the batch that runs, or the next one before it does anything; from any thread.

        Its last statement has no effect; its transaction stays open unless SET XACT_ABORT is ON.
        :meth:`execute` and :meth:`call` raise Cancelled then.
        """
        self._interpreter.cancel()

    def stop_if_cancelled(self) -> None:
        """For whoever receives events: leave the batch when it has been cancelled.

        Raises
        ------
        Cancelled
        """
        self._interpreter.stop_if_cancelled()

    def reset(self, *, keep_transaction: bool = False) -> None:
        """Make the session as new: no transaction, temp tables, options or prepared statements."""
        self._interpreter.reset(keep_transaction=keep_transaction)

    @property
    def rolled_back(self) -> bool:
        """Whether the last transaction was rolled back."""
        return self._interpreter.transaction.rolled_back

    def hurry(self) -> None:
        """After a cancel: interrupt again what has not ended."""
        if self._interpreter.cancelled.is_set():
            self._interpreter.hurry()

    def resume(self) -> None:
        """Forget a cancel that found nothing to stop."""
        self._interpreter.cancelled.clear()

    def query(self, batch: str) -> list[ResultSet]:
        """Run one batch and return its result sets.

        Raises
        ------
        SqlError
            The first error of the batch, which has run to its end all the same.
        """
        events: list[Event] = []
        self.execute(batch, events.append)
        for event in events:
            if isinstance(event, SqlError):
                raise event
        return [event for event in events if isinstance(event, ResultSet)]

    def append(self, table: str, data: pa.Table) -> int:
        """Insert rows by column name, all or none of them; return how many.

        Raises
        ------
        SqlError
            208 no such table, 207 no such column, and what INSERT raises: 515, 547, 2601, 2627,
            2628, conversions.
        """
        interpreter = self._interpreter
        frame = Frame(interpreter, temporary=interpreter.base.temporary)
        try:
            return insertion.append_rows(interpreter, frame, table, data)
        except SqlError as found:
            if found.severity >= FATAL:
                interpreter.lose()
            raise
        finally:
            self._recover()

    def lose(self) -> None:
        """Give up the connection to DuckDB, which answers no more."""
        self._interpreter.lose()
        with suppress(duckdb.Error):
            self._interpreter.connection.close()

    def _was_lost(self, receive: Callable[[Event], None]) -> bool:
        """Whether another session's error has ended this one; it is told so, once."""
        lost = self._interpreter.lost
        if lost:
            self._begin()
            receive(error(596))
        return lost

    def _recover(self) -> None:
        """After an error that ended this session: open the database and the session anew."""
        if self._interpreter.lost:
            self._database.restart(self._opening)
            self._interpreter.lose()  # a lock that it was waiting for
            self._begin()

    def _begin(self) -> None:
        self._opening = self._database.openings
        self._interpreter = self._database.begin()

    def close(self) -> None:
        """Roll back what is open and give everything back."""
        self._interpreter.close()
