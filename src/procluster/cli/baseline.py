"""procluster baseline: what is in a database already is taken in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

if TYPE_CHECKING:
    from procluster.deploy.plan import Plan

__all__ = ["baseline"]


@click.command(
    epilog="""
\b
Examples:
  procluster baseline --target dev
"""
)
@target_option
@config_option
def baseline(target: str | None, config: Path | None) -> None:
    """Take in the objects that are there already, as they are.

    For a database that install.sql was run in, and for changes by hand that shall stay for now.
    Nothing is changed but the history; the next plan shows what differs from what is rendered.
    """
    from procluster.deploy.apply import Deployment
    from procluster.deploy.baseline import baseline_plan

    with opened(target, config) as place:

        def remake() -> Plan:
            return baseline_plan(place.connection, place.release)

        plan = remake()
        taken = [one for one in plan.changes if one.leaves and one.leaves.status == "baseline"]
        if not taken:
            click.echo("Nothing to take in: what is there is on record already, or nothing is.")
            return
        deployment = Deployment(
            place.connection, place.release, "baseline", lock_timeout=place.target.lock_timeout
        )
        number = deployment.run(plan, remake)
    for one in taken:
        click.echo(f"  {one.kind:9}  {one.name}")
    click.echo(f"{len(taken)} objects of {place.target} are on record as deployment {number}.")
