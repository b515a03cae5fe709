"""Values on the wire: the columns of a result set, and what a parameter brings."""

from __future__ import annotations

import struct
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from procluster.errors import Refusal
from procluster.local.types import MAX, SqlType
from procluster.tds.fields import Fields, decode
from procluster.tds.packets import ProtocolError
from procluster.tds.types import LONG, WireType, decimal_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Encoder = Callable[[Any], bytes]
    Decoder = Callable[[bytes, SqlType], object]

__all__ = ["encode_column", "encode_value", "read_value", "wide_enough"]

NULL = b"\0"
NULL_SIZED = b"\xff\xff"
NULL_LONG = b"\xff" * 8
CODE_PAGE = "cp1252"
PIECE = 1 << 20
LONGEST = 4000
"""Units of an nvarchar that is not (max)."""
DAY = 86_400_000_000
"""Microseconds."""

BEFORE_1970 = date(1970, 1, 1).toordinal() - 1
"""Days from 0001-01-01, where date begins, to 1970-01-01, where Arrow does."""

BEFORE_1970_SINCE_1900 = (date(1970, 1, 1) - date(1900, 1, 1)).days
FIRST_DATETIME = datetime(1900, 1, 1)
FIRST_TIMESTAMP = datetime(1, 1, 1)


def encode_column(kind: SqlType, column: pa.ChunkedArray | pa.Array) -> list[bytes]:
    """Every value of a column as it goes into a row."""
    null = (NULL_LONG if kind.size == MAX else NULL_SIZED) if _is_sized(kind) else NULL
    encode = ENCODERS[kind.family](kind)
    return [null if value is None else encode(value) for value in _plain(kind, column)]


def encode_value(kind: SqlType, value: object) -> bytes:
    """One value as a variable of the engine holds it."""
    if isinstance(value, uuid.UUID):
        value = str(value)
    return encode_column(kind, pa.array([value], pa.timestamp("us") if _has_time(kind) else None))[
        0
    ]


def wide_enough(kind: SqlType, column: pa.ChunkedArray | pa.Array) -> SqlType:
    """The type, longer where values do not fit it.

    The engine counts a character beyond U+FFFF once, and on the wire it takes two units.
    """
    if kind.name not in ("nvarchar", "nchar") or kind.size == MAX or not len(column):
        return kind
    bytes_most = pc.max(pc.binary_length(column)).as_py() or 0
    if bytes_most <= kind.size:  # UTF-8, which has at least a byte for each unit
        return kind
    most = max(len(value.encode("utf-16-le")) // 2 for value in column.to_pylist() if value)
    if most <= kind.size:
        return kind
    return SqlType("nvarchar", most if most <= LONGEST else MAX)


def _is_sized(kind: SqlType) -> bool:
    return kind.family in ("text", "binary")


def _has_time(kind: SqlType) -> bool:
    return kind.family == "time" and kind.name != "date"


def _plain(kind: SqlType, column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Times and decimals as whole numbers: microseconds or days, and units of the last digit."""
    if kind.family == "time" and not pa.types.is_null(column.type):
        column = column.cast(pa.int32() if kind.name == "date" else pa.int64())
    if kind.family in ("decimal", "money"):
        scale = kind.scale if kind.family == "decimal" else 4
        return _digits(column.cast(pa.decimal128(38, scale)))
    values: list[Any] = column.to_pylist()
    return values


def _digits(column: pa.ChunkedArray | pa.Array) -> list[int | None]:
    """Decimals without their point, from where Arrow keeps them: 16 bytes, little end first."""
    numbers: list[int | None] = []
    for array in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        buffer = array.buffers()[1]
        data = memoryview(buffer) if buffer else memoryview(b"")
        for place, is_value in enumerate(array.is_valid().to_pylist(), start=array.offset):
            found = data[16 * place : 16 * place + 16]
            numbers.append(int.from_bytes(found, "little", signed=True) if is_value else None)
    return numbers


# --- to the client -------------------------------------------------------------------------------


def _packed(form: str) -> Callable[[SqlType], Encoder]:
    packer = struct.Struct(form)
    size = packer.size - 1
    return lambda _: lambda value: packer.pack(size, value)


def _integer(kind: SqlType) -> Encoder:
    return _packed({"tinyint": "<BB", "smallint": "<Bh", "int": "<Bi", "bigint": "<Bq"}[kind.name])(
        kind
    )


def _float(kind: SqlType) -> Encoder:
    return _packed("<Bf" if kind.name == "real" else "<Bd")(kind)


def _decimal(kind: SqlType) -> Encoder:
    size = decimal_length(kind.size)
    length = bytes((size + 1,))

    def encode(digits: int) -> bytes:
        sign = b"\1" if digits >= 0 else b"\0"
        return length + sign + abs(digits).to_bytes(size, "little")

    return encode


def _money(_: SqlType) -> Encoder:
    packer = struct.Struct("<BiI")
    return lambda digits: packer.pack(8, digits >> 32, digits & 0xFFFFFFFF)


def _text(kind: SqlType) -> Encoder:
    code, errors = ("utf-16-le", "replace") if kind.name[0] == "n" else (CODE_PAGE, "replace")
    wrap = _wrap(kind)
    return lambda value: wrap(value.encode(code, errors))


def _wrap(kind: SqlType) -> Encoder:
    if kind.size == MAX:
        return _pieces
    return lambda data: struct.pack("<H", len(data)) + data


def _pieces(data: bytes) -> bytes:
    """A value of a (max) type: its length, its pieces, and an empty one (2.2.5.2.3)."""
    parts = [struct.pack("<Q", len(data))]
    for start in range(0, len(data), PIECE):
        piece = data[start : start + PIECE]
        parts += (struct.pack("<I", len(piece)), piece)
    return b"".join((*parts, bytes(4)))


def _time(kind: SqlType) -> Encoder:
    if kind.name == "date":
        return lambda days: b"\3" + (days + BEFORE_1970).to_bytes(3, "little")
    if kind.name == "datetime":
        return _datetime
    if kind.name == "smalldatetime":
        return _smalldatetime
    return _datetime2(kind.scale)


def _datetime(microseconds: int) -> bytes:
    """Days since 1900 and three-hundredths of a second."""
    days, rest = divmod(microseconds, DAY)
    return struct.pack(
        "<BiI", 8, days + BEFORE_1970_SINCE_1900, (rest * 300 + 500_000) // 1_000_000
    )


def _smalldatetime(microseconds: int) -> bytes:
    days, rest = divmod(microseconds, DAY)
    return struct.pack("<BHH", 4, days + BEFORE_1970_SINCE_1900, rest // 60_000_000)


def _datetime2(scale: int) -> Encoder:
    size = _time_length(scale)
    length = bytes((size + 3,))

    def encode(microseconds: int) -> bytes:
        days, rest = divmod(microseconds, DAY)
        units = rest * 10 if scale == 7 else rest // 10 ** (6 - scale)
        return length + units.to_bytes(size, "little") + (days + BEFORE_1970).to_bytes(3, "little")

    return encode


def _time_length(scale: int) -> int:
    return 3 if scale < 3 else 4 if scale < 5 else 5


ENCODERS: dict[str, Callable[[SqlType], Encoder]] = {
    "bit": _packed("<B?"),
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "float": _float,
    "text": _text,
    "binary": _wrap,
    "time": _time,
    "guid": lambda _: lambda value: b"\x10" + uuid.UUID(str(value)).bytes_le,
}


# --- from the client -----------------------------------------------------------------------------


def read_value(fields: Fields, wire: WireType) -> object:
    """Read a parameter's value as the engine's variables hold it.

    Raises
    ------
    ProtocolError
        A value that its type cannot have.
    Refusal
        A value of a type that the engine has not.
    """
    data = _data(fields, wire)
    if data is None:
        return None
    if wire.type is None:
        reason = "give it another type, or convert it in the text of the statement"
        raise Refusal(f"A parameter of type {wire.called}", reason, line=0, column=0)
    try:
        return DECODERS[wire.type.family](data, wire.type)
    except (ValueError, OverflowError, struct.error, KeyError) as error:
        raise ProtocolError(f"{len(data)} bytes that are no {wire.type}: {error}") from error


def _data(fields: Fields, wire: WireType) -> bytes | None:
    if wire.length_size == LONG:
        return _joined(fields)
    if wire.length_size == 0:
        return fields.take(wire.fixed)
    if wire.length_size == 2:
        length = fields.number(2)
        return None if length == 0xFFFF else fields.take(length)
    if wire.length_size == 4:
        length = fields.number(4)
        return None if length == 0xFFFFFFFF else fields.take(length)
    length = fields.number(1)
    return fields.take(length) if length else None


def _joined(fields: Fields) -> bytes | None:
    """The pieces of a value, which may say its length first or not."""
    if fields.number(8) == 0xFFFFFFFFFFFFFFFF:
        return None
    pieces = []
    while length := fields.number(4):
        pieces.append(fields.take(length))
    return b"".join(pieces)


def _read_text(data: bytes, kind: SqlType) -> str:
    return decode(data) if kind.name[0] == "n" else data.decode(CODE_PAGE, "replace")


def _read_float(data: bytes, _: SqlType) -> float:
    (value,) = struct.unpack("<f" if len(data) == 4 else "<d", data)
    return float(value)


def _read_decimal(data: bytes, kind: SqlType) -> Decimal:
    digits = int.from_bytes(data[1:], "little")
    if digits >= 10**kind.size:
        raise ValueError(f"{digits} has too many digits")
    return Decimal((0 if data[0] else 1, tuple(map(int, str(digits))), -kind.scale))


def _read_money(data: bytes, _: SqlType) -> Decimal:
    if len(data) == 8:
        high, low = struct.unpack("<iI", data)
        digits = (high << 32) | low
    else:
        (digits,) = struct.unpack("<i", data)
    return Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -4))


def _read_time(data: bytes, kind: SqlType) -> date | datetime:
    if kind.name == "date":
        return date.fromordinal(int.from_bytes(data, "little") + 1)
    if kind.name == "datetime2":
        units, days = int.from_bytes(data[:-3], "little"), int.from_bytes(data[-3:], "little")
        microseconds = units * 10**6 // 10**kind.scale
        return FIRST_TIMESTAMP + timedelta(days=days, microseconds=microseconds)
    if len(data) == 4:
        days, minutes = struct.unpack("<HH", data)
        return FIRST_DATETIME + timedelta(days=days, minutes=minutes)
    days, ticks = struct.unpack("<iI", data)
    # datetime is exact to .000, .003 and .007 seconds, and the engine keeps those.
    milliseconds = (ticks * 10 + 1) // 3
    return FIRST_DATETIME + timedelta(days=days, milliseconds=milliseconds)


DECODERS: dict[str, Decoder] = {
    "bit": lambda data, _: bool(data[0]),
    "integer": lambda data, kind: int.from_bytes(data, "little", signed=kind.name != "tinyint"),
    "decimal": _read_decimal,
    "money": _read_money,
    "float": _read_float,
    "text": _read_text,
    "binary": lambda data, _: data,
    "time": _read_time,
    "guid": lambda data, _: uuid.UUID(bytes_le=data),
}
