"""[target.NAME] of procluster.toml, the secrets beside it, and what the driver is told."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from procluster.deploy.driver import find_driver
from procluster.deploy.secret import Secret, find_secret
from procluster.deploy.server import connection_string, sql_error
from procluster.deploy.target import Target
from procluster.errors import ConnectError, SettingsError, SqlError
from procluster.settings import load_targets, parse, parse_targets

SERVER = '[target.dev]\nserver = "sql1"\ndatabase = "shop"\n'
SQL = Target("dev", server="sql1", database="shop", authentication="sql", login="ana")


def faults(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_targets(text)
    return str(caught.value)


def test_target_is_encrypted_and_checks_the_certificate_by_default() -> None:
    target = parse_targets(SERVER)["dev"]

    assert (target.encryption, target.trust_server_certificate) == ("mandatory", False)


def test_target_may_be_a_file_of_the_embedded_engine() -> None:
    assert parse_targets('[target.try]\nfile = "try.duckdb"')["try"].is_embedded


def test_target_leaves_the_rendered_settings_alone() -> None:
    assert parse(SERVER) == parse("")


@pytest.mark.parametrize("key", ["password", "PWD", "client_secret", "access_token"])
def test_target_with_a_secret_in_the_file_is_refused_without_showing_it(key: str) -> None:
    said = faults(f'{SERVER}{key} = "hunter2"')

    assert f"target.dev.{key}: a secret has no place in a file" in said
    assert "hunter2" not in said


def test_target_does_not_repeat_a_connection_string() -> None:
    said = faults('[target.dev]\nserver = "sql1;UID=ana;PWD=hunter2"\ndatabase = "shop"')

    assert "target.dev.server: Allowed: a name without ; and =" in said
    assert "hunter2" not in said


def test_target_faults_come_all_at_once() -> None:
    said = faults('[target.dev]\nencryption = "none"\nconnect_timeout = 0\nservr = "x"')

    assert all(key in said for key in ("dev.encryption", "dev.connect_timeout", "dev.servr"))


def test_target_faults_come_with_those_of_the_settings() -> None:
    assert "schema" in faults('schema = ""\n[target.dev]\nencryption = "none"')


def test_target_without_server_and_database_says_both() -> None:
    said = faults("[target.dev]")

    assert "target.dev.server: is missing" in said
    assert "target.dev.database: is missing" in said


def test_target_with_sql_login_needs_a_name() -> None:
    assert "target.dev.login: is missing" in faults(SERVER + 'authentication = "sql"')


def test_target_is_a_server_or_a_file() -> None:
    assert "target.dev.server: 'sql1' beside file" in faults(SERVER + 'file = "a.duckdb"')


def test_target_cannot_trust_what_strict_encryption_checks() -> None:
    said = faults(SERVER + 'encryption = "strict"\ntrust_server_certificate = true')

    assert "target.dev.trust_server_certificate: true beside encryption strict" in said


def test_secret_comes_from_the_environment() -> None:
    secret = find_secret(SQL, {"PROCLUSTER_PASSWORD": "hunter2"})

    assert secret is not None
    assert secret.reveal() == "hunter2"


def test_secret_is_asked_for_when_somebody_is_there() -> None:
    secret = find_secret(SQL, {}, lambda prompt: f"answer to {prompt}")

    assert secret is not None
    assert secret.reveal() == "answer to Password for ana on sql1"


def test_secret_that_nobody_can_be_asked_for_is_an_error() -> None:
    with pytest.raises(ConnectError, match="PROCLUSTER_PASSWORD: is not set"):
        find_secret(SQL, {})


def test_secret_is_not_needed_with_windows_authentication() -> None:
    assert find_secret(Target("dev", server="sql1", database="shop"), {}) is None


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format])
def test_secret_does_not_show_itself(shown: object) -> None:
    assert callable(shown)
    assert shown(Secret("hunter2")) == "Secret(***)"


def test_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("hunter2"))


def test_connection_string_encrypts() -> None:
    assert "Encrypt=yes;TrustServerCertificate=no;" in connection_string(SQL, "d", None)


def test_connection_string_braces_what_would_end_a_value() -> None:
    assert "PWD={a;b}}c};" in connection_string(SQL, "d", Secret("a;b}c"))


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        ("windows", "Trusted_Connection=yes;"),
        ("managed_identity", "Authentication=ActiveDirectoryMsi;"),
        ("service_principal", "Authentication=ActiveDirectoryServicePrincipal;"),
        ("interactive", "Authentication=ActiveDirectoryInteractive;"),
    ],
)
def test_connection_string_says_how_to_log_in(authentication: str, expected: str) -> None:
    target = Target("dev", server="sql1", database="shop", authentication=authentication)

    assert expected in connection_string(target, "d", None)


def test_connection_string_leaves_an_access_token_out() -> None:
    """The driver takes it as an attribute, and refuses one beside UID or PWD."""
    target = Target("dev", server="s", database="d", authentication="access_token")

    assert "hunter2" not in connection_string(target, "d", Secret("hunter2"))


def test_driver_18_is_preferred() -> None:
    installed = ["ODBC Driver 17 for SQL Server", "ODBC Driver 18 for SQL Server"]

    assert find_driver("", installed) == "ODBC Driver 18 for SQL Server"


def test_driver_that_is_named_is_taken() -> None:
    assert find_driver("FreeTDS", ["ODBC Driver 18 for SQL Server"]) == "FreeTDS"


def test_driver_that_is_nowhere_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(ConnectError, match="ODBC driver: neither"):
        find_driver("", [])


def test_sql_error_has_the_number_and_the_words_of_the_server() -> None:
    text = (
        "[42S02] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Invalid object name 'x'. "
        "(208) (SQLExecDirectW); [42S02] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
        "Statement(s) could not be prepared. (8180)"
    )

    found = sql_error(Exception("42S02", text))

    assert isinstance(found, SqlError)
    assert (found.number, found.message) == (208, "Invalid object name 'x'.")


def test_sql_error_of_a_lost_connection_is_another_one() -> None:
    text = "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]Communication link failure (0) (SQLE)"

    assert isinstance(sql_error(Exception("08S01", text)), ConnectError)


@pytest.mark.parametrize("name", ["sqlserver", "managed_instance"])
def test_example_target_is_valid(name: str) -> None:
    file = Path(__file__).parents[2] / "deploy" / f"{name}.toml"

    assert list(load_targets(file)) == [name]


@pytest.mark.parametrize("name", ["sqlserver", "managed_instance"])
def test_example_target_is_valid_with_every_other_way_to_log_in(name: str) -> None:
    text = (Path(__file__).parents[2] / "deploy" / f"{name}.toml").read_text(encoding="utf-8")
    blocks = re.findall(r"^# authentication = .*\n(?:# login = .*\n)?", text, re.MULTILINE)

    assert blocks
    for block in blocks:
        other = re.sub(r"^(authentication|login) = .*\n", "", text, flags=re.MULTILINE)
        other = other.replace("connect_timeout", block.replace("# ", "") + "connect_timeout", 1)
        assert parse_targets(other)[name].authentication in block


def test_deploy_py_is_the_verb(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "deploy" / "deploy.py"

    done = subprocess.run(
        [sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert "Bring a database to what is rendered." in done.stdout
