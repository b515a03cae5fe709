"""Application locks: sp_getapplock and sp_releaseapplock."""

from __future__ import annotations

from procluster.local import syntax as ast
from procluster.local.execution import bind
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.locks import Deadlock
from procluster.local.messages import error, refuse
from procluster.local.parser import parse_parameters
from procluster.local.registry import system_procedure

LOCK_MODES = ("shared", "exclusive")
OWNERS = ("session", "transaction")
BAD_ARGUMENT = -999
CHOSEN_AS_VICTIM = -3
GET_LOCK = parse_parameters(
    "@Resource nvarchar(255), @LockMode nvarchar(32), @LockOwner nvarchar(32) = N'Transaction', "
    "@LockTimeout int = -1, @DbPrincipal nvarchar(128) = N'public'"
)
RELEASE_LOCK = (GET_LOCK[0], GET_LOCK[2], GET_LOCK[4])


@system_procedure("sp_getapplock")
def get_lock(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """0 taken, 1 after waiting, -1 timed out, -3 a deadlock, -999 a bad argument."""
    bound = bind(engine, "sp_getapplock", GET_LOCK, statement.arguments, frame)
    resource, mode, owner, wait, _ = (item.value for item in bound)
    mode, owner = str(mode).lower(), str(owner).lower()
    if mode in ("update", "intentshared", "intentexclusive"):
        raise refuse(f"@LockMode = {mode}", "use Shared or Exclusive", statement.at)
    if resource is None or mode not in LOCK_MODES or owner not in OWNERS:
        return BAD_ARGUMENT
    if owner == "transaction" and not engine.transaction.depth:
        return BAD_ARGUMENT
    milliseconds = int(str(wait))
    limit = engine.longest_wait if milliseconds < 0 else milliseconds / 1000
    where = engine.session_id, str(resource), owner, mode
    try:
        taken = engine.locks.acquire(*where, time_out=limit, cancelled=engine.cancelled)
    except Deadlock:
        return CHOSEN_AS_VICTIM
    engine.stop_if_cancelled()
    if taken is None and milliseconds < 0:
        raise refuse("waiting for a lock without end", "give a @LockTimeout", statement.at)
    return -1 if taken is None else taken


@system_procedure("sp_releaseapplock")
def release_lock(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """Error 1223 where the lock is not held."""
    bound = bind(engine, "sp_releaseapplock", RELEASE_LOCK, statement.arguments, frame)
    resource, owner, principal = (item.value for item in bound)
    if not engine.locks.release(engine.session_id, str(resource), str(owner).lower()):
        raise error(1223, principal, resource)
    return 0
