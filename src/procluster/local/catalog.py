"""The objects of a database and where they are kept.

DuckDB holds the rows; what it cannot say (T-SQL types, keys, identity, module texts, permissions)
is kept as the T-SQL that defines it, in ``_engine.definition``, and read back when the database
is opened. Tables that something else put into the file get their T-SQL types from DuckDB's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Union

from procluster.local.parser import parse_batch
from procluster.local.syntax import (
    Check,
    ColumnDefinition,
    CreateIndex,
    CreateModule,
    CreateRole,
    CreateSchema,
    CreateTable,
    ForeignKey,
    KeyConstraint,
    ObjectName,
    Permission,
    Position,
    RoleMember,
)
from procluster.local.types import KINDS, MAX, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["Catalog", "StoredModule", "StoredObject", "StoredTable", "object_type", "quote_sql", "quote_tsql"]

START = """
CREATE SCHEMA IF NOT EXISTS _engine;
CREATE SCHEMA IF NOT EXISTS dbo;
CREATE TABLE IF NOT EXISTS _engine.definition (
    object_id INTEGER, kind VARCHAR, schema_name VARCHAR, object_name VARCHAR,
    text VARCHAR, created_at TIMESTAMP, modified_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS _engine.identity (object_id INTEGER, last_value BIGINT);
"""
FIRST_ID = 1_000_000
FIRST_FOREIGN_ID = 1_900_000_000
NOWHERE = Position(0, 0)
FIXED_SCHEMAS = {"dbo": 1, "guest": 2, "INFORMATION_SCHEMA": 3, "sys": 4}
HIDDEN_SCHEMAS = ("_engine", "information_schema", "pg_catalog")
STORAGE = {
    **{kind.storage: kind.name for kind in KINDS.values() if kind.family in ("integer", "bit")},
    "DOUBLE": "float",
    "FLOAT": "real",
    "DATE": "date",
    "UUID": "uniqueidentifier",
}


def quote_sql(*parts: str) -> str:
    """A DuckDB name from its parts."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def quote_tsql(*parts: str) -> str:
    """A T-SQL name from its parts."""
    return ".".join("[" + part.replace("]", "]]") + "]" for part in parts)


def utc_now() -> datetime:
    """Return the time as the catalog keeps it, UTC without zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class StoredTable:
    """A table; ``sql`` is its DuckDB name, ``schema`` is '' for #temp tables and @tables."""

    object_id: int
    schema: str
    name: str
    sql: str
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[KeyConstraint, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[CreateIndex, ...] = ()
    created_at: datetime = field(default_factory=utc_now)
    modified_at: datetime = field(default_factory=utc_now)

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def identity(self) -> ColumnDefinition | None:
        return next((column for column in self.columns if column.identity), None)

    def column(self, name: str) -> ColumnDefinition | None:
        """Return the column of that name in any letter case."""
        key = name.lower()
        return next((column for column in self.columns if column.name.lower() == key), None)

    def constraints(self) -> Iterator[tuple[str, str]]:
        """Name and sys.objects type of each constraint."""
        for key in self.keys:
            yield key.name or "", "PK" if key.kind == "PRIMARY KEY" else "UQ"
        for check in self.checks:
            yield check.name or "", "C"
        for foreign_key in self.foreign_keys:
            yield foreign_key.name or "", "F"
        for column in self.columns:
            if column.default_name:
                yield column.default_name, "D"

    def text(self) -> str:
        """CREATE TABLE with everything but the indexes."""
        lines = [_column_text(column) for column in self.columns]
        for key in self.keys:
            columns = ", ".join(quote_tsql(column) for column in key.columns)
            lines.append(f"CONSTRAINT {quote_tsql(key.name or '')} {key.kind} ({columns})")
        for check in self.checks:
            lines.append(f"CONSTRAINT {quote_tsql(check.name or '')} CHECK {check.text}")
        lines += [_foreign_key_text(foreign_key) for foreign_key in self.foreign_keys]
        body = ",\n    ".join(lines)
        return f"CREATE TABLE {quote_tsql(self.schema, self.name)} (\n    {body}\n)"


@dataclass(frozen=True)
class StoredModule:
    """A procedure, view or inline function by its text."""

    object_id: int
    schema: str
    name: str
    kind: str
    text: str
    created_at: datetime = field(default_factory=utc_now)
    modified_at: datetime = field(default_factory=utc_now)

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


StoredObject = Union[StoredTable, StoredModule]
MODULE_TYPES = {"PROCEDURE": "P", "VIEW": "V", "FUNCTION": "IF"}


def object_type(item: StoredObject) -> str:
    """Type of an object as in sys.objects."""
    return "U" if isinstance(item, StoredTable) else MODULE_TYPES[item.kind]


class Catalog:
    """Objects, schemas, roles and permissions of one database, in memory and in the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.version = 0
        self.identities: dict[int, int] = {}
        self._trees: dict[str, CreateModule] = {}
        connection.execute(START)
        self.load(connection)

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read everything from the file, which undoes what a rollback took back."""
        self.version += 1
        self.objects: dict[tuple[str, str], StoredObject] = {}
        self.schemas = dict(FIXED_SCHEMAS)
        self.roles: dict[str, int] = {}
        self.members: list[RoleMember] = []
        self.permissions: list[Permission] = []
        self.next_id = FIRST_ID
        numbers = connection.execute("SELECT object_id, last_value FROM _engine.identity")
        self.identities = {**dict(numbers.fetchall()), **self.identities}
        rows = connection.execute(
            "SELECT object_id, kind, schema_name, object_name, text, created_at, modified_at "
            "FROM _engine.definition ORDER BY object_id"
        ).fetchall()
        for row in rows:
            self._restore(*row)
            self.next_id = max(self.next_id, row[0] + 1)
        self._discover(connection)

    def _restore(
        self,
        object_id: int,
        kind: str,
        schema: str,
        name: str,
        text: str,
        created_at: datetime,
        modified_at: datetime,
    ) -> None:
        if kind in ("PROCEDURE", "VIEW", "FUNCTION"):
            self._keep(
                StoredModule(object_id, schema, name, kind, text, created_at, modified_at)
            )
            return
        (statement,) = parse_batch(text)
        if isinstance(statement, CreateTable):
            sql = quote_sql(schema, name)
            table = table_of(object_id, schema, name, sql, statement)
            self._keep(replace(table, created_at=created_at, modified_at=modified_at))
        elif isinstance(statement, CreateIndex):
            owner = self.objects[schema.lower(), statement.table.parts[-1].lower()]
            if isinstance(owner, StoredTable):
                self._keep(replace(owner, indexes=(*owner.indexes, statement)))
        elif isinstance(statement, CreateSchema):
            self.schemas[statement.name] = object_id
        elif isinstance(statement, CreateRole):
            self.roles[statement.name] = object_id
        elif isinstance(statement, RoleMember):
            self.members.append(statement)
        elif isinstance(statement, Permission):
            self.permissions.append(statement)

    def _discover(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take in the tables that are in the file but not in the catalog."""
        rows = connection.execute(
            "SELECT schema_name, table_name, column_name, data_type, is_nullable "
            "FROM duckdb_columns() WHERE NOT internal AND database_name = current_database() "
            "AND schema_name NOT IN (SELECT unnest($hidden)) "
            "ORDER BY schema_name, table_name, column_index",
            {"hidden": list(HIDDEN_SCHEMAS)},
        ).fetchall()
        found: dict[tuple[str, str], list[ColumnDefinition] | None] = {}
        for schema, table, name, storage, nullable in rows:
            if (schema.lower(), table.lower()) in self.objects:
                continue
            kind = type_of_storage(storage)
            columns = found.setdefault((schema, table), [])
            if kind is None or columns is None:
                found[schema, table] = None
            else:
                columns.append(ColumnDefinition(NOWHERE, name, kind, nullable))
        for number, ((schema, table), columns) in enumerate(found.items()):
            self.schemas.setdefault(schema, FIRST_FOREIGN_ID - 1 - number)
            if columns:
                sql = quote_sql(schema, table)
                object_id = FIRST_FOREIGN_ID + number
                self._keep(StoredTable(object_id, schema, table, sql, tuple(columns)))

    # --- looking up

    def find(self, schema: str, name: str) -> StoredObject | None:
        return self.objects.get((schema.lower(), name.lower()))

    def by_id(self, object_id: int) -> StoredObject | None:
        return next((o for o in self.objects.values() if o.object_id == object_id), None)

    def schema(self, name: str) -> str | None:
        """Return a schema's name as it was created, None without such a schema."""
        return next((found for found in self.schemas if found.lower() == name.lower()), None)

    def role(self, name: str) -> str | None:
        return next((found for found in self.roles if found.lower() == name.lower()), None)

    def tables(self) -> list[StoredTable]:
        return [found for found in self.objects.values() if isinstance(found, StoredTable)]

    def modules(self) -> list[StoredModule]:
        return [found for found in self.objects.values() if isinstance(found, StoredModule)]

    def referencing(self, table: StoredTable) -> list[tuple[StoredTable, ForeignKey]]:
        """Foreign keys of other tables, or its own, that point to a table."""
        return [
            (child, foreign_key)
            for child in self.tables()
            for foreign_key in child.foreign_keys
            if same_name(foreign_key.references, table)
        ]

    def tree(self, module: StoredModule) -> CreateModule:
        """Parse a module's text, once."""
        tree = self._trees.get(module.text)
        if tree is None:
            (statement,) = parse_batch(module.text)
            assert isinstance(statement, CreateModule)  # noqa: S101
            tree = self._trees[module.text] = statement
        return tree

    def is_taken(self, schema: str, name: str) -> bool:
        """Whether an object or constraint of the schema has that name."""
        key = name.lower()
        return (schema.lower(), key) in self.objects or any(
            constraint.lower() == key
            for table in self.tables()
            if table.schema.lower() == schema.lower()
            for constraint, _ in table.constraints()
        )

    # --- changing

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def put(self, connection: duckdb.DuckDBPyConnection, item: StoredObject) -> None:
        """Add or replace a table or module."""
        text = item.text if isinstance(item, StoredModule) else item.text()
        kind = item.kind if isinstance(item, StoredModule) else "TABLE"
        self._write(connection, item.object_id, kind, item.schema, item.name, text, item)
        self._keep(item)
        self.version += 1

    def put_index(
        self, connection: duckdb.DuckDBPyConnection, table: StoredTable, index: CreateIndex
    ) -> None:
        text = _index_text(table, index)
        self._write(connection, self.new_id(), "INDEX", table.schema, index.name, text)
        self._keep(replace(table, indexes=(*table.indexes, index)))
        self.version += 1

    def put_text(
        self, connection: duckdb.DuckDBPyConnection, kind: str, name: str, text: str
    ) -> None:
        """Add a schema, role, member or permission, in the words that define it."""
        object_id = self.new_id()
        self._write(connection, object_id, kind, "", name, text)
        now = utc_now()
        self._restore(object_id, kind, "", name, text, now, now)
        self.version += 1

    def remove(self, connection: duckdb.DuckDBPyConnection, item: StoredObject) -> None:
        connection.execute(
            "DELETE FROM _engine.definition WHERE object_id = $id", {"id": item.object_id}
        )
        del self.objects[item.schema.lower(), item.name.lower()]
        if isinstance(item, StoredTable):
            for index in item.indexes:
                self._erase(connection, "INDEX", item.schema, index.name)
            connection.execute(
                "DELETE FROM _engine.identity WHERE object_id = $id", {"id": item.object_id}
            )
        self.permissions = [
            held
            for held in self.permissions
            if held.on_kind != "OBJECT" or not same_name(held.on, item)
        ]
        self._erase_permissions(connection, item)
        self.version += 1

    def remove_text(
        self, connection: duckdb.DuckDBPyConnection, kind: str, name: str, schema: str = ""
    ) -> None:
        """Remove a schema, role, index, member or permission."""
        self._erase(connection, kind, schema, name)
        self.load(connection)

    def _keep(self, item: StoredObject) -> None:
        self.objects[item.schema.lower(), item.name.lower()] = item

    def _write(
        self,
        connection: duckdb.DuckDBPyConnection,
        object_id: int,
        kind: str,
        schema: str,
        name: str,
        text: str,
        item: StoredObject | None = None,
    ) -> None:
        now = utc_now()
        values = {
            "id": object_id,
            "kind": kind,
            "schema": schema,
            "name": name,
            "text": text,
            "created": item.created_at if item else now,
            "modified": item.modified_at if item else now,
        }
        connection.execute(
            "DELETE FROM _engine.definition WHERE object_id = $id", {"id": object_id}
        )
        connection.execute(
            "INSERT INTO _engine.definition VALUES "
            "($id, $kind, $schema, $name, $text, $created, $modified)",
            values,
        )

    def _erase(
        self, connection: duckdb.DuckDBPyConnection, kind: str, schema: str, name: str
    ) -> None:
        connection.execute(
            "DELETE FROM _engine.definition WHERE kind = $kind "
            "AND lower(schema_name) = lower($schema) AND lower(object_name) = lower($name)",
            {"kind": kind, "schema": schema, "name": name},
        )

    def _erase_permissions(
        self, connection: duckdb.DuckDBPyConnection, item: StoredObject
    ) -> None:
        connection.execute(
            "DELETE FROM _engine.definition WHERE kind = 'PERMISSION' "
            "AND lower(object_name) LIKE lower($name)",
            {"name": f"% ON OBJECT::{quote_tsql(item.schema, item.name)} %"},
        )


def same_name(name: ObjectName | None, item: StoredObject) -> bool:
    """Whether a name means an object; one part means schema dbo."""
    if name is None:
        return False
    schema = name.parts[-2] if len(name.parts) > 1 else "dbo"
    return (schema.lower(), name.parts[-1].lower()) == (item.schema.lower(), item.name.lower())


def type_of_storage(storage: str) -> SqlType | None:
    """T-SQL type of a DuckDB column that another program made; None where there is none."""
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", storage):
        return SqlType("decimal", int(decimal[1]), int(decimal[2]))
    if storage == "VARCHAR":
        return SqlType("nvarchar", MAX)
    if storage == "BLOB":
        return SqlType("varbinary", MAX)
    if storage == "TIMESTAMP":
        return SqlType("datetime2", 0, 7)
    return SqlType(STORAGE[storage]) if storage in STORAGE else None


def table_of(
    object_id: int, schema: str, name: str, sql: str, statement: CreateTable
) -> StoredTable:
    """A table from its statement; constraints without a name get one, key columns NOT NULL."""
    constraints = tuple(
        _named(constraint, name, object_id, number)
        for number, constraint in enumerate(statement.constraints)
    )
    keys = tuple(c for c in constraints if isinstance(c, KeyConstraint))
    primary = {
        column.lower() for key in keys if key.kind == "PRIMARY KEY" for column in key.columns
    }
    columns = tuple(
        _completed(column, column.name.lower() in primary, name, object_id)
        for column in statement.columns
    )
    checks = tuple(c for c in constraints if isinstance(c, Check))
    foreign_keys = tuple(c for c in constraints if isinstance(c, ForeignKey))
    return StoredTable(object_id, schema, name, sql, columns, keys, checks, foreign_keys)


def _completed(
    column: ColumnDefinition, in_primary_key: bool, table: str, object_id: int
) -> ColumnDefinition:
    nullable = column.nullable
    if nullable is None:
        nullable = not in_primary_key and column.identity is None
    default_name = column.default_name
    if column.default is not None and default_name is None:
        default_name = f"DF__{table[:9]}__{column.name[:5]}__{object_id & 0xFFFFFFFF:08X}"
    return replace(column, nullable=nullable, default_name=default_name)


CONSTRAINT_PREFIXES = {KeyConstraint: "PK", ForeignKey: "FK", Check: "CK"}


def _named(
    constraint: KeyConstraint | ForeignKey | Check, table: str, object_id: int, number: int
) -> KeyConstraint | ForeignKey | Check:
    if constraint.name:
        return constraint
    prefix = CONSTRAINT_PREFIXES[type(constraint)]
    if isinstance(constraint, KeyConstraint) and constraint.kind == "UNIQUE":
        prefix = "UQ"
    suffix = f"{object_id & 0xFFFFFFFF:08X}{number:02X}"
    return replace(constraint, name=f"{prefix}__{table[:9]}__{suffix}")


def _column_text(column: ColumnDefinition) -> str:
    words = [quote_tsql(column.name), str(column.type)]
    if column.identity:
        words.append(f"IDENTITY({column.identity[0]}, {column.identity[1]})")
    words.append("NULL" if column.nullable else "NOT NULL")
    if column.default_text is not None:
        name = quote_tsql(column.default_name or "")
        words.append(f"CONSTRAINT {name} DEFAULT {column.default_text}")
    return " ".join(words)


def _foreign_key_text(foreign_key: ForeignKey) -> str:
    columns = ", ".join(quote_tsql(column) for column in foreign_key.columns)
    text = f"CONSTRAINT {quote_tsql(foreign_key.name or '')} FOREIGN KEY ({columns}) REFERENCES "
    text += quote_tsql(*foreign_key.references.parts)
    referenced = ", ".join(quote_tsql(column) for column in foreign_key.referenced_columns)
    return text + (f" ({referenced})" if referenced else "")


def _index_text(table: StoredTable, index: CreateIndex) -> str:
    columns = ", ".join(
        quote_tsql(getattr(item.expression, "parts", ("",))[-1]) + " DESC" * item.descending
        for item in index.columns
    )
    text = f"CREATE {'UNIQUE ' * index.unique}INDEX {quote_tsql(index.name)} ON "
    text += f"{quote_tsql(table.schema, table.name)} ({columns})"
    if index.include:
        text += f" INCLUDE ({', '.join(quote_tsql(name) for name in index.include)})"
    return text + (f" WHERE {index.where_text}" if index.where_text else "")
