"""What compiling gives, used again for as long as its names mean what they meant."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from procluster.local.results import Column
from procluster.local.syntax import CreateModule, Node, ObjectName
from procluster.local.translate.names import Names, Table
from procluster.local.types import SqlType

MOST_PLANS = 500
Tree = TypeVar("Tree", bound=Node)
Written = TypeVar("Written", bound="Compiled")


@dataclass(frozen=True)
class Meaning:
    """What the names of a query meant; ``places`` are its parameters that are variables.

    A view or function is the same tree for as long as its text is the same.
    """

    tables: list[tuple[ObjectName, Table | CreateModule | None]]
    functions: list[tuple[ObjectName, CreateModule | None]]
    variables: dict[str, SqlType | None]
    places: dict[str, str]

    def holds(self, names: Names) -> bool:
        return (
            all(names.table(name) == found for name, found in self.tables)
            and all(names.function(name) == found for name, found in self.functions)
            and all(names.variable(name) == found for name, found in self.variables.items())
        )


@dataclass(frozen=True)
class Compiled:
    """A query for ``duckdb.execute(sql, parameters)``; its DuckDB columns are c0, c1 and so on.

    ``columns`` says how T-SQL names and types them. The column of ``SELECT @v = e`` is named
    ``@v`` and holds the value that @v gets, converted, from the row it is computed for.

    Without a ``meaning`` the query holds for now only. ``reads`` tells that it has a FROM.
    """

    sql: str
    columns: tuple[Column, ...]
    parameters: dict[str, object] = field(default_factory=dict)
    meaning: Meaning | None = None
    reads: bool = True


@dataclass(frozen=True, kw_only=True)
class Change(Compiled):
    """What UPDATE or DELETE does: the query of its rows, which has DuckDB's rowid as c0.

    For UPDATE c1, c2 ... are the columns of the table with their new values: those of ``targets``
    converted, where text too long for its column is error 2628, and the others as they are.

    ``is_plain``: the table is the only source, so finding a row or two costs one scan at most.
    ``statement`` is the change as DuckDB makes it, with the same parameters; '' where it is not
    plain, or where it might write NULL to a column that allows none.

    ``is_joined``: a join may meet a row more than once, and one of its matches counts.
    """

    table: Table
    targets: tuple[str, ...]
    is_plain: bool
    is_joined: bool
    statement: str


class Plans:
    """The last plans of a session; the same text is the same tree each time it is run."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Node, Any]] = {}

    def compile(self, write: Callable[[Tree, Names], Written], tree: Tree, names: Names) -> Written:
        """Compile a tree, unless that was done and its names mean the same now."""
        _, kept = self._kept.pop(id(tree), (tree, None))
        written: Written = kept if kept and kept.meaning.holds(names) else write(tree, names)
        if written.meaning is None:
            return written
        if len(self._kept) == MOST_PLANS:
            del self._kept[next(iter(self._kept))]
        self._kept[id(tree)] = tree, written
        values = {place: names.value(name) for place, name in written.meaning.places.items()}
        return replace(written, parameters=written.parameters | values)
