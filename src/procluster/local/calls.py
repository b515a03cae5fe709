"""A call from outside: a procedure with values, where a batch has text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from procluster.local import syntax as ast
from procluster.local.frame import Frame, Variable
from procluster.local.messages import error
from procluster.local.names import identifier_parts
from procluster.local.types import SqlType

AT = ast.Position(1, 1)


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


def prepare_call(procedure: str, arguments: Sequence[CallArgument], frame: Frame) -> ast.Execute:
    """Make the EXEC of a call; the frame's variables hold its arguments.

    Raises
    ------
    SqlError
        2812 where the text is no name of a procedure.
    """
    parts = identifier_parts(procedure)
    if parts is None:
        raise error(2812, procedure)
    given = []
    for place, argument in enumerate(arguments):
        variable = f"@{place}"
        frame.variables[variable] = Variable(argument.type, argument.value)
        value = ast.Variable(AT, variable)
        passed = ast.Literal(AT, "default") if argument.default else value
        given.append(ast.Argument(AT, passed, argument.name or None, argument.output))
    return ast.Execute(AT, ast.ObjectName(AT, parts), tuple(given))
