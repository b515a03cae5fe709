"""Catalog views: what sys.* and INFORMATION_SCHEMA.* show, made when it is asked for.

Names and types of the columns are those of "System catalog views (Transact-SQL)"; columns that
the embedded engine has nothing to say about are left out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from procluster.local import system_rows
from procluster.local.parser import parse_batch
from procluster.local.results import Column
from procluster.local.stored import quote_sql
from procluster.local.syntax import CreateTable
from procluster.local.translate.names import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from procluster.local.interpreter import Interpreter

__all__ = ["SYSTEM_VIEWS", "SystemView", "system_view"]

ARROW = {
    "int": pa.int32(),
    "bit": pa.bool_(),
    "tinyint": pa.uint8(),
    "smallint": pa.int16(),
    "datetime": pa.timestamp("us"),
}
"""Arrow types of the columns; the others are text."""


class SystemView(NamedTuple):
    """A catalog view: its columns as in CREATE TABLE, and how its rows are made."""

    columns: str
    rows: Callable[[Interpreter], Iterable[tuple[Any, ...]]]


OBJECT_COLUMNS = (
    "name sysname, object_id int, principal_id int, schema_id int, parent_object_id int, "
    "type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, "
    "is_ms_shipped bit, is_published bit, is_schema_published bit"
)
SYSTEM_VIEWS: dict[str, SystemView] = {
    "sys.objects": SystemView(OBJECT_COLUMNS, system_rows.objects),
    "sys.tables": SystemView(OBJECT_COLUMNS, lambda engine: system_rows.objects(engine, "U")),
    "sys.views": SystemView(OBJECT_COLUMNS, lambda engine: system_rows.objects(engine, "V")),
    "sys.procedures": SystemView(OBJECT_COLUMNS, lambda engine: system_rows.objects(engine, "P")),
    "sys.schemas": SystemView("name sysname, schema_id int, principal_id int", system_rows.schemas),
    "sys.columns": SystemView(
        "object_id int, name sysname, column_id int, system_type_id tinyint, user_type_id int, "
        "max_length smallint, precision tinyint, scale tinyint, collation_name sysname, "
        "is_nullable bit, is_identity bit, is_computed bit",
        system_rows.columns,
    ),
    "sys.types": SystemView(
        "name sysname, system_type_id tinyint, user_type_id int, schema_id int, "
        "is_nullable bit, is_user_defined bit",
        system_rows.types,
    ),
    "sys.sql_modules": SystemView(
        "object_id int, definition nvarchar(max), uses_ansi_nulls bit, uses_quoted_identifier bit",
        system_rows.modules,
    ),
    "sys.parameters": SystemView(
        "object_id int, name sysname, parameter_id int, system_type_id tinyint, "
        "user_type_id int, max_length smallint, precision tinyint, scale tinyint, "
        "is_output bit, has_default_value bit",
        system_rows.parameters,
    ),
    "sys.indexes": SystemView(
        "object_id int, name sysname, index_id int, type tinyint, type_desc nvarchar(60), "
        "is_unique bit, is_primary_key bit, is_unique_constraint bit, has_filter bit, "
        "filter_definition nvarchar(max)",
        system_rows.indexes,
    ),
    "sys.index_columns": SystemView(
        "object_id int, index_id int, index_column_id int, column_id int, key_ordinal tinyint, "
        "is_descending_key bit, is_included_column bit",
        system_rows.index_columns,
    ),
    "sys.check_constraints": SystemView(
        "name sysname, parent_object_id int, definition nvarchar(max)",
        system_rows.check_constraints,
    ),
    "sys.default_constraints": SystemView(
        "name sysname, parent_object_id int, parent_column_id int, definition nvarchar(max)",
        system_rows.default_constraints,
    ),
    "sys.foreign_keys": SystemView(
        "name sysname, parent_object_id int, referenced_object_id int", system_rows.foreign_keys
    ),
    "sys.database_principals": SystemView(
        "name sysname, principal_id int, type char(1), type_desc nvarchar(60), "
        "default_schema_name sysname, is_fixed_role bit",
        system_rows.principals,
    ),
    "sys.database_permissions": SystemView(
        "class tinyint, class_desc nvarchar(60), major_id int, minor_id int, "
        "grantee_principal_id int, grantor_principal_id int, type char(4), "
        "permission_name nvarchar(128), state char(1), state_desc nvarchar(60)",
        system_rows.permissions,
    ),
    "sys.database_role_members": SystemView(
        "role_principal_id int, member_principal_id int", system_rows.members
    ),
    "sys.databases": SystemView(
        "name sysname, database_id int, compatibility_level tinyint, collation_name sysname",
        system_rows.databases,
    ),
    "sys.configurations": SystemView(
        "configuration_id int, name nvarchar(35), value int, minimum int, maximum int, "
        "value_in_use int, description nvarchar(255), is_dynamic bit, is_advanced bit",
        system_rows.configurations,
    ),
    "information_schema.tables": SystemView(
        "TABLE_CATALOG nvarchar(128), TABLE_SCHEMA nvarchar(128), TABLE_NAME sysname, "
        "TABLE_TYPE varchar(10)",
        system_rows.tables_of_schema,
    ),
    "information_schema.columns": SystemView(
        "TABLE_CATALOG nvarchar(128), TABLE_SCHEMA nvarchar(128), TABLE_NAME sysname, "
        "COLUMN_NAME sysname, ORDINAL_POSITION int, COLUMN_DEFAULT nvarchar(4000), "
        "IS_NULLABLE varchar(3), DATA_TYPE nvarchar(128), CHARACTER_MAXIMUM_LENGTH int, "
        "CHARACTER_OCTET_LENGTH int, NUMERIC_PRECISION tinyint, NUMERIC_SCALE int",
        system_rows.columns_of_schema,
    ),
    "information_schema.routines": SystemView(
        "ROUTINE_CATALOG nvarchar(128), ROUTINE_SCHEMA nvarchar(128), ROUTINE_NAME sysname, "
        "ROUTINE_TYPE nvarchar(20), ROUTINE_DEFINITION nvarchar(4000), CREATED datetime, "
        "LAST_ALTERED datetime",
        system_rows.routines,
    ),
}
"""Every catalog view that can be read, by lower-case name."""


def system_view(interpreter: Interpreter, schema: str, name: str) -> Table | None:
    """Return a catalog view as a DuckDB table, None without a view of that name."""
    key = f"{schema}.{name}".lower()
    view = SYSTEM_VIEWS.get(key)
    if view is None:
        return None
    columns, sql = _columns(view.columns), quote_sql("temp", key)
    if interpreter.shown_views.get(key) != interpreter.catalog.version:
        rows = list(view.rows(interpreter))
        table = pa.table(
            {
                column.name: pa.array(
                    [row[place] for row in rows], ARROW.get(column.type.name, pa.string())
                )
                for place, column in enumerate(columns)
            }
        )
        interpreter.materialize(sql, table)
        interpreter.shown_views[key] = interpreter.catalog.version
        interpreter.transaction.on_rollback(lambda: interpreter.shown_views.pop(key, None))
    return Table(sql, columns)


@cache
def _columns(text: str) -> tuple[Column, ...]:
    (statement,) = parse_batch(f"CREATE TABLE v ({text})")
    assert isinstance(statement, CreateTable)  # noqa: S101
    return tuple(Column(column.name, column.type) for column in statement.columns)
