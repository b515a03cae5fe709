"""Expressions, and conditions, which are not values in T-SQL."""

from __future__ import annotations

from dataclasses import dataclass

from procluster.local.syntax.node import Condition, Expression, Node
from procluster.local.types import SqlType


@dataclass(frozen=True)
class Literal(Expression):
    """A constant: int, decimal, float, string, national, binary (hex digits), null or default."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class ColumnRef(Expression):
    """``a``, ``t.a`` or ``schema.t.a``."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Star(Expression):
    """``*`` or ``t.*``."""

    qualifier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable(Expression):
    """``@name``, or ``@@NAME`` in upper case."""

    name: str


@dataclass(frozen=True)
class Unary(Expression):
    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Expression):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Branch(Node):
    """WHEN ... THEN ...: a condition, or in a simple CASE a value."""

    test: Expression | Condition
    result: Expression


@dataclass(frozen=True)
class Case(Expression):
    branches: tuple[Branch, ...]
    operand: Expression | None = None
    otherwise: Expression | None = None


@dataclass(frozen=True)
class Cast(Expression):
    """CAST, CONVERT and their TRY_ forms."""

    operand: Expression
    target: SqlType
    attempt: bool = False
    style: Expression | None = None


@dataclass(frozen=True)
class OrderItem(Node):
    expression: Expression
    descending: bool = False


@dataclass(frozen=True)
class Window(Node):
    """``OVER (PARTITION BY ... ORDER BY ... ROWS ...)``; ``frame`` is its text, upper case."""

    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str = ""


@dataclass(frozen=True)
class Call(Expression):
    """A function call; the name of a built-in is upper case, ``word`` its datepart."""

    name: tuple[str, ...]
    arguments: tuple[Expression | Condition, ...] = ()
    word: str = ""
    distinct: bool = False
    within_group: tuple[OrderItem, ...] = ()
    over: Window | None = None


@dataclass(frozen=True)
class Comparison(Condition):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Logic(Condition):
    """AND or OR."""

    operator: str
    left: Condition
    right: Condition


@dataclass(frozen=True)
class Negation(Condition):
    operand: Condition


@dataclass(frozen=True)
class NullTest(Condition):
    operand: Expression


@dataclass(frozen=True)
class InList(Condition):
    operand: Expression
    choices: tuple[Expression, ...]


@dataclass(frozen=True)
class Like(Condition):
    operand: Expression
    pattern: Expression
    escape: Expression | None = None
