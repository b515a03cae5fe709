"""Queries, their sources, and the values and conditions that hold a query."""

from __future__ import annotations

from dataclasses import dataclass

from procluster.local.syntax.node import Condition, Expression, Node, ObjectName, TableSource
from procluster.local.syntax.values import Call, OrderItem
from procluster.local.types import SqlType


@dataclass(frozen=True)
class NamedTable(TableSource):
    """A table, view, temp table or common table."""

    name: ObjectName
    alias: str | None = None


@dataclass(frozen=True)
class DerivedTable(TableSource):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValuesTable(TableSource):
    rows: tuple[tuple[Expression, ...], ...]
    alias: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class JsonColumn(Node):
    """One column of ``OPENJSON ... WITH (name type 'path' AS JSON)``."""

    name: str
    type: SqlType
    path: str | None = None
    as_json: bool = False


@dataclass(frozen=True)
class FunctionTable(TableSource):
    """OPENJSON, or an inline function of the user's."""

    call: Call
    alias: str | None = None
    columns: tuple[str, ...] = ()
    schema: tuple[JsonColumn, ...] = ()


@dataclass(frozen=True)
class Join(Node):
    """What is joined to the sources before it; CROSS and APPLY have no condition."""

    right: TableSource
    condition: Condition | None = None
    kind: str = "INNER"


@dataclass(frozen=True)
class Joined(TableSource):
    first: TableSource
    joins: tuple[Join, ...]


@dataclass(frozen=True)
class SelectItem(Node):
    """A column of a SELECT list; ``variable`` for ``SELECT @v = expression``."""

    expression: Expression
    alias: str | None = None
    variable: str | None = None
    operator: str = "="


@dataclass(frozen=True)
class CommonTable(Node):
    name: str
    query: Query
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Select(Node):
    """One query specification."""

    items: tuple[SelectItem, ...]
    distinct: bool = False
    top: Expression | None = None
    into: ObjectName | None = None
    source: TableSource | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None


@dataclass(frozen=True)
class SetOperation(Node):
    """UNION, UNION ALL, EXCEPT or INTERSECT."""

    operator: str
    left: Select | SetOperation
    right: Select | SetOperation


@dataclass(frozen=True)
class Query(Node):
    """A whole SELECT: common tables, body, ORDER BY, OFFSET ... FETCH."""

    body: Select | SetOperation
    with_tables: tuple[CommonTable, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    offset: Expression | None = None
    fetch: Expression | None = None


@dataclass(frozen=True)
class ScalarQuery(Expression):
    query: Query


@dataclass(frozen=True)
class InQuery(Condition):
    operand: Expression
    query: Query


@dataclass(frozen=True)
class Exists(Condition):
    query: Query
