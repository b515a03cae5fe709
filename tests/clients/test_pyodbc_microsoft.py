"""pyodbc with Microsoft's ODBC driver."""

from __future__ import annotations

from collections.abc import Iterator

import pyodbc
import pytest
from serving import Endpoint, odbc_driver


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[pyodbc.Connection]:
    with pyodbc.connect(endpoint.odbc(odbc_driver())) as opened:
        yield opened


def test_rows_with_unicode_and_null_come_as_they_are(connection: pyodbc.Connection) -> None:
    row = connection.execute("SELECT N'čau 漢 🙂' AS t, CAST(NULL AS int) AS n").fetchone()
    assert tuple(row or ()) == ("čau 漢 🙂", None)


def test_error_after_the_first_result_set_is_raised(connection: pyodbc.Connection) -> None:
    cursor = connection.execute("SELECT 1 AS a; SELECT 1 / 0 AS b")
    assert cursor.fetchval() == 1
    with pytest.raises(pyodbc.DataError, match="Divide by zero") as raised:
        cursor.nextset()
    assert raised.value.args[0] == "22012"


def test_rollback_takes_back_what_was_inserted(connection: pyodbc.Connection) -> None:
    connection.execute("CREATE TABLE dbo.t (i int, s nvarchar(10))")
    connection.commit()
    connection.execute("INSERT dbo.t VALUES (?, ?)", 1, None)
    connection.rollback()
    assert connection.execute("SELECT COUNT(*) FROM dbo.t").fetchval() == 0


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    text = endpoint.odbc(odbc_driver()).replace(endpoint.login, "sb")
    with pytest.raises(pyodbc.InterfaceError, match=r"Login failed for user 'sb'.*18456"):
        pyodbc.connect(text)
