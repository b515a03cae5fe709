"""Runs statements one after the other, and deals with their errors.

What an error ends follows "Error Handling in SQL Server" as documented for TRY...CATCH, THROW,
RAISERROR and SET XACT_ABORT: the statement, its procedure or the batch; a TRY further out catches
it. A refusal of the engine's own is never caught, for what follows could not be trusted.
"""

from collections.abc import Sequence
from typing import Any

import duckdb

from procluster.errors import Refusal, SqlError
from procluster.local import syntax as ast
from procluster.local.connection import Cancelled
from procluster.local.engine import Engine, Options
from procluster.local.frame import Frame
from procluster.local.messages import FATAL, ended_by, error
from procluster.local.registry import run
from procluster.local.translate import as_sql_error

Flow = str | None
CONTAINERS = (ast.If, ast.While, ast.Block, ast.TryCatch)
"""Statements whose success says nothing of @@ERROR."""


class Caught(Exception):  # noqa: N818
    """An error on its way to a CATCH; ``frame`` is the level whose TRYs do not see it."""

    def __init__(self, error: SqlError, frame: Frame | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.frame = frame


class Aborted(Exception):  # noqa: N818
    """The end of a procedure (``frame``) or, without one, of the batch; already reported."""

    def __init__(self, frame: Frame | None = None) -> None:
        super().__init__()
        self.frame = frame


class Interpreter(Engine):
    def __init__(self, *session: Any, **state: Any) -> None:
        super().__init__(*session, **state)
        self.base = Frame(self)
        self.tries: list[Frame] = []
        self.level = 0
        self.stopped = False

    def end_batch(self) -> None:
        """Forget what was on its way; 3998 where a doomed transaction is left."""
        self.tries.clear()
        self.sinks.clear()
        self.caught, self.inserting = None, 0
        if self.transaction.doomed:
            self.rollback()
            self.report(error(3998))

    def run_text(self, statements: ast.Body, frame: Frame) -> None:
        """Run a whole batch, procedure or dynamic text in its frame."""
        declare_all(statements, frame)
        self.level += 1
        try:
            self.run(statements, frame)
        except (Cancelled, KeyboardInterrupt):
            if not self.stopped:  # the callers' options may be others
                self.stopped = True
                self._give_up()
            raise
        finally:
            self.level -= 1
            if frame.parent and not self.lost:
                frame.drop_local_tables()

    def run(self, statements: Sequence[ast.Statement], frame: Frame) -> Flow:
        """Run statements until one jumps; the jump is returned."""
        for statement in statements:
            flow = self.step(statement, frame)
            if flow:
                return flow
        return None

    def step(self, statement: ast.Statement, frame: Frame) -> Flow:
        self.at = statement.at
        self.stop_if_cancelled()
        if self.options.noexec and not isinstance(statement, ast.SetOption):
            return None
        self.transaction.refresh()
        try:
            flow: Flow = run(statement, self, frame)
        except SqlError as found:
            self.stop_if_cancelled()
            self._fail(found, statement, frame)
            return None
        except duckdb.Error as found:
            self.stop_if_cancelled()
            self._fail(as_sql_error(found), statement, frame)
            return None
        if not isinstance(statement, CONTAINERS):
            self.last_error = 0
        return flow

    def _give_up(self) -> None:
        """After a cancel: leave the transaction as it was before the statement, or none."""
        if self.options.xact_abort:
            self.transaction.doom()
        if not self.transaction.doomed:
            self.recover()
        if self.transaction.doomed:
            self.rollback()

    def reset(self, *, keep_transaction: bool) -> None:
        """Forget what the session has been given, as for another client of a pool."""
        if self.transaction.depth and not keep_transaction:
            self.rollback()
        self.base.drop_local_tables()
        self.prepared.clear()
        self.options = Options()
        self.locks.release_all("session")

    def _fail(self, found: SqlError, statement: ast.Statement, frame: Frame) -> None:
        if not found.located:
            found.line = found.line or statement.at.line
            found.procedure = found.procedure or frame.procedure
            found.located = True
        if found.severity >= FATAL:
            self.lose()
            self.report(found)
            raise Aborted from found
        self.last_error = found.number
        refused, thrown = isinstance(found, Refusal), isinstance(statement, ast.Throw)
        ends = "" if thrown else ended_by(found)
        own_level = frame if ends == "level" else None
        undoes = refused or ends == "batch"
        undoes |= self.options.xact_abort and not isinstance(statement, ast.RaiseError)
        doomed_before = self.transaction.doomed
        caught = not refused and any(level is not own_level for level in self.tries)
        if undoes:
            self.transaction.doom()
        if caught or not undoes:
            self.recover()
        if caught:
            raise Caught(found, own_level) from found
        self.report(found)
        frame.status = 10 - found.severity
        undoes |= self.transaction.doomed and not doomed_before
        if undoes and self.transaction.depth:
            self.rollback()
        if undoes or thrown:
            raise Aborted from found
        if own_level:
            raise Aborted(own_level) from found


def declare_all(statements: ast.Body, frame: Frame) -> None:
    """Declare what a batch declares, whatever branch it stands in, before it runs.

    Errors: 134 a name declared twice, 137 a name used before.
    """
    for name, node in statements.variables:
        is_known = name.lower() in frame.variables
        if isinstance(node, ast.Declaration):
            if is_known:
                raise error(134, name, at=node.at)
            frame.declare(node)
        elif not is_known:
            raise error(137, name, at=node.at)
