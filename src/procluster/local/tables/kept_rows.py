"""Rows as a transaction keeps them, to write those of many statements again at once."""

from collections.abc import Iterable
from functools import partial

from procluster.local.catalog import FIRST_FOREIGN_ID
from procluster.local.change_log import Row, RowChange, UnreadRows, Verb
from procluster.local.engine import Engine
from procluster.local.quoting import quote_sql
from procluster.local.stored import StoredTable
from procluster.local.translate import Change

FEW_ROWS = 100


def keeps_rows(engine: Engine, target: StoredTable, count: int) -> bool:
    """Whether the rows of a change are kept: else it is itself, and what it reads.

    A table that something else has made may have an index of DuckDB's, and a row of it another
    rowid after each change.
    """
    is_ours = target.object_id < FIRST_FOREIGN_ID
    return is_ours and count <= min(FEW_ROWS, engine.transaction.log.room)


def keep_changes(engine: Engine, target: StoredTable, verb: Verb, rows: Iterable[Row]) -> None:
    """Note rows that were written, each as :class:`RowChange` has it."""
    for change in _changes(engine, target, verb, rows):
        engine.transaction.log.record(change)


def change_at_once(engine: Engine, target: StoredTable, change: Change) -> int:
    """Make a change that breaks no rule, whatever its rows are; how many they were."""
    made = engine.first_row(change.statement, change.parameters)
    count = int(made[0]) if made else 0
    verb = Verb.UPDATE if change.targets else Verb.DELETE

    def read() -> list[RowChange]:
        return _changes(engine, target, verb, engine.all_rows(change.sql, change.parameters))

    if count:
        again = partial(engine.execute, change.statement, change.parameters)
        redo = UnreadRows(read) if keeps_rows(engine, target, count) else again
        engine.transaction.log.record(redo)
    return count


def _changes(
    engine: Engine, target: StoredTable, verb: Verb, rows: Iterable[Row]
) -> list[RowChange]:
    write = partial(_write, engine, target, verb)
    return [RowChange(target.sql, verb, row, write) for row in rows]


def _write(engine: Engine, target: StoredTable, verb: Verb, rows: list[Row]) -> None:
    """Write rows by one statement, whose parameters are columns."""
    cells = {f"new{place}": list(column) for place, column in enumerate(zip(*rows, strict=True))}
    source = f"SELECT {', '.join(f'unnest(${name}) AS {name}' for name in cells)}"
    if verb is Verb.INSERT:
        sql = f"INSERT INTO {target.sql} {source}"
    elif verb is Verb.DELETE:
        sql = f"DELETE FROM {target.sql} WHERE rowid IN ({source})"
    else:
        columns = enumerate(target.columns, 1)
        sets = ", ".join(f"{quote_sql(column.name)} = s.new{place}" for place, column in columns)
        sql = f"UPDATE {target.sql} AS t SET {sets} FROM ({source}) AS s WHERE t.rowid = s.new0"
    engine.execute(sql, cells)
