"""A session: what one client does with a database, and how it goes on when the database is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from procluster.errors import SqlError
from procluster.local.calls import CallArgument
from procluster.local.interpreter import Interpreter
from procluster.local.messages import FATAL, error
from procluster.local.results import Event, ResultSet
from procluster.local.tables.insertion import append_rows

__all__ = ["Session"]


class Session:
    """One connection; not to be used from two threads at once.

    Parameters
    ----------
    begin : callable
        Makes an interpreter on the database as it is open now; gives the number of the opening too.
    restart : callable
        Opens the database anew, unless that has been done since the opening of that number.
    """

    def __init__(
        self, begin: Callable[[], tuple[int, Interpreter]], restart: Callable[[int], None]
    ) -> None:
        self._begin = begin
        self._restart = restart
        self._opening, self._interpreter = begin()

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
        with self._recovering():
            return self._interpreter.run_batch(batch, receive)

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
        with self._recovering():
            return self._interpreter.run_call(procedure, arguments, receive)

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
        with self._recovering():
            return append_rows(self._interpreter, table, data)

    def lose(self) -> None:
        """Give up the connection to DuckDB, which answers no more."""
        self._interpreter.lose()
        with suppress(duckdb.Error):
            self._interpreter.connection.close()

    def close(self) -> None:
        """Roll back what is open and give everything back."""
        self._interpreter.close()

    def _was_lost(self, receive: Callable[[Event], None]) -> bool:
        """Whether another session's error has ended this one; it is told so, once."""
        lost = self._interpreter.lost
        if lost:
            self._opening, self._interpreter = self._begin()
            receive(error(596))
        return lost

    @contextmanager
    def _recovering(self) -> Iterator[None]:
        """After an error that ended this session: open the database and the session anew."""
        try:
            yield
        except SqlError as found:
            if found.severity >= FATAL:
                self._interpreter.lose()
            raise
        finally:
            if self._interpreter.lost:
                self._restart(self._opening)
                self._interpreter.lose()  # a lock that it was waiting for
                self._opening, self._interpreter = self._begin()
