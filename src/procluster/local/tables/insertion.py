"""INSERT: from values, a query, defaults, a procedure, or rows in memory."""

from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa

from procluster.errors import DataError, SqlError
from procluster.local import syntax as ast
from procluster.local.change_log import Verb
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.lexer import identifier_parts
from procluster.local.messages import UNFIT, error, refuse
from procluster.local.quoting import quote_sql
from procluster.local.registry import run
from procluster.local.results import Column, ResultSet
from procluster.local.stored import StoredTable, type_of_storage
from procluster.local.tables.constraints import Rules
from procluster.local.tables.new_rows import OneRow, Stage, fill_stage, next_number, use_numbers
from procluster.local.translate import Compiled, Names, compile_query, convert_sql
from procluster.local.translate.term import NULL
from procluster.local.types import NEXT_ROWVERSION, ROWVERSION

Columns = tuple[ast.ColumnDefinition, ...]


@run.register
def insert(statement: ast.Insert, engine: Interpreter, frame: Frame) -> None:
    target, source = frame.needed_table(statement.target), statement.source
    columns = _insert_columns(target, statement.columns)
    into = Insertion(engine, frame, target, columns, is_listed=bool(statement.columns))
    if isinstance(source, (ast.Execute, ast.ExecuteText)):
        count = into.store_results(source)
    elif source is None:
        count = replace(into, columns=()).store(Compiled("SELECT 1", ()))
    elif isinstance(source, ast.ValuesTable):
        for row in source.rows:
            into.check_width(len(row), 109, 110)
        into, source = _with_computed_defaults(into, source)
        compiled = engine.plans.compile(partial(_compile_values, into.columns), source, frame)
        count = into.store(compiled, is_one_row=len(source.rows) == 1)
    else:
        if statement.with_tables:
            source = replace(source, with_tables=statement.with_tables + source.with_tables)
        compiled = engine.plans.compile(compile_query, source, frame)
        into.check_width(len(compiled.columns), 120, 121)
        count = into.store(compiled)
    engine.send_count(count)


@dataclass(frozen=True)
class Insertion:
    """Rows on their way into columns of a table; the others get their defaults."""

    engine: Interpreter
    frame: Frame
    target: StoredTable
    columns: Columns
    is_listed: bool = True

    def check_width(self, width: int, fewer: int, more: int) -> None:
        """Compare the width of the source with the column list, or with the table without one."""
        if width == len(self.columns):
            return
        if self.is_listed:
            raise error(more if width > len(self.columns) else fewer)
        if self.target.identity and width == len(self.target.columns):
            raise error(8101, self.target.name)
        raise error(213)

    def store_results(self, source: ast.Execute | ast.ExecuteText) -> int:
        """INSERT ... EXEC: every result set must have the columns of the list."""
        engine = self.engine
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

        def take(found: ResultSet) -> None:
            if len(found.columns) != len(self.columns):
                raise error(213, state=UNFIT)
            sets.append(found)

        try:
            with engine.taking(take):
                run(source, engine, self.frame)
            engine.inserting = 0
            if alone:
                engine.transaction.log.room = -1
            count = sum(map(self._store_result, sets))
            if alone:
                engine.transaction.commit()
        except BaseException:
            if alone and engine.transaction.depth:
                engine.rollback()
            raise
        finally:
            engine.inserting = 0
        return count

    def _store_result(self, found: ResultSet) -> int:
        with self.engine.rows(found.table) as rows:
            return self.store(Compiled(f"SELECT * FROM {rows}", found.columns))

    def store(self, source: Compiled, *, is_one_row: bool = False) -> int:
        """Write the rows of a query."""
        engine, target = self.engine, self.target
        with engine.transaction.change():
            start = next_number(engine, target)
            parts, parameters = self._staged(source, start)
            sql = f"SELECT {', '.join(parts)} FROM ({source.sql})"
            kept = {"@kept": self.frame.shown(target)}
            places = {column.name: f"c{place}" for place, column in enumerate(target.columns)}
            new: OneRow | Stage
            if is_one_row:
                # A sequence is written where it is read: within the transaction, once.
                reads = source.reads or NEXT_ROWVERSION in sql
                row = engine.first_row(sql, parameters, reads=reads)
                new = OneRow(target, row or ())
            else:
                new = Stage(target, places, fill_stage(engine, sql, parameters))
            if new.count:
                use_numbers(engine, self.frame, target, start, new.count)
                new.check_nulls(self.frame, "INSERT", places)
                Rules(new.seen_by(self.frame, kept), target, "INSERT").check_new_rows()
                new.write(engine, Verb.INSERT)
        return new.count

    def _staged(self, source: Compiled, start: int) -> tuple[list[str], dict[str, object]]:
        """SQL of every column of the target, converted as an assignment converts."""
        places = {column.name: place for place, column in enumerate(self.columns)}
        parameters, parts = dict(source.parameters), []
        table = self.frame.shown(self.target)
        for number, column in enumerate(self.target.columns):
            sql = "NULL"
            label = table.place_of(column.name)
            if column.type == ROWVERSION:
                if column.name in places and source.columns[places[column.name]].type is not NULL:
                    raise error(273)
                sql = NEXT_ROWVERSION
            elif column.name in places:
                place = places[column.name]
                kind = source.columns[place].type
                sql = convert_sql(f"c{place}", kind, column.type, column=label)
            elif column.identity:
                sql = f"{start} + (row_number() OVER () - 1) * {column.identity[1]}"
            elif column.default is not None:
                sql = f"$default{number}"
                value = self.engine.evaluate(column.default, self.frame, column.type, label)
                parameters[f"default{number}"] = value
            if column.name not in places:
                sql = f"CAST({sql} AS {column.type.storage})"
            parts.append(f"{sql} AS c{number}")
        return parts, parameters


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


def _with_computed_defaults(
    into: Insertion, source: ast.ValuesTable
) -> tuple[Insertion, ast.ValuesTable]:
    """Have the defaults that are no constants among the values: one query computes them all."""
    left_out = (column for column in into.target.columns if column not in into.columns)
    computed = tuple(c for c in left_out if c.default and not isinstance(c.default, ast.Literal))
    if not computed:
        return into, source
    defaults = (ast.Literal(source.at, "default"),) * len(computed)
    rows = tuple((*row, *defaults) for row in source.rows)
    return replace(into, columns=into.columns + computed), replace(source, rows=rows)


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
            return Insertion(engine, frame, target, columns).store(source)
        except SqlError:
            engine.recover()
            raise
