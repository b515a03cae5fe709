"""Names of tables as people type them, and transactions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from procluster import tables
from procluster.errors import DataError
from procluster.local.database import Database, Session
from procluster.tables import TableName


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        one = database.connect()
        one.query("CREATE TABLE dbo.t (a int NOT NULL, b nvarchar(5) NULL);")
        yield one


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("t", TableName("dbo", "t")),
        ("crm.t", TableName("crm", "t")),
        ("[a.b].[c]]d]", TableName("a.b", "c]d")),
        (" dbo.[my table] ", TableName("dbo", "my table")),
    ],
)
def test_table_name_is_read(text: str, name: TableName) -> None:
    assert TableName.parse(text) == name


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "[a", "#t", "dbo.#t", "@t"])
def test_table_name_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="names no permanent table"):
        TableName.parse(text)


def test_table_name_is_written_quoted() -> None:
    assert str(TableName("order", "a]b")) == "[order].[a]]b]"


def test_exists_tells_tables_that_are_there(session: Session) -> None:
    assert tables.exists(session, TableName("dbo", "t"))
    assert not tables.exists(session, TableName("dbo", "u"))


def test_columns_have_types_and_nullability(session: Session) -> None:
    found = tables.columns(session, TableName("dbo", "t"))

    assert [(one.name, str(one.type), one.nullable) for one in found] == [
        ("a", "int", False),
        ("b", "nvarchar(5)", True),
    ]


def test_transaction_commits(session: Session) -> None:
    with tables.transaction(session):
        session.query("INSERT INTO dbo.t (a) VALUES (1);")

    assert tables.count(session, TableName("dbo", "t")) == 1
    assert session.query("SELECT @@TRANCOUNT AS n;")[0].rows() == [(0,)]


def test_transaction_rolls_back_when_stopped(session: Session) -> None:
    def stop() -> None:
        with tables.transaction(session):
            session.query("INSERT INTO dbo.t (a) VALUES (1);")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()

    assert tables.count(session, TableName("dbo", "t")) == 0
