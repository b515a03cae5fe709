"""Packets: the frames in which messages of any length travel (2.2.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_SIZE",
    "LARGEST_SIZE",
    "SMALLEST_SIZE",
    "Kind",
    "Message",
    "MessageReader",
    "MessageWriter",
    "ProtocolError",
]

HEADER = struct.Struct(">BBHHBB")
DEFAULT_SIZE = 4096
SMALLEST_SIZE, LARGEST_SIZE = 512, 32767

END, IGNORE, RESET, RESET_KEEPING_TRANSACTION = 0x01, 0x02, 0x08, 0x10


class Kind(IntEnum):
    """What a message is (2.2.3.1.1)."""

    SQL_BATCH = 1
    CALL = 3
    REPLY = 4
    ATTENTION = 6
    BULK_LOAD = 7
    TRANSACTION = 14
    LOGIN = 16
    PRELOGIN = 18


class ProtocolError(Exception):
    """What came is not TDS, or is too much of it; the connection cannot go on."""


@dataclass(frozen=True)
class Message:
    """A message without its packets.

    Attributes
    ----------
    ignored : bool
        The client has thought better of it while it was sending.
    reset, keeps_transaction : bool
        The session is to be as new first; with or without its transaction.
    """

    kind: Kind
    body: bytes
    ignored: bool = False
    reset: bool = False
    keeps_transaction: bool = False


class MessageReader:
    """Reads messages from a stream of bytes; it never holds more than `limit` bytes of one.

    Parameters
    ----------
    receive : callable
        Gives up to so many bytes, b"" at the end, like ``socket.recv``.
    limit : int
        The longest message that is taken.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO(bytes((1, 1, 0, 10, 0, 0, 1, 0)) + b"hi")
    >>> MessageReader(stream.read, limit=100).read().body
    b'hi'
    """

    def __init__(self, receive: Callable[[int], bytes], limit: int) -> None:
        self._receive = receive
        self.limit = limit

    def read(self) -> Message | None:
        """Read the next message, None when the stream ends before it.

        Raises
        ------
        ProtocolError
            A packet that cannot be, a message longer than the limit, or an end in the middle.
        """
        header = self._exactly(HEADER.size, may_end=True)
        if not header:
            return None
        body = bytearray()
        first_status, kind = header[1], header[0]
        while True:
            found, status, length, *_ = HEADER.unpack(header)
            if found != kind or kind not in Kind.__members__.values():
                raise ProtocolError(f"a packet of type {found} where one of {kind} was begun")
            if not HEADER.size <= length <= LARGEST_SIZE:
                raise ProtocolError(f"a packet of {length} bytes")
            if len(body) + length - HEADER.size > self.limit:
                raise ProtocolError(f"a message of more than {self.limit} bytes")
            body += self._exactly(length - HEADER.size)
            if status & END:
                break
            if length == HEADER.size:
                raise ProtocolError("an empty packet that ends nothing")
            header = self._exactly(HEADER.size)
        return Message(
            Kind(kind),
            bytes(body),
            ignored=bool(status & IGNORE),
            reset=bool(first_status & (RESET | RESET_KEEPING_TRANSACTION)),
            keeps_transaction=bool(first_status & RESET_KEEPING_TRANSACTION),
        )

    def _exactly(self, size: int, *, may_end: bool = False) -> bytes:
        data = self._receive(size) if size else b""
        if not data and may_end:
            return b""
        while len(data) < size:
            more = self._receive(size - len(data))
            if not more:
                raise ProtocolError(f"the stream ended {size - len(data)} bytes early")
            data += more
        return data


class MessageWriter:
    """Sends one reply after the other in packets of the size agreed upon.

    Parameters
    ----------
    send : callable
        Sends all of the bytes it is given.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._pending = bytearray()
        self._number = 0
        self.size = DEFAULT_SIZE

    def write(self, data: bytes) -> None:
        """Add to the reply; full packets are sent as they fill."""
        self._pending += data
        room = self.size - HEADER.size
        # Never the last bytes: which packet ends the reply is known at its end.
        if len(self._pending) > room:
            sent = (len(self._pending) - 1) // room * room
            packets = [
                self._packet(self._pending[start : start + room], 0)
                for start in range(0, sent, room)
            ]
            del self._pending[:sent]
            self._send(b"".join(packets))

    def flush(self) -> None:
        """Send what there is, in the middle of a reply."""
        if self._pending:
            self._send(self._packet(self._pending, 0))
            self._pending.clear()

    def end(self) -> None:
        """Send the rest as the end of the reply."""
        self._send(self._packet(self._pending, END))
        self._pending.clear()
        self._number = 0

    def _packet(self, data: bytes | bytearray, status: int) -> bytes:
        self._number = self._number % 255 + 1
        return HEADER.pack(Kind.REPLY, status, HEADER.size + len(data), 0, self._number, 0) + data
