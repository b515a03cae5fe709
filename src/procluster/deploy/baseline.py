"""What is in a database already, taken in as it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from procluster.deploy.history import Recorded
from procluster.deploy.plan import Change, Plan, observe
from procluster.deploy.release import MODULES
from procluster.deploy.state import same_module

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release
    from procluster.generator.render import Script

__all__ = ["baseline_plan"]


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
