"""System procedures, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from procluster.errors import Refusal, SqlError
from procluster.local.datatype_info import datatype_info
from procluster.local.external import execute_external_script, national_text, split_arguments
from procluster.local.locks import Deadlock
from procluster.local.messages import sql_error
from procluster.local.parser import parse_parameters
from procluster.local.prepared import (
    execute_prepared,
    prepare,
    prepare_and_execute,
    unprepare,
)
from procluster.local.procedures import bind, give_back, run_dynamic
from procluster.local.results import Column, ResultSet
from procluster.local.syntax import Literal, Parameter, Position
from procluster.local.system_rows import CONFIGURATIONS
from procluster.local.types import SqlType
from procluster.local.undeclared import describe_undeclared_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import Execute, LiteralKind, ObjectName

    Procedure = Callable[[Interpreter, Execute, Frame], object]

__all__ = ["SYSTEM_PROCEDURES", "system_procedure"]

NOWHERE = Position(0, 0)
NAME = SqlType("nvarchar", 255)
INT = SqlType("int")
LOCK_MODES = ("shared", "exclusive")
OWNERS = ("session", "transaction")
BAD_ARGUMENT = -999
CHOSEN_AS_VICTIM = -3


def _parameter(name: str, kind: SqlType, default: str | None = None) -> Parameter:
    literal = None
    if default is not None:
        form: LiteralKind = "int" if kind == INT else "national"
        literal = Literal(NOWHERE, "null" if default == "NULL" else form, default)
    return Parameter(NOWHERE, name, kind, literal)


GET_LOCK = (
    _parameter("@Resource", NAME),
    _parameter("@LockMode", SqlType("nvarchar", 32)),
    _parameter("@LockOwner", SqlType("nvarchar", 32), "Transaction"),
    _parameter("@LockTimeout", INT, "-1"),
    _parameter("@DbPrincipal", SqlType("nvarchar", 128), "public"),
)
RELEASE_LOCK = (GET_LOCK[0], GET_LOCK[2], GET_LOCK[4])
CONFIGURE = (
    _parameter("@configname", SqlType("nvarchar", 35), "NULL"),
    _parameter("@configvalue", INT, "NULL"),
)


def execute_sql(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_executesql."""
    given, rest = split_arguments(statement.arguments, ("@stmt", "@params"))
    renamed = [a for a in rest if a.name and a.name.lower() == "@statement"]
    if renamed:
        given["@stmt"] = renamed[0]
        rest = tuple(a for a in rest if a is not renamed[0])
    if "@stmt" not in given:
        raise sql_error(201, "sp_executesql", "@statement")
    text = national_text(engine, given, "@stmt", frame)
    declared = national_text(engine, given, "@params", frame)
    parameters = parse_parameters(declared or "")
    try:
        bound = bind(engine, "sp_executesql", parameters, rest, frame) if parameters or rest else []
    except SqlError as error:
        if error.number != 201:
            raise
        missing = error.message.split("'")[3]
        raise sql_error(8178, f"({declared}){text}", missing) from None
    inner = run_dynamic(engine, text or "", bound, frame)
    give_back(engine, inner, bound, frame)
    return engine.last_error


def get_lock(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_getapplock: 0 taken, 1 after waiting, -1 timed out, -3 a deadlock, -999 a bad argument."""
    resource, mode, owner, wait, _ = (
        item.value for item in bind(engine, "sp_getapplock", GET_LOCK, statement.arguments, frame)
    )
    mode, owner = str(mode).lower(), str(owner).lower()
    if mode in ("update", "intentshared", "intentexclusive"):
        raise _refusal(statement, f"@LockMode = {mode}", "use Shared or Exclusive")
    if resource is None or mode not in LOCK_MODES or owner not in OWNERS:
        return BAD_ARGUMENT
    if owner == "transaction" and not engine.transaction.depth:
        return BAD_ARGUMENT
    milliseconds = int(str(wait))
    limit = engine.longest_wait if milliseconds < 0 else milliseconds / 1000
    try:
        taken = engine.locks.acquire(
            engine.session_id,
            str(resource),
            owner,
            mode,
            time_out=limit,
            cancelled=engine.cancelled,
        )
    except Deadlock:
        return CHOSEN_AS_VICTIM
    engine.stop_if_cancelled()
    if taken is None and milliseconds < 0:
        raise _refusal(statement, "waiting for a lock without end", "give a @LockTimeout")
    return -1 if taken is None else taken


def release_lock(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_releaseapplock."""
    resource, owner, principal = (
        item.value
        for item in bind(engine, "sp_releaseapplock", RELEASE_LOCK, statement.arguments, frame)
    )
    if not engine.locks.release(engine.session_id, str(resource), str(owner).lower()):
        raise sql_error(1223, principal, resource)
    return 0


def configure(engine: Interpreter, statement: Execute, frame: Frame) -> object:
    """sp_configure, for reading."""
    name, value = (
        item.value for item in bind(engine, "sp_configure", CONFIGURE, statement.arguments, frame)
    )
    wanted = None if name is None else str(name).lower()
    rows = [
        (option, low, high, now, now)
        for option, (_, low, high, now, _) in CONFIGURATIONS.items()
        if wanted in (None, option)
    ]
    if not rows:
        raise sql_error(15123, name)
    if value is not None:
        if value != rows[0][3]:
            what = f"sp_configure '{name}', {value}"
            raise _refusal(statement, what, f"it is always {rows[0][3]}")
        return 0
    titles = ("name", "minimum", "maximum", "config_value", "run_value")
    kinds = (SqlType("nvarchar", 35), INT, INT, INT, INT)
    options = enumerate(zip(*rows, strict=True))
    table = pa.table({f"c{place}": list(values) for place, values in options})
    columns = tuple(Column(title, kind) for title, kind in zip(titles, kinds, strict=True))
    engine.send(ResultSet(columns, table))
    return 0


def _refusal(statement: Execute, what: str, reason: str) -> Refusal:
    return Refusal(what, reason, line=statement.at.line, column=statement.at.column)


SYSTEM_PROCEDURES: dict[str, Procedure] = {
    "sp_configure": configure,
    "sp_datatype_info": datatype_info,
    "sp_datatype_info_100": datatype_info,
    "sp_describe_undeclared_parameters": describe_undeclared_parameters,
    "sp_execute": execute_prepared,
    "sp_execute_external_script": execute_external_script,
    "sp_executesql": execute_sql,
    "sp_getapplock": get_lock,
    "sp_prepare": prepare,
    "sp_prepexec": prepare_and_execute,
    "sp_releaseapplock": release_lock,
    "sp_unprepare": unprepare,
}
"""Every system procedure that can be called."""


def system_procedure(name: ObjectName) -> Procedure | None:
    """Find a system procedure; other names that start like one are refused."""
    last = name.parts[-1].lower()
    schema = name.parts[-2].lower() if len(name.parts) > 1 else "sys"
    if schema not in ("sys", "dbo", "") or not last.startswith(("sp_", "xp_")):
        return None
    found = SYSTEM_PROCEDURES.get(last)
    if found is None and schema == "sys":
        allowed = ", ".join(sorted(SYSTEM_PROCEDURES))
        raise Refusal(
            f"procedure {name.parts[-1]}",
            f"allowed: {allowed}",
            line=name.at.line,
            column=name.at.column,
        )
    return found
