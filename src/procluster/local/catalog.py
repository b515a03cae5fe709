"""The objects of a database and where they are kept.

DuckDB holds the rows; what it cannot say (T-SQL types, keys, identity, module texts, permissions)
is kept as the T-SQL that defines it, in ``_engine.definition``, and read back when the database
is opened. Tables that something else put into the file get their T-SQL types from DuckDB's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import duckdb

from procluster.local import syntax as ast
from procluster.local.parser import parse_batch
from procluster.local.quoting import quote_sql
from procluster.local.stored import (
    StoredModule,
    StoredObject,
    StoredTable,
    index_text,
    key_of,
    table_of,
    type_of_storage,
    utc_now,
)

START = """
CREATE SCHEMA IF NOT EXISTS _engine;
CREATE SCHEMA IF NOT EXISTS dbo;
CREATE TABLE IF NOT EXISTS _engine.definition (
    object_id INTEGER, kind VARCHAR, schema_name VARCHAR, object_name VARCHAR,
    text VARCHAR, created_at TIMESTAMP, modified_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS _engine.identity (object_id INTEGER, last_value BIGINT);
CREATE SEQUENCE IF NOT EXISTS _engine.rowversion START 2001;
"""
"""The first rowversion of a new database is 0x00000000000007D1."""
DISCOVER = """
SELECT schema_name, name FROM (
    SELECT database_name, schema_name, table_name AS name, internal FROM duckdb_tables()
    UNION ALL
    SELECT database_name, schema_name, view_name, internal FROM duckdb_views()
) WHERE NOT internal AND database_name = current_database() AND schema_name <> '_engine'
ORDER BY ALL
"""
"""Without parameters: the first one makes DuckDB import pandas, which is most of a start."""
FIRST_ID = 1_000_000
FIRST_FOREIGN_ID = 1_900_000_000
PRINCIPALS = {"public": 0, "dbo": 1, "guest": 2}
"""Those there always are; CREATE ROLE adds to them."""

FIXED_SCHEMAS = {"dbo": 1, "guest": 2, "INFORMATION_SCHEMA": 3, "sys": 4}
Write = Callable[[str, Mapping[str, object]], object]
"""Executes DuckDB SQL that changes something, with its parameters."""
MODULE_KINDS = ("PROCEDURE", "VIEW", "FUNCTION")


class Entry(NamedTuple):
    """A row of ``_engine.definition``."""

    object_id: int
    kind: str
    schema: str
    name: str
    text: str
    created_at: datetime
    modified_at: datetime


class Catalog:
    """Objects, schemas, roles and permissions of one database, in memory and in the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._versions = itertools.count(1)
        self.version = 0
        connection.execute(START)
        self._load(connection)

    def copy(self) -> Catalog:
        """A catalog to change, which leaves this one as it is; they share the numbers given out."""
        twin = copy(self)
        for name in ("objects", "schemas", "roles", "members", "permissions"):
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def _load(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.objects: dict[tuple[str, str], StoredObject] = {}
        self.schemas = dict(FIXED_SCHEMAS)
        self.roles: dict[str, int] = {}
        self.members: dict[str, ast.RoleMember] = {}
        self.permissions: dict[str, ast.Permission] = {}
        numbers = connection.execute("SELECT object_id, last_value FROM _engine.identity")
        self.identities: dict[int, int] = dict(numbers.fetchall())
        rows = connection.execute(
            "SELECT object_id, kind, schema_name, object_name, text, created_at, modified_at "
            "FROM _engine.definition ORDER BY object_id"
        ).fetchall()
        self._ids = itertools.count(rows[-1][0] + 1 if rows else FIRST_ID)
        for row in rows:
            self._restore(Entry(*row))
        self._discover(connection)

    def _restore(self, entry: Entry) -> None:
        """Take a definition in; the text of a module is parsed when it is used."""
        object_id, kind, schema, name, text, created_at, modified_at = entry
        if kind in MODULE_KINDS:
            self._keep(StoredModule(object_id, schema, name, kind, text, created_at, modified_at))
            return
        (statement,) = parse_batch(text)
        if isinstance(statement, ast.CreateTable):
            table = table_of(object_id, schema, name, quote_sql(schema, name), statement)
            self._keep(replace(table, created_at=created_at, modified_at=modified_at))
        elif isinstance(statement, ast.CreateIndex):
            owner = self.find(schema, statement.table.parts[-1])
            assert isinstance(owner, StoredTable)  # noqa: S101
            self._keep(replace(owner, indexes=(*owner.indexes, statement)))
        elif isinstance(statement, ast.CreateName):
            names = self.schemas if statement.kind == "SCHEMA" else self.roles
            names[statement.name] = object_id
        elif isinstance(statement, ast.RoleMember):
            self.members[name] = statement
        elif isinstance(statement, ast.Permission):
            self.permissions[name] = statement

    def _discover(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take in the tables and views that are in the file but not in the catalog."""
        found = connection.execute(DISCOVER).fetchall()
        for number, (schema, name) in enumerate(found):
            self.schemas.setdefault(schema, FIRST_FOREIGN_ID - 1 - number)
            if self.find(schema, name):
                continue
            sql = quote_sql(schema, name)
            described = connection.execute(f"DESCRIBE {sql}").fetchall()
            columns = tuple(
                ast.ColumnDefinition(ast.NOWHERE, column, kind, nullable == "YES")
                for column, storage, nullable, *_ in described
                if (kind := type_of_storage(storage))
            )
            if len(columns) == len(described):
                self._keep(StoredTable(FIRST_FOREIGN_ID + number, schema, name, sql, columns))

    # --- looking up

    def find(self, *parts: str) -> StoredObject | None:
        return self.objects.get(key_of(*parts))

    def by_id(self, object_id: int) -> StoredObject | None:
        return next((o for o in self.objects.values() if o.object_id == object_id), None)

    def schema(self, name: str) -> str | None:
        """Return a schema's name as it was created, None without such a schema."""
        return _spelled(self.schemas, name)

    def role(self, name: str) -> str | None:
        """Return a role's name as it was created, None without such a role."""
        return _spelled(self.roles, name)

    @property
    def principals(self) -> dict[str, int]:
        """Numbers of the roles and of the principals there always are."""
        return {**PRINCIPALS, **self.roles}

    def principal(self, name: str) -> str | None:
        """Return a principal's name as it was created, None without such a one."""
        return _spelled(self.principals, name)

    def tables(self) -> list[StoredTable]:
        return [found for found in self.objects.values() if isinstance(found, StoredTable)]

    def modules(self) -> list[StoredModule]:
        return [found for found in self.objects.values() if isinstance(found, StoredModule)]

    def referencing(self, table: StoredTable) -> list[tuple[StoredTable, ast.ForeignKey]]:
        """Foreign keys of other tables, or its own, that point to a table."""
        return [
            (child, foreign_key)
            for child in self.tables()
            for foreign_key in child.foreign_keys
            if self.find(*foreign_key.references.parts) is table
        ]

    def tree(self, module: StoredModule) -> ast.CreateModule:
        (statement,) = parse_batch(module.text)
        assert isinstance(statement, ast.CreateModule)  # noqa: S101
        return statement

    def is_taken(self, schema: str, name: str) -> bool:
        """Whether an object or constraint of the schema has that name."""
        key = name.lower()
        return self.find(schema, name) is not None or any(
            part.lower() == key
            for table in self.tables()
            if table.schema.lower() == schema.lower()
            for part in table.named_parts
        )

    # --- changing

    def new_id(self) -> int:
        return next(self._ids)

    def put(self, write: Write, item: StoredObject) -> None:
        where = (item.object_id, item.kind, item.schema, item.name)
        self._write(write, Entry(*where, item.text, item.created_at, item.modified_at))
        self._keep(item)

    def put_index(self, write: Write, table: StoredTable, index: ast.CreateIndex) -> None:
        where = (self.new_id(), "INDEX", table.schema, f"{table.name}.{index.name}")
        self._write(write, Entry(*where, index_text(table, index), utc_now(), utc_now()))
        self._keep(replace(table, indexes=(*table.indexes, index)))

    def put_text(self, write: Write, kind: str, name: str, text: str) -> None:
        """Add a schema, role, member or permission, in the words that define it."""
        entry = Entry(self.new_id(), kind, "", name, text, utc_now(), utc_now())
        self._write(write, entry)
        self._restore(entry)

    def remove(self, write: Write, item: StoredObject) -> None:
        """Remove a table or module with its indexes, numbers and permissions."""
        key = key_of(item.schema, item.name)
        self._erase(write, item.kind, item.schema, item.name)
        del self.objects[key]
        if isinstance(item, StoredTable):
            for index in item.indexes:
                self._erase(write, "INDEX", item.schema, f"{item.name}.{index.name}")
            write("DELETE FROM _engine.identity WHERE object_id = $id", {"id": item.object_id})
        for text, held in list(self.permissions.items()):
            if held.on_kind == "OBJECT" and held.on and key_of(*held.on.parts) == key:
                self.remove_text(write, "PERMISSION", text)

    def remove_index(self, write: Write, table: StoredTable, name: str) -> None:
        self._erase(write, "INDEX", table.schema, f"{table.name}.{name}")
        rest = tuple(index for index in table.indexes if index.name.lower() != name.lower())
        self._keep(replace(table, indexes=rest))

    def remove_text(self, write: Write, kind: str, name: str) -> None:
        """Remove a schema, role, member or permission."""
        kept: dict[str, dict[str, Any]] = {
            "SCHEMA": self.schemas,
            "ROLE": self.roles,
            "MEMBER": self.members,
            "PERMISSION": self.permissions,
        }
        if kept[kind].pop(name, None) is not None:
            self._erase(write, kind, "", name)

    def _keep(self, item: StoredObject) -> None:
        self.objects[key_of(item.schema, item.name)] = item

    def _write(self, write: Write, entry: Entry) -> None:
        write("DELETE FROM _engine.definition WHERE object_id = $id", {"id": entry.object_id})
        values = ", ".join(f"${name}" for name in entry._fields)
        write(f"INSERT INTO _engine.definition VALUES ({values})", entry._asdict())
        self.version = next(self._versions)

    def _erase(self, write: Write, kind: str, schema: str, name: str) -> None:
        write(
            "DELETE FROM _engine.definition WHERE kind = $kind "
            "AND lower(schema_name) = lower($schema) AND lower(object_name) = lower($name)",
            {"kind": kind, "schema": schema, "name": name},
        )
        self.version = next(self._versions)


def _spelled(names: Iterable[str], wanted: str) -> str | None:
    """The one of the names that is the wanted one in any letter case."""
    return next((name for name in names if name.lower() == wanted.lower()), None)


class Committed:
    """What every session sees; ``writes`` counts the transactions that have written.

    Its catalog never changes: a session that changes it works on a copy, which takes its place.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.writes = 0

    def publish(self, catalog: Catalog) -> None:
        """Show the catalog of a transaction that has been committed."""
        self.catalog = catalog
        self.writes += 1
