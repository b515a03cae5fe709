"""What the engine answers beside queries, each registered where it is written.

A statement, session function, catalog view or system procedure is added by one decorated function:
it is then found by name, and it stands in the rule book.
"""

from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Any, NamedTuple, TypeVar

from procluster.local.messages import refuse
from procluster.local.parser import parse_parameters
from procluster.local.syntax import Declaration, Node
from procluster.local.translate import SessionFunction
from procluster.local.types import SqlType

F = TypeVar("F", bound=Callable[..., Any])


@singledispatch
def run(statement: Node, *_: Any) -> Any:
    """Run a statement: ``run(statement, interpreter, frame)``.

    It gives how the statement leaves its list: None goes on, "break", "continue" or "return" jump.
    """
    raise refuse(type(statement).__name__, "it is not run", statement.at)


class SystemView(NamedTuple):
    """A catalog view: its columns as in CREATE TABLE, and how its rows are made."""

    columns: str
    rows: Callable[[Any], Iterable[tuple[Any, ...]]]


class SystemProcedure(NamedTuple):
    """A system procedure; ``is_open`` where arguments for a text it runs may follow its own."""

    parameters: tuple[Declaration, ...]
    is_open: bool
    run: Callable[[Any], object]


SESSION_FUNCTIONS: dict[str, SessionFunction] = {}
"""By upper-case name; @@variables among them."""

SYSTEM_VIEWS: dict[str, SystemView] = {}
"""By lower-case name."""

SYSTEM_PROCEDURES: dict[str, SystemProcedure] = {}
"""By lower-case name."""


def session_function(
    usage: str, kind: SqlType, least: int = 0, most: int | None = None
) -> Callable[[F], F]:
    """Register a function ``read(frame, *arguments)``; ``usage`` begins with its name."""

    def register(read: F) -> F:
        name = usage.partition("(")[0].partition(":")[0]
        most_known = least if most is None else most
        SESSION_FUNCTIONS[name] = SessionFunction(usage, kind, least, most_known, read)
        return read

    return register


def system_view(name: str, columns: str) -> Callable[[F], F]:
    """Register a function that gives a catalog view's rows of an engine."""

    def register(rows: F) -> F:
        SYSTEM_VIEWS[name] = SystemView(columns, rows)
        return rows

    return register


def system_procedure(name: str, parameters: str, *, is_open: bool = False) -> Callable[[F], F]:
    """Register a procedure ``run(call)`` with its parameters in T-SQL; it returns its status."""

    def register(procedure: F) -> F:
        declared = parse_parameters(parameters)
        SYSTEM_PROCEDURES[name] = SystemProcedure(declared, is_open, procedure)
        return procedure

    return register
