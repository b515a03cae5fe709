"""mssql-python, Microsoft's own client for Python."""

from __future__ import annotations

from collections.abc import Iterator

import mssql_python
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


def connect(endpoint: Endpoint) -> mssql_python.Connection:
    return mssql_python.connect(
        f"Server={endpoint.host},{endpoint.port};Database={endpoint.database};"
        f"UID={endpoint.login};PWD={{{endpoint.password}}};Encrypt=no"
    )


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[mssql_python.Connection]:
    opened = connect(endpoint)
    yield opened
    opened.close()


def rows(cursor: mssql_python.Cursor) -> list[tuple[object, ...]]:
    return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("expression", VALUES)
def test_value_of_each_type_comes_as_it_is(
    connection: mssql_python.Connection, expression: str
) -> None:
    assert rows(connection.execute(f"SELECT {expression} AS v")) == [(VALUES[expression],)]


def test_guid_comes_as_a_uuid(connection: mssql_python.Connection) -> None:
    cursor = connection.execute(f"SELECT CAST('{GUID}' AS uniqueidentifier) AS g")
    assert rows(cursor) == [(GUID,)]


def test_parameters_bring_unicode_and_null(connection: mssql_python.Connection) -> None:
    connection.execute(TABLE)
    connection.execute("INSERT dbo.target (id, name) VALUES (?, ?), (?, ?)", (1, TEXT, 2, None))
    cursor = connection.execute("SELECT name FROM dbo.target WHERE id <= ? ORDER BY id", (2,))
    assert rows(cursor) == [(TEXT,), (None,)]


def test_result_sets_come_one_after_the_other(connection: mssql_python.Connection) -> None:
    cursor = connection.execute(THREE_SETS)
    found = [rows(cursor)]
    while cursor.nextset():
        found.append(rows(cursor))
    assert found == [[(1, "žluťoučký")], [(2,), (3,)], [(None,)]]


def test_messages_are_there(connection: mssql_python.Connection) -> None:
    cursor = connection.execute(MESSAGES)
    texts = [text for _, text in cursor.messages]
    while cursor.nextset():
        texts += [text for _, text in cursor.messages]
    assert [text.rpartition("]")[2] for text in texts] == ["printed", "raised 7"]


def test_error_after_the_first_result_set_is_raised(connection: mssql_python.Connection) -> None:
    cursor = connection.execute(FAILS_LATER)
    assert rows(cursor) == [(1,)]
    with pytest.raises(mssql_python.Error, match="after the first result set"):
        cursor.nextset()


def test_rollback_takes_back_what_was_inserted(connection: mssql_python.Connection) -> None:
    connection.execute(TABLE)
    connection.commit()
    connection.execute("INSERT dbo.target (id) VALUES (?)", (1,))
    connection.rollback()
    assert rows(connection.execute("SELECT COUNT(*) AS n FROM dbo.target")) == [(0,)]


def test_output_parameter_of_train_comes_back(shop: Endpoint) -> None:
    connection = connect(shop)
    cursor = connection.execute(TRAIN)
    found = rows(cursor)
    while cursor.nextset():
        found = rows(cursor)
    connection.close()
    assert found == [(2,)]


@pytest.mark.slow
def test_ten_thousand_rows_arrive(connection: mssql_python.Connection) -> None:
    connection.execute(TABLE)
    cursor = connection.cursor()
    cursor.executemany("INSERT dbo.target (id, name, amount, at) VALUES (?, ?, ?, ?)", MANY)
    connection.commit()
    assert rows(cursor.execute(COUNT)) == [COUNTED]


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    with pytest.raises(mssql_python.Error, match="Login failed for user 'sa'"):
        mssql_python.connect(f"Server={endpoint.host},{endpoint.port};UID=sa;PWD=wrong;Encrypt=no")
