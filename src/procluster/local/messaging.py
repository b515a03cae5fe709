"""PRINT, RAISERROR and THROW."""

import re
from typing import Any

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error, refuse
from procluster.local.registry import run
from procluster.local.results import Message
from procluster.local.types import INT, TEXT, SqlType

MAX_MESSAGE = 2047
MAX_PRINT = 4000
SPECIFICATION = re.compile(r"%(?:[-+ #]*(?:\*|\d*)(?:\.(?:\*|\d+))?(?:I64|h|l)?[diosuxX]|%|)")
PLAIN = {"%s": str, "%d": int, "%i": int}
"""The specifications that are filled in, with what they take."""


@run.register
def print_value(statement: ast.Print, engine: Interpreter, frame: Frame) -> None:
    text = engine.evaluate(statement.value, frame, TEXT)
    shown = " " if text in (None, "") else str(text)[:MAX_PRINT]
    engine.send(Message(0, 0, 1, shown, statement.at.line, frame.procedure))
    engine.row_count = 0


@run.register
def raise_error(statement: ast.RaiseError, engine: Interpreter, frame: Frame) -> None:
    """RAISERROR: a message up to severity 10, an error above."""
    number, template = _message_of(engine, statement.message, frame)
    severity = _whole(engine, statement.severity, frame)
    state = _whole(engine, statement.state, frame)
    values = [engine.evaluate(argument, frame) for argument in statement.arguments]
    if severity > 18 and "LOG" not in statement.options:
        raise error(2754)
    severity, state = max(severity, 0), min(max(state, 0), 255) if state >= 0 else 1
    text = _filled(template, values, statement.at)
    if len(text) > MAX_MESSAGE:
        text = text[: MAX_MESSAGE - 3] + "..."
    engine.row_count = 0
    if severity <= 10:
        shown = 0 if severity == 0 else severity
        where = (statement.at.line, frame.procedure)
        engine.send(Message(number, shown, state, text, *where, "NOWAIT" in statement.options))
        return
    raise SqlError(number, text, severity=severity, state=state)


def _message_of(engine: Interpreter, message: ast.Expression, frame: Frame) -> tuple[int, str]:
    value = engine.evaluate(message, frame)
    if isinstance(value, int):
        if value < 13000 or value == 50000:
            raise error(2732, value)
        raise error(18054, value)
    return 50000, "" if value is None else str(value)


def _whole(engine: Interpreter, expression: ast.Expression, frame: Frame) -> int:
    """A number of an error; 0 for NULL."""
    value = engine.evaluate(expression, frame, INT)
    return value if isinstance(value, int) else 0


def _filled(template: str, values: list[Any], at: ast.Position) -> str:
    """A template with its values; NULL is shown as (null)."""
    rest = enumerate(values, 1)

    def fill(found: re.Match[str]) -> str:
        specification = found.group()
        if specification == "%%":
            return "%"
        if specification == "%":
            raise error(2787, template[found.start() : found.start() + 10])
        if specification not in PLAIN:
            raise refuse(f"RAISERROR with {specification}", "use %s and %d", at)
        number, value = next(rest, (0, None))
        if value is not None and type(value) is not PLAIN[specification]:
            raise error(2786, number)
        return "(null)" if value is None else str(value)

    return SPECIFICATION.sub(fill, template)


@run.register
def throw(statement: ast.Throw, engine: Interpreter, frame: Frame) -> None:
    """THROW with an error of one's own, or again the one that was caught."""
    if statement.number is None or statement.message is None or statement.state is None:
        raise engine.caught or error(10704)
    number = _whole(engine, statement.number, frame)
    text = engine.evaluate(statement.message, frame, SqlType("nvarchar", 2048))
    state = _whole(engine, statement.state, frame)
    if number < 50000:
        raise error(35100, number)
    raise SqlError(number, "" if text is None else str(text), state=min(max(state, 0), 255))
