"""WITH RESULT SETS: how many result sets a call may send, and the names and types of each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from procluster.local.messages import sql_error
from procluster.local.results import Column, ResultSet
from procluster.local.translate import convert_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import Execute, ResultColumn

__all__ = ["returning"]


@contextmanager
def returning(engine: Interpreter, statement: Execute) -> Iterator[None]:
    """Around a call: hold its result sets to the clause.

    Raises
    ------
    SqlError
        11535 too many result sets, 11536 too few, 11537 a wrong number of columns, 11553 NULL in
        a column that allows none.
    """
    declared = statement.result_sets
    if declared is None or declared == "UNDEFINED":
        yield
        return
    wanted = () if isinstance(declared, str) else declared
    sent = 0

    def take(found: ResultSet) -> None:
        nonlocal sent
        sent += 1
        if sent > len(wanted):
            raise sql_error(11535, len(wanted))
        shaped = _shape(engine, found, wanted[sent - 1], sent)
        outer, engine.sinks = engine.sinks, engine.sinks[:-1]
        try:
            engine.send(shaped)
        finally:
            engine.sinks = outer

    with engine.taking(take):
        yield
    if sent < len(wanted):
        raise sql_error(11536, len(wanted), sent)


def _shape(
    engine: Interpreter, found: ResultSet, wanted: tuple[ResultColumn, ...], number: int
) -> ResultSet:
    if len(found.columns) != len(wanted):
        raise sql_error(11537, len(wanted), number, len(found.columns))
    parts = [
        convert_sql(
            f"c{place}",
            column.type,
            target.type,
            column=f"result set {number}, column '{target.name}'",
        )
        + f" AS c{place}"
        for place, (column, target) in enumerate(zip(found.columns, wanted, strict=True))
    ]
    with engine.rows(found.table) as rows:
        table = engine.execute(f"SELECT {', '.join(parts)} FROM {rows}").to_arrow_table()
    for place, target in enumerate(wanted):
        if not target.nullable and table.column(place).null_count:
            raise sql_error(11553, place + 1, number)
    columns = tuple(Column(target.name, target.type, target.nullable) for target in wanted)
    return ResultSet(columns, table)
