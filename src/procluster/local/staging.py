"""Rows on their way into a table, in a DuckDB temp table where they are checked first.

DuckDB has no savepoints, so a constraint must be found broken before anything is changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from procluster.local.messages import sql_error
from procluster.local.stored import StoredTable, quote_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.errors import SqlError
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ColumnDefinition

__all__ = ["STAGE", "check_nulls", "refuse_nulls", "staged"]

STAGE = quote_sql("temp", "_stage")


@contextmanager
def staged(engine: Interpreter, sql: str, parameters: dict[str, object]) -> Iterator[None]:
    """Have the rows of a query in the stage meanwhile."""
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {sql}", parameters or None)
    yield
    engine.execute(f"DROP TABLE {STAGE}")


def check_nulls(
    engine: Interpreter,
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
    row = engine.first_row(f"SELECT count(*){', ' * bool(counts)}{counts} FROM {STAGE}")
    total, *filled = row or (0,)
    for column, count in zip(columns, filled, strict=True):
        if count < total:
            raise _null(engine, target, column, verb)
    return int(total)


def refuse_nulls(engine: Interpreter, target: StoredTable, values: tuple[object, ...]) -> None:
    """Check one row of a table on its way in; 515."""
    for column, value in zip(target.columns, values, strict=True):
        if value is None and not column.nullable:
            raise _null(engine, target, column, "INSERT")


def _null(
    engine: Interpreter, target: StoredTable, column: ColumnDefinition, verb: str
) -> SqlError:
    return sql_error(515, column.name, f"{engine.database_name}.{target.full_name}", verb)
