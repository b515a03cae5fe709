"""procluster load: people's own files into tables."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from procluster.cli.database import database_option, open_session

__all__ = ["load"]


@click.command(
    epilog="""
\b
Examples:
  procluster load dbo.sales sales.csv
  procluster load dbo.sales sales.csv --delimiter ";" --encoding cp1252 --max-errors 10
  procluster load dbo.sales january.parquet --append
"""
)
@click.argument("table")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@database_option
@click.option("--append", is_flag=True, help="Keep the rows the table has.")
@click.option("--replace", is_flag=True, help="Delete the rows the table has; the table stays.")
@click.option(
    "--max-errors",
    type=click.IntRange(min=0),
    metavar="N",
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
    with open_session(database, create=True) as session, progress:
        if file.suffix.lower() in {".parquet", ".pq"}:
            rows = loading.read_parquet(file)
        else:
            rows = loading.read_csv(file, delimiter=delimiter, encoding=encoding, null=null)
        mode: loading.Mode = "append" if append else "replace" if replace else "create"
        report = loading.load(session, target, rows, mode=mode, max_errors=max_errors)
    for fault in report.faults:
        click.echo(loading.describe(rows, fault), err=True)
    click.echo(loading.summary(report))
