"""procluster plan: what a deployment would do."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["plan"]


@click.command(
    epilog="""
\b
Exit codes:
  0  nothing to do
  2  there are changes
  3  there is drift: somebody changed the database by hand
  1  an error (64: wrong usage)

\b
Examples:
  procluster plan --target dev
  procluster plan --target dev --format markdown > plan.md
"""
)
@target_option
@config_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
)
@click.pass_context
def plan(ctx: click.Context, target: str | None, config: Path | None, style: str) -> None:
    """Show what a deployment would do; nothing is changed.

    What is rendered, what the last deployment recorded and what is in the database are held
    against each other: created, changed (with the difference), removed, drifted, unchanged.
    """
    from procluster.deploy.plan import make_plan
    from procluster.deploy.report import FORMATS

    with opened(target, config) as place:
        found = make_plan(place.connection, place.release)
    click.echo(FORMATS[style](found, str(place.target)))
    ctx.exit(found.exit_code)
