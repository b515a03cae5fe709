"""Calls of functions: looked up in the registry, checked, and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from procluster.errors import SqlError
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
from procluster.local.translate.scope import Scope, is_call, nodes, refuse
from procluster.local.translate.term import Term, key, order_key, settled

__all__ = ["aggregates", "call", "constant_value", "ordering"]


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
        message = (
            f"The function '{name}' is not a valid windowing function, and cannot be used "
            "with the OVER clause."
        )
        raise SqlError(10762, message, severity=15, line=node.at.line)
    if name in SESSION:
        count_arguments(name, len(node.arguments), *SESSION[name], node.at)
        arguments = tuple(constant_value(argument, scope) for argument in node.arguments)
        return expressions.bound(*scope.context.names.session_value(name, arguments), scope)
    if name not in FUNCTIONS:
        unknown(name, node.at)
    function = FUNCTIONS[name]
    count_arguments(name, len(node.arguments), function.least, function.most, node.at)
    terms = tuple(expressions.value(argument, scope) for argument in node.arguments)
    return function.write(Arguments(name, terms, node.words, node.at, scope.context))


def iif(node: Call, scope: Scope) -> Term:
    """IIF is CASE with one branch."""
    count_arguments("IIF", len(node.arguments), 3, 3, node.at)
    test, yes, no = node.arguments
    return expressions.value(Case(node.at, None, ((test, yes),), no), scope)  # type: ignore[arg-type]


def unknown(name: str, at: Position) -> NoReturn:
    if name in LEFT_OUT:
        raise refuse(f"Function {name}", "it is left out", at)
    message = f"'{name}' is not a recognized built-in function name."
    raise SqlError(195, message, severity=15, state=10, line=at.line)


def count_arguments(name: str, given: int, least: int, most: int, at: Position) -> None:
    if least <= given <= most:
        return
    number, wanted = 174, f"{least} argument(s)"
    if least != most:
        number, wanted = 189, f"{least} to {most} arguments"
    message = f"The {name.lower()} function requires {wanted}."
    raise SqlError(number, message, severity=15, line=at.line)


def aggregate(node: Call, scope: Scope) -> Term:
    """An aggregate sees single rows; a window function sees what the SELECT list sees."""
    entry = AGGREGATES.get(node.name[0]) or WINDOWS[node.name[0]]
    star = len(node.arguments) == 1 and isinstance(node.arguments[0], Star)
    if star and not entry.name.startswith("COUNT"):
        raise SqlError(102, "Incorrect syntax near '*'.", severity=15, line=node.at.line)
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
    order = ordering(node.within_group, inner)
    over = window(node.over, inner) if node.over else ""
    return entry.write(Invocation(entry.name, terms, node.distinct, ordered, order, over, node.at))


def check_place(node: Call, scope: Scope, entry: Aggregate) -> None:
    """Aggregates stand in SELECT, HAVING and ORDER BY, windows in SELECT and ORDER BY."""
    line = node.at.line
    if node.over is None and entry.name in WINDOWS:
        message = f"The function '{entry.name}' must have an OVER clause."
        raise SqlError(10753, message, severity=15, line=line)
    if node.over is not None:
        if node.distinct:
            message = "Use of DISTINCT is not allowed with the OVER clause."
            raise SqlError(10759, message, severity=15, line=line)
        if scope.clause in ("WINDOW", "AGGREGATE"):
            message = (
                "Windowed functions cannot be used in the context of another windowed "
                "function or aggregate."
            )
            raise SqlError(4109, message, severity=15, line=line)
        if scope.clause not in ("SELECT", "ORDER BY"):
            message = "Windowed functions can only appear in the SELECT or ORDER BY clauses."
            raise SqlError(4108, message, severity=15, line=line)
        if entry.ordered and not node.over.order_by:
            message = f"The function '{entry.name}' must have an OVER clause with ORDER BY."
            raise SqlError(4112, message, severity=15, line=line)
    elif scope.clause == "AGGREGATE":
        message = (
            "Cannot perform an aggregate function on an expression containing an aggregate "
            "or a subquery."
        )
        raise SqlError(130, message, severity=15, line=line)
    elif scope.groups is None:
        message = (
            "An aggregate may not appear in the WHERE clause unless it is in a subquery "
            "contained in a HAVING clause or a select list, and the column being aggregated is "
            "an outer reference."
        )
        raise SqlError(147, message, severity=15, line=line)


def window(node: Window, scope: Scope) -> str:
    """OVER (...)."""
    parts = []
    if node.partition_by:
        keys = (key(expressions.value(part, scope)) for part in node.partition_by)
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if node.order_by:
        parts.append(ordering(node.order_by, scope).strip())
    if node.frame:
        parts.append(node.frame)
    return f" OVER ({' '.join(parts)})"


def ordering(items: Sequence[OrderItem], scope: Scope) -> str:
    """ORDER BY, with a space in front: NULLs are lowest."""
    if not items:
        return ""
    keys = []
    for item in items:
        direction = "DESC NULLS LAST" if item.descending else "ASC NULLS FIRST"
        keys.append(f"{order_key(expressions.value(item.expression, scope))} {direction}")
    return f" ORDER BY {', '.join(keys)}"


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
