"""CREATE, ALTER, DROP, GRANT; temp tables and table variables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.catalog import (
    StoredModule,
    StoredTable,
    quote_sql,
    quote_tsql,
    same_name,
    table_of,
    utc_now,
)
from procluster.local.constraints import RowNames, UniqueKey, find_duplicate, shown
from procluster.local.messages import sql_error
from procluster.local.syntax import (
    ColumnDefinition,
    ColumnRef,
    CreateTable,
    Position,
)
from procluster.local.translate.names import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import (
        AlterTable,
        CreateIndex,
        CreateModule,
        CreateRole,
        CreateSchema,
        DeclareTable,
        Drop,
        ObjectName,
        Permission,
        RoleMember,
    )
    from procluster.local.translate.names import Compiled

__all__ = [
    "alter_table",
    "change_permission",
    "change_role_member",
    "create_from_query",
    "create_index",
    "create_module",
    "create_role",
    "create_schema",
    "create_table",
    "declare_table",
    "drop",
    "drop_local_tables",
    "restore_table_variables",
    "save_table_variables",
]

NOWHERE = Position(0, 0)


# --- tables --------------------------------------------------------------------------------------


def create_table(own: Interpreter, statement: CreateTable, frame: Frame) -> None:
    """CREATE TABLE, permanent or #temp."""
    _check_columns(statement)
    with own.transaction.change():
        if statement.name.parts[-1].startswith("#"):
            table = _new_local_table(own, statement, statement.name.parts[-1], frame)
            _keep_temporary(own, table, frame)
        else:
            _create_permanent(own, statement, frame)
    own.row_count = 0


def _create_permanent(own: Interpreter, statement: CreateTable, frame: Frame) -> None:
    schema, name = _free_name(own, statement.name, frame)
    table = table_of(own.catalog.new_id(), schema, name, quote_sql(schema, name), statement)
    for constraint, _ in table.constraints():
        if own.catalog.is_taken(schema, constraint):
            raise sql_error(2714, constraint)
    for foreign_key in table.foreign_keys:
        _check_reference(own, table, foreign_key.references, foreign_key.name or "")
    own.execute(f"CREATE TABLE {table.sql} ({_storage_columns(table.columns)})")
    own.catalog.put(own.connection, table)


def _check_columns(statement: CreateTable) -> None:
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


def _check_reference(
    own: Interpreter, table: StoredTable, reference: ObjectName, name: str
) -> None:
    if same_name(reference, table):
        return
    schema = reference.parts[-2] if len(reference.parts) > 1 else "dbo"
    if not isinstance(own.catalog.find(schema, reference.parts[-1]), StoredTable):
        raise sql_error(1767, name, ".".join(reference.parts))


def _free_name(own: Interpreter, name: ObjectName, frame: Frame) -> tuple[str, str]:
    schema = frame.schema_of(name)
    if own.catalog.is_taken(schema, name.parts[-1]):
        raise sql_error(2714, name.parts[-1])
    return schema, name.parts[-1]


def _storage_columns(columns: tuple[ColumnDefinition, ...]) -> str:
    return ", ".join(f"{quote_sql(column.name)} {column.type.storage}" for column in columns)


def _new_local_table(
    own: Interpreter, statement: CreateTable, name: str, frame: Frame
) -> StoredTable:
    if name.startswith("##"):
        raise Refusal(
            f"global temp table {name}",
            "use a # table or a table of the database",
            line=statement.at.line,
            column=statement.at.column,
        )
    if name.lower() in frame.temporary:
        raise sql_error(2714, name)
    sql = quote_sql("temp", own.temporary_name(name))
    table = table_of(-own.temporary_number, "", name, sql, statement)
    if table.foreign_keys:
        table = replace(table, foreign_keys=())  # "Skipping FOREIGN KEY constraint" on a server
    own.execute(f"CREATE TEMP TABLE {sql} ({_storage_columns(table.columns)})")
    return table


def _keep_temporary(own: Interpreter, table: StoredTable, frame: Frame) -> None:
    key = table.name.lower()
    frame.temporary[key] = table
    own.transaction.on_rollback(lambda: frame.temporary.pop(key, None) and None)


def declare_table(own: Interpreter, statement: DeclareTable, frame: Frame) -> None:
    """DECLARE @t TABLE; a loop that comes by again finds its rows still there."""
    key = statement.name.lower()
    if key in frame.tables:
        return
    at = statement.at
    name = _object_name(statement.name)
    create = CreateTable(at, name, statement.columns, statement.constraints)
    _check_columns(create)
    frame.tables[key] = _new_local_table(own, create, statement.name, frame)


def _object_name(name: str) -> ObjectName:
    from procluster.local.syntax import ObjectName

    return ObjectName(NOWHERE, (name,))


def create_from_query(
    own: Interpreter, name: ObjectName, compiled: Compiled, frame: Frame
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
    create_table(own, CreateTable(name.at, name, columns, ()), frame)
    table = frame.needed_table(name)
    try:
        with own.transaction.change():
            own.execute(f"INSERT INTO {table.sql} {compiled.sql}", compiled.parameters)
    except BaseException:
        if not own.transaction.depth:
            _drop_table(own, table, frame)
        raise
    row = own.first_row(f"SELECT count(*) FROM {table.sql}")
    return int(row[0]) if row else 0


def drop_local_tables(own: Interpreter, frame: Frame) -> None:
    """Drop what a procedure's end drops."""
    tables = list(frame.tables.values())
    if frame.own_temporary:
        tables += frame.temporary.values()
        frame.temporary.clear()
    frame.tables.clear()
    for table in tables:
        own.execute(f"DROP TABLE IF EXISTS {table.sql}")


def save_table_variables(own: Interpreter) -> list[tuple[StoredTable, pa.Table | None]]:
    """Rows of every table variable before a rollback; None where DuckDB has lost them."""
    kept: list[tuple[StoredTable, pa.Table | None]] = []
    for frame in own.frames:
        for table in frame.tables.values():
            rows = None
            if not own.transaction.lost:
                rows = own.execute(f"SELECT * FROM {table.sql}").to_arrow_table()
            kept.append((table, rows))
    return kept


def restore_table_variables(
    own: Interpreter, kept: list[tuple[StoredTable, pa.Table | None]]
) -> None:
    """Put the rows back after a rollback; a table whose rows are lost is not used again."""
    for table, rows in kept:
        if rows is not None:
            own.materialize(table.sql, rows)
            continue
        for frame in own.frames:
            if frame.tables.get(table.name.lower()) is table and table.sql in own.changed_variables:
                frame.lost.add(table.name.lower())
        storage = _storage_columns(table.columns)
        own.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table.sql} ({storage})")


# --- ALTER and DROP ------------------------------------------------------------------------------


def alter_table(own: Interpreter, statement: AlterTable, frame: Frame) -> None:
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
    with own.transaction.change():
        if statement.drop_constraints:
            table = _drop_constraints(table, statement.drop_constraints)
        if statement.drop_columns:
            table = _drop_columns(own, table, statement.drop_columns)
        if statement.add_columns or statement.add_constraints:
            table = _add_parts(own, table, statement, frame)
        own.catalog.put(own.connection, replace(table, modified_at=utc_now()))
    own.row_count = 0


def _add_parts(
    own: Interpreter, table: StoredTable, statement: AlterTable, frame: Frame
) -> StoredTable:
    """Check everything against the rows there are, then change the table."""
    create = CreateTable(
        statement.at,
        statement.name,
        table.columns + statement.add_columns,
        (*table.keys, *table.checks, *table.foreign_keys, *statement.add_constraints),
    )
    _check_columns(create)
    name, schema = table.name, table.schema
    wider = table_of(table.object_id, schema, name, table.sql, create)
    wider = replace(wider, indexes=table.indexes, created_at=table.created_at)
    for column in wider.columns[len(table.columns) :]:
        _add_column(own, table, column, frame)
    known = {constraint for constraint, _ in table.constraints()}
    stage = Table(table.sql, frame.columns_of(wider))
    names = RowNames(frame, {"@new": stage, "@kept": Table(f"(FROM {table.sql} LIMIT 0)",
                                                           stage.columns)})
    fresh = replace(
        wider,
        keys=tuple(key for key in wider.keys if key.name not in known),
        checks=tuple(check for check in wider.checks if check.name not in known),
        foreign_keys=tuple(key for key in wider.foreign_keys if key.name not in known),
        indexes=(),
    )
    from procluster.local.constraints import check_new_rows

    for constraint, _ in fresh.constraints():
        if constraint not in known and own.catalog.is_taken(schema, constraint):
            raise sql_error(2714, constraint)
    for foreign_key in fresh.foreign_keys:
        _check_reference(own, table, foreign_key.references, foreign_key.name or "")
    check_new_rows(own, fresh, names, "ALTER TABLE", None)
    return wider


def _add_column(
    own: Interpreter, table: StoredTable, column: ColumnDefinition, frame: Frame
) -> None:
    row = own.first_row(f"SELECT count(*) FROM {table.sql}")
    if row and row[0] and not column.nullable and column.default is None:
        raise sql_error(4901, column.name, table.name)
    if column.identity:
        raise Refusal("ALTER TABLE ADD of an identity column", "create the table with it",
                      line=column.at.line, column=column.at.column)
    own.execute(f"ALTER TABLE {table.sql} ADD COLUMN {_storage_columns((column,))}")
    if column.default is not None and not column.nullable:
        value = own.evaluate(column.default, frame, column.type)
        own.execute(f"UPDATE {table.sql} SET {quote_sql(column.name)} = $v", {"v": value})


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


def _drop_columns(own: Interpreter, table: StoredTable, names: tuple[str, ...]) -> StoredTable:
    for name in names:
        column = table.column(name)
        if column is None:
            raise sql_error(4924, name, table.name)
        if column.default is not None or _is_used(table, column.name.lower()):
            raise sql_error(4922, name)
        own.execute(f"ALTER TABLE {table.sql} DROP COLUMN {quote_sql(column.name)}")
        table = replace(table, columns=tuple(c for c in table.columns if c is not column))
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


def create_index(own: Interpreter, statement: CreateIndex, frame: Frame) -> None:
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
        found = find_duplicate(own, names, key, beside_kept=False)
        if found:
            error = sql_error(1505, table.full_name, statement.name)
            error.message += f" The duplicate key value is ({shown(found)})."
            raise error
    with own.transaction.change():
        if table.schema:
            own.catalog.put_index(own.connection, table, statement)
        else:
            wider = replace(table, indexes=(*table.indexes, statement))
            frame.replace_local(table, wider)
            own.transaction.on_rollback(lambda: frame.replace_local(wider, table))
    own.row_count = 0


def create_module(own: Interpreter, statement: CreateModule, frame: Frame) -> None:
    """CREATE [OR ALTER] and ALTER of a procedure, view or function."""
    schema, name = frame.schema_of(statement.name), statement.name.parts[-1]
    existing = own.catalog.find(schema, name)
    same_kind = isinstance(existing, StoredModule) and existing.kind == statement.kind
    if statement.mode == "ALTER" and not same_kind:
        raise sql_error(208, ".".join(statement.name.parts))
    if existing and (statement.mode == "CREATE" or not same_kind):
        raise sql_error(2714, name)
    if existing is None and own.catalog.is_taken(schema, name):
        raise sql_error(2714, name)
    with own.transaction.change():
        module = StoredModule(
            existing.object_id if existing else own.catalog.new_id(),
            schema,
            existing.name if existing else name,
            statement.kind,
            statement.text,
        )
        if existing:
            module = replace(module, created_at=existing.created_at)
        own.catalog.put(own.connection, module)
    own.row_count = 0


def drop(own: Interpreter, statement: Drop, frame: Frame) -> None:
    """DROP TABLE, VIEW, PROCEDURE, FUNCTION, SCHEMA, ROLE and INDEX."""
    with own.transaction.change():
        for name in statement.names:
            if not _drop_one(own, statement, name, frame) and not statement.if_exists:
                shown_name = ".".join(name.parts)
                if statement.kind in ("SCHEMA", "ROLE"):
                    raise sql_error(15151, "drop", statement.kind.lower(), shown_name)
                raise sql_error(3701, "drop", statement.kind.lower(), shown_name)
    own.row_count = 0


def _drop_one(own: Interpreter, statement: Drop, name: ObjectName, frame: Frame) -> bool:
    """Drop what the name means; False when there is nothing of that kind."""
    if statement.kind == "TABLE":
        table = frame.stored_table(name)
        if table and not table.name.startswith("@"):
            _drop_table(own, table, frame)
        return table is not None
    if statement.kind == "SCHEMA":
        return _drop_schema(own, name.parts[-1])
    if statement.kind == "ROLE":
        role = own.catalog.role(name.parts[-1])
        if role:
            own.catalog.remove_text(own.connection, "ROLE", role)
        return role is not None
    if statement.kind == "INDEX":
        return _drop_index(own, statement, name, frame)
    module = frame.stored_module(name, statement.kind)
    if module:
        own.catalog.remove(own.connection, module)
    return module is not None


def _drop_table(own: Interpreter, table: StoredTable, frame: Frame) -> None:
    if not table.schema:
        frame.forget_local(table)
        own.transaction.on_rollback(lambda: frame.keep_local(table))
        own.execute(f"DROP TABLE {table.sql}")
        return
    if any(child is not table for child, _ in own.catalog.referencing(table)):
        raise sql_error(3726, table.full_name)
    own.execute(f"DROP TABLE {table.sql}")
    own.catalog.remove(own.connection, table)


def _drop_schema(own: Interpreter, name: str) -> bool:
    schema = own.catalog.schema(name)
    if schema is None:
        return False
    for item in own.catalog.objects.values():
        if item.schema.lower() == schema.lower():
            raise sql_error(3729, schema, item.name)
    own.execute(f"DROP SCHEMA {quote_sql(schema)}")
    own.catalog.remove_text(own.connection, "SCHEMA", schema)
    return True


def _drop_index(own: Interpreter, statement: Drop, name: ObjectName, frame: Frame) -> bool:
    table = frame.needed_table(statement.on) if statement.on else None
    index = name.parts[-1].lower()
    if table is None or all(found.name.lower() != index for found in table.indexes):
        return False
    if table.schema:
        own.catalog.remove_text(own.connection, "INDEX", index, table.schema)
    else:
        rest = tuple(found for found in table.indexes if found.name.lower() != index)
        frame.replace_local(table, replace(table, indexes=rest))
    return True


# --- schemas, roles, permissions -----------------------------------------------------------------


def create_schema(own: Interpreter, statement: CreateSchema, _: Frame) -> None:
    """CREATE SCHEMA."""
    if own.catalog.schema(statement.name):
        raise sql_error(2714, statement.name)
    with own.transaction.change():
        own.execute(f"CREATE SCHEMA {quote_sql(statement.name)}")
        text = f"CREATE SCHEMA {quote_tsql(statement.name)}"
        own.catalog.put_text(own.connection, "SCHEMA", statement.name, text)
    own.row_count = 0


def create_role(own: Interpreter, statement: CreateRole, _: Frame) -> None:
    """CREATE ROLE."""
    if own.catalog.role(statement.name) or statement.name.lower() in ("public", "dbo", "guest"):
        raise sql_error(15023, statement.name)
    with own.transaction.change():
        text = f"CREATE ROLE {quote_tsql(statement.name)}"
        own.catalog.put_text(own.connection, "ROLE", statement.name, text)
    own.row_count = 0


def change_permission(own: Interpreter, statement: Permission, frame: Frame) -> None:
    """GRANT, DENY, REVOKE: recorded, not enforced, for there is one principal, dbo."""
    on = _securable(own, statement, frame)
    for principal in statement.principals:
        if own.catalog.role(principal) is None and principal.lower() not in ("public", "guest"):
            raise sql_error(15151, "find", "user", principal)
    with own.transaction.change():
        for permission in statement.permissions:
            for principal in statement.principals:
                rest = f"{permission}{on} TO {quote_tsql(principal)}"
                for action in ("GRANT", "DENY"):
                    own.catalog.remove_text(own.connection, "PERMISSION", f"{action} {rest}")
                if statement.action != "REVOKE":
                    text = f"{statement.action} {rest}"
                    own.catalog.put_text(own.connection, "PERMISSION", text, text)
    own.row_count = 0


def _securable(own: Interpreter, statement: Permission, frame: Frame) -> str:
    if statement.on is None or statement.on_kind == "DATABASE":
        return ""
    name = ".".join(statement.on.parts)
    if statement.on_kind == "SCHEMA":
        schema = own.catalog.schema(statement.on.parts[-1])
        if schema is None:
            raise sql_error(15151, "find", "schema", name)
        return f" ON SCHEMA::{quote_tsql(schema)}"
    found = frame.stored_object(statement.on)
    if found is None:
        raise sql_error(15151, "find", "object", statement.on.parts[-1])
    return f" ON OBJECT::{quote_tsql(found.schema, found.name)}"


def change_role_member(own: Interpreter, statement: RoleMember, _: Frame) -> None:
    """ALTER ROLE ... ADD | DROP MEMBER."""
    role = own.catalog.role(statement.role)
    if role is None:
        raise sql_error(15151, "alter", "role", statement.role)
    member = own.catalog.role(statement.member)
    if member is None and statement.member.lower() != "dbo":
        raise sql_error(15151, "add", "principal", statement.member)
    key = f"{role}/{statement.member}"
    with own.transaction.change():
        own.catalog.remove_text(own.connection, "MEMBER", key)
        if statement.action == "ADD":
            text = f"ALTER ROLE {quote_tsql(role)} ADD MEMBER {quote_tsql(statement.member)}"
            own.catalog.put_text(own.connection, "MEMBER", key, text)
    own.row_count = 0
