"""A database: the file, opened once for all the sessions that are connected to it."""

from __future__ import annotations

import itertools
import threading
import weakref
from contextlib import suppress
from pathlib import Path

import duckdb

from procluster.errors import DataError
from procluster.local import (  # noqa: F401 - each registers what it runs or answers
    control_flow,
    definitions,
    execution,
    messaging,
    procedures,
    session_functions,
    system_views,
    tables,
)
from procluster.local.catalog import Catalog, Committed
from procluster.local.engine import Shared
from procluster.local.interpreter import Interpreter
from procluster.local.lexer import Batch, split_batches
from procluster.local.locks import LockTable
from procluster.local.session import Session
from procluster.satellite import Satellite
from procluster.satellite.pool import ScriptHosts

__all__ = ["Batch", "Database", "Session", "split_batches"]

FIRST_SESSION_ID = 51
DEFAULT_NAME = "procluster"
LONGEST_WAIT = 10.0
MAGIC = b"DUCK"
"""What stands behind the checksum of eight bytes that a DuckDB file begins with."""


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
        # Absolute: DuckDB would take the colon of a name such as md:shop for a service to go to.
        self._file = str(Path(path).absolute()) if path else ":memory:"
        if path:
            _refuse_other_files(Path(path))
        try:
            self._connection = duckdb.connect(self._file)
            committed = Committed(Catalog(self._connection))
        except duckdb.Error as fault:
            text = f"{path}: cannot be opened as a database. DuckDB says: {fault}"
            if "Conflicting lock" in str(fault):
                text = f"{path}: another process has it open. Let that end, or use a copy."
            raise DataError(text) from fault
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        hosts = ScriptHosts(satellite)
        self._shared = Shared(self.name, committed, LockTable(), hosts, longest_wait)
        self._opening = threading.Lock()
        self._openings = 1
        self._numbers = itertools.count(FIRST_SESSION_ID)

    def connect(self) -> Session:
        """Open a session, with temp tables, options and a transaction of its own."""
        with self._opening:
            session = Session(self._begin, self._restart)
            self._sessions.add(session)
        return session

    def _begin(self) -> tuple[int, Interpreter]:
        """Make what runs a session's batches; how often the file was opened until then."""
        number = next(self._numbers)
        return self._openings, Interpreter(self._connection.cursor(), number, self._shared)

    def _restart(self, opening: int) -> None:
        """Open the file anew after DuckDB has given it up, as a server recovers a database.

        What was committed is there; every session has lost its transaction and temp tables.
        Nothing happens when another session has replaced that opening.
        """
        with self._opening:
            if opening != self._openings:
                return
            for session in list(self._sessions):
                session.lose()
            with suppress(duckdb.Error):
                self._connection.close()
            try:
                self._connection = duckdb.connect(self._file)
                self._shared.committed.publish(Catalog(self._connection))
                self._openings += 1
            except duckdb.Error as fault:
                text = f"{self._file}: cannot be opened again. DuckDB says: {fault}"
                raise DataError(text) from fault

    def close(self) -> None:
        """Close the file and end the process for scripts."""
        self._shared.script_hosts.close()
        with suppress(duckdb.Error):
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refuse_other_files(path: Path) -> None:
    """Stop at a CSV or Parquet file: DuckDB opens it as a view, and what is written is lost."""
    with suppress(OSError), path.open("rb") as file:
        if file.read(12)[8:] != MAGIC:
            raise DataError(
                f"{path}: cannot be opened as a database, for it is none. "
                "A CSV or Parquet file is brought in with `procluster load`."
            )
