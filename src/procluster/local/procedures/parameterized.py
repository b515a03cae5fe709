"""Texts with parameters of their own: run at once, or prepared and run many times by a handle.

Rules: "sp_executesql", "sp_prepare", "sp_prepexec", "sp_execute" and "sp_unprepare
(Transact-SQL)". A prepared text is compiled at each execution, for its tables may have changed.
"""

from __future__ import annotations

from dataclasses import replace

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.engine import Prepared
from procluster.local.execution import run_dynamic
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.parser import parse_batch
from procluster.local.procedures.arguments import Arguments
from procluster.local.registry import system_procedure


@system_procedure("sp_executesql")
def execute_sql(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_executesql @stmt (or @statement), @params, and the values."""
    renamed = tuple(
        replace(one, name="@stmt") if (one.name or "").lower() == "@statement" else one
        for one in statement.arguments
    )
    given = Arguments(engine, replace(statement, arguments=renamed), frame, ("@stmt", "@params"))
    if "@stmt" not in given.own:
        raise error(201, "sp_executesql", "@statement")
    text = Prepared(given.text("@params") or "", given.text("@stmt") or "")
    return _run(engine, text, given, frame)


@system_procedure("sp_prepare")
def prepare(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_prepare @handle OUTPUT, @params, @stmt, @options."""
    names = ("@handle", "@params", "@stmt", "@options")
    _keep(engine, Arguments(engine, statement, frame, names, ("@handle", "@stmt")), frame)
    return 0


@system_procedure("sp_prepexec")
def prepare_and_execute(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_prepexec @handle OUTPUT, @params, @stmt, and the values."""
    names = ("@handle", "@params", "@stmt")
    given = Arguments(engine, statement, frame, names, ("@handle", "@stmt"))
    return _run(engine, _keep(engine, given, frame), given, frame)


@system_procedure("sp_execute")
def execute_prepared(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_execute @handle, and the values."""
    given = Arguments(engine, statement, frame, ("@handle",))
    return _run(engine, engine.prepared[_handle(engine, given)], given, frame)


@system_procedure("sp_unprepare")
def unprepare(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_unprepare @handle."""
    del engine.prepared[_handle(engine, Arguments(engine, statement, frame, ("@handle",)))]
    return 0


def _keep(engine: Interpreter, given: Arguments, frame: Frame) -> Prepared:
    """Parse a statement and give it a handle."""
    prepared = Prepared(given.text("@params") or "", given.text("@stmt") or "")
    try:
        parse_batch(prepared.text)
    except SqlError as found:
        found.located = True
        engine.report(found)
        raise error(8180) from found
    engine.last_handle += 1
    engine.prepared[engine.last_handle] = prepared
    variable = given.own["@handle"].value
    if isinstance(variable, ast.Variable):
        previous = frame.value(variable.name)
        if isinstance(previous, int):  # a client that prepares anew gives the old handle back
            engine.prepared.pop(previous, None)
        frame.assign(variable.name, engine.last_handle)
    return prepared


def _handle(engine: Interpreter, given: Arguments) -> int:
    value = given.value("@handle")
    if not isinstance(value, int) or value not in engine.prepared:
        raise error(8179, value or 0)
    return value


def _run(engine: Interpreter, text: Prepared, given: Arguments, frame: Frame) -> int:
    """Run a text with its parameters bound; 8178 names the one that misses its value."""
    try:
        bound = given.bound(text.parameters)
    except SqlError as found:
        if found.number != 201:
            raise
        missing = found.message.split("'")[3]
        raise error(8178, f"({text.parameters}){text.text}", missing) from None
    run_dynamic(engine, text.text, bound, frame)
    return engine.last_error
