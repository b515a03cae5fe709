"""Tokens: what a reply is made of (2.2.7)."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from procluster.tds.encoding import encode_column, encode_value, wide_enough
from procluster.tds.fields import long_text, short_text
from procluster.tds.types import COLLATION, type_info

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from procluster.errors import SqlError
    from procluster.local.arguments import CallArgument
    from procluster.local.results import Column, Message, ResultSet

RETURN_STATUS, COLUMNS, ERROR, INFO, RETURN_VALUE, LOGIN_ACK, ROW, ENVIRONMENT = (
    0x79, 0x81, 0xAA, 0xAB, 0xAC, 0xAD, 0xD1, 0xE3,
)  # fmt: skip
DONE, DONE_PROCEDURE, DONE_IN_PROCEDURE = 0xFD, 0xFE, 0xFF
DONE_MORE, DONE_ERROR, DONE_COUNT, DONE_ATTENTION = 0x01, 0x02, 0x10, 0x20

DATABASE, LANGUAGE, PACKET_SIZE, COLLATED, BEGUN, COMMITTED, ROLLED_BACK, RESET = (
    1, 2, 4, 7, 8, 9, 10, 18,
)  # fmt: skip

NULLABLE, UPDATE_UNKNOWN = 0x01, 0x08
ROWS_AT_ONCE = 2048


def columns(found: Sequence[Column]) -> bytes:
    """COLMETADATA."""
    parts = [struct.pack("<BH", COLUMNS, len(found))]
    for column in found:
        flags = UPDATE_UNKNOWN | (NULLABLE if column.nullable else 0)
        parts += (struct.pack("<IH", 0, flags), type_info(column.type), short_text(column.name))
    return b"".join(parts)


def rows(found: ResultSet) -> Iterator[bytes]:
    """COLMETADATA, then ROW after ROW, many at once."""
    kinds = [
        wide_enough(column.type, values)
        for column, values in zip(found.columns, found.table.columns, strict=True)
    ]
    yield columns([replace(c, type=kind) for c, kind in zip(found.columns, kinds, strict=True)])
    for start in range(0, found.table.num_rows, ROWS_AT_ONCE):
        part = found.table.slice(start, ROWS_AT_ONCE)
        encoded = [
            encode_column(kind, column) for kind, column in zip(kinds, part.columns, strict=True)
        ]
        token = repeat(bytes((ROW,)), part.num_rows)
        yield b"".join(chain.from_iterable(zip(token, *encoded, strict=False)))


def done(token: int, status: int, count: int = 0) -> bytes:
    """DONE, DONEINPROC or DONEPROC."""
    return struct.pack("<BHHQ", token, status, 0, count)


def _message(  # noqa: PLR0913, PLR0917 - the parts of SQL Server's message
    token: int, number: int, state: int, severity: int, text: str, procedure: str, line: int
) -> bytes:
    """ERROR or INFO."""
    server = short_text("embedded")
    body = struct.pack("<iBB", number, state, severity) + long_text(text) + server
    body += short_text(procedure) + struct.pack("<i", line)
    return struct.pack("<BH", token, len(body)) + body


def error(found: SqlError) -> bytes:
    """ERROR."""
    where = (found.procedure or "", found.line)
    return _message(ERROR, found.number, found.state, found.severity, found.message, *where)


def info(found: Message) -> bytes:
    """INFO."""
    where = (found.procedure or "", found.line)
    return _message(INFO, found.number, found.state, found.severity, found.text, *where)


def return_status(status: int) -> bytes:
    """RETURNSTATUS: what the procedure returned."""
    return struct.pack("<Bi", RETURN_STATUS, status)


def return_value(place: int, argument: CallArgument, value: object) -> bytes:
    """RETURNVALUE: an OUTPUT parameter."""
    head = struct.pack("<BH", RETURN_VALUE, place) + short_text(argument.name)
    head += struct.pack("<BIH", 1, 0, NULLABLE)
    return head + type_info(argument.type) + encode_value(argument.type, value)


def login_ack(version: int, program: str, product: tuple[int, int, int]) -> bytes:
    """LOGINACK."""
    major, minor, build = product
    body = struct.pack(">BI", 1, version) + short_text(program)
    body += struct.pack(">BBH", major, minor, build)
    return struct.pack("<BH", LOGIN_ACK, len(body)) + body


def environment(kind: int, new: bytes, old: bytes) -> bytes:
    """ENVCHANGE."""
    body = bytes((kind,)) + new + old
    return struct.pack("<BH", ENVIRONMENT, len(body)) + body


def text_change(kind: int, new: str, old: str) -> bytes:
    """ENVCHANGE of the database, language or packet size."""
    return environment(kind, short_text(new), short_text(old))


def collation_change() -> bytes:
    """ENVCHANGE of the collation."""
    return environment(COLLATED, bytes((len(COLLATION),)) + COLLATION, b"\0")


def transaction_change(kind: int, number: int) -> bytes:
    """ENVCHANGE at the begin or end of a transaction, which clients know by its number."""
    descriptor = b"\x08" + struct.pack("<Q", number)
    return environment(kind, *((descriptor, b"\0") if kind == BEGUN else (b"\0", descriptor)))
