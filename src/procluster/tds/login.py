"""The two messages that open a connection: PRELOGIN (2.2.6.5) and LOGIN7 (2.2.6.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from procluster.tds.fields import Fields, decode
from procluster.tds.packets import DEFAULT_SIZE, LARGEST_SIZE, SMALLEST_SIZE, ProtocolError

__all__ = ["TDS_73", "TDS_74", "Login", "Prelogin", "prelogin_reply", "read_login", "read_prelogin"]

TDS_73, TDS_74 = 0x730B0003, 0x74000004

VERSION, ENCRYPTION, INSTANCE, THREAD, MARS = range(5)
TERMINATOR = 0xFF
NOT_SUPPORTED = 2
"""Value of ENCRYPTION: this end has none."""
REQUIRED = (1, 3)
"""Values of ENCRYPTION with which a client insists; 0x20 and up ask for certificates."""

FIXED_PART = 94
INTEGRATED = 0x80


@dataclass(frozen=True)
class Prelogin:
    """What a client asks for before it logs in."""

    requires_encryption: bool


@dataclass(frozen=True)
class Login:
    """Who connects, from where and to what."""

    version: int
    packet_size: int
    user: str
    password: str = field(repr=False)
    host: str
    application: str
    database: str
    integrated: bool


def read_prelogin(body: bytes) -> Prelogin:
    """Read what a client sends first."""
    options = Fields(body)
    encryption = 0
    while (option := options.number(1)) != TERMINATOR:
        place, length = struct.unpack(">HH", options.take(4))
        if place + length > len(body):
            raise ProtocolError(f"a PRELOGIN option at {place} of {len(body)} bytes")
        if option == ENCRYPTION and length:
            encryption = body[place]
    return Prelogin(encryption in REQUIRED or encryption >= 0x20)


def prelogin_reply(version: tuple[int, int, int]) -> bytes:
    """Tell the version, that there is no encryption, and that MARS is not to be had."""
    major, minor, build = version
    values = {
        VERSION: struct.pack(">BBHH", major, minor, build, 0),
        ENCRYPTION: bytes([NOT_SUPPORTED]),
        INSTANCE: b"\0",
        THREAD: b"",
        MARS: b"\0",
    }
    place = 5 * len(values) + 1
    head = b""
    for option, value in values.items():
        head += struct.pack(">BHH", option, place, len(value))
        place += len(value)
    return head + bytes([TERMINATOR]) + b"".join(values.values())


def read_login(body: bytes) -> Login:
    """Read LOGIN7.

    Raises
    ------
    ProtocolError
        It is too short, or points outside of itself.
    """
    fields = Fields(body)
    length, version, packet_size = (
        fields.number(4),
        int.from_bytes(fields.take(4), "little"),
        fields.number(4),
    )
    if length != len(body) or length < FIXED_PART:
        raise ProtocolError(f"a LOGIN7 of {len(body)} bytes that says {length}")
    fields.take(13)  # program version, process, connection, OptionFlags1
    flags = fields.number(1)
    fields.take(10)  # type flags, OptionFlags3, time zone, language
    places = [(fields.number(2), fields.number(2)) for _ in range(9)]
    host, user, password, application, database = (
        _pointed(body, *places[number]) for number in (0, 1, 2, 3, 8)
    )
    return Login(
        version=version,
        packet_size=min(max(packet_size or DEFAULT_SIZE, SMALLEST_SIZE), LARGEST_SIZE),
        user=decode(user),
        password=decode(_revealed(password)),
        host=decode(host),
        application=decode(application),
        database=decode(database),
        integrated=bool(flags & INTEGRATED),
    )


def _pointed(body: bytes, place: int, length: int) -> bytes:
    """The text that an offset and a length point to."""
    if place + 2 * length > len(body):
        raise ProtocolError(f"a LOGIN7 text at {place}, {length} long, of {len(body)} bytes")
    return body[place : place + 2 * length]


def _revealed(password: bytes) -> bytes:
    """A password as it was before its bits were mixed (2.2.6.4)."""
    return bytes(((byte ^ 0xA5) << 4 | (byte ^ 0xA5) >> 4) & 0xFF for byte in password)
