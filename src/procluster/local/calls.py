"""A call from outside: a procedure with values, where a batch has text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from procluster.local.frame import Frame, Variable
from procluster.local.messages import sql_error
from procluster.local.names import identifier_parts
from procluster.local.syntax import Argument, Execute, Literal, ObjectName, Position
from procluster.local.syntax import Variable as VariableName
from procluster.local.types import SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procluster.local.interpreter import Interpreter

__all__ = ["CallArgument", "prepare_call"]

AT = Position(1, 1)


@dataclass(frozen=True)
class CallArgument:
    """An argument of a call.

    Attributes
    ----------
    name : str
        With its @; '' for an argument that counts by its place.
    value : object
        As the engine holds values of `type`.
    output : bool
        The parameter's value comes back.
    default : bool
        The parameter's own default is meant; `value` means nothing then.
    """

    name: str
    type: SqlType
    value: object = None
    output: bool = False
    default: bool = False


def prepare_call(
    engine: Interpreter, procedure: str, arguments: Sequence[CallArgument]
) -> tuple[Execute, Frame]:
    """Make the EXEC of a call, and the frame whose variables hold its arguments.

    Raises
    ------
    SqlError
        2812 where the text is no name of a procedure.
    """
    parts = identifier_parts(procedure)
    if parts is None:
        raise sql_error(2812, procedure)
    frame = Frame(engine, temporary=engine.base.temporary)
    given = []
    for place, argument in enumerate(arguments):
        variable = f"@{place}"
        frame.variables[variable] = Variable(argument.type, argument.value)
        value = Literal(AT, "default", "") if argument.default else VariableName(AT, variable)
        given.append(Argument(AT, argument.name or None, value, argument.output))
    return Execute(AT, ObjectName(AT, parts), tuple(given)), frame
