"""procluster sql: T-SQL on the embedded engine."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from procluster.cli.database import database_option, open_session

__all__ = ["sql"]


@click.command(
    epilog="""
\b
Examples:
  procluster sql
  procluster sql -Q "EXEC seg.train @n_clusters = 4; EXEC seg.assign; EXEC seg.profile;"
  procluster sql -i report.sql -o report.txt
  procluster sql -Q "SELECT * FROM seg.cluster_profile;" --format csv -o profile.csv
"""
)
@database_option
@click.option("-Q", "--query", metavar="TEXT", help="Run this and leave.")
@click.option(
    "-i",
    "--input",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Run a script and leave; UTF-8, or UTF-16 as Management Studio saves it.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="json: an array of result sets; csv: an empty line between result sets.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write results to a file.",
)
@click.option(
    "-y",
    "--text-width",
    type=click.IntRange(min=0),
    metavar="N",
    default=256,
    show_default=True,
    help="Characters of a value that a table shows; 0 shows all.",
)
@click.option("--continue", "go_on", is_flag=True, help="Run the batches after a failed one too.")
@click.option("--create", is_flag=True, help="Make the database file if it is missing.")
def sql(
    database: str,
    query: str | None,
    file: Path | None,
    style: str,
    output: Path | None,
    text_width: int,
    go_on: bool,
    create: bool,
) -> None:
    """Run T-SQL on the embedded engine.

    It comes from -Q, from -i, from a pipe, or is typed at a prompt.

    GO on a line of its own ends a batch. The exit code is 1 when a batch raised an error; the
    batches after it are not run. At the prompt, Ctrl-C drops what is typed or stops what runs.
    """
    if query is not None and file is not None:
        raise click.UsageError("-Q and -i: both given. Give one of them.")
    from procluster import script, textfile
    from procluster.console import Console
    from procluster.progress import Progress
    from procluster.prompt import GREETING, Prompt

    text = query if query is not None else script.read(file)
    with open_session(database, create=create) as session, ExitStack() as opened:
        out = sys.stdout
        if output:
            opened.enter_context(textfile.naming(output))
            out = opened.enter_context(output.open("w", encoding="utf-8", newline=""))
        console = Console.for_format(style, out, sys.stderr, Progress(sys.stderr), text_width)
        opened.callback(console.close)
        if text is None:
            with suppress(ImportError):  # Windows: its console edits lines itself
                import readline  # noqa: F401 - gives input() its editing and history
            click.echo(GREETING)
            Prompt(session, console).run()
            return
        clean = script.run(session, text, console, go_on=go_on)
    if not clean:
        raise click.exceptions.Exit(1)
