"""Which texts are values of which T-SQL type, and the type that a column of texts gets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from procluster.load.values import allowed, infer, text_type, value_sql
from procluster.local.types import KINDS, SqlType, resolve


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as one:
        yield one


def value(connection: duckdb.DuckDBPyConnection, text: str, kind: SqlType) -> object:
    """Give the value of a text, None where it has none."""
    found = connection.execute(f"SELECT {value_sql('t', kind)} FROM (SELECT ? AS t)", [text])
    return found.fetchall()[0][0]


def inferred(connection: duckdb.DuckDBPyConnection, *texts: str | None, misfits: int = 0) -> str:
    connection.register("texts", pa.table({"c0": pa.array(texts, pa.string())}))
    return str(infer(connection, "texts", "c0", misfits))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (resolve("int"), "-12", -12),
        (resolve("int"), "12.0", 12),
        (resolve("int"), "2147483647", 2147483647),
        (resolve("bigint"), "9223372036854775807", 9223372036854775807),
        (resolve("tinyint"), "255", 255),
        (resolve("decimal", 7, 2), "99999.99", Decimal("99999.99")),
        (resolve("decimal", 7, 2), "1.500", Decimal("1.50")),
        (resolve("money"), "1.2345", Decimal("1.2345")),
        (resolve("float"), "1e-7", 1e-7),
        (resolve("bit"), "True", True),
        (resolve("bit"), "0", False),
        (resolve("date"), "2026-02-28", dt.date(2026, 2, 28)),
        (resolve("date"), "2026-02-28 00:00:00", dt.date(2026, 2, 28)),
        (
            resolve("datetime2", 7),
            "2026-01-02T03:04:05.123456",
            dt.datetime(2026, 1, 2, 3, 4, 5, 123456),
        ),
        (resolve("datetime2", 0), "2026-01-02", dt.datetime(2026, 1, 2)),
        (resolve("nvarchar", 2), "\U0001f600", "\U0001f600"),
        (resolve("varbinary", 2), "0x01Ff", b"\x01\xff"),
    ],
)
def test_value_is_read(
    connection: duckdb.DuckDBPyConnection, kind: SqlType, text: str, expected: object
) -> None:
    assert value(connection, text, kind) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (resolve("int"), "2.7"),
        (resolve("int"), "2147483648"),
        (resolve("int"), "1,000"),
        (resolve("int"), ""),
        (resolve("tinyint"), "-1"),
        (resolve("decimal", 7, 2), "1.239"),
        (resolve("decimal", 7, 2), "100000"),
        (resolve("decimal", 7, 2), "1e2"),
        (resolve("float"), "nan"),
        (resolve("float"), "1e999"),
        (resolve("float"), "0x10"),
        (resolve("real"), "1e39"),
        (resolve("bit"), "yes"),
        (resolve("date"), "2026-02-30"),
        (resolve("date"), "28.02.2026"),
        (resolve("date"), "2026-02-28 12:00:00"),
        (resolve("datetime2", 0), "2026-01-02 03:04:05.5"),
        (resolve("datetime2", 7), "2026-01-02 03:04:05.1234567"),
        (resolve("datetime2", 7), "2026-01-02 03:04:05+01:00"),
        (resolve("datetime"), "1752-12-31"),
        (resolve("smalldatetime"), "2079-06-07"),
        (resolve("nvarchar", 1), "\U0001f600"),
        (resolve("nvarchar", 3), "abcd"),
        (resolve("varbinary", 1), "0x0102"),
        (resolve("varbinary", 1), "0x1"),
        (resolve("uniqueidentifier"), "1234"),
    ],
)
def test_value_is_refused_where_something_would_be_lost(
    connection: duckdb.DuckDBPyConnection, kind: SqlType, text: str
) -> None:
    assert value(connection, text, kind) is None


@pytest.mark.parametrize("name", KINDS)
def test_allowed_knows_every_type(name: str) -> None:
    assert allowed(resolve(name))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", None], "int"),
        (["1", "3000000000"], "bigint"),
        (["1", "12345678901234567890"], "decimal(28, 0)"),
        (["1.50", "1000", "-2"], "decimal(9, 2)"),
        (["12345678.50", "1.255"], "decimal(19, 3)"),
        (["0.123456789", "1"], "float"),
        (["1e5", "2"], "float"),
        (["true", "False"], "bit"),
        (["0", "1"], "int"),
        (["2026-01-02", "1999-12-31"], "date"),
        (["2026-01-02", "2026-01-02 03:04:05.12"], "datetime2(2)"),
        (["00123", "12345"], "nvarchar(10)"),
        (["+1"], "nvarchar(10)"),
        (["1.5", "n/a"], "nvarchar(10)"),
        (["01/02/2026"], "nvarchar(10)"),
        (["2026-02-30"], "nvarchar(10)"),
        (["nan", "1.5"], "nvarchar(10)"),
        (["a" * 11], "nvarchar(50)"),
        (["9" * 39], "nvarchar(50)"),
        ([None, None], "nvarchar(10)"),
        ([], "nvarchar(10)"),
    ],
)
def test_infer_takes_the_narrowest_type(
    connection: duckdb.DuckDBPyConnection, texts: list[str | None], kind: str
) -> None:
    assert inferred(connection, *texts) == kind


def test_infer_leaves_out_as_many_as_it_may(connection: duckdb.DuckDBPyConnection) -> None:
    assert inferred(connection, "1", "2", "3", "n/a", misfits=1) == "int"


def test_infer_wants_most_texts_to_fit(connection: duckdb.DuckDBPyConnection) -> None:
    assert inferred(connection, "1", "a", "b", misfits=2) == "nvarchar(10)"


def test_infer_keeps_leading_zeros_whatever_may_be_left_out(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert inferred(connection, "1", "2", "3", "007", misfits=1) == "nvarchar(10)"


def test_text_type_becomes_max_beyond_4000() -> None:
    assert [str(text_type(n)) for n in (4000, 4001)] == ["nvarchar(4000)", "nvarchar(max)"]
