"""Statements that a client prepares once and executes many times, each known by its handle.

Rules: "sp_prepare", "sp_prepexec", "sp_execute" and "sp_unprepare (Transact-SQL)". The text is
parsed once; it is compiled at each execution, for its tables may have changed.
"""

from __future__ import annotations

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.engine import Prepared
from procluster.local.execution import bind, national_text, run_dynamic, split_arguments
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.registry import system_procedure


@system_procedure("sp_prepare")
def prepare(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_prepare @handle OUTPUT, @params, @stmt, @options."""
    names = ("@handle", "@params", "@stmt", "@options")
    given, _ = split_arguments(statement.arguments, names)
    _keep(engine, given, frame)
    return 0


@system_procedure("sp_prepexec")
def prepare_and_execute(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_prepexec @handle OUTPUT, @params, @stmt, and the values."""
    given, values = split_arguments(statement.arguments, ("@handle", "@params", "@stmt"))
    _run(engine, _keep(engine, given, frame), values, frame)
    return engine.last_error


@system_procedure("sp_execute")
def execute_prepared(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_execute @handle, and the values."""
    given, values = split_arguments(statement.arguments, ("@handle",))
    _run(engine, engine.prepared[_handle(engine, given, frame)], values, frame)
    return engine.last_error


@system_procedure("sp_unprepare")
def unprepare(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_unprepare @handle."""
    given, _ = split_arguments(statement.arguments, ("@handle",))
    del engine.prepared[_handle(engine, given, frame)]
    return 0


def _keep(engine: Interpreter, given: dict[str, ast.Argument], frame: Frame) -> Prepared:
    """Parse a statement and give it a handle."""
    for name in ("@handle", "@stmt"):
        if name not in given:
            raise error(201, "sp_prepare", name)
    declared = national_text(engine, given, "@params", frame) or ""
    prepared = Prepared(declared, national_text(engine, given, "@stmt", frame) or "")
    try:
        parse_batch(prepared.text)
    except SqlError as found:
        found.located = True  # type: ignore[attr-defined]
        engine.report(found)
        raise error(8180) from found
    engine.last_handle += 1
    engine.prepared[engine.last_handle] = prepared
    variable = given["@handle"].value
    if isinstance(variable, ast.Variable):
        previous = frame.value(variable.name)
        if isinstance(previous, int):  # a client that prepares anew gives the old handle back
            engine.prepared.pop(previous, None)
        frame.assign(variable.name, engine.last_handle)
    return prepared


def _handle(engine: Interpreter, given: dict[str, ast.Argument], frame: Frame) -> int:
    value = engine.evaluate(given["@handle"].value, frame) if "@handle" in given else None
    if not isinstance(value, int) or value not in engine.prepared:
        raise error(8179, value or 0)
    return value


def _run(
    engine: Interpreter, prepared: Prepared, values: tuple[ast.Argument, ...], frame: Frame
) -> None:
    parameters = parse_parameters(prepared.parameters)
    try:
        bound = (
            bind(engine, "sp_execute", parameters, values, frame) if parameters or values else []
        )
    except SqlError as found:
        if found.number != 201:
            raise
        missing = found.message.split("'")[3]
        declared = f"({prepared.parameters}){prepared.text}"
        raise error(8178, declared, missing) from None
    run_dynamic(engine, prepared.text, bound, frame)
