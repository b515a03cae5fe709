"""What every tree is made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:  # typing has it from Python 3.11 on

    def dataclass_transform(**_):
        return lambda kind: kind


T = TypeVar("T")


class Position(NamedTuple):
    """A place in a batch; line and column count from 1."""

    line: int
    column: int


NOWHERE = Position(0, 0)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class FrozenDataclass:
    """Makes of each class that derives from it a frozen dataclass."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)


class Node(FrozenDataclass):
    """Anything in a tree: where it starts."""

    at: Position = field(compare=False)


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
        if isinstance(found, Node):
            yield found
            if not isinstance(found, opaque):
                rest += reversed(vars(found).values())
        elif isinstance(found, tuple) and not isinstance(found, Position):
            rest += reversed(found)


def changed(tree: T, change: Callable[[Any], Node | None]) -> T:
    """Copy a tree with what ``change`` gives in place of a node, where it gives something."""
    found: Any = tree
    if type(found) is tuple:
        found = tuple(changed(part, change) for part in found)
    elif isinstance(found, Node):
        parts = vars(found).items()
        found = change(found) or replace(found, **{n: changed(part, change) for n, part in parts})
    return found  # type: ignore[no-any-return]
