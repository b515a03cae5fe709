"""A small application in the schema "app", in two versions, and what a database holds of it."""

from __future__ import annotations

from typing import Any

from procluster import catalog
from procluster.deploy.connection import Connection
from procluster.deploy.release import Release
from procluster.generator.render import Kind, Script
from procluster.settings import Settings

SCHEMA = "app"
ROLES = ("app_reader",)
HISTORY = catalog.render(Settings(schema=SCHEMA), ("schema", "deployment", "deployment_object"))

ROLE = "IF DATABASE_PRINCIPAL_ID(N'app_reader') IS NULL\n    CREATE ROLE app_reader;\n"
TABLE = """IF OBJECT_ID(N'app.item', N'U') IS NULL
    CREATE TABLE app.item (
        item_id int NOT NULL,
        name nvarchar(20) NULL,
        CONSTRAINT pk_item PRIMARY KEY (item_id)
    );
"""
WIDER = f"""{TABLE}
IF COL_LENGTH(N'app.item', N'price') IS NULL
    ALTER TABLE app.item
    ADD price int NOT NULL CONSTRAINT df_item_price DEFAULT 0;
"""
NARROWER = f"""{TABLE}
-- data loss: SELECT i.item_id, i.name FROM app.item AS i WHERE i.name IS NOT NULL
IF COL_LENGTH(N'app.item', N'name') IS NOT NULL
    ALTER TABLE app.item
    DROP COLUMN name;
"""
VIEW = (
    "/* The items. */\nCREATE OR ALTER VIEW app.items\nAS\nSELECT i.item_id\nFROM app.item AS i;\n"
)
PROCEDURE = """/* It's {{here}}: a ? in a comment, and a 'quote'. */
CREATE OR ALTER PROCEDURE app.look
AS
BEGIN
    SET NOCOUNT ON;

    SELECT {column} AS found
    FROM app.items;
END;
"""
OLD = "CREATE OR ALTER PROCEDURE app.old\nAS\nSELECT 1 AS one;\n"
GRANT = "GRANT SELECT ON OBJECT::app.items TO app_reader;\n"


def script(name: str, kind: Kind, text: str) -> Script:
    return Script(f"{SCHEMA}.{name}", kind, text)


def release(*scripts: Script, smoke: tuple[str, ...] = ()) -> Release:
    """A release of these scripts and what the history needs."""
    return Release(SCHEMA, (*HISTORY, *scripts), ROLES, "9.9", smoke)


FIRST = release(
    script("roles", "role", ROLE),
    script("item", "table", TABLE),
    script("items", "view", VIEW),
    script("look", "procedure", PROCEDURE.format(column="COUNT(*)")),
    script("old", "procedure", OLD),
    script("grants", "grant", GRANT),
)
"""What is there first."""

SECOND = release(
    script("roles", "role", ROLE),
    script("item", "table", WIDER),
    script("items", "view", VIEW.replace("i.item_id", "i.item_id, i.price")),
    script("look", "procedure", PROCEDURE.format(column="SUM(price)")),
    script("grants", "grant", GRANT + "GRANT EXECUTE ON OBJECT::app.look TO app_reader;\n"),
    smoke=("EXEC app.look;",),
)
"""A wider table, changed modules, one procedure less, one permission more."""

SNAPSHOT = """
SELECT s.name, o.name, o.type, m.definition
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.sql_modules AS m ON m.object_id = o.object_id
WHERE s.name NOT IN (N'sys') ORDER BY 1, 2;

SELECT OBJECT_ID(N'app.item'), c.column_id, c.name, c.user_type_id, c.max_length, c.is_nullable
FROM sys.columns AS c WHERE c.object_id = OBJECT_ID(N'app.item') ORDER BY 2;

SELECT r.name, p.state_desc, p.permission_name, p.class, p.major_id
FROM sys.database_permissions AS p
JOIN sys.database_principals AS r ON r.principal_id = p.grantee_principal_id
WHERE r.name = N'app_reader' ORDER BY 1, 2, 3, 4, 5;

SELECT s.name FROM sys.schemas AS s ORDER BY 1;

SELECT r.name FROM sys.database_principals AS r ORDER BY 1;
"""
ROWS = (
    "SELECT * FROM app.item ORDER BY 1;",
    "SELECT * FROM app.deployment WHERE status = N'succeeded' ORDER BY 1;",
    "SELECT * FROM app.deployment_object ORDER BY 1, 2;",
)


def snapshot(connection: Connection) -> list[Any]:
    """Every definition, permission and row; failed attempts are left out of the history."""
    found: list[Any] = list(connection.query(SNAPSHOT))
    for query in ROWS:
        table = query.split()[3]
        [there] = connection.query(f"SELECT OBJECT_ID(N'{table}', N'U');")
        if there.rows[0][0] is not None:
            found += connection.query(query)
    return found


def statuses(connection: Connection) -> list[Any]:
    """Action, status and message of every deployment, in order."""
    [result] = connection.query(
        "SELECT action, status, message FROM app.deployment ORDER BY deployment_id;"
    )
    return [tuple(row) for row in result.rows]
