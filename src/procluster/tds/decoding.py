"""Values from the client: what the parameters of a call bring."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from procluster.local.types import SqlType
from procluster.tds.fields import Fields, decode
from procluster.tds.packets import ProtocolError
from procluster.tds.types import CODE_PAGE, LONG, WireType, left_out

__all__ = ["read_value"]

Decoder = Callable[[bytes, SqlType], object]

FIRST_DATETIME = datetime(1900, 1, 1)
FIRST_TIMESTAMP = datetime(1, 1, 1)


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
        raise left_out(wire.called)
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
