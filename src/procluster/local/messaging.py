"""PRINT, RAISERROR and THROW."""

from __future__ import annotations

import re
from typing import Any

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.registry import run
from procluster.local.results import Message
from procluster.local.types import INT, TEXT, SqlType

MAX_MESSAGE = 2047
MAX_PRINT = 4000
SPECIFICATION = re.compile(
    r"%(?:%|(?P<flags>[-+ 0#]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d+))?"
    r"(?P<size>I64|h|l)?(?P<type>[diosuxX]))"
)


@run.register
def print_value(statement: ast.Print, engine: Interpreter, frame: Frame) -> None:
    """PRINT."""
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
    text = _format(template, values)
    if len(text) > MAX_MESSAGE:
        text = text[: MAX_MESSAGE - 3] + "..."
    engine.row_count = 0
    if severity <= 10:
        shown = 0 if severity == 0 else severity
        where = (statement.at.line, frame.procedure)
        engine.send(Message(number, shown, state, text, *where, "NOWAIT" in statement.options))
        if "SETERROR" in statement.options:
            engine.last_error = number
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


def _format(template: str, values: list[Any]) -> str:
    """Fill a printf-like template.

    Rules: "RAISERROR (Transact-SQL)". NULL is shown as (null).
    """
    rest = list(enumerate(values, 1))

    def take(kind: type) -> Any:
        if not rest:
            return None
        number, value = rest.pop(0)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise error(2786, number)
        return value

    def fill(found: re.Match[str]) -> str:
        if found.group() == "%%":
            return "%"
        width, precision = (
            take(int) if found[part] == "*" else found[part] for part in ("width", "precision")
        )
        flags = f"{found['flags'] or ''}{'' if width in (None, '') else width}"
        dot = "" if precision in (None, "") else f".{precision}"
        if found["type"] == "s":
            value = take(str)
            return str(f"%{flags}{dot}s" % ("(null)" if value is None else value))
        value = take(int)
        if value is None:
            return "(null)"
        if found["type"] in "ouxX" and value < 0:
            value += 1 << (64 if found["size"] == "I64" else 32)
        return str(f"%{flags}{dot}{found['type'].replace('u', 'd')}" % value)

    bad = re.search(r"%(?!%)", SPECIFICATION.sub("", template))
    if bad:
        place = template.index("%", 0)
        raise error(2787, template[place : place + 10])
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
