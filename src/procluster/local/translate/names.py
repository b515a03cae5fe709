"""What a query may refer to, and what compiling it gives: the seam to the interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, Union

from procluster.local.results import Column
from procluster.local.syntax import CreateModule, ObjectName
from procluster.local.types import SqlType


@dataclass(frozen=True)
class Table:
    """A table that DuckDB holds; ``sql`` is its quoted name there."""

    sql: str
    columns: tuple[Column, ...]


class Names(Protocol):
    """What a query may refer to; a level of execution implements it."""

    def variable(self, name: str) -> SqlType | None:
        """Type of ``@name``; None when it is not declared."""

    def value(self, name: str) -> object:
        """Value of ``@name`` now."""

    def table(self, name: ObjectName) -> Union[Table, CreateModule, None]:
        """A table, a ``#temp`` table, or a view, which is expanded where it stands."""

    def function(self, name: ObjectName) -> CreateModule | None:
        """An inline table function, expanded where it is called."""

    def session_arity(self, call: str) -> tuple[int, int] | None:
        """Least and most arguments of a session function, None when it is none."""

    def session_value(self, call: str, arguments: tuple[object, ...]) -> tuple[SqlType, object]:
        """Value of a session function or @@variable, named in upper case."""


@dataclass(frozen=True)
class Compiled:
    """A query for ``duckdb.execute(sql, parameters)``; its DuckDB columns are c0, c1 and so on.

    ``columns`` says how T-SQL names and types them. The column of ``SELECT @v = e`` is named
    ``@v`` and holds the value that @v gets, converted, from the row it is computed for.

    ``variables`` are the names of the variables whose values the parameters have; None where the
    query holds for now only.
    """

    sql: str
    columns: tuple[Column, ...]
    parameters: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] | None = None

    def anew(self, names: Names) -> Compiled:
        """The same query with the values that its variables have now."""
        values = {place: names.value(name) for place, name in (self.variables or {}).items()}
        return replace(self, parameters=self.parameters | values)


@dataclass(frozen=True)
class Change:
    """What UPDATE or DELETE does: ``rows`` has DuckDB's rowid as c0.

    For UPDATE c1, c2 ... are the new values of the columns ``targets``, converted, and behind them
    those of the columns that stay as they are; text too long for its column is error 2628.

    ``is_plain``: the table is the only source, so finding a row or two costs one scan at most.
    ``statement`` is the change as DuckDB makes it, with the parameters of ``rows``; '' where it is
    not plain, or where it might write NULL to a column that allows none.

    ``is_joined``: a join may meet a row more than once, and one of its matches counts.
    """

    table: Table
    rows: Compiled
    targets: tuple[str, ...] = ()
    is_plain: bool = False
    is_joined: bool = False
    statement: str = ""

    @property
    def variables(self) -> dict[str, str] | None:
        """Those of ``rows``."""
        return self.rows.variables

    def anew(self, names: Names) -> Change:
        """The same change with the values that its variables have now."""
        return replace(self, rows=self.rows.anew(names))
