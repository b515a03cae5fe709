"""procluster demo: the whole of it, with no server."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from procluster.cli.database import DATABASE, database_option, open_session
from procluster.cli.settings import config_option

__all__ = ["demo"]


@click.command(
    epilog="""
\b
Examples:
  procluster demo
  procluster demo --database trial.duckdb --out pictures
"""
)
@database_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for elbow.png and clusters.png; the current directory by default.",
)
@config_option
def demo(database: str, out: Path, config: Path | None) -> None:
    """Segment the customers of a sample, with no server.

    Lays out the sample (unless the tables are there), deploys the procedures to the embedded
    engine and runs them one by one. May be run again.
    """
    from procluster import settings
    from procluster.demo import Demo
    from procluster.generator.quoting import identifier

    mapped = settings.load(config)
    with open_session(database, create=True) as session:
        Demo(session, mapped, out, sys.stdout, sys.stderr).run()
    option = "" if Path(database) == DATABASE else f' --database "{database}"'
    verb, seg = f"  {_program()} sql{option}", identifier(mapped.schema)
    click.echo("\nType next:")
    click.echo(f'{verb} -Q "SELECT TOP (5) * FROM {seg}.customer_cluster;"')
    click.echo(f'{verb} -Q "EXEC {seg}.help;"')
    click.echo(verb)


def _program() -> str:
    """Say how to call this program: by its name alone only where the shell finds it."""
    if shutil.which("procluster"):
        return "procluster"
    if Path(sys.argv[0]).stem == "procluster":
        return sys.argv[0]
    return f"{sys.executable} -m procluster"
