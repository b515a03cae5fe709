"""procluster serve: the embedded engine for SQL Server's clients."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading

import click

from procluster.cli.database import database_option, open_database

__all__ = ["serve"]

PASSWORD = "PROCLUSTER_PASSWORD"  # noqa: S105 - the name of a variable


@click.command(
    epilog="""
\b
Examples:
  procluster serve
  procluster serve --port 14330 --login ana
"""
)
@database_option
@click.option("--create", is_flag=True, help="Make the database file if it is missing.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="An address of this machine's loopback; others are refused, for nothing is encrypted.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=1433,
    show_default=True,
    help="0 takes a free one.",
)
@click.option("--login", default="procluster", show_default=True, help="Who may connect.")
def serve(database: str, create: bool, host: str, port: int, login: str) -> None:
    """Let SQL Server's clients connect to the embedded engine.

    On this machine, until Ctrl-C. ODBC drivers, mssql-python, pymssql, python-tds and FreeTDS
    connect as to a server, with Encrypt=no. The password is PROCLUSTER_PASSWORD of the
    environment; without one a password is made and printed. What a client leaves open when it goes
    is rolled back.
    """
    from procluster.tds.server import Account, Server

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    ended = _told_to_end()
    given = os.environ.get(PASSWORD)
    password = given or secrets.token_urlsafe(12)
    with (
        open_database(database, create=create, longest_wait=None) as opened,
        Server(opened, Account(login, password), host=host, port=port) as server,
    ):
        shown = f"(that of {PASSWORD})" if given else password
        click.echo(
            f"Server={server.host},{server.port};Database={opened.name};UID={login};PWD={shown};"
            "Encrypt=no"
        )
        sys.stdout.flush()
        while not ended.wait(1.0):  # Windows hears Ctrl-C between two waits
            pass
    click.echo("Stopped.", err=True)


def _told_to_end() -> threading.Event:
    """What is set by Ctrl-C, or when the process is told to end as services are."""
    told = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: told.set())
    return told
