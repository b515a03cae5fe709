"""The sample over a connection: whole or not at all, and never over somebody's own rows."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from serving import serve

from procluster.deploy.connect import connect
from procluster.deploy.connection import Connection
from procluster.deploy.embedded import EmbeddedConnection
from procluster.deploy.secret import Secret
from procluster.deploy.target import Target
from procluster.errors import DataError, SqlError
from procluster.local.database import Database
from procluster.sample import TABLES, generate
from procluster.samplesent import send


@pytest.fixture(scope="module")
def data() -> dict[str, pa.Table]:
    """The first rows of every table of the sample."""
    return {name: table.slice(0, 300) for name, table in generate().items()}


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection to an empty database."""
    with Database() as database:
        yield EmbeddedConnection(database.connect())


def content(connection: Connection, name: str) -> list[tuple[object, ...]]:
    (result,) = connection.query(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4;")
    return list(result.rows)


def sent(data: dict[str, pa.Table], name: str) -> list[tuple[object, ...]]:
    """The rows as they were sent, in the order of `content`; a char column is filled up."""
    rows = [tuple(row.values()) for row in data[name].to_pylist()]
    return sorted(rows, key=lambda row: [(one is not None, one) for one in row[:4]])


@pytest.mark.parametrize("name", [table.name for table in TABLES])
def test_send_keeps_every_value(
    connection: Connection, data: dict[str, pa.Table], name: str
) -> None:
    send(connection, data)

    assert content(connection, name) == sent(data, name)


def test_send_through_microsofts_driver(data: dict[str, pa.Table]) -> None:
    with Database() as database, serve(database) as endpoint:
        target = Target(
            "served",
            server=f"{endpoint.host},{endpoint.port}",
            database=endpoint.database,
            authentication="sql",
            login=endpoint.login,
            encryption="optional",
        )
        connection = connect(target, Secret(endpoint.password))

        send(connection, data)
        written = [one.written for one in send(connection, data)]

        assert written == [False, False, False]
        assert content(connection, "dbo.store_sales") == sent(data, "dbo.store_sales")
        connection.close()


def test_send_again_leaves_what_is_there(connection: Connection, data: dict[str, pa.Table]) -> None:
    send(connection, data)

    filled = send(connection, data)

    assert [(one.rows, one.written) for one in filled] == [(300, False)] * 3


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM dbo.store_returns WHERE sr_return_amt > 20;",
        "UPDATE dbo.store_returns SET sr_return_amt = sr_return_amt + 0.01;",
        "DROP TABLE dbo.store_returns; CREATE TABLE dbo.store_returns (mine int NULL);",
    ],
    ids=["a row less", "other values", "another table"],
)
def test_send_refuses_to_go_over_other_rows(
    connection: Connection, data: dict[str, pa.Table], change: str
) -> None:
    send(connection, data)
    connection.query(change)
    before = content(connection, "dbo.customer")

    with pytest.raises(DataError, match=r"dbo\.store_returns: there already"):
        send(connection, data)

    assert content(connection, "dbo.customer") == before


def test_send_replaces_when_told_to(connection: Connection, data: dict[str, pa.Table]) -> None:
    connection.query("CREATE TABLE dbo.store_returns (mine int NULL);")

    filled = send(connection, data, replace=True)

    assert all(one.written for one in filled)
    assert content(connection, "dbo.store_returns") == sent(data, "dbo.store_returns")


def test_send_that_fails_leaves_nothing(connection: Connection, data: dict[str, pa.Table]) -> None:
    twice = {**data, "dbo.customer": pa.concat_tables([data["dbo.customer"]] * 2)}

    with pytest.raises(SqlError):
        send(connection, twice)

    (tables,) = connection.query("SELECT COUNT(*) FROM sys.tables;")
    assert tables.rows == ((0,),)
