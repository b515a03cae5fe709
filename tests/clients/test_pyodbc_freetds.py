"""pyodbc with FreeTDS' ODBC driver."""

from __future__ import annotations

from collections.abc import Iterator

import pyodbc
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
from serving import Endpoint, freetds_driver


def connect(endpoint: Endpoint) -> pyodbc.Connection:
    return pyodbc.connect(endpoint.freetds(freetds_driver()))


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[pyodbc.Connection]:
    opened = connect(endpoint)
    yield opened
    opened.close()


def rows(cursor: pyodbc.Cursor) -> list[tuple[object, ...]]:
    return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("expression", VALUES)
def test_value_of_each_type_comes_as_it_is(connection: pyodbc.Connection, expression: str) -> None:
    row = connection.execute(f"SELECT {expression}").fetchone()
    assert tuple(row or ()) == (VALUES[expression],)


def test_guid_comes_as_text(connection: pyodbc.Connection) -> None:
    value = connection.execute(f"SELECT CAST('{GUID}' AS uniqueidentifier)").fetchval()
    assert value == str(GUID).upper()


def test_parameters_bring_unicode_and_null(connection: pyodbc.Connection) -> None:
    connection.execute(TABLE)
    connection.execute("INSERT dbo.target (id, name) VALUES (?, ?), (?, ?)", 1, TEXT, 2, None)
    cursor = connection.execute("SELECT name FROM dbo.target WHERE id <= ? ORDER BY id", 2)
    assert rows(cursor) == [(TEXT,), (None,)]


def test_result_sets_come_one_after_the_other(connection: pyodbc.Connection) -> None:
    cursor = connection.execute(THREE_SETS)
    first = rows(cursor)
    assert cursor.nextset()
    second = rows(cursor)
    assert cursor.nextset()
    assert (first, second, rows(cursor)) == ([(1, "žluťoučký")], [(2,), (3,)], [(None,)])
    assert not cursor.nextset()


def test_messages_are_there_with_their_numbers(connection: pyodbc.Connection) -> None:
    cursor = connection.execute(MESSAGES)
    texts = [text for _, text in cursor.messages]
    while cursor.nextset():
        texts += [text for _, text in cursor.messages]
    # The driver hands those of one result over in an order of its own.
    assert {text.rpartition("]")[2] for text in texts} == {"printed", "raised 7"}


def test_error_after_the_first_result_set_is_raised(connection: pyodbc.Connection) -> None:
    cursor = connection.execute(FAILS_LATER)
    assert rows(cursor) == [(1,)]
    with pytest.raises(pyodbc.Error, match="after the first result set"):
        cursor.nextset()


def test_row_counts_are_those_of_each_statement(connection: pyodbc.Connection) -> None:
    connection.execute(TABLE)
    cursor = connection.execute(
        "INSERT dbo.target (id) VALUES (1), (2), (3); UPDATE dbo.target SET name = N'x'"
        " WHERE id > 1; SET NOCOUNT ON; DELETE dbo.target;"
    )
    counts = [cursor.rowcount]
    while cursor.nextset():
        counts.append(cursor.rowcount)
    assert counts == [3, 2]


def test_rollback_takes_back_what_was_inserted(connection: pyodbc.Connection) -> None:
    connection.execute(TABLE)
    connection.commit()
    connection.execute("INSERT dbo.target (id) VALUES (?)", 1)
    connection.rollback()
    assert connection.execute("SELECT COUNT(*) FROM dbo.target").fetchval() == 0


def test_output_parameter_of_train_comes_back(shop: Endpoint) -> None:
    connection = connect(shop)
    cursor = connection.execute(TRAIN)
    found = rows(cursor)
    while cursor.nextset():
        found = rows(cursor)
    connection.close()
    assert found == [(2,)]


@pytest.mark.slow
def test_ten_thousand_rows_arrive(connection: pyodbc.Connection) -> None:
    connection.execute(TABLE)
    cursor = connection.cursor()
    cursor.executemany("INSERT dbo.target (id, name, amount, at) VALUES (?, ?, ?, ?)", MANY)
    connection.commit()
    assert rows(cursor.execute(COUNT)) == [COUNTED]
