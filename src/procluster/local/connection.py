"""A session's connection to DuckDB: its errors arrive as SQL Server's, and it can be cancelled."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from procluster.local.translate import Compiled, as_sql_error

ROWS_NAME = "_rows"
BATCH_ROWS = 1_000_000
Parameters = Mapping[str, object] | None
PLACEHOLDER = re.compile(r"\$(\w+)")
MOST_PARSED = 250
LONGEST_PARSED = 20_000
"""DuckDB SQL of more characters is not kept as parsed, which takes 35 bytes for each of them."""


class Cancelled(Exception):  # noqa: N818
    """The end of the batch because the client wants no more of it; nothing catches it."""


class Connection:
    """A connection of one session; ``cancelled`` is set when the client wants no more.

    What has no FROM is computed beside the transaction, by ``calculator``: its errors leave the
    transaction as it was, which DuckDB would give up else.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.calculator = connection.cursor()
        # Half of the time that one row takes, and for nothing.
        self.calculator.execute("PRAGMA disable_optimizer")
        self.cancelled = threading.Event()
        # A third of the time that a small query takes is parsing it.
        self._parsed = lru_cache(MOST_PARSED)(connection.extract_statements)

    def stop_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` when the client wants no more; once, to undo the rest."""
        if self.cancelled.is_set():
            self.cancelled.clear()
            raise Cancelled

    def execute(
        self, sql: str, parameters: Parameters = None, *, reads: bool = True
    ) -> duckdb.DuckDBPyConnection:
        """Execute DuckDB SQL; its errors arrive as SQL Server's."""
        self.stop_if_cancelled()
        connection = self.connection if reads else self.calculator
        with self._translating_errors():
            statement = self._parsed(sql)[0] if len(sql) <= LONGEST_PARSED else sql
            return connection.execute(statement, _named(sql, parameters))

    def fetch(self, compiled: Compiled) -> pa.Table:
        return self.arrow(compiled.sql, compiled.parameters, reads=compiled.reads)

    def arrow(self, sql: str, parameters: Parameters = None, *, reads: bool = True) -> pa.Table:
        found = self.execute(sql, parameters, reads=reads)
        with self._translating_errors():
            # One small row takes to_arrow_table 0.1 ms longer.
            return found.to_arrow_reader(BATCH_ROWS).read_all()

    def first_row(
        self, sql: str, parameters: Parameters = None, *, reads: bool = True
    ) -> tuple[Any, ...] | None:
        """First row of a query that gives few, None without rows."""
        return next(iter(self.all_rows(sql, parameters, reads=reads)), None)

    def all_rows(
        self, sql: str, parameters: Parameters = None, *, reads: bool = True
    ) -> list[tuple[Any, ...]]:
        """Rows of a query as Python values."""
        found = self.execute(sql, parameters, reads=reads)
        with self._translating_errors():
            return found.fetchall()

    def count(self, source: str) -> int:
        """How many rows a DuckDB table or query in brackets has."""
        row = self.first_row(f"SELECT count(*) FROM {source}")
        return int(row[0]) if row else 0

    def interrupt(self) -> None:
        """Stop what runs; from any thread."""
        self.connection.interrupt()

    def close(self) -> None:
        self.calculator.close()
        self.connection.close()

    @contextmanager
    def rows(self, table: pa.Table) -> Iterator[str]:
        """Name under which DuckDB sees an Arrow table meanwhile."""
        self.connection.register(ROWS_NAME, table)
        try:
            yield ROWS_NAME
        finally:
            with suppress(duckdb.Error):
                self.connection.unregister(ROWS_NAME)

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:  # Arrow's, of rows behind the first ones
            raise as_sql_error(error) from error
        except RuntimeError as error:
            if not isinstance(error.__cause__, KeyboardInterrupt):
                raise
            # Ctrl-C ends DuckDB's waiting, not the query: that would keep the connection.
            self.interrupt()
            raise KeyboardInterrupt from error


def _named(sql: str, parameters: Parameters) -> Parameters:
    """The parameters that the text names: DuckDB rejects others."""
    if not parameters:
        return None
    named = set(PLACEHOLDER.findall(sql))
    return {name: parameters[name] for name in parameters if name in named} or None
