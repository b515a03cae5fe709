"""Every rendered object, whole, as a DBA would read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from procluster.catalog import render
from procluster.generator.render import Script
from procluster.settings import Settings

FOLDER = Path(__file__).parent
SCRIPTS = render(Settings())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.file_name)
def test_golden_is_what_is_rendered(script: Script, update_golden: bool) -> None:
    golden = FOLDER / script.file_name
    if update_golden:
        golden.write_text(script.text, encoding="utf-8", newline="\n")

    assert golden.read_text(encoding="utf-8") == script.text


def test_golden_files_are_all_rendered() -> None:
    files = {golden.name for golden in FOLDER.glob("*.sql")}

    assert files == {script.file_name for script in SCRIPTS}
