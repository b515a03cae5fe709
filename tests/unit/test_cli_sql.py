"""procluster sql, on the embedded engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from procluster.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROCLUSTER_DATABASE", raising=False)
    return tmp_path


def sql(*arguments: str, stdin: str | None = None, database: str = ":memory:") -> Result:
    return CliRunner().invoke(main, ["sql", "--database", database, *arguments], input=stdin)


def test_sql_prints_a_table() -> None:
    result = sql("-Q", "SELECT 1 AS n, N'x' AS name;")

    assert result.exit_code == 0
    assert result.stdout == "n  name\n-  ----\n1  x\n\n(1 row affected)\n"


def test_sql_exits_with_1_after_an_error() -> None:
    result = sql("-Q", "SELECT 1 / 0 AS n;")

    assert result.exit_code == 1
    assert "Msg 8134, Level 16, State 1, Line 1\nDivide by zero error" in result.stderr


def test_sql_does_not_run_batches_after_an_error() -> None:
    result = sql("-Q", "SELECT 1 / 0 AS n;\nGO\nPRINT 'later';")

    assert "later" not in result.stdout


def test_sql_runs_batches_after_an_error_when_told() -> None:
    result = sql("--continue", "-Q", "SELECT 1 / 0 AS n;\nGO\nPRINT 'later';")

    assert result.exit_code == 1
    assert result.stdout.endswith("later\n")


def test_sql_keeps_variables_of_a_batch_to_itself() -> None:
    assert sql("-Q", "DECLARE @a int = 1;\nGO\nSELECT @a AS a;").exit_code == 1


def test_sql_runs_a_file_of_management_studio(folder: Path) -> None:
    (folder / "a.sql").write_text("PRINT N'é';\r\nGO\r\n", encoding="utf-16", newline="")

    assert sql("-i", "a.sql").stdout == "é\n"


def test_sql_runs_a_pipe() -> None:
    assert sql(stdin="PRINT 'piped';\nGO\n").stdout == "piped\n"


def test_sql_refuses_two_sources(folder: Path) -> None:
    (folder / "a.sql").write_text("PRINT 'x';")

    assert sql("-Q", "PRINT 'x';", "-i", "a.sql").exit_code == 64


def test_sql_prints_json_that_parses() -> None:
    result = sql("--format", "json", "-Q", "PRINT 'note'; SELECT 1 AS n; SELECT NULL AS m;")

    assert json.loads(result.stdout) == [[{"n": 1}], [{"m": None}]]
    assert result.stderr == "note\n"


def test_sql_prints_json_that_parses_after_an_error() -> None:
    result = sql("--format", "json", "-Q", "SELECT 1 AS n; SELECT 1 / 0 AS n;")

    assert json.loads(result.stdout)[0] == [{"n": 1}]


def test_sql_writes_a_file(folder: Path) -> None:
    result = sql("-Q", "SELECT N'é' AS a;", "--format", "csv", "-o", "a.csv")

    assert result.stdout == ""
    assert (folder / "a.csv").read_bytes() == "a\r\né\r\n".encode()


def test_sql_names_a_missing_database(folder: Path) -> None:
    result = sql("-Q", "SELECT 1 AS n;", database="none.duckdb")

    assert result.exit_code == 1
    assert (
        "none.duckdb: no such database. procluster demo, sample or load makes one" in result.stderr
    )
    assert not (folder / "none.duckdb").exists()


def test_sql_creates_a_database_when_told(folder: Path) -> None:
    sql("--create", "-Q", "CREATE TABLE dbo.t (a int NULL);", database="new.duckdb")

    result = sql("-Q", "SELECT COUNT(*) AS n FROM dbo.t;", "--format", "csv", database="new.duckdb")
    assert result.stdout_bytes == b"n\r\n0\r\n"


def test_sql_takes_the_database_from_the_environment(folder: Path) -> None:
    result = CliRunner().invoke(
        main, ["sql", "-Q", "PRINT 'x';"], env={"PROCLUSTER_DATABASE": ":memory:"}
    )

    assert result.stdout == "x\n"


def test_sql_says_that_a_file_is_no_database(folder: Path) -> None:
    (folder / "a.duckdb").write_text("not a database, and long enough to be looked at" * 100)

    result = sql("-Q", "SELECT 1 AS n;", database="a.duckdb")

    assert result.exit_code == 1
    assert "a.duckdb" in result.stderr
    assert "should not happen" not in result.stderr
