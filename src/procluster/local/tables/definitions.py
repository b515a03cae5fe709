"""CREATE TABLE, SELECT INTO, ALTER TABLE, CREATE INDEX, and DROP of tables and indexes."""

from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error, refuse
from procluster.local.quoting import literal, quote_sql
from procluster.local.registry import run
from procluster.local.stored import StoredTable, storage_columns, table_of, utc_now
from procluster.local.tables.constraints import (
    Rules,
    UniqueKey,
    check_rules,
    find_duplicate,
    shown,
)
from procluster.local.translate import Compiled, Table
from procluster.local.types import NEXT_ROWVERSION, ROWVERSION


@run.register
def create_table(statement: ast.CreateTable, engine: Interpreter, frame: Frame) -> None:
    _check_columns(statement)
    with engine.transaction.change():
        if statement.name.parts[-1].startswith("#"):
            _create_temporary(engine, statement, frame)
        else:
            _create_permanent(engine, statement, frame)
    engine.row_count = 0


def _create_temporary(engine: Interpreter, statement: ast.CreateTable, frame: Frame) -> None:
    name = statement.name.parts[-1]
    if name.startswith("##"):
        reason = "use a # table or a table of the database"
        raise refuse(f"global temp table {name}", reason, statement.at)
    if name.lower() in frame.temporary:
        raise error(2714, name)
    engine.temporary_number += 1
    # The same table has the same name each time: what was compiled for it is used again.
    sql = quote_sql("temp", f"{name}~{frame.level}")
    table = table_of(-engine.temporary_number, "", name, sql, statement)
    # "Skipping FOREIGN KEY constraint" on a server.
    kept = tuple(one for one in table.constraints if not isinstance(one, ast.ForeignKey))
    table = replace(table, constraints=kept)
    # What a level dropped is there again after ROLLBACK, where the level has ended.
    engine.write(f"CREATE OR REPLACE TEMP TABLE {sql} ({storage_columns(table.columns)})")
    frame.temporary[name.lower()] = table
    engine.transaction.on_rollback(lambda: frame.temporary.pop(name.lower(), None))


def _create_permanent(engine: Interpreter, statement: ast.CreateTable, frame: Frame) -> None:
    schema, name = frame.schema_of(statement.name), statement.name.parts[-1]
    table = table_of(engine.catalog.new_id(), schema, name, quote_sql(schema, name), statement)
    for taken in (name, *table.named_parts):
        if engine.catalog.is_taken(schema, taken):
            raise error(2714, taken)
    check_rules(frame.with_rows({"@new": Table(table.sql, table.shown)}), table)
    engine.write(f"CREATE TABLE {table.sql} ({storage_columns(table.columns)})")
    engine.catalog.put(engine.write, table)


def _check_columns(statement: ast.CreateTable) -> None:
    """Check names, rowversions and keys: 2705, 2738, 1755, 1911, 8110, 8111."""
    columns: dict[str, ast.ColumnDefinition] = {}
    table = statement.name.parts[-1]
    for column in statement.columns:
        if column.name.lower() in columns:
            raise error(2705, column.name, table)
        columns[column.name.lower()] = column
    _check_rowversion(table, statement.columns)
    primary = 0
    for constraint in statement.constraints:
        if isinstance(constraint, ast.Check):
            continue
        is_primary = isinstance(constraint, ast.KeyConstraint) and constraint.kind != "UNIQUE"
        primary += is_primary
        for name in constraint.columns:
            if name.lower() not in columns:
                raise error(1911, name)
            if is_primary and columns[name.lower()].nullable:
                raise error(8111, table)
    if primary > 1:
        raise error(8110, table)


def _check_rowversion(table: str, columns: tuple[ast.ColumnDefinition, ...]) -> None:
    for place, column in enumerate(one for one in columns if one.type == ROWVERSION):
        if place:
            raise error(2738, table, column.name, state=2)
        if column.default is not None:
            raise error(1755, table, column.name, state=0)


def create_from_query(
    engine: Interpreter, name: ast.ObjectName, compiled: Compiled, frame: Frame
) -> int:
    """SELECT ... INTO: a table with the columns of a query."""
    if any(not column.name for column in compiled.columns):
        raise error(1038)
    if any(column.type == ROWVERSION for column in compiled.columns):
        reason = "the new table would have numbers that another one has; CAST it AS binary(8)"
        raise refuse("SELECT INTO of a rowversion", reason, name.at)
    columns = tuple(
        ast.ColumnDefinition(ast.NOWHERE, column.name, column.type, column.nullable)
        for column in compiled.columns
    )
    with engine.transaction.change():
        run(ast.CreateTable(name.at, name, columns), engine, frame)
        table = frame.needed_table(name)
        made = engine.first_row(f"INSERT INTO {table.sql} {compiled.sql}", compiled.parameters)
        count = int(made[0]) if made else 0
        engine.keep_rows(f"INSERT INTO {table.sql}", table.sql, count)
    return count


# --- ALTER TABLE


@run.register
def alter_table(statement: ast.AlterTable, engine: Interpreter, frame: Frame) -> None:
    table = frame.stored_table(statement.name)
    if table is None:
        raise error(4902, statement.name)
    if not table.schema:
        raise refuse("ALTER TABLE of a temp table", "create it with all its columns", statement.at)
    with engine.transaction.change():
        for name in statement.drop_constraints:
            table = _without_constraint(table, name)
        if statement.drop_columns:
            table = _drop_columns(engine, table, statement.drop_columns)
        if statement.columns or statement.constraints:
            table = _add_parts(engine, table, statement, frame)
        engine.catalog.put(engine.write, replace(table, modified_at=utc_now()))
    engine.row_count = 0


def _add_parts(
    engine: Interpreter, table: StoredTable, statement: ast.AlterTable, frame: Frame
) -> StoredTable:
    """Check everything against the rows there are, then change the table."""
    columns = table.columns + statement.columns
    constraints = table.constraints + statement.constraints
    create = ast.CreateTable(statement.at, statement.name, columns, constraints)
    _check_columns(create)
    wider = table_of(table.object_id, table.schema, table.name, table.sql, create)
    wider = replace(wider, indexes=table.indexes, created_at=table.created_at)
    added = wider.columns[len(table.columns) :]
    values = "".join(f", {_filled(engine, table, column, frame)}" for column in added)
    rows = f"(SELECT *{values} FROM {table.sql})"
    fresh = replace(wider, constraints=wider.constraints[len(table.constraints) :], indexes=())
    for constraint in fresh.named_parts:
        if constraint not in table.named_parts and engine.catalog.is_taken(
            table.schema, constraint
        ):
            raise error(2714, constraint)
    kept = Table(f"(SELECT * FROM {rows} LIMIT 0)", wider.shown)
    seeing = frame.with_rows({"@new": Table(rows, wider.shown), "@kept": kept})
    check_rules(seeing, fresh)
    Rules(seeing, fresh, "ALTER TABLE").check_new_rows()
    if added:
        head = f"CREATE OR REPLACE TABLE {table.sql} AS"
        if any(column.type == ROWVERSION for column in added):
            # Done again it would ask for other numbers.
            engine.execute(f"{head} FROM {rows}")
            engine.keep_rows(head, table.sql, engine.count(table.sql))
        else:
            engine.write(f"{head} FROM {rows}")
    return wider


def _filled(
    engine: Interpreter, table: StoredTable, column: ast.ColumnDefinition, frame: Frame
) -> str:
    """What a new column holds in the rows there are: NULL, or the default if it must not be."""
    if column.type == ROWVERSION:
        return f"{NEXT_ROWVERSION} AS {quote_sql(column.name)}"
    if column.identity:
        reason = "create the table with it"
        raise refuse("ALTER TABLE ADD of an identity column", reason, column.at)
    if not column.nullable and column.default is None and engine.count(table.sql):
        raise error(4901, column.name, table.name)
    value = None
    if column.default is not None and not column.nullable:
        place = frame.shown(table).place_of(column.name)
        value = engine.evaluate(column.default, frame, column.type, place)
    text = "NULL" if value is None else literal(str(value))
    if isinstance(value, bytes):
        text = f"unhex('{value.hex()}')"
    return f"CAST({text} AS {column.type.storage}) AS {quote_sql(column.name)}"


def _without_constraint(table: StoredTable, name: str) -> StoredTable:
    key = name.lower()
    if key not in map(str.lower, table.named_parts):
        raise error(3728, name)
    return replace(
        table,
        constraints=tuple(c for c in table.constraints if (c.name or "").lower() != key),
        columns=tuple(
            replace(c, default=None, default_name=None, default_text=None)
            if (c.default_name or "").lower() == key
            else c
            for c in table.columns
        ),
    )


def _drop_columns(engine: Interpreter, table: StoredTable, names: tuple[str, ...]) -> StoredTable:
    for name in names:
        column = table.column(name)
        if column is None:
            raise error(4924, name, table.name)
        if column.default is not None or _is_used(table, column.name.lower()):
            raise error(4922, name)
        if len(table.columns) == 1:
            raise error(4923, column.name, table.name)
        table = replace(table, columns=tuple(c for c in table.columns if c is not column))
    kept = ", ".join(quote_sql(column.name) for column in table.columns)
    engine.write(f"CREATE OR REPLACE TABLE {table.sql} AS SELECT {kept} FROM {table.sql}")
    return table


def _is_used(table: StoredTable, column: str) -> bool:
    lists = [key.columns for key in table.keys] + [key.columns for key in table.foreign_keys]
    lists += [index.columns for index in table.indexes]
    named = {name.lower() for names in lists for name in names}
    return column in named or any(column in c.condition_text.lower() for c in table.checks)


# --- indexes and DROP


@run.register
def create_index(statement: ast.CreateIndex, engine: Interpreter, frame: Frame) -> None:
    """CREATE INDEX: recorded, and enforced when unique."""
    if frame.find(statement.table) is None:
        raise error(1088, statement.table, state=12)
    table = frame.needed_table(statement.table)
    for name in (*statement.columns, *statement.include):
        if table.column(name) is None:
            raise error(1911, name)
    if any(index.name.lower() == statement.name.lower() for index in table.indexes):
        raise error(1913, statement.name, table.full_name)
    if statement.unique:
        key = UniqueKey(statement.name, "INDEX", statement.columns, statement.where_text)
        seeing = frame.with_rows({"@new": Table(table.sql, table.shown)})
        found = find_duplicate(seeing, key, beside_kept=False)
        if found:
            raise error(1505, table.full_name, statement.name, shown(found))
    with engine.transaction.change():
        if table.schema:
            engine.catalog.put_index(engine.write, table, statement)
        else:
            wider = replace(table, indexes=(*table.indexes, statement))
            frame.keep_local(wider, instead_of=table)
            engine.transaction.on_rollback(lambda: frame.keep_local(table, instead_of=wider))
    engine.row_count = 0


def drop_table(engine: Interpreter, table: StoredTable, frame: Frame) -> None:
    """Drop a table; 3726 where a foreign key needs it."""
    if not table.schema:
        frame.forget_local(table)
        engine.transaction.on_rollback(lambda: frame.keep_local(table))
        engine.write(f"DROP TABLE {table.sql}")
        return
    if any(child is not table for child, _ in engine.catalog.referencing(table)):
        raise error(3726, table.full_name)
    engine.write(f"DROP TABLE {table.sql}")
    engine.catalog.remove(engine.write, table)


def drop_index(engine: Interpreter, table: StoredTable, name: str, frame: Frame) -> bool:
    """Drop an index; False when there is none of that name."""
    rest = tuple(found for found in table.indexes if found.name.lower() != name.lower())
    if len(rest) == len(table.indexes):
        return False
    if table.schema:
        engine.catalog.remove_index(engine.write, table, name)
    else:
        frame.keep_local(replace(table, indexes=rest), instead_of=table)
    return True
