"""SELECT, INSERT, UPDATE, DELETE and TRUNCATE.

Rows to be written are staged in a temp table, checked there, and then written: DuckDB has no
savepoints, so that a constraint must be found broken before anything is changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import DataError, Refusal, SqlError
from procluster.local import identity, procedures
from procluster.local.catalog import StoredTable, quote_sql, type_of_storage
from procluster.local.constraints import RowNames, check_gone_rows, check_new_rows
from procluster.local.definitions import create_from_query
from procluster.local.messages import sql_error
from procluster.local.names import identifier_parts
from procluster.local.results import Column, ResultSet
from procluster.local.syntax import (
    Call,
    ColumnRef,
    Delete,
    Execute,
    ExecuteText,
    Insert,
    Literal,
    ObjectName,
    Position,
    Query,
    QueryStatement,
    Select,
    SelectItem,
    Truncate,
    Update,
    ValuesTable,
)
from procluster.local.translate import (
    compile_delete,
    compile_query,
    compile_update,
    convert_sql,
    nodes,
)
from procluster.local.translate.names import Compiled, Table
from procluster.local.variables import assign

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ColumnDefinition, Expression
    from procluster.local.translate.names import Change

__all__ = ["append_rows", "delete", "insert", "select", "store", "truncate", "update"]

STAGE = quote_sql("temp", "_stage")


# --- SELECT --------------------------------------------------------------------------------------


def select(own: Interpreter, statement: QueryStatement, frame: Frame) -> None:
    """SELECT: rows, ``SELECT @v = e`` or SELECT ... INTO."""
    body = statement.query.body
    first = body if isinstance(body, Select) else None
    if first is not None and first.into is not None:
        query = replace(statement.query, body=replace(first, into=None))
        compiled = compile_query(query, frame)
        own.send_count(create_from_query(own, first.into, compiled, frame))
        return
    compiled = compile_query(statement.query, frame)
    table = own.fetch(compiled)
    if first is not None and any(item.variable for item in first.items):
        if table.num_rows:
            last = table.slice(table.num_rows - 1).to_pylist()[0]
            for column, value in zip(compiled.columns, last.values(), strict=True):
                assign(frame, column.name, value)
        own.row_count = table.num_rows
        return
    own.send(ResultSet(compiled.columns, table))
    own.send_count(table.num_rows)


# --- INSERT --------------------------------------------------------------------------------------


def insert(own: Interpreter, statement: Insert, frame: Frame) -> None:
    """INSERT from values, a query, defaults or EXEC."""
    target = frame.needed_table(statement.target)
    columns = _insert_columns(target, statement.columns)
    source = statement.source
    if isinstance(source, (Execute, ExecuteText)):
        own.send_count(_insert_results(own, frame, target, columns, source))
        return
    if source is None:
        columns, query = (), Query(statement.at, Select(statement.at, ()))
        compiled = Compiled("SELECT 1", (), {})
    elif isinstance(source, ValuesTable):
        query = _values_query(source, columns, listed=bool(statement.columns))
        compiled = compile_query(query, frame)
    else:
        query = replace(source, with_tables=statement.with_tables + source.with_tables)
        compiled = compile_query(query, frame)
        _check_width(len(compiled.columns), columns, listed=bool(statement.columns))
    own.send_count(store(own, frame, target, columns, compiled))


def _insert_columns(
    target: StoredTable, names: tuple[str, ...]
) -> tuple[ColumnDefinition, ...]:
    if not names:
        return tuple(column for column in target.columns if column.identity is None)
    columns: list[ColumnDefinition] = []
    for name in names:
        column = target.column(name)
        if column is None:
            raise sql_error(207, name)
        if column in columns:
            raise sql_error(264, name)
        if column.identity:
            raise sql_error(544, target.name)
        columns.append(column)
    return tuple(columns)


def _check_width(width: int, columns: tuple[ColumnDefinition, ...], *, listed: bool) -> None:
    if width != len(columns):
        raise sql_error(213 if not listed else 120 if width < len(columns) else 121)


def _values_query(
    source: ValuesTable, columns: tuple[ColumnDefinition, ...], *, listed: bool
) -> Query:
    """The rows of VALUES as a query, DEFAULT replaced by what it stands for."""
    for row in source.rows:
        if len(row) != len(columns):
            raise sql_error(213 if not listed else 109 if len(row) < len(columns) else 110)
    rows = tuple(
        tuple(_or_default(value, column) for value, column in zip(row, columns, strict=True))
        for row in source.rows
    )
    at = source.at
    if len(rows) == 1:
        return Query(at, Select(at, tuple(SelectItem(at, value) for value in rows[0])))
    names = tuple(f"c{place}" for place in range(len(columns)))
    items = tuple(SelectItem(at, ColumnRef(at, (name,))) for name in names)
    return Query(at, Select(at, items, source=ValuesTable(at, rows, "v", names)))


def _or_default(value: Expression, column: ColumnDefinition) -> Expression:
    if isinstance(value, Literal) and value.kind == "default":
        return column.default or Literal(value.at, "null", "")
    return value


def _insert_results(
    own: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Execute | ExecuteText,
) -> int:
    """INSERT ... EXEC: every result set must have the columns of the list."""
    if own.inserting:
        raise sql_error(8164)
    if isinstance(source, Execute) and source.result_sets is not None:
        raise Refusal(
            "WITH RESULT SETS in INSERT ... EXEC",
            "SQL Server does not allow it; write it inside the procedure",
            line=source.at.line,
            column=source.at.column,
        )
    alone = not own.transaction.depth
    if alone:
        own.transaction.begin()
    own.inserting = own.transaction.depth
    sets: list[ResultSet] = []
    try:
        with own.taking(sets.append):
            if isinstance(source, Execute):
                procedures.execute(own, source, frame)
            else:
                procedures.execute_text(own, source, frame)
        own.inserting = 0
        count = 0
        for found in sets:
            _check_width(len(found.columns), columns, listed=False)
            with own.rows(found.table) as rows:
                compiled = Compiled(f"SELECT * FROM {rows}", found.columns, {})
                count += store(own, frame, target, columns, compiled)
        if alone:
            own.transaction.commit()
    except BaseException:
        if alone and own.transaction.depth:
            own.rollback()
        raise
    finally:
        own.inserting = 0
    return count


def store(
    own: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Compiled,
) -> int:
    """Write the rows of a query into columns of a table; the others get their defaults."""
    with own.transaction.change():
        start = identity.next_number(own, target)
        parts, parameters = _stage_columns(own, frame, target, columns, source, start)
        with _staged(own, f"SELECT {', '.join(parts)} FROM ({source.sql})", parameters):
            count = _check_nulls(own, target, target.columns, "INSERT")
            if count > 1:
                _refuse_row_defaults(target, columns)
            stage = Table(STAGE, frame.columns_of(target))
            names = RowNames(frame, {"@new": stage, "@kept": Table(target.sql, stage.columns)})
            check_new_rows(own, target, names, "INSERT", None)
            own.execute(f"INSERT INTO {target.sql} SELECT * FROM {STAGE}")
        if target.identity and target.identity.identity and count:
            last = start + (count - 1) * target.identity.identity[1]
            identity.keep_last(own, target, last)
            own.identity = frame.identity = last
        own.note_change(target, frame)
    return count


def _stage_columns(  # noqa: PLR0913, PLR0917
    own: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Compiled,
    start: int,
) -> tuple[list[str], dict[str, object]]:
    """SQL of every column of the target, converted as an assignment converts."""
    places = {column.name: place for place, column in enumerate(columns)}
    parameters, parts = dict(source.parameters), []
    for number, column in enumerate(target.columns):
        if column.name in places:
            place = places[column.name]
            kind = source.columns[place].type
            where = f"table '{own.database_name}.{target.full_name}', column '{column.name}'"
            sql = convert_sql(f"c{place}", kind, column.type, column=where)
        elif column.identity:
            step = column.identity[1]
            sql = f"CAST({start} + (row_number() OVER () - 1) * {step} AS {column.type.storage})"
        elif column.default is not None:
            key = f"default{number}"
            parameters[key] = own.evaluate(column.default, frame, column.type)
            sql = f"CAST(${key} AS {column.type.storage})"
        else:
            sql = f"CAST(NULL AS {column.type.storage})"
        parts.append(f"{sql} AS {quote_sql(column.name)}")
    return parts, parameters


def _refuse_row_defaults(target: StoredTable, columns: tuple[ColumnDefinition, ...]) -> None:
    """Defaults are computed once a statement, so NEWID() cannot number several rows."""
    for column in target.columns:
        if column in columns or column.default is None:
            continue
        for node in nodes(column.default):
            if isinstance(node, Call) and node.name == ("NEWID",):
                raise Refusal(
                    f"the default of column {column.name} for several rows",
                    "write NEWID() in the query",
                    line=0,
                    column=0,
                )


@contextmanager
def _staged(own: Interpreter, sql: str, parameters: dict[str, object]) -> Iterator[None]:
    own.execute(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {sql}", parameters or None)
    yield
    own.execute(f"DROP TABLE {STAGE}")


def _check_nulls(
    own: Interpreter,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    verb: str,
    names: tuple[str, ...] = (),
) -> int:
    """Count the staged rows; 515 where one has NULL in a column that allows none."""
    stage_names = names or tuple(column.name for column in columns)
    counts = ", ".join(
        "count(*)" if column.nullable else f"count({quote_sql(name)})"
        for column, name in zip(columns, stage_names, strict=True)
    )
    row = own.first_row(f"SELECT count(*){', ' * bool(counts)}{counts} FROM {STAGE}")
    total, *filled = row or (0,)
    for column, count in zip(columns, filled, strict=True):
        if count < total:
            table = f"{own.database_name}.{target.full_name}"
            raise sql_error(515, column.name, table, verb)
    return int(total)


# --- UPDATE, DELETE, TRUNCATE --------------------------------------------------------------------


def update(own: Interpreter, statement: Update, frame: Frame) -> None:
    """UPDATE."""
    change = compile_update(statement, frame)
    target = _target(own, frame, change)
    places = {
        name: f"c{place}" for place, name in enumerate(change.targets, 1) if name[0] != "@"
    }
    columns = tuple(column for name in places if (column := target.column(name)))
    for column in columns:
        if column.identity:
            raise sql_error(8102, column.name)
    with own.transaction.change():
        with _staged(own, change.rows.sql, change.rows.parameters):
            count = _check_nulls(own, target, columns, "UPDATE", tuple(places.values()))
            changed = {column.name.lower() for column in columns}
            _check_update(own, frame, target, {c.name: places[n] for n, c in
                                               zip(places, columns, strict=True)}, changed)
            if places:
                sets = ", ".join(
                    f"{quote_sql(column.name)} = s.{place}"
                    for column, place in zip(columns, places.values(), strict=True)
                )
                own.execute(
                    f"UPDATE {target.sql} AS t SET {sets} FROM {STAGE} AS s WHERE t.rowid = s.c0"
                )
            _assign_variables(own, frame, change)
        own.note_change(target, frame)
    own.send_count(count)


def _check_update(
    own: Interpreter,
    frame: Frame,
    target: StoredTable,
    places: dict[str, str],
    changed: set[str],
) -> None:
    columns = frame.columns_of(target)
    new = ", ".join(
        f"s.{places[column.name]} AS {quote_sql(column.name)}"
        if column.name in places
        else f"t.{quote_sql(column.name)}"
        for column in columns
    )
    joined = f"{target.sql} AS t JOIN {STAGE} AS s ON t.rowid = s.c0"
    names = RowNames(
        frame,
        {
            "@new": Table(f"(SELECT {new} FROM {joined})", columns),
            "@kept": Table(_others(target), columns),
            "@old": Table(f"(SELECT t.* FROM {joined})", columns),
        },
    )
    check_new_rows(own, target, names, "UPDATE", changed)
    if any(changed & {c.lower() for c in key.columns} for key in target.keys):
        check_gone_rows(own, target, names, "UPDATE")


def _others(target: StoredTable) -> str:
    """SQL of the rows that are not staged."""
    return f"(SELECT * FROM {target.sql} WHERE rowid NOT IN (SELECT c0 FROM {STAGE}))"


def _assign_variables(own: Interpreter, frame: Frame, change: Change) -> None:
    names = [(n, f"c{p}") for p, n in enumerate(change.targets, 1) if n.startswith("@")]
    if not names:
        return
    places = ", ".join(place for _, place in names)
    row = own.first_row(f"SELECT {places} FROM {STAGE} ORDER BY c0 DESC LIMIT 1")
    for (name, _), value in zip(names, row or (), strict=False):
        assign(frame, name, value)


def delete(own: Interpreter, statement: Delete, frame: Frame) -> None:
    """DELETE."""
    change = compile_delete(statement, frame)
    target = _target(own, frame, change)
    with own.transaction.change():
        with _staged(own, change.rows.sql, change.rows.parameters):
            row = own.first_row(f"SELECT count(*) FROM {STAGE}")
            columns = frame.columns_of(target)
            gone = f"(SELECT * FROM {target.sql} WHERE rowid IN (SELECT c0 FROM {STAGE}))"
            names = RowNames(
                frame,
                {
                    "@old": Table(gone, columns),
                    "@kept": Table(_others(target), columns),
                },
            )
            check_gone_rows(own, target, names, "DELETE")
            own.execute(f"DELETE FROM {target.sql} WHERE rowid IN (SELECT c0 FROM {STAGE})")
        own.note_change(target, frame)
    own.send_count(int(row[0]) if row else 0)


def truncate(own: Interpreter, statement: Truncate, frame: Frame) -> None:
    """TRUNCATE TABLE, which starts the identity again."""
    name = ".".join(statement.target.parts)
    target = frame.stored_table(statement.target)
    if target is None:
        raise sql_error(4701, name)
    if any(child is not target for child, _ in own.catalog.referencing(target)):
        raise sql_error(4712, name)
    with own.transaction.change():
        own.execute(f"DELETE FROM {target.sql}")
        if target.identity and target.identity.identity:
            identity.restart(own, target)
        own.note_change(target, frame)
    own.row_count = 0


def _target(own: Interpreter, frame: Frame, change: Change) -> StoredTable:
    """The stored table that a compiled change is about."""
    candidates = [*own.catalog.tables(), *frame.local_tables()]
    return next(table for table in candidates if table.sql == change.table.sql)


# --- bulk rows -----------------------------------------------------------------------------------


def append_rows(own: Interpreter, frame: Frame, name: str, data: pa.Table) -> int:
    """Insert the rows of an Arrow table, by column name."""
    parts = identifier_parts(name)
    target = frame.stored_table(ObjectName(Position(0, 0), parts)) if parts else None
    if target is None:
        raise sql_error(208, name)
    columns = _insert_columns(target, tuple(data.column_names))
    kinds: list[Column] = []
    with own.rows(data) as rows:
        described = own.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
        for column, (_, storage, *_) in zip(columns, described, strict=True):
            kind = type_of_storage(storage)
            if kind is None:
                text = f"{name}.{column.name}: rows of DuckDB's type {storage} have no type in "
                text += f"T-SQL. Cast them to {column.type} first."
                raise DataError(text)
            kinds.append(Column(column.name, kind))
        places = ", ".join(
            f"{quote_sql(given)} AS c{place}" for place, given in enumerate(data.column_names)
        )
        source = Compiled(f"SELECT {places} FROM {rows}", tuple(kinds), {})
        try:
            return store(own, frame, target, columns, source)
        except SqlError:
            own.transaction.notice_failure()
            raise
