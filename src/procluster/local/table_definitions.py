"""CREATE TABLE, DECLARE @t TABLE, SELECT INTO, CREATE INDEX, and DROP of tables and indexes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.local.constraints import (
    RowNames,
    UniqueKey,
    find_duplicate,
    referenced_columns,
    row_query,
    shown,
    unique_keys,
)
from procluster.local.local_tables import keep_temporary, new_local_table
from procluster.local.messages import sql_error
from procluster.local.stored import (
    StoredTable,
    quote_sql,
    same_name,
    storage_columns,
    table_of,
)
from procluster.local.syntax import (
    ColumnDefinition,
    ColumnRef,
    CreateTable,
    ObjectName,
    Position,
)
from procluster.local.translate import compile_expression, compile_query
from procluster.local.translate.names import Table

if TYPE_CHECKING:
    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import (
        CreateIndex,
        DeclareTable,
        Drop,
        ForeignKey,
    )
    from procluster.local.translate.names import Compiled


NOWHERE = Position(0, 0)
__all__ = [
    "check_columns",
    "check_reference",
    "check_rules",
    "create_from_query",
    "create_index",
    "create_table",
    "declare_table",
    "drop_index",
    "drop_table",
]


def create_table(engine: Interpreter, statement: CreateTable, frame: Frame) -> None:
    """CREATE TABLE, permanent or #temp."""
    check_columns(statement)
    with engine.transaction.change():
        if statement.name.parts[-1].startswith("#"):
            table = new_local_table(engine, statement, statement.name.parts[-1], frame)
            keep_temporary(engine, table, frame)
        else:
            _create_permanent(engine, statement, frame)
    engine.row_count = 0


def _create_permanent(engine: Interpreter, statement: CreateTable, frame: Frame) -> None:
    schema, name = _free_name(engine, statement.name, frame)
    table = table_of(engine.catalog.new_id(), schema, name, quote_sql(schema, name), statement)
    for constraint, _ in table.constraints():
        if engine.catalog.is_taken(schema, constraint):
            raise sql_error(2714, constraint)
    for foreign_key in table.foreign_keys:
        check_reference(engine, table, foreign_key)
    check_rules(table, frame)
    engine.execute(f"CREATE TABLE {table.sql} ({storage_columns(table.columns)})")
    engine.catalog.put(engine.connection, table)


def check_columns(statement: CreateTable) -> None:
    """Check names and keys: 2705, 1911, 8110, 8111."""
    seen: set[str] = set()
    table = statement.name.parts[-1]
    for column in statement.columns:
        if column.name.lower() in seen:
            raise sql_error(2705, column.name, table)
        seen.add(column.name.lower())
    primary = 0
    for constraint in statement.constraints:
        if getattr(constraint, "kind", "") == "PRIMARY KEY":
            primary += 1
        for name in getattr(constraint, "columns", ()):
            if name.lower() not in seen:
                raise sql_error(1911, name)
            column = next(c for c in statement.columns if c.name.lower() == name.lower())
            if getattr(constraint, "kind", "") == "PRIMARY KEY" and column.nullable:
                raise sql_error(8111, table)
    if primary > 1:
        raise sql_error(8110, table)


def check_reference(engine: Interpreter, table: StoredTable, foreign_key: ForeignKey) -> None:
    """Raise 1767 where a foreign key points to no table, 1776 where to no key."""
    reference, name = foreign_key.references, ".".join(foreign_key.references.parts)
    schema = reference.parts[-2] if len(reference.parts) > 1 else "dbo"
    parent = engine.catalog.find(schema, reference.parts[-1])
    if same_name(reference, table):
        parent = table
    if not isinstance(parent, StoredTable):
        raise sql_error(1767, foreign_key.name, name)
    wanted = {column.lower() for column in referenced_columns(parent, foreign_key)}
    keys = ({column.lower() for column in key.columns} for key in unique_keys(parent))
    if len(wanted) != len(foreign_key.columns) or wanted not in keys:
        raise sql_error(1776, name, foreign_key.name)


def check_rules(table: StoredTable, frame: Frame) -> None:
    """Compile the CHECK conditions and defaults, so that a wrong name is found at once."""
    names = RowNames(frame, {"@new": Table(table.sql, frame.columns_of(table))})
    for check in table.checks:
        compile_query(row_query(f"SELECT 1 AS x FROM @new WHERE {check.text}"), names)
    for column in table.columns:
        if column.default is not None:
            compile_expression(column.default, frame)


def _free_name(engine: Interpreter, name: ObjectName, frame: Frame) -> tuple[str, str]:
    schema = frame.schema_of(name)
    if engine.catalog.is_taken(schema, name.parts[-1]):
        raise sql_error(2714, name.parts[-1])
    return schema, name.parts[-1]


def create_index(engine: Interpreter, statement: CreateIndex, frame: Frame) -> None:
    """CREATE INDEX: recorded, and enforced when unique."""
    table = frame.needed_table(statement.table)
    columns: list[str] = []
    for item in statement.columns:
        name = item.expression.parts[-1] if isinstance(item.expression, ColumnRef) else ""
        if table.column(name) is None:
            raise sql_error(1911, name)
        columns.append(name)
    if any(index.name.lower() == statement.name.lower() for index in table.indexes):
        raise sql_error(1913, statement.name, table.full_name)
    if statement.unique:
        key = UniqueKey(statement.name, "INDEX", tuple(columns), statement.where_text)
        rows = Table(table.sql, frame.columns_of(table))
        names = RowNames(frame, {"@new": rows})
        found = find_duplicate(engine, names, key, beside_kept=False)
        if found:
            error = sql_error(1505, table.full_name, statement.name)
            error.message += f" The duplicate key value is ({shown(found)})."
            raise error
    with engine.transaction.change():
        if table.schema:
            engine.catalog.put_index(engine.connection, table, statement)
        else:
            wider = replace(table, indexes=(*table.indexes, statement))
            frame.replace_local(table, wider)
            engine.transaction.on_rollback(lambda: frame.replace_local(wider, table))
    engine.row_count = 0


def drop_table(engine: Interpreter, table: StoredTable, frame: Frame) -> None:
    """Drop a table; 3726 where a foreign key needs it."""
    if not table.schema:
        frame.forget_local(table)
        engine.transaction.on_rollback(lambda: frame.keep_local(table))
        engine.execute(f"DROP TABLE {table.sql}")
        return
    if any(child is not table for child, _ in engine.catalog.referencing(table)):
        raise sql_error(3726, table.full_name)
    engine.execute(f"DROP TABLE {table.sql}")
    engine.catalog.remove(engine.connection, table)


def drop_index(engine: Interpreter, statement: Drop, name: ObjectName, frame: Frame) -> bool:
    """Drop an index; False when there is none of that name."""
    table = frame.needed_table(statement.on) if statement.on else None
    index = name.parts[-1].lower()
    if table is None or all(found.name.lower() != index for found in table.indexes):
        return False
    if table.schema:
        engine.catalog.remove_index(engine.connection, table, index)
    else:
        rest = tuple(found for found in table.indexes if found.name.lower() != index)
        frame.replace_local(table, replace(table, indexes=rest))
    return True


def declare_table(engine: Interpreter, statement: DeclareTable, frame: Frame) -> None:
    """DECLARE @t TABLE; a loop that comes by again finds its rows still there."""
    key = statement.name.lower()
    if key in frame.tables:
        return
    at = statement.at
    name = ObjectName(at, (statement.name,))
    create = CreateTable(at, name, statement.columns, statement.constraints)
    check_columns(create)
    frame.tables[key] = new_local_table(engine, create, statement.name, frame)


def create_from_query(
    engine: Interpreter, name: ObjectName, compiled: Compiled, frame: Frame
) -> int:
    """SELECT ... INTO: a table with the columns of a query."""
    for column in compiled.columns:
        if not column.name:
            text = "An object or column name is missing or empty. For SELECT INTO statements, "
            text += "verify each column has a name."
            error = sql_error(50000, text)
            error.number = 1038
            raise error
    columns = tuple(
        ColumnDefinition(NOWHERE, column.name, column.type, column.nullable)
        for column in compiled.columns
    )
    with engine.transaction.change():
        create_table(engine, CreateTable(name.at, name, columns, ()), frame)
        table = frame.needed_table(name)
        engine.execute(f"INSERT INTO {table.sql} {compiled.sql}", compiled.parameters)
    row = engine.first_row(f"SELECT count(*) FROM {table.sql}")
    return int(row[0]) if row else 0
