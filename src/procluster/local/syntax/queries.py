"""Values, conditions, which are no values in T-SQL, queries, and what FROM names."""

from __future__ import annotations

from procluster.local.syntax.node import (
    Condition,
    Expression,
    Node,
    ObjectName,
    Statement,
    TableSource,
)
from procluster.local.types import SqlType


class Literal(Expression):
    """A constant: int, decimal, float, string, national, binary (hex digits), null or default."""

    kind: str
    value: str = ""


class ColumnRef(Expression):
    """``a``, ``t.a`` or ``schema.t.a``."""

    parts: tuple[str, ...]


class Star(Expression):
    """``*`` or ``t.*``."""

    qualifier: tuple[str, ...] = ()


class Variable(Expression):
    """``@name``, or ``@@NAME`` in upper case."""

    name: str


class Unary(Expression):
    operator: str
    operand: Expression


class Binary(Expression):
    operator: str
    left: Expression
    right: Expression


class Branch(Node):
    """WHEN ... THEN ...: a condition, or in a simple CASE a value."""

    test: Expression | Condition
    result: Expression


class Case(Expression):
    branches: tuple[Branch, ...]
    operand: Expression | None = None
    otherwise: Expression | None = None


class Cast(Expression):
    """CAST, CONVERT and their TRY_ forms."""

    operand: Expression
    target: SqlType
    attempt: bool = False
    style: Expression | None = None


class OrderItem(Node):
    expression: Expression
    descending: bool = False


class Window(Node):
    """``OVER (PARTITION BY ... ORDER BY ... ROWS ...)``; ``frame`` is its text, upper case."""

    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str = ""


class Call(Expression):
    """A function call; the name of a built-in is upper case, ``word`` its datepart."""

    name: tuple[str, ...]
    arguments: tuple[Expression | Condition, ...] = ()
    word: str = ""
    distinct: bool = False
    within_group: tuple[OrderItem, ...] = ()
    over: Window | None = None


class Comparison(Condition):
    operator: str
    left: Expression
    right: Expression


class Logic(Condition):
    """AND or OR."""

    operator: str
    left: Condition
    right: Condition


class Negation(Condition):
    operand: Condition


class NullTest(Condition):
    operand: Expression


class InList(Condition):
    operand: Expression
    choices: tuple[Expression, ...]


class Like(Condition):
    operand: Expression
    pattern: Expression
    escape: Expression | None = None


class NamedTable(TableSource):
    """A table, view, temp table or common table."""

    name: ObjectName
    alias: str | None = None


class DerivedTable(TableSource):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


class ValuesTable(TableSource):
    rows: tuple[tuple[Expression, ...], ...]
    alias: str = ""
    columns: tuple[str, ...] = ()


class JsonColumn(Node):
    """One column of ``OPENJSON ... WITH (name type 'path' AS JSON)``."""

    name: str
    type: SqlType
    path: str | None = None
    as_json: bool = False


class FunctionTable(TableSource):
    """OPENJSON, or an inline function of the user's."""

    call: Call
    alias: str | None = None
    columns: tuple[str, ...] = ()
    schema: tuple[JsonColumn, ...] = ()


class Join(Node):
    """What is joined to the sources before it; CROSS and APPLY have no condition."""

    right: TableSource
    condition: Condition | None = None
    kind: str = "INNER"


class Joined(TableSource):
    first: TableSource
    joins: tuple[Join, ...]


class SelectItem(Node):
    """A column of a SELECT list; ``variable`` for ``SELECT @v = expression``."""

    expression: Expression
    alias: str | None = None
    variable: str | None = None
    operator: str = "="


class CommonTable(Node):
    name: str
    query: Query
    columns: tuple[str, ...] = ()


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


class SetOperation(Node):
    """UNION, UNION ALL, EXCEPT or INTERSECT."""

    operator: str
    left: Select | SetOperation
    right: Select | SetOperation


class Query(Statement):
    """A whole SELECT, as a statement or within one."""

    body: Select | SetOperation
    with_tables: tuple[CommonTable, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    offset: Expression | None = None
    fetch: Expression | None = None


class ScalarQuery(Expression):
    query: Query


class InQuery(Condition):
    operand: Expression
    query: Query


class Exists(Condition):
    query: Query
