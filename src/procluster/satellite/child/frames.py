"""Data frames: what a query's columns become in Python, and what a frame becomes in T-SQL.

Sources: the type tables of Microsoft's documentation ("Data type mappings between Python and SQL
Server") for the Python that is built in, and microsoft/sql-server-language-extensions (its
PythonDataSet.cpp) for a language extension. What the extension does is done here; where the other
host gives another dtype, a note says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .parameters import FIRST_DATETIME, on_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OUTPUT_TYPES", "OutputFrame", "input_frame", "output_frame"]

NUMBERS = {
    "tinyint": "uint8",
    "smallint": "int16",
    "int": "int32",
    "bigint": "int64",
    "real": "float32",
    "float": "float64",
}
MOMENTS = ("datetime", "smalldatetime")

BUILT_IN = {
    "tinyint": "int32",
    "smallint": "int32",
    "bigint": "float64",
    "real": "float64",
    **dict.fromkeys(("date", *MOMENTS), "datetime64[ns]"),
    "bit": "bool",
}
"""The dtype under the Python that is built in, where it is not the one given here."""

OUTPUT_TYPES = {
    "bool": "bit",
    "uint8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "float32": "real",
    "float64": "float",
    "datetime64[ns]": "datetime",
    "object": "nvarchar",
}
"""dtype of a column of the output frame → its T-SQL type; bytes in object make varbinary."""

CASTS = {
    "int8": "int16",
    "uint16": "int32",
    "uint32": "int64",
    "uint64": "int64",
    "float16": "float32",
    **dict.fromkeys(("datetime64[s]", "datetime64[ms]", "datetime64[us]"), "datetime64[ns]"),
    "Float32": "float32",
    "Float64": "float64",
}
NULLABLE = {
    "boolean": "bool",
    "Int8": "int16",
    "Int16": "int16",
    "Int32": "int32",
    "Int64": "int64",
    "UInt8": "uint8",
    "UInt16": "int32",
    "UInt32": "int64",
    "UInt64": "int64",
}
"""What to cast a rejected dtype to; other dtypes go out as text."""

EXACT_IN_FLOAT = 2**53


# --- in ----------------------------------------------------------------------------------------


def input_frame(
    data: pa.Table, names: Sequence[str], types: Sequence[str]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Make the frame of a query's rows; give it with its notes and its faults.

    Parameters
    ----------
    data : pyarrow.Table, shape (rows, columns)
        Columns by position.
    names, types : sequence of str
        Name and T-SQL type (without its size) of each column.
    """
    notes: list[str] = []
    faults: list[str] = []
    columns: dict[str, np.ndarray] = {}
    for position, (name, kind) in enumerate(zip(names, types)):  # noqa: B905  same length
        label = f"input column '{name}' ({kind})"
        if name in columns:
            notes.append(f"{label}: the name is there twice and the last column wins.")
        try:
            columns[name] = _input_column(data.column(position), kind)
        except pa.ArrowInvalid:
            faults.append(
                f"{label}: a value is outside 1677-09-21 to 2262-04-11, the range of "
                "datetime64[ns]. Leave such rows out, or CAST the column to nvarchar."
            )
            continue
        notes += _input_notes(label, kind, data.column(position), str(columns[name].dtype))
    # Without dtype=object, pandas 3 would make `str` of text, which no server does.
    series = {name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()}
    return pd.DataFrame(series), notes, faults


def _input_column(column: pa.ChunkedArray, kind: str) -> np.ndarray:
    """One column as an array of its own, which the script may write to."""
    if kind in MOMENTS and len(column):
        values = column.cast(pa.timestamp("ns")).to_numpy()
    elif kind == "date":
        values = column.to_pandas(date_as_object=True).to_numpy(dtype=object)
    elif kind in NUMBERS:
        dtype = "float64" if column.null_count else NUMBERS[kind]
        values = column.cast(pa.from_numpy_dtype(dtype), safe=False).to_numpy()
    elif kind == "bit" and not column.null_count:
        values = column.to_numpy().astype(bool)
    else:
        values = np.empty(len(column), dtype=object)
        try:
            values[:] = column.to_numpy()
        except pa.lib.ArrowException:  # "Wrapping ... failed": Python could not make the object
            raise MemoryError(f"no room for {len(column)} values of {kind}") from None
    return np.require(values, requirements="W")


def _input_notes(label: str, kind: str, column: pa.ChunkedArray, dtype: str) -> list[str]:
    notes = []
    other = BUILT_IN.get(kind, dtype)
    if other != dtype and not (kind in NUMBERS and column.null_count):
        notes.append(
            f"{label}: {dtype} here and under a language extension, {other} where Python is "
            "built in. CAST it in the query, or convert it in the script."
        )
    if kind == "bigint" and len(column) > column.null_count:
        extremes = pc.min_max(column).as_py()
        if max(abs(extremes["min"]), abs(extremes["max"])) > EXACT_IN_FLOAT:
            notes.append(
                f"{label}: values beyond 2^53 lose digits as float64, which they become where "
                "Python is built in or a NULL is among them. CAST the column to nvarchar."
            )
    return notes


# --- out ---------------------------------------------------------------------------------------


@dataclass
class OutputFrame:
    """A frame on its way out; ``types`` are T-SQL names, arrow columns are "c0", "c1" ..."""

    types: list[str] = field(default_factory=list)
    arrays: list[pa.Array] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def table(self) -> pa.Table:
        """Give the columns as one table."""
        return pa.table(dict(zip((f"c{i}" for i in range(len(self.arrays))), self.arrays)))  # noqa: B905


def output_frame(frame: object, name: str) -> OutputFrame:
    """Turn a script's frame into T-SQL columns, or find the faults that forbid it.

    Parameters
    ----------
    frame : object
        What the script left under ``name``; anything but a DataFrame is a fault.
    """
    out = OutputFrame()
    if not isinstance(frame, pd.DataFrame):
        out.faults.append(
            f"{name}: {type(frame).__name__} is no DataFrame. Assign a pandas.DataFrame to it."
        )
        return out
    out.faults += _name_faults(frame, name)
    for position, column in enumerate(frame.columns):
        label = f"{name} column '{column}'"
        series = frame.iloc[:, position]
        try:
            kind, array = _output_column(series)
        except ValueError as error:
            out.faults.append(f"{label}: {error}")
            continue
        out.types.append(kind)
        out.arrays.append(array)
        if series.dtype.kind == "f" and np.isinf(series.to_numpy()).any():
            out.notes.append(f"{label}: infinite values became NULL.")
    return out


def _name_faults(frame: pd.DataFrame, name: str) -> list[str]:
    """Find names that the hosts, who read columns by the text of their names, cannot tell."""
    names = [str(column) for column in frame.columns]
    faults = [
        f"{name}: column name '{twice}' is there {names.count(twice)} times, which would make "
        "every value NULL. Give each column a name of its own."
        for twice in dict.fromkeys(names)
        if names.count(twice) > 1
    ]
    faults += [
        f"{name}: column name {column!r} cannot be read by a language extension. "
        "Leave quotes, backslashes and line breaks out of it."
        for column in dict.fromkeys(names)
        if any(sign in column for sign in "'\\\r\n")
    ]
    return faults


def _output_column(series: pd.Series) -> tuple[str, pa.Array]:
    """T-SQL type and values of a column; ValueError says what is wrong with it."""
    dtype = str(series.dtype)
    if dtype not in OUTPUT_TYPES:
        raise ValueError(f"dtype {dtype} cannot be returned. {_remedy(dtype)}")
    if dtype == "object":
        return _object_column(series.to_numpy())
    values = series.to_numpy()
    if dtype == "datetime64[ns]":
        return OUTPUT_TYPES[dtype], _moments(values)
    lost = ~np.isfinite(values) if values.dtype.kind == "f" else None
    return OUTPUT_TYPES[dtype], pa.array(values, mask=lost)


def _moments(values: np.ndarray) -> pa.Array:
    if (values < np.datetime64(FIRST_DATETIME)).any():
        raise ValueError(
            f"{values[~np.isnat(values)].min()} is before 1753-01-01, the first day of datetime. "
            "Return such dates as text."
        )
    seconds = values.astype("datetime64[s]")
    parts = (values - seconds).astype("timedelta64[us]").astype("int64")
    rounded = seconds.astype("datetime64[us]") + on_ticks(parts).astype("timedelta64[us]")
    return pa.array(np.where(np.isnat(values), np.datetime64("NaT"), rounded))


def _remedy(dtype: str) -> str:
    """How to cast a dtype that the hosts reject to one that they take."""
    if dtype in CASTS:
        return f"Cast it: df['x'].astype('{CASTS[dtype]}')."
    if dtype.startswith("datetime64[") and "," in dtype:
        return "Drop the time zone: df['x'].dt.tz_localize(None).astype('datetime64[ns]')."
    if dtype.startswith("timedelta64"):
        return "Return a number: df['x'].dt.total_seconds()."
    if dtype.startswith("complex"):
        return "Return its real and imaginary parts as two columns."
    if dtype in NULLABLE:
        return f"Cast it: df['x'].astype('{NULLABLE[dtype]}'), once no value is missing."
    return "Cast it: df['x'].astype(object).where(df['x'].notna(), None)."


def _object_column(values: np.ndarray) -> tuple[str, pa.Array]:
    """Text or bytes, with None as the only NULL; other objects become ``str(value)``."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bytes}:
        return "varbinary", pa.array(values, pa.large_binary())
    if not kinds <= {str}:
        _check_objects(values)
        values = np.array([None if value is None else str(value) for value in values], object)
    try:
        return "nvarchar", pa.array(values, pa.large_string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        raise ValueError(
            "a text with half a surrogate pair. Return whole Unicode characters."
        ) from None


def _check_objects(values: np.ndarray) -> None:
    rows = [row for row, value in enumerate(values) if _is_missing(value)]
    if rows:
        word = str(values[rows[0]])
        raise ValueError(
            f"{word} in an object column (row {rows[0]}, {len(rows)} in all) would arrive as the "
            f"text '{word}'. Use None: df['x'].astype(object).where(df['x'].notna(), None)."
        )
    if any(isinstance(value, (bytes, bytearray, memoryview)) for value in values):
        raise ValueError("bytes among other objects. Return bytes only, or text only.")


def _is_missing(value: Any) -> bool:
    """NaN, NaT, pd.NA and infinities: numbers to Python, words to the hosts."""
    if value is None or not pd.api.types.is_scalar(value):
        return False
    return bool(pd.isna(value)) or value in (math.inf, -math.inf)
