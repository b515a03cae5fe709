"""SELECT, UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.constraints import (
    STAGE,
    check_gone_rows,
    check_new_rows,
    check_nulls,
    unique_keys,
)
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.quoting import quote_sql
from procluster.local.registry import run
from procluster.local.results import ResultSet
from procluster.local.stored import StoredTable
from procluster.local.table_definitions import create_from_query
from procluster.local.translate import Change, Table, compile_change, compile_query


@run.register
def select(statement: ast.QueryStatement, engine: Interpreter, frame: Frame) -> None:
    """SELECT: rows, ``SELECT @v = e`` or SELECT ... INTO."""
    into, body = _without_into(statement.query.body)
    compiled = compile_query(replace(statement.query, body=body), frame)
    if into is not None:
        engine.send_count(create_from_query(engine, into, compiled, frame))
        return
    table = engine.fetch(compiled)
    if isinstance(body, ast.Select) and any(item.variable for item in body.items):
        if table.num_rows:
            last = table.slice(table.num_rows - 1).to_pylist()[0]
            for column, value in zip(compiled.columns, last.values(), strict=True):
                frame.assign(column.name, value)
        engine.row_count = table.num_rows
        return
    engine.send(ResultSet(compiled.columns, table))
    engine.send_count(table.num_rows)


def _without_into(
    body: ast.Select | ast.SetOperation,
) -> tuple[ast.ObjectName | None, ast.Select | ast.SetOperation]:
    """INTO of the first SELECT, and the query without it."""
    if isinstance(body, ast.Select):
        return body.into, replace(body, into=None) if body.into else body
    into, left = _without_into(body.left)
    return into, replace(body, left=left) if into else body


@run.register
def update(statement: ast.Update, engine: Interpreter, frame: Frame) -> None:
    change = compile_change(statement, frame)
    with staged(engine, frame, change) as target:
        columns = tuple(column for name in change.targets if (column := target.column(name)))
        for column in columns:
            if column.identity:
                raise error(8102, column.name)
        places = tuple(f"c{place}" for place in range(1, len(columns) + 1))
        count = check_nulls(frame, target, columns, "UPDATE", places)
        named = {column.name: place for column, place in zip(columns, places, strict=True)}
        changed = {name.lower() for name in named}
        seeing = frame.with_rows(_rows_of_update(target, named))
        check_new_rows(seeing, target, "UPDATE", changed)
        if any(changed & {c.lower() for c in key.columns} for key in unique_keys(target)):
            check_gone_rows(seeing, target, "UPDATE")
        sets = ", ".join(f"{quote_sql(name)} = s.{place}" for name, place in named.items())
        engine.execute(
            f"UPDATE {target.sql} AS t SET {sets} FROM {STAGE} AS s WHERE t.rowid = s.c0"
        )
    engine.send_count(count)


def _rows_of_update(target: StoredTable, places: dict[str, str]) -> dict[str, Table]:
    new = ", ".join(
        f"s.{places[column.name]} AS {quote_sql(column.name)}"
        if column.name in places
        else f"t.{quote_sql(column.name)}"
        for column in target.columns
    )
    joined = f"{target.sql} AS t JOIN {STAGE} AS s ON t.rowid = s.c0"
    return {
        "@new": Table(f"(SELECT {new} FROM {joined})", target.shown),
        "@old": Table(f"(SELECT t.* FROM {joined})", target.shown),
        "@kept": _others(target),
    }


def _others(target: StoredTable) -> Table:
    """The rows that are not staged."""
    sql = f"(SELECT * FROM {target.sql} WHERE rowid NOT IN (SELECT c0 FROM {STAGE}))"
    return Table(sql, target.shown)


@run.register
def delete(statement: ast.Delete, engine: Interpreter, frame: Frame) -> None:
    change = compile_change(statement, frame)
    with staged(engine, frame, change) as target:
        count = engine.count(STAGE)
        where = f"FROM {target.sql} WHERE rowid IN (SELECT c0 FROM {STAGE})"
        rows = {"@old": Table(f"(SELECT * {where})", target.shown), "@kept": _others(target)}
        check_gone_rows(frame.with_rows(rows), target, "DELETE")
        engine.execute(f"DELETE {where}")
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
        engine.execute(f"DELETE FROM {target.sql}")
        if target.identity:
            keep_last_number(engine, target, None)
    engine.row_count = 0


@contextmanager
def staged(engine: Interpreter, frame: Frame, change: Change) -> Iterator[StoredTable]:
    """Have the rows of a change in the stage meanwhile; the table they are of."""
    candidates = [*engine.catalog.tables(), *frame.local_tables()]
    target = next(table for table in candidates if table.sql == change.table.sql)
    with engine.transaction.change():
        sql = f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {change.rows.sql}"
        engine.execute(sql, change.rows.parameters)
        yield target
        engine.execute(f"DROP TABLE {STAGE}")


# --- the numbers of IDENTITY columns; as on a server, a rollback does not give them back


def next_number(engine: Interpreter, table: StoredTable) -> int:
    """Return the number of the next row; 0 for a table without an identity column."""
    if table.identity is None or table.identity.identity is None:
        return 0
    seed, step = table.identity.identity
    last = _numbers(engine, table).get(table.object_id)
    return seed if last is None else last + step


def keep_last_number(engine: Interpreter, table: StoredTable, last: int | None) -> None:
    """Remember the last number used, in the file too; None starts again at the seed."""
    numbers, row = _numbers(engine, table), {"id": table.object_id, "last": last}
    if last is None:
        numbers.pop(table.object_id, None)
    else:
        numbers[table.object_id] = last
    if table.schema:
        engine.execute("DELETE FROM _engine.identity WHERE object_id = $id", row)
        if last is not None:
            engine.execute("INSERT INTO _engine.identity VALUES ($id, $last)", row)


def _numbers(engine: Interpreter, table: StoredTable) -> dict[int, int]:
    return engine.catalog.identities if table.schema else engine.temporary_identities
