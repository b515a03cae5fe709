"""Calls of functions: looked up in the registry, checked, and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from procluster.local.syntax import (
    Binary,
    Call,
    Case,
    Literal,
    OrderItem,
    Position,
    Star,
    SystemVariable,
    Variable,
    Window,
)
from procluster.local.translate import expressions
from procluster.local.translate.aggregates import Aggregate, Invocation
from procluster.local.translate.function import Arguments
from procluster.local.translate.functions import AGGREGATES, FUNCTIONS, LEFT_OUT, SESSION, WINDOWS
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.scope import Scope, is_call, nodes
from procluster.local.translate.term import Term, key, ordering, settled

__all__ = ["aggregates", "call", "constant_value", "count_arguments"]


def call(node: Call, scope: Scope) -> Term:
    """Write a call.

    Raises
    ------
    SqlError
        195 unknown function, 174 and 189 wrong number of arguments, 130, 147, 4108 and 4109 an
        aggregate or window where it may not stand.
    """
    if len(node.name) > 1:
        raise refuse(
            f"{'.'.join(node.name)}()", "scalar functions of one's own are left out", node.at
        )
    name = node.name[0]
    if name == "IIF":
        return iif(node, scope)
    if name in AGGREGATES or name in WINDOWS:
        return aggregate(node, scope)
    if node.over or node.distinct or node.within_group:
        raise error(10762, name, at=node.at)
    if name in SESSION:
        count_arguments(name, len(node.arguments), *SESSION[name], node.at)
        arguments = tuple(constant_value(argument, scope) for argument in node.arguments)
        return expressions.bound(*scope.context.names.session_value(name, arguments), scope)
    if name not in FUNCTIONS:
        unknown(name, node.at)
    function = FUNCTIONS[name]
    count_arguments(name, len(node.arguments), function.least, function.most, node.at)
    read = expressions.value if function.settles else expressions.unsettled
    terms = tuple(read(argument, scope) for argument in node.arguments)
    return function.write(Arguments(name, terms, node.words, node.at, scope.context))


def iif(node: Call, scope: Scope) -> Term:
    """IIF is CASE with one branch."""
    count_arguments("IIF", len(node.arguments), 3, 3, node.at)
    test, yes, no = node.arguments
    return expressions.value(Case(node.at, None, ((test, yes),), no), scope)  # type: ignore[arg-type]


def unknown(name: str, at: Position) -> NoReturn:
    if name in LEFT_OUT:
        raise refuse(f"Function {name}", "it is left out", at)
    raise error(195, name, "built-in function name", at=at)


def count_arguments(name: str, given: int, least: int, most: int, at: Position) -> None:
    """Raise 174 or 189 when a function gets another number of arguments than it takes."""
    if least <= given <= most:
        return
    if least == most:
        raise error(174, name.lower(), least, at=at)
    raise error(189, name.lower(), least, most, at=at)


def aggregate(node: Call, scope: Scope) -> Term:
    """An aggregate sees single rows; a window function sees what the SELECT list sees."""
    entry = AGGREGATES.get(node.name[0]) or WINDOWS[node.name[0]]
    star = len(node.arguments) == 1 and isinstance(node.arguments[0], Star)
    if star and not entry.name.startswith("COUNT"):
        raise error(102, "*", at=node.at)
    count_arguments(entry.name, len(node.arguments), entry.least, entry.most, node.at)
    check_place(node, scope, entry)
    inner = (
        replace(scope, clause="WINDOW")
        if node.over
        else replace(scope, groups=None, clause="AGGREGATE")
    )
    given = () if star else node.arguments
    terms = tuple(expressions.unsettled(argument, inner) for argument in given)
    if entry.name not in ("SUM", "AVG"):
        terms = tuple(map(settled, terms))
    ordered = None
    if node.within_group:
        item = node.within_group[0]
        ordered = expressions.value(item.expression, inner), item.descending
    order = order_by(node.within_group, inner)
    over = window(node.over, inner) if node.over else ""
    return entry.write(Invocation(entry.name, terms, node.distinct, ordered, order, over, node.at))


def check_place(node: Call, scope: Scope, entry: Aggregate) -> None:
    """Aggregates stand in SELECT, HAVING and ORDER BY, windows in SELECT and ORDER BY."""
    if node.over is None and entry.name in WINDOWS:
        raise error(10753, entry.name, at=node.at)
    if node.over is not None:
        if node.distinct:
            raise error(10759, at=node.at)
        if scope.clause in ("WINDOW", "AGGREGATE"):
            raise error(4109, at=node.at)
        if scope.clause not in ("SELECT", "ORDER BY"):
            raise error(4108, at=node.at)
        if entry.ordered and not node.over.order_by:
            raise error(4112, entry.name, at=node.at)
    elif scope.clause == "AGGREGATE":
        raise error(130, at=node.at)
    elif scope.groups is None:
        raise error(147, at=node.at)


def window(node: Window, scope: Scope) -> str:
    """OVER (...)."""
    parts = []
    if node.partition_by:
        keys = (key(expressions.value(part, scope)) for part in node.partition_by)
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if node.order_by:
        parts.append(order_by(node.order_by, scope).strip())
    if node.frame:
        parts.append(node.frame)
    return f" OVER ({' '.join(parts)})"


def order_by(items: Sequence[OrderItem], scope: Scope) -> str:
    """ORDER BY, with a space in front; nothing for no items."""
    written = (ordering(expressions.value(i.expression, scope), i.descending) for i in items)
    return f" ORDER BY {', '.join(written)}" if items else ""


def aggregates(node: object) -> bool:
    """Whether a tree holds an aggregate of its own query."""
    return any(is_call(part, AGGREGATES) and part.over is None for part in nodes(node))  # type: ignore[attr-defined]


def constant_value(node: object, scope: Scope) -> object:
    """The value of a constant, a variable or a session function, now.

    Raises
    ------
    Refusal
        Anything else: it would have to be computed row by row.
    """
    names = scope.context.names
    if isinstance(node, Literal) and node.kind in CONSTANTS:
        return CONSTANTS[node.kind](node.value)
    if isinstance(node, Variable) and names.variable(node.name) is not None:
        return names.value(node.name)
    if isinstance(node, SystemVariable):
        return names.session_value(node.name, ())[1]
    if isinstance(node, Call) and is_call(node, SESSION):
        arguments = tuple(constant_value(argument, scope) for argument in node.arguments)
        return names.session_value(node.name[0], arguments)[1]
    if isinstance(node, Binary) and node.operator == "+":
        both = constant_value(node.left, scope), constant_value(node.right, scope)
        if all(isinstance(side, str) for side in both):
            return "".join(map(str, both))
    at = getattr(node, "at", Position(0, 0))
    raise refuse("This argument", "only constants and variables are read here", at)


CONSTANTS: dict[str, Callable[[str], object]] = {
    "null": lambda _: None,
    "int": int,
    "string": str,
    "national": str,
}
