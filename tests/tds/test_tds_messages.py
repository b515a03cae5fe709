"""Messages from bytes: what is TDS is read as it was written, and anything else is one error."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procluster.errors import SqlError
from procluster.tds.login import read_login, read_prelogin
from procluster.tds.packets import Kind, MessageReader, MessageWriter, ProtocolError
from procluster.tds.requests import read_batch, read_calls, read_transaction

LIMIT = 1000


@given(st.binary(max_size=4000))
def test_reader_takes_any_bytes_for_messages_or_one_error(data: bytes) -> None:
    reader = MessageReader(io.BytesIO(data).read, LIMIT)

    with suppress(ProtocolError):
        while message := reader.read():
            assert len(message.body) <= LIMIT


@given(st.binary(max_size=LIMIT), st.integers(9, 600))
def test_message_comes_out_of_its_packets_as_it_went_in(body: bytes, size: int) -> None:
    sent = bytearray()
    writer = MessageWriter(sent.extend)
    writer.size = size

    for start in range(0, len(body), 7):
        writer.write(body[start : start + 7])
    writer.end()

    reader = MessageReader(io.BytesIO(bytes(sent)).read, LIMIT)
    message = reader.read()
    assert message
    assert (message.kind, message.body, reader.read()) == (Kind.REPLY, body, None)


@given(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=64))
def test_reader_never_asks_for_more_than_a_packet(kind: int, length: int, rest: bytes) -> None:
    asked: list[int] = []
    stream = io.BytesIO(bytes((kind, 1)) + length.to_bytes(2, "big") + bytes(4) + rest)

    def read(size: int) -> bytes:
        asked.append(size)
        return stream.read(size)

    with suppress(ProtocolError):
        MessageReader(read, LIMIT).read()
    assert max(asked) <= LIMIT


def test_message_longer_than_the_limit_is_refused_before_it_is_read() -> None:
    packets = (bytes((1, 0, 2, 0, 0, 0, 1, 0)) + bytes(504)) * 3

    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        MessageReader(io.BytesIO(packets).read, LIMIT).read()


def test_empty_packets_without_end_are_refused() -> None:
    packets = bytes((1, 0, 0, 8, 0, 0, 1, 0)) * 2

    with pytest.raises(ProtocolError, match="ends nothing"):
        MessageReader(io.BytesIO(packets).read, LIMIT).read()


@pytest.mark.parametrize(
    "read", [read_prelogin, read_login, read_batch, read_calls, read_transaction]
)
@given(data=st.binary(max_size=300))
def test_body_of_any_bytes_is_a_request_or_one_error(
    read: Callable[[bytes], object], data: bytes
) -> None:
    with suppress(ProtocolError, SqlError):
        read(data)


@given(st.binary(max_size=200))
def test_call_with_any_parameters_is_a_call_or_one_error(data: bytes) -> None:
    head = bytes((4, 0, 0, 0)) + b"\xff\xff" + bytes((10, 0, 0, 0))
    with suppress(ProtocolError, SqlError):
        read_calls(head + data)
