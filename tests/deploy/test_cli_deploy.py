"""The verbs as a person calls them; what they print, and what they never print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from serving import PASSWORD, serve
from shop_tables import SHOP

from procluster.cli import main
from procluster.deploy.connect import connect
from procluster.deploy.secret import Secret
from procluster.deploy.target import Target
from procluster.local.database import Database

DRIFT = "ALTER PROCEDURE seg.help AS SELECT 1 AS x;"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty shop, and nothing of this machine's own settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("PROCLUSTER_"):
            monkeypatch.delenv(name)
    with Database("procluster.duckdb") as database:
        database.connect().query(SHOP)
    return tmp_path


def procluster(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_sql(batch: str) -> None:
    with Database("procluster.duckdb") as database:
        database.connect().query(batch)


@pytest.fixture
def deployed() -> None:
    assert procluster("deploy", "--yes").exit_code == 0


def test_plan_of_an_empty_database_exits_with_2() -> None:
    result = procluster("plan")

    assert result.exit_code == 2
    assert "+ seg.train" in result.stdout


def test_plan_after_deploy_exits_with_0(deployed: None) -> None:
    result = procluster("plan")

    assert result.exit_code == 0
    assert "Nothing to do" in result.stdout


def test_plan_with_drift_exits_with_3(deployed: None) -> None:
    run_sql(DRIFT)

    result = procluster("plan")

    assert result.exit_code == 3
    assert "! seg.help  procedure  drifted  altered by hand" in result.stdout


def test_plan_that_cannot_connect_exits_with_1(folder: Path) -> None:
    (folder / "procluster.duckdb").unlink()

    result = procluster("plan")

    assert result.exit_code == 1
    assert "procluster.duckdb: no such database" in result.stderr


def test_plan_of_an_unknown_target_exits_with_64() -> None:
    result = procluster("plan", "--target", "prod")

    assert result.exit_code == 64
    assert "'prod' is not in procluster.toml. Allowed: local." in result.stderr


def test_plan_as_json_is_json(deployed: None) -> None:
    document = json.loads(procluster("plan", "--format", "json").stdout)

    assert document["outcome"] == "nothing to do"


def test_deploy_with_nobody_to_ask_needs_yes() -> None:
    result = procluster("deploy")

    assert result.exit_code == 64
    assert "--yes" in result.stderr
    assert procluster("plan").exit_code == 2


def test_deploy_says_what_it_did() -> None:
    result = procluster("deploy", "--yes")

    assert result.exit_code == 0
    assert "Done: deployment 1," in result.stdout


def test_deploy_over_drift_needs_to_be_told(deployed: None) -> None:
    run_sql(DRIFT)

    assert procluster("deploy", "--yes").exit_code == 1
    assert procluster("deploy", "--yes", "--overwrite-drift").exit_code == 0
    assert procluster("plan").exit_code == 0


def test_history_lists_what_was_deployed(deployed: None) -> None:
    [entry] = json.loads(procluster("history", "--format", "json").stdout)

    assert (entry["action"], entry["status"]) == ("deploy", "succeeded")


def test_verify_exits_with_0_and_after_a_change_by_hand_with_1(deployed: None) -> None:
    assert procluster("verify").exit_code == 0
    run_sql(DRIFT)
    assert procluster("verify").exit_code == 1


def test_rollback_goes_back(deployed: None, folder: Path) -> None:
    (folder / "procluster.toml").write_text("[defaults]\nn_clusters = 7\n")
    assert procluster("deploy", "--yes").exit_code == 0

    assert procluster("rollback", "--to", "1", "--yes").exit_code == 0

    (folder / "procluster.toml").unlink()
    assert procluster("plan").exit_code == 0


def test_uninstall_keeps_the_tables(deployed: None) -> None:
    assert procluster("uninstall", "--yes").exit_code == 0

    run_sql("SELECT COUNT(*) FROM seg.model;")


def test_baseline_takes_in_what_install_sql_made() -> None:
    procluster("render")
    assert procluster("sql", "-i", "rendered/install.sql").exit_code == 0

    result = procluster("baseline")

    assert result.exit_code == 0
    assert "on record as deployment 1" in result.stdout
    assert procluster("plan").exit_code == 2


def test_script_runs_in_sqlcmds_stead(folder: Path) -> None:
    assert procluster("script", "-o", "deploy.sql").exit_code == 0

    assert procluster("sql", "-i", "deploy.sql").exit_code == 0
    assert procluster("plan").exit_code == 0


def test_check_of_an_empty_shop_says_that_there_is_nothing_to_segment() -> None:
    result = procluster("check")

    assert result.exit_code == 1
    assert "There is nothing to segment." in result.stdout


@pytest.mark.parametrize(
    ("password", "arguments"),
    [
        (PASSWORD, ("check",)),
        (PASSWORD, ("deploy", "--yes")),
        (PASSWORD, ("script",)),
        ("wrong; {pass}word", ("plan",)),
    ],
    ids=["check", "deploy", "script", "login refused"],
)
def test_password_is_in_no_output(folder: Path, password: str, arguments: tuple[str, ...]) -> None:
    """Standard output, standard error and tracebacks, of calls that succeed and that fail."""
    with Database() as database:
        database.connect().query(SHOP)
        with serve(database) as endpoint:
            (folder / "procluster.toml").write_text(
                f'[target.dev]\nserver = "{endpoint.host},{endpoint.port}"\n'
                f'database = "{endpoint.database}"\nauthentication = "sql"\n'
                f'login = "{endpoint.login}"\nencryption = "optional"\n'
            )
            done = subprocess.run(
                [sys.executable, "-m", "procluster", "--traceback", *arguments],
                env={**os.environ, "PROCLUSTER_PASSWORD": password, "PYTHONFAULTHANDLER": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            said = done.stdout + done.stderr
            assert password not in said
            assert password.replace("}", "}}") not in said
            assert said.strip()
            assert ("Login failed" in said) == (password != PASSWORD)


def test_password_is_not_in_the_history(folder: Path) -> None:
    with Database() as database, serve(database) as endpoint:
        database.connect().query(SHOP)
        target = Target(
            "dev",
            server=f"{endpoint.host},{endpoint.port}",
            database=endpoint.database,
            authentication="sql",
            login=endpoint.login,
            encryption="optional",
        )
        (folder / "procluster.toml").write_text(
            f'[target.dev]\nserver = "{target.server}"\ndatabase = "{target.database}"\n'
            f'authentication = "sql"\nlogin = "{target.login}"\nencryption = "optional"\n'
        )
        runner = CliRunner(env={"PROCLUSTER_PASSWORD": PASSWORD})
        assert runner.invoke(main, ["deploy", "--yes"]).exit_code == 0

        connection = connect(target, Secret(PASSWORD))
        rows = [
            str(connection.query(f"SELECT * FROM seg.{table};")[0].rows)
            for table in ("deployment", "deployment_object")
        ]
        connection.close()
    assert not [row for row in rows if PASSWORD in row]
