"""The command line: parse, delegate, print."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from procluster import __version__
from procluster.errors import DataError
from procluster.verbs import EXIT_CODES, Verbs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procluster.local.database import Session

__all__ = ["main"]

DATABASE = Path("procluster.duckdb")
IN_MEMORY = ":memory:"


def _database_option(verb: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--database",
        "database",
        metavar="FILE",
        default=str(DATABASE),
        show_default=True,
        envvar="PROCLUSTER_DATABASE",
        show_envvar=True,
        help=f"Database file of the embedded engine; {IN_MEMORY} keeps nothing.",
    )(verb)


def _config_option(verb: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Settings; procluster.toml in the current directory when it is there.",
    )(verb)


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


@main.command(
    epilog="""
\b
Examples:
  procluster demo
  procluster demo --database trial.duckdb --out pictures
"""
)
@_database_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for elbow.png and clusters.png; the current directory by default.",
)
@_config_option
def demo(database: str, out: Path, config: Path | None) -> None:
    """Segment the customers of a sample, with no server.

    Lays out the sample (unless the tables are there), deploys the procedures to the embedded
    engine and runs them one by one. May be run again.
    """
    from procluster import settings
    from procluster.demo import Demo

    mapped = settings.load(config)
    with _session(database, create=True) as session:
        Demo(session, mapped, out, sys.stdout, sys.stderr).run()
    option = "" if Path(database) == DATABASE else f' --database "{database}"'
    sql = f"  procluster sql{option}"
    click.echo(
        "\nType next:\n"
        f'{sql} -Q "SELECT TOP (5) * FROM {mapped.schema}.customer_cluster;"\n'
        f'{sql} -Q "EXEC {mapped.schema}.help;"\n'
        f"{sql}"
    )


@main.command(
    epilog="""
\b
Examples:
  procluster sql
  procluster sql -Q "EXEC seg.train @n_clusters = 4; EXEC seg.assign; EXEC seg.profile;"
  procluster sql -i report.sql -o report.txt
  procluster sql -Q "SELECT * FROM seg.cluster_profile;" --format csv -o profile.csv
"""
)
@_database_option
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
    from procluster import script
    from procluster.console import Console
    from procluster.progress import Progress
    from procluster.prompt import GREETING, Prompt

    text = query if query is not None else script.read(file)
    with _session(database, create=create) as session, ExitStack() as opened:
        out = sys.stdout
        if output:
            out = opened.enter_context(output.open("w", encoding="utf-8", newline=""))
        console = Console.for_format(style, out, sys.stderr, Progress(sys.stderr), text_width)
        opened.callback(console.close)
        if text is None:
            click.echo(GREETING)
            Prompt(session, console).run()
            return
        clean = script.run(session, text, console, go_on=go_on)
    if not clean:
        raise click.exceptions.Exit(1)


@main.command(
    epilog="""
\b
Examples:
  procluster sample
  procluster sample --random-state 7 --replace
"""
)
@_database_option
@click.option(
    "--random-state",
    type=click.IntRange(min=0),
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
    with _session(database, create=True) as session, progress:
        filled = sampledata.install(session, random_state=random_state, replace=replace)
    for one in filled:
        state = "" if one.written else ", there already"
        click.echo(f"{one.table!s:20} {one.rows:>9,} rows{state}")
    click.echo(NOTICE)


@main.command(
    epilog="""
\b
Examples:
  procluster load crm.sales sales.csv
  procluster load dbo.sales sales.csv --delimiter ";" --encoding cp1252 --max-errors 10
  procluster load dbo.sales january.parquet --append
"""
)
@click.argument("table")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_database_option
@click.option("--append", is_flag=True, help="Keep the rows the table has.")
@click.option("--replace", is_flag=True, help="Delete the rows the table has; the table stays.")
@click.option(
    "--max-errors",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Bad rows that may be left out; with more, nothing is loaded.",
)
@click.option("--delimiter", help="CSV: the character between fields; found by itself otherwise.")
@click.option("--encoding", help="CSV: utf-8, cp1252 ...; UTF-8 or a byte order mark otherwise.")
@click.option("--null", metavar="TEXT", default="", help="CSV: a text that is NULL too.")
def load(
    table: str,
    file: Path,
    database: str,
    append: bool,
    replace: bool,
    max_errors: int,
    delimiter: str | None,
    encoding: str | None,
    null: str,
) -> None:
    """Load a CSV or Parquet file into a table.

    All of FILE is loaded into TABLE of the embedded engine, or nothing.

    A new table gets the narrowest types that hold every value. One that is there keeps its
    columns; they are matched by name, and values that do not fit are bad rows. The first line of
    a CSV file names the columns, an empty field is NULL, dates are yyyy-mm-dd.
    """
    if append and replace:
        raise click.UsageError("--append and --replace: both given. Give one of them.")
    if delimiter is not None and len(delimiter) != 1:
        raise click.UsageError(f"--delimiter: {delimiter!r}. Allowed: one character.")
    from procluster import load as loading
    from procluster.progress import Progress
    from procluster.tables import TableName

    target = TableName.parse(table)
    progress = Progress(sys.stderr).during(f"loading {file.name}")
    with _session(database, create=True) as session, progress:
        if file.suffix.lower() in {".parquet", ".pq"}:
            rows = loading.read_parquet(file)
        else:
            rows = loading.read_csv(file, delimiter=delimiter, encoding=encoding, null=null)
        mode: loading.Mode = "append" if append else "replace" if replace else "create"
        report = loading.load(session, target, rows, mode=mode, max_errors=max_errors)
    for fault in report.faults:
        click.echo(loading.describe(rows, fault), err=True)
    click.echo(loading.summary(report))


@main.command(
    epilog="""
\b
Examples:
  procluster render
  procluster render seg.train seg.assign --out review
"""
)
@click.argument("objects", metavar="[OBJECT]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rendered"),
    show_default=True,
    help="Folder for the files; it is made if it is missing.",
)
@_config_option
def render(objects: tuple[str, ...], out: Path, config: Path | None) -> None:
    """Write the T-SQL of the stored procedures.

    One file for every OBJECT, or for all of them, and install.sql with all of these in order, for
    Management Studio and sqlcmd.
    """
    from procluster import catalog, settings
    from procluster.generator.render import install_script

    scripts = catalog.render(settings.load(config), objects)
    out.mkdir(parents=True, exist_ok=True)
    files = {script.file_name: script.file_text for script in scripts}
    files["install.sql"] = install_script(scripts)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        click.echo(str(out / name))


@contextmanager
def _session(database: str, *, create: bool) -> Iterator[Session]:
    from procluster.local.database import Database

    path = None if database == IN_MEMORY else Path(database)
    if path is not None and not path.exists() and not create:
        raise DataError(
            f"{path}: no such database. procluster demo, sample or load makes one; "
            "procluster sql --create makes an empty one."
        )
    with Database(path) as opened:
        session = opened.connect()
        try:
            yield session
        finally:
            session.close()
