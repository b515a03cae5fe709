"""Conditions: DuckDB SQL of a truth value. In T-SQL they are not values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from procluster.local.syntax import (
    Between,
    Comparison,
    Condition,
    Exists,
    Expression,
    InList,
    InQuery,
    Like,
    Literal,
    Logic,
    Negation,
    NullTest,
    Position,
)
from procluster.local.translate import expressions, queries
from procluster.local.translate.arithmetic import compared
from procluster.local.translate.messages import error, refuse, unsupported
from procluster.local.translate.quoting import literal
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import Term, key, order_key, same_as_constant
from procluster.local.types import SqlType

__all__ = ["condition"]


def condition(node: Condition, scope: Scope) -> str:
    """Write a condition; NULL is neither true nor false, as in SQL Server."""
    write = WRITERS.get(type(node))
    if write is None:
        raise refuse(type(node).__name__, "it is not a condition", node.at)
    return write(node, scope)


def logic(node: Logic, scope: Scope) -> str:
    return f"({condition(node.left, scope)} {node.operator} {condition(node.right, scope)})"


def negation(node: Negation, scope: Scope) -> str:
    return f"(NOT {condition(node.operand, scope)})"


def null_test(node: NullTest, scope: Scope) -> str:
    test = "IS NOT NULL" if node.negated else "IS NULL"
    return f"({expressions.value(node.operand, scope).sql} {test})"


def between(node: Between, scope: Scope) -> str:
    low = Comparison(node.at, ">=", node.operand, node.low)
    high = Comparison(node.at, "<=", node.operand, node.high)
    both = f"({comparison(low, scope)} AND {comparison(high, scope)})"
    return f"(NOT {both})" if node.negated else both


def exists(node: Exists, scope: Scope) -> str:
    return f"EXISTS ({queries.query(node.query, scope.inner()).sql})"


def comparison(node: Comparison, scope: Scope) -> str:
    """Both sides become their common type; text compares without case and trailing spaces."""
    terms = [expressions.value(side, scope) for side in (node.left, node.right)]
    left, right = compared(terms, node.at)
    written = key if node.operator in ("=", "<>") else order_key
    if left.type.family == "guid" and written is order_key:
        raise refuse(
            "an order of uniqueidentifier", "SQL Server's order of its bytes is left out", node.at
        )
    if node.operator == "=" and (same := same_as_constant(left, right)):
        return same
    return f"({written(left)} {node.operator} {written(right)})"


def membership(node: InList, scope: Scope) -> str:
    terms = [expressions.value(side, scope) for side in (node.operand, *node.choices)]
    left, *choices = compared(terms, node.at)
    test = "NOT IN" if node.negated else "IN"
    return f"({key(left)} {test} ({', '.join(map(key, choices))}))"


def membership_in_query(node: InQuery, scope: Scope) -> str:
    """IN and NOT IN over a query, with their NULLs."""
    relation = queries.query(node.query, scope.inner())
    if len(relation.columns) != 1:
        raise error(116, at=node.at)
    alias = scope.context.alias()
    member = Term(f"{alias}.c0", relation.columns[0].type)
    operand = expressions.value(node.operand, scope)
    left, right = compared([operand, member], node.at)
    test = "NOT IN" if node.negated else "IN"
    return f"({key(left)} {test} (SELECT {key(right)} FROM ({relation.sql}) AS {alias}))"


def like(node: Like, scope: Scope) -> str:
    """LIKE: % and _ by DuckDB's LIKE, [...] in a constant pattern by a regular expression."""
    subject, pattern = (text(side, scope) for side in (node.operand, node.pattern))
    escape = None
    if node.escape is not None:
        if not isinstance(node.escape, Literal) or len(node.escape.value) != 1:
            raise refuse("ESCAPE with this value", "it must be one constant character", node.at)
        escape = node.escape.value
    unicode = any(term.type.name.startswith("n") for term in (subject, pattern))
    # Trailing spaces of the text on the left count for Unicode alone.
    subjects = [subject.sql] if unicode else [subject.sql, f"rtrim({subject.sql}, ' ')"]
    if isinstance(pattern.constant, str) and "[" in pattern.constant:
        wanted = literal(regular_expression(pattern.constant, escape, node.at))
        tests = [f"regexp_full_match({sql}, {wanted})" for sql in subjects]
    else:
        wanted = f"lower({pattern.sql})"
        if not isinstance(pattern.constant, str):
            fail = unsupported(
                "LIKE with [ in its pattern", because="the pattern must be a constant"
            )
            wanted = f"CASE WHEN contains({pattern.sql}, '[') THEN {fail} ELSE {wanted} END"
        ending = f" ESCAPE {literal(escape.lower())}" if escape else ""
        tests = [f"lower({sql}) LIKE {wanted}{ending}" for sql in subjects]
    return f"({'NOT ' if node.negated else ''}({' OR '.join(tests)}))"


def text(node: Expression, scope: Scope) -> Term:
    """A value as text."""
    term = expressions.value(node, scope)
    if term.type.family == "text":
        return term
    return expressions.converted(term, SqlType("nvarchar", 4000), node.at)


def regular_expression(pattern: str, escape: str | None, at: Position) -> str:
    """A LIKE pattern as a regular expression of DuckDB's (RE2).

    >>> regular_expression("a[^b-d]_%", None, Position(1, 1))
    '(?is)a[^b-d]..*'
    """
    found, rest = "(?is)", pattern
    while rest:
        head, rest = rest[0], rest[1:]
        if head == escape and rest:
            head, rest = rest[0], rest[1:]
            found += re.escape(head)
        elif head == "[":
            inside, closed, rest = rest.partition("]")
            members = inside.removeprefix("^")
            if not closed or not members:
                raise refuse(f"LIKE '{pattern}'", "a bracket is not closed or empty", at)
            members = members.replace("\\", "\\\\").replace("[", "\\[")
            found += f"[{'^' * inside.startswith('^')}{members}]"
        else:
            found += {"%": ".*", "_": "."}.get(head, re.escape(head))
    return found


WRITERS: dict[type, Callable[[Any, Scope], str]] = {
    Comparison: comparison,
    Logic: logic,
    Negation: negation,
    NullTest: null_test,
    InList: membership,
    InQuery: membership_in_query,
    Between: between,
    Like: like,
    Exists: exists,
}
