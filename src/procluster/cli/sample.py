"""procluster sample: the synthetic retail sample."""

from __future__ import annotations

import sys

import click

from procluster.cli.database import database_option, open_session

__all__ = ["sample"]


@click.command(
    epilog="""
\b
Examples:
  procluster sample
  procluster sample --random-state 7 --replace
"""
)
@database_option
@click.option(
    "--random-state",
    type=click.IntRange(min=0),
    metavar="N",
    default=111,
    show_default=True,
    help="Seed of the sample.",
)
@click.option("--replace", is_flag=True, help="Drop what else is in tables of these names.")
def sample(database: str, random_state: int, replace: bool) -> None:
    """Make the synthetic retail sample.

    Its tables are dbo.store_sales, dbo.store_returns and dbo.customer. Tables of these names that
    hold something else are left alone.
    """
    from procluster import sampledata
    from procluster.progress import Progress
    from procluster.sample import NOTICE

    progress = Progress(sys.stderr).during("making the sample")
    with open_session(database, create=True) as session, progress:
        filled = sampledata.install(session, random_state=random_state, replace=replace)
    for one in filled:
        state = "" if one.written else ", there already"
        click.echo(f"{one.table!s:20} {one.rows:>9,} rows{state}")
    click.echo(NOTICE)
