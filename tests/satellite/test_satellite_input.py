"""Input columns: the dtype of every T-SQL type, with and without NULL, on either host."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from procluster.errors import SqlError
from procluster.local.results import Column
from procluster.local.types import resolve
from procluster.satellite import Satellite, ScriptCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.satellite import ScriptResult

    Run = Callable[..., ScriptResult]

LOOK = "x = InputDataSet['x']\nprint(x.dtype, x.to_numpy().tolist())"
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        ("bit", [True, False], "bool [True, False]"),
        ("bit", [True, False, None], "object [True, False, None]"),
        ("tinyint", [255], "uint8 [255]"),
        ("tinyint", [255, None], "float64 [255.0, nan]"),
        ("smallint", [-1], "int16 [-1]"),
        ("smallint", [-1, None], "float64 [-1.0, nan]"),
        ("int", [2**31 - 1], "int32 [2147483647]"),
        ("int", [7, None], "float64 [7.0, nan]"),
        ("int", [None, None], "float64 [nan, nan]"),
        ("bigint", [2**53], "int64 [9007199254740992]"),
        ("bigint", [2**53, None], "float64 [9007199254740992.0, nan]"),
        ("real", [0.5], "float32 [0.5]"),
        ("real", [0.5, None], "float64 [0.5, nan]"),
        ("float", [0.1], "float64 [0.1]"),
        ("float", [0.1, None], "float64 [0.1, nan]"),
        ("char(3)", ["a  "], "object ['a  ']"),
        ("varchar(3)", ["", None], "object ['', None]"),
        ("nchar(2)", ["ü "], "object ['ü ']"),
        ("nvarchar(max)", ["\U0001f600", None], "object ['\U0001f600', None]"),
        ("binary(2)", [b"\0\1"], "object [b'\\x00\\x01']"),
        ("varbinary(max)", [b"", None], "object [b'', None]"),
        ("date", [dt.date(9999, 12, 31)], "object [datetime.date(9999, 12, 31)]"),
        ("date", [dt.date(2020, 1, 2), None], "object [datetime.date(2020, 1, 2), None]"),
        ("datetime", [MOMENT], "datetime64[ns] [1577934245000000000]"),
        ("smalldatetime", [MOMENT], "datetime64[ns] [1577934245000000000]"),
    ],
)
def test_input_column_arrives_as(run: Run, kind: str, values: list[object], shown: str) -> None:
    assert run(LOOK, rows={"x": (kind, values)}).printed == f"{shown}\n"


@pytest.mark.parametrize("kind", ["datetime", "smalldatetime"])
def test_null_moment_is_nat(run: Run, kind: str) -> None:
    script = "x = InputDataSet['x']\nprint(x.dtype, x.isna().tolist())"

    assert run(script, rows={"x": (kind, [MOMENT, None])}).printed == (
        "datetime64[ns] [False, True]\n"
    )


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("bit", "bool"),
        ("tinyint", "uint8"),
        ("smallint", "int16"),
        ("int", "int32"),
        ("bigint", "int64"),
        ("real", "float32"),
        ("float", "float64"),
        ("nvarchar(9)", "object"),
        ("varbinary(9)", "object"),
        ("date", "object"),
        ("datetime", "object"),
    ],
)
def test_input_column_without_rows_has_dtype(run: Run, kind: str, dtype: str) -> None:
    result = run("print(InputDataSet['x'].dtype, InputDataSet.shape)", rows={"x": (kind, [])})

    assert result.printed == f"{dtype} (0, 1)\n"


@pytest.mark.parametrize(
    ("kind", "values", "here", "there"),
    [
        ("bit", [True, None], "object", "bool"),
        ("tinyint", [1], "uint8", "int32"),
        ("smallint", [1], "int16", "int32"),
        ("bigint", [1], "int64", "float64"),
        ("real", [1.0], "float32", "float64"),
        ("date", [dt.date(2020, 1, 1)], "object", "datetime64[ns]"),
    ],
)
def test_dtype_of_the_other_host_is_noted(
    run: Run, kind: str, values: list[object], here: str, there: str
) -> None:
    (note,) = run("", rows={"x": (kind, values)}).notes

    assert note.startswith(
        f"input column 'x' ({kind}): {here} here and under a language extension, {there} where"
    )


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bit", [True]),
        ("int", [1]),
        ("int", [None]),
        ("bigint", [1, None]),
        ("float", [1.0, None]),
        ("nvarchar(9)", ["x", None]),
        ("varbinary(9)", [b"x"]),
        ("datetime", [MOMENT, None]),
    ],
)
def test_dtype_of_both_hosts_needs_no_note(run: Run, kind: str, values: list[object]) -> None:
    assert run("", rows={"x": (kind, values)}).notes == ()


@pytest.mark.parametrize("values", [[2**53 + 1], [-(2**63), None]])
def test_bigint_that_loses_digits_is_noted(run: Run, values: list[object]) -> None:
    notes = run("", rows={"x": ("bigint", values)}).notes

    assert "values beyond 2^53 lose digits" in notes[-1]


@pytest.mark.parametrize(
    "kind", ["datetime2(7)", "decimal(7, 2)", "money", "uniqueidentifier", "rowversion"]
)
def test_input_column_of_a_type_one_host_rejects_is_39017(run: Run, kind: str) -> None:
    with pytest.raises(SqlError, match="Unsupported input data type in column 'x'") as caught:
        run("", rows={"x": (kind, [])})

    assert caught.value.number == 39017


def test_moment_beyond_nanoseconds_is_refused(run: Run) -> None:
    with pytest.raises(SqlError, match=r"input column 'x' \(datetime\): a value is outside 1677"):
        run("", rows={"x": ("datetime", [dt.datetime(9999, 12, 31)])})


def test_input_frame_may_be_written_to(run: Run) -> None:
    script = "InputDataSet.loc[0, 'x'] = 9\nOutputDataSet = InputDataSet"

    result = run(script, rows={"x": ("int", [1, 2])})

    assert result.frame is not None
    assert result.frame.to_pydict() == {"c0": [9, 2]}


def test_input_columns_keep_names_and_order(run: Run) -> None:
    rows = {"b c": ("int", [1]), "": ("int", [2]), "A": ("int", [3])}

    assert run("print(list(InputDataSet.columns))", rows=rows).printed == "['b c', '', 'A']\n"


def test_last_input_column_of_a_name_wins(satellite: Satellite) -> None:
    columns = (Column("x", resolve("int")), Column("x", resolve("float")))
    data = pa.table({"c0": pa.array([1], pa.int32()), "c1": pa.array([0.5])})

    result = satellite.run(ScriptCall("print(i['x'].tolist())", "i", "o", columns, data, ()))

    assert result.printed == "[0.5]\n"
    assert result.notes == (
        "input column 'x' (float): the name is there twice and the last column wins.",
    )
