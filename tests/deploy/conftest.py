"""The databases that the same tests run against.

In this process; over ``procluster serve`` with Microsoft's driver; and on a real server, where
PROCLUSTER_TEST_SERVER says which: a procluster.toml whose only target is a database for nothing
but these tests, with its secret in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from application import FIRST
from serving import serve

from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.connect import connect
from procluster.deploy.connection import Connection
from procluster.deploy.embedded import EmbeddedConnection
from procluster.deploy.secret import Secret, find_secret
from procluster.deploy.target import Target
from procluster.deploy.uninstall import uninstall_plan
from procluster.local.database import Database
from procluster.settings import load_targets

Connect = Callable[[], Connection]

SERVER = os.environ.get("PROCLUSTER_TEST_SERVER")
PLACES = ["embedded", "served", *(["server"] if SERVER else [])]


@pytest.fixture(params=PLACES)
def connect_again(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Opens one more connection to an empty database."""
    with ExitStack() as stack:
        opened = _opener(request.param, stack)

        def open_one() -> Connection:
            connection = opened()
            stack.callback(connection.close)
            return connection

        yield open_one


def _opener(place: str, stack: ExitStack) -> Connect:
    if place == "server":
        return _server()
    database = stack.enter_context(Database())
    if place == "embedded":
        return lambda: EmbeddedConnection(database.connect())
    endpoint = stack.enter_context(serve(database))
    target = Target(
        "served",
        server=f"{endpoint.host},{endpoint.port}",
        database=endpoint.database,
        authentication="sql",
        login=endpoint.login,
        encryption="optional",
    )
    return lambda: connect(target, Secret(endpoint.password))


def _server() -> Connect:
    assert SERVER
    [target] = load_targets(Path(SERVER)).values()
    secret = find_secret(target, os.environ)
    connection = connect(target, secret)
    plan = uninstall_plan(connection, FIRST, drop_data=True)
    Deployment(connection, FIRST, permission=Permission(True, True)).run(
        plan, lambda: uninstall_plan(connection, FIRST, drop_data=True)
    )
    connection.close()
    return lambda: connect(target, secret)


@pytest.fixture
def connection(connect_again: Connect) -> Connection:
    """A connection to an empty database."""
    return connect_again()


@pytest.fixture
def deployed(connection: Connection) -> Connection:
    """The first version is there, with two rows in its table."""
    install(connection, FIRST)
    connection.query("INSERT INTO app.item (item_id, name) VALUES (1, N'cup'), (2, NULL);")
    return connection
