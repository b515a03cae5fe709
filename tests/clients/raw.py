"""A client made by hand, for what no client does: it sends any bytes and shows what comes back."""

from __future__ import annotations

import socket
import struct
from types import TracebackType

from serving import Endpoint

BATCH, CALL, ATTENTION, LOGIN, PRELOGIN = 1, 3, 6, 16, 18
HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
PRELOGIN_BODY = bytes((0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 2))


class RawClient:
    """A socket, and messages in packets."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._socket = socket.create_connection((endpoint.host, endpoint.port), timeout=60)
        self._endpoint = endpoint

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def log_in(self) -> RawClient:
        self.send(PRELOGIN, PRELOGIN_BODY)
        self.receive()
        self.send(LOGIN, login_body(self._endpoint))
        assert b"\xad" in self.receive()
        return self

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, kind: int, body: bytes, status: int = 1) -> None:
        self._socket.sendall(struct.pack(">BBHHBB", kind, status, 8 + len(body), 0, 1, 0) + body)

    def send_batch(self, text: str, status: int = 1) -> None:
        self.send(BATCH, HEADERS + text.encode("utf-16-le"), status)

    def packet(self) -> tuple[bool, bytes]:
        """One packet: whether it ends the reply, and its data; nothing at the end of the stream."""
        header = self._exactly(8)
        if len(header) < 8:
            return True, b""
        return bool(header[1] & 1), self._exactly(int.from_bytes(header[2:4], "big") - 8)

    def receive(self) -> bytes:
        """A whole reply, b"" when the server has hung up."""
        reply, ended = b"", False
        while not ended:
            ended, data = self.packet()
            reply += data
        return reply

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                more = self._socket.recv(size - len(data))
            except ConnectionError:
                return b""
            if not more:
                return b""
            data += more
        return data


def login_body(endpoint: Endpoint) -> bytes:
    """LOGIN7 for TDS 7.4."""
    mixed = bytes(
        ((byte << 4 | byte >> 4) & 0xFF) ^ 0xA5 for byte in endpoint.password.encode("utf-16-le")
    )
    login = endpoint.login.encode("utf-16-le")
    texts = [b"", login, mixed, b"", b"", b"", b"", b"", b""]
    places, data = b"", b""
    for text in texts:
        places += struct.pack("<HH", 94 + len(data), len(text) // 2)
        data += text
    head = struct.pack("<IIIIIBBBBiI", 0x74000004, 4096, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    rest = bytes(6) + struct.pack("<HHHHHHI", 0, 0, 0, 0, 0, 0, 0)
    body = head + places + rest + data
    return struct.pack("<I", 4 + len(body)) + body
