"""One conversion between types: what is converted to what, and how its failures are written."""

from dataclasses import dataclass

from procluster.errors import Refusal
from procluster.local.messages import failure, refuse
from procluster.local.quoting import Sql
from procluster.local.syntax import NOWHERE, Position
from procluster.local.types import SqlType


@dataclass(frozen=True)
class Conversion:
    """One conversion to write; ``column`` names what is assigned, where truncation is 2628."""

    sql: str
    source: SqlType
    target: SqlType
    attempt: bool = False
    style: int | None = None
    column: str | None = None
    at: Position = NOWHERE

    def cast(self, sql: str | None = None) -> str:
        """DuckDB's own cast; TRY_CAST gives NULL where it fails."""
        word = "TRY_CAST" if self.attempt else "CAST"
        return f"{word}({sql or self.sql} AS {self.target.storage})"

    def fail(self, number: int, *named: str | Sql) -> str:
        """An error, or NULL for TRY_CAST."""
        return "NULL" if self.attempt else failure(number, *named)

    def refuse(self, reason: str) -> Refusal:
        """What the engine leaves out."""
        return refuse(f"Conversion from {self.source} to {self.target}", reason, self.at)
