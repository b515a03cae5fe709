"""procluster rollback: back to an earlier deployment."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.changing import Changing, drift_option, yes_option
from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["rollback"]


@click.command(
    epilog="""
\b
Examples:
  procluster rollback --target dev --to 3
"""
)
@target_option
@config_option
@click.option(
    "--to", "number", type=int, required=True, metavar="N", help="Deployment, as history lists it."
)
@yes_option
@drift_option
def rollback(
    target: str | None, config: Path | None, number: int, yes: bool, overwrite_drift: bool
) -> None:
    """Go back to the modules of an earlier deployment.

    The stored texts of its procedures, views and functions run again. Tables stay as they are:
    what was added to them since is not taken away, and no row is lost.
    """
    from procluster.deploy.apply import Permission
    from procluster.deploy.plan import make_plan
    from procluster.deploy.rollback import earlier_release

    with opened(target, config) as place:
        earlier = earlier_release(place.connection, place.release, number)
        Changing(
            place,
            "rollback",
            lambda: make_plan(place.connection, earlier),
            Permission(overwrite_drift),
            yes,
            f"to deployment {number}",
        ).run()
