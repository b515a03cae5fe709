"""What the catalog keeps of tables and modules, and the T-SQL that defines a table again."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache, cached_property
from typing import ClassVar, Union

from procluster.local import syntax as ast
from procluster.local.parser import parse_batch
from procluster.local.quoting import quote_sql, quote_tsql
from procluster.local.results import Column
from procluster.local.types import KINDS, MAX, ROWVERSION, SqlType

STORAGE = {
    **{kind.storage: kind.name for kind in KINDS.values() if kind.family in ("integer", "bit")},
    "DOUBLE": "float",
    "FLOAT": "real",
    "DATE": "date",
    "UUID": "uniqueidentifier",
}
DEFAULT_SCHEMA = "dbo"
OBJECT_TYPES = {
    "TABLE": "U", "PROCEDURE": "P", "VIEW": "V", "FUNCTION": "IF",
    "PRIMARY KEY": "PK", "UNIQUE": "UQ",
}  # fmt: skip
PART_TYPES = {ast.Check: "C", ast.ForeignKey: "F", ast.ColumnDefinition: "D"}
GIVEN_NAMES = {"F": "FK", "C": "CK"}
"""How the name of a constraint begins that has none; a key's begins with its type."""


def utc_now() -> datetime:
    """Return the time as the catalog keeps it, UTC without zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class StoredTable:
    """A table; ``sql`` is its DuckDB name, ``schema`` is '' for #temp tables."""

    kind: ClassVar = "TABLE"
    object_id: int
    schema: str
    name: str
    sql: str
    columns: tuple[ast.ColumnDefinition, ...]
    constraints: tuple[ast.Constraint, ...] = ()
    indexes: tuple[ast.CreateIndex, ...] = ()
    created_at: datetime = field(default_factory=utc_now)
    modified_at: datetime = field(default_factory=utc_now)

    @property
    def full_name(self) -> str:
        """``schema.name``, or the bare name of a temp table."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def identity(self) -> ast.ColumnDefinition | None:
        return next((column for column in self.columns if column.identity), None)

    @cached_property
    def shown(self) -> tuple[Column, ...]:
        """The columns as a query sees them."""
        return tuple(Column(c.name, c.type, bool(c.nullable)) for c in self.columns)

    def column(self, name: str) -> ast.ColumnDefinition | None:
        """Return the column of that name in any letter case."""
        key = name.lower()
        return next((column for column in self.columns if column.name.lower() == key), None)

    @property
    def keys(self) -> list[ast.KeyConstraint]:
        return [one for one in self.constraints if isinstance(one, ast.KeyConstraint)]

    @property
    def checks(self) -> list[ast.Check]:
        return [one for one in self.constraints if isinstance(one, ast.Check)]

    @property
    def foreign_keys(self) -> list[ast.ForeignKey]:
        return [one for one in self.constraints if isinstance(one, ast.ForeignKey)]

    @property
    def named_parts(self) -> dict[str, ast.Constraint | ast.ColumnDefinition]:
        """By name what is an object too: the constraints, and the columns that have a default."""
        parts: dict[str, ast.Constraint | ast.ColumnDefinition] = {}
        parts.update((one.name or "", one) for one in self.constraints)
        parts.update((one.default_name, one) for one in self.columns if one.default_name)
        return parts

    @property
    def text(self) -> str:
        """CREATE TABLE with everything but the indexes."""
        lines = [*map(_column_text, self.columns), *map(_constraint_text, self.constraints)]
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


def object_type(item: StoredObject | ast.Constraint | ast.ColumnDefinition) -> str:
    """Type of an object or a named part of a table as in sys.objects."""
    return PART_TYPES.get(type(item)) or OBJECT_TYPES[getattr(item, "kind", "")]


def key_of(*parts: str) -> tuple[str, str]:
    """What an object is known by: schema and name in lower case; without a schema it is dbo."""
    schema = parts[-2] if len(parts) > 1 and parts[-2] else DEFAULT_SCHEMA
    return schema.lower(), parts[-1].lower()


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


@cache
def declared_columns(text: str) -> tuple[Column, ...]:
    """Columns from their text in CREATE TABLE."""
    (statement,) = parse_batch(f"CREATE TABLE t ({text})")
    assert isinstance(statement, ast.CreateTable)  # noqa: S101
    return table_of(0, "", "t", "", statement).shown


def table_of(
    object_id: int, schema: str, name: str, sql: str, statement: ast.CreateTable
) -> StoredTable:
    """A table from its statement; constraints without a name get one, key columns NOT NULL."""
    constraints = tuple(
        _named(constraint, name, object_id, number)
        for number, constraint in enumerate(statement.constraints)
    )
    primary = {
        column.lower()
        for one in constraints
        if isinstance(one, ast.KeyConstraint) and one.kind == "PRIMARY KEY"
        for column in one.columns
    }
    columns = tuple(
        _completed(column, column.name.lower() in primary, name, object_id)
        for column in statement.columns
    )
    return StoredTable(object_id, schema, name, sql, columns, constraints)


def _completed(
    column: ast.ColumnDefinition, in_primary_key: bool, table: str, object_id: int
) -> ast.ColumnDefinition:
    nullable = column.nullable
    if nullable is None:
        nullable = not (in_primary_key or column.identity or column.type == ROWVERSION)
    default_name = column.default_name
    if column.default is not None and default_name is None:
        default_name = f"DF__{table[:9]}__{column.name[:5]}__{object_id & 0xFFFFFFFF:08X}"
    return replace(column, nullable=nullable, default_name=default_name)


def _named(constraint: ast.Constraint, table: str, object_id: int, number: int) -> ast.Constraint:
    if constraint.name:
        return constraint
    kind = object_type(constraint)
    prefix = GIVEN_NAMES.get(kind, kind)
    suffix = f"{object_id & 0xFFFFFFFF:08X}{number:02X}"
    return replace(constraint, name=f"{prefix}__{table[:9]}__{suffix}")


def _column_text(column: ast.ColumnDefinition) -> str:
    words = [quote_tsql(column.name), str(column.type)]
    if column.identity:
        words.append(f"IDENTITY({column.identity[0]}, {column.identity[1]})")
    words.append("NULL" if column.nullable else "NOT NULL")
    if column.default_text is not None:
        name = quote_tsql(column.default_name or "")
        words.append(f"CONSTRAINT {name} DEFAULT {column.default_text}")
    return " ".join(words)


def _constraint_text(constraint: ast.Constraint) -> str:
    text = f"CONSTRAINT {quote_tsql(constraint.name or '')}"
    if isinstance(constraint, ast.Check):
        return f"{text} CHECK {constraint.condition_text}"
    columns = ", ".join(map(quote_tsql, constraint.columns))
    if isinstance(constraint, ast.KeyConstraint):
        return f"{text} {constraint.kind} ({columns})"
    text += f" FOREIGN KEY ({columns}) REFERENCES {quote_tsql(*constraint.references.parts)}"
    referenced = ", ".join(map(quote_tsql, constraint.referenced_columns))
    return text + (f" ({referenced})" if referenced else "")


def index_text(table: StoredTable, index: ast.CreateIndex) -> str:
    columns = ", ".join(quote_tsql(c) + " DESC" * (c in index.descending) for c in index.columns)
    include = ", ".join(map(quote_tsql, index.include))
    text = f"CREATE {'UNIQUE ' * index.unique}INDEX {quote_tsql(index.name)} ON "
    text += f"{quote_tsql(table.schema, table.name)} ({columns})"
    text += f" INCLUDE ({include})" if include else ""
    return text + (f" WHERE {index.where_text}" if index.where_text else "")


def storage_columns(columns: tuple[ast.ColumnDefinition, ...]) -> str:
    """Columns as DuckDB's CREATE TABLE lists them."""
    return ", ".join(f"{quote_sql(column.name)} {column.type.storage}" for column in columns)
