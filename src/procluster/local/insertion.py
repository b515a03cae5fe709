"""INSERT: from values, a query, defaults, a procedure, or rows in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from procluster.errors import DataError, Refusal, SqlError
from procluster.local import execution, identity
from procluster.local.constraints import RowNames, check_new_rows
from procluster.local.frame import Variable
from procluster.local.messages import sql_error
from procluster.local.names import identifier_parts
from procluster.local.results import Column, ResultSet
from procluster.local.staging import STAGE, check_nulls, refuse_nulls, staged
from procluster.local.stored import StoredTable, quote_sql, type_of_storage
from procluster.local.syntax import (
    Call,
    ColumnRef,
    Execute,
    ExecuteText,
    Insert,
    Literal,
    ObjectName,
    Position,
    Query,
    Select,
    SelectItem,
    ValuesTable,
)
from procluster.local.translate import (
    compile_query,
    convert_sql,
    nodes,
)
from procluster.local.translate.names import Compiled, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ColumnDefinition, Expression


__all__ = ["append_rows", "insert"]


def insert(engine: Interpreter, statement: Insert, frame: Frame) -> None:
    """INSERT from values, a query, defaults or EXEC."""
    target = frame.needed_table(statement.target)
    columns = _insert_columns(target, statement.columns)
    source, listed = statement.source, bool(statement.columns)
    is_one_row = isinstance(source, ValuesTable) and len(source.rows) == 1
    if isinstance(source, (Execute, ExecuteText)):
        engine.send_count(_insert_results(engine, frame, target, columns, source))
        return
    if source is None:
        columns, compiled = (), Compiled("SELECT 1", (), {})
    elif isinstance(source, ValuesTable):
        for row in source.rows:
            _check_width(len(row), target, columns, listed=listed, fewer=109, more=110)
        query = _values_query(source, columns)
        compiled = compile_query(query, frame)
    else:
        query = replace(source, with_tables=statement.with_tables + source.with_tables)
        compiled = compile_query(query, frame)
        width = len(compiled.columns)
        _check_width(width, target, columns, listed=listed, fewer=120, more=121)
    write = store_row if is_one_row else store
    engine.send_count(write(engine, frame, target, columns, compiled))


def _insert_columns(target: StoredTable, names: tuple[str, ...]) -> tuple[ColumnDefinition, ...]:
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


def _check_width(  # noqa: PLR0913
    width: int,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    *,
    listed: bool,
    fewer: int,
    more: int,
) -> None:
    """Compare the width of the source with the column list, or with the table without one."""
    if width == len(columns):
        return
    if listed:
        raise sql_error(fewer if width < len(columns) else more)
    if target.identity and width == len(target.columns):
        raise sql_error(8101, target.name)
    raise sql_error(213)


def _values_query(source: ValuesTable, columns: tuple[ColumnDefinition, ...]) -> Query:
    """The rows of VALUES as a query, DEFAULT replaced by what it stands for."""
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
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Execute | ExecuteText,
) -> int:
    """INSERT ... EXEC: every result set must have the columns of the list."""
    if engine.inserting:
        raise sql_error(8164)
    if isinstance(source, Execute) and source.result_sets is not None:
        raise Refusal(
            "WITH RESULT SETS in INSERT ... EXEC",
            "SQL Server does not allow it; write it inside the procedure",
            line=source.at.line,
            column=source.at.column,
        )
    alone = not engine.transaction.depth
    if alone:
        engine.transaction.begin()
    engine.inserting = engine.transaction.depth
    sets: list[ResultSet] = []
    try:
        with engine.taking(sets.append):
            if isinstance(source, Execute):
                execution.execute(engine, source, frame)
            else:
                execution.execute_text(engine, source, frame)
        engine.inserting = 0
        count = 0
        for found in sets:
            width = len(found.columns)
            _check_width(width, target, columns, listed=True, fewer=213, more=213)
            with engine.rows(found.table) as rows:
                compiled = Compiled(f"SELECT * FROM {rows}", found.columns, {})
                count += store(engine, frame, target, columns, compiled)
        if alone:
            engine.transaction.commit()
    except BaseException:
        if alone and engine.transaction.depth:
            engine.rollback()
        raise
    finally:
        engine.inserting = 0
    return count


def store(
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Compiled,
) -> int:
    """Write the rows of a query into columns of a table; the others get their defaults."""
    with engine.transaction.change():
        start = identity.next_number(engine, target)
        parts, parameters = _stage_columns(engine, frame, target, columns, source, start)
        with staged(engine, f"SELECT {', '.join(parts)} FROM ({source.sql})", parameters):
            count = check_nulls(engine, target, target.columns, "INSERT")
            if count > 1:
                _refuse_row_defaults(engine, target, columns)
            stage = Table(STAGE, frame.columns_of(target))
            names = RowNames(frame, {"@new": stage, "@kept": Table(target.sql, stage.columns)})
            check_new_rows(engine, target, names, "INSERT", None)
            engine.execute(f"INSERT INTO {target.sql} SELECT * FROM {STAGE}")
        _finish(engine, frame, target, start, count)
    return count


def store_row(
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: tuple[ColumnDefinition, ...],
    source: Compiled,
) -> int:
    """Write one row of values: as :func:`store`, in a third of the time, for it needs no stage."""
    with engine.transaction.change():
        start = identity.next_number(engine, target)
        parts, parameters = _stage_columns(engine, frame, target, columns, source, start)
        sql = f"SELECT {', '.join(parts)} FROM ({source.sql})"
        values = engine.first_row(sql, parameters) or ()
        refuse_nulls(engine, target, values)
        written = ", ".join(
            f"CAST($new{place} AS {column.type.storage}) AS {quote_sql(column.name)}"
            for place, column in enumerate(target.columns)
        )
        described = frame.columns_of(target)
        names = RowNames(
            frame,
            {
                "@new": Table(f"(SELECT {written})", described),
                "@kept": Table(target.sql, described),
            },
            {
                column.name.lower(): Variable(column.type, value)
                for column, value in zip(target.columns, values, strict=True)
            },
        )
        check_new_rows(engine, target, names, "INSERT", None)
        engine.execute(f"INSERT INTO {target.sql} SELECT {written}", names.parameters)
        _finish(engine, frame, target, start, 1)
    return 1


def _finish(engine: Interpreter, frame: Frame, target: StoredTable, start: int, count: int) -> None:
    """Remember the numbers given to new rows, and that the table was changed."""
    if target.identity and target.identity.identity and count:
        last = start + (count - 1) * target.identity.identity[1]
        identity.keep_last(engine, target, last)
        engine.identity = frame.identity = last
    engine.note_change(target)


def _stage_columns(  # noqa: PLR0913, PLR0917
    engine: Interpreter,
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
            where = f"table '{engine.database_name}.{target.full_name}', column '{column.name}'"
            sql = convert_sql(f"c{place}", kind, column.type, column=where)
        elif column.identity:
            step = column.identity[1]
            sql = f"CAST({start} + (row_number() OVER () - 1) * {step} AS {column.type.storage})"
        elif column.default is not None:
            key = f"default{number}"
            parameters[key] = engine.evaluate(column.default, frame, column.type)
            sql = f"CAST(${key} AS {column.type.storage})"
        else:
            sql = f"CAST(NULL AS {column.type.storage})"
        parts.append(f"{sql} AS {quote_sql(column.name)}")
    return parts, parameters


def _refuse_row_defaults(
    engine: Interpreter, target: StoredTable, columns: tuple[ColumnDefinition, ...]
) -> None:
    """Defaults are computed once a statement, so NEWID() cannot number several rows."""
    for column in target.columns:
        if column in columns or column.default is None:
            continue
        for node in nodes(column.default):
            if isinstance(node, Call) and node.name == ("NEWID",):
                raise Refusal(
                    f"the default of column {column.name} for several rows",
                    "write NEWID() in the query",
                    line=engine.at.line,
                    column=engine.at.column,
                )


def append_rows(engine: Interpreter, frame: Frame, name: str, data: pa.Table) -> int:
    """Insert the rows of an Arrow table, by column name."""
    parts = identifier_parts(name)
    target = frame.stored_table(ObjectName(Position(0, 0), parts)) if parts else None
    if target is None:
        raise sql_error(208, name)
    columns = _insert_columns(target, tuple(data.column_names))
    kinds: list[Column] = []
    with engine.rows(data) as rows:
        described = engine.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
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
            return store(engine, frame, target, columns, source)
        except SqlError:
            engine.transaction.notice_failure()
            raise
