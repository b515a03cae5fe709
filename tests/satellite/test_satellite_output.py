"""Output frames: the T-SQL type of every dtype, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from procluster.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.satellite import ScriptResult

    Run = Callable[..., ScriptResult]

HEAD = "import numpy as np, pandas as pd, datetime as dt, decimal, warnings\n"
FRAME = HEAD + "OutputDataSet = pd.DataFrame({{'x': {}}})"


def column_of(result: ScriptResult) -> tuple[str, list[object]]:
    assert result.frame is not None
    return result.types[0], result.frame.column(0).to_pylist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ("[True, False]", "bit", [True, False]),
        ("np.array([255], 'uint8')", "tinyint", [255]),
        ("np.array([-1], 'int16')", "smallint", [-1]),
        ("np.array([7], 'int32')", "int", [7]),
        ("np.array([2**62 + 1], 'int64')", "bigint", [2**62 + 1]),
        ("np.array([0.5, np.nan], 'float32')", "real", [0.5, None]),
        ("np.array([0.1, np.nan, np.inf, -np.inf])", "float", [0.1, None, None, None]),
        (
            "np.array(['2020-01-02T03:04:05.1234567', '1969-12-31T23:59:59.998', 'NaT'], 'M8[ns]')",
            "datetime",
            [
                dt.datetime(2020, 1, 2, 3, 4, 5, 123000),
                dt.datetime(1969, 12, 31, 23, 59, 59, 997000),
                None,
            ],
        ),
        ("pd.Series(['a', '', None, 'ü'], dtype=object)", "nvarchar", ["a", "", None, "ü"]),
        ("pd.Series([None, None], dtype=object)", "nvarchar", [None, None]),
        ("pd.Series([], dtype=object)", "nvarchar", []),
        (
            "pd.Series([1, 2.5, True, decimal.Decimal('1.10'), dt.date(2020, 1, 2)], dtype='O')",
            "nvarchar",
            ["1", "2.5", "True", "1.10", "2020-01-02"],
        ),
        ("pd.Series([np.str_('a'), np.float64(0.1)], dtype=object)", "nvarchar", ["a", "0.1"]),
        (
            "pd.Series([b'\\x00\\xff', None, b''], dtype=object)",
            "varbinary",
            [b"\0\xff", None, b""],
        ),
        ("np.array([], 'float64')", "float", []),
    ],
)
def test_output_dtype_becomes(run: Run, values: str, kind: str, expected: list[object]) -> None:
    assert column_of(run(FRAME.format(values))) == (kind, expected)


@pytest.mark.parametrize(
    ("values", "dtype", "remedy"),
    [
        ("np.array([1], 'int8')", "int8", "astype('int16')"),
        ("np.array([1], 'uint16')", "uint16", "astype('int32')"),
        ("np.array([1], 'uint32')", "uint32", "astype('int64')"),
        ("np.array([1], 'uint64')", "uint64", "astype('int64')"),
        ("np.array([1], 'float16')", "float16", "astype('float32')"),
        ("np.array([1j])", "complex128", "two columns"),
        ("np.array([1], 'm8[ns]')", "timedelta64[ns]", "total_seconds"),
        ("pd.Categorical(['a'])", "category", "astype(object)"),
        ("pd.array([1, None], 'Int64')", "Int64", "astype('int64')"),
        ("pd.array([True, None], 'boolean')", "boolean", "astype('bool')"),
        ("pd.array(['a'], 'string')", "string", "astype(object)"),
        ("pd.to_datetime(['2020-01-01']).tz_localize('UTC')", "datetime64[", "tz_localize(None)"),
        ("pd.period_range('2020', periods=1, freq='D')", "period[D]", "astype(object)"),
        ("pd.arrays.SparseArray([1.0])", "Sparse[float64", "astype(object)"),
        ("pd.interval_range(0, 1)", "interval[int64", "astype(object)"),
    ],
)
def test_output_dtype_is_refused_with_a_remedy(
    run: Run, values: str, dtype: str, remedy: str
) -> None:
    with pytest.raises(SqlError) as caught:
        run(FRAME.format(values))

    assert caught.value.number == 39004
    assert f"OutputDataSet column 'x': dtype {dtype}" in caught.value.message
    assert remedy in caught.value.message


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_coarse_moments_are_refused_with_a_remedy(run: Run, unit: str) -> None:
    if run("import pandas\nprint(pandas.__version__)").printed.startswith("1."):
        pytest.skip("pandas 1 makes datetime64[ns] of them")

    with pytest.raises(SqlError, match=rf"dtype datetime64\[{unit}\].*astype\('datetime64\[ns\]'"):
        run(FRAME.format(f"np.array([1], 'M8[{unit}]')"))


def test_text_dtype_of_pandas_3_is_refused(run: Run) -> None:
    script = HEAD + (
        "if int(pd.__version__.split('.')[0]) < 3: raise RuntimeError('dtype str cannot')\n"
        "OutputDataSet = pd.DataFrame({'x': ['a']})"
    )

    with pytest.raises(SqlError, match="dtype str cannot"):
        run(script)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ("['a', np.nan]", "nan"),
        ("['a', pd.NaT]", "NaT"),
        ("['a', pd.NA]", "<NA>"),
        ("[1, float('inf')]", "inf"),
        ("['a', np.float32('nan')]", "nan"),
        ("['a', decimal.Decimal('NaN')]", "NaN"),
    ],
)
def test_missing_value_in_an_object_column_is_refused(run: Run, values: str, word: str) -> None:
    script = FRAME.format(f"pd.Series({values}, dtype=object)")

    with pytest.raises(SqlError, match="Use None") as caught:
        run(script)

    assert f"{word} in an object column (row 1, 1 in all)" in caught.value.message


@pytest.mark.parametrize("values", ["[b'a', 'a']", "[bytearray(b'a')]"])
def test_bytes_among_other_objects_are_refused(run: Run, values: str) -> None:
    with pytest.raises(SqlError, match="Return bytes only, or text only"):
        run(FRAME.format(f"pd.Series({values}, dtype=object)"))


def test_half_a_character_is_refused(run: Run) -> None:
    with pytest.raises(SqlError, match="half a surrogate pair"):
        run(FRAME.format("pd.Series(['\\ud800'], dtype=object)"))


def test_date_before_the_first_datetime_is_refused(run: Run) -> None:
    with pytest.raises(SqlError, match=r"1752-12-31.* is before 1753-01-01"):
        run(FRAME.format("np.array(['1752-12-31', 'NaT'], 'M8[ns]')"))


def test_infinite_number_is_noted(run: Run) -> None:
    notes = run(FRAME.format("np.array([np.inf])")).notes

    assert notes == ("OutputDataSet column 'x': infinite values became NULL.",)


def test_nan_needs_no_note(run: Run) -> None:
    assert run(FRAME.format("np.array([np.nan])")).notes == ()


@pytest.mark.parametrize("columns", ["['a', 'b', 'a']", "[1, 'x', '1']"])
def test_column_name_that_comes_twice_is_refused(run: Run, columns: str) -> None:
    with pytest.raises(SqlError, match="is there 2 times"):
        run(HEAD + f"OutputDataSet = pd.DataFrame(np.zeros((1, 3)), columns={columns})")


@pytest.mark.parametrize("name", ["it's", "a\\\\b", "a\\nb"])
def test_column_name_an_extension_cannot_read_is_refused(run: Run, name: str) -> None:
    with pytest.raises(SqlError, match="cannot be read by a language extension"):
        run(HEAD + f'OutputDataSet = pd.DataFrame({{"{name}": [1]}})')


def test_faults_of_all_columns_come_at_once(run: Run) -> None:
    script = HEAD + (
        "OutputDataSet = pd.DataFrame({'a': np.zeros(1, 'int8'), 'b': [1], 'c': [1j]})"
    )

    with pytest.raises(SqlError) as caught:
        run(script)

    assert "column 'a'" in caught.value.message
    assert "column 'b'" not in caught.value.message
    assert "column 'c'" in caught.value.message


@pytest.mark.parametrize("script", ["", "OutputDataSet = DataFrame(index=range(3))"])
def test_frame_without_columns_is_no_result_set(run: Run, script: str) -> None:
    result = run(script)

    assert (result.frame, result.types) == (None, ())


def test_frame_without_rows_is_an_empty_result_set(run: Run) -> None:
    result = run(HEAD + "OutputDataSet = pd.DataFrame({'x': np.zeros(0)})")

    assert result.frame is not None
    assert (result.frame.num_rows, result.frame.num_columns) == (0, 1)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("[1]", "list"), ("{'x': [1]}", "dict"), ("None", "NoneType"), ("np.ones(1)", "ndarray")],
)
def test_anything_but_a_data_frame_is_refused(run: Run, value: str, kind: str) -> None:
    with pytest.raises(SqlError, match=f"OutputDataSet: {kind} is no DataFrame"):
        run(f"import numpy as np\nOutputDataSet = {value}")


def test_deleted_frame_is_refused(run: Run) -> None:
    with pytest.raises(SqlError, match="OutputDataSet: the script deletes it"):
        run("del OutputDataSet")


def test_columns_come_back_by_position(run: Run) -> None:
    result = run(HEAD + "OutputDataSet = pd.DataFrame({'b': [1], 'a': [2.0]})")

    assert result.frame is not None
    assert result.frame.to_pydict() == {"c0": [1], "c1": [2.0]}
