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


def run_if(engine: Interpreter, statement: If, frame: Frame) -> Flow:
    """IF ... ELSE."""
    chosen = engine.holds(statement.condition, frame)
    engine.row_count = engine.last_error = 0
    if chosen:
        return engine.step(statement.then, frame)
    return engine.step(statement.otherwise, frame) if statement.otherwise else None


def run_while(engine: Interpreter, statement: While, frame: Frame) -> Flow:
    """WHILE, with BREAK and CONTINUE."""
    while engine.holds(statement.condition, frame):
        engine.row_count = engine.last_error = 0
        flow = engine.step(statement.body, frame)
        if flow == "break":
            break
        if flow == "return":
            return flow
    return None


def run_block(engine: Interpreter, statement: Block, frame: Frame) -> Flow:
    """BEGIN ... END."""
    return engine.run(statement.statements, frame)


def run_try(engine: Interpreter, statement: TryCatch, frame: Frame) -> Flow:
    """BEGIN TRY ... BEGIN CATCH."""
    sinks = len(engine.sinks)
    engine.tries.append(frame)
    try:
        return engine.run(statement.attempt, frame)
    except Caught as caught:
        if caught.frame is frame:
            raise
        error = caught.error
    finally:
        engine.tries.pop()
    del engine.sinks[sinks:]
    previous, engine.caught = engine.caught, error
    try:
        return engine.run(statement.handler, frame)
    finally:
        engine.caught = previous


def run_return(engine: Interpreter, statement: Return, frame: Frame) -> Flow:
    """RETURN, with a status in procedures."""
    if statement.value is not None:
        if frame.module is None:
            raise sql_error(178)
        frame.status = engine.evaluate(statement.value, frame, INT)
        if frame.status is None:
            name = frame.procedure_name() or ""
            text = f"The '{name}' procedure attempted to return a status of NULL, which is not "
            text += "allowed. A status of 0 will be returned instead."
            engine.send(Message(0, 0, 1, text, statement.at.line, frame.procedure_name()))
            frame.status = 0
    return "return"


def run_begin(engine: Interpreter, statement: BeginTransaction, _: Frame) -> Flow:
    """BEGIN TRANSACTION."""
    engine.transaction.begin(statement.name)
    engine.row_count = 0
    return None


def run_commit(engine: Interpreter, _: CommitTransaction, __: Frame) -> Flow:
    """COMMIT."""
    if engine.inserting and engine.transaction.depth <= engine.inserting:
        raise sql_error(3916)
    engine.transaction.commit()
    engine.end_transaction()
    engine.row_count = 0
    return None


def run_rollback(engine: Interpreter, statement: RollbackTransaction, _: Frame) -> Flow:
    """ROLLBACK; a name must be that of the outermost transaction."""
    if engine.inserting:
        raise sql_error(3915)
    name, outermost = statement.name, engine.transaction.name
    if engine.transaction.depth and name and name.lower() != (outermost or "").lower():
        raise sql_error(6401, name)
    engine.rollback()
    engine.row_count = 0
    return None
