"""Rows of a file as text, each with the place it stands at.

CSV is read by Python's own csv module: it is the reader that knows the line every record starts
on, and a bad row has to be found again. Parquet comes through pyarrow. Values become text in
both cases, so that one set of rules (:mod:`procluster.load.values`) says what fits a column.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from procluster import textfile
from procluster.errors import DataError
from procluster.generator.quoting import identifier_fault
from procluster.load.values import text_type
from procluster.local.types import MAX, SqlType, resolve

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PLACE", "Fault", "Rows", "read_csv", "read_parquet"]

PLACE = "place"
"""Column of :attr:`Rows.texts` with the line (CSV) or row (Parquet) number, from 1."""

DELIMITERS = ",;\t|"
CHUNK = 50_000

PARQUET_TYPES = {
    "BOOLEAN": resolve("bit"),
    "TINYINT": resolve("smallint"),
    "UTINYINT": resolve("tinyint"),
    "SMALLINT": resolve("smallint"),
    "USMALLINT": resolve("int"),
    "INTEGER": resolve("int"),
    "UINTEGER": resolve("bigint"),
    "BIGINT": resolve("bigint"),
    "UBIGINT": resolve("decimal", 20, 0),
    "FLOAT": resolve("real"),
    "DOUBLE": resolve("float"),
    "DATE": resolve("date"),
    "TIMESTAMP": resolve("datetime2", 6),
    "TIMESTAMP_S": resolve("datetime2", 0),
    "TIMESTAMP_MS": resolve("datetime2", 3),
    "TIMESTAMP_NS": resolve("datetime2", 6),
    "UUID": resolve("uniqueidentifier"),
    "BLOB": resolve("varbinary", MAX),
}
"""DuckDB's name of a Parquet column's type → T-SQL's; text and decimal carry their sizes."""


@dataclass(frozen=True)
class Fault:
    """One value, or one row as a whole, that cannot be loaded."""

    place: int
    column: str
    value: str | None
    why: str


@dataclass(frozen=True)
class Rows:
    """What a file holds.

    Attributes
    ----------
    source : str
        The file's name.
    unit : str
        What ``place`` counts: lines or rows.
    names : tuple of str
    types : tuple of SqlType or None
        The file's own types; None where it has none.
    texts : pyarrow.Table
        Strings, columns ``c0``, ``c1``, ... and :data:`PLACE`; shape (rows, len(names) + 1).
    faults : tuple of Fault
        Rows that are not in `texts` since their number of fields or their quotes are wrong.
    """

    source: str
    unit: Literal["line", "row"]
    names: tuple[str, ...]
    types: tuple[SqlType, ...] | None
    texts: pa.Table
    faults: tuple[Fault, ...] = ()


def read_csv(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None, null: str = ""
) -> Rows:
    """Read a CSV file whose first line names the columns.

    Parameters
    ----------
    path : Path
    delimiter : str, optional
        One character; without it the one of ``, ; tab |`` that gives the header most columns.
    encoding : str, optional
        A Python codec; without it UTF-8, or UTF-16 with a byte order mark.
    null : str
        A text that stands for NULL, beside the empty field.

    Raises
    ------
    DataError
        The file cannot be decoded, has no usable header, or an open quote to its end.
    """
    try:
        with path.open("rb") as file:
            codec = encoding or textfile.encoding_of(file.read(4))
        with path.open(encoding=codec, newline="") as stream:
            return _read_records(path.name, stream, delimiter, {"", null})
    except UnicodeError as error:
        raise DataError(
            f"{path}: is not {encoding or 'UTF-8'}: {error}. "
            "Give --encoding, for instance cp1252 for files of Windows programs."
        ) from error
    except LookupError as error:
        raise DataError(
            f"--encoding: {error}. Allowed: a codec of Python, such as utf-8 or cp1252."
        ) from error


def read_parquet(path: Path) -> Rows:
    """Read a Parquet file.

    Raises
    ------
    DataError
        Not a Parquet file, or columns whose names or types T-SQL does not have: all at once.
    """
    try:
        data = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: is not a Parquet file that can be read: {error}") from error
    names = tuple(data.column_names)
    data = data.rename_columns([f"c{number}" for number in range(len(names))])
    with duckdb.connect() as connection:
        relation = connection.from_arrow(data)
        stored = [str(one) for one in relation.types]
        _refuse(path.name, _name_faults(names) + _type_faults(names, stored))
        texts = ", ".join(_as_text(f"c{at}", one) for at, one in enumerate(stored))
        table = relation.project(f"{texts}, row_number() OVER () AS {PLACE}").to_arrow_table()
        longest = ", ".join(_length(f"c{at}", one) for at, one in enumerate(stored))
        lengths = relation.aggregate(longest).fetchone() or ()
    types = tuple(_parquet_type(one, size or 0) for one, size in zip(stored, lengths, strict=True))
    return Rows(path.name, "row", names, types, table)


def _read_records(source: str, stream: TextIO, delimiter: str | None, nulls: set[str]) -> Rows:
    mark = delimiter or _delimiter(stream)
    reader = csv.reader(stream, delimiter=mark, strict=True)
    names = tuple(name.strip() for name in next(filter(None, reader), []))
    _refuse(source, ["has no header line: it is empty."] if not names else _name_faults(names))
    faults: list[Fault] = []
    chunks = []
    chunk: list[list[str | None]] = []
    for line, record in _records(source, reader, faults):
        if len(record) != len(names):
            why = f"number of fields: {len(record)}. The header has {len(names)}."
            faults.append(Fault(line, "", None, why))
            continue
        chunk.append([*(None if text in nulls else text for text in record), str(line)])
        if len(chunk) == CHUNK:
            chunks.append(_table(names, chunk))
            chunk.clear()
    texts = pa.concat_tables([*chunks, _table(names, chunk)])
    return Rows(source, "line", names, None, texts, tuple(faults))


def _records(source: str, reader: Reader, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Give every record that is not blank with the line it starts on."""
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            if "end of data" in str(error) or "field limit" in str(error):
                raise DataError(
                    f"{source}: line {line}: a quote is opened there and not closed. Close it."
                ) from error
            faults.append(Fault(line, "", None, f"is not CSV: {error}."))
            continue
        if record is None:
            return
        if record:
            yield line, record


def _delimiter(stream: TextIO) -> str:
    head = stream.read(65_536).lstrip()
    stream.seek(0)

    def columns(mark: str) -> int:
        return len(next(csv.reader(io.StringIO(head), delimiter=mark), []))

    return max(DELIMITERS, key=columns)


def _table(names: tuple[str, ...], chunk: list[list[str | None]]) -> pa.Table:
    columns = list(zip(*chunk, strict=True)) if chunk else [()] * (len(names) + 1)
    arrays = {f"c{at}": pa.array(column, pa.string()) for at, column in enumerate(columns[:-1])}
    return pa.table({**arrays, PLACE: pa.array(columns[-1], pa.string()).cast(pa.int64())})


def _name_faults(names: tuple[str, ...]) -> list[str]:
    faults = [
        f"column {position}: its name {name!r} {fault}. Allowed: 1 to 128 printable characters."
        for position, name in enumerate(names, 1)
        if (fault := identifier_fault(name))
    ]
    often = Counter(name.lower() for name in names if name)
    return faults + [
        f"column name: {name!r} stands {times} times in the header. Names must differ, "
        "letter case aside."
        for name, times in often.items()
        if times > 1
    ]


def _type_faults(names: tuple[str, ...], stored: list[str]) -> list[str]:
    return [
        f"column {name}: its type {one} has no counterpart here. Write it as text, a number, "
        "a date or a timestamp without a time zone."
        for name, one in zip(names, stored, strict=True)
        if one not in PARQUET_TYPES and not one.startswith(("VARCHAR", "ENUM", "DECIMAL"))
    ]


def _refuse(source: str, faults: list[str]) -> None:
    if faults:
        raise DataError("\n".join(f"{source}: {fault}" for fault in faults))


def _as_text(column: str, stored: str) -> str:
    if stored == "BLOB":
        return f"'0x' || hex({column}) AS {column}"
    return f"CAST({column} AS VARCHAR) AS {column}"


def _length(column: str, stored: str) -> str:
    if stored.startswith(("VARCHAR", "ENUM")):
        return f"max(length(CAST({column} AS VARCHAR)))"
    return "max(0)"


def _parquet_type(stored: str, longest: int) -> SqlType:
    if stored.startswith(("VARCHAR", "ENUM")):
        return text_type(longest)
    if stored.startswith("DECIMAL"):
        precision, scale = stored[8:-1].split(",")
        return resolve("decimal", int(precision), int(scale))
    return PARQUET_TYPES[stored]
