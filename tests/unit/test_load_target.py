"""Rows of a file into a table of the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from procluster.errors import DataError, SqlError
from procluster.load import Mode, Report, describe, load, read_csv, summary
from procluster.local.database import Database, Session
from procluster.tables import TableName, count

SALES = TableName("dbo", "sales")


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        yield database.connect()


@pytest.fixture
def table(session: Session) -> TableName:
    """A table with one row."""
    session.query(
        "CREATE TABLE dbo.sales ("
        "id int NOT NULL, amount decimal(5, 2) NULL, CONSTRAINT pk_sales PRIMARY KEY (id));"
        "INSERT INTO dbo.sales (id, amount) VALUES (1, 10);"
    )
    return SALES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sales.csv"


def loaded(
    session: Session, file: Path, text: str, mode: Mode = "create", max_errors: int = 0
) -> Report:
    file.write_text(text, encoding="utf-8")
    return load(session, SALES, read_csv(file), mode=mode, max_errors=max_errors)


def rows_in(session: Session) -> list[tuple[object, ...]]:
    [result] = session.query("SELECT * FROM dbo.sales ORDER BY 1;")
    return result.rows()


def test_load_creates_a_table_with_the_types_of_the_values(session: Session, file: Path) -> None:
    loaded(session, file, "id,name,paid\n1,é,true\n2,,false\n")

    [result] = session.query("SELECT * FROM dbo.sales ORDER BY id;")
    assert [(one.name, str(one.type)) for one in result.columns] == [
        ("id", "int"),
        ("name", "nvarchar(10)"),
        ("paid", "bit"),
    ]
    assert result.rows() == [(1, "é", True), (2, None, False)]


def test_load_quotes_the_names_it_is_given(session: Session, file: Path) -> None:
    loaded(session, file, 'order,a]b,"x ""y"""\n1,2,3\n')

    assert rows_in(session) == [(1, 2, 3)]


def test_load_appends(session: Session, table: TableName, file: Path) -> None:
    loaded(session, file, "id,amount\n2,1.5\n", mode="append")

    assert count(session, table) == 2


def test_load_replaces_rows_and_keeps_the_table(
    session: Session, table: TableName, file: Path
) -> None:
    loaded(session, file, "id,amount\n1,1.5\n", mode="replace")

    [result] = session.query("SELECT amount FROM dbo.sales;")
    assert str(result.columns[0].type) == "decimal(5, 2)"
    assert count(session, table) == 1


def test_load_fills_an_empty_table_as_it_is(session: Session, table: TableName, file: Path) -> None:
    session.query("DELETE FROM dbo.sales;")

    assert not loaded(session, file, "id,amount\n1,1.5\n").created
    assert count(session, table) == 1


def test_load_matches_columns_by_name(session: Session, table: TableName, file: Path) -> None:
    loaded(session, file, "AMOUNT,ID\n2.5,7\n", mode="replace")

    [result] = session.query("SELECT id FROM dbo.sales;")
    assert result.rows() == [(7,)]


def test_load_refuses_a_table_with_rows(session: Session, table: TableName, file: Path) -> None:
    with pytest.raises(DataError, match=r"dbo\.sales: holds rows already, 1\. Give --append"):
        loaded(session, file, "id,amount\n2,1\n")

    assert count(session, table) == 1


def test_load_refuses_columns_the_table_does_not_have(
    session: Session, table: TableName, file: Path
) -> None:
    with pytest.raises(DataError, match=r"no column colour, size\. It has id, amount"):
        loaded(session, file, "id,colour,size\n2,red,1\n", mode="append")


def test_load_names_every_bad_value(session: Session, table: TableName, file: Path) -> None:
    with pytest.raises(DataError) as caught:
        loaded(session, file, "id,amount\n2,abc\n,1\n3,1000\n4,1\n", mode="append")

    number = "Allowed: numbers with up to 3 digits before the point and 2 after it."
    assert str(caught.value).splitlines() == [
        "sales.csv: 3 bad rows, 0 allowed (--max-errors). Nothing was loaded.",
        f"sales.csv: line 2, column amount: 'abc' is no decimal(5, 2). {number}",
        "sales.csv: line 3, column id: is empty, and the column is NOT NULL.",
        f"sales.csv: line 4, column amount: '1000' is no decimal(5, 2). {number}",
    ]


def test_load_with_too_many_bad_rows_loads_nothing(
    session: Session, table: TableName, file: Path
) -> None:
    with pytest.raises(DataError):
        loaded(session, file, "id,amount\n2,abc\n3,x\n4,1\n", mode="replace", max_errors=1)

    assert count(session, table) == 1


def test_load_leaves_out_as_many_bad_rows_as_it_may(
    session: Session, table: TableName, file: Path
) -> None:
    report = loaded(session, file, "id,amount\n2,abc\n3\n4,1\n", mode="append", max_errors=2)

    assert (report.rows, report.left_out) == (1, 2)
    assert count(session, table) == 2


def test_load_counts_a_row_with_two_faults_once(
    session: Session, table: TableName, file: Path
) -> None:
    report = loaded(session, file, "id,amount\nx,abc\n4,1\n", mode="append", max_errors=1)

    assert (report.left_out, len(report.faults)) == (1, 2)


def test_load_that_the_table_refuses_changes_nothing(
    session: Session, table: TableName, file: Path
) -> None:
    with pytest.raises(SqlError, match="PRIMARY KEY"):
        loaded(session, file, "id,amount\n3,1\n3,2\n", mode="replace")

    assert count(session, table) == 1


def test_load_that_fails_creates_no_table(session: Session, file: Path) -> None:
    with pytest.raises(DataError):
        loaded(session, file, "a,b\n1\n")

    assert session.query("SELECT OBJECT_ID(N'dbo.sales', N'U') AS id;")[0].rows() == [(None,)]


def test_summary_says_what_was_loaded_into_which_columns(session: Session, file: Path) -> None:
    report = loaded(session, file, "id,name\n1,x\n")

    assert summary(report).splitlines() == [
        "new table dbo.sales: 1 row loaded, 0 left out",
        "    id    int",
        "    name  nvarchar(10)",
    ]


def test_summary_says_which_column_is_text_for_a_few_values(session: Session, file: Path) -> None:
    numbers = "".join(f"{n}\n" for n in range(199))

    report = loaded(session, file, f"id\n{numbers}oops\n")

    assert summary(report).splitlines()[-1] == (
        "id is nvarchar(10), for not all of its values are int. Exceptions: 1, the first in "
        "line 201: 'oops'. --max-errors 1 leaves such rows out."
    )


def test_describe_names_a_row_as_a_whole(session: Session, table: TableName, file: Path) -> None:
    report = loaded(session, file, "id,amount\n2\n", mode="append", max_errors=1)

    rows = read_csv(file)
    assert describe(rows, report.faults[0]) == (
        "sales.csv: line 2: number of fields: 1. The header has 2."
    )
