"""Statements that a client prepares once and executes many times, each known by its handle.

Rules: "sp_prepare", "sp_prepexec", "sp_execute" and "sp_unprepare (Transact-SQL)". The text is
parsed once; it is compiled at each execution, for its tables may have changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.external import national_text, split_arguments
from procluster.local.messages import sql_error
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.procedures import bind, give_back, run_dynamic
from procluster.local.syntax import Variable as VariableName
from procluster.local.variables import assign

if TYPE_CHECKING:
    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import Argument, Execute

__all__ = ["execute_prepared", "prepare", "prepare_and_execute", "unprepare"]


@dataclass(frozen=True)
class Prepared:
    """A statement and the declaration of its parameters."""

    parameters: str
    text: str


def prepare(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_prepare @handle OUTPUT, @params, @stmt, @options."""
    names = ("@handle", "@params", "@stmt", "@options")
    given, _ = split_arguments(statement.arguments, names)
    _keep(engine, given, frame)
    return 0


def prepare_and_execute(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_prepexec @handle OUTPUT, @params, @stmt, and the values."""
    given, values = split_arguments(statement.arguments, ("@handle", "@params", "@stmt"))
    _run(engine, _keep(engine, given, frame), values, frame)
    return engine.last_error


def execute_prepared(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_execute @handle, and the values."""
    given, values = split_arguments(statement.arguments, ("@handle",))
    _run(engine, engine.prepared[_handle(engine, given, frame)], values, frame)
    return engine.last_error


def unprepare(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_unprepare @handle."""
    given, _ = split_arguments(statement.arguments, ("@handle",))
    del engine.prepared[_handle(engine, given, frame)]
    return 0


def _keep(engine: Interpreter, given: dict[str, Argument], frame: Frame) -> Prepared:
    """Parse a statement and give it a handle."""
    for name in ("@handle", "@stmt"):
        if name not in given:
            raise sql_error(201, "sp_prepare", name)
    declared = national_text(engine, given, "@params", frame) or ""
    prepared = Prepared(declared, national_text(engine, given, "@stmt", frame) or "")
    try:
        parse_batch(prepared.text)
    except SqlError as error:
        error.located = True  # type: ignore[attr-defined]
        engine.report(error)
        raise sql_error(8180) from error
    engine.last_handle += 1
    engine.prepared[engine.last_handle] = prepared
    variable = given["@handle"].value
    if isinstance(variable, VariableName):
        previous = frame.value(variable.name)
        if isinstance(previous, int):  # a client that prepares anew gives the old handle back
            engine.prepared.pop(previous, None)
        assign(frame, variable.name, engine.last_handle)
    return prepared


def _handle(engine: Interpreter, given: dict[str, Argument], frame: Frame) -> int:
    value = engine.evaluate(given["@handle"].value, frame) if "@handle" in given else None
    if not isinstance(value, int) or value not in engine.prepared:
        raise sql_error(8179, value or 0)
    return value


def _run(
    engine: Interpreter, prepared: Prepared, values: tuple[Argument, ...], frame: Frame
) -> None:
    parameters = parse_parameters(prepared.parameters)
    try:
        bound = (
            bind(engine, "sp_execute", parameters, values, frame) if parameters or values else []
        )
    except SqlError as error:
        if error.number != 201:
            raise
        missing = error.message.split("'")[3]
        declared = f"({prepared.parameters}){prepared.text}"
        raise sql_error(8178, declared, missing) from None
    give_back(engine, run_dynamic(engine, prepared.text, bound, frame), bound, frame)
