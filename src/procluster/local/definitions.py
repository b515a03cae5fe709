"""Modules, schemas, roles and permissions; DROP."""

from dataclasses import replace

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error, refuse
from procluster.local.quoting import quote_sql, quote_tsql
from procluster.local.registry import run
from procluster.local.stored import StoredModule
from procluster.local.tables.definitions import drop_index, drop_table

MODULE_NUMBERS = {8155: 4511, 8156: 4506}
"""Columns without a name, or with the same one, have other numbers in a view or function."""


@run.register
def create_module(statement: ast.CreateModule, engine: Interpreter, frame: Frame) -> None:
    schema, name = frame.schema_of(statement.name), statement.name.parts[-1]
    if name.startswith("#"):
        what = f"temporary {statement.kind.lower()} {name}"
        raise refuse(what, "give it a name without #", statement.at)
    existing = engine.catalog.find(schema, name)
    same_kind = isinstance(existing, StoredModule) and existing.kind == statement.kind
    if statement.mode == "ALTER" and not same_kind:
        raise error(208, statement.name)
    if engine.catalog.is_taken(schema, name) and (statement.mode == "CREATE" or not same_kind):
        raise error(2714, name)
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
        _check_query(statement, module, frame)
        engine.catalog.put(engine.write, module)
    engine.row_count = 0


def _check_query(statement: ast.CreateModule, module: StoredModule, frame: Frame) -> None:
    """Compile a view or function: unlike a procedure's, its names must be there already."""
    try:
        frame.module_columns(statement, module)
    except SqlError as found:
        found.number = MODULE_NUMBERS.get(found.number, found.number)
        raise


@run.register
def drop(statement: ast.Drop, engine: Interpreter, frame: Frame) -> None:
    missing: list[str] = []
    for name in statement.names:
        with engine.transaction.change():
            if not _drop_one(engine, statement, name, frame):
                missing.append(str(name))
    engine.row_count = 0
    if missing and not statement.if_exists:
        number = 15151 if statement.kind in ("SCHEMA", "ROLE") else 3701
        raise error(number, "drop", statement.kind.lower(), missing[0])


def _drop_one(engine: Interpreter, statement: ast.Drop, name: ast.ObjectName, frame: Frame) -> bool:
    """Drop what the name means; False when there is nothing of that kind."""
    if statement.kind == "TABLE":
        table = frame.stored_table(name)
        if table:
            drop_table(engine, table, frame)
        return table is not None
    if statement.kind == "SCHEMA":
        return _drop_schema(engine, name.parts[-1])
    if statement.kind == "ROLE":
        role = engine.catalog.role(name.parts[-1])
        if role:
            _drop_role(engine, role)
        return role is not None
    if statement.on:
        return drop_index(engine, frame.needed_table(statement.on), name.parts[-1], frame)
    module = frame.stored_module(name, statement.kind)
    if module:
        engine.catalog.remove(engine.write, module)
    return module is not None


def _drop_role(engine: Interpreter, role: str) -> None:
    for text, held in list(engine.catalog.permissions.items()):
        if held.principals[0].lower() == role.lower():
            engine.catalog.remove_text(engine.write, "PERMISSION", text)
    for key, member in list(engine.catalog.members.items()):
        if role.lower() in (member.role.lower(), member.member.lower()):
            engine.catalog.remove_text(engine.write, "MEMBER", key)
    engine.catalog.remove_text(engine.write, "ROLE", role)


def _drop_schema(engine: Interpreter, name: str) -> bool:
    schema = engine.catalog.schema(name)
    if schema is None:
        return False
    for item in engine.catalog.objects.values():
        if item.schema.lower() == schema.lower():
            raise error(3729, schema, item.name)
    engine.write(f"DROP SCHEMA {quote_sql(schema)}")
    engine.catalog.remove_text(engine.write, "SCHEMA", schema)
    return True


@run.register
def create_name(statement: ast.CreateName, engine: Interpreter, _: Frame) -> None:
    name, is_schema = statement.name, statement.kind == "SCHEMA"
    if is_schema and engine.catalog.schema(name):
        raise error(2714, name)
    if not is_schema and engine.catalog.principal(name):
        raise error(15023, name)
    with engine.transaction.change():
        if is_schema:
            engine.write(f"CREATE SCHEMA {quote_sql(name)}")
        text = f"CREATE {statement.kind} {quote_tsql(name)}"
        engine.catalog.put_text(engine.write, statement.kind, name, text)
    engine.row_count = 0


@run.register
def change_permission(statement: ast.Permission, engine: Interpreter, frame: Frame) -> None:
    """GRANT, DENY, REVOKE: recorded, not enforced, for there is one principal, dbo."""
    on = _securable(engine, statement, frame)
    for principal in statement.principals:
        if engine.catalog.principal(principal) in (None, "dbo"):
            raise error(15151, "find", "user", principal)
    with engine.transaction.change():
        for permission in statement.permissions:
            for principal in statement.principals:
                grantee = engine.catalog.principal(principal) or principal
                rest = f"{permission}{on} TO {quote_tsql(grantee)}"
                for action in ("GRANT", "DENY"):
                    engine.catalog.remove_text(engine.write, "PERMISSION", f"{action} {rest}")
                if statement.action != "REVOKE":
                    text = f"{statement.action} {rest}"
                    engine.catalog.put_text(engine.write, "PERMISSION", text, text)
    engine.row_count = 0


def _securable(engine: Interpreter, statement: ast.Permission, frame: Frame) -> str:
    if statement.on is None or statement.on_kind == "DATABASE":
        return ""
    name = str(statement.on)
    if statement.on_kind == "SCHEMA":
        schema = engine.catalog.schema(statement.on.parts[-1])
        if schema is None:
            raise error(15151, "find", "schema", name)
        return f" ON SCHEMA::{quote_tsql(schema)}"
    found = frame.find(statement.on)
    if found is None:
        raise error(15151, "find", "object", statement.on.parts[-1])
    return f" ON OBJECT::{quote_tsql(found.schema, found.name)}"


@run.register
def change_role_member(statement: ast.RoleMember, engine: Interpreter, _: Frame) -> None:
    role = engine.catalog.role(statement.role)
    if role is None:
        raise error(15151, "alter", "role", statement.role)
    member = engine.catalog.role(statement.member)
    if member is None and statement.member.lower() != "dbo":
        raise error(15151, "add", "principal", statement.member)
    key = f"{role}/{statement.member.lower()}"
    with engine.transaction.change():
        engine.catalog.remove_text(engine.write, "MEMBER", key)
        if statement.action == "ADD":
            text = f"ALTER ROLE {quote_tsql(role)} ADD MEMBER {quote_tsql(statement.member)}"
            engine.catalog.put_text(engine.write, "MEMBER", key, text)
    engine.row_count = 0
