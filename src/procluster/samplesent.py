"""The retail sample in a database behind a connection: a server, as a rule.

The rows travel as JSON in the batch's own text and are opened there by OPENJSON: a few dozen
set-based inserts through the one seam every connection has, and nothing to install or to share.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from procluster import sample
from procluster.errors import DataError
from procluster.generator.quoting import identifier, literal
from procluster.sampledata import Filled
from procluster.tables import TableName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from procluster.deploy.connection import Connection

__all__ = ["send"]

ROWS_A_BATCH: Final = 20_000
"""About two million characters of JSON: far below the 256 MB that one batch may have."""

START: Final = "SET NOCOUNT, XACT_ABORT ON;\nBEGIN TRANSACTION;"
UNDO: Final = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;"


def send(
    connection: Connection,
    data: Mapping[str, pa.Table],
    *,
    replace: bool = False,
) -> tuple[Filled, ...]:
    """Create and fill the tables of the sample in one transaction.

    A table that is there is the sample's when it has as many rows and the same sum in every number
    column; it is left alone then.

    Parameters
    ----------
    connection : Connection
    data : mapping of str to pyarrow.Table
        What :func:`procluster.sample.generate` gives.
    replace : bool
        Drop tables of these names that hold something else.

    Raises
    ------
    DataError
        Tables of these names hold something else; all of them are named.
    SqlError
        The server refused something; nothing was changed.
    """
    names = [table.name for table in sample.TABLES]
    there = {name for name in names if _is_there(connection, name)}
    kept = {name for name in there if _holds(connection, name, data[name])}
    other = sorted(there - kept)
    if other and not replace:
        raise DataError(
            f"{', '.join(other)}: there already, with rows that are not those of this sample. Give "
            "--replace to drop what is there, or another target."
        )
    connection.query(START)
    try:
        for table in sample.TABLES:
            if table.name in kept:
                continue
            if table.name in other:
                connection.query(f"DROP TABLE {table.name};")
            connection.query(table.sql)
            for batch in _batches(table.name, data[table.name]):
                connection.query(batch)
        connection.query("COMMIT TRANSACTION;")
    except BaseException:
        connection.query(UNDO)
        raise
    return tuple(
        Filled(TableName.parse(name), data[name].num_rows, name not in kept) for name in names
    )


def _batches(name: str, data: pa.Table) -> Iterator[str]:
    """INSERT statements that carry the rows."""
    columns = ", ".join(str(identifier(column)) for column in data.column_names)
    keys = [f"c{number}" for number in range(data.num_columns)]
    opened = ", ".join(
        f"{key} {_sql_type(column.type)} '$.{key}'"
        for key, column in zip(keys, data.columns, strict=True)
    )
    chosen = ", ".join(f"j.{key}" for key in keys)
    for start in range(0, data.num_rows, ROWS_A_BATCH):
        rows = data.slice(start, ROWS_A_BATCH).rename_columns(keys).to_pylist()
        text = json.dumps(rows, default=str, separators=(",", ":"), ensure_ascii=False)
        yield (
            f"INSERT INTO {name} ({columns})\n"
            f"SELECT {chosen}\nFROM OPENJSON({literal(text)}) WITH ({opened}) AS j;"
        )


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return "int" if pa.types.is_integer(kind) else "nvarchar(100)"


def _is_there(connection: Connection, name: str) -> bool:
    (answer,) = connection.query(f"SELECT OBJECT_ID({literal(name)}, N'U');")
    return answer.rows[0][0] is not None


def _holds(connection: Connection, name: str, data: pa.Table) -> bool:
    """Tell whether a table has these columns, as many rows, and the same sums."""
    (columns,) = connection.query(
        "SELECT c.name FROM sys.columns AS c WHERE c.object_id = "  # noqa: S608 - quoted
        f"OBJECT_ID({literal(name)}) ORDER BY c.column_id;"
    )
    if [row[0] for row in columns.rows] != data.column_names:
        return False
    numbers = [column for column in data.column_names if not pa.types.is_string(data[column].type)]
    sums = ", ".join(
        f"COALESCE(SUM(CAST({identifier(column)} AS decimal(38, 2))), 0)" for column in numbers
    )
    (answer,) = connection.query(f"SELECT COUNT_BIG(*), {sums} FROM {name};")  # noqa: S608
    wanted = [Decimal(str(pc.sum(data[column]).as_py() or 0)) for column in numbers]
    count, *found = answer.rows[0]
    return count == data.num_rows and [Decimal(str(one)) for one in found] == wanted
