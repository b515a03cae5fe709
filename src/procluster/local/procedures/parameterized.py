"""Texts with parameters of their own: run at once, or prepared and run many times by a handle.

Rules: "sp_executesql", "sp_prepare", "sp_prepexec", "sp_execute" and "sp_unprepare
(Transact-SQL)". A prepared text is compiled at each execution, for its tables may have changed.
"""

from procluster.errors import SqlError
from procluster.local.arguments import Call
from procluster.local.engine import Prepared
from procluster.local.execution import run_dynamic
from procluster.local.messages import error
from procluster.local.parser import parse_batch
from procluster.local.registry import system_procedure


@system_procedure(
    "sp_executesql", "@statement nvarchar(max), @params nvarchar(max) = NULL", is_open=True
)
def execute_sql(call: Call) -> object:
    return _run(call, Prepared(call.text("@params"), call.text("@statement")))


@system_procedure(
    "sp_prepare",
    "@handle int OUTPUT, @params nvarchar(max) = NULL, @stmt nvarchar(max), @options int = 1",
)
def prepare(call: Call) -> object:
    _keep(call)
    return 0


@system_procedure(
    "sp_prepexec",
    "@handle int OUTPUT, @params nvarchar(max) = NULL, @stmt nvarchar(max)",
    is_open=True,
)
def prepare_and_execute(call: Call) -> object:
    return _run(call, _keep(call))


@system_procedure("sp_execute", "@handle int", is_open=True)
def execute_prepared(call: Call) -> object:
    return _run(call, call.engine.prepared[_handle(call)])


@system_procedure("sp_unprepare", "@handle int")
def unprepare(call: Call) -> object:
    del call.engine.prepared[_handle(call)]
    return 0


def _keep(call: Call) -> Prepared:
    prepared, engine = Prepared(call.text("@params"), call.text("@stmt")), call.engine
    try:
        parse_batch(prepared.text)
    except SqlError as found:
        found.located = True
        engine.report(found)
        raise error(8180) from found
    engine.last_handle += 1
    engine.prepared[engine.last_handle] = prepared
    handle = call.own["@handle"]
    if isinstance(handle.value, int):  # a client that prepares anew gives the old handle back
        engine.prepared.pop(handle.value, None)
    if handle.variable:
        call.frame.assign(handle.variable, engine.last_handle)
    return prepared


def _handle(call: Call) -> int:
    (value,) = call.values
    if not isinstance(value, int) or value not in call.engine.prepared:
        raise error(8179, value or 0)
    return value


def _run(call: Call, prepared: Prepared) -> int:
    """Run a text with its parameters bound; 8178 names the one that misses its value."""
    try:
        bound = call.bind_rest(prepared.parameters)
    except SqlError as found:
        if found.number != 201:
            raise
        missing = found.message.split("'")[3]
        raise error(8178, f"({prepared.parameters}){prepared.text}", missing) from None
    run_dynamic(call.engine, prepared.text, bound, call.frame)
    return call.engine.last_error
