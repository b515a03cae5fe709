"""What a release needs of a database before it can be deployed and used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["NUMBERS", "TEXTS", "WHOLE_NUMBERS", "MappedTable", "Needs"]

WHOLE_NUMBERS: Final = ("tinyint", "smallint", "int", "bigint")
NUMBERS: Final = (*WHOLE_NUMBERS, "decimal", "numeric", "money", "smallmoney", "float", "real")
TEXTS: Final = ("char", "varchar", "nchar", "nvarchar")


@dataclass(frozen=True)
class MappedTable:
    """A table or view that is read.

    Attributes
    ----------
    name : str
        Schema and table, quoted.
    columns : dict of str to tuple of str
        Names, unquoted, and the types each may have; any type when there are none.
    may_be_empty : bool
        Whether no rows are fine.
    settings : dict of str to str
        Columns, and the key of procluster.toml that says their type.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    may_be_empty: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """Everything that a pre-flight check looks for.

    Attributes
    ----------
    probe : str
        A batch that asks the external runtime for its versions: one row with a JSON list of
        ``component`` and ``version``, and what went wrong.
    packages : dict of str to tuple of int
        Components that must be there, and their oldest release.
    """

    tables: tuple[MappedTable, ...]
    probe: str
    packages: Mapping[str, tuple[int, ...]]
