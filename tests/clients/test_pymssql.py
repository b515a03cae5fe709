"""pymssql, over FreeTDS' DB-Library: parameters are written into the text."""

from __future__ import annotations

from collections.abc import Iterator

import pymssql
import pytest
from facts import (
    COUNT,
    COUNTED,
    FAILS_LATER,
    GUID,
    MANY,
    MESSAGES,
    TABLE,
    TEXT,
    THREE_SETS,
    TRAIN,
    VALUES,
)
from serving import Endpoint


def connect(endpoint: Endpoint, password: str | None = None) -> pymssql.Connection:
    return pymssql.connect(
        server=endpoint.host,
        port=str(endpoint.port),
        user=endpoint.login,
        password=password or endpoint.password,
        database=endpoint.database,
        tds_version="7.4",
    )


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[pymssql.Connection]:
    opened = connect(endpoint)
    yield opened
    opened.close()


def ask(
    connection: pymssql.Connection, query: str, parameters: tuple[int, ...] = ()
) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.execute(query, parameters)
    return list(cursor.fetchall())


@pytest.mark.parametrize("expression", VALUES)
def test_value_of_each_type_comes_as_it_is(connection: pymssql.Connection, expression: str) -> None:
    assert ask(connection, f"SELECT {expression}") == [(VALUES[expression],)]


def test_guid_comes_as_a_uuid(connection: pymssql.Connection) -> None:
    assert ask(connection, f"SELECT CAST('{GUID}' AS uniqueidentifier)") == [(GUID,)]


def test_parameters_bring_unicode_and_null(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    cursor.execute("INSERT dbo.target (id, name) VALUES (%d, %s), (%d, %s)", (1, TEXT, 2, None))
    found = ask(connection, "SELECT name FROM dbo.target WHERE id <= %d ORDER BY id", (2,))
    assert found == [(TEXT,), (None,)]


def test_result_sets_come_one_after_the_other(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(THREE_SETS)
    found = [cursor.fetchall()]
    while cursor.nextset():
        found.append(cursor.fetchall())
    assert found == [[(1, "žluťoučký")], [(2,), (3,)], [(None,)]]


def test_messages_are_there(connection: pymssql.Connection) -> None:
    messages: list[tuple[object, ...]] = []
    connection._conn.set_msghandler(lambda *parts: messages.append(parts))
    connection.cursor().execute(MESSAGES)
    assert [(parts[1], parts[-1]) for parts in messages] == [(0, b"printed"), (5, b"raised 7")]


def test_error_after_the_first_result_set_is_raised(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(FAILS_LATER)
    assert cursor.fetchall() == [(1,)]
    with pytest.raises(pymssql.Error, match="after the first result set"):
        cursor.nextset()


def test_rollback_takes_back_what_was_inserted(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    connection.commit()
    cursor.execute("INSERT dbo.target (id) VALUES (%d)", (1,))
    connection.rollback()
    assert ask(connection, "SELECT COUNT(*) FROM dbo.target") == [(0,)]


def test_output_parameter_of_train_comes_back(shop: Endpoint) -> None:
    connection = connect(shop)
    cursor = connection.cursor()
    cursor.execute(TRAIN)
    found = cursor.fetchall()
    while cursor.nextset():
        found = cursor.fetchall()
    connection.close()
    assert found == [(2,)]


def test_procedure_gives_its_output_parameter_to_callproc(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "CREATE PROCEDURE dbo.doubles @n int, @twice int OUTPUT AS BEGIN SET @twice = 2 * @n; END"
    )
    assert cursor.callproc("dbo.doubles", (21, pymssql.output(int))) == (21, 42)


@pytest.mark.slow
def test_ten_thousand_rows_arrive(connection: pymssql.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    # The text is written anew for every row, and Decimal is a number in it.
    cursor.executemany("INSERT dbo.target (id, name, amount, at) VALUES (%d, %s, %s, %s)", MANY)
    connection.commit()
    assert ask(connection, COUNT) == [COUNTED]


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    with pytest.raises(pymssql.OperationalError, match="18456"):
        connect(endpoint, password="wrong")
