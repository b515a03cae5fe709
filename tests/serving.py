"""The embedded engine as a server for tests, and where the drivers of its clients are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from procluster.local.database import Database
from procluster.tds.server import Account, Server

LOGIN, PASSWORD = "sa", "Čau; word 1"


@dataclass(frozen=True)
class Endpoint:
    """Where a client connects, and as whom."""

    host: str
    port: int
    database: str
    login: str = LOGIN
    password: str = PASSWORD

    def odbc(self, driver: Path | str) -> str:
        """Connection string for an ODBC driver."""
        return (
            f"Driver={driver};Server={self.host},{self.port};Database={self.database};"
            f"UID={self.login};PWD={{{self.password.replace('}', '}}')}}};Encrypt=no"
        )

    def freetds(self, driver: Path) -> str:
        """Connection string for FreeTDS' ODBC driver."""
        return (
            f"Driver={driver};Server={self.host};Port={self.port};Database={self.database};"
            f"UID={self.login};PWD={{{self.password.replace('}', '}}')}}};TDS_Version=7.4;"
            "Encryption=off;ClientCharset=UTF-8"
        )


@contextmanager
def serve(database: Database) -> Iterator[Endpoint]:
    """Serve a database on a free port meanwhile."""
    with Server(database, Account(LOGIN, PASSWORD)) as server:
        yield Endpoint(server.host, server.port, database.name)


@contextmanager
def serve_apart() -> Iterator[Endpoint]:
    """Serve an empty database from a process of its own.

    For clients that keep Python's lock while they wait: a server beside them could not answer.
    """
    command = (sys.executable, "-m", "procluster", "serve", "--database", ":memory:")
    with subprocess.Popen(
        (*command, "--port", "0", "--login", LOGIN),
        stdout=subprocess.PIPE,
        env={**os.environ, "PROCLUSTER_PASSWORD": PASSWORD},
        text=True,
    ) as process:
        assert process.stdout
        port = process.stdout.readline().partition(",")[2].partition(";")[0]
        try:
            yield Endpoint("127.0.0.1", int(port), "procluster")
        finally:
            process.terminate()


def odbc_driver() -> Path:
    """Microsoft's ODBC driver, which the package mssql-python-odbc holds.

    Fails, saying what is missing, where the package or what the driver needs is not installed.
    """
    try:
        import mssql_python_odbc  # noqa: PLC0415
    except ImportError as error:
        raise AssertionError("missing: pip install mssql-python-odbc") from error
    folder = Path(mssql_python_odbc.__file__).parent / "libs/linux/debian_ubuntu/x86_64/lib"
    found = sorted(folder.glob("libmsodbcsql-*"))
    assert found, f"missing: no libmsodbcsql in {folder}"
    return found[0]


def freetds_driver() -> Path:
    """FreeTDS' ODBC driver, which Debian's package tdsodbc holds; fails where it is missing."""
    found = sorted(Path("/usr/lib").glob("*/odbc/libtdsodbc.so"))
    assert found, "missing: apt-get install tdsodbc"
    return found[0]
