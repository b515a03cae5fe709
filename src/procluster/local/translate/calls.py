"""Calls of functions: looked up in the registries, checked, and written."""

from collections.abc import Sequence
from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse
from procluster.local.translate import (
    json_functions,
    number_functions,
    text_functions,
    time_functions,
)
from procluster.local.translate.aggregates import AGGREGATES, Aggregate, Aggregation
from procluster.local.translate.function import Function, Invocation
from procluster.local.translate.names import SessionFunction
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import Term, key, ordering
from procluster.local.translate.writing import (
    constant_value,
    count_arguments,
    unsettled,
    value,
    write_value,
)

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *text_functions.FUNCTIONS,
        *number_functions.FUNCTIONS,
        *time_functions.FUNCTIONS,
        *json_functions.FUNCTIONS,
    )
}
"""Scalar functions; CAST, CONVERT, TRY_CAST, TRY_CONVERT and IIF have syntax of their own."""


@write_value.register
def call(node: ast.Call, scope: Scope) -> Term:
    """Write a call.

    Errors: 174 and 189 another number of arguments, 130, 147, 4108 and 4109 an aggregate or window
    where it may not stand.
    """
    if len(node.name) > 1:
        what = f"{'.'.join(node.name)}()"
        raise refuse(what, "scalar functions of one's own are left out", node.at)
    name = node.name[0]
    if name in AGGREGATES:
        return aggregate(node, scope)
    function = FUNCTIONS.get(name) or scope.context.names.session_function(name)
    if function is None:
        reason = "it is not among those that the rule book lists"
        raise refuse(f"Function {name}", reason, node.at)
    if node.over or node.distinct or node.within_group:
        raise error(10762, name, at=node.at)
    count_arguments(name, len(node.arguments), function.least, function.most, node)
    if isinstance(function, SessionFunction):
        return scope.context.session_term(name, node.at, *session_arguments(node, scope))
    read = value if function.settles else unsettled
    terms = tuple(read(argument, scope) for argument in node.arguments)
    return function.term(Invocation(node, scope.context), terms)


def session_arguments(node: ast.Call, scope: Scope) -> tuple[object, ...]:
    """Constants, variables, their concatenation, or session functions again: known by now."""
    return tuple(session_argument(argument, scope) for argument in node.arguments)


def session_argument(node: ast.Node, scope: Scope) -> object:
    context = scope.context
    if isinstance(node, ast.Call) and context.names.session_function(node.name[0]):
        arguments = session_arguments(node, scope)
        return context.session_value(node.name[0], node.at, *arguments)[1]
    if isinstance(node, ast.Binary) and node.operator == "+":
        both = session_argument(node.left, scope), session_argument(node.right, scope)
        if all(isinstance(part, str) for part in both):
            return "".join(map(str, both))
    return constant_value(node, scope)


def aggregate(node: ast.Call, scope: Scope) -> Term:
    """An aggregate sees single rows; a window function sees what the SELECT list sees."""
    entry = AGGREGATES[node.name[0]]
    star = len(node.arguments) == 1 and isinstance(node.arguments[0], ast.Star)
    if star and not entry.name.startswith("COUNT"):
        raise error(102, "*", at=node.at)
    count_arguments(entry.name, len(node.arguments), entry.least, entry.most, node)
    check_place(node, scope, entry)
    inner = replace(scope, groups=None, clause="AGGREGATE")
    if node.over:
        inner = replace(scope, clause="WINDOW")
    read = value if entry.settles else unsettled
    terms = tuple(read(argument, inner) for argument in node.arguments if not star)
    ordered = None
    if node.within_group:
        item = node.within_group[0]
        ordered = value(item.expression, inner), item.descending
    over = window(node.over, inner) if node.over else ""
    order = order_by(node.within_group, inner)
    return entry.term(Aggregation(node, scope.context, ordered, order, over), terms)


def check_place(node: ast.Call, scope: Scope, entry: Aggregate) -> None:
    """Aggregates stand in SELECT, HAVING and ORDER BY, windows in SELECT and ORDER BY."""
    if node.over is None and entry.window:
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


def window(node: ast.Window, scope: Scope) -> str:
    parts = []
    if node.partition_by:
        keys = (key(value(part, scope)) for part in node.partition_by)
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if node.order_by:
        parts.append(order_by(node.order_by, scope).strip())
    return f" OVER ({' '.join([*parts, node.frame])})"


def order_by(items: Sequence[ast.OrderItem], scope: Scope) -> str:
    """ORDER BY, with a space in front; nothing for no items."""
    written = (ordering(value(item.expression, scope), item.descending) for item in items)
    return f" ORDER BY {', '.join(written)}" if items else ""


def has_aggregates(tree: object) -> bool:
    """Whether a tree holds an aggregate of its own query."""
    return any(
        isinstance(node, ast.Call) and node.name[0] in AGGREGATES and node.over is None
        for node in ast.nodes(tree, ast.ScalarQuery, ast.Query)
    )
