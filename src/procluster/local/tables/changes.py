"""SELECT, UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from typing import Any

from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.quoting import quote_sql
from procluster.local.registry import run
from procluster.local.results import ResultSet
from procluster.local.stored import StoredTable
from procluster.local.tables.constraints import (
    check_gone_rows,
    check_new_rows,
    has_rules,
)
from procluster.local.tables.definitions import create_from_query
from procluster.local.tables.new_row import NewRow
from procluster.local.tables.numbering import restart_numbers
from procluster.local.tables.stage import STAGE, check_nulls, stage, write_staged
from procluster.local.translate import Change, Table, compile_change, compile_query

STAGED = f"IN (SELECT c0 FROM {STAGE})"


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
        is_free = change.statement and not has_rules(engine, target, changed)
        rows = None if is_free else few_rows(engine, change)
        if is_free:
            count = _write_at_once(engine, change)
        elif rows is None:
            count = _update_staged(engine, frame, target, change)
        else:
            count = len(rows)
            for rowid, *values in rows:
                _update_row(engine, frame, target, change, rowid, values)
    engine.send_count(count)


def _update_row(  # noqa: PLR0913, PLR0917
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    change: Change,
    rowid: int,
    values: list[object],
) -> None:
    """Write the one new row."""
    named = dict(zip(_valued(target, change), values, strict=True))
    new = NewRow(target, tuple(named[column.name] for column in target.columns))
    new.check_nulls(frame, "UPDATE")
    rows = _old_and_kept(target, f"= {rowid}")
    _check_update(new.seen_by(frame, rows), target, change)
    sets = ", ".join(
        f"{quote_sql(column.name)} = {new.sql(place)}"
        for place, column in enumerate(target.columns)
        if column.name in change.targets
    )
    engine.write(f"UPDATE {target.sql} SET {sets} WHERE rowid = {rowid}", new.parameters)


def _update_staged(engine: Interpreter, frame: Frame, target: StoredTable, change: Change) -> int:
    stage(engine, change)
    places = {name: f"c{place}" for place, name in enumerate(_valued(target, change), 1)}
    columns = tuple(column for column in target.columns if column.name in change.targets)
    assigned = tuple(places[column.name] for column in columns)
    count = check_nulls(frame, target, columns, "UPDATE", assigned)
    if not count:
        return 0
    new = ", ".join(f"{place} AS {quote_sql(name)}" for name, place in places.items())
    sql = f"(SELECT {new} FROM {STAGE})"
    rows = {"@new": Table(sql, target.shown)} | _old_and_kept(target, STAGED)
    _check_update(frame.with_rows(rows), target, change)
    sets = ", ".join(f"{quote_sql(name)} = s.{places[name]}" for name in change.targets)
    where = "WHERE t.rowid = s.c0"
    write_staged(engine, f"UPDATE {target.sql} AS t SET {sets} FROM {STAGE} AS s {where}")
    return count


def _valued(target: StoredTable, change: Change) -> tuple[str, ...]:
    """The columns in the order of their values: those assigned, then those that stay."""
    stay = (column.name for column in target.columns if column.name not in change.targets)
    return (*change.targets, *stay)


def _check_update(seeing: Frame, target: StoredTable, change: Change) -> None:
    changed = {name.lower() for name in change.targets}
    check_new_rows(seeing, target, "UPDATE", changed)
    check_gone_rows(seeing, target, "UPDATE", changed)


def _old_and_kept(target: StoredTable, chosen: str) -> dict[str, Table]:
    """The rows of a table whose rowid a test chooses, and the others."""
    old, kept = (
        f"(SELECT * FROM {target.sql} WHERE {word} rowid {chosen})" for word in ("", "NOT")
    )
    return {"@old": Table(old, target.shown), "@kept": Table(kept, target.shown)}


def _write_at_once(engine: Interpreter, change: Change) -> int:
    """Make a change that breaks no rule, whatever its rows are; how many they were."""
    parameters = change.rows.parameters
    (count,) = engine.write(change.statement, parameters).fetchone() or (0,)
    return int(count)


@run.register
def delete(statement: ast.Delete, engine: Interpreter, frame: Frame) -> None:
    change = engine.plans.compile(compile_change, statement, frame)
    target = _target(engine, frame, change)
    with engine.transaction.change():
        is_free = change.statement and not engine.catalog.referencing(target)
        rows = None if is_free else few_rows(engine, change)
        if is_free:
            count = _write_at_once(engine, change)
        elif rows is None:
            stage(engine, change)
            count = engine.count(STAGE)
            if count:
                write_staged(engine, _checked_delete(frame, target, STAGED))
        else:
            count = len(rows)
            for rowid, *_ in rows:
                engine.write(_checked_delete(frame, target, f"= {rowid}"))
    engine.send_count(count)


def _checked_delete(frame: Frame, target: StoredTable, chosen: str) -> str:
    """What deletes the chosen rows, to which no row points."""
    check_gone_rows(frame.with_rows(_old_and_kept(target, chosen)), target, "DELETE")
    return f"DELETE FROM {target.sql} WHERE rowid {chosen}"


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


def few_rows(engine: Interpreter, change: Change) -> list[tuple[Any, ...]] | None:
    """The rows of a change where there is at most one, which is quicker without a stage.

    None where there are more, or where looking for them first might take as long as the change.
    """
    if not change.is_plain:
        return None
    rows = engine.all_rows(f"{change.rows.sql} LIMIT 2", change.rows.parameters)
    return rows if len(rows) < 2 else None
