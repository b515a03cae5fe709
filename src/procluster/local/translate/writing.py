"""How a node of the syntax is written: one dispatch each for values, conditions, queries, sources.

Expressions, conditions and queries hold each other; their modules register what they write here,
so that none of them imports another that imports it.
"""

from functools import singledispatch

from procluster.local.messages import error, refuse
from procluster.local.syntax import Literal, Node, Variable
from procluster.local.translate.scope import Relation, Scope, Source
from procluster.local.translate.term import Term, settled

From = tuple[str, tuple[Source, ...]]
"""DuckDB SQL of a source, and the tables that it brings into reach."""


@singledispatch
def write_value(node: Node, _: Scope) -> Term:
    """A value of one kind of node."""
    raise error(102, type(node).__name__, at=node.at)


@singledispatch
def condition(node: Node, _: Scope) -> str:
    """A condition: DuckDB SQL of a truth value, where NULL is neither true nor false."""
    raise error(102, type(node).__name__, at=node.at)


@singledispatch
def relation(node: Node, _: Scope) -> Relation:
    """A query or one part of it; the scope is what lies around it."""
    raise error(102, type(node).__name__, at=node.at)


@singledispatch
def source(node: Node, _: Scope) -> From:
    """A source of FROM; the scope's sources are what an APPLY lets it see."""
    raise error(102, type(node).__name__, at=node.at)


def value(node: Node, scope: Scope) -> Term:
    """A value, checked for float overflow."""
    return settled(unsettled(node, scope))


def unsettled(node: Node, scope: Scope) -> Term:
    """A value; float arithmetic may still be infinite (see :func:`.term.settled`)."""
    if scope.groups and (term := scope.grouped(node)):
        return term
    return write_value(node, scope)


def count_arguments(name: str, given: int, least: int, most: int, node: Node) -> None:
    """Raise 174 or 189 when a function gets another number of arguments than it takes."""
    if least <= given <= most:
        return
    if least == most:
        raise error(174, name.lower(), least, at=node.at)
    raise error(189, name.lower(), least, most, at=node.at)


def constant_value(node: Node, scope: Scope) -> object:
    """The value of a constant or variable, now; others would have to be computed row by row."""
    context = scope.context
    if isinstance(node, Literal) and node.kind in ("null", "int", "string", "national"):
        return (
            None if node.kind == "null" else int(node.value) if node.kind == "int" else node.value
        )
    if isinstance(node, Variable) and node.name.startswith("@@"):
        return context.session_value(node.name, node.at)[1]
    if isinstance(node, Variable) and context.variable(node.name) is not None:
        return context.constant(node.name)
    raise refuse("This argument", "only constants and variables are read here", node.at)
