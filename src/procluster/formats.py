"""Result sets as text: tables for people, JSON and CSV for programs.

A :class:`Writer` gets what :class:`procluster.console.Console` sorts out of a session's events.
:data:`WRITERS` names the three of them as ``--format`` does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Protocol, TextIO

from tabulate import SEPARATING_LINE, tabulate

from procluster.cells import NUMBERS, Cell, printable, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.results import Column, ResultSet
    from procluster.local.types import SqlType

__all__ = ["TEXT_WIDTH", "WRITERS", "CsvWriter", "JsonWriter", "TableWriter", "Writer"]

TEXT_WIDTH = 256
"""Characters of one value a table shows; sqlcmd's default for -y."""

BINARY_WIDTH = 8
"""Bytes of a binary value a table shows."""

TURNED_ROWS = 6
"""Rows up to which a table that is too wide is turned."""


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
    float_digits : int, optional
        Significant digits of float and real values; all by default.
    line_width : int, optional
        A wider table of few rows is turned: a line for each column, a column for each row. Wider
        messages are wrapped.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        text_width: int = TEXT_WIDTH,
        float_digits: int | None = None,
        line_width: int | None = None,
    ) -> None:
        self._out = out
        self._text_width = text_width
        self._float_digits = float_digits
        self._line_width = line_width
        self._started = False

    def result(self, result: ResultSet) -> None:
        """Write one result set, set off from what stands before it."""
        names = [printable(column.name) or "(No column name)" for column in result.columns]
        columns = [
            [self._shown(text, column.type) for text in texts(values, column.type)]
            for values, column in zip(result.table.columns, result.columns, strict=True)
        ]
        rows = [names, *map(list, zip(*columns, strict=True))]
        table = _table(rows, [_alignment(column) for column in result.columns])
        width = len(table.splitlines()[1])
        if self._line_width and width > self._line_width and 1 < len(rows) <= TURNED_ROWS + 1:
            table = _turned(rows, self._line_width)
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
        self._out.write((fill(text, self._line_width) if self._line_width else text) + "\n")

    def close(self) -> None:
        """Nothing stands at the end."""

    def _shown(self, text: Cell, kind: SqlType) -> str:
        if text is None:
            return "NULL"
        if kind.family == "float" and self._float_digits:
            return f"{float(text):.{self._float_digits}g}"
        if not self._text_width:
            return printable(text)
        if kind.family == "binary":
            size, shown = len(text) // 2 - 1, text[: 2 + 2 * BINARY_WIDTH]
            return text if text == shown else f"{shown}… ({size} bytes)"
        return printable(
            text if len(text) <= self._text_width else text[: self._text_width - 1] + "…"
        )


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
            texts(values, column.type)
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


def _json_values(values: pa.ChunkedArray, kind: SqlType) -> Iterator[str]:
    if kind.family == "binary":
        for value in values.to_pylist():
            yield "null" if value is None else json.dumps(base64.b64encode(value).decode())
        return
    for text in texts(values, kind):
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


def _table(
    rows: list[list[str]], alignment: list[str], widths: list[int | None] | None = None
) -> str:
    """Set the rows, the first of which is the header.

    The header is a row like the others and a line of dashes goes in below it: given as a header,
    it would get two columns more than it needs.
    """
    dashed: str = tabulate(
        [rows[0], SEPARATING_LINE, *rows[1:]],
        tablefmt="simple",
        colalign=alignment,
        maxcolwidths=widths,
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return dashed.partition("\n")[2].rpartition("\n")[0]


def _turned(rows: list[list[str]], line_width: int) -> str:
    """Set columns as lines, with texts wrapped so that all of it fits."""
    lines = [list(line) for line in zip(*rows, strict=True)]
    records = len(rows) - 1
    names = max(len(line[0]) for line in lines)
    width = max((line_width - names) // records - 2, 1)
    return _table(lines, ["left"] * len(rows), [None] + [width] * records)


def _alignment(column: Column) -> str:
    return "right" if column.type.family in NUMBERS else "left"


def _quoted(text: str) -> str:
    if text and not re.search(r'[",\r\n]', text):
        return text
    return '"' + text.replace('"', '""') + '"'
