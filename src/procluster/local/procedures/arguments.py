"""Arguments of a system procedure: those it names, and those that its @params declares."""

from __future__ import annotations

from procluster.local import syntax as ast
from procluster.local.execution import BoundArgument, bind
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.parser import parse_parameters


class Arguments:
    """The arguments of one call.

    Parameters
    ----------
    names : tuple of str
        Those that the procedure has itself, lower case, in their order.
    needed : tuple of str
        Those of them that must be given.

    Raises
    ------
    SqlError
        8143 one given twice, 201 one missing.
    """

    def __init__(
        self,
        engine: Interpreter,
        statement: ast.Execute,
        frame: Frame,
        names: tuple[str, ...],
        needed: tuple[str, ...] = (),
    ) -> None:
        self._engine = engine
        self._frame = frame
        self._procedure = statement.procedure.parts[-1].lower()
        self.own: dict[str, ast.Argument] = {}
        rest: list[ast.Argument] = []
        for place, argument in enumerate(statement.arguments):
            name = (argument.name or "").lower()
            if argument.name is None and place < len(names):
                self.own[names[place]] = argument
            elif name not in names:
                rest.append(argument)
            elif name in self.own:
                raise error(8143, argument.name)
            else:
                self.own[name] = argument
        self.rest = tuple(rest)
        for name in needed:
            if name not in self.own:
                raise error(201, self._procedure, name)

    def value(self, name: str) -> object:
        """Value of one of its own, None where it is not given."""
        given = self.own.get(name)
        return self._engine.evaluate(given.value, self._frame) if given else None

    def text(self, name: str) -> str | None:
        """Value of an argument that must be nvarchar: N'...' or a variable; 214 otherwise."""
        value = self.own[name].value if name in self.own else ast.Literal(ast.NOWHERE, "null")
        if isinstance(value, ast.Literal):
            if value.kind in ("null", "default"):
                return None
            is_national = value.kind == "national"
        else:
            kind = self._frame.variable(value.name) if isinstance(value, ast.Variable) else None
            is_national = kind is not None and kind.is_national
        if not is_national:
            raise error(214, name)
        text = self.value(name)
        return None if text is None else str(text)

    def bound(self, declared: str | None) -> list[BoundArgument]:
        """The other arguments, bound to the parameters that a text declares."""
        parameters = parse_parameters(declared or "")
        return bind(self._engine, self._procedure, parameters, self.rest, self._frame)
