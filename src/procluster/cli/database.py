"""The database file that verbs work on: its option, and a session in it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from procluster.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.local.database import Database, Session

__all__ = ["DATABASE", "database_option", "open_database", "open_session"]

DATABASE = Path("procluster.duckdb")
IN_MEMORY = ":memory:"

database_option = click.option(
    "--database",
    metavar="FILE",
    default=str(DATABASE),
    show_default=True,
    envvar="PROCLUSTER_DATABASE",
    show_envvar=True,
    help=f"Database file of the embedded engine; {IN_MEMORY} keeps nothing.",
)


@contextmanager
def open_database(
    database: str, *, create: bool, longest_wait: float | None = 10.0
) -> Iterator[Database]:
    """Open the database and close it; `longest_wait` is that of ``Database``.

    Raises
    ------
    DataError
        There is no such file and `create` is False, or it is no database.
    """
    from procluster.local.database import Database

    path = None if database == IN_MEMORY else Path(database)
    if path is not None and not path.exists() and not create:
        raise DataError(
            f"{path}: no such database. procluster demo, sample or load makes one; "
            "procluster sql --create makes an empty one."
        )
    with Database(path, longest_wait=longest_wait) as opened:
        yield opened


@contextmanager
def open_session(database: str, *, create: bool) -> Iterator[Session]:
    """Open the database and a session in it, and close both; as :func:`open_database`."""
    with open_database(database, create=create) as opened:
        session = opened.connect()
        try:
            yield session
        finally:
            session.close()
