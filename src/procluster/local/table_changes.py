"""ALTER TABLE."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.constraints import RowNames, check_new_rows
from procluster.local.messages import sql_error
from procluster.local.stored import (
    StoredTable,
    quote_sql,
    table_of,
    utc_now,
)
from procluster.local.syntax import (
    ColumnDefinition,
    ColumnRef,
    CreateTable,
)
from procluster.local.table_definitions import check_columns, check_reference, check_rules
from procluster.local.translate import literal
from procluster.local.translate.names import Table

if TYPE_CHECKING:
    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import (
        AlterTable,
    )


__all__ = ["alter_table"]


def alter_table(engine: Interpreter, statement: AlterTable, frame: Frame) -> None:
    """ALTER TABLE: add or drop columns and constraints."""
    table = frame.stored_table(statement.name)
    if table is None:
        raise sql_error(4902, ".".join(statement.name.parts))
    if not table.schema:
        raise Refusal(
            "ALTER TABLE of a temp table",
            "create it with all its columns",
            line=statement.at.line,
            column=statement.at.column,
        )
    with engine.transaction.change():
        if statement.drop_constraints:
            table = _drop_constraints(table, statement.drop_constraints)
        if statement.drop_columns:
            table = _drop_columns(engine, table, statement.drop_columns)
        if statement.add_columns or statement.add_constraints:
            table = _add_parts(engine, table, statement, frame)
        engine.catalog.put(engine.connection, replace(table, modified_at=utc_now()))
    engine.row_count = 0


def _add_parts(
    engine: Interpreter, table: StoredTable, statement: AlterTable, frame: Frame
) -> StoredTable:
    """Check everything against the rows there are, then change the table."""
    create = CreateTable(
        statement.at,
        statement.name,
        table.columns + statement.add_columns,
        (*table.keys, *table.checks, *table.foreign_keys, *statement.add_constraints),
    )
    check_columns(create)
    name, schema = table.name, table.schema
    wider = table_of(table.object_id, schema, name, table.sql, create)
    wider = replace(wider, indexes=table.indexes, created_at=table.created_at)
    added = wider.columns[len(table.columns) :]
    values = "".join(f", {_filled(engine, table, column, frame)}" for column in added)
    rows = f"(SELECT *{values} FROM {table.sql})"
    known = {constraint for constraint, _ in table.constraints()}
    columns = frame.columns_of(wider)
    kept = Table(f"(SELECT * FROM {rows} LIMIT 0)", columns)
    names = RowNames(frame, {"@new": Table(rows, columns), "@kept": kept})
    fresh = replace(
        wider,
        keys=tuple(key for key in wider.keys if key.name not in known),
        checks=tuple(check for check in wider.checks if check.name not in known),
        foreign_keys=tuple(key for key in wider.foreign_keys if key.name not in known),
        indexes=(),
    )
    check_rules(fresh, frame)
    for constraint, _ in fresh.constraints():
        if constraint not in known and engine.catalog.is_taken(schema, constraint):
            raise sql_error(2714, constraint)
    for foreign_key in fresh.foreign_keys:
        check_reference(engine, wider, foreign_key)
    check_new_rows(engine, fresh, names, "ALTER TABLE", None)
    if added:
        engine.execute(f"CREATE OR REPLACE TABLE {table.sql} AS FROM {rows}")
    return wider


def _filled(engine: Interpreter, table: StoredTable, column: ColumnDefinition, frame: Frame) -> str:
    """What a new column holds in the rows there are: NULL, or the default if it must not be."""
    row = engine.first_row(f"SELECT count(*) FROM {table.sql}")
    if row and row[0] and not column.nullable and column.default is None:
        raise sql_error(4901, column.name, table.name)
    if column.identity:
        raise Refusal(
            "ALTER TABLE ADD of an identity column",
            "create the table with it",
            line=column.at.line,
            column=column.at.column,
        )
    value = None
    if column.default is not None and not column.nullable:
        value = engine.evaluate(column.default, frame, column.type)
    text = "NULL" if value is None else literal(str(value))
    return f"CAST({text} AS {column.type.storage}) AS {quote_sql(column.name)}"


def _drop_constraints(table: StoredTable, names: tuple[str, ...]) -> StoredTable:
    for name in names:
        key = name.lower()
        if key not in (constraint.lower() for constraint, _ in table.constraints()):
            raise sql_error(3728, name)
        table = replace(
            table,
            keys=tuple(c for c in table.keys if (c.name or "").lower() != key),
            checks=tuple(c for c in table.checks if (c.name or "").lower() != key),
            foreign_keys=tuple(c for c in table.foreign_keys if (c.name or "").lower() != key),
            columns=tuple(
                replace(c, default=None, default_name=None, default_text=None)
                if (c.default_name or "").lower() == key
                else c
                for c in table.columns
            ),
        )
    return table


def _drop_columns(engine: Interpreter, table: StoredTable, names: tuple[str, ...]) -> StoredTable:
    for name in names:
        column = table.column(name)
        if column is None:
            raise sql_error(4924, name, table.name)
        if column.default is not None or _is_used(table, column.name.lower()):
            raise sql_error(4922, name)
        if len(table.columns) == 1:
            raise sql_error(4923, column.name, table.name)
        table = replace(table, columns=tuple(c for c in table.columns if c is not column))
    kept = ", ".join(quote_sql(column.name) for column in table.columns)
    engine.execute(f"CREATE OR REPLACE TABLE {table.sql} AS SELECT {kept} FROM {table.sql}")
    return table


def _is_used(table: StoredTable, column: str) -> bool:
    lists = [key.columns for key in table.keys] + [key.columns for key in table.foreign_keys]
    named = {name.lower() for names in lists for name in names}
    named |= {
        item.expression.parts[-1].lower()
        for index in table.indexes
        for item in index.columns
        if isinstance(item.expression, ColumnRef)
    }
    return column in named or any(column in check.text.lower() for check in table.checks)
