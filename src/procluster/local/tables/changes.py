"""SELECT, UPDATE, DELETE and TRUNCATE."""

from procluster.local import syntax as ast
from procluster.local.change_log import Verb
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.registry import run
from procluster.local.results import ResultSet
from procluster.local.stored import StoredTable
from procluster.local.tables.constraints import Rules, has_rules
from procluster.local.tables.definitions import create_from_query
from procluster.local.tables.kept_rows import change_at_once
from procluster.local.tables.new_rows import changed_rows, restart_numbers
from procluster.local.translate import Change, Table, compile_change, compile_query


@run.register
def select(query: ast.Query, engine: Interpreter, frame: Frame) -> None:
    """SELECT: rows, ``SELECT @v = e`` or SELECT ... INTO."""
    compiled = engine.plans.compile(compile_query, query, frame)
    first = query.body
    while isinstance(first, ast.SetOperation):
        first = first.left
    if first.into is not None:
        engine.send_count(create_from_query(engine, first.into, compiled, frame))
        return
    table = engine.fetch(compiled)
    if first is query.body and any(item.variable for item in first.items):
        if table.num_rows:
            last = table.slice(table.num_rows - 1).to_pylist()[0]
            for column, value in zip(compiled.columns, last.values(), strict=True):
                frame.assign(column.name, value)
        engine.row_count = table.num_rows
        return
    engine.send(ResultSet(compiled.columns, table))
    engine.send_count(table.num_rows)


@run.register
def update(statement: ast.Update, engine: Interpreter, frame: Frame) -> None:
    change = engine.plans.compile(compile_change, statement, frame)
    target = _target(engine, frame, change)
    for column in target.columns:
        if column.identity and column.name in change.targets:
            raise error(8102, column.name)
    changed = {name.lower() for name in change.targets}
    with engine.transaction.change():
        if change.statement and not has_rules(engine, target, changed):
            count = change_at_once(engine, target, change)
        elif new := changed_rows(engine, target, change):
            count = new.count
            new.check_nulls(frame, "UPDATE", change.targets)
            seeing = new.seen_by(frame, _old_and_kept(target, new.chosen))
            rules = Rules(seeing, target, "UPDATE", changed)
            rules.check_new_rows()
            rules.check_gone_rows()
            new.write(engine, Verb.UPDATE, change.targets)
        else:
            count = 0
    engine.send_count(count)


def _old_and_kept(target: StoredTable, chosen: str) -> dict[str, Table]:
    """The rows of a table whose rowid a test chooses, and the others."""
    old, kept = (
        f"(SELECT * FROM {target.sql} WHERE {word} rowid {chosen})" for word in ("", "NOT")
    )
    return {"@old": Table(old, target.shown), "@kept": Table(kept, target.shown)}


@run.register
def delete(statement: ast.Delete, engine: Interpreter, frame: Frame) -> None:
    change = engine.plans.compile(compile_change, statement, frame)
    target = _target(engine, frame, change)
    with engine.transaction.change():
        if change.statement and not engine.catalog.referencing(target):
            count = change_at_once(engine, target, change)
        elif gone := changed_rows(engine, target, change):
            count = gone.count
            seeing = frame.with_rows(_old_and_kept(target, gone.chosen), {}, gone.parameters)
            Rules(seeing, target, "DELETE").check_gone_rows()
            gone.write(engine, Verb.DELETE)
        else:
            count = 0
    engine.send_count(count)


@run.register
def truncate(statement: ast.Truncate, engine: Interpreter, frame: Frame) -> None:
    """TRUNCATE TABLE, which starts the identity again."""
    target = frame.stored_table(statement.target)
    if target is None:
        raise error(4701, statement.target)
    if any(child is not target for child, _ in engine.catalog.referencing(target)):
        raise error(4712, statement.target)
    with engine.transaction.change():
        engine.write(f"DELETE FROM {target.sql}")
        restart_numbers(engine, target)
    engine.row_count = 0


def _target(engine: Interpreter, frame: Frame, change: Change) -> StoredTable:
    candidates = [*engine.catalog.tables(), *frame.local_tables()]
    return next(table for table in candidates if table.sql == change.table.sql)
