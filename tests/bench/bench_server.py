"""Measure round trips of procluster serve beside PostgreSQL's, in one run on one machine.

python tests/bench/bench_server.py      a minute

Both are asked over loopback by clients written in Python, one statement at a time: python-tds and
pg8000. PostgreSQL must be installed (Debian: postgresql), and pg8000 (pip install pg8000); it runs
in a temporary folder, as nobody where this runs as root, and is ended at the end.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytds

PASSWORD = "of a database that is gone in a minute"
ROUNDS = 5
SECONDS = 1.0
BIG = 100_000
QUESTIONS: dict[str, str] = {
    "SELECT 1": "SELECT 1",
    "one row by its number, with a parameter": "SELECT v FROM t WHERE i = %s",
    "INSERT of one row, committed": "INSERT INTO t (i, v) VALUES (%s, %s)",
}


def main() -> None:
    """Print a table of round trips per second, and what a large result takes."""
    with postgres() as theirs, served() as ours:
        for cursor in (theirs, ours):
            cursor.execute("CREATE TABLE t (i int, v int)")
            cursor.execute("INSERT INTO t (i, v) VALUES (1, 1)")
        click.echo(
            f"{'round trips a second':42} {'procluster':>10} {'PostgreSQL':>10} {'ratio':>6}"
        )
        for name, text in QUESTIONS.items():
            mine, other = alternately(asking(ours, text), asking(theirs, text))
            click.echo(f"{name:42} {mine:10.0f} {other:10.0f} {mine / other:6.2f}")
        numbers = "SELECT d.n FROM (VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) AS d (n)"
        joined = ", ".join(f"({numbers}) AS d{power}" for power in range(5))
        query = f"SELECT d0.n AS a, d1.n AS b, d2.n AS c FROM {joined}"
        mine, other = alternately(fetching(ours, query), fetching(theirs, query))
        name = f"result sets of {BIG:,} rows"
        click.echo(f"{name:42} {mine:10.2f} {other:10.2f} {mine / other:6.2f}")


def alternately(*asks: Callable[[], None]) -> list[float]:
    """How often a second each is done: the best of some rounds, one after the other."""
    best = [0.0] * len(asks)
    for _ in range(ROUNDS):
        for place, ask in enumerate(asks):
            count, start = 0, time.perf_counter()
            while (passed := time.perf_counter() - start) < SECONDS or not count:
                ask()
                count += 1
            best[place] = max(best[place], count / passed)
    return best


def asking(cursor: Any, text: str) -> Callable[[], None]:
    values = (1,) * text.count("%s")

    def ask() -> None:
        cursor.execute(text, values)
        if text.startswith("SELECT"):
            cursor.fetchall()

    return ask


def fetching(cursor: Any, query: str) -> Callable[[], None]:
    def fetch() -> None:
        cursor.execute(query)
        assert len(cursor.fetchall()) == BIG

    return fetch


@contextmanager
def served() -> Iterator[Any]:
    """A cursor of python-tds on a database file of ours."""
    with tempfile.TemporaryDirectory() as folder, process(Path(folder, "bench.duckdb")) as port:
        connection = pytds.connect(
            *("127.0.0.1", "bench", "bench", PASSWORD), port=port, autocommit=True
        )
        yield connection.cursor()
        connection.close()


@contextmanager
def process(file: Path) -> Iterator[int]:
    """The port of a procluster serve in a process of its own."""
    command = (sys.executable, "-m", "procluster", "serve", "--create", "--database", str(file))
    with subprocess.Popen(
        (*command, "--port", "0", "--login", "bench"),
        stdout=subprocess.PIPE,
        env={**os.environ, "PROCLUSTER_PASSWORD": PASSWORD},
        text=True,
    ) as started:
        assert started.stdout
        yield int(started.stdout.readline().partition(",")[2].partition(";")[0])
        started.terminate()


@contextmanager
def postgres() -> Iterator[Any]:
    """A cursor of pg8000 on a PostgreSQL of its own."""
    try:
        import pg8000.dbapi  # noqa: PLC0415
    except ImportError:
        sys.exit("pg8000: is not installed. pip install pg8000")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        sys.exit("PostgreSQL: is not installed. apt-get install postgresql")
    with tempfile.TemporaryDirectory() as folder:
        as_nobody: tuple[str, ...] = ()
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
            as_nobody = ("runuser", "-u", "nobody", "--")
        data, port = f"{folder}/data", free_port()
        initialize = (f"{programs[-1]}/initdb", "--pgdata", data, "--auth", "trust", "-U", "bench")
        subprocess.run((*as_nobody, *initialize), check=True, stdout=subprocess.DEVNULL)
        control = (*as_nobody, f"{programs[-1]}/pg_ctl", "--pgdata", data, "--silent", "--wait")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = f"{folder}/log"
        subprocess.run((*control, "--options", options, "--log", log, "start"), check=True)
        try:
            connection = pg8000.dbapi.connect(
                "bench", host="127.0.0.1", port=port, database="postgres"
            )
            connection.autocommit = True
            yield connection.cursor()
            connection.close()
        finally:
            subprocess.run((*control, "--mode", "fast", "stop"), check=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
