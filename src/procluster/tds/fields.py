"""Fields of a message, one after the other; none is read beyond its end."""

from __future__ import annotations

import struct

from procluster.tds.packets import ProtocolError

__all__ = ["Fields", "long_text", "short_text"]


class Fields:
    """A message's bytes and how far they are read.

    Examples
    --------
    >>> fields = Fields(bytes((2, 97, 0, 98, 0, 7)))
    >>> fields.short_text(), fields.number(1), fields.left
    ('ab', 7, 0)
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def left(self) -> int:
        """How many bytes are not read yet."""
        return len(self._data) - self._place

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size < 0 or size > self.left:
            raise ProtocolError(f"a field of {size} bytes where {self.left} are left")
        self._place += size
        return self._data[self._place - size : self._place]

    def number(self, size: int) -> int:
        """The next bytes as a number, little end first."""
        return int.from_bytes(self.take(size), "little")

    def text(self, length: int) -> str:
        """So many UTF-16 units."""
        return decode(self.take(2 * length))

    def short_text(self) -> str:
        """B_VARCHAR: the length in one byte, then the text."""
        return self.text(self.number(1))

    def peek(self) -> int | None:
        """The next byte, not yet taken; None at the end."""
        return self._data[self._place] if self.left else None


def decode(data: bytes) -> str:
    """UTF-16 text; half a character becomes U+FFFD, for the engine keeps whole ones."""
    return data.decode("utf-16-le", "replace")


def short_text(text: str) -> bytes:
    """B_VARCHAR; what is longer than its 255 units is cut."""
    data = text.encode("utf-16-le")[:510]
    return struct.pack("<B", len(data) // 2) + data


def long_text(text: str) -> bytes:
    """US_VARCHAR; what is longer than its 65,535 units is cut."""
    data = text.encode("utf-16-le")[:131070]
    return struct.pack("<H", len(data) // 2) + data
