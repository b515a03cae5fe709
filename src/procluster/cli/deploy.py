"""procluster deploy: the rendered scripts into a database."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.changing import Changing, data_loss_option, drift_option, yes_option
from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["deploy"]


@click.command(
    epilog="""
\b
Examples:
  procluster deploy --target dev
  procluster deploy --target prod --yes
"""
)
@target_option
@config_option
@yes_option
@drift_option
@data_loss_option
def deploy(
    target: str | None,
    config: Path | None,
    yes: bool,
    overwrite_drift: bool,
    allow_data_loss: bool,
) -> None:
    """Bring a database to what is rendered.

    Shows the plan and asks. Everything runs in one transaction, while no other deployment can:
    all of it or nothing. What was done, by whom and how it ended is in the history.
    """
    from procluster.deploy.apply import Permission
    from procluster.deploy.plan import make_plan

    with opened(target, config) as place:
        Changing(
            place,
            "deploy",
            lambda: make_plan(place.connection, place.release),
            Permission(overwrite_drift, allow_data_loss),
            yes,
        ).run()
