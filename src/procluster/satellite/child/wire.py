"""Messages between the engine and the process: one line of JSON, then Arrow streams.

The line ends with a newline and carries under "sizes" the length in bytes of each stream that
follows, and under "call" a word that tells one call's messages from what a script may write into
the pipe. Single values travel as a table of one row, so both sides agree on their types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

__all__ = ["ARROW_TYPES", "OUT_OF_MEMORY", "Header", "receive", "row_of", "send", "values_of"]

Header = dict[str, Any]

OUT_OF_MEMORY = 112
"""Exit status of a process that has no memory for a message."""

ARROW_TYPES: dict[str, pa.DataType] = {
    "bit": pa.bool_(),
    "tinyint": pa.int64(),
    "smallint": pa.int64(),
    "int": pa.int64(),
    "bigint": pa.int64(),
    "real": pa.float64(),
    "float": pa.float64(),
    "char": pa.large_string(),
    "varchar": pa.large_string(),
    "nchar": pa.large_string(),
    "nvarchar": pa.large_string(),
    "binary": pa.large_binary(),
    "varbinary": pa.large_binary(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "smalldatetime": pa.timestamp("us"),
}
"""Every type that both hosts take in, and the Arrow type in which a parameter of it crosses.

Not here: datetime2 (rejected where Python is built in), uniqueidentifier, decimal and money
(rejected by the language extension), and what both reject.
"""


def row_of(values: Mapping[str, object], types: Mapping[str, str]) -> pa.Table:
    """Values by name → a table of one row; ``types`` names the T-SQL type of each."""
    columns = {name: pa.array([value], ARROW_TYPES[types[name]]) for name, value in values.items()}
    return pa.table(columns) if columns else pa.table({})


def values_of(row: pa.Table) -> dict[str, object]:
    """Unpack what :func:`row_of` packed."""
    return {name: row.column(name)[0].as_py() for name in row.column_names}


def send(stream: IO[bytes], header: Header, tables: Sequence[pa.Table]) -> None:
    """Write one message and flush it."""
    buffers = []
    for table in tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        buffers.append(sink.getvalue())
    line = json.dumps({**header, "sizes": [buffer.size for buffer in buffers]})
    stream.write(line.encode("ascii") + b"\n")
    for buffer in buffers:
        stream.write(buffer)
    stream.flush()


def receive(stream: IO[bytes], call: str | None = None) -> tuple[Header, list[pa.Table]]:
    """Read one message; with ``call``, one that belongs to that call.

    Raises
    ------
    EOFError
        The other side is gone.
    ValueError
        What came is no message, or another call's.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    header: Header = json.loads(line)
    if call is not None and header.get("call") != call:
        raise ValueError("a message out of turn")
    tables = []
    for size in header.pop("sizes"):
        body = stream.read(size)
        if len(body) < size:
            raise EOFError
        tables.append(pa.ipc.open_stream(pa.py_buffer(body)).read_all())
    return header, tables
