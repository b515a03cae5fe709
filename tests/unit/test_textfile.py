"""Text files as programs on Windows save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from procluster import textfile
from procluster.errors import DataError

TEXT = "SELECT N'é€';\r\nGO\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_textfile_reads_what_management_studio_saves(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("e") else ""
    file = tmp_path / "a.sql"
    file.write_bytes((mark + TEXT).encode(encoding))

    assert textfile.read(file) == TEXT


def test_textfile_names_the_byte_it_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"SELECT '\xe9';")

    with pytest.raises(DataError, match=r"a\.sql: byte 0xe9 at offset 8 is not UTF-8\. Save it"):
        textfile.read(file)
