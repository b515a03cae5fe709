"""T-SQL data types: names, sizes, precedence, and where DuckDB keeps their values.

The one table of types is :data:`KINDS`; the parser, the translator, the catalog and the satellite
all read it. Precedence and sizes are those of "Data type precedence (Transact-SQL)" and
"Data types (Transact-SQL)".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["KINDS", "MAX", "Kind", "SqlType", "resolve"]

MAX = -1
"""Length of nvarchar(max), varchar(max) and varbinary(max), as in sys.columns.max_length."""

Family = Literal["bit", "integer", "decimal", "money", "float", "text", "binary", "time", "guid"]


@dataclass(frozen=True)
class Kind:
    """One data type without its size; ``precedence`` 1 is the highest."""

    name: str
    family: Family
    precedence: int
    storage: str
    sizes: Literal["none", "length", "precision", "scale"] = "none"
    system_type_id: int = 0


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("datetime2", "time", 4, "TIMESTAMP", "scale", 42),
        Kind("datetime", "time", 5, "TIMESTAMP", system_type_id=61),
        Kind("smalldatetime", "time", 6, "TIMESTAMP", system_type_id=58),
        Kind("date", "time", 7, "DATE", system_type_id=40),
        Kind("float", "float", 9, "DOUBLE", "precision", 62),
        Kind("real", "float", 10, "FLOAT", system_type_id=59),
        Kind("decimal", "decimal", 11, "DECIMAL", "precision", 106),
        Kind("money", "money", 12, "DECIMAL(19,4)", system_type_id=60),
        Kind("bigint", "integer", 14, "BIGINT", system_type_id=127),
        Kind("int", "integer", 15, "INTEGER", system_type_id=56),
        Kind("smallint", "integer", 16, "SMALLINT", system_type_id=52),
        Kind("tinyint", "integer", 17, "UTINYINT", system_type_id=48),
        Kind("bit", "bit", 18, "BOOLEAN", system_type_id=104),
        Kind("uniqueidentifier", "guid", 23, "UUID", system_type_id=36),
        Kind("nvarchar", "text", 24, "VARCHAR", "length", 231),
        Kind("nchar", "text", 25, "VARCHAR", "length", 239),
        Kind("varchar", "text", 26, "VARCHAR", "length", 167),
        Kind("char", "text", 27, "VARCHAR", "length", 175),
        Kind("varbinary", "binary", 28, "BLOB", "length", 165),
        Kind("binary", "binary", 29, "BLOB", "length", 173),
    )
}

ALIASES = {
    "integer": "int",
    "numeric": "decimal",
    "dec": "decimal",
    "double precision": "float",
    "sysname": "nvarchar",
    "national character varying": "nvarchar",
    "character varying": "varchar",
}


@dataclass(frozen=True)
class SqlType:
    """A data type with its size.

    ``size`` is the length (``MAX`` for (max)) or the precision; ``scale`` belongs to decimal and
    datetime2. ``str()`` gives T-SQL: ``decimal(7, 2)``, ``nvarchar(max)``, ``float``.
    """

    name: str
    size: int = 0
    scale: int = 0

    @property
    def kind(self) -> Kind:
        """The data type without its size."""
        return KINDS[self.name]

    @property
    def family(self) -> Family:
        """What the data type is a kind of."""
        return self.kind.family

    @property
    def storage(self) -> str:
        """The DuckDB type that holds the values."""
        if self.name == "decimal":
            return f"DECIMAL({self.size},{self.scale})"
        return self.kind.storage

    def __str__(self) -> str:
        sizes = self.kind.sizes
        if sizes == "length":
            return f"{self.name}({'max' if self.size == MAX else self.size})"
        if self.name == "decimal":
            return f"decimal({self.size}, {self.scale})"
        if sizes == "scale":
            return f"{self.name}({self.scale})"
        return self.name


def resolve(name: str, size: int | None = None, scale: int | None = None) -> SqlType:
    """A type as written, with SQL Server's defaults for what was left out.

    Parameters
    ----------
    name : str
        Any letter case; ``integer``, ``numeric``, ``sysname`` and the like are known.
    size, scale : int, optional
        The numbers in brackets, :data:`MAX` for (max).

    Raises
    ------
    KeyError
        No such type here; its single argument is the name.
    ValueError
        A size outside what the type allows; the text says which sizes it allows.

    Examples
    --------
    >>> str(resolve("DECIMAL", 7, 2)), str(resolve("nvarchar")), str(resolve("real"))
    ('decimal(7, 2)', 'nvarchar(1)', 'real')
    >>> str(resolve("float", 24)), str(resolve("float", 53))
    ('real', 'float')
    """
    key = name.lower()
    if key == "sysname":
        return SqlType("nvarchar", 128)
    key = ALIASES.get(key, key)
    kind = KINDS[key]
    if kind.sizes == "none" and size is not None:
        raise ValueError(f"{key} takes no size")
    if kind.sizes == "length":
        return SqlType(key, _checked_length(key, 1 if size is None else size))
    if key == "float":
        bits = 53 if size is None else size
        if not 1 <= bits <= 53:
            raise ValueError("float allows 1 to 53")
        return SqlType("real" if bits <= 24 else "float")
    if key == "decimal":
        precision, digits = 18 if size is None else size, scale or 0
        if not 1 <= precision <= 38 or not 0 <= digits <= precision:
            raise ValueError("decimal allows a precision of 1 to 38 and a scale of 0 to it")
        return SqlType(key, precision, digits)
    if kind.sizes == "scale":
        digits = 7 if size is None else size
        if not 0 <= digits <= 7:
            raise ValueError(f"{key} allows 0 to 7")
        return SqlType(key, 0, digits)
    return SqlType(key)


def _checked_length(name: str, length: int) -> int:
    top = 4000 if name.startswith("n") else 8000
    varies = "var" in name
    if not (1 <= length <= top or (varies and length == MAX)):
        raise ValueError(f"{name} allows 1 to {top}{' or max' if varies else ''}")
    return length
