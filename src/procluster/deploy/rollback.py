"""The way back to an earlier deployment, by its stored texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.deploy import history
from procluster.deploy.plan import EVERY_TIME
from procluster.deploy.release import MODULES

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection
    from procluster.deploy.release import Release

__all__ = ["earlier_release"]


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
