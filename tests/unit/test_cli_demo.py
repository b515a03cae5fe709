"""procluster sample and procluster demo, from an empty folder to pictures."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from procluster.cli import main
from procluster.sample import COUNTS, NOTICE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests here: they read what one demonstration left."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def database(folder: Path) -> str:
    return str(folder / "demo.duckdb")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def demo(folder: Path, database: str) -> Result:
    return run("demo", "--database", database, "--out", str(folder))


def test_demo_succeeds(demo: Result) -> None:
    assert demo.exit_code == 0, demo.output


def test_demo_prints_the_sql_it_runs(demo: Result) -> None:
    for procedure in ("build_features", "choose_k", "train", "assign", "profile"):
        assert f"    EXEC seg.{procedure}" in demo.stdout


def test_demo_says_that_the_sample_is_synthetic(demo: Result) -> None:
    assert NOTICE in demo.stdout


def test_demo_ends_with_four_clusters(demo: Result) -> None:
    table = demo.stdout.rpartition("EXEC seg.profile;")[2]

    assert re.search(r"^cluster_id +0 +1 +2 +3$", table, re.MULTILINE)


@pytest.mark.parametrize("picture", ["elbow.png", "clusters.png"])
def test_demo_draws(demo: Result, folder: Path, picture: str) -> None:
    assert (folder / picture).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_demo_says_what_to_type_next(demo: Result, database: str) -> None:
    assert f' sql --database "{database}" -Q "SELECT TOP (5)' in demo.stdout


def test_demo_says_commands_that_work_here(demo: Result, folder: Path) -> None:
    line = next(line for line in demo.stdout.splitlines() if "seg.help" in line)

    done = subprocess.run(  # noqa: S602 - as a person types it
        line.strip(), shell=True, check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "seg.build_features" in done.stdout


def test_demo_runs_again(demo: Result, folder: Path, database: str) -> None:
    again = run("demo", "--database", database, "--out", str(folder))

    assert again.exit_code == 0, again.output
    assert "there already" in again.stdout


def test_sample_finds_its_own_tables(demo: Result, database: str) -> None:
    result = run("sample", "--database", database)

    assert result.exit_code == 0
    assert f"{COUNTS.sales:,} rows, there already" in result.stdout


def test_sample_leaves_other_tables_alone(demo: Result, database: str) -> None:
    result = run("sample", "--database", database, "--random-state", "7")

    assert result.exit_code == 1
    assert "Give --replace" in result.stderr
