"""SELECT, UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.local import identity
from procluster.local.constraints import RowNames, check_gone_rows, check_new_rows, unique_keys
from procluster.local.messages import sql_error
from procluster.local.results import ResultSet
from procluster.local.staging import STAGE, check_nulls, staged
from procluster.local.stored import StoredTable, quote_sql
from procluster.local.syntax import (
    Delete,
    QueryStatement,
    Select,
    SetOperation,
    Truncate,
    Update,
)
from procluster.local.table_definitions import create_from_query
from procluster.local.translate import (
    compile_delete,
    compile_query,
    compile_update,
)
from procluster.local.translate.names import Table
from procluster.local.variables import assign

if TYPE_CHECKING:
    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ObjectName
    from procluster.local.translate.names import Change


__all__ = ["delete", "select", "truncate", "update"]


def select(engine: Interpreter, statement: QueryStatement, frame: Frame) -> None:
    """SELECT: rows, ``SELECT @v = e`` or SELECT ... INTO."""
    into, body = _without_into(statement.query.body)
    compiled = compile_query(replace(statement.query, body=body), frame)
    if into is not None:
        engine.send_count(create_from_query(engine, into, compiled, frame))
        return
    table = engine.fetch(compiled)
    if isinstance(body, Select) and any(item.variable for item in body.items):
        if table.num_rows:
            last = table.slice(table.num_rows - 1).to_pylist()[0]
            for column, value in zip(compiled.columns, last.values(), strict=True):
                assign(frame, column.name, value)
        engine.row_count = table.num_rows
        return
    engine.send(ResultSet(compiled.columns, table))
    engine.send_count(table.num_rows)


def _without_into(
    body: Select | SetOperation,
) -> tuple[ObjectName | None, Select | SetOperation]:
    """INTO of the first SELECT, and the query without it."""
    if isinstance(body, Select):
        return body.into, replace(body, into=None) if body.into else body
    into, left = _without_into(body.left)
    return into, replace(body, left=left) if into else body


def update(engine: Interpreter, statement: Update, frame: Frame) -> None:
    """UPDATE."""
    change = compile_update(statement, frame)
    target = _target(engine, frame, change)
    places = {name: f"c{place}" for place, name in enumerate(change.targets, 1) if name[0] != "@"}
    columns = tuple(column for name in places if (column := target.column(name)))
    for column in columns:
        if column.identity:
            raise sql_error(8102, column.name)
    with engine.transaction.change():
        with staged(engine, change.rows.sql, change.rows.parameters):
            count = check_nulls(engine, target, columns, "UPDATE", tuple(places.values()))
            changed = {column.name.lower() for column in columns}
            _check_update(
                engine,
                frame,
                target,
                {c.name: places[n] for n, c in zip(places, columns, strict=True)},
                changed,
            )
            if places:
                sets = ", ".join(
                    f"{quote_sql(column.name)} = s.{place}"
                    for column, place in zip(columns, places.values(), strict=True)
                )
                engine.execute(
                    f"UPDATE {target.sql} AS t SET {sets} FROM {STAGE} AS s WHERE t.rowid = s.c0"
                )
            _assign_variables(engine, frame, change)
        engine.note_change(target)
    engine.send_count(count)


def _check_update(
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    places: dict[str, str],
    changed: set[str],
) -> None:
    columns = frame.columns_of(target)
    new = ", ".join(
        f"s.{places[column.name]} AS {quote_sql(column.name)}"
        if column.name in places
        else f"t.{quote_sql(column.name)}"
        for column in columns
    )
    joined = f"{target.sql} AS t JOIN {STAGE} AS s ON t.rowid = s.c0"
    names = RowNames(
        frame,
        {
            "@new": Table(f"(SELECT {new} FROM {joined})", columns),
            "@kept": Table(_others(target), columns),
            "@old": Table(f"(SELECT t.* FROM {joined})", columns),
        },
    )
    check_new_rows(engine, target, names, "UPDATE", changed)
    if any(changed & {c.lower() for c in key.columns} for key in unique_keys(target)):
        check_gone_rows(engine, target, names, "UPDATE")


def _others(target: StoredTable) -> str:
    """SQL of the rows that are not staged."""
    return f"(SELECT * FROM {target.sql} WHERE rowid NOT IN (SELECT c0 FROM {STAGE}))"


def _assign_variables(engine: Interpreter, frame: Frame, change: Change) -> None:
    names = [(n, f"c{p}") for p, n in enumerate(change.targets, 1) if n.startswith("@")]
    if not names:
        return
    places = ", ".join(place for _, place in names)
    row = engine.first_row(f"SELECT {places} FROM {STAGE} ORDER BY c0 DESC LIMIT 1")
    for (name, _), value in zip(names, row or (), strict=False):
        assign(frame, name, value)


def delete(engine: Interpreter, statement: Delete, frame: Frame) -> None:
    """DELETE."""
    change = compile_delete(statement, frame)
    target = _target(engine, frame, change)
    with engine.transaction.change():
        with staged(engine, change.rows.sql, change.rows.parameters):
            row = engine.first_row(f"SELECT count(*) FROM {STAGE}")
            columns = frame.columns_of(target)
            gone = f"(SELECT * FROM {target.sql} WHERE rowid IN (SELECT c0 FROM {STAGE}))"
            names = RowNames(
                frame,
                {
                    "@old": Table(gone, columns),
                    "@kept": Table(_others(target), columns),
                },
            )
            check_gone_rows(engine, target, names, "DELETE")
            engine.execute(f"DELETE FROM {target.sql} WHERE rowid IN (SELECT c0 FROM {STAGE})")
        engine.note_change(target)
    engine.send_count(int(row[0]) if row else 0)


def truncate(engine: Interpreter, statement: Truncate, frame: Frame) -> None:
    """TRUNCATE TABLE, which starts the identity again."""
    name = ".".join(statement.target.parts)
    target = frame.stored_table(statement.target)
    if target is None:
        raise sql_error(4701, name)
    if any(child is not target for child, _ in engine.catalog.referencing(target)):
        raise sql_error(4712, name)
    with engine.transaction.change():
        engine.execute(f"DELETE FROM {target.sql}")
        if target.identity and target.identity.identity:
            identity.restart(engine, target)
        engine.note_change(target)
    engine.row_count = 0


def _target(engine: Interpreter, frame: Frame, change: Change) -> StoredTable:
    """The stored table that a compiled change is about."""
    candidates = [*engine.catalog.tables(), *frame.local_tables()]
    return next(table for table in candidates if table.sql == change.table.sql)
