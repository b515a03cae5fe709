"""What every tree is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Position(NamedTuple):
    """A place in a batch; line and column count from 1."""

    line: int
    column: int


NOWHERE = Position(0, 0)


@dataclass(frozen=True)
class Node:
    """Anything in a tree: where it starts."""

    at: Position = field(compare=False)


@dataclass(frozen=True)
class ObjectName(Node):
    """A name of one to four parts without quotes: ``[seg].model`` is ("seg", "model")."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


class Expression(Node):
    """A value."""


class Condition(Node):
    """True, false or unknown, which is no value in T-SQL."""


class TableSource(Node):
    """What FROM names."""


class Statement(Node):
    """What a batch is made of."""


def nodes(tree: object, *opaque: type) -> Iterator[Node]:
    """Every node of a tree in the order it is written, not entering nodes of ``opaque`` types."""
    rest: list[object] = [tree]
    while rest:
        found = rest.pop()
        if isinstance(found, tuple):
            rest += reversed(found)
        elif isinstance(found, Node):
            yield found
            if not isinstance(found, opaque):
                rest += reversed(vars(found).values())


def changed(tree: T, change: Callable[[Any], Node | None]) -> T:
    """Copy a tree with what ``change`` gives in place of a node, where it gives something."""
    found: Any = tree
    if type(found) is tuple:
        found = tuple(changed(part, change) for part in found)
    elif isinstance(found, Node):
        parts = vars(found).items()
        found = change(found) or replace(found, **{n: changed(part, change) for n, part in parts})
    return found  # type: ignore[no-any-return]
