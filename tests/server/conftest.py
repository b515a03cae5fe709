"""A real server, where PROCLUSTER_TEST_SERVER says which.

It names a procluster.toml whose only target is a database that may be emptied of the schema "app",
by a login that is sysadmin; the secret is in the environment. Without it nothing here is run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from shop_on_server import SETTINGS, TABLES, Server

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.connect import connect
from procluster.deploy.connection import Connection
from procluster.deploy.secret import find_secret
from procluster.files import files
from procluster.local.lexer import split_batches
from procluster.settings import load_targets

SERVER = os.environ.get("PROCLUSTER_TEST_SERVER")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a server, say so for each test that wants one."""
    if SERVER:
        return
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason="PROCLUSTER_TEST_SERVER names no server"))


def another_connection() -> Connection:
    """A sysadmin's."""
    assert SERVER
    [target] = load_targets(Path(SERVER)).values()
    return connect(target, find_secret(target, os.environ))


@pytest.fixture
def beside() -> Iterator[Connection]:
    """Another session than the server's."""
    connection = another_connection()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A small shop on the server, everything deployed, a user of each role."""
    connection = another_connection()
    here = Server(connection)
    here.remove(files(SETTINGS)["uninstall.sql"], split_batches)
    connection.query("IF SCHEMA_ID(N'app') IS NULL EXEC (N'CREATE SCHEMA app AUTHORIZATION dbo;');")
    connection.query(TABLES)
    install(connection, release(SETTINGS))
    here.add_users()
    yield here
    here.remove(files(SETTINGS)["uninstall.sql"], split_batches)
    connection.close()
