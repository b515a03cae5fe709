"""Temp tables and table variables: made, kept through a rollback, and gone with their procedure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.messages import sql_error
from procluster.local.stored import (
    StoredTable,
    quote_sql,
    storage_columns,
    table_of,
)
from procluster.local.syntax import (
    CreateTable,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter


__all__ = [
    "drop_local_tables",
    "keep_temporary",
    "new_local_table",
    "restore_table_variables",
    "save_table_variables",
]


def new_local_table(
    engine: Interpreter, statement: CreateTable, name: str, frame: Frame
) -> StoredTable:
    """Make the DuckDB table of a #temp table or a table variable."""
    if name.startswith("##"):
        raise Refusal(
            f"global temp table {name}",
            "use a # table or a table of the database",
            line=statement.at.line,
            column=statement.at.column,
        )
    if name.lower() in frame.temporary:
        raise sql_error(2714, name)
    sql = quote_sql("temp", engine.temporary_name(name))
    table = table_of(-engine.temporary_number, "", name, sql, statement)
    if table.foreign_keys:
        table = replace(table, foreign_keys=())  # "Skipping FOREIGN KEY constraint" on a server
    engine.execute(f"CREATE TEMP TABLE {sql} ({storage_columns(table.columns)})")
    return table


def keep_temporary(engine: Interpreter, table: StoredTable, frame: Frame) -> None:
    """Make a temp table known to its level, until a rollback."""
    key = table.name.lower()
    frame.temporary[key] = table
    engine.transaction.on_rollback(lambda: frame.temporary.pop(key, None))


def drop_local_tables(engine: Interpreter, frame: Frame) -> None:
    """Drop what a procedure's end drops."""
    tables = list(frame.tables.values())
    if frame.own_temporary:
        tables += frame.temporary.values()
        frame.temporary.clear()
    frame.tables.clear()
    for table in tables:
        engine.execute(f"DROP TABLE IF EXISTS {table.sql}")


def save_table_variables(engine: Interpreter) -> list[tuple[StoredTable, pa.Table | None]]:
    """Rows of every table variable before a rollback; None where DuckDB has lost them."""
    kept: list[tuple[StoredTable, pa.Table | None]] = []
    for frame in engine.frames:
        for table in frame.tables.values():
            rows = None
            if not engine.transaction.lost:
                rows = engine.execute(f"SELECT * FROM {table.sql}").to_arrow_table()
            kept.append((table, rows))
    return kept


def restore_table_variables(
    engine: Interpreter, kept: list[tuple[StoredTable, pa.Table | None]]
) -> None:
    """Put the rows back after a rollback; a table whose rows are lost is not used again."""
    for table, rows in kept:
        if rows is not None:
            engine.materialize(table.sql, rows)
            continue
        for frame in engine.frames:
            if (
                frame.tables.get(table.name.lower()) is table
                and table.sql in engine.changed_variables
            ):
                frame.lost.add(table.name.lower())
        storage = storage_columns(table.columns)
        engine.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table.sql} ({storage})")
