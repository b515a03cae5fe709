"""Runs statements one after the other: control flow, variables, errors.

What an error ends follows "Error Handling in SQL Server" as documented for TRY...CATCH, THROW,
RAISERROR and SET XACT_ABORT: the statement, its procedure or the batch; a TRY further out catches
it. A refusal of the engine's own is never caught, for what follows could not be trusted.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from procluster.errors import Refusal, SqlError
from procluster.local import local_tables, variables
from procluster.local.calls import prepare_call
from procluster.local.frame import Frame
from procluster.local.messages import BATCH_ABORTING, FATAL, SCOPE_ABORTING, sql_error
from procluster.local.parser import parse_batch
from procluster.local.results import Message, ResultSet, Returned, RowCount
from procluster.local.signals import Aborted, Cancelled, Caught
from procluster.local.statements import CONTAINERS, STATEMENTS
from procluster.local.syntax import Position, RaiseError, SetOption, Statement, Throw
from procluster.local.transaction import Committed, Transaction, WriteLock
from procluster.local.translate import (
    as_sql_error,
    compile_condition,
    compile_expression,
    convert_sql,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from procluster.local.calls import CallArgument
    from procluster.local.catalog import Catalog
    from procluster.local.locks import Locks
    from procluster.local.prepared import Prepared
    from procluster.local.results import Event
    from procluster.local.satellite import Satellite, ScriptCall, ScriptResult
    from procluster.local.script_hosts import ScriptHosts
    from procluster.local.stored import StoredTable
    from procluster.local.syntax import Condition, Expression
    from procluster.local.translate.names import Compiled
    from procluster.local.types import SqlType

    Flow = str | None

__all__ = ["Interpreter"]

ROWS_NAME = "_rows"
PLACEHOLDER = re.compile(r"\$(\w+)")


class Options:
    """SET options; a procedure's changes end with it."""

    def __init__(
        self, *, nocount: bool = False, xact_abort: bool = False, lock_timeout: int = -1
    ) -> None:
        self.nocount = nocount
        self.xact_abort = xact_abort
        self.noexec = False
        self.lock_timeout = lock_timeout
        """Milliseconds; -1 waits without end."""

    def copy(self) -> Options:
        return Options(
            nocount=self.nocount, xact_abort=self.xact_abort, lock_timeout=self.lock_timeout
        )


class Interpreter:
    """What one session runs with."""

    def __init__(  # noqa: PLR0913
        self,
        connection: duckdb.DuckDBPyConnection,
        committed: Committed,
        *,
        database_name: str,
        session_id: int,
        locks: Locks,
        longest_wait: float | None,
        script_hosts: ScriptHosts,
    ) -> None:
        self.connection = connection
        self.database_name = database_name
        self.collation = "SQL_Latin1_General_CP1_CI_AS"
        self.session_id = session_id
        self.locks = locks
        self.script_hosts = script_hosts
        self.script_host: Satellite | None = None
        self.longest_wait = longest_wait
        self.cancelled = threading.Event()
        lock = WriteLock(session_id, locks, self.lock_time_out, self.cancelled)
        self.transaction = Transaction(connection, committed, lock)
        self.options = Options()
        self.base = Frame(self)
        self.frames: list[Frame] = []
        self.tries: list[Frame] = []
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
        self.changed_variables: set[str] = set()
        self.prepared: dict[int, Prepared] = {}
        self.last_handle = 0
        self._receive: Callable[[Event], None] = lambda _: None

    @property
    def catalog(self) -> Catalog:
        """The catalog as this session sees it."""
        return self.transaction.catalog

    def lock_time_out(self) -> float | None:
        """Seconds to wait for a lock, None without end."""
        wanted = self.options.lock_timeout
        return self.longest_wait if wanted < 0 else wanted / 1000

    # --- batches

    def run_batch(self, text: str, receive: Callable[[Event], None]) -> bool:
        """Run one batch; True when no error was sent."""
        frame = Frame(self, temporary=self.base.temporary)
        return self._run_to_end(lambda: self.run_text(parse_batch(text), frame), receive)

    def run_call(
        self,
        procedure: str,
        arguments: Sequence[CallArgument],
        receive: Callable[[Event], None],
    ) -> list[object]:
        """Run a procedure; the values of its arguments after it, none when it was aborted."""
        values: list[object] = []

        def call() -> None:
            statement, frame = prepare_call(self, procedure, arguments)
            self.run_text((statement,), frame)
            values.extend(variable.value for variable in frame.variables.values())

        self._run_to_end(call, receive)
        return values

    def _run_to_end(self, run: Callable[[], None], receive: Callable[[Event], None]) -> bool:
        self._receive, self.failed = receive, False
        try:
            run()
        except SqlError as error:
            self.report(error)
        except Aborted:
            pass
        except Cancelled:
            self._give_up()
            raise
        except RecursionError:
            self.report(sql_error(8631))
            if self.transaction.depth:
                self.rollback()
        finally:
            self._end_batch()
        return not self.failed

    def run_text(self, statements: tuple[Statement, ...], frame: Frame) -> None:
        """Run a whole batch, procedure or dynamic text in its frame."""
        variables.check(statements, frame)
        self.frames.append(frame)
        try:
            self.run(statements, frame)
        finally:
            if not self.lost:
                local_tables.drop_local_tables(self, frame)
            self.frames.pop()

    def run(self, statements: Sequence[Statement], frame: Frame) -> Flow:
        """Run statements until one jumps; the jump is returned."""
        for statement in statements:
            flow = self.step(statement, frame)
            if flow:
                return flow
        return None

    def step(self, statement: Statement, frame: Frame) -> Flow:
        """Run one statement and deal with its error."""
        self.at = statement.at
        self.stop_if_cancelled()
        if self.options.noexec and not isinstance(statement, SetOption):
            return None
        self.transaction.refresh()
        try:
            flow = STATEMENTS[type(statement)](self, statement, frame)
        except SqlError as error:
            self.stop_if_cancelled()
            self._fail(error, statement, frame)
            return None
        except duckdb.Error as error:
            self.stop_if_cancelled()
            self._fail(as_sql_error(error), statement, frame)
            return None
        if type(statement) not in CONTAINERS:
            self.last_error = 0
        return flow

    def cancel(self) -> None:
        """Stop what runs, at once; from any thread."""
        self.cancelled.set()
        self.hurry()

    def hurry(self) -> None:
        """Wake what a cancel has found waiting or at work; again, if need be."""
        self.connection.interrupt()
        self.locks.wake()
        self.script_hosts.wake()
        script_host = self.script_host
        if script_host:
            script_host.cancel()

    def stop_if_cancelled(self) -> None:
        """End the batch when the client has cancelled it; once, so that the rest can be undone.

        Raises
        ------
        Cancelled
        """
        if self.cancelled.is_set():
            self.cancelled.clear()
            raise Cancelled

    def _give_up(self) -> None:
        """After a cancel: what a server leaves of the transaction, which is all without doom."""
        self.failed = True
        self.transaction.notice_failure()
        if self.options.xact_abort:
            self.transaction.doom()
        if self.transaction.doomed:
            self.rollback()

    def end_transaction(self) -> None:
        """Release what ends with the outermost transaction."""
        if not self.transaction.depth:
            self.locks.release_all(self.session_id, "transaction")
            self.changed_variables.clear()

    def _end_batch(self) -> None:
        self.tries.clear()
        self.sinks.clear()
        self.caught, self.inserting = None, 0
        if self.transaction.doomed:
            self.rollback()
            self.report(sql_error(3998))

    # --- errors

    def _fail(self, error: SqlError, statement: Statement, frame: Frame) -> None:
        self._locate(error, statement, frame)
        if error.severity >= FATAL:
            self.lose()
            self.report(error)
            raise Aborted from error
        self.transaction.notice_failure()
        self.last_error = error.number
        refused = isinstance(error, Refusal)
        thrown, raised = isinstance(statement, Throw), isinstance(statement, RaiseError)
        own_level = frame if error.number in SCOPE_ABORTING and not thrown else None
        aborts = refused or (error.number in BATCH_ABORTING and not thrown)
        undoes = aborts or (self.options.xact_abort and not raised)
        if undoes:
            self.transaction.doom()
        if not refused and any(frame is not own_level for frame in self.tries):
            raise Caught(error, own_level) from error
        self.report(error)
        frame.status = 10 - error.severity
        if self.transaction.doomed:
            self.rollback()
            raise Aborted from error
        if undoes or thrown:
            raise Aborted from error
        if own_level:
            raise Aborted(own_level) from error

    def _locate(self, error: SqlError, statement: Statement, frame: Frame) -> None:
        if getattr(error, "located", False):
            return
        error.line = error.line or statement.at.line
        error.procedure = error.procedure or frame.procedure_name()
        error.located = True  # type: ignore[attr-defined]

    def report(self, error: SqlError) -> None:
        """Send an error to the client."""
        self.failed = True
        self.last_error = error.number
        self._receive(error)

    def lose(self) -> None:
        """Give up this session, whose connection to DuckDB answers no more."""
        self.lost = True
        self.transaction.close()
        self.locks.release_all(self.session_id)

    def rollback(self) -> None:
        """Roll back; table variables keep their rows, as they do on a server."""
        kept = local_tables.save_table_variables(self)
        self.transaction.rollback()
        self.shown_views.clear()
        local_tables.restore_table_variables(self, kept)
        self.end_transaction()

    # --- what is sent

    def send(self, event: ResultSet | Message) -> None:
        """Send rows to whoever takes them, or a message to the client."""
        if isinstance(event, ResultSet) and self.sinks:
            self.sinks[-1](event)
        else:
            self._receive(event)

    def send_count(self, rows: int) -> None:
        """Set @@ROWCOUNT and say how many rows there were."""
        self.row_count = rows
        if not self.options.nocount and not self.inserting:
            self._receive(RowCount(rows))

    def send_status(self, status: object, frame: Frame) -> None:
        """Say what a procedure returned, when the batch itself has executed it."""
        if frame.level == 0 and not self.inserting and isinstance(status, int):
            self._receive(Returned(status))

    @contextmanager
    def taking(self, sink: Callable[[ResultSet], None]) -> Iterator[None]:
        """Have the result sets sent meanwhile go to ``sink``."""
        self.sinks.append(sink)
        try:
            yield
        finally:
            if self.sinks:
                self.sinks.pop()

    # --- DuckDB

    def execute(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Execute DuckDB SQL; its errors arrive as SQL Server's."""
        self.stop_if_cancelled()
        if parameters:  # DuckDB rejects values that the text does not name
            named = set(PLACEHOLDER.findall(sql))
            parameters = {name: parameters[name] for name in parameters if name in named} or None
        try:
            return self.connection.execute(sql, parameters)
        except duckdb.Error as error:
            raise as_sql_error(error) from error
        except RuntimeError as error:
            if not isinstance(error.__cause__, KeyboardInterrupt):
                raise
            # Ctrl-C ends DuckDB's waiting, not the query: that would keep the connection.
            self.connection.interrupt()
            raise KeyboardInterrupt from error

    def fetch(self, compiled: Compiled) -> pa.Table:
        """Run a compiled query."""
        found = self.execute(compiled.sql, compiled.parameters)
        try:
            return found.to_arrow_table()
        except duckdb.Error as error:
            raise as_sql_error(error) from error

    def first_row(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> tuple[Any, ...] | None:
        """First row of a query, None without rows."""
        found = self.execute(sql, parameters)
        try:
            row = found.fetchone()
        except duckdb.Error as error:
            raise as_sql_error(error) from error
        return None if row is None else tuple(row)

    @contextmanager
    def rows(self, table: pa.Table) -> Iterator[str]:
        """Name under which DuckDB sees an Arrow table meanwhile."""
        self.connection.register(ROWS_NAME, table)
        try:
            yield ROWS_NAME
        finally:
            with suppress(duckdb.Error):
                self.connection.unregister(ROWS_NAME)

    def run_script(self, call: ScriptCall) -> ScriptResult:
        """Run an external script in a process that is free."""
        with self.script_hosts.borrow(self.cancelled) as host:
            self.script_host = host
            try:
                self.stop_if_cancelled()
                return host.run(call)
            finally:
                self.script_host = None

    def materialize(self, sql_name: str, table: pa.Table) -> None:
        """Make or replace a DuckDB temp table with these rows."""
        with self.rows(table) as rows:
            self.execute(f"CREATE OR REPLACE TEMP TABLE {sql_name} AS SELECT * FROM {rows}")

    def temporary_name(self, name: str) -> str:
        """Return a DuckDB name for a temp table, unique in the session."""
        self.temporary_number += 1
        return f"{name}~{self.temporary_number}"

    def evaluate(
        self, expression: Expression, frame: Frame, target: SqlType | None = None
    ) -> object:
        """Value of an expression, converted to ``target`` as by an assignment."""
        compiled = compile_expression(expression, frame)
        sql, source = compiled.sql, compiled.columns[0].type
        if target is not None and source != target:
            sql = f"SELECT {convert_sql('c0', source, target)} FROM ({sql})"
        row = self.first_row(sql, compiled.parameters)
        return row[0] if row else None

    def holds(self, condition: Condition, frame: Frame) -> bool:
        """Whether a condition is true; unknown is not."""
        compiled = compile_condition(condition, frame)
        row = self.first_row(compiled.sql, compiled.parameters)
        return bool(row and row[0])

    def note_change(self, table: StoredTable) -> None:
        """Remember a table variable changed in a transaction: a rollback must keep its rows."""
        if table.name.startswith("@") and self.transaction.depth:
            self.changed_variables.add(table.sql)

    def reset(self, *, keep_transaction: bool) -> None:
        """Forget what the session has been given, as for another client of a pool."""
        if self.transaction.depth and not keep_transaction:
            self.rollback()
        for table in self.base.temporary.values():
            self.execute(f"DROP TABLE IF EXISTS {table.sql}")
        self.base.temporary.clear()
        self.prepared.clear()
        self.options = Options()
        self.locks.release_all(self.session_id, "session")

    def close(self) -> None:
        """End the session."""
        self.transaction.close()
        self.locks.release_all(self.session_id)
        self.connection.close()
