"""A session: what one client does with a database, and how it goes on when the database is lost."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.arguments import CallArgument, prepare_call
from procluster.local.frame import Frame
from procluster.local.interpreter import Aborted, Interpreter
from procluster.local.messages import FATAL, error
from procluster.local.parser import parse_batch
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
        self._opening, self._engine = begin()

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
        return self._run(receive, lambda frame: self._engine.run_text(parse_batch(batch), frame))

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
        values: list[object] = []

        def call(frame: Frame) -> None:
            self._engine.run_text(ast.Body([prepare_call(procedure, arguments, frame)]), frame)
            values.extend(variable.value for variable in frame.variables.values())

        self._run(receive, call)
        return values

    @property
    def level(self) -> int:
        """How deep the running statement is in procedures and dynamic text; 1 in the batch."""
        return self._engine.level

    @property
    def transaction(self) -> int | None:
        """Number of the open transaction, None without one."""
        transaction = self._engine.transaction
        return transaction.number if transaction.depth else None

    def cancel(self) -> None:
        """Stop the batch that runs, or the next one before it does anything; from any thread.

        Its last statement has no effect; its transaction stays open unless SET XACT_ABORT is ON.
        :meth:`execute` and :meth:`call` raise Cancelled then.
        """
        self._engine.cancel()

    def stop_if_cancelled(self) -> None:
        """For whoever receives events: raise Cancelled when the batch has been cancelled."""
        self._engine.stop_if_cancelled()

    def reset(self, *, keep_transaction: bool = False) -> None:
        """Make the session as new: no transaction, temp tables, options or prepared statements."""
        self._engine.reset(keep_transaction=keep_transaction)

    @property
    def rolled_back(self) -> bool:
        """Whether the last transaction was rolled back."""
        return self._engine.transaction.rolled_back

    def hurry(self) -> None:
        """After a cancel: interrupt again what has not ended."""
        if self._engine.cancelled.is_set():
            self._engine.hurry()

    def resume(self) -> None:
        """Forget a cancel that found nothing to stop."""
        self._engine.cancelled.clear()

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
            208 no such table, 207 no such column, and what INSERT raises.
        """
        with self._recovering():
            return append_rows(self._engine, table, data)

    def lose(self) -> None:
        """Give up the connection to DuckDB, which answers no more."""
        self._engine.lose()
        with suppress(duckdb.Error):
            self._engine.close()

    def close(self) -> None:
        """Roll back what is open and give everything back."""
        self._engine.close()

    def _run(self, receive: Callable[[Event], None], work: Callable[[Frame], None]) -> bool:
        """Do some work to its end; False when an error was sent."""
        if self._engine.lost:  # by another session's error; this one is told so, once
            self._opening, self._engine = self._begin()
            receive(error(596))
            return False
        with self._recovering():
            engine = self._engine
            engine.receive, engine.failed, engine.stopped = receive, False, False
            try:
                work(Frame(engine, temporary=engine.base.temporary))
            except SqlError as found:
                engine.report(found)
            except Aborted:
                pass
            except RecursionError:
                engine.report(error(8631))
                if engine.transaction.depth:
                    engine.rollback()
            finally:
                engine.end_batch()
            return not engine.failed

    @contextmanager
    def _recovering(self) -> Iterator[None]:
        """After an error that ended this session: open the database and the session anew."""
        try:
            yield
        except SqlError as found:
            if found.severity >= FATAL:
                self._engine.lose()
            raise
        finally:
            if self._engine.lost:
                self._restart(self._opening)
                self._engine.lose()  # a lock that it was waiting for
                self._opening, self._engine = self._begin()
