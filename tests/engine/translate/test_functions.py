"""Built-in functions: each with the result that its page documents."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from translation_world import World

from procluster.errors import Refusal
from procluster.local.registry import SESSION_FUNCTIONS
from procluster.local.translate.aggregates import AGGREGATES
from procluster.local.translate.calls import FUNCTIONS
from procluster.local.types import resolve

TEXT = [
    ("LEN('ab  ')", 2),
    ("LEN(N'')", 0),
    ("LEN(12345)", 5),
    ("LEN(NULL)", None),
    ("DATALENGTH('ab ')", 3),
    ("DATALENGTH(N'ab ')", 6),
    ("DATALENGTH(0x0A0B)", 2),
    ("DATALENGTH(CAST(1 AS bigint))", 8),
    ("DATALENGTH(CAST(NULL AS int))", None),
    ("LEFT('abc', 2)", "ab"),
    ("LEFT('abc', 9)", "abc"),
    ("RIGHT('abc', 2)", "bc"),
    ("SUBSTRING('abcdef', 2, 3)", "bcd"),
    ("SUBSTRING('abcdef', 0, 3)", "ab"),
    ("SUBSTRING('abcdef', -1, 3)", "a"),
    ("SUBSTRING('abcdef', 5, 9)", "ef"),
    ("SUBSTRING('abc', NULL, 2)", None),
    ("REPLACE('aXbx', 'x', '-')", "a-b-"),
    ("REPLACE('a.b', '.', '\\')", "a\\b"),
    ("REPLACE('aXb', 'x', '\\1')", "a\\1b"),
    ("REPLACE('abc', '', 'x')", "abc"),
    ("REPLICATE('ab', 3)", "ababab"),
    ("REPLICATE('ab', -1)", None),
    ("CHARINDEX('B', 'abcb')", 2),
    ("CHARINDEX('b', 'abcb', 3)", 4),
    ("CHARINDEX('x', 'abc')", 0),
    ("CHARINDEX('', 'abc')", 0),
    ("QUOTENAME('a]b')", "[a]]b]"),
    ("QUOTENAME('a''b', '''')", "'a''b'"),
    ("QUOTENAME(REPLICATE('a', 129))", None),
    ("CONCAT('a', NULL, 1, 2.50)", "a12.50"),
    ("CONCAT(N'run ', CAST(3 AS bigint), N' of ', 1e0 / 3)", "run 3 of 0.333333"),
    ("CONCAT_WS(', ', 'a', NULL, 'b')", "a, b"),
    ("CHAR(65)", "A"),
    ("CHAR(256)", None),
    ("NCHAR(233)", "é"),
    ("UPPER('aé')", "AÉ"),
    ("LOWER('AÉ')", "aé"),
    ("LTRIM('  a ')", "a "),
    ("RTRIM('  a ')", "  a"),
    ("TRIM('  a ')", "a"),
    ("REVERSE('abc')", "cba"),
]

NUMBERS = [
    ("ABS(-3)", 3),
    ("ABS(-2.5)", Decimal("2.5")),
    ("CEILING(2.1)", Decimal(3)),
    ("CEILING(-2.1)", Decimal(-2)),
    ("FLOOR(-2.1e0)", -3.0),
    ("FLOOR(7)", 7),
    ("SIGN(-2.5)", Decimal(-1)),
    ("SIGN(-2e0)", -1.0),
    ("ROUND(2.5, 0)", Decimal("3.0")),
    ("ROUND(-2.5, 0)", Decimal("-3.0")),
    ("ROUND(123.4545, 2)", Decimal("123.4500")),
    ("ROUND(123.45, -2)", Decimal("100.00")),
    ("ROUND(15, -1)", 20),
    ("ROUND(0.1234567891e0, 7)", 0.1234568),
    ("POWER(2, 10)", 1024),
    ("POWER(2, -1)", 0),
    ("POWER(3, 0.5)", 1),
    ("POWER(2e0, -1)", 0.5),
    ("SQRT(9)", 3.0),
    ("SQUARE(3)", 9.0),
    ("EXP(0)", 1.0),
    ("LOG(1)", 0.0),
    ("LOG(8, 2)", 3.0),
    ("PI()", 3.141592653589793),
]

MOMENTS = [
    ("DATEADD(month, 1, CAST('2024-01-31' AS date))", date(2024, 2, 29)),
    ("DATEADD(day, -1, '2024-03-01')", datetime(2024, 2, 29)),
    ("DATEADD(ss, 90, CAST('2024-01-01' AS datetime2))", datetime(2024, 1, 1, 0, 1, 30)),
    ("DATEADD(ms, 4, CAST('2024-01-01' AS datetime))", datetime(2024, 1, 1, 0, 0, 0, 3000)),
    ("DATEADD(quarter, 1, CAST('2024-01-01' AS date))", date(2024, 4, 1)),
    ("DATEADD(week, 1, CAST('2024-01-01' AS date))", date(2024, 1, 8)),
    ("DATEDIFF(year, '2023-12-31', '2024-01-01')", 1),
    ("DATEDIFF(month, '2024-01-31', '2024-02-01')", 1),
    ("DATEDIFF(day, '2024-01-01 23:59', '2024-01-02 00:01')", 1),
    ("DATEDIFF(week, '2024-01-06', '2024-01-07')", 1),
    ("DATEDIFF(week, '2024-01-07', '2024-01-13')", 0),
    ("DATEDIFF(week, '2024-01-07', '2024-01-06')", -1),
    ("DATEDIFF(hour, '2024-01-01 00:59', '2024-01-01 01:00')", 1),
    ("DATEDIFF(second, '2024-01-01', '2024-01-02')", 86400),
    ("DATEDIFF(ms, '2024-01-01', '2024-01-01 00:00:00.001')", 1),
    ("DATEDIFF(year, '0001-01-01', '9999-12-31')", 9998),
    ("DATEDIFF(millisecond, '2024-01-01', '2024-01-01 00:00:01.5')", 1500),
    ("DATEPART(weekday, '2024-01-07')", 1),  # a Sunday; DATEFIRST is 7
    ("DATEPART(weekday, '2024-01-06')", 7),
    ("DATEPART(week, '2024-01-06')", 1),
    ("DATEPART(week, '2024-01-07')", 2),
    ("DATEPART(dayofyear, '2024-03-01')", 61),
    ("DATEPART(quarter, '2024-05-01')", 2),
    ("DATEPART(ms, CAST('2024-01-01 00:00:01.123' AS datetime2))", 123),
    ("YEAR('2024-05-06')", 2024),
    ("MONTH('2024-05-06')", 5),
    ("DAY('2024-05-06')", 6),
    ("EOMONTH('2024-02-03')", date(2024, 2, 29)),
    ("DATEFROMPARTS(2024, 2, 29)", date(2024, 2, 29)),
]

OTHERS = [
    ("ISNULL(CAST(NULL AS varchar(2)), 'cdef')", "cd"),
    ("COALESCE(NULL, 'b')", "b"),
    ("NULLIF('a', 'A ')", None),
    ("NULLIF(1, 2)", 1),
    ("IIF(1 > 2, 'yes', 'no')", "no"),
    ("IIF(NULL > 2, 'yes', 'no')", "no"),
    ("""JSON_VALUE('{"a": {"b": [1, "x"]}}', '$.a.b[1]')""", "x"),
    ("""JSON_VALUE('{"a": {"b": 1}}', '$.a')""", None),
    ("""JSON_VALUE('{"a b": true}', 'lax $."a b"')""", "true"),
    ("""JSON_VALUE('{"a": null}', '$.a')""", None),
    ("""JSON_QUERY('{"a": {"b":1}}', '$.a')""", '{"b":1}'),
    ("""JSON_QUERY('{"a": 1}', '$.a')""", None),
    ("ISJSON('{}')", 1),
    ("ISJSON('[1]')", 1),
    ("ISJSON('x')", 0),
    ("ISJSON('5')", 0),
    ("ISJSON(CAST(NULL AS varchar(5)))", None),
]


@pytest.mark.parametrize(("expression", "value"), [*TEXT, *NUMBERS, *MOMENTS, *OTHERS])
def test_function_gives_documented_value(sql: World, expression: str, value: object) -> None:
    found = sql.one(expression)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("LEN('a')", "int"),
        ("LEN(CAST('a' AS varchar(max)))", "bigint"),
        ("UPPER(N'ab')", "nvarchar(2)"),
        ("CONCAT('a', 1)", "varchar(12)"),
        ("CONCAT(N'a', 'b')", "nvarchar(2)"),
        ("QUOTENAME('a')", "nvarchar(258)"),
        ("ROUND(2.567, 2)", "decimal(4, 3)"),
        ("ROUND(CAST(1 AS real), 2)", "float"),
        ("POWER(CAST(2 AS smallint), 2)", "int"),
        ("FLOOR(12.5)", "decimal(3, 0)"),
        ("SQRT(4)", "float"),
        ("DATEADD(day, 1, CAST('2024-01-01' AS date))", "date"),
        ("DATEADD(day, 1, '2024-01-01')", "datetime"),
        ("GETDATE()", "datetime"),
        ("SYSUTCDATETIME()", "datetime2(7)"),
        ("JSON_VALUE('{}', '$.a')", "nvarchar(4000)"),
        ("JSON_QUERY('{}')", "nvarchar(max)"),
    ],
)
def test_function_has_type(sql: World, expression: str, kind: str) -> None:
    assert sql.type(expression) == kind


@pytest.mark.parametrize(
    ("expression", "number", "message"),
    [
        ("LEN('a', 'b')", 174, "The len function requires 1 argument(s)."),
        ("CHARINDEX('a')", 189, "The charindex function requires 2 to 3 arguments."),
        ("ROUND(1)", 189, "The round function requires 2 to 3 arguments."),
        ("LEFT('a', -1)", 536, "Invalid length parameter passed to the left function."),
        ("SUBSTRING('a', 1, -1)", 537, "Invalid length parameter passed to the LEFT or SUBSTRING"),
        ("SQRT(-1)", 3623, "An invalid floating point operation occurred."),
        ("LOG(0)", 3623, "An invalid floating point operation occurred."),
        ("LOG(8, 1)", 3623, "An invalid floating point operation occurred."),
        ("POWER(-8e0, 0.5)", 3623, "An invalid floating point operation occurred."),
        ("POWER(0e0, -1)", 8134, "Divide by zero error encountered."),
        ("POWER(-1e0, 0.5)", 3623, "An invalid floating point operation occurred."),
        ("POWER(10, 10)", 232, "for type int, value = 10000000000.000000."),
        ("EXP(1000)", 8115, "to data type float."),
        ("SQUARE(1e200)", 8115, "to data type float."),
        ("SQUARE(1e200 * 1e200)", 8115, "to data type float."),
        ("ABS(CAST(-2147483648 AS int))", 8115, "to data type int."),
        ("ROUND(748.58, -3)", 8115, "to data type numeric."),
        ("SQRT(CAST('2024-01-01' AS date))", 8116, "data type date is invalid for argument 1"),
        ("DATEADD(day, 1, CAST('9999-12-31' AS date))", 517, "Adding a value to a 'date' column"),
        ("DATEADD(day, -2147483647, CAST('2024-01-01' AS date))", 517, "Adding a value"),
        ("DATEADD(year, 2147483647, CAST('2024-01-01' AS datetime2))", 517, "Adding a value"),
        ("DATEADD(hour, 1, CAST('2024-01-01' AS date))", 9810, "The datepart hour"),
        ("DATEDIFF(fortnight, '2024-01-01', '2024-01-02')", 155, "'FORTNIGHT' is not a recognized"),
        ("DATEDIFF(ms, '1900-01-01', '2024-01-01')", 535, "The datediff function resulted in"),
        ("DATEFROMPARTS(10000, 1, 1)", 289, "Cannot construct data type date"),
        ("DATEFROMPARTS(2024, 2, 30)", 289, "Cannot construct data type date"),
        ("JSON_VALUE('{bad', '$.a')", 13609, "Unexpected character 'b' is found at position 1."),
        ("JSON_VALUE('{}', '$.a..b')", 13607, "JSON path is not properly formatted."),
        ("UPPER('a') OVER ()", 10762, "is not a valid windowing function"),
    ],
)
def test_function_error_has_number_and_message(
    sql: World, expression: str, number: int, message: str
) -> None:
    error = sql.error(f"SELECT {expression}")
    assert (error.number, message in error.message) == (number, True), error.message


@pytest.mark.parametrize(
    "expression",
    [
        "NEWID()",
        "POWER(2.5, 2)",
        "DATEPART(iso_week, GETDATE())",
        "FORMAT(1, 'N')",
        "CHECKSUM(1)",
        "RAND()",
        "dbo.my_function(1)",
        "JSON_VALUE('{}', 'strict $.a')",
        "HASHBYTES('SHA2_256', 'a')",
        "NOSUCH(1)",
        "LEN(0x0A)",
        "CHAR(130)",
        "ROUND(1.5, 0, 1)",
        "EOMONTH('2024-02-01', 1)",
    ],
)
def test_function_left_out_is_refused(sql: World, expression: str) -> None:
    assert sql.error(f"SELECT {expression}").number == 40510


@pytest.mark.parametrize(
    ("expression", "value"),
    [("UPPER('Straße, 5 µm')", "STRAßE, 5 µM"), ("UPPER(N'Straße ƒ')", "STRAßE Ƒ")],
)
def test_letter_without_a_capital_one_stays(sql: World, expression: str, value: str) -> None:
    assert sql.one(expression) == value


def test_refusal_says_where(sql: World) -> None:
    with pytest.raises(Refusal, match=r"Function FORMAT .*\(line 2, column 3\)"):
        sql.rows("SELECT 1,\n  FORMAT(1, 'N')")


def test_clock_reads_once_a_statement(sql: World) -> None:
    assert sql.rows("SELECT 1 WHERE SYSUTCDATETIME() = SYSUTCDATETIME()") == [(1,)]


def test_clock_rounds_datetime(sql: World) -> None:
    found = sql.one("GETDATE()")
    assert isinstance(found, datetime)
    assert found.microsecond % 10000 in (0, 3000, 7000)


def test_session_function_is_asked_once_with_its_arguments(sql: World) -> None:
    sql.declare("@name", resolve("nvarchar", 20), "t")
    assert sql.one("OBJECT_ID(N'seg.' + @name, 'U')") == "OBJECT_ID('seg.t', 'U')"


def test_session_function_nests(sql: World) -> None:
    sql.session["@@PROCID"] = resolve("int"), 7
    assert sql.one("OBJECT_NAME(@@PROCID)") == "OBJECT_NAME(7,)"


def test_session_function_of_a_column_is_refused(shop: World) -> None:
    assert isinstance(shop.error("SELECT OBJECT_NAME(id) FROM customer"), Refusal)


def test_registries_name_a_function_once() -> None:
    names = [*FUNCTIONS, *AGGREGATES, *SESSION_FUNCTIONS]
    assert len(names) == len(set(names))
