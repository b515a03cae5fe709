"""Result sets as tables, JSON and CSV."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from procluster.formats import CsvWriter, JsonWriter, TableWriter
from procluster.local.results import Column, ResultSet
from procluster.local.types import MAX, SqlType, resolve

INT = resolve("int")
TEXT = resolve("nvarchar", 100)
BINARY = resolve("varbinary", MAX)


def result_set(*columns: tuple[str, SqlType, list[Any]]) -> ResultSet:
    """One (name, type, values) for each column."""
    return ResultSet(
        tuple(Column(name, kind) for name, kind, _ in columns),
        pa.table(
            [pa.array(values) for *_, values in columns], names=list("abcdefgh"[: len(columns)])
        ),
    )


def as_table(*results: ResultSet, text_width: int = 256) -> str:
    out = io.StringIO()
    writer = TableWriter(out, text_width=text_width)
    for result in results:
        writer.result(result)
    writer.close()
    return out.getvalue()


def as_json(*results: ResultSet) -> Any:
    out = io.StringIO()
    writer = JsonWriter(out)
    for result in results:
        writer.result(result)
    writer.close()
    return json.loads(out.getvalue(), parse_float=Decimal)


def as_csv(*results: ResultSet) -> str:
    out = io.StringIO()
    writer = CsvWriter(out)
    for result in results:
        writer.result(result)
    writer.close()
    return out.getvalue()


def cell(kind: SqlType, value: object) -> str:
    """Show one value in a table."""
    return as_table(result_set(("v", kind, [value]))).splitlines()[2].strip()


def test_table_puts_numbers_to_the_right() -> None:
    text = as_table(result_set(("n", INT, [1, 1000]), ("name", TEXT, ["a", "bcd"])))

    assert text == "   n  name\n----  ----\n   1  a\n1000  bcd\n"


def test_table_shows_null_as_null() -> None:
    assert cell(INT, None) == "NULL"


def test_table_shows_a_header_without_rows() -> None:
    text = as_table(result_set(("n", INT, []), ("name", TEXT, [])))

    assert text.splitlines()[0].split() == ["n", "name"]


def test_table_keeps_leading_blanks() -> None:
    assert as_table(result_set(("v", TEXT, ["  a"]))).splitlines()[2] == "  a"


def test_table_does_not_take_text_for_a_number() -> None:
    assert cell(TEXT, "007") == "007"


def test_table_names_columns_without_a_name() -> None:
    assert as_table(result_set(("", INT, [1]))).splitlines()[0].strip() == "(No column name)"


def test_table_sets_results_apart() -> None:
    one = result_set(("n", INT, [1]))

    assert as_table(one, one) == "n\n-\n1\n\nn\n-\n1\n"


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (resolve("float"), 0.721604, "0.721604"),
        (resolve("float"), 3.0, "3"),
        (resolve("decimal", 9, 7), Decimal("0.0000001"), "0.0000001"),
        (resolve("decimal", 7, 2), Decimal("12.50"), "12.50"),
        (resolve("bit"), True, "1"),
        (resolve("date"), dt.date(2026, 11, 3), "2026-11-03"),
        (
            resolve("datetime2", 7),
            dt.datetime(2026, 1, 2, 3, 4, 5, 120),
            "2026-01-02 03:04:05.0001200",
        ),
        (resolve("datetime2", 0), dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05"),
        (resolve("datetime"), dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05.000"),
        (resolve("smalldatetime"), dt.datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00"),
        (BINARY, b"\x01\xff", "0x01FF"),
        (BINARY, b"", "0x"),
        (BINARY, b"\x89PNG" * 100, "0x89504E4789504E47… (400 bytes)"),
    ],
)
def test_table_writes_values_as_sql_server_does(kind: SqlType, value: object, shown: str) -> None:
    assert cell(kind, value) == shown


def test_table_writes_real_with_its_own_digits() -> None:
    real = ResultSet(
        (Column("v", resolve("real")),), pa.table({"a": pa.array([0.1], pa.float32())})
    )

    assert as_table(real).splitlines()[2].strip() == "0.1"


def test_table_cuts_long_text() -> None:
    assert as_table(result_set(("v", TEXT, ["x" * 300]))).splitlines()[2] == "x" * 255 + "…"


def test_table_of_width_zero_shows_all() -> None:
    text = as_table(result_set(("v", TEXT, ["x" * 300]), ("b", BINARY, [bytes(20)])), text_width=0)

    assert text.splitlines()[2] == f"{'x' * 300}  0x{'00' * 20}"


def test_table_defuses_control_characters() -> None:
    assert cell(TEXT, "a\x1b[2Jb") == r"a\x1b[2Jb"


def test_table_shows_floats_with_fewer_digits_when_told() -> None:
    out = io.StringIO()

    TableWriter(out, float_digits=6).result(result_set(("v", resolve("float"), [0.721604123456])))

    assert out.getvalue().splitlines()[2] == "0.721604"


def test_table_too_wide_for_the_line_is_turned() -> None:
    out = io.StringIO()
    wide = result_set(("n", INT, [1, 2]), ("rule", TEXT, ["a b c d e f g", "h"]))

    TableWriter(out, line_width=15).result(wide)

    assert (
        out.getvalue()
        == "n     1    2\n----  ---  -\nrule  a b  h\n      c d\n      e f\n      g\n"
    )


def test_json_holds_one_array_for_each_result_set() -> None:
    one, two = result_set(("n", INT, [1, 2])), result_set(("t", TEXT, []))

    assert as_json(one, two) == [[{"n": 1}, {"n": 2}], []]


def test_json_without_result_sets_is_an_empty_array() -> None:
    assert as_json() == []


def test_json_keeps_the_digits_of_decimals() -> None:
    value = Decimal("12345678901234567890.10")

    assert as_json(result_set(("d", resolve("decimal", 38, 2), [value]))) == [[{"d": value}]]


def test_json_has_true_null_and_base64() -> None:
    result = result_set(("b", resolve("bit"), [True]), ("n", TEXT, [None]), ("v", BINARY, [b"\0"]))

    assert as_json(result) == [[{"b": True, "n": None, "v": base64.b64encode(b"\0").decode()}]]


def test_json_escapes_text() -> None:
    assert as_json(result_set(('a"b', TEXT, ['é "x"\n']))) == [[{'a"b': 'é "x"\n'}]]


def test_json_tells_columns_of_one_name_apart() -> None:
    result = result_set(("a", INT, [1]), ("a", INT, [2]), ("", INT, [3]), ("a_2", INT, [4]))

    assert as_json(result) == [[{"a": 1, "a_3": 2, "column3": 3, "a_2": 4}]]


def test_csv_is_read_back_by_a_csv_reader() -> None:
    texts = ["a,b", 'say "x"', "two\nlines", "é"]

    text = as_csv(result_set(("t", TEXT, texts), ("n", INT, [1, 2, 3, 4])))

    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["t", "n"], *([value, str(n)] for n, value in enumerate(texts, 1))]


def test_csv_ends_lines_as_rfc_4180_says() -> None:
    assert as_csv(result_set(("n", INT, [1]))) == "n\r\n1\r\n"


def test_csv_tells_null_from_the_empty_string() -> None:
    assert (
        as_csv(result_set(("a", TEXT, [None, ""]), ("b", INT, [1, 2]))) == 'a,b\r\n,1\r\n"",2\r\n'
    )


def test_csv_puts_an_empty_line_between_result_sets() -> None:
    assert (
        as_csv(result_set(("a", INT, [1])), result_set(("b", INT, [2])))
        == "a\r\n1\r\n\r\nb\r\n2\r\n"
    )


def test_csv_has_no_empty_line_for_a_lone_null() -> None:
    assert as_csv(result_set(("a", INT, [None]))) == 'a\r\n""\r\n'
