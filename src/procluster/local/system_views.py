"""Catalog views: what sys.* and INFORMATION_SCHEMA.TABLES show, made when it is asked for.

Names and types of the columns are those of "System catalog views (Transact-SQL)"; columns that
the embedded engine has nothing to say about are left out.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.catalog import PRINCIPALS
from procluster.local.engine import Engine
from procluster.local.frame import Frame
from procluster.local.registry import system_view
from procluster.local.session_functions import DATABASE_ID
from procluster.local.stored import StoredTable, object_type
from procluster.local.types import KINDS, SqlType
from procluster.local.words import COLLATION

Rows = Iterator[tuple[Any, ...]]
DBO = PRINCIPALS["dbo"]
TYPE_WORDS = {
    "U": "USER_TABLE",
    "V": "VIEW",
    "P": "SQL_STORED_PROCEDURE",
    "IF": "SQL_INLINE_TABLE_VALUED_FUNCTION",
    "PK": "PRIMARY_KEY_CONSTRAINT",
    "UQ": "UNIQUE_CONSTRAINT",
    "C": "CHECK_CONSTRAINT",
    "F": "FOREIGN_KEY_CONSTRAINT",
    "D": "DEFAULT_CONSTRAINT",
}
OBJECT_COLUMNS = (
    "name sysname, object_id int, principal_id int, schema_id int, parent_object_id int, "
    "type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, "
    "is_ms_shipped bit, is_published bit, is_schema_published bit"
)
TYPED = (
    "system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, "
    "scale tinyint"
)
PERMISSION_CODES = {
    "ALTER": "AL", "CONNECT": "CO", "CONTROL": "CL", "DELETE": "DL", "EXECUTE": "EX",
    "EXECUTE ANY EXTERNAL SCRIPT": "EAES", "INSERT": "IN", "REFERENCES": "RF", "SELECT": "SL",
    "UPDATE": "UP", "VIEW DEFINITION": "VW",
}  # fmt: skip
PERMISSION_CLASSES = {
    "DATABASE": (0, "DATABASE"),
    "OBJECT": (1, "OBJECT_OR_COLUMN"),
    "SCHEMA": (3, "SCHEMA"),
}


def typed(kind: SqlType) -> tuple[int, ...]:
    number = kind.kind.system_type_id
    return number, number, kind.max_length, *kind.precision


def named_objects(engine: Engine, *types: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The rows of objects and constraints of these types, each with what it is a row of."""
    catalog = engine.catalog
    for owner in catalog.objects.values():
        schema_id = catalog.schemas[catalog.schema(owner.schema) or "dbo"]
        found: list[tuple[str, int, int, Any]] = [(owner.name, owner.object_id, 0, owner)]
        if isinstance(owner, StoredTable):
            # A constraint has no number of its own here: one behind those of objects.
            first = 1_000_000_001 + owner.object_id % 10_000_000 * 64
            parts = enumerate(owner.named_parts.items(), first)
            found += [(name, number, owner.object_id, part) for number, (name, part) in parts]
        for name, number, parent, item in found:
            code = object_type(item)
            if code in types:
                where = (name, number, None, schema_id, parent, code, TYPE_WORDS[code])
                yield (*where, owner.created_at, owner.modified_at, False, False, False), item


for view, codes in {
    "sys.objects": tuple(TYPE_WORDS),
    "sys.tables": ("U",),
    "sys.views": ("V",),
    "sys.procedures": ("P",),
    "sys.key_constraints": ("PK", "UQ"),
}.items():
    system_view(view, OBJECT_COLUMNS)(
        lambda engine, codes=codes: (row for row, _ in named_objects(engine, *codes))
    )


@system_view("sys.databases", "name sysname, database_id int, compatibility_level tinyint, "
             "collation_name sysname, state tinyint, state_desc nvarchar(60), is_read_only bit, "
             "is_read_committed_snapshot_on bit")  # fmt: skip
def databases(engine: Engine) -> Rows:
    yield engine.database_name, DATABASE_ID, 160, COLLATION, 0, "ONLINE", False, True


@system_view("sys.schemas", "name sysname, schema_id int, principal_id int")
def schemas(engine: Engine) -> Rows:
    for name, number in engine.catalog.schemas.items():
        yield name, number, DBO


@system_view("sys.columns", f"object_id int, name sysname, column_id int, {TYPED}, collation_name "
             "sysname, is_nullable bit, is_identity bit, is_computed bit")  # fmt: skip
def columns(engine: Engine) -> Rows:
    catalog = engine.catalog
    identities = {
        (table.object_id, column.name)
        for table in catalog.tables()
        for column in table.columns
        if column.identity
    }
    shown = {table.object_id: table.shown for table in catalog.tables()}
    for module in catalog.modules():
        with suppress(SqlError):  # what it reads has been dropped or changed since
            shown[module.object_id] = Frame(engine).module_columns(catalog.tree(module), module)
    for number, found in shown.items():
        for place, column in enumerate(found, 1):
            collation = COLLATION if column.type.family == "text" else None
            flags = column.nullable, (number, column.name) in identities, False
            yield number, column.name, place, *typed(column.type), collation, *flags


@system_view("sys.types", "name sysname, system_type_id tinyint, user_type_id int, schema_id int, "
             "is_nullable bit, is_user_defined bit")  # fmt: skip
def types(_: Engine) -> Rows:
    for kind in KINDS.values():
        yield kind.name, kind.system_type_id, kind.system_type_id, 4, True, False


@system_view("sys.sql_modules", "object_id int, definition nvarchar(max), uses_ansi_nulls bit, "
             "uses_quoted_identifier bit")  # fmt: skip
def modules(engine: Engine) -> Rows:
    for module in engine.catalog.modules():
        yield module.object_id, module.text, True, True


@system_view("sys.parameters", f"object_id int, name sysname, parameter_id int, {TYPED}, "
             "is_output bit, has_default_value bit")  # fmt: skip
def parameters(engine: Engine) -> Rows:
    for module in engine.catalog.modules():
        for number, parameter in enumerate(engine.catalog.tree(module).parameters, 1):
            flags = parameter.output, parameter.value is not None
            yield module.object_id, parameter.name, number, *typed(parameter.type), *flags


def numbered_indexes(
    table: StoredTable,
) -> Iterator[tuple[int, ast.KeyConstraint | ast.CreateIndex]]:
    """The keys and indexes of a table with their index_id; the primary key is 1."""
    number = 1
    for key in table.keys:
        primary = key.kind == "PRIMARY KEY"
        number += not primary
        yield 1 if primary else number, key
    yield from enumerate(table.indexes, number + 1)


@system_view("sys.indexes", "object_id int, name sysname, index_id int, type tinyint, "
             "type_desc nvarchar(60), is_unique bit, is_primary_key bit, is_unique_constraint bit, "
             "has_filter bit, filter_definition nvarchar(max)")  # fmt: skip
def indexes(engine: Engine) -> Rows:
    for table in engine.catalog.tables():
        if all(key.kind == "UNIQUE" for key in table.keys):
            yield table.object_id, None, 0, 0, "HEAP", False, False, False, False, None
        for number, found in numbered_indexes(table):
            kind = (1, "CLUSTERED") if number == 1 else (2, "NONCLUSTERED")
            flags: tuple[object, ...] = (True, number == 1, number > 1, False, None)
            if isinstance(found, ast.CreateIndex):
                flags = (found.unique, False, False, found.where is not None, found.where_text)
            yield table.object_id, found.name, number, *kind, *flags


@system_view("sys.index_columns", "object_id int, index_id int, index_column_id int, "
             "column_id int, key_ordinal tinyint, is_descending_key bit, "
             "is_included_column bit")  # fmt: skip
def index_columns(engine: Engine) -> Rows:
    for table in engine.catalog.tables():
        numbers = {column.name.lower(): place for place, column in enumerate(table.columns, 1)}
        for index_id, found in numbered_indexes(table):
            included = found.include if isinstance(found, ast.CreateIndex) else ()
            descending = found.descending if isinstance(found, ast.CreateIndex) else ()
            for place, name in enumerate((*found.columns, *included), 1):
                is_key = place <= len(found.columns)
                where = place, numbers[name.lower()], place if is_key else 0
                yield table.object_id, index_id, *where, name in descending, not is_key


@system_view("sys.check_constraints", f"{OBJECT_COLUMNS}, definition nvarchar(max)")
def check_constraints(engine: Engine) -> Rows:
    for row, check in named_objects(engine, "C"):
        yield *row, check.condition_text


@system_view("sys.default_constraints", f"{OBJECT_COLUMNS}, parent_column_id int, "
             "definition nvarchar(max)")  # fmt: skip
def default_constraints(engine: Engine) -> Rows:
    places = {id(c): n for t in engine.catalog.tables() for n, c in enumerate(t.columns, 1)}
    for row, column in named_objects(engine, "D"):
        yield *row, places[id(column)], f"({column.default_text})"


@system_view("sys.foreign_keys", f"{OBJECT_COLUMNS}, referenced_object_id int")
def foreign_keys(engine: Engine) -> Rows:
    for row, key in named_objects(engine, "F"):
        yield *row, getattr(engine.catalog.find(*key.references.parts), "object_id", None)


@system_view("sys.database_principals", "name sysname, principal_id int, type char(1), "
             "type_desc nvarchar(60), default_schema_name sysname, is_fixed_role bit")  # fmt: skip
def principals(engine: Engine) -> Rows:
    for name, number in engine.catalog.principals.items():
        if name in ("dbo", "guest"):
            yield name, number, "S", "SQL_USER", "dbo", False
        else:
            yield name, number, "R", "DATABASE_ROLE", None, name == "public"


@system_view("sys.database_permissions", "class tinyint, class_desc nvarchar(60), major_id int, "
             "minor_id int, grantee_principal_id int, grantor_principal_id int, type char(4), "
             "permission_name nvarchar(128), state char(1), state_desc nvarchar(60)")  # fmt: skip
def permissions(engine: Engine) -> Rows:
    catalog = engine.catalog
    for held in catalog.permissions.values():
        kind = held.on_kind if held.on else "DATABASE"
        major = 0
        if held.on and kind == "SCHEMA":
            major = catalog.schemas[catalog.schema(held.on.parts[-1]) or "dbo"]
        elif held.on:
            major = getattr(catalog.find(*held.on.parts), "object_id", 0)
        (permission,), (principal,) = held.permissions, held.principals
        grantee = catalog.principals[catalog.principal(principal) or "public"]
        code = PERMISSION_CODES.get(permission, permission[:4])
        state = held.action[0], held.action
        yield *PERMISSION_CLASSES[kind], major, 0, grantee, DBO, code, permission, *state


@system_view("sys.database_role_members", "role_principal_id int, member_principal_id int")
def members(engine: Engine) -> Rows:
    catalog = engine.catalog
    for member in catalog.members.values():
        pair = catalog.principal(member.role), catalog.principal(member.member)
        yield tuple(catalog.principals[name or "dbo"] for name in pair)


@system_view("sys.configurations", "configuration_id int, name nvarchar(35), value int, "
             "minimum int, maximum int, value_in_use int, description nvarchar(255), "
             "is_dynamic bit, is_advanced bit")  # fmt: skip
def configurations(_: Engine) -> Rows:
    text = "Allows execution of external scripts"
    yield 1586, "external scripts enabled", 1, 0, 1, 1, text, True, False


@system_view("information_schema.tables", "TABLE_CATALOG nvarchar(128), "
             "TABLE_SCHEMA nvarchar(128), TABLE_NAME sysname, TABLE_TYPE varchar(10)")  # fmt: skip
def tables_of_schema(engine: Engine) -> Rows:
    for row, item in named_objects(engine, "U", "V"):
        yield engine.database_name, item.schema, row[0], "BASE TABLE" if row[5] == "U" else "VIEW"
