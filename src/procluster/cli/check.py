"""procluster check: whether a server and database have what is needed."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["check"]


@click.command(
    epilog="""
\b
Examples:
  procluster check --target dev
  procluster check --target dev --format markdown
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
def check(ctx: click.Context, target: str | None, config: Path | None, style: str) -> None:
    """Look at everything that a deployment needs.

    Version, edition and settings of the server, external scripts, Python and its packages, the
    permissions of this login, the mapped tables with their columns, types and rows; and what to do
    about what is not there. Nothing is changed. The exit code is 1 when something will not do.
    """
    from procluster import catalog
    from procluster.deploy.finding import FORMATS
    from procluster.deploy.preflight import check as look

    with opened(target, config) as place:
        findings = look(place.connection, catalog.needs(place.settings))
    click.echo(FORMATS[style](findings))
    ctx.exit(0 if all(one.is_ok for one in findings) else 1)
