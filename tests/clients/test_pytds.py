"""python-tds, which speaks TDS in Python."""

from __future__ import annotations

from collections.abc import Iterator

import pytds
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


def connect(endpoint: Endpoint, password: str | None = None) -> pytds.Connection:
    return pytds.connect(
        endpoint.host,
        port=endpoint.port,
        user=endpoint.login,
        password=password or endpoint.password,
        database=endpoint.database,
    )


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[pytds.Connection]:
    opened = connect(endpoint)
    yield opened
    opened.close()


def ask(
    connection: pytds.Connection, query: str, parameters: tuple[object, ...] = ()
) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.execute(query, parameters)
    return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("expression", VALUES)
def test_value_of_each_type_comes_as_it_is(connection: pytds.Connection, expression: str) -> None:
    assert ask(connection, f"SELECT {expression}") == [(VALUES[expression],)]


def test_guid_comes_as_a_uuid(connection: pytds.Connection) -> None:
    assert ask(connection, f"SELECT CAST('{GUID}' AS uniqueidentifier)") == [(GUID,)]


def test_parameters_bring_unicode_and_null(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    cursor.execute("INSERT dbo.target (id, name) VALUES (%s, %s), (%s, %s)", (1, TEXT, 2, None))
    found = ask(connection, "SELECT name FROM dbo.target WHERE id <= %s ORDER BY id", (2,))
    assert found == [(TEXT,), (None,)]


def test_result_sets_come_one_after_the_other(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(THREE_SETS)
    found = [cursor.fetchall()]
    while cursor.nextset():
        found.append(cursor.fetchall())
    assert found == [[(1, "žluťoučký")], [(2,), (3,)], [(None,)]]


def test_messages_are_there_with_their_severity(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(MESSAGES)
    cursor.fetchall()
    found = [(error.severity, error.text) for _, error in cursor.messages]
    assert found == [(0, "printed"), (5, "raised 7")]


def test_error_after_the_first_result_set_is_raised(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(FAILS_LATER)
    assert cursor.fetchall() == [(1,)]
    with pytest.raises(pytds.Error, match="after the first result set"):
        cursor.nextset()


def test_error_keeps_number_state_severity_procedure_and_line(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE PROCEDURE dbo.fails AS\nBEGIN\n    SELECT 1 / 0 AS x;\nEND;")
    with pytest.raises(pytds.Error) as raised:
        cursor.callproc("dbo.fails")
    error = raised.value
    found = (error.number, error.state, error.severity, error.procname, error.line)
    assert found == (8134, 1, 16, "dbo.fails", 3)


def test_procedure_gives_its_status_and_output_parameter(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "CREATE PROCEDURE dbo.doubles @n int, @twice nvarchar(max) OUTPUT AS "
        "BEGIN SET @twice = REPLICATE(@twice, 2 * @n); RETURN 7; END"
    )
    values = cursor.callproc(
        "dbo.doubles", (4000, pytds.output(value="čx", param_type="nvarchar(max)"))
    )
    assert values == [4000, "čx" * 8000]
    assert cursor.get_proc_return_status() == 7


def test_rollback_takes_back_what_was_inserted(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    connection.commit()
    cursor.execute("INSERT dbo.target (id) VALUES (%s)", (1,))
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


@pytest.mark.slow
def test_ten_thousand_rows_arrive(connection: pytds.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE)
    cursor.executemany("INSERT dbo.target (id, name, amount, at) VALUES (%s, %s, %s, %s)", MANY)
    connection.commit()
    assert ask(connection, COUNT) == [COUNTED]


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    with pytest.raises(pytds.OperationalError, match="Login failed for user 'sa'"):
        connect(endpoint, password="wrong")
