"""Everything out of a database again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from procluster.deploy.history import Recorded
from procluster.deploy.loss import losses
from procluster.deploy.plan import (
    FOREIGN,
    Change,
    Observation,
    Plan,
    drop_statement,
    observe,
    removed,
)
from procluster.deploy.release import MODULES, bare_parts
from procluster.generator.quoting import identifier, literal

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release
    from procluster.generator.render import Script

__all__ = ["uninstall_plan"]

DATABASE_WIDE: Final = re.compile(
    r"^GRANT (?P<permission>[A-Z ]+) TO (?P<principal>\S+);$", re.MULTILINE
)


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
