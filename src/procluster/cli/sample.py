"""procluster sample: the synthetic retail sample."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from procluster.cli.database import database_option, open_session
from procluster.cli.settings import config_option
from procluster.cli.target import chosen_target, connected

if TYPE_CHECKING:
    from procluster.deploy.target import Target
    from procluster.sampledata import Filled

__all__ = ["sample"]


@click.command(
    epilog="""
\b
Examples:
  procluster sample
  procluster sample --random-state 7 --replace
  procluster sample --target test
"""
)
@database_option
@click.option(
    "--target",
    metavar="NAME",
    help="A [target.NAME] of procluster.toml, a server, instead of --database.",
)
@config_option
@click.option(
    "--random-state",
    type=click.IntRange(min=0),
    metavar="N",
    default=111,
    show_default=True,
    help="Seed of the sample.",
)
@click.option("--replace", is_flag=True, help="Drop what else is in tables of these names.")
def sample(
    database: str, target: str | None, config: Path | None, random_state: int, replace: bool
) -> None:
    """Make the synthetic retail sample.

    Its tables are dbo.store_sales, dbo.store_returns and dbo.customer. Tables of these names that
    hold something else are left alone.
    """
    from procluster.sample import NOTICE

    chosen = chosen_target(target, config) if target else None
    if chosen and not chosen.is_embedded:
        filled = _send(chosen, random_state, replace)
    else:
        filled = _install(chosen.file if chosen else database, random_state, replace)
    for one in filled:
        state = "" if one.written else ", there already"
        click.echo(f"{one.table!s:20} {one.rows:>9,} rows{state}")
    click.echo(NOTICE)


def _install(database: str, random_state: int, replace: bool) -> tuple[Filled, ...]:
    from procluster import sampledata
    from procluster.progress import Progress

    progress = Progress(sys.stderr).during("making the sample")
    with open_session(database, create=True) as session, progress:
        return sampledata.install(session, random_state=random_state, replace=replace)


def _send(target: Target, random_state: int, replace: bool) -> tuple[Filled, ...]:
    from procluster import samplesent
    from procluster.progress import Progress
    from procluster.sample import generate

    with connected(target) as (connection, _), Progress(sys.stderr).during("sending the sample"):
        return samplesent.send(connection, generate(random_state), replace=replace)
