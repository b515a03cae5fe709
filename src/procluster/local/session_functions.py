"""Functions and @@variables whose value depends on the session."""

import getpass
import socket
from decimal import Decimal

from procluster.local.frame import Frame
from procluster.local.lexer import identifier_parts
from procluster.local.messages import error
from procluster.local.registry import session_function
from procluster.local.stored import StoredModule, StoredObject, StoredTable, object_type
from procluster.local.types import INT, NAME, SMALLINT, TEXT, SqlType
from procluster.local.words import COLLATION

PRODUCT_VERSION = "16.0.1000.6"
"""The embedded engine follows SQL Server 2022."""

DATABASE_ID = 5
NUMBER = SqlType("decimal", 38, 0)
PROPERTY = SqlType("nvarchar", 128)
SERVER_PROPERTIES = {
    "productversion": PRODUCT_VERSION,
    "productmajorversion": "16",
    "productminorversion": "0",
    "productlevel": "RTM",
    "edition": "procluster embedded engine",
    "engineedition": "3",
    "collation": COLLATION,
    "servername": "embedded",
    "machinename": "embedded",
    "isadvancedanalyticsinstalled": "1",
    "isclustered": "0",
}
"""SERVERPROPERTY is sql_variant on a server; here it is nvarchar(128), numbers too."""

DATABASE_PROPERTIES = {
    "collation": COLLATION,
    "recovery": "SIMPLE",
    "status": "ONLINE",
    "updateability": "READ_WRITE",
    "useraccess": "MULTI_USER",
}


def login_name() -> str:
    """Name of the person at the operating system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "dbo"


def _whole(value: object) -> int:
    """An argument that must be an int, as SQL Server converts it."""
    try:
        return int(str(value))
    except ValueError:
        raise error(245, "nvarchar", str(value), "int") from None


# --- the session

session_function("@@ERROR: number of the error of the statement before", INT)(
    lambda frame: frame.engine.last_error
)
session_function("@@IDENTITY", NUMBER)(lambda frame: frame.engine.identity)
session_function("@@NESTLEVEL", INT)(lambda frame: frame.level)
session_function("@@PROCID", INT)(lambda frame: frame.module.object_id if frame.module else 0)
session_function("@@ROWCOUNT", INT)(lambda frame: frame.engine.row_count)
session_function("@@SERVERNAME", NAME)(lambda _: "embedded")
session_function("@@SPID", SMALLINT)(lambda frame: frame.engine.session_id)
session_function("@@TRANCOUNT", INT)(lambda frame: frame.engine.transaction.depth)
session_function("@@VERSION", SqlType("nvarchar", 300))(
    lambda _: f"procluster embedded engine, after SQL Server {PRODUCT_VERSION}"
)
session_function("XACT_STATE()", SMALLINT)(lambda frame: frame.engine.transaction.state)
session_function("HOST_NAME()", NAME)(lambda _: socket.gethostname())
for usage in ("ORIGINAL_LOGIN()", "SUSER_SNAME(): without an argument", "SYSTEM_USER"):
    session_function(usage, NAME)(lambda _: login_name())
for usage in ("CURRENT_USER", "SESSION_USER", "USER"):
    session_function(usage, NAME)(lambda _: "dbo")
for field, kind in {
    "LINE": INT,
    "MESSAGE": SqlType("nvarchar", 4000),
    "NUMBER": INT,
    "PROCEDURE": NAME,
    "SEVERITY": INT,
    "STATE": INT,
}.items():
    session_function(f"ERROR_{field}()", kind)(
        lambda frame, name=field: getattr(frame.engine.caught, name.lower(), None)
    )


@session_function("SCOPE_IDENTITY()", NUMBER)
def scope_identity(frame: Frame) -> Decimal | None:
    return None if frame.identity is None else Decimal(frame.identity)


@session_function("APPLOCK_MODE(principal, resource [, owner])", SqlType("nvarchar", 32), 3)
def applock_mode(frame: Frame, _: object, resource: object, owner: object) -> str:
    mode = frame.engine.locks.mode(str(resource), str(owner).lower())
    return mode.capitalize() if mode else "NoLock"


# --- server and database


@session_function("SERVERPROPERTY(name)", PROPERTY, 1)
def server_property(_: Frame, name: object) -> str | None:
    return SERVER_PROPERTIES.get(str(name).lower())


@session_function("DATABASEPROPERTYEX(database, name)", PROPERTY, 2)
def database_property(frame: Frame, database: object, name: object) -> str | None:
    if str(database).lower() != frame.engine.database_name.lower():
        return None
    return DATABASE_PROPERTIES.get(str(name).lower())


@session_function("DB_NAME([id])", NAME, 0, 1)
def db_name(frame: Frame, database_id: object = DATABASE_ID) -> str | None:
    known = database_id is not None and _whole(database_id) == DATABASE_ID
    return frame.engine.database_name if known else None


@session_function("DB_ID([name])", SMALLINT, 0, 1)
def db_id(frame: Frame, *name: object) -> int | None:
    wanted = frame.engine.database_name.lower()
    return DATABASE_ID if not name or str(name[0]).lower() == wanted else None


# --- objects


@session_function("OBJECT_ID(name [, type])", INT, 1, 2)
def object_id(frame: Frame, name: object, kind: object = None) -> int | None:
    parts = identifier_parts(str(name)) if name is not None else None
    if not parts or len(parts) > 3:
        return None
    wanted = None if kind is None else str(kind).strip().upper()
    found: StoredObject | None
    if parts[-1].startswith("#"):
        found = frame.local_table(parts[-1])
    elif len(parts) == 3 and parts[0].lower() != frame.engine.database_name.lower():
        return None
    else:
        found = frame.engine.catalog.find(*parts)
    return found.object_id if found and wanted in (None, object_type(found)) else None


def _by_id(frame: Frame, number: object, database_id: object = DATABASE_ID) -> StoredObject | None:
    if number is None or database_id is None or _whole(database_id) != DATABASE_ID:
        return None
    return frame.engine.catalog.by_id(_whole(number))


@session_function("OBJECT_NAME(id [, database])", NAME, 1, 2)
def object_name(frame: Frame, *ids: object) -> str | None:
    return getattr(_by_id(frame, *ids), "name", None)


@session_function("OBJECT_SCHEMA_NAME(id [, database])", NAME, 1, 2)
def object_schema_name(frame: Frame, *ids: object) -> str | None:
    return getattr(_by_id(frame, *ids), "schema", None)


@session_function("OBJECT_DEFINITION(id): of a procedure, view or function", TEXT, 1)
def object_definition(frame: Frame, number: object) -> str | None:
    found = _by_id(frame, number)
    return found.text if isinstance(found, StoredModule) else None


@session_function("COL_LENGTH(table, column)", SMALLINT, 2)
def col_length(frame: Frame, table: object, column: object) -> int | None:
    found = _by_id(frame, object_id(frame, table))
    owned = found.column(str(column)) if isinstance(found, StoredTable) else None
    return owned.type.max_length if owned else None


# --- schemas and principals


@session_function("SCHEMA_ID([name])", INT, 0, 1)
def schema_id(frame: Frame, name: object = "dbo") -> int | None:
    found = None if name is None else frame.engine.catalog.schema(str(name))
    return frame.engine.catalog.schemas[found] if found else None


@session_function("SCHEMA_NAME([id])", NAME, 0, 1)
def schema_name(frame: Frame, number: object = 1) -> str | None:
    return _name_of(number, frame.engine.catalog.schemas)


@session_function("DATABASE_PRINCIPAL_ID([name])", INT, 0, 1)
def database_principal_id(frame: Frame, name: object = "dbo") -> int | None:
    found = None if name is None else frame.engine.catalog.principal(str(name))
    return frame.engine.catalog.principals[found] if found else None


@session_function("USER_NAME([id])", NAME, 0, 1)
def user_name(frame: Frame, number: object = 1) -> str | None:
    return _name_of(number, frame.engine.catalog.principals)


def _name_of(number: object, numbers: dict[str, int]) -> str | None:
    wanted = None if number is None else _whole(number)
    return next((name for name, found in numbers.items() if found == wanted), None)


@session_function(
    "HAS_PERMS_BY_NAME(securable, class, permission): 1, for there is dbo alone", INT, 3
)
def has_perms_by_name(frame: Frame, securable: object, kind: object, _: object) -> int | None:
    word = str(kind).upper()
    if securable is None or word not in ("OBJECT", "SCHEMA"):
        return 1
    find = object_id if word == "OBJECT" else schema_id
    return 1 if find(frame, securable) else None
