"""Variables, SET options, IF, WHILE, BEGIN ... END, TRY ... CATCH, RETURN and the transactions."""

from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Caught, Flow, Interpreter
from procluster.local.messages import error, refuse
from procluster.local.registry import run
from procluster.local.results import Message
from procluster.local.types import INT

SWITCHES = ("NOCOUNT", "NOEXEC", "XACT_ABORT")
"""Options that change something here."""

ON = (
    "ANSI_DEFAULTS", "ANSI_NULLS", "ANSI_NULL_DFLT_ON", "ANSI_PADDING", "ANSI_WARNINGS",
    "ARITHABORT", "CONCAT_NULL_YIELDS_NULL", "QUOTED_IDENTIFIER",
)  # fmt: skip
OFF = ("FMTONLY", "IMPLICIT_TRANSACTIONS", "NUMERIC_ROUNDABORT", "PARSEONLY")
FIXED_OPTIONS = {
    **dict.fromkeys(ON, ("ON",)),
    **dict.fromkeys(OFF, ("OFF",)),
    "CURSOR_CLOSE_ON_COMMIT": ("OFF", "ON"),
    "DATEFIRST": ("7",),
    "DATEFORMAT": ("MDY",),
    "LANGUAGE": ("US_ENGLISH",),
    "ROWCOUNT": ("0",),
    "TEXTSIZE": ("2147483647", "-1"),
    "TRANSACTION ISOLATION LEVEL": ("READ COMMITTED", "READ UNCOMMITTED"),
}
"""Options with the values that mean what the engine does anyway; setting one does nothing."""


@run.register
def declare(statement: ast.Declare, engine: Interpreter, frame: Frame) -> None:
    """DECLARE: the names exist already, so only the values are set."""
    for declaration in statement.declarations:
        if declaration.value is not None:
            value = engine.evaluate(declaration.value, frame, declaration.type)
            frame.assign(declaration.name, value)
            engine.row_count = 1


@run.register
def set_variable(statement: ast.SetVariable, engine: Interpreter, frame: Frame) -> None:
    value = statement.value
    if statement.operator != "=":
        old = ast.Variable(statement.at, statement.name)
        value = ast.Binary(statement.at, statement.operator[0], old, value)
    kind = frame.variables[statement.name.lower()].type
    frame.assign(statement.name, engine.evaluate(value, frame, kind))
    engine.row_count = 1


@run.register
def set_option(statement: ast.SetOption, engine: Interpreter, _: Frame) -> None:
    number = statement.value if isinstance(statement.value, int) else None
    value = str(statement.value).upper()
    for option in statement.options:
        allowed = FIXED_OPTIONS.get(option, ())
        if option in SWITCHES and value in ("ON", "OFF"):
            engine.options = replace(engine.options, **{option.lower(): value == "ON"})
        elif option == "LOCK_TIMEOUT" and number is not None and number < 2**31:
            engine.options = replace(engine.options, lock_timeout=max(number, -1))
        elif value not in allowed:
            always = f"it is always {' or '.join(allowed)}"
            reason = always if allowed else "the option is left out"
            raise refuse(f"SET {option} {value}", reason, statement.at)
    engine.row_count = 0


@run.register
def if_else(statement: ast.If, engine: Interpreter, frame: Frame) -> Flow:
    chosen = engine.holds(statement.condition, frame)
    engine.row_count = engine.last_error = 0
    if chosen:
        return engine.step(statement.then, frame)
    return engine.step(statement.otherwise, frame) if statement.otherwise else None


@run.register
def while_loop(statement: ast.While, engine: Interpreter, frame: Frame) -> Flow:
    while engine.holds(statement.condition, frame):
        engine.row_count = engine.last_error = 0
        flow = engine.step(statement.body, frame)
        if flow == "break":
            break
        if flow == "return":
            return flow
    return None


@run.register
def jump(statement: ast.Jump, _: Interpreter, __: Frame) -> Flow:
    return statement.word.lower()


@run.register
def block(statement: ast.Block, engine: Interpreter, frame: Frame) -> Flow:
    return engine.run(statement.statements, frame)


@run.register
def try_catch(statement: ast.TryCatch, engine: Interpreter, frame: Frame) -> Flow:
    sinks = len(engine.sinks)
    engine.tries.append(frame)
    try:
        return engine.run(statement.attempt, frame)
    except Caught as caught:
        if caught.frame is frame:
            raise
        found = caught.error
    finally:
        engine.tries.pop()
    del engine.sinks[sinks:]
    previous, engine.caught = engine.caught, found
    try:
        return engine.run(statement.handler, frame)
    finally:
        engine.caught = previous


@run.register
def return_(statement: ast.Return, engine: Interpreter, frame: Frame) -> Flow:
    if statement.value is not None:
        if frame.module is None:
            raise error(178)
        frame.status = engine.evaluate(statement.value, frame, INT)
        if frame.status is None:
            text = (
                f"The '{frame.procedure}' procedure attempted to return a status of NULL, which is "
                "not allowed. A status of 0 will be returned instead."
            )
            engine.send(Message(0, 0, 1, text, statement.at.line, frame.procedure))
            frame.status = 0
    return "return"


@run.register
def transaction(statement: ast.Transaction, engine: Interpreter, _: Frame) -> None:
    name = statement.name
    if statement.verb == "BEGIN":
        engine.transaction.begin(name, xact_abort=engine.options.xact_abort)
    elif statement.verb == "COMMIT":
        if engine.inserting and engine.transaction.depth <= engine.inserting:
            raise error(3916)
        engine.transaction.commit()
        engine.end_transaction()
    else:
        if engine.inserting:
            raise error(3915)
        if name and engine.transaction.depth and name != engine.transaction.name:
            raise error(6401, name)
        engine.rollback()
    engine.row_count = 0
