"""Functions and @@variables whose value depends on the session, by their upper-case name.

Each is evaluated once, when the statement that calls it is compiled.
"""

from __future__ import annotations

import getpass
import socket
from decimal import Decimal
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.names import identifier_parts
from procluster.local.stored import StoredModule, StoredTable, object_type
from procluster.local.syntax import Position
from procluster.local.system_rows import max_length
from procluster.local.translate.messages import error
from procluster.local.types import MAX, SqlType

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.local.frame import Frame

    Value = tuple[SqlType, object]

__all__ = ["PRODUCT_VERSION", "SESSION_FUNCTIONS", "login_name"]

INT = SqlType("int")
SMALLINT = SqlType("smallint")
NAME = SqlType("nvarchar", 128)
TEXT = SqlType("nvarchar", 4000)
PRODUCT_VERSION = "16.0.1000.6"
"""The embedded engine follows SQL Server 2022."""

DATABASE_ID = 5
DBO = 1
PRINCIPALS = {"public": 0, "dbo": DBO, "guest": 2}
SERVER_PROPERTIES = {
    "productversion": PRODUCT_VERSION,
    "productmajorversion": "16",
    "productminorversion": "0",
    "productlevel": "RTM",
    "edition": "procluster embedded engine",
    "collation": "SQL_Latin1_General_CP1_CI_AS",
    "servername": "embedded",
    "machinename": "embedded",
    "instancename": None,
}
SERVER_FLAGS = {"isadvancedanalyticsinstalled": 1, "engineedition": 3, "isclustered": 0}


def login_name() -> str:
    """Name of the person at the operating system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "dbo"


def _object_id(frame: Frame, name: object, kind: object = None) -> Value:
    parts = identifier_parts(str(name)) if name is not None else None
    if not parts or len(parts) > 3:
        return INT, None
    if parts[-1].startswith("#"):
        table = frame.local_table(parts[-1])
        return INT, table.object_id if table and kind in (None, "U", "u") else None
    if len(parts) == 3 and parts[0].lower() != frame.interpreter.database_name.lower():
        return INT, None
    schema = parts[-2] if len(parts) > 1 and parts[-2] else "dbo"
    found = frame.interpreter.catalog.find(schema, parts[-1])
    if found is None or (kind is not None and object_type(found) != str(kind).strip().upper()):
        return INT, None
    return INT, found.object_id


def _whole(value: object) -> int:
    """An argument that must be an int, as SQL Server converts it."""
    try:
        return int(str(value))
    except ValueError:
        raise error(245, "nvarchar", str(value), "int", at=Position(0, 0)) from None


def _by_id(
    frame: Frame, object_id: object, database_id: object = DATABASE_ID
) -> StoredTable | StoredModule | None:
    if object_id is None or database_id is None or _whole(database_id) != DATABASE_ID:
        return None
    return frame.interpreter.catalog.by_id(_whole(object_id))


def _object_name(frame: Frame, *ids: object) -> Value:
    found = _by_id(frame, *ids)
    return NAME, found.name if found else None


def _object_schema_name(frame: Frame, *ids: object) -> Value:
    found = _by_id(frame, *ids)
    return NAME, found.schema if found else None


def _object_definition(frame: Frame, object_id: object) -> Value:
    found = _by_id(frame, object_id)
    return SqlType("nvarchar", MAX), found.text if isinstance(found, StoredModule) else None


def _schema_id(frame: Frame, name: object = "dbo") -> Value:
    catalog = frame.interpreter.catalog
    found = None if name is None else catalog.schema(str(name))
    return INT, catalog.schemas[found] if found else None


def _schema_name(frame: Frame, schema_id: object = 1) -> Value:
    wanted = None if schema_id is None else _whole(schema_id)
    schemas = frame.interpreter.catalog.schemas
    return NAME, next((name for name, number in schemas.items() if number == wanted), None)


def _database_principal_id(frame: Frame, name: object = "dbo") -> Value:
    catalog = frame.interpreter.catalog
    if name is None:
        return INT, None
    role = catalog.role(str(name))
    return INT, catalog.roles[role] if role else PRINCIPALS.get(str(name).lower())


def _user_name(frame: Frame, principal_id: object = DBO) -> Value:
    wanted = None if principal_id is None else _whole(principal_id)
    names = {number: name for name, number in PRINCIPALS.items()}
    names |= {number: name for name, number in frame.interpreter.catalog.roles.items()}
    return NAME, names.get(wanted) if wanted is not None else None


def _login_name(frame: Frame, *login: object) -> Value:
    if login:
        at = frame.interpreter.at
        reason = "there is one login, the person at the operating system; leave the argument out"
        raise Refusal("SUSER_SNAME of another login", reason, line=at.line, column=at.column)
    return NAME, login_name()


def _col_length(frame: Frame, table: object, column: object) -> Value:
    _, object_id = _object_id(frame, table)
    found = frame.interpreter.catalog.by_id(object_id) if isinstance(object_id, int) else None
    owned = found.column(str(column)) if isinstance(found, StoredTable) else None
    return SMALLINT, max_length(owned.type) if owned else None


def _server_property(_: Frame, name: object) -> Value:
    key = str(name).lower()
    if key in SERVER_FLAGS:
        return INT, SERVER_FLAGS[key]
    return NAME, SERVER_PROPERTIES.get(key)


def _error(field: str, kind: SqlType) -> Callable[[Frame], Value]:
    def value(frame: Frame) -> Value:
        error = frame.interpreter.caught
        return kind, getattr(error, field) if error else None

    return value


def _db_name(frame: Frame, database_id: object = DATABASE_ID) -> Value:
    known = database_id is not None and _whole(database_id) == DATABASE_ID
    return NAME, frame.interpreter.database_name if known else None


def _db_id(frame: Frame, *name: object) -> Value:
    wanted = frame.interpreter.database_name.lower()
    return SMALLINT, DATABASE_ID if not name or str(name[0]).lower() == wanted else None


def _applock_mode(frame: Frame, _: object, resource: object, owner: object = "Session") -> Value:
    engine = frame.interpreter
    mode = engine.locks.mode(engine.session_id, str(resource), str(owner).lower())
    return SqlType("nvarchar", 32), mode.capitalize() if mode else "NoLock"


def _constant(kind: SqlType, value: object) -> Callable[..., Value]:
    return lambda *_: (kind, value)


SESSION_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "@@ERROR": lambda frame: (INT, frame.interpreter.last_error),
    "@@IDENTITY": lambda frame: (SqlType("decimal", 38, 0), frame.interpreter.identity),
    "@@NESTLEVEL": lambda frame: (INT, frame.level),
    "@@PROCID": lambda frame: (INT, frame.module.object_id if frame.module else 0),
    "@@ROWCOUNT": lambda frame: (INT, frame.interpreter.row_count),
    "@@SERVERNAME": _constant(NAME, "embedded"),
    "@@SPID": lambda frame: (SMALLINT, frame.interpreter.session_id),
    "@@TRANCOUNT": lambda frame: (INT, frame.interpreter.transaction.depth),
    "@@VERSION": _constant(
        SqlType("nvarchar", 300), f"procluster embedded engine, after SQL Server {PRODUCT_VERSION}"
    ),
    "APPLOCK_MODE": _applock_mode,
    "APP_NAME": _constant(NAME, "procluster"),
    "COL_LENGTH": _col_length,
    "CURRENT_USER": _constant(NAME, "dbo"),
    "DATABASE_PRINCIPAL_ID": _database_principal_id,
    "DB_ID": _db_id,
    "DB_NAME": _db_name,
    "ERROR_LINE": _error("line", INT),
    "ERROR_MESSAGE": _error("message", TEXT),
    "ERROR_NUMBER": _error("number", INT),
    "ERROR_PROCEDURE": _error("procedure", NAME),
    "ERROR_SEVERITY": _error("severity", INT),
    "ERROR_STATE": _error("state", INT),
    # There is one principal, dbo, who may do everything.
    "HAS_PERMS_BY_NAME": lambda *_: (INT, 1),
    "HOST_NAME": lambda _: (NAME, socket.gethostname()),
    "OBJECT_DEFINITION": _object_definition,
    "OBJECT_ID": _object_id,
    "OBJECT_NAME": _object_name,
    "OBJECT_SCHEMA_NAME": _object_schema_name,
    "ORIGINAL_LOGIN": lambda _: (NAME, login_name()),
    "SCHEMA_ID": _schema_id,
    "SCHEMA_NAME": _schema_name,
    "SCOPE_IDENTITY": lambda frame: (
        SqlType("decimal", 38, 0),
        None if frame.identity is None else Decimal(frame.identity),
    ),
    "SERVERPROPERTY": _server_property,
    "SESSION_USER": _constant(NAME, "dbo"),
    "SUSER_NAME": _login_name,
    "SUSER_SNAME": _login_name,
    "SYSTEM_USER": lambda _: (NAME, login_name()),
    "USER": _constant(NAME, "dbo"),
    "USER_NAME": _user_name,
    "XACT_STATE": lambda frame: (SMALLINT, frame.interpreter.transaction.state),
}
