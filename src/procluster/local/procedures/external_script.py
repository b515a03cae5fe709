"""sp_execute_external_script: a Python script over a query's rows."""

import pyarrow as pa

from procluster.local import syntax as ast
from procluster.local.arguments import BoundArgument, Call
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error, refuse
from procluster.local.parser import parse_batch
from procluster.local.registry import system_procedure
from procluster.local.results import Column, Message, ResultSet
from procluster.local.translate import compile_query
from procluster.local.types import KINDS, MAX, SqlType, resolve
from procluster.satellite import ScriptCall, ScriptParameter, ScriptResult

PROCEDURE = "sp_execute_external_script"
PARAMETERS = (
    "@language nvarchar(max), @script nvarchar(max), @input_data_1 nvarchar(max) = NULL, "
    "@input_data_1_name nvarchar(max) = NULL, @input_data_1_order_by_columns nvarchar(max) = NULL, "
    "@input_data_1_partition_by_columns nvarchar(max) = NULL, "
    "@output_data_1_name nvarchar(max) = NULL, @parallel bit = 0, @params nvarchar(max) = NULL"
)
LEFT_OUT = {
    "@input_data_1_order_by_columns": "sort in the query",
    "@input_data_1_partition_by_columns": "call it once for each part",
}
HINTS = ("@r_rowsperread", "@sqlr_rowsperread")


@system_procedure(PROCEDURE, PARAMETERS, is_open=True)
def execute_external_script(call: Call) -> object:
    """Run a script; its frame is a result set, its outputs go to the caller's variables."""
    engine, frame = call.engine, call.frame
    _refuse_left_out(call)
    bound = call.bind_rest(call.text("@params"))
    columns, data = _input(engine, call.text("@input_data_1"), frame)
    result = engine.run_script(
        ScriptCall(
            script=call.text("@script"),
            input_name=call.text("@input_data_1_name") or "InputDataSet",
            output_name=call.text("@output_data_1_name") or "OutputDataSet",
            columns=columns,
            data=data,
            parameters=tuple(_parameter(engine, item) for item in bound),
        )
    )
    _send(engine, result, call.statement.at.line, frame)
    for item in bound:
        if item.variable:
            output = result.outputs[item.parameter.name[1:]]
            frame.assign(item.variable, output, item.parameter.type)
    return 0


def _refuse_left_out(call: Call) -> None:
    at = call.engine.at
    for name in ("@language", "@script"):
        if call.own[name].value is None:
            raise error(201, PROCEDURE, name)
    if call.text("@language").lower() != "python":
        raise refuse(f"@language = N'{call.text('@language')}'", "only Python runs here", at)
    for name, reason in LEFT_OUT.items():
        if call.text(name):
            raise refuse(f"{PROCEDURE} {name}", reason, at)
    if call.own["@parallel"].value:
        reason = "the script may then run once for each part of the rows; use 0"
        raise refuse(f"{PROCEDURE} @parallel = 1", reason, at)


def _parameter(engine: Interpreter, item: BoundArgument) -> ScriptParameter:
    """A parameter of @params, as the script gets it."""
    declared = item.parameter
    if declared.name.lower() in HINTS:
        reason = "streaming runs the script once for each chunk; leave it out"
        raise refuse(f"{PROCEDURE} {declared.name}", reason, engine.at)
    return ScriptParameter(declared.name[1:], declared.type, item.value, declared.output)


def _send(engine: Interpreter, result: ScriptResult, line: int, frame: Frame) -> None:
    """What a script printed, what the hosts would do otherwise, and its frame."""
    printed = f"STDOUT message(s) from external script: \n{result.printed}"
    for text in (*((printed,) if result.printed else ()), *result.notes):
        engine.send(Message(0, 0, 1, text, line, frame.procedure))
    if result.frame is not None:
        columns = tuple(Column("", _longest(name)) for name in result.types)
        engine.send(ResultSet(columns, result.frame))
        engine.send_count(result.frame.num_rows)


def _longest(name: str) -> SqlType:
    """The type of a column that a script returns."""
    return resolve(name, MAX if KINDS[name].sizes == "length" else None)


def _input(
    engine: Interpreter, text: str, frame: Frame
) -> tuple[tuple[Column, ...], pa.Table | None]:
    """Rows of @input_data_1, which is one SELECT; it sees no variables."""
    if not text.strip():
        return (), None
    statements = parse_batch(text)
    if len(statements) != 1 or not isinstance(statements[0], ast.Query):
        reason = "put the rows into a #temp table first and select them"
        raise refuse("@input_data_1 with anything but one SELECT", reason, engine.at)
    compiled = compile_query(statements[0], Frame(engine, frame))
    return compiled.columns, engine.fetch(compiled)
