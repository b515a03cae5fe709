"""Text files as programs on Windows save them: UTF-8, or UTF-16 behind a byte order mark."""

from __future__ import annotations

import codecs
from contextlib import contextmanager
from typing import TYPE_CHECKING

from procluster.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["decode", "encoding_of", "naming", "read", "write"]

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(head: bytes) -> str:
    r"""Name the codec that a file's first bytes ask for; UTF-8 without a mark.

    Examples
    --------
    >>> encoding_of(b"\xff\xfeG\x00"), encoding_of(b"GO")
    ('utf-16', 'utf-8')
    """
    found = (codec for mark, codec in BYTE_ORDER_MARKS.items() if head.startswith(mark))
    return next(found, "utf-8")


def decode(data: bytes, source: str) -> str:
    r"""Decode the bytes of a whole file; `source` names it in the error.

    Raises
    ------
    DataError
        Bytes that the encoding does not have.

    Examples
    --------
    >>> decode("SELECT N'é';".encode("utf-16"), "a.sql"), decode(b"\xef\xbb\xbfGO", "b.sql")
    ("SELECT N'é';", 'GO')
    """
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{source}: byte {data[error.start]:#04x} at offset {error.start} is not "
            f"{error.encoding.upper()}. Save it as UTF-8, or as Unicode (UTF-16)."
        ) from error


def read(path: Path) -> str:
    """Read a whole file; DataError as for :func:`decode`."""
    return decode(path.read_bytes(), str(path))


def write(path: Path, text: str) -> None:
    """Write a whole file, the same bytes on every system; OSError with its name."""
    with naming(path):
        path.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an error of writing name its file, as one of opening does and a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
