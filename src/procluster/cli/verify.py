"""procluster verify: whether what was deployed is there, and runs."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["verify"]


@click.command(
    epilog="""
\b
Examples:
  procluster verify --target prod
  procluster verify --target prod --format json
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
def verify(ctx: click.Context, target: str | None, config: Path | None, style: str) -> None:
    """Check that a deployment is whole; nothing is changed.

    Every object and permission is there, as it is recorded and as it is rendered, and the
    procedures run; what they do is rolled back. The exit code is 1 when something is not so.
    """
    from procluster.deploy.finding import FORMATS
    from procluster.deploy.verify import verify as look

    with opened(target, config) as place:
        findings = look(place.connection, place.release)
    click.echo(FORMATS[style](findings))
    ctx.exit(0 if all(one.is_ok for one in findings) else 1)
