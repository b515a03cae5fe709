"""Ways back: to an earlier deployment, to nothing; and taking in what is there already."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from procluster.deploy import history
from procluster.deploy.history import Recorded
from procluster.deploy.loss import losses
from procluster.deploy.plan import (
    EVERY_TIME,
    FOREIGN,
    Change,
    Observation,
    Plan,
    drop_statement,
    observe,
    removed,
)
from procluster.deploy.release import MODULES, bare_parts
from procluster.deploy.state import same_module
from procluster.generator.quoting import identifier, literal

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release
    from procluster.generator.render import Script

__all__ = ["baseline_plan", "earlier_release", "uninstall_plan"]


DATABASE_WIDE: Final = re.compile(
    r"^GRANT (?P<permission>[A-Z ]+) TO (?P<principal>\S+);$", re.MULTILINE
)


def earlier_release(connection: Connection, release: Release, deployment_id: int) -> Release:
    """What an earlier deployment left, as a release: its stored texts.

    Tables keep the forward steps that were made since.

    Raises
    ------
    DeploymentError
        There is no such deployment, or its stored text is not what was hashed.
    """
    then = [one.script for one in history.recorded_at(connection, release, deployment_id)]
    now = history.latest(connection, release).values()
    first = [one for one in then if one.kind in EVERY_TIME and one.kind != "grant"]
    tables = [one.script for one in now if one.kind == "table"]
    rest = [one for one in then if one.kind in (*MODULES, "grant")]
    return replace(release, scripts=(*first, *tables, *rest))


def uninstall_plan(connection: Connection, release: Release, *, drop_data: bool) -> Plan:
    """Remove what was deployed; tables, their schema and the roles only with `drop_data`."""
    seen = observe(connection, release)
    known: dict[tuple[str, str], Recorded | Script] = {
        (one.kind, one.name.lower()): one for one in release.scripts
    }
    found = [
        one
        for one in {**known, **seen.recorded}.values()
        if seen.state.get(one.kind, one.name) is not None
    ]
    leaving = [one for one in found if one.kind in MODULES or (drop_data and one.kind == "table")]
    changes = [_gone(seen, one) for one in reversed(leaving)]
    if drop_data:
        changes = [
            replace(one, leaves=None, loss=losses(connection, one.kind, one.name, one.steps))
            for one in changes
        ]
        schemas = [_schema_removed(one) for one in release.scripts if one.kind == "schema"]
        return Plan((*changes, *_roles_removed(connection, release), *schemas))
    kept = [
        Change(one.name, one.kind, "unchanged", leaves=replace(one, status="unchanged"))
        for one in seen.recorded.values()
        if one.kind not in (*MODULES, "grant")
    ]
    return Plan((*changes, *_permissions_removed(seen.state.get("grant", "") or ""), *kept))


def baseline_plan(connection: Connection, release: Release) -> Plan:
    """Take in what is there as it is; nothing is run but what the history itself needs."""
    seen = observe(connection, release)
    changes = [
        Change(one.name, one.kind, "created", steps=(one.text,), leaves=None)
        for one in release.history_scripts
    ]
    for script in release.scripts:
        there = seen.state.get(script.kind, script.name)
        if there is None:
            continue
        recorded = seen.recorded.get((script.kind, script.name.lower()))
        if recorded is None or recorded.deployed != there:
            recorded = _unrecorded(script, there)
        changes.append(Change(script.name, script.kind, "unchanged", leaves=recorded))
    return Plan(tuple(changes))


def _unrecorded(script: Script, there: str) -> Recorded:
    """An object that was made by something else, as what is there.

    Its text is the rendered one only where that is what was run; so the next plan says what
    differs.
    """
    text = there
    if script.kind in ("schema", "role") or (
        script.kind in MODULES and same_module(script.text, there)
    ):
        text = script.text
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Recorded(script.name, script.kind, 1, digest, text, "baseline", deployed=None)


def _gone(seen: Observation, script: Recorded | Script) -> Change:
    """The removal of one object; of what procluster did not deploy, it is drift."""
    recorded = seen.recorded.get((script.kind, script.name.lower()))
    if recorded:
        return removed(recorded, seen.state)
    return Change(
        script.name,
        script.kind,
        "drifted",
        FOREIGN,
        "",
        (drop_statement(script.kind, script.name),),
    )


def _permissions_removed(grants: str) -> list[Change]:
    """What the roles may do in the whole database; the rest goes with the objects."""
    return [
        Change(
            found["principal"],
            "grant",
            "removed",
            steps=(f"REVOKE {found['permission']} FROM {found['principal']};",),
        )
        for found in DATABASE_WIDE.finditer(grants)
    ]


def _roles_removed(connection: Connection, release: Release) -> list[Change]:
    names = ", ".join(map(literal, release.principals)) or "N''"
    roles, members = connection.query(
        f"""
SELECT r.name FROM sys.database_principals AS r WHERE r.type = 'R' AND r.name IN ({names});

SELECT r.name, m.name
FROM sys.database_role_members AS b
JOIN sys.database_principals AS r ON r.principal_id = b.role_principal_id
JOIN sys.database_principals AS m ON m.principal_id = b.member_principal_id
WHERE r.name IN ({names});
"""
    )
    changes = []
    for (role,) in roles.rows:
        steps = [
            f"ALTER ROLE {identifier(str(role))} DROP MEMBER {identifier(str(member))};"
            for of, member in members.rows
            if of == role
        ]
        drop = f"DROP ROLE {identifier(str(role))};"
        changes.append(Change(str(role), "role", "removed", steps=(*steps, drop)))
    return changes


def _schema_removed(script: Script) -> Change:
    """The removal of a schema, unless something else is in it."""
    schema = bare_parts(script.name)[0]
    step = (
        "IF NOT EXISTS (SELECT 1 FROM sys.objects AS o "
        f"WHERE o.schema_id = SCHEMA_ID({literal(schema)}))\n"
        f"    DROP SCHEMA {identifier(schema)};"
    )
    return Change(schema, "schema", "removed", steps=(step,))
