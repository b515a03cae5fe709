"""pyodbc with Microsoft's ODBC driver."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pandas as pd
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
from serving import Endpoint, odbc_driver, serve_apart


def connect(endpoint: Endpoint) -> pyodbc.Connection:
    return pyodbc.connect(endpoint.odbc(odbc_driver()))


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
    assert [text.rpartition("]")[2] for text in texts] == ["printed", "raised 7"]


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


@pytest.mark.slow
def test_ten_thousand_rows_arrive_in_arrays() -> None:
    with serve_apart() as endpoint:  # pyodbc keeps Python's lock while it sends an array
        connection = connect(endpoint)
        connection.execute(TABLE)
        cursor = connection.cursor()
        cursor.fast_executemany = True
        cursor.executemany("INSERT dbo.target (id, name, amount, at) VALUES (?, ?, ?, ?)", MANY)
        connection.commit()
        found = rows(cursor.execute(COUNT))
        connection.close()
    assert found == [COUNTED]


def test_pandas_reads_the_clusters(shop: Endpoint) -> None:
    connection = connect(shop)
    query = "SELECT customer_id, cluster_id, distance FROM seg.customer_cluster"
    with pytest.warns(UserWarning, match="SQLAlchemy"):
        frame = pd.read_sql(query, connection, index_col="customer_id")
    connection.close()
    assert len(frame) == 60
    assert sorted(frame["cluster_id"].unique()) == [0, 1, 2]
    assert frame["distance"].dtype == "float64"


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    text = endpoint.odbc(odbc_driver()).replace(endpoint.login, "sb")
    with pytest.raises(pyodbc.InterfaceError, match=r"Login failed for user 'sb'.*18456"):
        pyodbc.connect(text)


def test_unknown_database_is_4060(endpoint: Endpoint) -> None:
    text = endpoint.odbc(odbc_driver()).replace("Database=procluster", "Database=other")
    with pytest.raises(pyodbc.Error, match=r'Cannot open database "other".*4060'):
        pyodbc.connect(text)


def test_error_keeps_number_procedure_and_line(connection: pyodbc.Connection) -> None:
    connection.execute("CREATE PROCEDURE dbo.fails AS\nBEGIN\n    SELECT 1 / 0 AS x;\nEND;")
    with pytest.raises(pyodbc.DataError, match=r"Divide by zero error encountered\..*8134"):
        connection.execute("EXEC dbo.fails").fetchall()


def test_cancel_stops_a_batch_and_the_connection_lives_on(connection: pyodbc.Connection) -> None:
    connection.execute("CREATE TABLE dbo.seen (n int)")
    connection.execute("INSERT dbo.seen VALUES (1)")
    connection.commit()
    cursor = connection.cursor()
    ended = threading.Event()

    def cancel() -> None:
        while not ended.wait(0.3):  # a cancel before the batch is there cancels nothing
            cursor.cancel()

    cancelling = threading.Thread(target=cancel, daemon=True)
    cancelling.start()
    with pytest.raises(pyodbc.Error, match="canceled"):
        # Row counts would fill a packet, which ends execute() before the cancel.
        cursor.execute("PRINT N'on'; SET NOCOUNT ON; WHILE 1 = 1 UPDATE dbo.seen SET n += 1;")
    ended.set()
    cancelling.join()
    assert cursor.execute("SELECT COUNT(*) FROM dbo.seen").fetchval() == 1


def test_query_timeout_stops_the_statement(connection: pyodbc.Connection) -> None:
    connection.timeout = 1
    with pytest.raises(pyodbc.OperationalError, match="timeout expired"):
        connection.execute("WHILE 1 = 1 SET NOCOUNT ON;")
    connection.timeout = 0
    assert connection.execute("SELECT @@TRANCOUNT").fetchval() is not None


def test_client_that_vanishes_has_its_transaction_rolled_back(endpoint: Endpoint) -> None:
    first, second = connect(endpoint), connect(endpoint)
    second.execute(TABLE)
    second.commit()
    first.execute("INSERT dbo.target (id) VALUES (1)")
    first.close()
    second.execute("INSERT dbo.target (id) VALUES (1)")
    second.commit()
    assert second.execute("SELECT COUNT(*) FROM dbo.target").fetchval() == 1
    second.close()
