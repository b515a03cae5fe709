"""The command line: one module for each verb, which parses, delegates and prints."""

from __future__ import annotations

import sys

import click

from procluster import __version__
from procluster.cli.baseline import baseline
from procluster.cli.check import check
from procluster.cli.demo import demo
from procluster.cli.deploy import deploy
from procluster.cli.group import EXIT_CODES, Verbs
from procluster.cli.history import history
from procluster.cli.job import job
from procluster.cli.load import load
from procluster.cli.plan import plan
from procluster.cli.render import render
from procluster.cli.rollback import rollback
from procluster.cli.sample import sample
from procluster.cli.script import script
from procluster.cli.serve import serve
from procluster.cli.sql import sql
from procluster.cli.uninstall import uninstall
from procluster.cli.verify import verify

__all__ = ["main"]


@click.group(
    "procluster",
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES
    + """
\b
Examples:
  procluster demo
  procluster sql -Q "SELECT TOP (5) * FROM seg.customer_cluster;"
""",
)
@click.version_option(__version__, prog_name="procluster", message="%(prog)s %(version)s")
@click.option(
    "--traceback",
    is_flag=True,
    envvar="PROCLUSTER_TRACEBACK",
    show_envvar=True,
    help="Show the Python traceback of an error.",
)
def main(traceback: bool) -> None:  # noqa: ARG001 - Verbs reads it
    """Customer segmentation by K-Means that lives inside SQL Server."""
    # A pipe or file gets UTF-8 on every system; a terminal has its own encoding.
    if not sys.stdout.isatty() and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")


for verb in (
    *(demo, load, render, sample, serve, sql),
    *(check, plan, deploy, verify, history, rollback, baseline, script, uninstall, job),
):
    main.add_command(verb)
