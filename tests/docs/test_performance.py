"""The tables of docs/performance.md are those of its JSON."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_performance_page_holds_the_figures_of_its_json(tmp_path: Path) -> None:
    page = shutil.copy(REPOSITORY / "docs" / "performance.md", tmp_path)
    figures = REPOSITORY / "docs" / "performance.json"

    subprocess.run(
        [sys.executable, "tests/bench", "--json", str(figures), "--page", str(page)],
        cwd=REPOSITORY,
        check=True,
    )

    written = Path(page).read_text(encoding="utf-8")
    assert written == (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "|" in written.partition("<!-- bench: choose_k -->")[2].partition("<!-- end -->")[0]
    assert "choose_k 1..19" in (tmp_path / "growth.svg").read_text(encoding="utf-8")
