"""What was deployed, when and by whom: the tables ``deployment`` and ``deployment_object``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from procluster.errors import DeploymentError, SqlError
from procluster.generator.batches import SESSION_SETTINGS
from procluster.generator.quoting import literal, text_value
from procluster.generator.render import Kind, Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release

__all__ = [
    "Attempt",
    "Entry",
    "Recorded",
    "find_attempt",
    "insert_deployment",
    "insert_object",
    "is_there",
    "latest",
    "list_deployments",
    "record_failure",
    "recorded_at",
]

MESSAGE_LENGTH: Final = 4000
NUMBER: Final = "SELECT CAST(SCOPE_IDENTITY() AS int) AS deployment_id;"


@dataclass(frozen=True)
class Recorded:
    """One object as a deployment left it.

    Attributes
    ----------
    version : int
        How often its text has changed so far.
    definition, sha256 : str
        The text that ran, and its hash.
    status : str
        What that deployment did: created, changed, unchanged, drifted, removed or baseline.
    deployed : str or None
        What the catalog views told afterwards; None when nobody asked them.
    """

    name: str
    kind: Kind
    version: int
    sha256: str
    definition: str
    status: str
    deployed: str | None

    @property
    def is_intact(self) -> bool:
        """Whether the text is the one that was hashed."""
        return hashlib.sha256(self.definition.encode("utf-8")).hexdigest() == self.sha256

    @property
    def script(self) -> Script:
        """The text as a script that runs again."""
        return Script(self.name, self.kind, self.definition)


@dataclass(frozen=True)
class Entry:
    """One row of the history; times are UTC."""

    deployment_id: int
    action: str
    status: str
    started_at: datetime
    duration_ms: int | None
    login_name: str
    host_name: str | None
    tool_version: str
    objects: int
    message: str | None


@dataclass(frozen=True)
class Attempt:
    """What is written about one attempt, however it ends.

    Attributes
    ----------
    token : str
        32 hexadecimal digits that no other attempt has; empty when nobody will look for it.
    action : str
        deploy, rollback, uninstall or baseline.
    started_at : str
        The server's UTC time, as T-SQL reads it; empty for that of the row itself.
    """

    token: str
    action: str
    started_at: str
    tool_version: str


def list_deployments(connection: Connection, release: Release, limit: int = 20) -> list[Entry]:
    """The latest deployments, the latest first."""
    if not is_there(connection, release):
        return []
    [result] = connection.query(
        f"""
SELECT TOP ({limit:d})
    d.deployment_id, d.action, d.status, d.started_at,
    DATEDIFF(MILLISECOND, d.started_at, d.ended_at), d.login_name, d.host_name, d.tool_version,
    (
        SELECT COUNT(*)
        FROM {release.table("deployment_object")} AS o
        WHERE o.deployment_id = d.deployment_id AND o.status <> N'unchanged'
    ),
    d.message
FROM {release.table("deployment")} AS d
ORDER BY d.deployment_id DESC;
"""
    )
    return [Entry(*cast("Any", row)) for row in result.rows]


def latest(connection: Connection, release: Release) -> dict[tuple[str, str], Recorded]:
    """What the last successful deployment left, by kind and lower-case name; empty without one."""
    if not is_there(connection, release):
        return {}
    last = (
        f"(SELECT MAX(d.deployment_id) FROM {release.table('deployment')} AS d "
        "WHERE d.status = N'succeeded')"
    )
    return {(one.kind, one.name.lower()): one for one in _objects(connection, release, last)}


def recorded_at(connection: Connection, release: Release, deployment_id: int) -> Sequence[Recorded]:
    """What one deployment left, in its order.

    Raises
    ------
    DeploymentError
        There is no such deployment, it failed, or a stored text is not the one that was hashed.
    """
    entries = {one.deployment_id: one for one in list_deployments(connection, release, 1000)}
    entry = entries.get(deployment_id)
    if entry is None or entry.status != "succeeded":
        found = [str(number) for number, one in entries.items() if one.status == "succeeded"]
        state = "is not in the history" if entry is None else f"{entry.status}"
        raise DeploymentError(
            f"deployment {deployment_id}: {state}. "
            f"Allowed: {', '.join(found) or 'none, nothing was deployed yet'}."
        )
    objects = _objects(connection, release, str(deployment_id))
    faulty = [one.name for one in objects if not one.is_intact]
    if faulty:
        raise DeploymentError(
            f"deployment {deployment_id}: the stored text of {', '.join(faulty)} is not the one "
            "that was hashed; somebody changed the history. Deploy the rendered scripts instead."
        )
    return objects


def insert_deployment(
    release: Release, attempt: Attempt, status: str, message: str, *, is_older: bool = False
) -> str:
    """The statement that adds a row; SCOPE_IDENTITY() is its number then.

    Tables that are older than this version lack columns, which are left out then.
    """
    values = {
        "action": literal(attempt.action),
        "attempt": literal(attempt.token) if attempt.token else "NULL",
        "tool_version": literal(attempt.tool_version),
        "started_at": literal(attempt.started_at) if attempt.started_at else "SYSUTCDATETIME()",
        "ended_at": "SYSUTCDATETIME()",
        "status": literal(status),
        "message": literal(_fitting(message)) if message else "NULL",
    }
    if is_older:
        del values["action"], values["attempt"]
    return f"""INSERT INTO {release.table("deployment")} (
    {", ".join(values)}
)
VALUES (
    {", ".join(values.values())}
);
"""


def insert_object(release: Release, deployment: str, position: int, one: Recorded) -> str:
    """The batch that adds a row to the deployment that an expression gives."""
    deployed = "NULL" if one.deployed is None else text_value(one.deployed)
    return f"""INSERT INTO {release.table("deployment_object")} (
    deployment_id, position, object_name, object_kind, version, sha256, status, definition, deployed
)
VALUES (
    {deployment}, {position:d}, {literal(one.name)}, {literal(one.kind)}, {one.version:d},
    {literal(one.sha256)}, {literal(one.status)}, {text_value(one.definition)}, {deployed}
);
"""


def record_failure(
    connection: Connection, release: Release, attempt: Attempt, message: str
) -> int | None:
    """Put a failed attempt on record, in a transaction of its own; None when that fails too.

    A database without a history gets its tables; tables of an earlier version stay as they are.
    """
    current = is_there(connection, release)
    table = literal(str(release.table("deployment")))
    scripts = [] if current else [one.text for one in release.history_scripts]
    try:
        connection.query(f"{SESSION_SETTINGS}SET XACT_ABORT ON;")
        connection.query("BEGIN TRANSACTION;")
        [older] = connection.query(f"SELECT OBJECT_ID({table}, N'U');")
        is_older = not current and older.rows[0][0] is not None
        for script in () if is_older else scripts:
            connection.query(script)
        row = insert_deployment(release, attempt, "failed", message, is_older=is_older)
        [inserted] = connection.query(row + NUMBER)
        connection.query("COMMIT TRANSACTION;")
    except SqlError:
        connection.query("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        return None
    return int(str(inserted.rows[0][0]))


def find_attempt(connection: Connection, release: Release, attempt: Attempt) -> int | None:
    """The deployment of an attempt whose end nobody saw; None when it was not committed."""
    if not is_there(connection, release):
        return None
    [result] = connection.query(
        f"SELECT d.deployment_id FROM {release.table('deployment')} AS d "
        f"WHERE d.attempt = {literal(attempt.token)} AND d.status = N'succeeded';"
    )
    return int(str(result.rows[0][0])) if result.rows else None


def is_there(connection: Connection, release: Release) -> bool:
    """Whether the history's tables are there, with the columns they have now."""
    table = literal(str(release.table("deployment_object")))
    [result] = connection.query(f"SELECT COL_LENGTH({table}, N'deployed');")
    return result.rows[0][0] is not None


def _objects(connection: Connection, release: Release, deployment: str) -> Sequence[Recorded]:
    [result] = connection.query(
        f"""
SELECT o.object_name, o.object_kind, o.version, o.sha256, o.definition, o.status, o.deployed
FROM {release.table("deployment_object")} AS o
WHERE o.deployment_id = {deployment} AND o.status <> N'removed'
ORDER BY o.position;
"""
    )
    return [Recorded(*cast("Any", row)) for row in result.rows]


def _fitting(message: str) -> str:
    """A message as the column takes it and a literal holds it: 4,000 UTF-16 units, no NUL."""
    clean = message.replace("\0", "").replace("\\\n", "\\ \n").replace("\\\r", "\\ \r")
    data = clean.encode("utf-16-le", "replace")[: 2 * MESSAGE_LENGTH]
    return data.decode("utf-16-le", "ignore")
