"""A shell for the images' scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell with no stand-ins yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return Shell(folder, tmp_path / "calls.log")
