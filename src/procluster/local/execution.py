"""EXEC: a body run in a frame of its own, outputs handed back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.arguments import BoundArgument, bind, call_of
from procluster.local.frame import Frame
from procluster.local.interpreter import Aborted, Interpreter
from procluster.local.messages import error, refuse
from procluster.local.parser import parse_batch
from procluster.local.registry import SYSTEM_PROCEDURES, run
from procluster.local.results import Column, ResultSet
from procluster.local.stored import StoredModule
from procluster.local.translate import convert_sql
from procluster.local.types import INT, TEXT

MAX_LEVEL = 32
SIGNATURE_ERRORS = (201, 8143, 8144, 8145, 8146, 8114, 8162)
"""Errors in a call that a server reports at line 0 of the procedure called."""


@run.register
def execute(statement: ast.Execute, engine: Interpreter, frame: Frame) -> None:
    """EXEC of a procedure, the user's or the system's."""
    with returning(engine, statement):
        last = statement.procedure.parts[-1].lower()
        schema = statement.procedure.parts[-2].lower() if len(statement.procedure.parts) > 1 else ""
        is_system = schema in ("", "sys", "dbo") and last.startswith(("sp_", "xp_"))
        if is_system and last in SYSTEM_PROCEDURES:
            status = SYSTEM_PROCEDURES[last].run(call_of(last, engine, statement, frame))
        elif is_system and schema != "dbo":
            reason = f"allowed: {', '.join(sorted(SYSTEM_PROCEDURES))}"
            raise refuse(f"procedure {last}", reason, statement.procedure.at)
        else:
            status = execute_module(engine, statement, frame)
    engine.send_status(status, frame.level)
    if statement.status:
        frame.assign(statement.status, status, INT)


def execute_module(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """Run a procedure of the user's; return its status."""
    module = frame.stored_module(statement.procedure, "PROCEDURE")
    if module is None:
        raise error(2812, statement.procedure)
    tree = engine.catalog.tree(module)
    try:
        bound = bind(engine, module.name, tree.parameters, statement.arguments, frame)
    except SqlError as found:
        if found.number in SIGNATURE_ERRORS:
            found.procedure, found.located = module.full_name, True
        raise
    assert isinstance(tree.body, ast.Body)  # noqa: S101
    return run_in(engine, frame, module, bound, tree.body).status


@run.register
def execute_text(statement: ast.ExecuteText, engine: Interpreter, frame: Frame) -> None:
    text = engine.evaluate(statement.text, frame, TEXT)
    run_dynamic(engine, "" if text is None else str(text), (), frame)


def run_dynamic(
    engine: Interpreter, text: str, bound: Sequence[BoundArgument], frame: Frame
) -> None:
    """Run a text in a frame of its own; its errors have no procedure."""
    try:
        statements = parse_batch(text)
    except SqlError as found:
        found.located = True
        raise
    run_in(engine, frame, None, bound, statements)


def run_in(
    engine: Interpreter,
    frame: Frame,
    module: StoredModule | None,
    bound: Sequence[BoundArgument],
    statements: ast.Body,
) -> Frame:
    """Run statements in a frame of their own; OUTPUT values go to the caller's variables."""
    inner = Frame(engine, frame, module)
    if inner.level > MAX_LEVEL:
        raise error(217)
    for argument in bound:
        inner.declare(argument.parameter, argument.value)
    depth, options = engine.transaction.depth, engine.options
    try:
        engine.run_text(statements, inner)
    except Aborted as aborted:
        if aborted.frame is not inner:
            raise
    else:
        if module and engine.transaction.depth != depth:
            raise error(266, depth, engine.transaction.depth)
    finally:
        engine.options = options
    for argument in bound:
        if argument.variable:
            found = inner.variables[argument.parameter.name.lower()]
            frame.assign(argument.variable, found.value, found.type)
    return inner


# --- WITH RESULT SETS


@contextmanager
def returning(engine: Interpreter, statement: ast.Execute) -> Iterator[None]:
    """Around a call: hold its result sets to the clause.

    Errors: 11535 too many of them, 11536 too few, 11537 a wrong number of columns, 11553 NULL in a
    column that allows none.
    """
    wanted = statement.result_sets
    if wanted is None:
        yield
        return
    sent = 0

    def take(found: ResultSet) -> None:
        nonlocal sent
        sent += 1
        if sent > len(wanted):
            raise error(11535, len(wanted))
        shaped = _shape(engine, found, wanted[sent - 1], sent)
        outer, engine.sinks = engine.sinks, engine.sinks[:-1]
        try:
            engine.send(shaped)
        finally:
            engine.sinks = outer

    with engine.taking(take):
        yield
    if sent < len(wanted):
        raise error(11536, len(wanted), sent)


def _shape(
    engine: Interpreter, found: ResultSet, wanted: tuple[ast.ColumnDefinition, ...], number: int
) -> ResultSet:
    if len(found.columns) != len(wanted):
        raise error(11537, len(wanted), number, len(found.columns))
    parts = []
    for place, (column, target) in enumerate(zip(found.columns, wanted, strict=True)):
        label = f"result set {number}, column '{target.name}'"
        sql = convert_sql(f"c{place}", column.type, target.type, column=label)
        parts.append(f"{sql} AS c{place}")
    with engine.rows(found.table) as rows:
        table = engine.arrow(f"SELECT {', '.join(parts)} FROM {rows}")
    for place, target in enumerate(wanted):
        if not target.nullable and table.column(place).null_count:
            raise error(11553, place + 1, number)
    columns = tuple(Column(target.name, target.type, bool(target.nullable)) for target in wanted)
    return ResultSet(columns, table)
