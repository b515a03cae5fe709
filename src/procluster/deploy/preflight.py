"""Whether a database and its server can take a release: everything is looked at, all at once."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from procluster.deploy.advice import advice
from procluster.deploy.finding import Finding
from procluster.errors import SqlError
from procluster.generator.quoting import identifier, literal
from procluster.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from procluster.deploy.connection import Connection
    from procluster.deploy.needs import MappedTable, Needs

__all__ = ["check"]

SERVER: Final = """
SELECT
    CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)),
    CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),
    CAST(SERVERPROPERTY('EngineEdition') AS int),
    CAST(SERVERPROPERTY('Collation') AS nvarchar(128)),
    CAST(SERVERPROPERTY('IsAdvancedAnalyticsInstalled') AS int);
"""
DATABASE: Final = """
SELECT d.name, d.compatibility_level, d.collation_name
FROM sys.databases AS d
WHERE d.database_id = DB_ID();
"""
SCRIPTS: Final = """
SELECT CAST(c.value AS int), CAST(c.value_in_use AS int)
FROM sys.configurations AS c
WHERE c.name = N'external scripts enabled';
"""
FLOOR: Final = (14, 0, 3356)
"""SQL Server 2017 CU22: https://learn.microsoft.com/troubleshoot/sql/releases/sqlserver-2017/cumulativeupdate22"""

MANAGED_INSTANCE: Final = 8
ENGINES: Final = {
    2: "Standard", 3: "Enterprise", 4: "Express", MANAGED_INSTANCE: "Azure SQL Managed Instance"
}  # fmt: skip
"""SERVERPROPERTY('EngineEdition') of what runs external scripts."""

LEVEL: Final = 130
PERMISSIONS: Final = {
    "CONTROL": "Deploying creates a schema and roles and grants permissions: add this login's user "
    "to db_owner. Running what is deployed needs no more than a role; see docs/permissions.md.",
    "VIEW DEFINITION": "Without it what is deployed cannot be compared: GRANT VIEW DEFINITION.",
    "EXECUTE ANY EXTERNAL SCRIPT": "The probe and training need it: GRANT EXECUTE ANY EXTERNAL "
    "SCRIPT, or be a member of the operators' role.",
}


def check(connection: Connection, needs: Needs) -> list[Finding]:
    """Look at everything a release needs; nothing is changed.

    A look that fails is a finding too, so one report has everything.
    """
    looks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("server", partial(_server, connection)),
        ("database", partial(_database, connection)),
        ("permissions", partial(_permissions, connection)),
        ("external scripts enabled", partial(_scripts, connection)),
        ("external script", partial(_runtime, connection, needs)),
    ]
    looks += [(one.name, partial(_table, connection, one)) for one in needs.tables]
    return [found for subject, look in looks for found in _looked(subject, look)]


def _looked(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterable[Finding]:
    try:
        return list(look())
    except SqlError as error:
        text = " ".join(str(error).split())
        return [Finding(subject, text, is_ok=False, advice=advice(error) or "")]


def _server(connection: Connection) -> Iterator[Finding]:
    [result] = connection.query(SERVER)
    version, edition, engine, collation, installed = cast("Any", result.rows[0])
    managed = engine == MANAGED_INSTANCE
    yield Finding(
        "server version",
        f"{version}, {edition}",
        managed or _numbers(version) >= FLOOR,
        "SQL Server 2017 from CU22, 2019, 2022, 2025 or Azure SQL Managed Instance is needed.",
    )
    yield Finding(
        "engine",
        ENGINES.get(engine, f"EngineEdition {engine}"),
        engine in ENGINES,
        "It runs no external scripts. SQL Server and Azure SQL Managed Instance do.",
    )
    yield Finding("server collation", collation, is_ok=True)
    absent = "with the update policy SQL Server 2022 only" if managed else "not installed"
    yield Finding(
        "Machine Learning Services",
        "installed" if installed else absent,
        bool(installed or managed),
        "Add the feature with SQL Server's setup; on Linux the package mssql-server-extensibility. "
        "Features, scoring and profiles work without it, training does not.",
    )


def _database(connection: Connection) -> Iterator[Finding]:
    [result] = connection.query(DATABASE)
    name, level, collation = cast("Any", result.rows[0])
    yield Finding(
        "compatibility level",
        str(level),
        int(level) >= LEVEL,
        f"OPENJSON needs {LEVEL}: ALTER DATABASE {identifier(str(name))} "
        f"SET COMPATIBILITY_LEVEL = {LEVEL}; or higher.",
    )
    yield Finding("database collation", str(collation), is_ok=True)


def _permissions(connection: Connection) -> Iterator[Finding]:
    columns = ", ".join(
        f"HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', {literal(name)})" for name in PERMISSIONS
    )
    [result] = connection.query(f"SELECT ORIGINAL_LOGIN(), {columns};")
    login, *held = result.rows[0]
    for (name, what), yes in zip(PERMISSIONS.items(), held, strict=True):
        yield Finding(f"{name} for {login}", "yes" if yes else "no", bool(yes), what)


def _scripts(connection: Connection) -> Iterator[Finding]:
    [result] = connection.query(SCRIPTS)
    configured, running = result.rows[0] if result.rows else (None, None)
    found, what = "yes", ""
    if not configured:
        found = "no"
        what = (
            "A sysadmin runs EXEC sp_configure 'external scripts enabled', 1; "
            "RECONFIGURE WITH OVERRIDE; and restarts the instance."
        )
    elif not running:
        found, what = "configured, not running", "Restart the SQL Server instance."
    yield Finding("external scripts enabled", found, found == "yes", what)


def _runtime(connection: Connection, needs: Needs) -> Iterator[Finding]:
    *_, result = connection.query(needs.probe)
    document, fault = result.rows[0]
    if fault is not None or document is None:
        yield Finding("external script", str(fault or "gave nothing"), is_ok=False)
        return
    yield Finding("external script", "Launchpad answers, Python runs", is_ok=True)
    versions = {one["component"]: one["version"] for one in json.loads(str(document))}
    for component, version in versions.items():
        floor = needs.packages.get(component)
        oldest = ".".join(map(str, floor or ()))
        yield Finding(
            component,
            str(version) + (f" (from {oldest})" if floor else " (not needed)"),
            floor is None or _numbers(str(version)) >= floor,
            f"Install {component} {oldest} or later in the instance: sqlmlutils, or pip on the "
            "server.",
        )


def _table(connection: Connection, table: MappedTable) -> Iterator[Finding]:
    [there] = connection.query(f"SELECT TOP (0) * FROM {table.name};")
    known = {name.lower(): name for name in there.columns}
    types = {name.lower(): kind for name, kind in _types(connection, table.name)}
    for column, allowed in table.columns.items():
        kind = types.get(column.lower(), "")
        found = kind or "there" if column.lower() in known else "missing"
        choices = ", ".join(allowed)
        setting = table.settings.get(column)
        remedy = f"Set {setting} in procluster.toml, or map" if setting else "Map"
        what = f"It must be one of {choices}. {remedy} a view that converts it."
        if found == "missing":
            what = f"Map another column in procluster.toml. There are: {', '.join(known.values())}."
        is_ok = found != "missing" and (not kind or not allowed or kind in allowed)
        yield Finding(f"{table.name}.{column}", found, is_ok, what)
    [total] = connection.query(f"SELECT COUNT_BIG(*) FROM {table.name};")
    rows = int(str(total.rows[0][0]))
    what = "There is nothing to segment. Load it, or map another table."
    yield Finding(table.name, counted(rows, "row"), table.may_be_empty or rows > 0, what)


def _types(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """Names and types of a table's or view's columns, as far as the catalog views have them."""
    [result] = connection.query(
        "SELECT c.name, t.name FROM sys.columns AS c "
        "JOIN sys.types AS t ON t.user_type_id = c.system_type_id "
        f"WHERE c.object_id = OBJECT_ID({literal(table)});"
    )
    yield from cast("Any", result.rows)


def _numbers(version: str) -> tuple[int, ...]:
    """A version's leading numbers; (0,) when it has none, so that it is older than any floor."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else (0,)
