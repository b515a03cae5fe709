"""Result sets as text: tables for people, JSON and CSV for programs.

A :class:`Writer` gets what :class:`procluster.console.Console` sorts out of a session's events.
:data:`WRITERS` names the three of them as ``--format`` does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TextIO

from tabulate import tabulate

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.results import Column, ResultSet
    from procluster.local.types import SqlType

__all__ = ["TEXT_WIDTH", "WRITERS", "CsvWriter", "JsonWriter", "TableWriter", "Writer"]

TEXT_WIDTH = 256
"""Characters of one value a table shows; sqlcmd's default for -y."""

BINARY_WIDTH = 8
"""Bytes of a binary value a table shows."""

NUMBERS = frozenset({"integer", "decimal", "money", "float", "bit"})
TIME_DIGITS = {"datetime": 3, "smalldatetime": 0}

Cell = str | None


class Writer(Protocol):
    """Where result sets, row counts and messages go."""

    def result(self, result: ResultSet) -> None:
        """Write one result set."""

    def rows(self, count: int) -> None:
        """Write how many rows a statement affected, where the format has a place for it."""

    def message(self, text: str) -> None:
        """Write a message, likewise."""

    def close(self) -> None:
        """Write what has to stand at the end."""


class TableWriter:
    """Tables as sqlcmd prints them: numbers to the right, NULL as NULL, long values cut.

    Parameters
    ----------
    out : text stream
    text_width : int
        Characters shown of one value; 0 shows all of it, and of binary values too.
    """

    def __init__(self, out: TextIO, text_width: int = TEXT_WIDTH) -> None:
        self._out = out
        self._width = text_width
        self._started = False

    def result(self, result: ResultSet) -> None:
        """Write one result set, set off from what stands before it."""
        columns = [
            [self._shown(text, column.type) for text in _texts(values, column.type)]
            for values, column in zip(result.table.columns, result.columns, strict=True)
        ]
        table = tabulate(
            list(zip(*columns, strict=True)),
            headers=[_printable(column.name) or "(No column name)" for column in result.columns],
            colalign=[_alignment(column) for column in result.columns] if columns[0] else None,
            disable_numparse=True,
            preserve_whitespace=True,
        )
        if self._started:
            self._out.write("\n")
        self._started = True
        self._out.write(table + "\n")

    def rows(self, count: int) -> None:
        """Write the count as Management Studio does."""
        if self._started:
            self._out.write("\n")
        self.message(f"({count} {'row' if count == 1 else 'rows'} affected)")

    def message(self, text: str) -> None:
        """Write a line of its own."""
        self._started = True
        self._out.write(text + "\n")

    def close(self) -> None:
        """Nothing stands at the end."""

    def _shown(self, text: Cell, kind: SqlType) -> str:
        if text is None:
            return "NULL"
        if not self._width:
            return _printable(text)
        if kind.family == "binary":
            size, shown = len(text) // 2 - 1, text[: 2 + 2 * BINARY_WIDTH]
            return text if text == shown else f"{shown}… ({size} bytes)"
        return _printable(text if len(text) <= self._width else text[: self._width - 1] + "…")


class JsonWriter:
    """One JSON array with an array of objects for each result set.

    Values are those of ``SELECT ... FOR JSON``: decimals keep their digits, bit is true or false,
    binary is base64, NULL is null. Columns without a name are called ``column<position>``, those
    with the name of an earlier one ``<name>_2`` and so on.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._sets = 0

    def result(self, result: ResultSet) -> None:
        """Write the rows as objects, one a line."""
        names = [json.dumps(name, ensure_ascii=False) for name in _distinct(result.columns)]
        columns = [
            _json_values(values, column.type)
            for values, column in zip(result.table.columns, result.columns, strict=True)
        ]
        self._out.write(",\n[" if self._sets else "[\n[")
        self._sets += 1
        for row, cells in enumerate(zip(*columns, strict=True)):
            fields = ", ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True))
            self._out.write(f"{',' if row else ''}\n{{{fields}}}")
        self._out.write("\n]")

    def rows(self, count: int) -> None:
        """Leave the count out: JSON has no place for it."""

    def message(self, text: str) -> None:
        """Leave the message out, likewise."""

    def close(self) -> None:
        """Close the array; without a result set it is empty."""
        self._out.write("\n]\n" if self._sets else "[]\n")


class CsvWriter:
    """RFC 4180: a header and rows, CRLF; an empty line between one result set and the next.

    NULL is an empty field and the empty string is ``""``; binary is 0x and all its digits.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._sets = 0

    def result(self, result: ResultSet) -> None:
        """Write the header and the rows."""
        if self._sets:
            self._out.write("\r\n")
        self._sets += 1
        columns = [
            _texts(values, column.type)
            for values, column in zip(result.table.columns, result.columns, strict=True)
        ]
        self._record(column.name for column in result.columns)
        for row in zip(*columns, strict=True):
            self._record(row)

    def rows(self, count: int) -> None:
        """Leave the count out: CSV has no place for it."""

    def message(self, text: str) -> None:
        """Leave the message out, likewise."""

    def close(self) -> None:
        """Nothing stands at the end."""

    def _record(self, cells: Iterable[Cell]) -> None:
        line = ",".join("" if cell is None else _quoted(cell) for cell in cells)
        # A lone NULL must not look like the empty line between two result sets.
        self._out.write((line or '""') + "\r\n")


WRITERS: dict[str, Callable[[TextIO], Writer]] = {
    "table": TableWriter,
    "json": JsonWriter,
    "csv": CsvWriter,
}
"""By the name that ``--format`` knows them by."""


def _texts(values: pa.ChunkedArray, kind: SqlType) -> list[Cell]:
    """Every value as SQL Server writes it in full, None for NULL."""
    family = kind.family
    if family in {"decimal", "money"}:
        return [None if value is None else f"{value:f}" for value in values.to_pylist()]
    if family == "binary":
        return [None if value is None else _hexadecimal(value) for value in values.to_pylist()]
    if family == "bit":
        return _cast(values, "int8")
    texts = _cast(values, "string")
    if family == "guid":
        return [text and text.upper() for text in texts]
    if family == "time" and kind.name != "date":
        digits = TIME_DIGITS.get(kind.name, kind.scale)
        return [text and _time(text, digits) for text in texts]
    return texts


def _hexadecimal(value: bytes) -> str:
    return f"0x{value.hex().upper()}"


def _cast(values: pa.ChunkedArray, through: str) -> list[Cell]:
    texts: list[Cell] = values.cast(through).cast("string").to_pylist()
    return texts


def _time(text: str, digits: int) -> str:
    """Give a time of day the digits of its type after the point.

    >>> _time("2026-11-23 18:31:00.120000", 7), _time("2026-11-23 18:31:00", 0)
    ('2026-11-23 18:31:00.1200000', '2026-11-23 18:31:00')
    """
    seconds, _, fraction = text.partition(".")
    return f"{seconds}.{fraction[:digits]:0<{digits}}" if digits else seconds


def _json_values(values: pa.ChunkedArray, kind: SqlType) -> Iterator[str]:
    if kind.family == "binary":
        for value in values.to_pylist():
            yield "null" if value is None else json.dumps(base64.b64encode(value).decode())
        return
    for text in _texts(values, kind):
        if text is None:
            yield "null"
        elif kind.family == "bit":
            yield "true" if text == "1" else "false"
        elif kind.family in NUMBERS:
            yield text
        else:
            yield json.dumps(text, ensure_ascii=False)


def _distinct(columns: tuple[Column, ...]) -> list[str]:
    """Name every column, so that no name repeats."""
    taken = {column.name for column in columns}
    names: list[str] = []
    for position, column in enumerate(columns, 1):
        name = column.name or f"column{position}"
        number = 2
        while name in names or (name != column.name and name in taken):
            name = f"{column.name or f'column{position}'}_{number}"
            number += 1
        names.append(name)
    return names


def _alignment(column: Column) -> str:
    return "right" if column.type.family in NUMBERS else "left"


def _printable(text: str) -> str:
    """Write control characters, all but the line feed, as escapes: they could steer a terminal."""
    text = text.replace("\r\n", "\n")
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


def _quoted(text: str) -> str:
    if text and not re.search(r'[",\r\n]', text):
        return text
    return '"' + text.replace('"', '""') + '"'
