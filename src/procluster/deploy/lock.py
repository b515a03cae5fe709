"""One deployment at a time."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from procluster.errors import ConnectError, DeploymentError, SqlError
from procluster.generator.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.connection import Connection

__all__ = ["exclusive", "lock_batch", "release_batch"]


@contextmanager
def exclusive(connection: Connection, schema: str, timeout: int) -> Iterator[None]:
    """Keep everybody else from deploying into a schema meanwhile.

    The session owns the lock, so it outlasts a rolled back transaction, and ends with a
    connection that is lost
    (https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql).

    Raises
    ------
    DeploymentError
        Somebody else is at it, and still was after `timeout` seconds.
    """
    [result] = connection.query(f"{lock_batch(schema, timeout)}\nSELECT @lock AS lock;")
    if int(str(result.rows[0][0])) < 0:
        raise DeploymentError(
            f"schema {schema}: another deployment holds the lock, and still did after {timeout} s. "
            "Wait for it to end; sys.dm_tran_locks shows its session."
        )
    try:
        yield
    finally:
        with suppress(ConnectError, SqlError):
            connection.query(release_batch(schema))


def lock_batch(schema: str, timeout: int) -> str:
    """Take the lock; @lock is negative when it was not to be had within `timeout` seconds."""
    return f"""DECLARE @lock int;

EXEC @lock = sp_getapplock
    @Resource = {_resource(schema)},
    @LockMode = N'Exclusive',
    @LockOwner = N'Session',
    @LockTimeout = {timeout * 1000:d};
"""


def release_batch(schema: str) -> str:
    """Give the lock back, if it is held."""
    resource = _resource(schema)
    return f"""IF APPLOCK_MODE(N'public', {resource}, N'Session') <> N'NoLock'
    EXEC sp_releaseapplock
        @Resource = {resource},
        @LockOwner = N'Session';
"""


def _resource(schema: str) -> str:
    return literal(f"procluster.{schema}.deployment")
