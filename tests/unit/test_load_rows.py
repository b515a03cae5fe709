"""CSV and Parquet files as rows of text with their places."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from procluster.errors import DataError
from procluster.load import Fault, Rows, read_csv, read_parquet


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sales.csv"


def rows_of(rows: Rows) -> list[tuple[Any, ...]]:
    """Give the texts of each row with its place at the end."""
    return list(zip(*(column.to_pylist() for column in rows.texts.columns), strict=True))


def csv_rows(file: Path, text: str, **options: str) -> Rows:
    file.write_text(text, encoding="utf-8", newline="")
    return read_csv(file, **options)


def test_read_csv_gives_every_row_its_first_line(file: Path) -> None:
    rows = csv_rows(file, 'a,b\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n')

    assert rows_of(rows) == [("1", "two\r\nlines", 2), ("2", "x", 5)]


def test_read_csv_takes_empty_fields_for_null(file: Path) -> None:
    assert rows_of(csv_rows(file, "a,b\n,x\n")) == [(None, "x", 2)]


def test_read_csv_takes_a_given_text_for_null(file: Path) -> None:
    assert rows_of(csv_rows(file, "a\nNULL\nx\n", null="NULL")) == [(None, 2), ("x", 3)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_read_csv_finds_the_delimiter(file: Path, mark: str) -> None:
    assert csv_rows(file, f"a{mark}b\n1{mark}2\n").names == ("a", "b")


def test_read_csv_takes_a_delimiter(file: Path) -> None:
    assert csv_rows(file, "a:b,c\n1:2\n", delimiter=":").names == ("a", "b,c")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_read_csv_knows_byte_order_marks(file: Path, encoding: str) -> None:
    file.write_text("é,b\n1,2\n", encoding=encoding)

    assert read_csv(file).names == ("é", "b")


def test_read_csv_takes_an_encoding(file: Path) -> None:
    file.write_text("a\né\n", encoding="cp1252")

    assert rows_of(read_csv(file, encoding="cp1252")) == [("é", 2)]


def test_read_csv_says_how_to_give_the_encoding(file: Path) -> None:
    file.write_text("a\né\n", encoding="cp1252")

    with pytest.raises(DataError, match=r"is not UTF-8.*Give --encoding, for instance cp1252"):
        read_csv(file)


def test_read_csv_names_rows_of_another_width(file: Path) -> None:
    rows = csv_rows(file, "a,b\n1\n1,2\n1,2,3\n")

    assert rows.faults == (
        Fault(2, "", None, "number of fields: 1. The header has 2."),
        Fault(4, "", None, "number of fields: 3. The header has 2."),
    )


def test_read_csv_names_rows_with_wrong_quotes(file: Path) -> None:
    rows = csv_rows(file, 'a,b\n"1"x,2\n3,4\n')

    assert [fault.place for fault in rows.faults] == [2]
    assert rows_of(rows) == [("3", "4", 3)]


def test_read_csv_refuses_an_open_quote(file: Path) -> None:
    with pytest.raises(DataError, match=r"sales\.csv: line 2: a quote is opened there"):
        csv_rows(file, 'a,b\n1,"x\n2,y\n')


def test_read_csv_refuses_an_empty_file(file: Path) -> None:
    with pytest.raises(DataError, match="no header line"):
        csv_rows(file, "")


def test_read_csv_refuses_all_bad_names_at_once(file: Path) -> None:
    with pytest.raises(DataError) as caught:
        csv_rows(file, "a,A,,b\n")

    assert str(caught.value).count("\n") == 1
    assert "column 3: its name '' is empty" in str(caught.value)
    assert "'a' stands 2 times" in str(caught.value)


def test_read_csv_keeps_order_over_many_rows(file: Path) -> None:
    rows = csv_rows(file, "a\n" + "".join(f"{n}\n" for n in range(120_000)))

    assert rows.texts.column(0).to_pylist() == [str(n) for n in range(120_000)]


def test_read_parquet_gives_types_and_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    stamp = dt.datetime(2026, 1, 2, 3, 4, 5)
    pq.write_table(
        pa.table(
            {
                "i": [7],
                "f": [0.1],
                "d": [Decimal("1.50")],
                "t": ["é"],
                "s": pa.array([stamp], pa.timestamp("us")),
                "b": [b"\x00\xff"],
                "y": [True],
                "u": pa.array([1], pa.uint32()),
                "c": pa.array(["x"]).dictionary_encode(),
            }
        ),
        file,
    )

    rows = read_parquet(file)

    assert [str(kind) for kind in rows.types or ()] == [
        *["bigint", "float", "decimal(3, 2)", "nvarchar(10)", "datetime2(6)"],
        *["varbinary(max)", "bit", "bigint", "nvarchar(10)"],
    ]
    assert rows_of(rows) == [
        ("7", "0.1", "1.50", "é", "2026-01-02 03:04:05", "0x00FF", "true", "1", "x", 1)
    ]


def test_read_parquet_names_every_type_it_cannot_hold(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    zoned = pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"list": [[1]], "zoned": zoned}), file)

    with pytest.raises(DataError, match=r"(?s)column list: .*column zoned: "):
        read_parquet(file)


def test_read_parquet_refuses_other_files(file: Path) -> None:
    file.write_text("a\n1\n")

    with pytest.raises(DataError, match="is not a Parquet file"):
        read_parquet(file)
