"""Rows on their way into a table: one whose values are parameters, or many in a stage.

Both are asked the same things, so that who writes rows need not know how many there are. Their
numbers are counted here too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from procluster.local.change_log import Verb
from procluster.local.engine import Engine
from procluster.local.frame import Frame, Variable
from procluster.local.quoting import quote_sql
from procluster.local.stored import StoredTable
from procluster.local.tables.constraints import null_error
from procluster.local.tables.kept_rows import keep_changes, keeps_rows
from procluster.local.translate import Change, Table

STAGE = quote_sql("temp", "_stage")


@dataclass(frozen=True)
class OneRow:
    """A row that needs no stage, which takes a third of the time.

    ``values`` are in the order of the table's columns; ``rowid`` is that of the row it replaces.
    """

    count: ClassVar = 1
    chosen: ClassVar = "= $rowid"
    target: StoredTable
    values: tuple[object, ...]
    rowid: int | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """The values, by the names of DuckDB's parameters: one text serves for any row."""
        return {"rowid": self.rowid, **{f"new{n}": value for n, value in enumerate(self.values)}}

    def check_nulls(self, frame: Frame, verb: str, _: Iterable[str] = ()) -> None:
        """Raise 515 for NULL in a column that allows none."""
        for column, value in zip(self.target.columns, self.values, strict=True):
            if value is None and not column.nullable:
                raise null_error(frame, self.target, column, verb)

    def seen_by(self, frame: Frame, beside: Mapping[str, Table]) -> Frame:
        """What the constraints see: the row as ``[@new]``, and others beside it."""
        row = {
            column.name.lower(): Variable(column.type, value)
            for column, value in zip(self.target.columns, self.values, strict=True)
        }
        rows = {"@new": Table(self._query, self.target.shown), **beside}
        return frame.with_rows(rows, row, self.parameters)

    def write(self, engine: Engine, verb: Verb, names: Iterable[str] = ()) -> None:
        """Insert the row, put its values of these columns into the one there is, or delete that."""
        table, sqls, row = self.target.sql, self._sqls, (self.rowid, *self.values)
        if verb is Verb.INSERT:
            sql, row = f"INSERT INTO {table} {self._query}", self.values
        elif verb is Verb.UPDATE:
            sets = ", ".join(f"{quote_sql(name)} = {sqls[name]}" for name in names)
            sql = f"UPDATE {table} SET {sets} WHERE rowid {self.chosen}"
        else:
            sql = f"DELETE FROM {table} WHERE rowid {self.chosen}"
        if keeps_rows(engine, self.target, 1):
            engine.execute(sql, self.parameters)
            keep_changes(engine, self.target, verb, [row])
        else:
            engine.write(sql, self.parameters)

    @property
    def _sqls(self) -> dict[str, str]:
        """The values by column."""
        return {
            column.name: f"CAST($new{place} AS {column.type.storage})"
            for place, column in enumerate(self.target.columns)
        }

    @property
    def _query(self) -> str:
        named = (f"{sql} AS {quote_sql(name)}" for name, sql in self._sqls.items())
        return f"(SELECT {', '.join(named)})"


@dataclass(frozen=True)
class Stage:
    """Rows in a DuckDB temp table: ``c0`` has the rowid of the one that each of them replaces.

    ``places`` are the other columns of the stage by those of the table.
    """

    parameters: ClassVar[dict[str, object]] = {}
    chosen: ClassVar = f"IN (SELECT c0 FROM {STAGE})"
    target: StoredTable
    places: dict[str, str]
    count: int

    def check_nulls(self, frame: Frame, verb: str, names: Iterable[str]) -> None:
        """Raise 515 for NULL in one of the columns named that allows none."""
        columns = [c for c in self.target.columns if c.name in set(names) and not c.nullable]
        counts = ", ".join(f"count({self.places[column.name]})" for column in columns)
        filled = frame.engine.first_row(f"SELECT {counts} FROM {STAGE}") if counts else None
        for column, count in zip(columns, filled or (), strict=True):
            if count < self.count:
                raise null_error(frame, self.target, column, verb)

    def seen_by(self, frame: Frame, beside: Mapping[str, Table]) -> Frame:
        """What the constraints see: the rows as ``[@new]``, and others beside them."""
        named = (f"{self.places[c.name]} AS {quote_sql(c.name)}" for c in self.target.columns)
        query = f"(SELECT {', '.join(named)} FROM {STAGE})"
        return frame.with_rows({"@new": Table(query, self.target.shown), **beside})

    def write(self, engine: Engine, verb: Verb, names: Iterable[str] = ()) -> None:
        """The same with the rows of the stage, which is dropped then."""
        table, kept = self.target.sql, "*"
        if verb is Verb.INSERT:
            kept = ", ".join(self.places[column.name] for column in self.target.columns)
            sql = f"INSERT INTO {table} SELECT {kept} FROM {STAGE}"
        elif verb is Verb.UPDATE:
            sets = ", ".join(f"{quote_sql(name)} = s.{self.places[name]}" for name in names)
            sql = f"UPDATE {table} AS t SET {sets} FROM {STAGE} AS s WHERE t.rowid = s.c0"
        else:
            sql = f"DELETE FROM {table} WHERE rowid {self.chosen}"
        if not keeps_rows(engine, self.target, self.count):
            engine.keep_rows(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS", STAGE, self.count)
            engine.write(sql)
            engine.write(f"DROP TABLE {STAGE}")
            return
        engine.execute(sql)
        keep_changes(engine, self.target, verb, engine.all_rows(f"SELECT {kept} FROM {STAGE}"))
        engine.execute(f"DROP TABLE {STAGE}")


def fill_stage(engine: Engine, sql: str, parameters: Mapping[str, object]) -> int:
    """Put the rows of a query into the stage; how many they are."""
    made = engine.first_row(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {sql}", parameters)
    return int(made[0]) if made else 0


def changed_rows(engine: Engine, target: StoredTable, change: Change) -> OneRow | Stage | None:
    """The rows that an UPDATE makes or a DELETE takes away, each once; None without any."""
    if change.is_plain:  # where looking for them first is quicker than a stage
        found = engine.all_rows(f"{change.sql} LIMIT 2", change.parameters)
        if not found:
            return None
        if len(found) == 1:
            rowid, *values = found[0]
            return OneRow(target, tuple(values), rowid)
    count = fill_stage(engine, change.sql, change.parameters)
    if change.is_joined and count > 1:
        # Most joins meet a row once, and to see that is quicker than DISTINCT.
        counts = engine.first_row(f"SELECT count(DISTINCT c0) FROM {STAGE}")
        if counts and counts[0] != count:
            count = fill_stage(engine, f"SELECT DISTINCT ON (c0) * FROM {STAGE}", {})
    places = {column.name: f"c{place}" for place, column in enumerate(target.columns, 1)}
    return Stage(target, places, count) if count else None


# --- numbers of IDENTITY columns; as on a server, what is taken back does not give them back


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
