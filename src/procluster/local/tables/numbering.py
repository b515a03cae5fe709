"""The numbers of IDENTITY columns; as on a server, what is taken back does not give them back."""

from procluster.local.engine import Engine
from procluster.local.frame import Frame
from procluster.local.stored import StoredTable


def next_number(engine: Engine, table: StoredTable) -> int:
    """Return the number of the next row; 0 for a table without an identity column."""
    if table.identity is None or table.identity.identity is None:
        return 0
    seed, step = table.identity.identity
    last = _numbers(engine, table).get(table.object_id)
    return seed if last is None else last + step


def use_numbers(engine: Engine, frame: Frame, table: StoredTable, start: int, count: int) -> None:
    """Count the numbers of new rows as used, whatever becomes of the rows."""
    if table.identity and table.identity.identity and count:
        last = start + (count - 1) * table.identity.identity[1]
        _numbers(engine, table)[table.object_id] = engine.identity = frame.identity = last
        _write_at_commit(engine, table)


def restart_numbers(engine: Engine, table: StoredTable) -> None:
    """Start again at the seed, unless this is taken back."""
    numbers = _numbers(engine, table)
    last = numbers.pop(table.object_id, None)
    if last is not None:
        engine.transaction.on_rollback(lambda: numbers.update({table.object_id: last}))
        _write_at_commit(engine, table)


def _write_at_commit(engine: Engine, table: StoredTable) -> None:
    """Have the last number used in the file: once for a transaction, not for each row of it."""

    def write() -> None:
        key = {"id": table.object_id}
        last = engine.catalog.identities.get(table.object_id)
        engine.connection.execute("DELETE FROM _engine.identity WHERE object_id = $id", key)
        if last is not None and engine.catalog.by_id(table.object_id):
            sql = "INSERT INTO _engine.identity VALUES ($id, $last)"
            engine.connection.execute(sql, {**key, "last": last})

    if table.schema:
        engine.transaction.before_commit[table.object_id] = write


def _numbers(engine: Engine, table: StoredTable) -> dict[int, int]:
    return engine.catalog.identities if table.schema else engine.temporary_identities
