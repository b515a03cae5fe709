"""Rows of the catalog views, made from the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from procluster.local.stored import object_type
from procluster.local.syntax import KeyConstraint
from procluster.local.types import KINDS, MAX, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from procluster.local.interpreter import Interpreter
    from procluster.local.stored import StoredTable
    from procluster.local.syntax import CreateIndex

    Rows = Iterable[tuple[Any, ...]]

__all__: list[str] = []

DBO = 1


TYPE_WORDS = {
    "U": "USER_TABLE",
    "V": "VIEW",
    "P": "SQL_STORED_PROCEDURE",
    "IF": "SQL_INLINE_TABLE_VALUED_FUNCTION",
}


BYTES = {
    "bit": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8, "real": 4, "float": 8,
    "money": 8, "date": 3, "smalldatetime": 4, "datetime": 8, "uniqueidentifier": 16,
}  # fmt: skip


DIGITS = {
    "bit": 1, "tinyint": 3, "smallint": 5, "int": 10, "bigint": 19, "real": 24, "float": 53,
    "money": 19, "date": 10, "smalldatetime": 16, "datetime": 23,
}  # fmt: skip


CONFIGURATIONS = {
    "external scripts enabled": (1586, 0, 1, 1, "Allows execution of external scripts"),
    "nested triggers": (115, 0, 1, 1, "Allow triggers to be invoked within triggers"),
    "show advanced options": (518, 0, 1, 0, "show advanced options"),
}
"""Options of sp_configure: id, minimum, maximum, value, description."""


PERMISSION_CODES = {
    "ALTER": "AL",
    "CONNECT": "CO",
    "CONTROL": "CL",
    "DELETE": "DL",
    "EXECUTE": "EX",
    "EXECUTE ANY EXTERNAL SCRIPT": "EAES",
    "INSERT": "IN",
    "REFERENCES": "RF",
    "SELECT": "SL",
    "UPDATE": "UP",
    "VIEW DEFINITION": "VW",
}


PERMISSION_CLASSES = {
    "DATABASE": (0, "DATABASE"),
    "OBJECT": (1, "OBJECT_OR_COLUMN"),
    "SCHEMA": (3, "SCHEMA"),
}


def max_length(kind: SqlType) -> int:
    """Return sys.columns.max_length: bytes, -1 for (max)."""
    if kind.kind.sizes == "length":
        return kind.size * 2 if kind.name.startswith("n") and kind.size != MAX else kind.size
    if kind.name == "decimal":
        return next(
            size for limit, size in ((9, 5), (19, 9), (28, 13), (38, 17)) if kind.size <= limit
        )
    if kind.name == "datetime2":
        return 6 + (kind.scale > 2) + (kind.scale > 4)
    return BYTES[kind.name]


def precision_and_scale(kind: SqlType) -> tuple[int, int]:
    """Return sys.columns.precision and scale."""
    if kind.name == "decimal":
        return kind.size, kind.scale
    if kind.name == "datetime2":
        return 19 + (kind.scale + 1 if kind.scale else 0), kind.scale
    scale = {"money": 4, "datetime": 3}.get(kind.name, 0)
    return DIGITS.get(kind.name, 0), scale


def objects(interpreter: Interpreter, *types: str) -> Rows:
    catalog = interpreter.catalog
    for item in sorted(catalog.objects.values(), key=lambda found: found.object_id):
        code = object_type(item)
        if types and code not in types:
            continue
        schema_id = catalog.schemas[catalog.schema(item.schema) or item.schema]
        yield (
            item.name, item.object_id, None, schema_id, 0, code, TYPE_WORDS[code],
            item.created_at, item.modified_at, False, False, False,
        )  # fmt: skip


def schemas(interpreter: Interpreter) -> Rows:
    for name, number in interpreter.catalog.schemas.items():
        yield name, number, DBO


def columns(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        for number, column in enumerate(table.columns, 1):
            kind = column.type
            yield (
                table.object_id, column.name, number, kind.kind.system_type_id,
                kind.kind.system_type_id, max_length(kind), *precision_and_scale(kind),
                interpreter.collation if kind.family == "text" else None, column.nullable,
                column.identity is not None, False,
            )  # fmt: skip


def types(_: Interpreter) -> Rows:
    for kind in KINDS.values():
        yield kind.name, kind.system_type_id, kind.system_type_id, 4, True, False


def modules(interpreter: Interpreter) -> Rows:
    for module in interpreter.catalog.modules():
        yield module.object_id, module.text, True, True


def parameters(interpreter: Interpreter) -> Rows:
    catalog = interpreter.catalog
    for module in catalog.modules():
        for number, parameter in enumerate(catalog.tree(module).parameters, 1):
            kind = parameter.type
            yield (
                module.object_id, parameter.name, number, kind.kind.system_type_id,
                kind.kind.system_type_id, max_length(kind), *precision_and_scale(kind),
                parameter.output, parameter.default is not None,
            )  # fmt: skip


def principals(interpreter: Interpreter) -> Rows:
    for name, number, code, words in (
        ("public", 0, "R", "DATABASE_ROLE"),
        ("dbo", 1, "S", "SQL_USER"),
        ("guest", 2, "S", "SQL_USER"),
    ):
        yield name, number, code, words, "dbo" if code == "S" else None, code == "R"
    for name, number in interpreter.catalog.roles.items():
        yield name, number, "R", "DATABASE_ROLE", None, False


def permissions(interpreter: Interpreter) -> Rows:
    catalog = interpreter.catalog
    for held in catalog.permissions.values():
        number, words = PERMISSION_CLASSES[held.on_kind]
        major = 0
        if held.on_kind == "SCHEMA" and held.on:
            major = catalog.schemas[catalog.schema(held.on.parts[-1]) or ""]
        elif held.on:
            found = catalog.find(
                held.on.parts[-2] if len(held.on.parts) > 1 else "dbo", held.on.parts[-1]
            )
            major = found.object_id if found else 0
        for permission in held.permissions:
            for principal in held.principals:
                grantee = catalog.roles.get(catalog.role(principal) or "", 0)
                code = PERMISSION_CODES.get(permission, permission[:4])
                state = "G" if held.action == "GRANT" else "D"
                yield number, words, major, 0, grantee, DBO, code, permission, state, held.action


def members(interpreter: Interpreter) -> Rows:
    roles = interpreter.catalog.roles
    for member in interpreter.catalog.members.values():
        role = interpreter.catalog.role(member.role)
        inner = interpreter.catalog.role(member.member)
        if role:
            yield roles[role], roles[inner] if inner else DBO


def databases(interpreter: Interpreter) -> Rows:
    yield interpreter.database_name, 5, 160, interpreter.collation


def configurations(_: Interpreter) -> Rows:
    for name, (number, low, high, value, description) in CONFIGURATIONS.items():
        yield number, name, value, low, high, value, description, True, False


def tables_of_schema(interpreter: Interpreter) -> Rows:
    for item in interpreter.catalog.objects.values():
        code = object_type(item)
        if code in "UV":
            kind = "BASE TABLE" if code == "U" else "VIEW"
            yield interpreter.database_name, item.schema, item.name, kind


def columns_of_schema(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        for number, column in enumerate(table.columns, 1):
            kind = column.type
            has_length = kind.kind.sizes == "length"
            precision, scale = precision_and_scale(kind)
            numeric = kind.family in ("integer", "decimal", "money", "float")
            octets = max_length(kind) if has_length else None
            yield (
                interpreter.database_name, table.schema, table.name, column.name, number,
                None if column.default_text is None else f"({column.default_text})",
                "YES" if column.nullable else "NO", kind.name,
                kind.size if has_length else None, octets, precision if numeric else None,
                scale if numeric and kind.family != "float" else None,
            )  # fmt: skip


def routines(interpreter: Interpreter) -> Rows:
    for module in interpreter.catalog.modules():
        if module.kind != "VIEW":
            yield (
                interpreter.database_name, module.schema, module.name, module.kind,
                module.text[:4000], module.created_at, module.modified_at,
            )  # fmt: skip


def _numbered_indexes(table: StoredTable) -> Iterator[tuple[int, KeyConstraint | CreateIndex]]:
    """The keys and indexes of a table with their index_id; the primary key is 1."""
    number = 1
    for key in table.keys:
        primary = key.kind == "PRIMARY KEY"
        number += not primary
        yield 1 if primary else number, key
    yield from enumerate(table.indexes, number + 1)


def indexes(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        if not any(key.kind == "PRIMARY KEY" for key in table.keys):
            yield table.object_id, None, 0, 0, "HEAP", False, False, False, False, None
        for number, found in _numbered_indexes(table):
            key = isinstance(found, KeyConstraint)
            primary = number == 1 and key
            unique = isinstance(found, KeyConstraint) or found.unique
            condition = None if isinstance(found, KeyConstraint) else found.where_text
            yield (
                table.object_id, found.name, number, 1 if primary else 2,
                "CLUSTERED" if primary else "NONCLUSTERED", unique, primary, key and not primary,
                condition is not None, condition,
            )  # fmt: skip


def index_columns(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        numbers = {column.name.lower(): place for place, column in enumerate(table.columns, 1)}
        for index_id, found in _numbered_indexes(table):
            included: tuple[str, ...] = ()
            if isinstance(found, KeyConstraint):
                keys = [(name, False) for name in found.columns]
            else:
                keys = [
                    (getattr(item.expression, "parts", ("",))[-1], item.descending)
                    for item in found.columns
                ]
                included = found.include
            for place, (name, descending) in enumerate(keys, 1):
                number = numbers[name.lower()]
                yield table.object_id, index_id, place, number, place, descending, False
            for place, name in enumerate(included, len(keys) + 1):
                yield table.object_id, index_id, place, numbers[name.lower()], 0, False, True


def check_constraints(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        for check in table.checks:
            yield check.name, table.object_id, check.text


def default_constraints(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        for number, column in enumerate(table.columns, 1):
            if column.default_text is not None:
                yield column.default_name, table.object_id, number, f"({column.default_text})"


def foreign_keys(interpreter: Interpreter) -> Rows:
    for table in interpreter.catalog.tables():
        for key in table.foreign_keys:
            schema = key.references.parts[-2] if len(key.references.parts) > 1 else table.schema
            referenced = interpreter.catalog.find(schema, key.references.parts[-1])
            yield key.name, table.object_id, referenced.object_id if referenced else None
