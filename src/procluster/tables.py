"""Tables of a session: their names as people type them, whether they are there, what is in them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from procluster.errors import DataError
from procluster.generator.quoting import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.local.database import Session
    from procluster.local.results import Column

__all__ = ["TableName", "columns", "count", "exists", "transaction"]

PART = r"(?:\[(?:[^\]]|\]\])+\]|[^\[\].]+)"


@dataclass(frozen=True)
class TableName:
    """A permanent table's two-part name; ``str()`` gives it as T-SQL."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read ``table``, ``schema.table`` or either with brackets; the schema is dbo if left out.

        Raises
        ------
        DataError
            Not such a name, or the name of a temporary table.

        Examples
        --------
        >>> str(TableName.parse("sales")), str(TableName.parse("crm.[my table]"))
        ('dbo.sales', 'crm.[my table]')
        """
        found = re.fullmatch(rf"(?:({PART})\.)?({PART})", text.strip())
        if not found or found[2].startswith(("#", "@")):
            raise DataError(
                f"table name: {text!r} names no permanent table. "
                "Allowed: table, schema.table, [any name].[any name]."
            )
        return cls(_bare(found[1] or "dbo"), _bare(found[2]))

    def __str__(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"


def exists(session: Session, table: TableName) -> bool:
    """Tell whether there is such a table."""
    [result] = session.query(f"SELECT OBJECT_ID({literal(str(table))}, N'U') AS id;")
    return result.rows()[0][0] is not None


def count(session: Session, table: TableName) -> int:
    """Count the rows of a table."""
    [result] = session.query(f"SELECT COUNT_BIG(*) AS n FROM {table};")  # noqa: S608 - quoted
    return cast("int", result.rows()[0][0])


def columns(session: Session, table: TableName) -> tuple[Column, ...]:
    """Name the columns of a table with their types."""
    [result] = session.query(f"SELECT TOP (0) * FROM {table};")  # noqa: S608 - quoted
    return result.columns


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """Commit what happens inside, or roll all of it back."""
    session.query("BEGIN TRANSACTION;")
    try:
        yield
    except BaseException:
        session.query("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        raise
    session.query("COMMIT TRANSACTION;")


def _bare(part: str) -> str:
    return part[1:-1].replace("]]", "]") if part.startswith("[") else part
