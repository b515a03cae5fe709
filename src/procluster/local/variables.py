"""Variables and SET options."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, cast

from procluster.errors import Refusal
from procluster.local.frame import Frame, Variable
from procluster.local.messages import sql_error
from procluster.local.syntax import (
    Assignment,
    Binary,
    Declaration,
    DeclareTable,
    ObjectName,
    SelectItem,
    SetVariable,
    Statement,
)
from procluster.local.syntax import Variable as VariableName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procluster.errors import SqlError
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import BinaryOperator, Declare, Node, SetOption

__all__ = ["assign", "check", "declare", "set_option", "set_variable"]


def check(statements: tuple[Statement, ...], frame: Frame) -> None:
    """Declare what a batch declares, whatever branch it stands in, before it runs.

    Raises
    ------
    SqlError
        134 a name declared twice, 137 or 1087 a name used before it is declared.
    """
    declared_tables: set[str] = set()
    for node in _nodes(statements):
        if isinstance(node, Declaration):
            if node.name.lower() in frame.variables:
                raise _at(sql_error(134, node.name), node)
            frame.variables[node.name.lower()] = Variable(node.type)
        elif isinstance(node, DeclareTable):
            if node.name.lower() in declared_tables:
                raise _at(sql_error(134, node.name), node)
            declared_tables.add(node.name.lower())
        elif isinstance(node, ObjectName) and node.parts[0].startswith("@"):
            if node.parts[0].lower() not in declared_tables:
                raise _at(sql_error(1087, node.parts[0]), node)
        elif (name := _variable_name(node)) and name.lower() not in frame.variables:
            raise _at(sql_error(137, name), node)


def _variable_name(node: Node) -> str | None:
    """The variable that a node reads or writes."""
    if isinstance(node, (VariableName, SetVariable)):
        return node.name
    if isinstance(node, SelectItem):
        return node.variable
    if isinstance(node, Assignment) and node.target.startswith("@"):
        return node.target
    status = getattr(node, "status", None)
    return status if isinstance(status, str) else None


def _at(error: SqlError, node: Node) -> SqlError:
    error.line = node.at.line
    return error


def _nodes(value: Any) -> Iterator[Any]:
    """Nodes of a tree in the order they are written; modules keep theirs to themselves."""
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif is_dataclass(value) and hasattr(value, "at"):
        if type(value).__name__ == "CreateModule":
            return
        own_first = not isinstance(value, Declaration)
        if own_first:
            yield value
        for part in fields(value):
            if part.name != "at":
                yield from _nodes(getattr(value, part.name))
        if not own_first:
            yield value


def declare(engine: Interpreter, statement: Declare, frame: Frame) -> None:
    """DECLARE: the names exist already, so only the values are set."""
    for declaration in statement.declarations:
        if declaration.value is not None:
            value = engine.evaluate(declaration.value, frame, declaration.type)
            assign(frame, declaration.name, value)
            engine.row_count = 1


def set_variable(engine: Interpreter, statement: SetVariable, frame: Frame) -> None:
    """SET @v = e."""
    kind = frame.variables[statement.name.lower()].type
    value = statement.value
    if statement.operator != "=":
        operator = cast("BinaryOperator", statement.operator[0])
        own_value = VariableName(statement.at, statement.name)
        value = Binary(statement.at, operator, own_value, value)
    assign(frame, statement.name, engine.evaluate(value, frame, kind))
    engine.row_count = 1


def assign(frame: Frame, name: str, value: object) -> None:
    """Give a variable a value of its own type."""
    frame.variables[name.lower()].value = value


def _nocount(engine: Interpreter, on: bool) -> None:
    engine.options.nocount = on


def _xact_abort(engine: Interpreter, on: bool) -> None:
    engine.options.xact_abort = on


def _noexec(engine: Interpreter, on: bool) -> None:
    """Under NOEXEC what follows is read and not run, until it is OFF again."""
    engine.options.noexec = on


SWITCHES: dict[str, Callable[[Interpreter, bool], None]] = {
    "NOCOUNT": _nocount,
    "NOEXEC": _noexec,
    "XACT_ABORT": _xact_abort,
}
"""Options that change something here."""

FIXED_OPTIONS: dict[str, tuple[str, ...]] = {
    "ANSI_DEFAULTS": ("ON",),
    "ANSI_NULLS": ("ON",),
    "ANSI_NULL_DFLT_ON": ("ON",),
    "ANSI_PADDING": ("ON",),
    "ANSI_WARNINGS": ("ON",),
    "ARITHABORT": ("ON",),
    "ARITHIGNORE": ("OFF",),
    "CONCAT_NULL_YIELDS_NULL": ("ON",),
    "CURSOR_CLOSE_ON_COMMIT": ("OFF", "ON"),
    "DATEFIRST": ("7",),
    "DATEFORMAT": ("MDY",),
    "DEADLOCK_PRIORITY": ("NORMAL",),
    "FMTONLY": ("OFF",),
    "IMPLICIT_TRANSACTIONS": ("OFF",),
    "LANGUAGE": ("US_ENGLISH",),
    "NUMERIC_ROUNDABORT": ("OFF",),
    "PARSEONLY": ("OFF",),
    "QUOTED_IDENTIFIER": ("ON",),
    "ROWCOUNT": ("0",),
    "TEXTSIZE": ("2147483647", "-1"),
    "TRANSACTION ISOLATION LEVEL": ("READ COMMITTED", "READ UNCOMMITTED"),
}
"""Options with the values that mean what the engine does anyway; setting one does nothing."""


def set_option(engine: Interpreter, statement: SetOption, _: Frame) -> None:
    """SET NOCOUNT ON and the like."""
    for option in statement.options:
        if option in SWITCHES and statement.value in ("ON", "OFF"):
            SWITCHES[option](engine, statement.value == "ON")
        elif option == "LOCK_TIMEOUT" and re.fullmatch(r"-?\d{1,9}", statement.value):
            engine.options.lock_timeout = max(int(statement.value), -1)
        elif statement.value not in FIXED_OPTIONS.get(option, ()):
            allowed = " or ".join(FIXED_OPTIONS.get(option, ()))
            reason = f"it is always {allowed}" if allowed else "the option is left out"
            raise Refusal(
                f"SET {option} {statement.value}",
                reason,
                line=statement.at.line,
                column=statement.at.column,
            )
    engine.row_count = 0
