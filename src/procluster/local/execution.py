"""EXEC of a procedure, the user's or the system's, and of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.frame import Frame
from procluster.local.messages import sql_error
from procluster.local.procedures import (
    INT,
    TEXT,
    bind,
    convert,
    give_back,
    run_dynamic,
    run_in,
)
from procluster.local.result_sets import returning
from procluster.local.system_procedures import system_procedure
from procluster.local.variables import assign

if TYPE_CHECKING:
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import Execute, ExecuteText

__all__ = ["execute", "execute_text"]

SIGNATURE_ERRORS = (201, 8143, 8144, 8145, 8146, 8114, 8162)
"""Errors in a call that a server reports at line 0 of the procedure called."""


def execute(engine: Interpreter, statement: Execute, frame: Frame) -> None:
    """EXEC of a procedure, the user's or the system's."""
    with returning(engine, statement):
        run = system_procedure(statement.procedure) or execute_module
        status = run(engine, statement, frame)
    engine.send_status(status, frame)
    if statement.status:
        kind = frame.variables[statement.status.lower()].type
        assign(frame, statement.status, convert(engine, status, INT, kind))


def execute_module(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """Run a procedure of the user's; return its status."""
    module = frame.stored_module(statement.procedure, "PROCEDURE")
    if module is None:
        raise sql_error(2812, ".".join(statement.procedure.parts))
    tree = engine.catalog.tree(module)
    try:
        bound = bind(engine, module.name, tree.parameters, statement.arguments, frame)
    except SqlError as error:
        if error.number in SIGNATURE_ERRORS:
            error.procedure, error.located = module.full_name, True  # type: ignore[attr-defined]
        raise
    inner = Frame(engine, frame, module)
    assert isinstance(tree.body, tuple)  # noqa: S101
    run_in(engine, inner, bound, tree.body)
    give_back(engine, inner, bound, frame)
    return inner.status


def execute_text(engine: Interpreter, statement: ExecuteText, frame: Frame) -> None:
    """EXEC (N'...')."""
    text = engine.evaluate(statement.text, frame, TEXT)
    run_dynamic(engine, "" if text is None else str(text), (), frame)
