"""CAST, CONVERT and their TRY_ forms, as Microsoft's pages give them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import get_args
from uuid import UUID

import duckdb
import pytest
from translation_world import World

from procluster.errors import Refusal, SqlError
from procluster.local.translate import as_sql_error, convert_sql
from procluster.local.translate.conversion import CONVERSIONS
from procluster.local.types import Family, SqlType, resolve


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # numbers: float and decimal are cut off on the way to int, decimal is rounded to a scale
        ("CAST(2.7 AS int)", 2),
        ("CAST(-2.7 AS int)", -2),
        ("CAST(2.7e0 AS int)", 2),
        ("CAST(-2.7e0 AS bigint)", -2),
        ("CAST(2.345 AS decimal(5, 2))", Decimal("2.35")),
        ("CAST(-2.345 AS decimal(5, 2))", Decimal("-2.35")),
        ("CAST(2.5e0 AS decimal(5, 0))", Decimal(3)),
        ("CAST(1.23456 AS money)", Decimal("1.2346")),
        ("CAST(7 AS bit)", True),
        ("CAST(0.5 AS bit)", True),
        ("CAST(0e0 AS bit)", False),
        # text to numbers
        ("CAST(' 12 ' AS int)", 12),
        ("CAST('-12' AS int)", -12),
        ("CAST('+12' AS bigint)", 12),
        ("CAST('' AS int)", 0),
        ("CAST('' AS float)", 0.0),
        ("CAST('1e3' AS float)", 1000.0),
        ("CAST('.5' AS float)", 0.5),
        ("CAST('1.256' AS decimal(5, 2))", Decimal("1.26")),
        ("CAST('TRUE' AS bit)", True),
        ("CAST('2' AS bit)", True),
        ("CAST('0' AS bit)", False),
        # numbers to text
        ("CAST(12 AS varchar(5))", "12"),
        ("CAST(12345 AS varchar(3))", "*"),
        ("CAST(0.5 AS varchar(5))", "0.5"),
        ("CAST(-0.50 AS varchar(5))", "-0.50"),
        ("CAST(CAST(1 AS bit) AS varchar(5))", "1"),
        ("CAST(1e0 / 3 AS nvarchar(30))", "0.333333"),
        ("CAST(1234567e0 AS nvarchar(30))", "1.23457e+006"),
        ("CAST(0.00001e0 AS nvarchar(30))", "1e-005"),
        ("CAST(-0e0 AS nvarchar(30))", "0"),
        ("CONVERT(nvarchar(30), 12.5e0, 1)", "1.2500000e+001"),
        ("CONVERT(nvarchar(30), 0.1e0, 2)", "1.000000000000000e-001"),
        ("CONVERT(nvarchar(30), 0.1e0, 3)", "1.0000000000000001e-001"),
        # text to text: CAST cuts off, char pads
        ("CAST('abcdef' AS varchar(3))", "abc"),
        ("CAST(N'ab' AS nchar(4))", "ab  "),
        # bytes
        ("CAST(0x0AFF AS varbinary(1))", b"\x0a"),
        # uniqueidentifier
        (
            "CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier)",
            UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ),
        (
            "CAST(CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS uniqueidentifier) AS char(36))",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        # NULL stays NULL
        ("CAST(CAST(NULL AS varchar(5)) AS int)", None),
        ("CAST(CAST(NULL AS varchar(5)) AS bit)", None),
        ("CAST(CAST(NULL AS varchar(5)) AS datetime)", None),
        ("CAST(CAST(NULL AS float) AS varchar(5))", None),
        ("CAST(NULL AS date)", None),
    ],
)
def test_cast_gives_value(sql: World, expression: str, value: object) -> None:
    assert sql.one(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("CAST('2024-02-29' AS date)", date(2024, 2, 29)),
        ("CAST('20240229' AS date)", date(2024, 2, 29)),
        ("CAST('2024-02-29 13:14' AS date)", date(2024, 2, 29)),
        ("CAST('2024-02-29T13:14:15.123' AS datetime)", datetime(2024, 2, 29, 13, 14, 15, 123000)),
        ("CAST('20240229 13:14:15.122' AS datetime)", datetime(2024, 2, 29, 13, 14, 15, 123000)),
        ("CAST('20240229 13:14:15.125' AS datetime)", datetime(2024, 2, 29, 13, 14, 15, 127000)),
        ("CAST('20240229 13:14:15.999' AS datetime)", datetime(2024, 2, 29, 13, 14, 16)),
        ("CAST('20240229 13:14:29' AS smalldatetime)", datetime(2024, 2, 29, 13, 14)),
        ("CAST('20240229 13:14:30' AS smalldatetime)", datetime(2024, 2, 29, 13, 15)),
        ("CAST('20240229 13:14:15.16' AS datetime2(1))", datetime(2024, 2, 29, 13, 14, 15, 200000)),
        ("CAST('' AS datetime)", datetime(1900, 1, 1)),
        ("CAST(CAST('20240229 13:14' AS datetime) AS date)", date(2024, 2, 29)),
    ],
)
def test_cast_gives_moment(sql: World, expression: str, value: object) -> None:
    assert sql.one(expression) == value


@pytest.mark.parametrize(
    ("kind", "style", "text"),
    [
        ("datetime", None, "Jan  2 2024  1:05PM"),
        ("datetime", 0, "Jan  2 2024  1:05PM"),
        ("datetime", 120, "2024-01-02 13:05:06"),
        ("datetime", 121, "2024-01-02 13:05:06.123"),
        ("datetime", 126, "2024-01-02T13:05:06.123"),
        ("datetime", 23, "2024-01-02"),
        ("datetime", 112, "20240102"),
        ("datetime", 101, "01/02/2024"),
        ("datetime", 103, "02/01/2024"),
        ("datetime", 108, "13:05:06"),
        ("datetime2(7)", None, "2024-01-02 13:05:06.1230000"),
        ("datetime2(3)", 126, "2024-01-02T13:05:06.123"),
        ("datetime2(0)", 121, "2024-01-02 13:05:06"),
        ("date", None, "2024-01-02"),
        ("date", 112, "20240102"),
        ("date", 121, "2024-01-02"),
    ],
)
def test_convert_moment_to_text_has_style(
    sql: World, kind: str, style: int | None, text: str
) -> None:
    moment = f"CAST('2024-01-02T13:05:06.123' AS {kind})"
    tail = "" if style is None else f", {style}"
    assert sql.one(f"CONVERT(varchar(40), {moment}{tail})") == text


def test_convert_to_short_text_cuts_a_moment_off(sql: World) -> None:
    found = sql.one("CONVERT(varchar(10), CAST('2024-01-02T13:05:06' AS datetime), 120)")
    assert found == "2024-01-02"


@pytest.mark.parametrize(
    ("expression", "number", "message"),
    [
        (
            "CAST('2.7' AS int)",
            245,
            "Conversion failed when converting the varchar value '2.7' to data type int.",
        ),
        (
            "CAST(N'it''s' AS int)",
            245,
            "Conversion failed when converting the nvarchar value 'it's'",
        ),
        (
            "CAST('maybe' AS bit)",
            245,
            "Conversion failed when converting the varchar value 'maybe'",
        ),
        ("CAST('x' AS bigint)", 8114, "Error converting data type varchar to bigint."),
        ("CAST('x' AS float)", 8114, "Error converting data type varchar to float."),
        ("CAST('inf' AS float)", 8114, "Error converting data type varchar to float."),
        ("CAST('nan' AS float)", 8114, "Error converting data type varchar to float."),
        ("CAST('1e3' AS decimal(9, 2))", 8114, "Error converting data type varchar to numeric."),
        ("CAST('' AS decimal(9, 2))", 8114, "Error converting data type varchar to numeric."),
        ("CAST('3000000000' AS int)", 248, "The conversion of the varchar value '3000000000'"),
        (
            "CAST('70000' AS smallint)",
            244,
            "The conversion of the varchar value '70000' overflowed",
        ),
        ("CAST(70000 AS smallint)", 220, "data type smallint, value = 70000."),
        ("CAST(256 AS tinyint)", 220, "data type tinyint, value = 256."),
        ("CAST(-1 AS tinyint)", 220, "data type tinyint, value = -1."),
        ("CAST(3000000000 AS int)", 8115, "converting numeric to data type int."),
        ("CAST(CAST(3000000000 AS bigint) AS int)", 8115, "expression to data type int."),
        ("CAST(3e9 AS int)", 232, "for type int, value = 3000000000.000000."),
        ("CAST(123.45 AS decimal(3, 1))", 8115, "numeric to data type numeric."),
        ("CAST('123.45' AS decimal(3, 1))", 8115, "varchar to data type numeric."),
        ("CAST(12345 AS nvarchar(3))", 8115, "expression to data type nvarchar."),
        ("CAST(123.45 AS varchar(3))", 8115, "to data type varchar."),
        ("CAST('x' AS datetime)", 241, "Conversion failed when converting date and/or time"),
        ("CAST('2024-02-30' AS date)", 241, "Conversion failed when converting date and/or time"),
        ("CAST('0000-01-01' AS date)", 241, "Conversion failed when converting date and/or time"),
        ("CAST('1752-12-31' AS datetime)", 242, "out-of-range value"),
        (
            "CAST(CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier) AS varchar(10))",
            8170,
            "Insufficient result space",
        ),
        ("CAST('x' AS uniqueidentifier)", 8169, "to uniqueidentifier."),
        ("CAST(CAST('2024-01-01' AS date) AS int)", 529, "from data type date to int"),
        ("CAST(1 AS date)", 529, "from data type int to date"),
        ("CAST(1 AS uniqueidentifier)", 529, "from data type int to uniqueidentifier"),
    ],
)
def test_cast_error_has_number_and_message(
    sql: World, expression: str, number: int, message: str
) -> None:
    error = sql.error(f"SELECT {expression}")
    assert (error.number, message in error.message) == (number, True), error.message


@pytest.mark.parametrize(
    "expression",
    [
        "TRY_CAST('x' AS int)",
        "TRY_CAST('3000000000' AS int)",
        "TRY_CAST(300 AS tinyint)",
        "TRY_CAST('x' AS float)",
        "TRY_CAST('1e3' AS decimal(5, 2))",
        "TRY_CAST('2024-02-30' AS date)",
        "TRY_CAST('x' AS uniqueidentifier)",
        "TRY_CONVERT(datetime, 'x')",
        "TRY_CAST(12345 AS nvarchar(3))",
    ],
)
def test_try_cast_gives_null(sql: World, expression: str) -> None:
    assert sql.one(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "CAST('1/2/2024' AS date)",  # depends on the language of the session
        "TRY_CAST('1/2/2024' AS date)",
        "CAST('2024-01-01 00:00:00.1234567' AS datetime2)",  # DuckDB has microseconds
        "CAST(0x41 AS varchar(5))",
        "CAST(2 AS datetime)",
        "CAST(GETDATE() AS int)",
        "CAST('1' AS money)",
        "CAST(N'日本' AS varchar(5))",
        "CONVERT(varchar(10), 0x41, 1)",
        "CAST(N'é' AS varbinary(5))",
        "CONVERT(varchar(40), GETDATE(), 7)",
        "CONVERT(varchar(40), CAST(1 AS real), 3)",
        "CAST(1 AS varbinary(4))",
    ],
)
def test_cast_without_sure_rule_is_refused(sql: World, expression: str) -> None:
    assert sql.error(f"SELECT {expression}").number in (40510, 529)


def test_assignment_of_long_text_is_2628(sql: World) -> None:
    column = "table 'dbo.t', column 'a'"
    short, long_ = resolve("nvarchar", 2), resolve("nvarchar", 9)
    expression = convert_sql("'abc'", long_, short, column=column)
    with pytest.raises(duckdb.Error, match="2628") as found:
        sql.connection.execute(f"SELECT {expression}")
    assert as_sql_error(found.value).message == (
        "String or binary data would be truncated in table 'dbo.t', column 'a'. "
        "Truncated value: 'ab'."
    )


@pytest.mark.parametrize(
    ("source", "target", "number"), [("varchar", "varbinary", 257), ("date", "int", 206)]
)
def test_assignment_converts_implicitly_alone(source: str, target: str, number: int) -> None:
    with pytest.raises(SqlError) as found:
        convert_sql("x", sized(source), sized(target), column="table 't', column 'a'")
    assert found.value.number == number


def test_assignment_drops_trailing_spaces(sql: World) -> None:
    short, long_ = resolve("nvarchar", 2), resolve("nvarchar", 9)
    expression = convert_sql("'ab   '", long_, short, column="table 't', column 'a'")
    assert sql.connection.execute(f"SELECT {expression}").fetchone() == ("ab",)


SAMPLES = {
    "bit": ("bit", "true"),
    "integer": ("int", "CAST(7 AS INTEGER)"),
    "decimal": ("decimal", "CAST(7.5 AS DECIMAL(18,2))"),
    "money": ("money", "CAST(7.5 AS DECIMAL(19,4))"),
    "float": ("float", "CAST(7.5 AS DOUBLE)"),
    "text": ("varchar", "'7'"),
    "binary": ("varbinary", "unhex('0A')"),
    "rowversion": ("rowversion", "CAST(2001 AS BIGINT)"),
    "time": ("datetime", "TIMESTAMP '2024-01-01'"),
    "guid": ("uniqueidentifier", "uuid()"),
}


@pytest.mark.parametrize("source", get_args(Family))
@pytest.mark.parametrize("target", get_args(Family))
def test_every_pair_of_families_converts_or_says_no(
    sql: World, source: Family, target: Family
) -> None:
    name, value = SAMPLES[source]
    from_, to = sized(name), sized(SAMPLES[target][0])
    try:
        expression = convert_sql(value, from_, to)
    except (Refusal, SqlError):
        assert source != target
        return
    assert (source, target) in CONVERSIONS or from_ == to
    if (source, target) not in (("text", "guid"), ("text", "time")):
        row = sql.connection.execute(f"SELECT {expression}").fetchone()
        assert row is not None
        assert row[0] is not None


def sized(name: str) -> SqlType:
    sizes = {"decimal": (18, 2), "varchar": (40,), "varbinary": (40,)}
    return resolve(name, *sizes.get(name, ()))
