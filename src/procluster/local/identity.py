"""The numbers of IDENTITY columns; as on a server, a rollback does not give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procluster.local.interpreter import Interpreter
    from procluster.local.stored import StoredTable

__all__ = ["keep_last", "next_number", "restart"]


def next_number(engine: Interpreter, table: StoredTable) -> int:
    """Return the number of the next row; 0 for a table without an identity column."""
    column = table.identity
    if column is None or column.identity is None:
        return 0
    seed, step = column.identity
    last = _numbers(engine, table).get(table.object_id)
    return seed if last is None else last + step


def keep_last(engine: Interpreter, table: StoredTable, last: int) -> None:
    """Remember the last number used, in the file too."""
    _numbers(engine, table)[table.object_id] = last
    if table.schema:
        _write(engine, table, last)


def restart(engine: Interpreter, table: StoredTable) -> None:
    """Start again at the seed."""
    _numbers(engine, table).pop(table.object_id, None)
    if table.schema:
        _write(engine, table, None)


def _numbers(engine: Interpreter, table: StoredTable) -> dict[int, int]:
    return engine.catalog.identities if table.schema else engine.temporary_identities


def _write(engine: Interpreter, table: StoredTable, last: int | None) -> None:
    values: dict[str, object] = {"id": table.object_id}
    engine.execute("DELETE FROM _engine.identity WHERE object_id = $id", values)
    if last is not None:
        engine.execute("INSERT INTO _engine.identity VALUES ($id, $last)", {**values, "last": last})
