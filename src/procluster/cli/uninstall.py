"""procluster uninstall: everything out of a database again."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.changing import Changing, drift_option, yes_option
from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["uninstall"]


@click.command(
    epilog="""
\b
Examples:
  procluster uninstall --target dev
  procluster uninstall --target dev --drop-data
"""
)
@target_option
@config_option
@click.option(
    "--drop-data", is_flag=True, help="Drop the tables too, with models and history, and the roles."
)
@yes_option
@drift_option
def uninstall(
    target: str | None, config: Path | None, drop_data: bool, yes: bool, overwrite_drift: bool
) -> None:
    """Remove the procedures, views and functions from a database.

    Tables, their rows, the roles and the history stay, unless --drop-data says otherwise. The
    Agent job is another matter: procluster job remove.
    """
    from procluster.deploy.apply import Permission
    from procluster.deploy.uninstall import uninstall_plan

    with opened(target, config) as place:
        Changing(
            place,
            "uninstall",
            lambda: uninstall_plan(place.connection, place.release, drop_data=drop_data),
            Permission(overwrite_drift, allow_data_loss=drop_data),
            yes,
        ).run()
