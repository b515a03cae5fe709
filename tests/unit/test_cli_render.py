"""procluster render: files of T-SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from procluster.cli import main

FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def render(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["render", *arguments])


def test_render_writes_one_file_for_each_object(folder: Path) -> None:
    render("--out", "sql", "assign", "seg.profile")

    assert {file.name for file in (folder / "sql").iterdir()} == {
        "seg.assign.procedure.sql",
        "seg.profile.procedure.sql",
        "install.sql",
    }


def test_render_says_what_it_wrote() -> None:
    assert render("assign").stdout.splitlines() == [
        str(Path("rendered") / "seg.assign.procedure.sql"),
        str(Path("rendered") / "install.sql"),
    ]


def test_render_ends_lines_with_lf(folder: Path) -> None:
    render()

    assert not [file for file in (folder / "rendered").iterdir() if b"\r" in file.read_bytes()]


def test_render_gives_the_same_bytes_again(folder: Path) -> None:
    render("--out", "a")
    render("--out", "b")

    assert (folder / "a" / "install.sql").read_bytes() == (
        folder / "b" / "install.sql"
    ).read_bytes()


def test_render_uses_the_settings_of_the_current_folder(folder: Path) -> None:
    (folder / "procluster.toml").write_text('schema = "crm"')

    render("assign")

    assert (folder / "rendered" / "crm.assign.procedure.sql").exists()


def test_render_takes_other_settings(folder: Path) -> None:
    (folder / "other.toml").write_text('schema = "crm"')

    render("assign", "--config", "other.toml")

    assert (folder / "rendered" / "crm.assign.procedure.sql").exists()


def test_render_names_every_fault_of_the_settings(folder: Path) -> None:
    (folder / "procluster.toml").write_text('schema = ""\n[defaults]\nn_clusters = 0')

    result = render()

    assert result.exit_code == 1
    assert "schema" in result.stderr
    assert "n_clusters" in result.stderr


def test_render_of_an_unknown_object_names_close_ones(folder: Path) -> None:
    result = render("tran")

    assert result.exit_code == 1
    assert "tran: no such object. Near to it: train" in result.stderr
    assert not (folder / "rendered").exists()


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_render_on_a_full_disk_names_the_file(folder: Path) -> None:
    (folder / "rendered").mkdir()
    (folder / "rendered" / "install.sql").symlink_to(FULL)

    result = render()

    assert result.exit_code == 1
    assert result.stderr == f"Error: {Path('rendered', 'install.sql')}: No space left on device.\n"
