"""IF, WHILE, BEGIN ... END, TRY ... CATCH, RETURN, and the transaction statements.

Each returns how it leaves its statement list: None goes on, "break", "continue" or "return" jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.local.messages import sql_error
from procluster.local.results import Message
from procluster.local.signals import Caught
from procluster.local.types import SqlType

if TYPE_CHECKING:
    from procluster.local.frame import Frame
    from procluster.local.interpreter import Flow, Interpreter
    from procluster.local.syntax import (
        BeginTransaction,
        Block,
        CommitTransaction,
        If,
        Return,
        RollbackTransaction,
        TryCatch,
        While,
    )

__all__ = [
    "run_begin",
    "run_block",
    "run_commit",
    "run_if",
    "run_return",
    "run_rollback",
    "run_try",
    "run_while",
]

INT = SqlType("int")


def run_if(own: Interpreter, statement: If, frame: Frame) -> Flow:
    """IF ... ELSE."""
    chosen = own.holds(statement.condition, frame)
    own.row_count = own.last_error = 0
    if chosen:
        return own.step(statement.then, frame)
    return own.step(statement.otherwise, frame) if statement.otherwise else None


def run_while(own: Interpreter, statement: While, frame: Frame) -> Flow:
    """WHILE, with BREAK and CONTINUE."""
    while own.holds(statement.condition, frame):
        own.row_count = own.last_error = 0
        flow = own.step(statement.body, frame)
        if flow == "break":
            break
        if flow == "return":
            return flow
    return None


def run_block(own: Interpreter, statement: Block, frame: Frame) -> Flow:
    """BEGIN ... END."""
    return own.run(statement.statements, frame)


def run_try(own: Interpreter, statement: TryCatch, frame: Frame) -> Flow:
    """BEGIN TRY ... BEGIN CATCH."""
    sinks = len(own.sinks)
    own.tries.append(frame)
    try:
        return own.run(statement.attempt, frame)
    except Caught as caught:
        if caught.frame is frame:
            raise
        error = caught.error
    finally:
        own.tries.pop()
    del own.sinks[sinks:]
    previous, own.caught = own.caught, error
    try:
        return own.run(statement.handler, frame)
    finally:
        own.caught = previous


def run_return(own: Interpreter, statement: Return, frame: Frame) -> Flow:
    """RETURN, with a status in procedures."""
    if statement.value is not None:
        if frame.module is None:
            raise sql_error(178)
        frame.status = own.evaluate(statement.value, frame, INT)
        if frame.status is None:
            name = frame.procedure_name() or ""
            text = f"The '{name}' procedure attempted to return a status of NULL, which is not "
            text += "allowed. A status of 0 will be returned instead."
            own.send(Message(0, 0, 1, text, statement.at.line, frame.procedure_name()))
            frame.status = 0
    return "return"


def run_begin(own: Interpreter, statement: BeginTransaction, _: Frame) -> Flow:
    """BEGIN TRANSACTION."""
    own.transaction.begin(statement.name)
    own.row_count = 0
    return None


def run_commit(own: Interpreter, _: CommitTransaction, __: Frame) -> Flow:
    """COMMIT."""
    if own.inserting and own.transaction.depth <= own.inserting:
        raise sql_error(3916)
    own.transaction.commit()
    own.end_transaction()
    own.row_count = 0
    return None


def run_rollback(own: Interpreter, statement: RollbackTransaction, _: Frame) -> Flow:
    """ROLLBACK; a name must be that of the outermost transaction."""
    if own.inserting:
        raise sql_error(3915)
    name, outermost = statement.name, own.transaction.name
    if own.transaction.depth and name and name.lower() != (outermost or "").lower():
        raise sql_error(6401, name)
    own.rollback()
    own.row_count = 0
    return None
