"""The table that rows are loaded into: made from their values, or checked against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from procluster import tables
from procluster.errors import DataError
from procluster.generator.quoting import identifier
from procluster.load.rows import PLACE, Fault
from procluster.load.values import allowed, infer, value_sql
from procluster.wording import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from procluster.load.rows import Rows
    from procluster.local.database import Session
    from procluster.local.results import Column
    from procluster.local.types import SqlType
    from procluster.tables import TableName

__all__ = ["Field", "Mode", "Report", "describe", "load", "summary"]

Mode = Literal["create", "append", "replace"]

NAMED_FAULTS = 20
"""Faults that a refusal names one by one."""


@dataclass(frozen=True)
class Field:
    """A column of the file and of the table."""

    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True)
class Report:
    """What :func:`load` did.

    Attributes
    ----------
    table : TableName
    created : bool
    fields : tuple of Field
    rows : int
        Rows loaded.
    faults : tuple of Fault
        Why the other rows were left out, in the order of the file.
    left_out : int
        Their number; one row may have several faults.
    notes : tuple of str
        Columns that became text for the sake of a few values.
    """

    table: TableName
    created: bool
    fields: tuple[Field, ...]
    rows: int
    faults: tuple[Fault, ...]
    left_out: int
    notes: tuple[str, ...] = ()


def load(
    session: Session,
    table: TableName,
    rows: Rows,
    *,
    mode: Mode = "create",
    max_errors: int = 0,
) -> Report:
    """Load rows into a table, all in one transaction.

    Parameters
    ----------
    session : Session
    table : TableName
    rows : Rows
    mode : {'create', 'append', 'replace'}
        What to do when the table has rows already: refuse, keep them, delete them. A table that
        is there keeps its columns, keys and constraints in every case.
    max_errors : int
        Rows that may be left out.

    Raises
    ------
    DataError
        The table has rows and `mode` is 'create', its columns are others than the file's, or
        more than `max_errors` rows are bad. Nothing is loaded then.
    SqlError
        The table refuses the rows: a duplicate key, a CHECK. Nothing is loaded either.
    """
    there = tables.exists(session, table)
    if there and mode == "create" and (held := tables.count(session, table)):
        raise DataError(
            f"{table}: holds rows already, {held:,}. Give --append to keep them or --replace to "
            "delete them."
        )
    with duckdb.connect() as connection:
        connection.register("texts", rows.texts)
        fields = (
            _match(rows, table, tables.columns(session, table))
            if there
            else _propose(connection, rows, max_errors)
        )
        faults = sorted(
            (*rows.faults, *_misfits(connection, fields)), key=lambda fault: fault.place
        )
        bad = {fault.place for fault in faults}
        if len(bad) > max_errors:
            raise DataError(_refusal(rows, faults, len(bad), max_errors))
        data = _values(connection, fields, bad)
        notes = () if there or rows.types else _near_misses(connection, rows, fields)
    with tables.transaction(session):
        if not there:
            session.query(_create_sql(table, fields))
        elif mode == "replace":
            session.query(f"DELETE FROM {table};")  # noqa: S608 - quoted
        session.append(str(table), data)
    return Report(table, not there, fields, data.num_rows, tuple(faults), len(bad), notes)


def describe(rows: Rows, fault: Fault) -> str:
    """Name one fault: where, what and why."""
    column = f", column {fault.column}" if fault.column else ""
    value = "" if fault.value is None else f"{fault.value!r} "
    return f"{rows.source}: {rows.unit} {fault.place}{column}: {value}{fault.why}"


def summary(report: Report) -> str:
    """Say what was loaded, and into which columns."""
    table = "new table" if report.created else "table"
    loaded = f"{counted(report.rows, 'row')} loaded"
    head = f"{table} {report.table}: {loaded}, {report.left_out:,} left out"
    width = max(len(field.name) for field in report.fields)
    columns = (f"    {one.name:{width}}  {one.type}" for one in report.fields)
    return "\n".join([head, *columns, *report.notes])


def _match(rows: Rows, table: TableName, columns: tuple[Column, ...]) -> tuple[Field, ...]:
    """Give each column of the file the table's column of that name, letter case aside."""
    known = {column.name.lower(): column for column in columns}
    strange = [name for name in rows.names if name.lower() not in known]
    if strange:
        raise DataError(
            f"{rows.source}: {table} has no column {', '.join(strange)}. It has "
            f"{', '.join(column.name for column in columns)}. Load other columns into another "
            "table, or DROP TABLE first."
        )
    found = (known[name.lower()] for name in rows.names)
    return tuple(Field(column.name, column.type, column.nullable) for column in found)


def _propose(
    connection: duckdb.DuckDBPyConnection, rows: Rows, max_errors: int
) -> tuple[Field, ...]:
    types = rows.types or [
        infer(connection, "texts", f"c{at}", max_errors) for at in range(len(rows.names))
    ]
    return tuple(Field(name, kind) for name, kind in zip(rows.names, types, strict=True))


def _near_misses(
    connection: duckdb.DuckDBPyConnection, rows: Rows, fields: tuple[Field, ...]
) -> tuple[str, ...]:
    """Find the text columns that would be numbers or dates but for one value in a hundred."""
    notes = []
    for at, field in enumerate(fields):
        kind = infer(connection, "texts", f"c{at}", rows.texts.num_rows // 100)
        if field.type.family == "text" and kind.family != "text":
            column = Field(field.name, kind)
            odd = _misfits_of(connection, at, column)
            notes.append(
                f"{field.name} is {field.type}, for not all of its values are {kind}. "
                f"Exceptions: {len(odd):,}, the first in {rows.unit} {odd[0].place}: "
                f"{odd[0].value!r}. --max-errors {len(odd)} leaves such rows out."
            )
    return tuple(notes)


def _misfits(connection: duckdb.DuckDBPyConnection, fields: tuple[Field, ...]) -> list[Fault]:
    faults = [_misfits_of(connection, at, field) for at, field in enumerate(fields)]
    return [fault for of_column in faults for fault in of_column]


def _misfits_of(connection: duckdb.DuckDBPyConnection, at: int, field: Field) -> list[Fault]:
    """Find the values of one column that do not fit it, in the order of the file."""
    column = f"c{at}"
    missing = f"{column} IS NULL" if not field.nullable else "false"
    found = connection.sql(
        f"SELECT {PLACE}, {column} FROM texts WHERE {missing} "  # noqa: S608 - our own names
        f"OR {column} IS NOT NULL AND {value_sql(column, field.type)} IS NULL ORDER BY {PLACE}"
    ).fetchall()
    unfit = f"is no {field.type}. Allowed: {allowed(field.type)}."
    empty = "is empty, and the column is NOT NULL."
    return [
        Fault(place, field.name, value, empty if value is None else unfit) for place, value in found
    ]


def _values(
    connection: duckdb.DuckDBPyConnection, fields: tuple[Field, ...], bad: set[int]
) -> pa.Table:
    chosen = ", ".join(
        f"{value_sql(f'c{at}', field.type)} AS {_quoted(field.name)}"
        for at, field in enumerate(fields)
    )
    return connection.sql(
        f"SELECT {chosen} FROM texts "  # noqa: S608 - our own names, or quoted
        f"WHERE NOT list_contains($bad::BIGINT[], {PLACE}) ORDER BY {PLACE}",
        params={"bad": sorted(bad)},
    ).to_arrow_table()


def _create_sql(table: TableName, fields: tuple[Field, ...]) -> str:
    columns = ",\n".join(f"    {identifier(field.name)} {field.type} NULL" for field in fields)
    return f"CREATE TABLE {table} (\n{columns}\n);"


def _refusal(rows: Rows, faults: list[Fault], bad: int, max_errors: int) -> str:
    named = [describe(rows, fault) for fault in faults[:NAMED_FAULTS]]
    more = len(faults) - len(named)
    return "\n".join(
        [
            (
                f"{rows.source}: {counted(bad, 'bad row')}, {max_errors} allowed "
                "(--max-errors). Nothing was loaded."
            ),
            *named,
            *([f"... and {more:,} more"] if more else []),
        ]
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
