"""The tables and the figure of docs/performance.md are those of its JSON."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the page and its figure, written anew."""
    page = shutil.copy(DOCS / "performance.md", tmp_path)
    figures = DOCS / "performance.json"
    subprocess.run(
        [sys.executable, "tests/bench", "--json", str(figures), "--page", str(page)],
        cwd=DOCS.parent,
        check=True,
    )
    return tmp_path


def test_performance_page_holds_the_figures_of_its_json(written: Path) -> None:
    page = (written / "performance.md").read_text(encoding="utf-8")
    assert page == (DOCS / "performance.md").read_text(encoding="utf-8")
    assert "|" in page.partition("<!-- bench: choose_k -->")[2].partition("<!-- end -->")[0]


def test_growth_figure_is_drawn_from_the_json(written: Path) -> None:
    old, new = (
        (folder / "growth.svg")
        .read_text(encoding="utf-8")
        .partition("<dc:description>")[2]
        .partition("</dc:description>")[0]
        for folder in (DOCS, written)
    )
    assert "distinct vectors" in new
    assert old == new
