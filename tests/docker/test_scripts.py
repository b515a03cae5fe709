"""What the images' scripts refuse, run and keep to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_shell import Shell

PASSWORD = "Sentinel-4711"
LICENSES = {"ACCEPT_EULA": "Y", "ACCEPT_EULA_ML": "Y"}


def prepare_entry(shell: Shell) -> dict[str, str]:
    """Stand-ins for what the entry point calls; the environment that names them."""
    shell.stand_in("chown")
    return {"MSSQL_CONF": str(shell.stand_in("mssql-conf")), **LICENSES}


def test_entrypoint_names_everything_that_is_missing(shell: Shell) -> None:
    done = shell.run("entrypoint.sh", "true", MSSQL_SA_PASSWORD_FILE="/nowhere")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        (
            "MSSQL_SA_PASSWORD: is missing. Set it in the environment, or mount a secret as "
            "/nowhere."
        ),
        "ACCEPT_EULA: ''. Set it to Y when you accept the license of SQL Server.",
        (
            "ACCEPT_EULA_ML: ''. Set it to Y when you accept the license of Machine Learning "
            "Services."
        ),
    ]


@pytest.mark.parametrize("weak", ["Aa1-567", "lowercase1", "UPPERCASE-", "12345678", "A1" * 65])
def test_entrypoint_refuses_a_weak_password_without_showing_it(shell: Shell, weak: str) -> None:
    done = shell.run("entrypoint.sh", "true", MSSQL_SA_PASSWORD=weak, **prepare_entry(shell))

    assert done.returncode == 1
    assert "MSSQL_SA_PASSWORD: is too weak" in done.stderr
    assert weak not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["1st", "a'b", "a]b", "a b", "x" * 101])
def test_entrypoint_refuses_a_database_name_that_needs_quoting(shell: Shell, name: str) -> None:
    environment = prepare_entry(shell)

    done = shell.run(
        "entrypoint.sh", "true", MSSQL_SA_PASSWORD=PASSWORD, DATABASE_NAME=name, **environment
    )

    assert done.returncode == 1
    assert f"DATABASE_NAME: '{name}'" in done.stderr


def test_entrypoint_configures_python_and_hands_over(shell: Shell) -> None:
    environment = prepare_entry(shell)

    done = shell.run(
        "entrypoint.sh",
        "bash",
        "-c",
        'printf "%s %s" "$MSSQL_SA_PASSWORD" "$DATABASE_NAME"',
        MSSQL_SA_PASSWORD=PASSWORD,
        **environment,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{PASSWORD} shop", "")
    assert shell.calls() == [
        "mssql-conf set EULA accepteulaml Y",
        "mssql-conf set extensibility pythonbinpath /usr/bin/python3.10",
        ("mssql-conf set extensibility datadirectories /usr/lib:/usr/lib/python3.10/dist-packages"),
        "chown -R mssql /var/opt/mssql",
    ]


def test_entrypoint_takes_the_password_from_a_secret(shell: Shell, tmp_path: Path) -> None:
    environment = prepare_entry(shell)
    secret = tmp_path / "sa_password"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")

    done = shell.run(
        "entrypoint.sh",
        "bash",
        "-c",
        'printf "%s" "$MSSQL_SA_PASSWORD"',
        MSSQL_SA_PASSWORD_FILE=str(secret),
        **environment,
    )

    assert done.stdout == PASSWORD


def test_setup_waits_for_the_server_and_restarts_launchpad(shell: Shell, tmp_path: Path) -> None:
    flag = tmp_path / "asked"
    sqlcmd = shell.stand_in("sqlcmd", f'[[ -e "{flag}" ]] || {{ touch "{flag}"; exit 1; }}')
    shell.stand_in("supervisorctl")

    done = shell.run(
        "setup.sh",
        SQLCMD=str(sqlcmd),
        SETUP_PAUSE="0",
        MSSQL_SA_PASSWORD=PASSWORD,
        DATABASE_NAME="shop",
    )

    assert done.returncode == 0, done.stderr
    first, again, script, restart = shell.calls()
    assert first == again == "sqlcmd -S localhost -U sa -C -b -l 5 -Q SELECT 1"
    assert script.endswith("-v DATABASE_NAME=shop -i /usr/local/share/procluster/setup.sql")
    assert restart.endswith("restart launchpadd")


def test_setup_gives_up_in_words(shell: Shell) -> None:
    sqlcmd = shell.stand_in("sqlcmd", "exit 1")

    done = shell.run(
        "setup.sh",
        SQLCMD=str(sqlcmd),
        SETUP_PAUSE="0",
        MSSQL_SA_PASSWORD=PASSWORD,
        DATABASE_NAME="shop",
    )

    assert done.returncode == 1
    assert done.stderr == "setup: SQL Server does not answer after 60 attempts. Its log is above.\n"


def test_health_asks_python_once(shell: Shell, tmp_path: Path) -> None:
    sqlcmd = shell.stand_in("sqlcmd")
    shell.stand_in("pgrep")
    environment = {
        "SQLCMD": str(sqlcmd),
        "READY": str(tmp_path / "ready"),
        "MSSQL_SA_PASSWORD": PASSWORD,
    }

    done = [shell.run("healthcheck.sh", **environment).returncode for _ in range(2)]

    assert done == [0, 0]
    assert sum("sp_execute_external_script" in call for call in shell.calls()) == 1


@pytest.mark.parametrize(
    ("program", "body"),
    [
        ("sqlcmd", "exit 1"),
        ("sqlcmd", '[[ "$*" != *external_script* ]]'),
        ("sqlcmd", '[[ "$*" != *"SELECT 1"* ]]'),
        ("pgrep", "exit 1"),
    ],
    ids=["no server", "no Python", "no database", "no launchpadd"],
)
def test_health_fails_with_any_part(shell: Shell, tmp_path: Path, program: str, body: str) -> None:
    shell.stand_in("sqlcmd")
    shell.stand_in("pgrep")
    shell.stand_in(program, body)

    done = shell.run(
        "healthcheck.sh",
        SQLCMD=str(shell.bin / "sqlcmd"),
        READY=str(tmp_path / "ready"),
        MSSQL_SA_PASSWORD=PASSWORD,
    )

    assert done.returncode != 0


def test_deploy_refuses_to_start_without_a_password(shell: Shell) -> None:
    shell.stand_in("procluster")

    done = shell.run("deploy.sh", MSSQL_SA_PASSWORD_FILE="/nowhere")

    assert done.returncode == 1
    assert done.stderr.startswith("PROCLUSTER_PASSWORD: is missing.")
    assert shell.calls() == []


def test_deploy_stops_at_the_first_failure(shell: Shell) -> None:
    shell.stand_in("procluster", '[[ "$1" != deploy ]]')

    done = shell.run("deploy.sh", PROCLUSTER_PASSWORD=PASSWORD)

    assert done.returncode == 1
    assert shell.calls() == [
        "procluster sample --target docker",
        "procluster deploy --target docker --yes",
    ]


def test_scripts_pass_the_password_in_no_argument(shell: Shell, tmp_path: Path) -> None:
    sqlcmd = shell.stand_in("sqlcmd")
    for name in ("supervisorctl", "pgrep", "procluster"):
        shell.stand_in(name)
    environment = {
        "SQLCMD": str(sqlcmd),
        "READY": str(tmp_path / "ready"),
        "DATABASE_NAME": "shop",
        "MSSQL_SA_PASSWORD": PASSWORD,
        "PROCLUSTER_PASSWORD": PASSWORD,
        **prepare_entry(shell),
    }

    done = [
        shell.run("entrypoint.sh", "true", **environment),
        *(shell.run(f"{name}.sh", **environment) for name in ("setup", "healthcheck", "deploy")),
    ]

    assert [one.returncode for one in done] == [0, 0, 0, 0]
    assert len(shell.calls()) > 8
    assert PASSWORD not in "\n".join([*shell.calls(), *(one.stdout + one.stderr for one in done)])
