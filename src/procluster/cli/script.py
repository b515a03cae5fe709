"""procluster script: what deploy would run, as a file."""

from __future__ import annotations

from pathlib import Path

import click

from procluster.cli.changing import data_loss_option, drift_option
from procluster.cli.settings import config_option
from procluster.cli.target import opened, target_option

__all__ = ["script"]


@click.command(
    epilog="""
\b
Examples:
  procluster script --target prod -o deploy.sql
  procluster script --target prod --overwrite-drift
"""
)
@target_option
@config_option
@drift_option
@data_loss_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File; standard output by default.",
)
def script(
    target: str | None,
    config: Path | None,
    overwrite_drift: bool,
    allow_data_loss: bool,
    output: Path | None,
) -> None:
    """Write what deploy would run as plain T-SQL.

    For sqlcmd and Management Studio, with the lock, the transaction and the history. Nothing is
    changed; what the script holds is the difference to the target as it is now. procluster render
    writes one for an empty database.
    """
    from procluster import textfile
    from procluster.deploy.apply import Permission, refuse
    from procluster.deploy.plain import plain_script
    from procluster.deploy.plan import make_plan

    with opened(target, config) as place:
        plan = make_plan(place.connection, place.release)
    refuse(plan, Permission(overwrite_drift, allow_data_loss))
    text = plain_script(place.release, plan, str(place.target))
    if output is None:
        click.echo(text, nl=False)
        return
    textfile.write(output, text)
    click.echo(str(output))
