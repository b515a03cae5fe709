"""Application locks: sp_getapplock and sp_releaseapplock."""

from procluster.local.arguments import Call
from procluster.local.locks import Deadlock
from procluster.local.messages import error, refuse
from procluster.local.registry import system_procedure

LOCK_MODES = ("shared", "exclusive")
OWNERS = ("session", "transaction")
BAD_ARGUMENT = -999
CHOSEN_AS_VICTIM = -3
OWNER = "@LockOwner nvarchar(32) = N'Transaction'"
PRINCIPAL = "@DbPrincipal nvarchar(128) = N'public'"


@system_procedure(
    "sp_getapplock",
    f"@Resource nvarchar(255), @LockMode nvarchar(32), {OWNER}, @LockTimeout int = -1, {PRINCIPAL}",
)
def get_lock(call: Call) -> object:
    """0 taken, 1 after waiting, -1 timed out, -3 a deadlock, -999 a bad argument."""
    engine, at = call.engine, call.statement.at
    resource, mode, owner, wait, _ = call.values
    mode, owner = str(mode).lower(), str(owner).lower()
    if mode in ("update", "intentshared", "intentexclusive"):
        raise refuse(f"@LockMode = {mode}", "use Shared or Exclusive", at)
    if resource is None or mode not in LOCK_MODES or owner not in OWNERS:
        return BAD_ARGUMENT
    if owner == "transaction" and not engine.transaction.depth:
        return BAD_ARGUMENT
    milliseconds = int(str(wait))
    limit = engine.shared.longest_wait if milliseconds < 0 else milliseconds / 1000
    try:
        taken = engine.locks.acquire(str(resource), owner, mode, limit)
    except Deadlock:
        return CHOSEN_AS_VICTIM
    engine.stop_if_cancelled()
    if taken is None and milliseconds < 0:
        raise refuse("waiting for a lock without end", "give a @LockTimeout", at)
    return -1 if taken is None else taken


@system_procedure("sp_releaseapplock", f"@Resource nvarchar(255), {OWNER}, {PRINCIPAL}")
def release_lock(call: Call) -> object:
    """Error 1223 where the lock is not held."""
    resource, owner, principal = call.values
    if not call.engine.locks.release(str(resource), str(owner).lower()):
        raise error(1223, principal, resource)
    return 0
