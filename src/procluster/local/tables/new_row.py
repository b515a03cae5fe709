"""One row on its way into a table: its values as parameters of DuckDB's, so it needs no stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from procluster.local.frame import Frame, Variable
from procluster.local.quoting import quote_sql
from procluster.local.stored import StoredTable
from procluster.local.tables.constraints import null_error
from procluster.local.translate import Table


@dataclass(frozen=True)
class NewRow:
    """The values of a row, in the order of its table's columns."""

    target: StoredTable
    values: tuple[object, ...]

    def sql(self, place: int) -> str:
        """A value."""
        return f"CAST($new{place} AS {self.target.columns[place].type.storage})"

    @property
    def parameters(self) -> dict[str, object]:
        """The values by the names of DuckDB's parameters."""
        return {f"new{place}": value for place, value in enumerate(self.values)}

    @property
    def query(self) -> str:
        """The row in brackets."""
        named = (
            f"{self.sql(place)} AS {quote_sql(column.name)}"
            for place, column in enumerate(self.target.columns)
        )
        return f"(SELECT {', '.join(named)})"

    def check_nulls(self, frame: Frame, verb: str) -> None:
        """Raise 515 for NULL in a column that allows none."""
        for column, value in zip(self.target.columns, self.values, strict=True):
            if value is None and not column.nullable:
                raise null_error(frame, self.target, column, verb)

    def seen_by(self, frame: Frame, beside: Mapping[str, Table]) -> Frame:
        """What the constraints see: the row as ``[@new]``, and others beside it."""
        row = {
            column.name.lower(): Variable(column.type, value)
            for column, value in zip(self.target.columns, self.values, strict=True)
        }
        return frame.with_rows({"@new": Table(self.query, self.target.shown), **beside}, row)
