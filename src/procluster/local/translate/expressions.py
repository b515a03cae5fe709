"""Values: a tree of the syntax to a typed piece of DuckDB SQL.

Expressions, conditions and queries hold each other, so these modules import each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from procluster.local.syntax import (
    Binary,
    Call,
    Case,
    Cast,
    ColumnRef,
    Comparison,
    Condition,
    Expression,
    Literal,
    Position,
    ScalarQuery,
    Star,
    SystemVariable,
    Unary,
    Variable,
)
from procluster.local.translate import calls, conditions, queries
from procluster.local.translate.arithmetic import combined, operate, signed
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.promotion import constant_type
from procluster.local.translate.quoting import literal
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import NULL, Term, settled
from procluster.local.types import SqlType

__all__ = ["bound", "converted", "unsettled", "value"]


def value(node: Expression | Condition, scope: Scope) -> Term:
    """A value, checked for float overflow."""
    return settled(unsettled(node, scope))


def unsettled(node: Expression | Condition, scope: Scope) -> Term:
    """A value; float arithmetic may still be infinite (see :func:`.term.settled`)."""
    if scope.groups and (term := scope.grouped(node)):  # type: ignore[arg-type]
        return term
    write = WRITERS.get(type(node))
    if write is None:
        raise refuse(f"{type(node).__name__} as a value", "conditions are not values", node.at)
    return write(node, scope)


def constant(node: Literal, _: Scope) -> Term:
    """A literal, with its type written out so that DuckDB does not choose another."""
    if node.kind == "null":
        return Term("CAST(NULL AS INTEGER)", NULL)
    if node.kind == "default":
        raise error(156, at=node.at)
    kind = constant_type(node)
    if node.kind in ("string", "national"):
        return Term(literal(node.value), kind, nullable=False, constant=node.value)
    if node.kind == "binary":
        digits = node.value if len(node.value) % 2 == 0 else "0" + node.value
        return Term(f"unhex({literal(digits)})", kind, nullable=False)
    if node.kind == "float":
        number = float(node.value if node.value[-1] not in "eE+-" else node.value + "0")
        if number in (float("inf"), float("-inf")):
            raise error(168, node.value, at=node.at)
        sql = f"CAST('{number!r}' AS DOUBLE)"
        return Term(sql, kind, False, Decimal(number), nonzero=number != 0)
    exact = Decimal(node.value)
    sql = f"CAST({exact:f} AS {kind.storage})"
    return Term(sql, kind, nullable=False, constant=exact, nonzero=exact != 0)


def variable(node: Variable, scope: Scope) -> Term:
    """A parameter of the statement, or the argument of an inline function."""
    name = node.name.lower()
    if name in scope.arguments:
        return scope.arguments[name]
    # A view or function has no variables but its own parameters.
    kind = None if scope.expanding else scope.context.names.variable(node.name)
    if kind is None:
        raise error(137, node.name, at=node.at)
    return Term(scope.context.parameter(scope.context.names.value(node.name), kind, name), kind)


def bound(kind: SqlType, now: object, scope: Scope) -> Term:
    """A value known when the statement is compiled."""
    return Term(scope.context.parameter(now, kind), kind, nullable=now is None)


def choice(node: Case, scope: Scope) -> Term:
    """CASE; the simple form compares by each pair's own type."""
    tests = []
    for test, _ in node.branches:
        if node.operand is not None:
            test = Comparison(test.at, "=", node.operand, test)  # type: ignore[arg-type]  # noqa: PLW2901
        tests.append(conditions.condition(test, scope))  # type: ignore[arg-type]
    results = [value(result, scope) for _, result in node.branches]
    results.append(value(node.otherwise or Literal(node.at, "null", ""), scope))
    if all(term.null for term in results):
        raise error(8133, at=node.at)
    kind, terms = combined(results, node.at)
    branches = " ".join(
        f"WHEN {test} THEN {term.sql}" for test, term in zip(tests, terms[:-1], strict=True)
    )
    nullable = any(term.nullable for term in terms)
    return Term(f"CASE {branches} ELSE {terms[-1].sql} END", kind, nullable)


def cast(node: Cast, scope: Scope) -> Term:
    """CAST, CONVERT and their TRY_ forms."""
    style = None
    if node.style is not None:
        found = calls.constant_value(node.style, scope)
        if not isinstance(found, int):
            raise refuse("CONVERT with this style", "only a whole number is read", node.at)
        style = int(found)
    return converted(value(node.operand, scope), node.target, node.at, node.attempt, style)


def converted(
    term: Term,
    target: SqlType,
    at: Position,
    attempt: bool = False,
    style: int | None = None,
) -> Term:
    """Explicit conversion."""
    if term.null:
        return Term(f"CAST(NULL AS {target.storage})", target)
    sql = convert_sql(term.sql, term.type, target, attempt, style=style, at=at)
    return replace(
        term,
        sql=sql,
        type=target,
        nullable=attempt or term.nullable,
        constant=None,
        nonzero=term.nonzero and target.family == "float",
    )


def subquery(node: ScalarQuery, scope: Scope) -> Term:
    """A query of one column and, when it runs, at most one row (512)."""
    relation = queries.query(node.query, scope.inner())
    if len(relation.columns) != 1:
        raise error(116, at=node.at)
    return Term(f"({relation.sql})", relation.columns[0].type)


def stray_star(node: Star, _: Scope) -> Term:
    raise error(102, "*", at=node.at)


def system_variable(node: SystemVariable, scope: Scope) -> Term:
    return bound(*scope.context.names.session_value(node.name, ()), scope)


def unary(node: Unary, scope: Scope) -> Term:
    return signed(node.operator, unsettled(node.operand, scope), node.at)


def binary(node: Binary, scope: Scope) -> Term:
    left, right = unsettled(node.left, scope), unsettled(node.right, scope)
    return operate(node.operator, left, right, node.at)


WRITERS: dict[type, Callable[[Any, Scope], Term]] = {
    Literal: constant,
    ColumnRef: lambda node, scope: scope.column(node),
    Variable: variable,
    SystemVariable: system_variable,
    Unary: unary,
    Binary: binary,
    Case: choice,
    Cast: cast,
    Call: calls.call,
    ScalarQuery: subquery,
    Star: stray_star,
}
