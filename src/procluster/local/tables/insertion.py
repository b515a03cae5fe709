"""INSERT: from values, a query, defaults, a procedure, or rows in memory."""

from dataclasses import replace
from functools import partial

import pyarrow as pa

from procluster.errors import DataError, SqlError
from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.lexer import identifier_parts
from procluster.local.messages import error, refuse
from procluster.local.quoting import quote_sql
from procluster.local.registry import run
from procluster.local.results import Column, ResultSet
from procluster.local.stored import StoredTable, type_of_storage
from procluster.local.tables.constraints import check_new_rows
from procluster.local.tables.new_rows import OneRow, Stage, fill_stage
from procluster.local.tables.numbering import next_number, use_numbers
from procluster.local.translate import Compiled, Names, Table, compile_query, convert_sql

Columns = tuple[ast.ColumnDefinition, ...]


@run.register
def insert(statement: ast.Insert, engine: Interpreter, frame: Frame) -> None:
    target = frame.needed_table(statement.target)
    columns = _insert_columns(target, statement.columns)
    source, listed = statement.source, bool(statement.columns)
    is_one_row = isinstance(source, ast.ValuesTable) and len(source.rows) == 1
    if isinstance(source, (ast.Execute, ast.ExecuteText)):
        engine.send_count(_insert_results(engine, frame, target, columns, source))
        return
    if source is None:
        columns, compiled = (), Compiled("SELECT 1", ())
    elif isinstance(source, ast.ValuesTable):
        for row in source.rows:
            _check_width(len(row), target, columns, (109, 110) if listed else ())
        compiled = engine.plans.compile(partial(_compile_values, columns), source, frame)
    else:
        if statement.with_tables:
            source = replace(source, with_tables=statement.with_tables + source.with_tables)
        compiled = engine.plans.compile(compile_query, source, frame)
        _check_width(len(compiled.columns), target, columns, (120, 121) if listed else ())
    engine.send_count(store(engine, frame, target, columns, compiled, is_one_row=is_one_row))


def _insert_columns(target: StoredTable, names: tuple[str, ...]) -> Columns:
    if not names:
        return tuple(column for column in target.columns if column.identity is None)
    columns: list[ast.ColumnDefinition] = []
    for name in names:
        column = target.column(name)
        if column is None:
            raise error(207, name)
        if column in columns:
            raise error(264, name)
        if column.identity:
            raise error(544, target.name)
        columns.append(column)
    return tuple(columns)


def _check_width(
    width: int, target: StoredTable, columns: Columns, numbers: tuple[int, ...]
) -> None:
    """Compare the width of the source with the column list, or with the table without one."""
    if width == len(columns):
        return
    if numbers:
        raise error(numbers[width > len(columns)])
    if target.identity and width == len(target.columns):
        raise error(8101, target.name)
    raise error(213)


def _compile_values(columns: Columns, source: ast.ValuesTable, names: Names) -> Compiled:
    """Compile the rows of VALUES; with a DEFAULT in them they hold for these columns only."""
    compiled = compile_query(_values_query(source, columns), names)
    has_default = any(_is_default(value) for row in source.rows for value in row)
    return replace(compiled, meaning=None) if has_default else compiled


def _values_query(source: ast.ValuesTable, columns: Columns) -> ast.Query:
    """The rows of VALUES as a query, DEFAULT replaced by what it stands for."""
    at = source.at
    rows = tuple(
        tuple(_or_default(value, column) for value, column in zip(row, columns, strict=True))
        for row in source.rows
    )
    if len(rows) == 1:
        return ast.Query(at, ast.Select(at, tuple(ast.SelectItem(at, value) for value in rows[0])))
    names = tuple(f"c{place}" for place in range(len(columns)))
    items = tuple(ast.SelectItem(at, ast.ColumnRef(at, (name,))) for name in names)
    return ast.Query(at, ast.Select(at, items, source=ast.ValuesTable(at, rows, "v", names)))


def _or_default(value: ast.Expression, column: ast.ColumnDefinition) -> ast.Expression:
    return (column.default or ast.Literal(value.at, "null")) if _is_default(value) else value


def _is_default(value: ast.Expression) -> bool:
    return isinstance(value, ast.Literal) and value.kind == "default"


def _insert_results(
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: Columns,
    source: ast.Execute | ast.ExecuteText,
) -> int:
    """INSERT ... EXEC: every result set must have the columns of the list."""
    if engine.inserting:
        raise error(8164)
    if isinstance(source, ast.Execute) and source.result_sets is not None:
        reason = "SQL Server does not allow it; write it inside the procedure"
        raise refuse("WITH RESULT SETS in INSERT ... EXEC", reason, source.at)
    alone = not engine.transaction.depth
    if alone:
        engine.transaction.begin(xact_abort=engine.options.xact_abort)
    engine.inserting = engine.transaction.depth
    sets: list[ResultSet] = []
    try:
        with engine.taking(sets.append):
            run(source, engine, frame)
        engine.inserting = 0
        if alone:
            engine.transaction.log.stop()
        count = 0
        for found in sets:
            _check_width(len(found.columns), target, columns, (213, 213))
            with engine.rows(found.table) as rows:
                compiled = Compiled(f"SELECT * FROM {rows}", found.columns)
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


def store(  # noqa: PLR0913
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: Columns,
    source: Compiled,
    *,
    is_one_row: bool = False,
) -> int:
    """Write the rows of a query into columns of a table; the others get their defaults."""
    with engine.transaction.change():
        start = next_number(engine, target)
        parts, parameters = _stage_columns(engine, frame, target, columns, source, start)
        sql = f"SELECT {', '.join(parts)} FROM ({source.sql})"
        kept = {"@kept": Table(target.sql, target.shown)}
        places = {column.name: f"c{place}" for place, column in enumerate(target.columns)}
        new: OneRow | Stage
        if is_one_row:
            new = OneRow(target, engine.first_row(sql, parameters) or ())
        else:
            new = Stage(target, places, fill_stage(engine, sql, parameters))
        if new.count:
            use_numbers(engine, frame, target, start, new.count)
            new.check_nulls(frame, "INSERT", places)
            check_new_rows(new.seen_by(frame, kept), target, "INSERT")
            new.insert(engine)
    return new.count


def _stage_columns(  # noqa: PLR0913, PLR0917
    engine: Interpreter,
    frame: Frame,
    target: StoredTable,
    columns: Columns,
    source: Compiled,
    start: int,
) -> tuple[list[str], dict[str, object]]:
    """SQL of every column of the target, converted as an assignment converts."""
    places = {column.name: place for place, column in enumerate(columns)}
    parameters, parts = dict(source.parameters), []
    for number, column in enumerate(target.columns):
        sql = f"CAST(NULL AS {column.type.storage})"
        if column.name in places:
            place = places[column.name]
            label = f"table '{engine.database_name}.{target.full_name}', column '{column.name}'"
            kind = source.columns[place].type
            sql = convert_sql(f"c{place}", kind, column.type, column=label)
        elif column.identity:
            step = column.identity[1]
            sql = f"CAST({start} + (row_number() OVER () - 1) * {step} AS {column.type.storage})"
        elif column.default is not None:
            key = f"default{number}"
            parameters[key] = engine.evaluate(column.default, frame, column.type)
            sql = f"CAST(${key} AS {column.type.storage})"
        parts.append(f"{sql} AS c{number}")
    return parts, parameters


def append_rows(engine: Interpreter, name: str, data: pa.Table) -> int:
    """Insert the rows of an Arrow table, by column name."""
    frame = Frame(engine, temporary=engine.base.temporary)
    parts = identifier_parts(name)
    target = frame.stored_table(ast.ObjectName(ast.NOWHERE, parts)) if parts else None
    if target is None:
        raise error(208, name)
    columns = _insert_columns(target, tuple(data.column_names))
    kinds: list[Column] = []
    with engine.rows(data) as rows:
        described = engine.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
        for column, (_, storage, *_) in zip(columns, described, strict=True):
            kind = type_of_storage(storage)
            if kind is None:
                text = f"{name}.{column.name}: rows of DuckDB's type {storage} have no type in "
                raise DataError(text + f"T-SQL. Cast them to {column.type} first.")
            kinds.append(Column(column.name, kind))
        places = ", ".join(
            f"{quote_sql(given)} AS c{place}" for place, given in enumerate(data.column_names)
        )
        try:
            source = Compiled(f"SELECT {places} FROM {rows}", tuple(kinds))
            return store(engine, frame, target, columns, source)
        except SqlError:
            engine.recover()
            raise
