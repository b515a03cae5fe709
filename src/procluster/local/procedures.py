"""Calls: arguments bound to parameters, a body run in a frame of its own, outputs handed back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.frame import Frame, Variable
from procluster.local.messages import sql_error
from procluster.local.parser import parse_batch
from procluster.local.signals import Aborted
from procluster.local.syntax import Argument, Literal, Parameter
from procluster.local.syntax import Variable as VariableName
from procluster.local.translate import convert_sql
from procluster.local.types import MAX, SqlType
from procluster.local.variables import assign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import Statement

__all__ = [
    "INT",
    "TEXT",
    "BoundArgument",
    "bind",
    "convert",
    "give_back",
    "run_dynamic",
    "run_in",
]

INT = SqlType("int")
TEXT = SqlType("nvarchar", MAX)
MAX_LEVEL = 32
CONVERSION_ERRORS = (241, 242, 245, 248, 295, 8114)


@dataclass
class BoundArgument:
    """A parameter with the value it starts with, and the caller's variable for OUTPUT."""

    parameter: Parameter
    value: object
    variable: str | None = None


def run_in(
    engine: Interpreter,
    inner: Frame,
    bound: Sequence[BoundArgument],
    statements: tuple[Statement, ...],
) -> None:
    """Run statements in a frame of their own, which ends alone when it is aborted."""
    if inner.level > MAX_LEVEL:
        raise sql_error(217)
    for argument in bound:
        parameter = argument.parameter
        inner.variables[parameter.name.lower()] = Variable(parameter.type, argument.value)
    depth, options = engine.transaction.depth, engine.options
    engine.options = options.copy()
    try:
        engine.run_text(statements, inner)
    except Aborted as aborted:
        if aborted.frame is not inner:
            raise
        return
    finally:
        engine.options = options
    if inner.module and engine.transaction.depth != depth:
        raise sql_error(266, depth, engine.transaction.depth)


def give_back(
    engine: Interpreter, inner: Frame, bound: Sequence[BoundArgument], frame: Frame
) -> None:
    """Assign OUTPUT parameters to the caller's variables."""
    for argument in bound:
        if argument.variable:
            found = inner.variables[argument.parameter.name.lower()]
            kind = frame.variables[argument.variable.lower()].type
            assign(frame, argument.variable, convert(engine, found.value, found.type, kind))


def bind(
    engine: Interpreter,
    procedure: str,
    parameters: Sequence[Parameter],
    arguments: Sequence[Argument],
    frame: Frame,
) -> list[BoundArgument]:
    """Match arguments with parameters.

    Raises
    ------
    SqlError
        8144 and 8146 too many, 8145 unknown, 8143 twice, 8162 no OUTPUT parameter, 201 missing,
        8114 a value that does not convert.
    """
    given = _match(procedure, parameters, arguments)
    bound: list[BoundArgument] = []
    for parameter in parameters:
        argument = given.get(parameter.name.lower())
        value = argument.value if argument else None
        if value is None or (isinstance(value, Literal) and value.kind == "default"):
            if parameter.default is None:
                raise sql_error(201, procedure, parameter.name)
            value = parameter.default
        variable = None
        if argument and argument.output:
            if not parameter.output:
                raise sql_error(8162, parameter.name)
            variable = argument.value.name if isinstance(argument.value, VariableName) else None
        bound.append(BoundArgument(parameter, _value(engine, value, frame, parameter), variable))
    return bound


def _match(
    procedure: str, parameters: Sequence[Parameter], arguments: Sequence[Argument]
) -> dict[str, Argument]:
    if arguments and not parameters:
        raise sql_error(8146, procedure)
    names = {parameter.name.lower() for parameter in parameters}
    given: dict[str, Argument] = {}
    for place, argument in enumerate(arguments):
        if argument.name is None and place >= len(parameters):
            raise sql_error(8144, procedure)
        name = argument.name or parameters[place].name
        if name.lower() not in names:
            raise sql_error(8145, name, procedure)
        if name.lower() in given:
            raise sql_error(8143, name)
        given[name.lower()] = argument
    return given


def _value(engine: Interpreter, value: object, frame: Frame, parameter: Parameter) -> object:
    if isinstance(value, VariableName):
        found = frame.variables[value.name.lower()]
        if found.type == parameter.type or found.value is None:
            return found.value
    try:
        return engine.evaluate(value, frame, parameter.type)  # type: ignore[arg-type]
    except SqlError as error:
        if error.number not in CONVERSION_ERRORS:
            raise
        kind = _kind_of(value, frame)
        text = f"Error converting data type {kind} to {parameter.type.name}."
        raise SqlError(8114, text, state=5) from error


def _kind_of(value: object, frame: Frame) -> str:
    if isinstance(value, VariableName):
        return frame.variables[value.name.lower()].type.name
    kinds = {"national": "nvarchar", "string": "varchar", "decimal": "numeric"}
    return kinds.get(value.kind, value.kind) if isinstance(value, Literal) else "int"


def convert(engine: Interpreter, value: object, source: SqlType, target: SqlType) -> object:
    """Convert a value as an assignment does."""
    if source == target or value is None:
        return value
    sql = convert_sql(f"CAST($v AS {source.storage})", source, target)
    row = engine.first_row(f"SELECT {sql}", {"v": value})
    return row[0] if row else None


# --- dynamic text --------------------------------------------------------------------------------


def run_dynamic(
    engine: Interpreter, text: str, bound: Sequence[BoundArgument], frame: Frame
) -> Frame:
    """Run a text in a frame of its own; its errors have no procedure."""
    inner = Frame(engine, frame)
    try:
        statements = parse_batch(text)
    except SqlError as error:
        error.located = True  # type: ignore[attr-defined]
        raise
    run_in(engine, inner, bound, statements)
    return inner
