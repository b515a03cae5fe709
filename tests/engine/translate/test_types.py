"""Types of constants, operators and choices, as Microsoft's pages give them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translation_world import World

from procluster.errors import Refusal
from procluster.local.types import INT


@pytest.mark.parametrize(
    ("constant", "kind"),
    [
        ("1", "int"),
        ("2147483647", "int"),
        ("2147483648", "decimal(10, 0)"),
        ("1.0", "decimal(2, 1)"),
        ("0.5", "decimal(1, 1)"),
        ("00012.50", "decimal(4, 2)"),
        ("1e0", "float"),
        ("'abc'", "varchar(3)"),
        ("N'abc'", "nvarchar(3)"),
        ("''", "varchar(1)"),
        ("0x0AFF", "varbinary(2)"),
        ("NULL", "int"),
    ],
)
def test_constant_has_type(sql: World, constant: str, kind: str) -> None:
    assert sql.type(constant) == kind


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("7 / 2", 3, "int"),
        ("-7 / 2", -3, "int"),
        ("-7 % 3", -1, "int"),
        ("7 / 2.0", Decimal("3.500000"), "decimal(8, 6)"),
        ("1.0 / 3", Decimal("0.333333"), "decimal(7, 6)"),
        ("2.0 / 3", Decimal("0.666666"), "decimal(7, 6)"),
        ("1e0 / 4", 0.25, "float"),
        ("1.5 + 1", Decimal("2.5"), "decimal(3, 1)"),
        ("1.5 * 1.25", Decimal("1.875"), "decimal(6, 3)"),
        ("5.5 % 3", Decimal("2.5"), "decimal(2, 1)"),
        ("1 + 1e0", 2.0, "float"),
        ("CAST(2 AS tinyint) + CAST(3 AS smallint)", 5, "smallint"),
        ("CAST(2 AS bigint) * 3", 6, "bigint"),
        ("-CAST(5 AS tinyint)", -5, "smallint"),
        ("'1' + 1", 2, "int"),
        ("'a' + N'b'", "ab", "nvarchar(2)"),
        ("CAST(1 AS decimal(38, 10)) * CAST(3 AS decimal(38, 10))", 3, "decimal(38, 6)"),
        ("CAST(2 AS decimal(38, 20)) / 3", Decimal("0." + "6" * 20), "decimal(38, 20)"),
        ("CAST(7 AS decimal(38, 2)) + CAST(1.0001 AS decimal(7, 4))", 8, "decimal(38, 2)"),
    ],
)
def test_operator_gives_value_and_type(
    sql: World, expression: str, value: object, kind: str
) -> None:
    assert sql.type(expression) == kind
    if value is not None:
        assert sql.one(expression) == value


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("CASE WHEN 1 = 1 THEN 1 ELSE 2.5 END", "decimal(11, 1)"),
        ("CASE WHEN 1 = 1 THEN 'a' ELSE N'bcd' END", "nvarchar(3)"),
        ("IIF(1 = 1, 1, 1e0)", "float"),
        ("COALESCE(NULL, 1, 2.5)", "decimal(11, 1)"),
        ("COALESCE(CAST(1 AS bit), CAST(1 AS tinyint))", "tinyint"),
        ("ISNULL(CAST('ab' AS varchar(2)), 'cdef')", "varchar(2)"),
        ("ISNULL(NULL, 'cdef')", "varchar(4)"),
        ("NULLIF('ab', N'c')", "varchar(2)"),
        ("(SELECT 1 UNION ALL SELECT 2.25)", "decimal(12, 2)"),
        ("CASE WHEN 1 = 1 THEN NULL ELSE GETDATE() END", "datetime"),
    ],
)
def test_choice_takes_type_by_precedence(sql: World, expression: str, kind: str) -> None:
    assert sql.type(expression) == kind


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("2147483647 + 1", 8115),
        ("-2147483647 - 2", 8115),
        ("CAST(255 AS tinyint) + CAST(1 AS tinyint)", 8115),
        ("1 / 0", 8134),
        ("1 % 0", 8134),
        ("1.0 / 0", 8134),
        ("1e0 / 0", 8134),
        ("1e308 * 10", 8115),
        ("1e308 + 1e308 - 1e308", 8115),
        ("'a' - 'b'", 8117),
        ("'3' * '4'", 8117),
        ("'a' % 'b'", 402),
        ("1e0 % 2", 402),
        ("CAST(1 AS bit) + CAST(1 AS bit)", 402),
        ("CAST(1 AS bit) + '1'", 402),
        ("CAST(1 AS bit) * CAST(1 AS bit)", 8117),
        ("CAST(1 AS bit) / '1'", 8117),
        ("CAST('2024-01-01' AS date) + 1", 206),
        ("CAST('2024-01-01' AS date) - CAST('2024-01-01' AS date)", 8117),
        ("CAST('2024-01-01' AS date) + '1'", 402),
        ("-'a'", 8117),
        ("CASE WHEN 1 = 1 THEN CAST('2024-01-01' AS date) ELSE 1 END", 206),
        ("COALESCE(NULL, NULL)", 4127),
        ("CASE WHEN 1 = 1 THEN NULL END", 8133),
        ("NULLIF(NULL, 1)", 4151),
        ("123456789012345678901234567890123456789", 1007),
        ("1e999", 168),
    ],
)
def test_operator_error_has_number(sql: World, expression: str, number: int) -> None:
    assert sql.error(f"SELECT {expression}").number == number


@pytest.mark.parametrize(
    "expression",
    [
        "1.5 + '1'",
        "CAST('2024-01-01' AS datetime) + 1",
        "5 & 3",
        "5 | 3",
        "5 ^ 3",
        "~5",
        "CASE WHEN 1 = 1 THEN GETDATE() ELSE 0 END",
        "CAST(1 AS money) * CAST(2 AS money)",
        "CAST(1 AS decimal(38, 20)) * CAST(1 AS decimal(38, 19))",
    ],
)
def test_operator_without_exact_rule_is_refused(sql: World, expression: str) -> None:
    assert isinstance(sql.error(f"SELECT {expression}"), Refusal)


def test_text_plus_null_is_null(sql: World) -> None:
    assert sql.one("'a' + NULL") is None


def test_column_divided_by_zero_is_an_error(sql: World) -> None:
    sql.create("t", {"a": INT, "b": INT}, (1, 1), (1, 0))
    assert sql.error("SELECT a / b FROM t").number == 8134


def test_column_divided_by_nullif_is_null(sql: World) -> None:
    sql.create("t", {"a": INT, "b": INT}, (1, 0))
    assert sql.rows("SELECT a / NULLIF(b, 0) FROM t") == [(None,)]


def test_column_divided_by_nullif_of_another_value_is_checked(sql: World) -> None:
    sql.create("t", {"a": INT}, (0,))
    assert sql.error("SELECT 1 / NULLIF(a, 1) FROM t").number == 8134


def test_null_divided_by_zero_is_null(sql: World) -> None:
    sql.create("t", {"a": INT, "b": INT}, (None, 0))
    assert sql.rows("SELECT a / b, a % b, 1e0 * a / b, 1.0 * a / b FROM t") == [(None,) * 4]


def test_division_by_constant_is_not_checked(sql: World) -> None:
    assert "8134" not in sql.compile("SELECT 1.0 / 3, 7 / -2").sql


def test_untaken_branch_does_not_divide(sql: World) -> None:
    sql.create("t", {"a": INT}, (0,))
    assert sql.rows("SELECT CASE WHEN a = 0 THEN 0 ELSE 1 / a END FROM t") == [(0,)]


DIGITS = st.integers(-(10**9), 10**9)


@settings(max_examples=60)
@given(a=DIGITS, p=st.integers(0, 9), b=DIGITS, q=st.integers(0, 9))
def test_decimal_division_is_cut_off_at_its_scale(
    sql: World, a: int, p: int, b: int, q: int
) -> None:
    left, right = Decimal(a).scaleb(-p), Decimal(b).scaleb(-q)
    expression = f"CAST({left:f} AS decimal(19, {p})) / CAST({right:f} AS decimal(19, {q}))"
    if b == 0:
        assert sql.error(f"SELECT {expression}").number == 8134
        return
    found = sql.one(expression)
    assert isinstance(found, Decimal)
    scale = -int(found.as_tuple().exponent)
    shift = scale + q - p
    quotient = abs(a) * 10 ** max(shift, 0) // (abs(b) * 10 ** max(-shift, 0))
    assert abs(found) == Decimal(quotient).scaleb(-scale)
    assert quotient == 0 or (found < 0) == ((a < 0) != (b < 0))
