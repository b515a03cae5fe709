"""The files for people who run no Python: install, uninstall, the Agent job."""

from __future__ import annotations

from typing import Final

from procluster import agent, catalog
from procluster.deploy.release import MODULES, quoted
from procluster.generator.batches import SESSION_SETTINGS
from procluster.generator.quoting import identifier, trusted
from procluster.generator.render import install_script, render
from procluster.settings import Settings

__all__ = ["files"]

INSTALL: Final = """\
/*
procluster: customer segmentation by K-Means inside SQL Server.

Run it in your database, with Management Studio, or sqlcmd -b -d DATABASE -i install.sql. It may be
run again: tables keep their rows, the rest is brought up to date. All of it happens or nothing.
procluster deploy does the same and more: a plan first, a history, drift, ways back.
*/
"""


def files(settings: Settings) -> dict[str, str]:
    """File names and texts, for one database's settings.

    Examples
    --------
    >>> sorted(files(Settings()))
    ['agent_job.sql', 'install.sql', 'uninstall.sql']
    """
    return {
        "install.sql": install_script(catalog.render(settings), INSTALL),
        "uninstall.sql": _alone(_uninstall_script(settings)),
        "agent_job.sql": _alone(agent.install_script(settings, agent.Job())),
    }


def _alone(batch: str) -> str:
    return f"{SESSION_SETTINGS}GO\n\n{batch}GO\n"


def _uninstall_script(settings: Settings) -> str:
    """Everything in the opposite order."""
    leaving = catalog.render(settings)[::-1]
    return render(
        catalog.templates(),
        "file/uninstall.sql.j2",
        {
            "seg": identifier(settings.schema),
            "schema": settings.schema,
            "modules": [
                {"kind": trusted(one.kind.upper()), "name": quoted(one.name)}
                for one in leaving
                if one.kind in MODULES
            ],
            "tables": [quoted(one.name) for one in leaving if one.kind == "table"],
        },
    )
