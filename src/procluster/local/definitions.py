"""Modules, schemas, roles and permissions; DROP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import Refusal, SqlError
from procluster.local.frame import Frame, Variable
from procluster.local.messages import sql_error
from procluster.local.stored import (
    StoredModule,
    quote_sql,
    quote_tsql,
)
from procluster.local.syntax import DerivedTable, Query, Select, SelectItem, Star
from procluster.local.table_definitions import drop_index, drop_table
from procluster.local.translate import compile_query

if TYPE_CHECKING:
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import (
        CreateModule,
        CreateRole,
        CreateSchema,
        Drop,
        ObjectName,
        Permission,
        RoleMember,
    )


__all__ = [
    "change_permission",
    "change_role_member",
    "create_module",
    "create_role",
    "create_schema",
    "drop",
]


MODULE_NUMBERS = {8155: 4511, 8156: 4506}
"""Columns without a name, or with the same one, have other numbers in a view or function."""


def create_module(engine: Interpreter, statement: CreateModule, frame: Frame) -> None:
    """CREATE [OR ALTER] and ALTER of a procedure, view or function."""
    schema, name = frame.schema_of(statement.name), statement.name.parts[-1]
    if name.startswith("#"):
        raise Refusal(
            f"temporary {statement.kind.lower()} {name}",
            "give it a name without #",
            line=statement.at.line,
            column=statement.at.column,
        )
    existing = engine.catalog.find(schema, name)
    same_kind = isinstance(existing, StoredModule) and existing.kind == statement.kind
    if statement.mode == "ALTER" and not same_kind:
        raise sql_error(208, ".".join(statement.name.parts))
    if existing and (statement.mode == "CREATE" or not same_kind):
        raise sql_error(2714, name)
    if existing is None and engine.catalog.is_taken(schema, name):
        raise sql_error(2714, name)
    with engine.transaction.change():
        module = StoredModule(
            existing.object_id if existing else engine.catalog.new_id(),
            schema,
            existing.name if existing else name,
            statement.kind,
            statement.text,
        )
        if existing:
            module = replace(module, created_at=existing.created_at)
        _check_query(engine, statement, module, frame)
        engine.catalog.put(engine.connection, module)
    engine.row_count = 0


def _check_query(
    engine: Interpreter, statement: CreateModule, module: StoredModule, frame: Frame
) -> None:
    """Compile a view or function: unlike a procedure's, its names must be there already."""
    if isinstance(statement.body, tuple):
        return
    inner = Frame(engine, frame, module)
    for parameter in statement.parameters:
        inner.variables[parameter.name.lower()] = Variable(parameter.type)
    at = statement.at
    rows = DerivedTable(at, statement.body, module.name, statement.columns)
    query = Query(at, Select(at, (SelectItem(at, Star(at)),), source=rows))
    try:
        compile_query(query, inner)
    except SqlError as error:
        if error.number in MODULE_NUMBERS:
            error.number = MODULE_NUMBERS[error.number]
        raise


def drop(engine: Interpreter, statement: Drop, frame: Frame) -> None:
    """DROP TABLE, VIEW, PROCEDURE, FUNCTION, SCHEMA, ROLE and INDEX."""
    missing: list[str] = []
    for name in statement.names:
        with engine.transaction.change():
            if not _drop_one(engine, statement, name, frame):
                missing.append(".".join(name.parts))
    engine.row_count = 0
    if missing and not statement.if_exists:
        number = 15151 if statement.kind in ("SCHEMA", "ROLE") else 3701
        raise sql_error(number, "drop", statement.kind.lower(), missing[0])


def _drop_one(engine: Interpreter, statement: Drop, name: ObjectName, frame: Frame) -> bool:
    """Drop what the name means; False when there is nothing of that kind."""
    if statement.kind == "TABLE":
        table = frame.stored_table(name)
        if table and not table.name.startswith("@"):
            drop_table(engine, table, frame)
        return table is not None
    if statement.kind == "SCHEMA":
        return _drop_schema(engine, name.parts[-1])
    if statement.kind == "ROLE":
        role = engine.catalog.role(name.parts[-1])
        if role:
            _drop_role(engine, role)
        return role is not None
    if statement.kind == "INDEX":
        return drop_index(engine, statement, name, frame)
    module = frame.stored_module(name, statement.kind)
    if module:
        engine.catalog.remove(engine.connection, module)
    return module is not None


def _drop_role(engine: Interpreter, role: str) -> None:
    for text, held in list(engine.catalog.permissions.items()):
        if held.principals[0].lower() == role.lower():
            engine.catalog.remove_text(engine.connection, "PERMISSION", text)
    for key, member in list(engine.catalog.members.items()):
        if role.lower() in (member.role.lower(), member.member.lower()):
            engine.catalog.remove_text(engine.connection, "MEMBER", key)
    engine.catalog.remove_text(engine.connection, "ROLE", role)


def _drop_schema(engine: Interpreter, name: str) -> bool:
    schema = engine.catalog.schema(name)
    if schema is None:
        return False
    for item in engine.catalog.objects.values():
        if item.schema.lower() == schema.lower():
            raise sql_error(3729, schema, item.name)
    engine.execute(f"DROP SCHEMA {quote_sql(schema)}")
    engine.catalog.remove_text(engine.connection, "SCHEMA", schema)
    return True


def create_schema(engine: Interpreter, statement: CreateSchema, _: Frame) -> None:
    """CREATE SCHEMA."""
    if engine.catalog.schema(statement.name):
        raise sql_error(2714, statement.name)
    with engine.transaction.change():
        engine.execute(f"CREATE SCHEMA {quote_sql(statement.name)}")
        text = f"CREATE SCHEMA {quote_tsql(statement.name)}"
        engine.catalog.put_text(engine.connection, "SCHEMA", statement.name, text)
    engine.row_count = 0


def create_role(engine: Interpreter, statement: CreateRole, _: Frame) -> None:
    """CREATE ROLE."""
    if engine.catalog.role(statement.name) or statement.name.lower() in ("public", "dbo", "guest"):
        raise sql_error(15023, statement.name)
    with engine.transaction.change():
        text = f"CREATE ROLE {quote_tsql(statement.name)}"
        engine.catalog.put_text(engine.connection, "ROLE", statement.name, text)
    engine.row_count = 0


def change_permission(engine: Interpreter, statement: Permission, frame: Frame) -> None:
    """GRANT, DENY, REVOKE: recorded, not enforced, for there is one principal, dbo."""
    on = _securable(engine, statement, frame)
    for principal in statement.principals:
        if engine.catalog.role(principal) is None and principal.lower() not in ("public", "guest"):
            raise sql_error(15151, "find", "user", principal)
    with engine.transaction.change():
        for permission in statement.permissions:
            for principal in statement.principals:
                grantee = engine.catalog.role(principal) or principal.lower()
                rest = f"{permission}{on} TO {quote_tsql(grantee)}"
                for action in ("GRANT", "DENY"):
                    engine.catalog.remove_text(engine.connection, "PERMISSION", f"{action} {rest}")
                if statement.action != "REVOKE":
                    text = f"{statement.action} {rest}"
                    engine.catalog.put_text(engine.connection, "PERMISSION", text, text)
    engine.row_count = 0


def _securable(engine: Interpreter, statement: Permission, frame: Frame) -> str:
    if statement.on is None or statement.on_kind == "DATABASE":
        return ""
    name = ".".join(statement.on.parts)
    if statement.on_kind == "SCHEMA":
        schema = engine.catalog.schema(statement.on.parts[-1])
        if schema is None:
            raise sql_error(15151, "find", "schema", name)
        return f" ON SCHEMA::{quote_tsql(schema)}"
    found = frame.stored_object(statement.on)
    if found is None:
        raise sql_error(15151, "find", "object", statement.on.parts[-1])
    return f" ON OBJECT::{quote_tsql(found.schema, found.name)}"


def change_role_member(engine: Interpreter, statement: RoleMember, _: Frame) -> None:
    """ALTER ROLE ... ADD | DROP MEMBER."""
    role = engine.catalog.role(statement.role)
    if role is None:
        raise sql_error(15151, "alter", "role", statement.role)
    member = engine.catalog.role(statement.member)
    if member is None and statement.member.lower() != "dbo":
        raise sql_error(15151, "add", "principal", statement.member)
    key = f"{role}/{statement.member.lower()}"
    with engine.transaction.change():
        engine.catalog.remove_text(engine.connection, "MEMBER", key)
        if statement.action == "ADD":
            text = f"ALTER ROLE {quote_tsql(role)} ADD MEMBER {quote_tsql(statement.member)}"
            engine.catalog.put_text(engine.connection, "MEMBER", key, text)
    engine.row_count = 0
