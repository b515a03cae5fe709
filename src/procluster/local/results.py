"""What running a batch gives: result sets, messages, row counts, errors, in their order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

import pyarrow as pa

from procluster.errors import SqlError
from procluster.local.types import ROWVERSION, SqlType

ARROW = {
    "int": pa.int32(),
    "bit": pa.bool_(),
    "tinyint": pa.uint8(),
    "smallint": pa.int16(),
    "datetime": pa.timestamp("us"),
}
"""Arrow types of what the engine itself answers; the others are text."""


@dataclass(frozen=True)
class Column:
    """Name and type of a column; the name is '' where an expression has none."""

    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True)
class ResultSet:
    """Rows with their T-SQL columns.

    ``table`` has one Arrow column for each of ``columns``, by place: T-SQL names may be empty or
    come twice.
    """

    columns: tuple[Column, ...]
    table: pa.Table

    def rows(self) -> list[tuple[object, ...]]:
        pairs = zip(self.columns, self.table.columns, strict=True)
        return list(zip(*(_values(column.type, data) for column, data in pairs), strict=True))


def _values(kind: SqlType, data: pa.ChunkedArray) -> list[object]:
    """Python values; a rowversion is eight bytes, the highest first."""
    values: list[object] = data.to_pylist()
    if kind != ROWVERSION:
        return values
    return [number.to_bytes(8, "big") if isinstance(number, int) else None for number in values]


def result_set(columns: tuple[Column, ...], rows: Iterable[tuple[object, ...]]) -> ResultSet:
    rows = list(rows)
    arrays = {
        f"c{place}": pa.array(
            [row[place] for row in rows], ARROW.get(column.type.name, pa.string())
        )
        for place, column in enumerate(columns)
    }
    return ResultSet(columns, pa.table(arrays))


@dataclass(frozen=True)
class Message:
    """A message; PRINT and severities up to 10. PRINT has number 0 and severity 0.

    ``at_once``: WITH NOWAIT, so nothing may hold it back.
    """

    number: int
    severity: int
    state: int
    text: str
    line: int
    procedure: str | None = None
    at_once: bool = False


@dataclass(frozen=True)
class Returned:
    """The status of a procedure that the batch, or a call, has executed."""

    status: int


@dataclass(frozen=True)
class RowCount:
    """``(3 rows affected)``; not sent under NOCOUNT."""

    rows: int


Event = Union[ResultSet, Message, RowCount, Returned, SqlError]
