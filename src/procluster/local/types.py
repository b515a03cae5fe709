"""T-SQL data types: names, sizes, precedence, and where DuckDB keeps their values.

The one table of types is :data:`KINDS`; the parser, the translator, the catalog and the satellite
all read it. Precedence and sizes are those of "Data type precedence (Transact-SQL)" and
"Data types (Transact-SQL)".
"""

from dataclasses import dataclass
from typing import Literal

MAX = -1
"""Length of nvarchar(max), varchar(max) and varbinary(max), as in sys.columns.max_length."""

Family = Literal[
    "bit", "integer", "decimal", "money", "float", "text", "binary", "rowversion", "time", "guid"
]
DECIMAL_BYTES = ((9, 5), (19, 9), (28, 13), (38, 17))


@dataclass(frozen=True)
class Kind:
    """One data type without its size.

    ``precedence`` 1 is the highest. ``bytes``, ``digits`` and ``scale`` are those of sys.columns,
    ``widest`` the characters of the longest value, where the type alone says so.
    """

    name: str
    family: Family
    precedence: int
    storage: str
    system_type_id: int
    bytes: int = 0
    digits: int = 0
    scale: int = 0
    widest: int = 0
    sizes: Literal["none", "length", "precision", "scale"] = "none"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("datetime2", "time", 4, "TIMESTAMP", 42, 8, 27, 7, 27, "scale"),
        Kind("datetime", "time", 5, "TIMESTAMP", 61, 8, 23, 3, 23),
        Kind("smalldatetime", "time", 6, "TIMESTAMP", 58, 4, 16, 0, 19),
        Kind("date", "time", 7, "DATE", 40, 3, 10, 0, 10),
        Kind("float", "float", 9, "DOUBLE", 62, 8, 53, 0, 24, "precision"),
        Kind("real", "float", 10, "FLOAT", 59, 4, 24, 0, 24),
        Kind("decimal", "decimal", 11, "DECIMAL", 106, sizes="precision"),
        Kind("money", "money", 12, "DECIMAL(19,4)", 60, 8, 19, 4, 20),
        Kind("bigint", "integer", 14, "BIGINT", 127, 8, 19, 0, 20),
        Kind("int", "integer", 15, "INTEGER", 56, 4, 10, 0, 11),
        Kind("smallint", "integer", 16, "SMALLINT", 52, 2, 5, 0, 6),
        Kind("tinyint", "integer", 17, "UTINYINT", 48, 1, 3, 0, 3),
        Kind("bit", "bit", 18, "BOOLEAN", 104, 1, 1, 0, 1),
        Kind("timestamp", "rowversion", 22, "BIGINT", 189, 8),
        Kind("uniqueidentifier", "guid", 23, "UUID", 36, 16, 0, 0, 36),
        Kind("nvarchar", "text", 24, "VARCHAR", 231, sizes="length"),
        Kind("nchar", "text", 25, "VARCHAR", 239, sizes="length"),
        Kind("varchar", "text", 26, "VARCHAR", 167, sizes="length"),
        Kind("char", "text", 27, "VARCHAR", 175, sizes="length"),
        Kind("varbinary", "binary", 28, "BLOB", 165, sizes="length"),
        Kind("binary", "binary", 29, "BLOB", 173, sizes="length"),
    )
}
ALIASES = {
    "integer": "int",
    "numeric": "decimal",
    "dec": "decimal",
    "sysname": "nvarchar",
    "rowversion": "timestamp",
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
        return KINDS[self.name]

    @property
    def family(self) -> Family:
        return self.kind.family

    @property
    def storage(self) -> str:
        """The DuckDB type that holds the values."""
        if self.name == "decimal":
            return f"DECIMAL({self.size},{self.scale})"
        return self.kind.storage

    @property
    def is_national(self) -> bool:
        """Whether it is Unicode text, two bytes a character."""
        return self.name in ("nvarchar", "nchar")

    @property
    def max_length(self) -> int:
        """Bytes as in sys.columns.max_length; -1 for (max)."""
        if self.kind.sizes == "length":
            return self.size * 2 if self.is_national and self.size != MAX else self.size
        if self.name == "decimal":
            return next(size for limit, size in DECIMAL_BYTES if self.size <= limit)
        if self.name == "datetime2":
            return 6 + (self.scale > 2) + (self.scale > 4)
        return self.kind.bytes

    @property
    def precision(self) -> tuple[int, int]:
        """Precision and scale as in sys.columns."""
        if self.name == "decimal":
            return self.size, self.scale
        if self.name == "datetime2":
            return 19 + (self.scale + 1 if self.scale else 0), self.scale
        return self.kind.digits, self.kind.scale

    def __str__(self) -> str:
        sizes = self.kind.sizes
        if sizes == "length":
            return f"{self.name}({'max' if self.size == MAX else self.size})"
        if self.name == "decimal":
            return f"decimal({self.size}, {self.scale})"
        if sizes == "scale":
            return f"{self.name}({self.scale})"
        return self.name


BIT = SqlType("bit")
SMALLINT = SqlType("smallint")
INT = SqlType("int")
BIGINT = SqlType("bigint")
FLOAT = SqlType("float")
DATE = SqlType("date")
DATETIME = SqlType("datetime")
DATETIME2 = SqlType("datetime2", 0, 7)
NAME = SqlType("nvarchar", 128)
TEXT = SqlType("nvarchar", MAX)
ROWVERSION = SqlType("timestamp")
NEXT_ROWVERSION = "nextval('_engine.rowversion')"
"""The next number of the database, in DuckDB SQL."""


def resolve(name: str, size: int | None = None, scale: int | None = None) -> SqlType:
    """A type as written, with SQL Server's defaults for what was left out; ``size`` may be MAX.

    A KeyError has the name of a type that is not here, a ValueError the sizes that the type allows.

    >>> str(resolve("DECIMAL", 7, 2)), str(resolve("nvarchar")), str(resolve("float", 24))
    ('decimal(7, 2)', 'nvarchar(1)', 'real')
    """
    key = name.lower()
    if key == "sysname":
        return NAME
    key = ALIASES.get(key, key)
    sizes = KINDS[key].sizes
    if sizes == "none" and size is not None:
        raise ValueError(f"{key} takes no size")
    if sizes == "length":
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
    if sizes == "scale":
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
