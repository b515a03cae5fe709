"""Values to the client: the columns of a result set, and OUTPUT parameters."""

from __future__ import annotations

import struct
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from procluster.local.types import MAX, SqlType
from procluster.tds.types import CODE_PAGE, decimal_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Encoder = Callable[[Any], bytes]

__all__ = ["encode_column", "encode_value", "wide_enough"]

NULL = b"\0"
NULL_SIZED = b"\xff\xff"
NULL_LONG = b"\xff" * 8
PIECE = 1 << 20
LONGEST = 4000
"""Units of an nvarchar that is not (max)."""
DAY = 86_400_000_000
"""Microseconds."""

BEFORE_1970 = date(1970, 1, 1).toordinal() - 1
"""Days from 0001-01-01, where date begins, to 1970-01-01, where Arrow does."""

BEFORE_1970_SINCE_1900 = (date(1970, 1, 1) - date(1900, 1, 1)).days


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
    return kind.family in ("text", "binary", "rowversion")


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
    "rowversion": lambda _: lambda number: b"\x08\0" + number.to_bytes(8, "big"),
    "time": _time,
    "guid": lambda _: lambda value: b"\x10" + uuid.UUID(str(value)).bytes_le,
}
