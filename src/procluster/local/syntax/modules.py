"""Procedures, views and functions, and the statements in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from procluster.local.syntax.node import Expression, Node, ObjectName, Statement, nodes
from procluster.local.syntax.queries import Query, SelectItem
from procluster.local.syntax.statements import Declaration, Execute, SetVariable
from procluster.local.syntax.values import Variable
from procluster.local.types import SqlType


class Body(tuple[Statement, ...]):
    """The statements of a batch or procedure."""

    @cached_property
    def variables(self) -> tuple[tuple[str, Node], ...]:
        """The name of each variable where it is declared or used, in the order of the text.

        What a declaration's value uses comes before the declaration.
        """
        return tuple(_variables(self))


def _variables(tree: object) -> Iterator[tuple[str, Node]]:
    for node in nodes(tree, CreateModule, Declaration):
        name: str | None = None
        if isinstance(node, Declaration):
            yield from _variables(node.value)
            name = node.name
        elif isinstance(node, (Variable, SetVariable)):
            name = node.name
        elif isinstance(node, SelectItem):
            name = node.variable
        elif isinstance(node, Execute):
            name = node.status
        if name and not name.startswith("@@"):
            yield name, node


@dataclass(frozen=True)
class Parameter(Node):
    name: str
    type: SqlType
    default: Expression | None = None
    output: bool = False


@dataclass(frozen=True)
class CreateModule(Statement):
    """CREATE, CREATE OR ALTER or ALTER (``mode``) of a PROCEDURE, VIEW or inline FUNCTION.

    ``text`` is the whole batch as sys.sql_modules keeps it; ``body`` the statements of a
    procedure, the query of a view or function.
    """

    kind: str
    mode: str
    name: ObjectName
    body: Body | Query
    text: str
    parameters: tuple[Parameter, ...] = ()
    columns: tuple[str, ...] = ()
