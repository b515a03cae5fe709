"""Arguments of EXEC and of calls from outside, bound to the parameters of what is called."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.frame import Frame, Variable
from procluster.local.interpreter import Interpreter
from procluster.local.lexer import identifier_parts
from procluster.local.messages import error
from procluster.local.parser import parse_parameters
from procluster.local.registry import SYSTEM_PROCEDURES
from procluster.local.types import TEXT, SqlType

BATCH_START = ast.Position(1, 1)
CONVERSION_ERRORS = (241, 242, 245, 248, 8114)


@dataclass
class BoundArgument:
    """A parameter, what it is given and is then, and the caller's variable for OUTPUT."""

    parameter: ast.Declaration
    expression: ast.Expression
    value: object
    variable: str | None = None


def bind(
    engine: Interpreter,
    procedure: str,
    parameters: Sequence[ast.Declaration],
    arguments: Sequence[ast.Argument],
    frame: Frame,
) -> list[BoundArgument]:
    """Match arguments with parameters; 201, 8143 to 8146, 8162 and 8114 where they do not."""
    given = _match(procedure, parameters, arguments)
    bound: list[BoundArgument] = []
    for parameter in parameters:
        argument = given.get(parameter.name.lower())
        value = argument.value if argument else None
        if value is None or (isinstance(value, ast.Literal) and value.kind == "default"):
            if parameter.value is None:
                raise error(201, procedure, parameter.name)
            value = parameter.value
        variable = None
        if argument and argument.output:
            if not parameter.output:
                raise error(8162, parameter.name)
            variable = value.name if isinstance(value, ast.Variable) else None
        start = _value(engine, value, frame, parameter)
        bound.append(BoundArgument(parameter, value, start, variable))
    return bound


def _match(
    procedure: str, parameters: Sequence[ast.Declaration], arguments: Sequence[ast.Argument]
) -> dict[str, ast.Argument]:
    if arguments and not parameters:
        raise error(8146, procedure)
    names = {parameter.name.lower() for parameter in parameters}
    given: dict[str, ast.Argument] = {}
    for place, argument in enumerate(arguments):
        if argument.name is None and place >= len(parameters):
            raise error(8144, procedure)
        name = argument.name or parameters[place].name
        if name.lower() not in names:
            raise error(8145, name, procedure)
        if name.lower() in given:
            raise error(8143, name)
        given[name.lower()] = argument
    return given


def _value(
    engine: Interpreter, value: ast.Expression, frame: Frame, parameter: ast.Declaration
) -> object:
    kinds = {"national": "nvarchar", "string": "varchar", "decimal": "numeric"}
    kind = kinds.get(value.kind, value.kind) if isinstance(value, ast.Literal) else "int"
    if isinstance(value, ast.Variable) and value.name.lower() in frame.variables:
        found = frame.variables[value.name.lower()]
        if found.type == parameter.type or found.value is None:
            return found.value
        kind = found.type.name
    try:
        return engine.evaluate(value, frame, parameter.type)
    except SqlError as fault:
        if fault.number not in CONVERSION_ERRORS:
            raise
        raise error(8114, kind, parameter.type.name, state=5) from fault


# --- of system procedures


@dataclass(frozen=True)
class Call:
    """A call of a system procedure: its own parameters, bound, and ``rest`` for a text it runs."""

    procedure: str
    engine: Interpreter
    statement: ast.Execute
    frame: Frame
    own: dict[str, BoundArgument]
    rest: tuple[ast.Argument, ...]

    @property
    def values(self) -> list[object]:
        """The values of its own parameters, in their order."""
        return [item.value for item in self.own.values()]

    def text(self, name: str) -> str:
        """The value of a parameter that is text, '' for NULL."""
        value = self.own[name].value
        return "" if value is None else str(value)

    def bind_rest(self, declared: str) -> list[BoundArgument]:
        """Bind the other arguments to the parameters that a text declares."""
        return bind(self.engine, self.procedure, parse_parameters(declared), self.rest, self.frame)


def call_of(name: str, engine: Interpreter, statement: ast.Execute, frame: Frame) -> Call:
    """Bind the arguments of a system procedure; 214 for one that must be nvarchar and is not."""
    procedure = SYSTEM_PROCEDURES[name]
    names = {parameter.name.lower() for parameter in procedure.parameters}
    own: list[ast.Argument] = []
    rest: list[ast.Argument] = []
    for place, argument in enumerate(statement.arguments):
        key = (argument.name or "").lower()
        if key == "@stmt" and "@statement" in names:  # a server knows both
            own.append(replace(argument, name="@statement"))
        elif not procedure.is_open or key in names or (not key and place < len(names)):
            own.append(argument)
        else:
            rest.append(argument)
    bound = bind(engine, name, procedure.parameters, own, frame)
    for item in bound:
        if item.parameter.type == TEXT and not _is_national(item.expression, frame):
            raise error(214, item.parameter.name)
    by_name = {item.parameter.name: item for item in bound}
    return Call(name, engine, statement, frame, by_name, tuple(rest))


def _is_national(value: ast.Expression, frame: Frame) -> bool:
    """Whether an argument is NULL, N'...' or a variable of such a type."""
    if isinstance(value, ast.Literal):
        return value.kind in ("null", "default", "national")
    kind = frame.variable(value.name) if isinstance(value, ast.Variable) else None
    return kind is not None and kind.is_national


# --- from outside: a procedure with values, where a batch has text


@dataclass(frozen=True)
class CallArgument:
    """An argument of a call: a value as the engine holds those of its type.

    ``name`` has its @, and is '' for one that counts by its place; ``output``: the parameter's
    value comes back; ``default``: the parameter's own default is meant, not ``value``.
    """

    name: str
    type: SqlType
    value: object = None
    output: bool = False
    default: bool = False


def prepare_call(procedure: str, arguments: Sequence[CallArgument], frame: Frame) -> ast.Execute:
    """The EXEC of a call, whose arguments the frame's variables hold; 2812 for no name."""
    parts = identifier_parts(procedure)
    if parts is None:
        raise error(2812, procedure)
    given = []
    for place, argument in enumerate(arguments):
        variable = f"@{place}"
        frame.variables[variable] = Variable(argument.type, argument.value)
        value = ast.Variable(BATCH_START, variable)
        passed = ast.Literal(BATCH_START, "default") if argument.default else value
        given.append(ast.Argument(BATCH_START, passed, argument.name or None, argument.output))
    return ast.Execute(BATCH_START, ast.ObjectName(BATCH_START, parts), tuple(given))
