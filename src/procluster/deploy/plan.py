"""What a deployment would do: rendered, recorded and deployed, held against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from procluster.deploy import history
from procluster.deploy.difference import difference
from procluster.deploy.history import Recorded
from procluster.deploy.loss import losses
from procluster.deploy.release import MODULES, Release, quoted
from procluster.deploy.state import State, is_rerunnable, read_state, same_module
from procluster.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from procluster.deploy.connection import Connection
    from procluster.generator.render import Kind, Script

__all__ = [
    "EVERY_TIME",
    "FOREIGN",
    "Change",
    "Observation",
    "Plan",
    "Status",
    "drop_statement",
    "make_plan",
    "observe",
    "planned",
    "removed",
    "why_drifted",
]

Status = Literal["created", "changed", "removed", "unchanged", "drifted"]

EVERY_TIME: Final = ("schema", "role", "grant")
"""Kinds that run on every deployment: they say what must be, and change nothing that is so."""

FOREIGN: Final = "there already, and not deployed by procluster"
"""Why an object of an unknown origin counts as drifted."""


@dataclass(frozen=True)
class Change:
    """What would become of one object.

    Attributes
    ----------
    reason : str
        Why it is drifted; empty otherwise.
    diff : str
        Unified; for what drifted, from what was deployed to what is there.
    steps : tuple of str
        The batches that make it so.
    leaves : Recorded or None
        What is put on record afterwards.
    requires : tuple of str
        Lines of a table's structure that must be there afterwards.
    loss : tuple of str
        The rows that would be lost, in words.
    """

    name: str
    kind: Kind
    status: Status
    reason: str = ""
    diff: str = ""
    steps: tuple[str, ...] = ()
    leaves: Recorded | None = None
    requires: tuple[str, ...] = ()
    loss: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All changes, in the order in which they are made."""

    changes: tuple[Change, ...]

    def of(self, *statuses: Status) -> tuple[Change, ...]:
        """The changes with one of some statuses."""
        return tuple(one for one in self.changes if one.status in statuses)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return len(self.of("unchanged")) == len(self.changes)

    @property
    def losses(self) -> tuple[str, ...]:
        """The rows that would be lost, in words."""
        return tuple(line for one in self.changes for line in one.loss)

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 3 drift."""
        return 3 if self.of("drifted") else 0 if self.is_empty else 2


@dataclass(frozen=True)
class Observation:
    """What is recorded, by kind and lower-case name, and what is there."""

    recorded: Mapping[tuple[str, str], Recorded]
    state: State


def observe(connection: Connection, release: Release) -> Observation:
    """Read what the last deployment recorded and what is there now."""
    _require_sight(connection)
    recorded = history.latest(connection, release)
    everything: list[Script | Recorded] = [*release.scripts, *recorded.values()]
    keys = [(one.kind, one.name) for one in everything]
    return Observation(recorded, read_state(connection, keys, release.principals))


def _require_sight(connection: Connection) -> None:
    """Refuse to compare what cannot be seen: it would look as if it were dropped."""
    [result] = connection.query(
        "SELECT HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION'), ORIGINAL_LOGIN();"
    )
    allowed, login = result.rows[0]
    if not allowed:
        raise DeploymentError(
            f"login {login}: may not see the definitions in this database, so nothing can be "
            "compared. GRANT VIEW DEFINITION to its user, or add it to db_owner."
        )


def make_plan(connection: Connection, release: Release) -> Plan:
    """Find out what deploying a release would do. Nothing is changed."""
    seen = observe(connection, release)
    wanted = {(one.kind, one.name.lower()) for one in release.scripts}
    own = release.history_scripts
    changes = [planned(script, seen, is_own=script in own) for script in release.scripts]
    changes += [
        removed(recorded, seen.state)
        for key, recorded in reversed(list(seen.recorded.items()))
        if key not in wanted and key[0] not in EVERY_TIME
        if seen.state.get(recorded.kind, recorded.name) is not None
    ]
    return Plan(tuple(replace(one, loss=losses(connection, one.kind, one.name, one.steps))
                      if one.status != "unchanged" else one for one in changes))  # fmt: skip


def planned(script: Script, seen: Observation, *, is_own: bool) -> Change:
    """What would become of an object that is rendered.

    ``is_own`` says that it is the history's: a baseline or the record of a failure may have made
    it before anything was deployed.
    """
    recorded = seen.recorded.get((script.kind, script.name.lower()))
    there = seen.state.get(script.kind, script.name)
    drift = why_drifted(script.kind, recorded, there)
    if drift == FOREIGN and is_own:
        drift = ""
    status = "drifted" if drift else _status(script, recorded, there)
    steps: tuple[str, ...] = (script.text,)
    if status == "unchanged" and recorded and script.kind not in EVERY_TIME:
        steps = ()
    elif script.kind in MODULES and there is not None and not is_rerunnable(script.text):
        steps = (drop_statement(script.kind, script.name), script.text)
    return Change(
        script.name,
        script.kind,
        status,
        drift,
        _diff(script, recorded, there, status),
        steps,
        _leaves(script, recorded, status),
        _required(script, recorded) if drift else (),
    )


def removed(recorded: Recorded, state: State) -> Change:
    """What would become of an object that is no longer rendered."""
    there = state.get(recorded.kind, recorded.name)
    drift = why_drifted(recorded.kind, recorded, there)
    return Change(
        recorded.name,
        recorded.kind,
        "drifted" if drift else "removed",
        drift,
        difference(recorded.name, "recorded", recorded.deployed, "there", there) if drift else "",
        (drop_statement(recorded.kind, recorded.name),),
        replace(recorded, status="removed"),
    )


def why_drifted(kind: str, recorded: Recorded | None, there: str | None) -> str:
    """Why an object is not as it was left; empty when it is."""
    if kind == "grant":
        return _grants_changed(recorded, there or "")
    if recorded is None:
        is_new = there is None or kind in EVERY_TIME
        return "" if is_new else FOREIGN
    if there is None:
        return "dropped by hand"
    if recorded.deployed is not None:
        return "" if there == recorded.deployed else "altered by hand"
    altered = kind in MODULES and not same_module(recorded.definition, there)
    return "altered by hand" if altered else ""


def _grants_changed(recorded: Recorded | None, there: str) -> str:
    """Which permissions somebody gave or took by hand."""
    if recorded is None or recorded.deployed is None:
        return ""
    before, now = set(recorded.deployed.splitlines()), set(there.splitlines())
    changes = [("given", now - before), ("taken away", before - now)]
    return "; ".join(
        f"{what} by hand: {' '.join(sorted(lines)).rstrip(';')}" for what, lines in changes if lines
    )


def _status(script: Script, recorded: Recorded | None, there: str | None) -> Status:
    if recorded:
        return "unchanged" if recorded.sha256 == script.sha256 else "changed"
    if there is None:
        return "created"
    return "unchanged" if script.kind in ("schema", "role") else "changed"


def _diff(script: Script, recorded: Recorded | None, there: str | None, status: Status) -> str:
    if status == "drifted" and recorded:
        before = recorded.definition if recorded.deployed is None else recorded.deployed
        return difference(script.name, "recorded", before, "there", there)
    if status == "drifted":
        return difference(script.name, "there", there, "rendered", script.text)
    if status == "changed":
        before = recorded.definition if recorded else there or ""
        return difference(script.name, "recorded", before, "rendered", script.text)
    return ""


def _leaves(script: Script, recorded: Recorded | None, status: Status) -> Recorded:
    version = 1
    if recorded:
        version = recorded.version + (recorded.sha256 != script.sha256)
    return Recorded(
        script.name, script.kind, version, script.sha256, script.text, status, deployed=None
    )


def _required(script: Script, recorded: Recorded | None) -> tuple[str, ...]:
    """What a drifted table had: its script adds what is missing only where a step says so."""
    if script.kind != "table" or recorded is None:
        return ()
    return tuple((recorded.deployed or "").splitlines())


def drop_statement(kind: str, name: str) -> str:
    """The batch that removes a module or table."""
    return f"DROP {kind.upper()} {quoted(name)};"
