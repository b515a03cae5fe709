"""The stage: a DuckDB temp table where rows are checked on their way into their table."""

from __future__ import annotations

from procluster.local import syntax as ast
from procluster.local.engine import Engine
from procluster.local.frame import Frame
from procluster.local.quoting import quote_sql
from procluster.local.stored import StoredTable
from procluster.local.tables.constraints import null_error
from procluster.local.translate import Change

STAGE = quote_sql("temp", "_stage")


def stage(engine: Engine, change: Change) -> None:
    """Put the rows of a change into the stage, each once."""
    sql = f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {change.rows.sql}"
    engine.execute(sql, change.rows.parameters)
    if change.is_joined:  # most joins meet a row once, and to see that is quicker than DISTINCT
        counts = engine.first_row(f"SELECT count(*), count(DISTINCT c0) FROM {STAGE}")
        if counts and counts[0] != counts[1]:
            distinct = f"SELECT DISTINCT ON (c0) * FROM {STAGE}"
            engine.execute(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS {distinct}")


def write_staged(engine: Engine, sql: str) -> None:
    """Execute a change by the rows of the stage, and drop it."""
    engine.keep_rows(f"CREATE OR REPLACE TEMP TABLE {STAGE} AS", STAGE)
    engine.write(sql)
    engine.write(f"DROP TABLE {STAGE}")


def check_nulls(
    frame: Frame,
    target: StoredTable,
    columns: tuple[ast.ColumnDefinition, ...],
    verb: str,
    places: tuple[str, ...],
) -> int:
    """Count the staged rows; 515 where one has NULL in a column that allows none."""
    engine = frame.engine
    counts = ", ".join(
        "count(*)" if column.nullable else f"count({quote_sql(place)})"
        for column, place in zip(columns, places, strict=True)
    )
    row = engine.first_row(f"SELECT count(*){', ' * bool(counts)}{counts} FROM {STAGE}")
    total, *filled = row or (0,)
    for column, count in zip(columns, filled, strict=True):
        if count < total:
            raise null_error(frame, target, column, verb)
    return int(total)
