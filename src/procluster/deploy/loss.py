"""The rows that a change of a table would lose.

A script of a table that drops a column or deletes rows says so, in a line in front of that step:
``-- data loss: SELECT ...`` with the query that finds the rows which would be lost.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from procluster.deploy.release import quoted
from procluster.errors import SqlError
from procluster.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.connection import Connection

__all__ = ["losses"]

ANNOUNCED: Final = re.compile(r"^\s*-- data loss: (?P<query>SELECT .+?);?$", re.MULTILINE)
SHOWN_ROWS: Final = 5
LINE: Final = 400
NOT_THERE: Final = (207, 208)
"""Invalid column name, invalid object name: the step was taken before."""


def losses(connection: Connection, kind: str, name: str, steps: tuple[str, ...]) -> tuple[str, ...]:
    """One line for each set of rows that the steps would lose; nothing is changed."""
    if kind != "table":
        return ()
    queries = [found["query"] for step in steps for found in ANNOUNCED.finditer(step)]
    queries += [f"SELECT * FROM {quoted(name)}" for step in steps if step.startswith("DROP TABLE ")]
    return tuple(line for query in queries for line in _lost(connection, name, query))


def _lost(connection: Connection, name: str, query: str) -> Iterator[str]:
    try:
        [total] = connection.query(f"SELECT COUNT_BIG(*) FROM ({query}) AS q;")
        [sample] = connection.query(f"SELECT TOP ({SHOWN_ROWS}) q.* FROM ({query}) AS q;")
    except SqlError as error:
        if error.number in NOT_THERE:
            return
        raise
    count = total.rows[0][0]
    if count:
        rows = counted(int(str(count)), "row")
        shown = "; ".join(
            ", ".join(
                f"{column} = {value}" for column, value in zip(sample.columns, row, strict=True)
            )
            for row in sample.rows
        )
        yield textwrap.shorten(f"{name}: {rows} would be lost: {shown}", LINE)
