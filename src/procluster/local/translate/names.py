"""What a query may refer to: the seam to the interpreter."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Union

from procluster.local.results import Column
from procluster.local.syntax import CreateModule, ObjectName
from procluster.local.types import SqlType


@dataclass(frozen=True)
class Table:
    """A table that DuckDB holds; ``sql`` is its quoted name there, ``name`` that in errors."""

    sql: str
    columns: tuple[Column, ...]
    name: str = ""

    def place_of(self, column: str) -> str:
        """Where a value was too long, as error 2628 says it."""
        return f"table '{self.name}', column '{column}'"


class SessionFunction(NamedTuple):
    """A function or @@variable of the session, evaluated once a statement: ``read(names, ...)``."""

    usage: str
    type: SqlType
    least: int
    most: int
    read: Callable[..., object]


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

    def session_function(self, name: str) -> SessionFunction | None:
        """A function or @@variable of the session, named in upper case."""
