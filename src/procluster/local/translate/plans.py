"""Plans: what was compiled is used again, for as long as its names mean what they meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from procluster.local.syntax import CreateModule, Node, ObjectName
from procluster.local.translate.names import Change, Compiled, Names, Table
from procluster.local.types import SqlType

MOST_PLANS = 500
Tree = TypeVar("Tree", bound=Node)
Written = TypeVar("Written", Compiled, Change)


@dataclass
class Plan:
    """What was compiled from a tree, and what its names were then.

    ``expands`` a view or a function, whose text would have to be compared too.
    """

    tree: Node
    written: Any = None
    variables: dict[str, SqlType | None] = field(default_factory=dict)
    tables: list[tuple[ObjectName, Table]] = field(default_factory=list)
    expands: bool = False

    def holds(self, names: Names) -> bool:
        """Whether the names mean the same."""
        return all(names.table(name) == found for name, found in self.tables) and all(
            names.variable(name) == found for name, found in self.variables.items()
        )


class Noting(Names):
    """Names whose meanings are noted in a plan."""

    def __init__(self, names: Names, plan: Plan) -> None:
        self._names = names
        self._plan = plan

    def variable(self, name: str) -> SqlType | None:
        found = self._plan.variables[name] = self._names.variable(name)
        return found

    def value(self, name: str) -> object:
        return self._names.value(name)

    def table(self, name: ObjectName) -> Table | CreateModule | None:
        found = self._names.table(name)
        if isinstance(found, Table):
            self._plan.tables.append((name, found))
        else:
            self._plan.expands = True
        return found

    def function(self, name: ObjectName) -> CreateModule | None:
        self._plan.expands = True
        return self._names.function(name)

    def session_arity(self, call: str) -> tuple[int, int] | None:
        return self._names.session_arity(call)

    def session_value(self, call: str, arguments: tuple[object, ...]) -> tuple[SqlType, object]:
        return self._names.session_value(call, arguments)


class Plans:
    """The last plans of a session; the same text is the same tree each time it is run."""

    def __init__(self) -> None:
        self._kept: dict[int, Plan] = {}

    def compile(self, write: Callable[[Tree, Names], Written], tree: Tree, names: Names) -> Written:
        """Compile a tree, unless that was done and its names mean the same now."""
        plan = self._kept.pop(id(tree), None)
        if plan is None or not plan.holds(names):
            plan = Plan(tree)
            plan.written = write(tree, Noting(names, plan))
        written: Written = plan.written
        if plan.expands or written.variables is None:
            return written
        if len(self._kept) == MOST_PLANS:
            del self._kept[next(iter(self._kept))]
        self._kept[id(tree)] = plan
        return written.anew(names)
