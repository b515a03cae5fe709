"""What one session has: its connection to DuckDB, its transaction, its options, its client."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import duckdb
import pyarrow as pa

from procluster.errors import SqlError
from procluster.local.catalog import Catalog, Committed
from procluster.local.connection import Connection
from procluster.local.locks import Locks, LockTable
from procluster.local.messages import FATAL
from procluster.local.results import Event, Message, ResultSet, Returned, RowCount
from procluster.local.syntax import Condition, Expression, Literal, Position
from procluster.local.transaction import Transaction
from procluster.local.translate import (
    Names,
    Plans,
    compile_condition,
    compile_expression,
    convert_sql,
)
from procluster.local.types import SqlType
from procluster.satellite import Satellite, ScriptCall, ScriptResult
from procluster.satellite.pool import ScriptHosts

MOST_CONSTANTS = 250


class Prepared(NamedTuple):
    """A statement that a client has prepared, and the declaration of its parameters."""

    parameters: str
    text: str


@dataclass(frozen=True)
class Options:
    """SET options; a procedure's changes end with it."""

    nocount: bool = False
    noexec: bool = False
    xact_abort: bool = False
    lock_timeout: int = -1
    """Milliseconds; -1 waits without end."""


@dataclass(frozen=True)
class Shared:
    """What the sessions of a database have in common.

    ``longest_wait`` is how many seconds one waits for a lock where T-SQL asks for no limit.
    """

    database_name: str
    committed: Committed
    lock_table: LockTable
    script_hosts: ScriptHosts
    longest_wait: float | None


class Engine(Connection):
    """State of one session, and the ways to DuckDB and to the client."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, session_id: int, shared: Shared
    ) -> None:
        super().__init__(connection)
        self.shared = shared
        self.database_name = shared.database_name
        self.session_id = session_id
        self.script_host: Satellite | None = None
        self.locks = Locks(shared.lock_table, session_id, self.cancelled, self.lock_time_out)
        self.transaction = Transaction(connection, shared.committed, self.locks)
        self.options = Options()
        self.plans = Plans()
        self.sinks: list[Callable[[ResultSet], None]] = []
        self.inserting = 0
        self.shown_views: dict[str, int] = {}
        self.caught: SqlError | None = None
        self.last_error = 0
        self.row_count = 0
        self.identity: object = None
        self.failed = False
        self.lost = False
        self.at = Position(1, 1)
        self.temporary_number = 0
        self.temporary_identities: dict[int, int] = {}
        self.prepared: dict[int, Prepared] = {}
        self.last_handle = 0
        self.receive: Callable[[Event], None] = lambda _: None
        self._constant_row = lru_cache(MOST_CONSTANTS)(partial(self.first_row, reads=False))

    @property
    def catalog(self) -> Catalog:
        return self.transaction.catalog

    def lock_time_out(self) -> float | None:
        """Seconds to wait for the right to write, None without end."""
        wanted = self.options.lock_timeout
        return self.shared.longest_wait if wanted < 0 else wanted / 1000

    # --- to the client

    def report(self, error: SqlError) -> None:
        self.failed = True
        self.last_error = error.number
        self.receive(error)

    def send(self, event: ResultSet | Message) -> None:
        """Send rows to whoever takes them, or a message to the client."""
        if isinstance(event, ResultSet) and self.sinks:
            self.sinks[-1](event)
        else:
            self.receive(event)

    def send_count(self, rows: int) -> None:
        """Set @@ROWCOUNT and say how many rows there were."""
        self.row_count = rows
        if not self.options.nocount and not self.inserting:
            self.receive(RowCount(rows))

    def send_status(self, status: object, level: int) -> None:
        """Say what a procedure returned, when the batch itself (level 0) has executed it."""
        if level == 0 and not self.inserting and isinstance(status, int):
            self.receive(Returned(status))

    @contextmanager
    def taking(self, sink: Callable[[ResultSet], None]) -> Iterator[None]:
        """Have the result sets sent meanwhile go to ``sink``."""
        self.sinks.append(sink)
        try:
            yield
        finally:
            if self.sinks:
                self.sinks.pop()

    # --- its end

    def cancel(self) -> None:
        """Stop what runs, at once; from any thread."""
        self.cancelled.set()
        self.hurry()

    def hurry(self) -> None:
        """Wake what a cancel has found waiting or at work; again, if need be."""
        self.interrupt()
        self.locks.wake()
        self.shared.script_hosts.wake()
        script_host = self.script_host
        if script_host:
            script_host.cancel()

    def lose(self) -> None:
        """Give up this session, whose connection to DuckDB answers no more."""
        self.lost = True
        self.transaction.close()
        self.locks.release_all()

    def close(self) -> None:
        self.transaction.close()
        self.locks.release_all()
        super().close()

    # --- transactions

    def rollback(self) -> None:
        self.transaction.rollback()
        self.shown_views.clear()
        self.end_transaction()

    def recover(self) -> None:
        """After an error: have the transaction as it was before the statement, or doomed."""
        try:
            if self.transaction.recover():
                self.shown_views.clear()
        except SqlError as fault:  # of what is done again: the transaction is doomed
            if fault.severity >= FATAL:
                self.lose()

    def end_transaction(self) -> None:
        """Release what ends with the outermost transaction."""
        if not self.transaction.depth:
            self.locks.release_all("transaction")

    # --- changes in DuckDB, which the transaction can do again

    def write(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Execute DuckDB SQL that changes something; the transaction can do it again."""
        self.execute(sql, parameters)
        self.transaction.log.record(partial(self.execute, sql, parameters))

    def write_rows(self, head: str, table: pa.Table) -> None:
        """Execute DuckDB SQL that ends in a query, which gives these rows."""
        with self.rows(table) as rows:
            self.execute(f"{head} SELECT * FROM {rows}")

    def keep_rows(self, head: str, source: str, count: int) -> None:
        """Note that ``head`` was executed with a query that gave ``source`` its ``count`` rows."""
        log = self.transaction.log
        rows = self.arrow(f"FROM {source}") if count <= log.room else None
        log.record(partial(self.write_rows, head, rows), count)

    # --- external scripts

    def run_script(self, call: ScriptCall) -> ScriptResult:
        """Run an external script in a process that is free."""
        with self.shared.script_hosts.borrow(self.cancelled) as host:
            self.script_host = host
            try:
                self.stop_if_cancelled()
                return host.run(call)
            finally:
                self.script_host = None

    # --- values

    def evaluate(
        self,
        expression: Expression,
        names: Names,
        target: SqlType | None = None,
        column: str | None = None,
    ) -> object:
        """Value of an expression, converted to ``target`` as for a variable, or for ``column``."""
        compiled = self.plans.compile(compile_expression, expression, names)
        sql, source = compiled.sql, compiled.columns[0].type
        if target is not None and source != target:
            sql = f"SELECT {convert_sql('c0', source, target, column=column)} FROM ({sql})"
        if isinstance(expression, Literal):
            row = self._constant_row(sql)
        else:
            row = self.first_row(sql, compiled.parameters, reads=compiled.reads)
        return row[0] if row else None

    def holds(self, condition: Condition, names: Names) -> bool:
        """Whether a condition is true; unknown is not."""
        compiled = self.plans.compile(compile_condition, condition, names)
        row = self.first_row(compiled.sql, compiled.parameters, reads=compiled.reads)
        return bool(row and row[0])

    def convert(self, value: object, source: SqlType, target: SqlType) -> object:
        """Convert a value as an assignment does."""
        if source == target or value is None:
            return value
        sql = convert_sql(f"CAST($v AS {source.storage})", source, target)
        row = self.first_row(f"SELECT {sql}", {"v": value}, reads=False)
        return row[0] if row else None
