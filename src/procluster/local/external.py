"""sp_execute_external_script: the call's rules, its input query, and what comes back.

Rules: "sp_execute_external_script (Transact-SQL)". What a column, a parameter or a returned frame
may be is checked where the script runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.messages import sql_error
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.procedures import bind, convert
from procluster.local.results import Column, Message, ResultSet
from procluster.local.satellite import ScriptCall, ScriptParameter
from procluster.local.syntax import Argument, Literal, QueryStatement
from procluster.local.syntax import Variable as VariableName
from procluster.local.translate import compile_query
from procluster.local.variables import assign

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.procedures import BoundArgument
    from procluster.local.syntax import Execute

__all__ = ["execute_external_script", "national_text", "split_arguments"]

ARGUMENTS = (
    "@language",
    "@script",
    "@input_data_1",
    "@input_data_1_name",
    "@input_data_1_order_by_columns",
    "@input_data_1_partition_by_columns",
    "@output_data_1_name",
    "@parallel",
    "@params",
)
LEFT_OUT = {
    "@input_data_1_order_by_columns": "sort in the query",
    "@input_data_1_partition_by_columns": "call it once for each part",
}
HINTS = ("@r_rowsperread", "@sqlr_rowsperread")
PROCEDURE = "sp_execute_external_script"


def execute_external_script(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """Run a Python script over a query's rows."""
    given, rest = split_arguments(statement.arguments, ARGUMENTS)
    _refuse_left_out(engine, given, statement, frame)
    script = national_text(engine, given, "@script", frame)
    language = national_text(engine, given, "@language", frame)
    for name, value in (("@language", language), ("@script", script)):
        if value is None:
            raise sql_error(201, PROCEDURE, name)
    if str(language).lower() != "python":
        raise _refusal(statement, f"@language = N'{language}'", "only Python runs here")
    bound = _parameters(
        engine, national_text(engine, given, "@params", frame), rest, statement, frame
    )
    columns, data = _input(engine, national_text(engine, given, "@input_data_1", frame), frame)
    call = ScriptCall(
        script=str(script),
        input_name=national_text(engine, given, "@input_data_1_name", frame) or "InputDataSet",
        output_name=national_text(engine, given, "@output_data_1_name", frame) or "OutputDataSet",
        columns=columns,
        data=data,
        parameters=tuple(
            ScriptParameter(
                item.parameter.name[1:], item.parameter.type, item.value, item.parameter.output
            )
            for item in bound
        ),
    )
    result = engine.run_script(call)
    if result.printed:
        text = f"STDOUT message(s) from external script: \n{result.printed}"
        engine.send(Message(0, 0, 1, text, statement.at.line, frame.procedure_name()))
    for note in result.notes:
        engine.send(Message(0, 0, 1, note, statement.at.line, frame.procedure_name()))
    if result.frame is not None:
        engine.send(ResultSet(tuple(Column("", kind) for kind in result.types), result.frame))
        engine.send_count(result.frame.num_rows)
    for item in bound:
        if item.variable:
            kind = frame.variables[item.variable.lower()].type
            output = result.outputs[item.parameter.name[1:]]
            assign(frame, item.variable, convert(engine, output, item.parameter.type, kind))
    return 0


def split_arguments(
    arguments: tuple[Argument, ...], names: tuple[str, ...]
) -> tuple[dict[str, Argument], tuple[Argument, ...]]:
    """Part the arguments of the system procedure from those that ``@params`` declares."""
    given: dict[str, Argument] = {}
    rest: list[Argument] = []
    for place, argument in enumerate(arguments):
        if argument.name is None and place < len(names):
            given[names[place]] = argument
        elif argument.name and argument.name.lower() in names:
            if argument.name.lower() in given:
                raise sql_error(8143, argument.name)
            given[argument.name.lower()] = argument
        else:
            rest.append(argument)
    return given, tuple(rest)


def national_text(
    engine: Interpreter, given: dict[str, Argument], name: str, frame: Frame
) -> str | None:
    """Value of an argument that must be nvarchar: N'...' or a variable; 214 otherwise."""
    argument = given.get(name)
    if argument is None:
        return None
    value = argument.value
    if isinstance(value, Literal):
        if value.kind in ("null", "default"):
            return None
        is_national = value.kind == "national"
    elif isinstance(value, VariableName):
        is_national = frame.variables[value.name.lower()].type.name in ("nvarchar", "nchar")
    else:
        is_national = False
    if not is_national:
        raise sql_error(214, name)
    text = engine.evaluate(value, frame)
    return None if text is None else str(text)


def _refuse_left_out(
    engine: Interpreter, given: dict[str, Argument], statement: Execute, frame: Frame
) -> None:
    for name, reason in LEFT_OUT.items():
        if name in given and national_text(engine, given, name, frame):
            raise _refusal(statement, f"{PROCEDURE} {name}", reason)
    parallel = given.get("@parallel")
    if parallel and engine.evaluate(parallel.value, frame) not in (None, 0, False):
        reason = "the script may then run once for each part of the rows; use 0"
        raise _refusal(statement, f"{PROCEDURE} @parallel = 1", reason)


def _parameters(
    engine: Interpreter,
    declared: str | None,
    rest: tuple[Argument, ...],
    statement: Execute,
    frame: Frame,
) -> list[BoundArgument]:
    parameters = parse_parameters(declared or "")
    for parameter in parameters:
        if parameter.name.lower() in HINTS:
            reason = "streaming runs the script once for each chunk; leave it out"
            raise _refusal(statement, f"{PROCEDURE} {parameter.name}", reason)
    return bind(engine, PROCEDURE, parameters, rest, frame) if parameters or rest else []


def _input(
    engine: Interpreter, text: str | None, frame: Frame
) -> tuple[tuple[Column, ...], pa.Table | None]:
    """Rows of @input_data_1, which is one SELECT; it sees no variables."""
    if not text or not text.strip():
        return (), None
    statements = parse_batch(text)
    if len(statements) != 1 or not isinstance(statements[0], QueryStatement):
        raise Refusal(
            "@input_data_1 with anything but one SELECT",
            "put the rows into a #temp table first and select them",
            line=engine.at.line,
            column=engine.at.column,
        )
    inner = type(frame)(engine, frame)
    compiled = compile_query(statements[0].query, inner)
    return compiled.columns, engine.fetch(compiled)


def _refusal(statement: Execute, what: str, reason: str) -> Refusal:
    return Refusal(what, reason, line=statement.at.line, column=statement.at.column)
