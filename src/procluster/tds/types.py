"""TYPE_INFO (2.2.5.6): how a column or parameter says its type, in both directions."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.types import MAX, SqlType
from procluster.tds.packets import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.tds.fields import Fields

__all__ = [
    "CODE_PAGE",
    "COLLATION",
    "LONG",
    "WireType",
    "decimal_length",
    "left_out",
    "read_type",
    "type_info",
]

COLLATION = b"\x09\x04\xd0\x00\x34"
"""SQL_Latin1_General_CP1_CI_AS: language 1033, its flags, sort order 52."""

CODE_PAGE = "cp1252"
"""Of varchar under that collation."""

LONG = 0xFFFF
"""Length of a type whose values come in pieces."""

# Types whose values say their length in one byte.
GUID, INTN, BITN, DECIMALN, NUMERICN, FLTN, MONEYN, DATETIMN = (
    0x24, 0x26, 0x68, 0x6A, 0x6C, 0x6D, 0x6E, 0x6F,
)  # fmt: skip
DATEN, TIMEN, DATETIME2N, DATETIMEOFFSETN = 0x28, 0x29, 0x2A, 0x2B
# ... in two bytes, or in pieces.
BIGVARBIN, BIGVARCHAR, BIGBINARY, BIGCHAR, NVARCHAR, NCHAR = 0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF
# ... in four bytes.
IMAGE, TEXT, NTEXT = 0x22, 0x23, 0x63

FIXED_NUMBERS = {
    "tinyint": (INTN, 1),
    "smallint": (INTN, 2),
    "int": (INTN, 4),
    "bigint": (INTN, 8),
    "bit": (BITN, 1),
    "real": (FLTN, 4),
    "float": (FLTN, 8),
    "money": (MONEYN, 8),
    "datetime": (DATETIMN, 8),
    "smalldatetime": (DATETIMN, 4),
    "uniqueidentifier": (GUID, 16),
}
SIZED = {
    "nvarchar": NVARCHAR,
    "nchar": NCHAR,
    "varchar": BIGVARCHAR,
    "char": BIGCHAR,
    "varbinary": BIGVARBIN,
    "binary": BIGBINARY,
}
NAMES = {token: name for name, token in SIZED.items()}
BY_SIZE = {sizes: name for name, sizes in FIXED_NUMBERS.items()} | {(MONEYN, 4): "money"}
WITHOUT_LENGTH = {
    0x30: ("tinyint", 1), 0x34: ("smallint", 2), 0x38: ("int", 4), 0x7F: ("bigint", 8),
    0x32: ("bit", 1), 0x3B: ("real", 4), 0x3E: ("float", 8), 0x3C: ("money", 8),
    0x7A: ("money", 4), 0x3D: ("datetime", 8), 0x3A: ("smalldatetime", 4),
}  # fmt: skip
"""Types whose values have one length and do not say it; clients may send them."""

LONG_NAMES = {IMAGE: "varbinary", TEXT: "varchar", NTEXT: "nvarchar"}
UNKNOWN = {
    TIMEN: "time", DATETIMEOFFSETN: "datetimeoffset", 0x62: "sql_variant", 0xF0: "a CLR type",
    0xF1: "xml", 0xF3: "a table-valued parameter", 0xF4: "json", 0xF5: "vector",
}  # fmt: skip


@dataclass(frozen=True)
class WireType:
    """A type as a parameter says it.

    Attributes
    ----------
    type : SqlType or None
        The engine's; None where it has none and NULL is all that can be taken.
    length_size : int
        Bytes of the length before each value: 0 none, 1, 2 or 4; :data:`LONG` for pieces.
    fixed : int
        Bytes of a value that says no length.
    """

    type: SqlType | None
    length_size: int
    fixed: int = 0
    called: str = ""


def type_info(kind: SqlType) -> bytes:
    """Say the type of a column that is sent."""
    name = kind.name
    if name in FIXED_NUMBERS:
        return bytes(FIXED_NUMBERS[name])
    if name == "decimal":
        return bytes((DECIMALN, decimal_length(kind.size) + 1, kind.size, kind.scale))
    if name == "date":
        return bytes((DATEN,))
    if name == "datetime2":
        return bytes((DATETIME2N, kind.scale))
    if name == "timestamp":
        return struct.pack("<BH", BIGBINARY, 8)
    length = LONG if kind.size == MAX else max(kind.size, 1) * (2 if name[0] == "n" else 1)
    collation = b"" if name.endswith("binary") else COLLATION
    return struct.pack("<BH", SIZED[name], length) + collation


def decimal_length(precision: int) -> int:
    """Bytes of a decimal's digits."""
    return next(size for top, size in ((9, 4), (19, 8), (28, 12), (38, 16)) if precision <= top)


def left_out(name: str) -> Refusal:
    """The error of a parameter whose type the engine has not."""
    reason = "give it another type, or convert it in the text of the statement"
    return Refusal(f"A parameter of type {name}", reason, line=0, column=0)


def read_type(fields: Fields) -> WireType:
    """Read the type of a parameter.

    Raises
    ------
    ProtocolError
        There is no such type, or no such size of it.
    """
    token = fields.number(1)
    reader = READERS.get(token)
    if reader is None:
        raise ProtocolError(f"a parameter of type {token:#04x}")
    return reader(token, fields)


def _without_length(token: int, _: Fields) -> WireType:
    name, length = WITHOUT_LENGTH[token]
    return WireType(SqlType(name), 0, length)


def _date(_: int, __: Fields) -> WireType:
    return WireType(SqlType("date"), 1)


def _scaled(token: int, fields: Fields) -> WireType:
    scale = fields.number(1)
    if scale > 7:
        raise ProtocolError(f"a time with {scale} digits")
    known = SqlType("datetime2", 0, scale) if token == DATETIME2N else None
    return WireType(known, 1, called=UNKNOWN.get(token, ""))


def _decimal(_: int, fields: Fields) -> WireType:
    _, precision, scale = fields.number(1), fields.number(1), fields.number(1)
    if not 1 <= precision <= 38 or scale > precision:
        raise ProtocolError(f"a decimal({precision}, {scale})")
    return WireType(SqlType("decimal", precision, scale), 1)


def _number(token: int, fields: Fields) -> WireType:
    size = fields.number(1)
    if (token, size) not in BY_SIZE:
        raise ProtocolError(f"type {token:#04x} of {size} bytes")
    return WireType(SqlType(BY_SIZE[token, size]), 1)


def _sized(token: int, fields: Fields) -> WireType:
    name, length = NAMES[token], fields.number(2)
    if not name.endswith("binary"):
        fields.take(len(COLLATION))
    if length == LONG:
        return WireType(SqlType(name, MAX), LONG)
    size = length // 2 if name[0] == "n" else length
    return WireType(SqlType(name, max(size, 1)), 2)


def _long(token: int, fields: Fields) -> WireType:
    fields.take(4)
    if token != IMAGE:
        fields.take(len(COLLATION))
    return WireType(SqlType(LONG_NAMES[token], MAX), 4)


def _unknown(token: int, _: Fields) -> WireType:
    raise left_out(UNKNOWN[token])


READERS: dict[int, Callable[[int, Fields], WireType]] = {
    **dict.fromkeys(UNKNOWN, _unknown),
    **dict.fromkeys(WITHOUT_LENGTH, _without_length),
    **dict.fromkeys((TIMEN, DATETIME2N, DATETIMEOFFSETN), _scaled),
    **dict.fromkeys((DECIMALN, NUMERICN), _decimal),
    **dict.fromkeys((GUID, INTN, BITN, FLTN, MONEYN, DATETIMN), _number),
    **dict.fromkeys(NAMES, _sized),
    **dict.fromkeys(LONG_NAMES, _long),
    DATEN: _date,
}
"""How each type says the rest of itself."""
