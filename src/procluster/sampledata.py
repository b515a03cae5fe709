"""The retail sample in a database: laid out once, never over somebody's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from procluster import sample, tables
from procluster.errors import DataError
from procluster.tables import TableName

if TYPE_CHECKING:
    from procluster.local.database import Session

__all__ = ["Filled", "install"]


@dataclass(frozen=True)
class Filled:
    """A table of the sample; ``written`` is False where it was there with the same rows."""

    table: TableName
    rows: int
    written: bool


def install(
    session: Session, *, random_state: int = 111, replace: bool = False
) -> tuple[Filled, ...]:
    """Create and fill the tables of the sample in one transaction.

    Parameters
    ----------
    session : Session
    random_state : int
        Seed of the sample.
    replace : bool
        Drop tables of these names that hold something else.

    Raises
    ------
    DataError
        Tables of these names hold something else; all of them are named.
    """
    data = sample.generate(random_state)
    there = {one.name for one in sample.TABLES if tables.exists(session, TableName.parse(one.name))}
    kept = {name for name in there if _holds(session, name, data[name])}
    other = sorted(there - kept)
    if other and not replace:
        raise DataError(
            f"{', '.join(other)}: there already, with rows that are not those of the sample with "
            f"random_state {random_state}. Give --replace to drop what is there, or another "
            "--database."
        )
    with tables.transaction(session):
        for one in sample.TABLES:
            if one.name in kept:
                continue
            if one.name in other:
                session.query(f"DROP TABLE {one.name};")
            session.query(one.sql)
            session.append(one.name, data[one.name])
    return tuple(
        Filled(TableName.parse(one.name), data[one.name].num_rows, one.name not in kept)
        for one in sample.TABLES
    )


def _holds(session: Session, name: str, data: pa.Table) -> bool:
    """Tell whether a table has these columns and rows, in this order."""
    table = TableName.parse(name)
    present = [column.name for column in tables.columns(session, table)]
    if present != data.column_names or tables.count(session, table) != data.num_rows:
        return False
    columns = ", ".join(present)
    [result] = session.query(f"SELECT {columns} FROM {name};")  # noqa: S608 - the sample's names
    try:
        held = result.table.rename_columns(data.column_names).cast(data.schema)
    except pa.ArrowInvalid:
        return False
    return all(
        _unpadded(mine).equals(_unpadded(theirs))
        for mine, theirs in zip(data.columns, held.columns, strict=True)
    )


def _unpadded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take the blanks off that fill a char column."""
    return pc.utf8_rtrim(column, " ") if pa.types.is_string(column.type) else column
