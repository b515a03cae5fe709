"""procluster load, on the embedded engine."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from procluster.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROCLUSTER_DATABASE", raising=False)
    return tmp_path


def load(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["load", *arguments])


def selected(query: str) -> str:
    result = CliRunner().invoke(main, ["sql", "--format", "csv", "-Q", query])
    return result.stdout_bytes.decode()


def test_load_makes_a_database_that_sql_reads(folder: Path) -> None:
    (folder / "a.csv").write_text("id,name\n1,é\n", encoding="utf-8")

    result = load("t", "a.csv")

    assert result.exit_code == 0
    assert result.stdout.startswith("new table dbo.t: 1 row loaded, 0 left out\n")
    assert selected("SELECT * FROM dbo.t;") == "id,name\r\n1,é\r\n"


def test_load_reads_parquet(folder: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2]}), folder / "a.parquet")

    load("t", "a.parquet")

    assert selected("SELECT SUM(id) AS n FROM dbo.t;") == "n\r\n3\r\n"


def test_load_names_the_rows_it_leaves_out(folder: Path) -> None:
    (folder / "a.csv").write_text("id\n1\nx\n3\n", encoding="utf-8")

    result = load("t", "a.csv", "--max-errors", "1")

    assert result.exit_code == 0
    assert result.stderr == (
        "a.csv: line 3, column id: 'x' is no int. Allowed: whole numbers in its range.\n"
    )
    assert "2 rows loaded, 1 left out" in result.stdout


def test_load_of_bad_rows_exits_with_1(folder: Path) -> None:
    (folder / "a.csv").write_text("id,n\n1\n", encoding="utf-8")

    assert load("t", "a.csv").exit_code == 1


@pytest.mark.parametrize(
    "options", [["--append", "--replace"], ["--delimiter", "ab"], ["--max-errors", "-1"]]
)
def test_load_refuses_wrong_usage(folder: Path, options: list[str]) -> None:
    (folder / "a.csv").write_text("id\n1\n", encoding="utf-8")

    assert load("t", "a.csv", *options).exit_code == 64
    assert not (folder / "procluster.duckdb").exists()
