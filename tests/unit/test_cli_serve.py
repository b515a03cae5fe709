"""procluster serve: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from procluster.cli import main
from procluster.local.database import Database

COMMAND = (sys.executable, "-m", "procluster", "serve", "--database", ":memory:", "--port", "0")


def served(password: str | None, how: int) -> tuple[str, int]:
    """What it prints before it is told to end, and its exit code."""
    environment = {name: value for name, value in os.environ.items() if "PASSWORD" not in name}
    if password:
        environment["PROCLUSTER_PASSWORD"] = password
    with subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.send_signal(how)
        return line + process.communicate(timeout=60)[0], process.returncode


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_how_to_connect_and_ends_cleanly(how: int) -> None:
    printed, code = served(None, how)

    assert printed.startswith("Server=127.0.0.1,")
    assert "Database=procluster;UID=procluster;PWD=" in printed
    assert printed.endswith("Encrypt=no\n")
    assert code == 0


def test_serve_does_not_show_a_password_it_was_given() -> None:
    printed, _ = served("of the environment", signal.SIGINT)

    assert "of the environment" not in printed
    assert "PWD=(that of PROCLUSTER_PASSWORD)" in printed


def test_serve_refuses_a_file_that_another_process_has_open(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    command = [*COMMAND[:4], "--database", str(file), "--port", "0"]
    with Database(file):
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {file}: another process has it open")


def test_serve_refuses_an_address_that_others_reach() -> None:
    result = CliRunner().invoke(main, ["serve", "--database", ":memory:", "--host", "10.1.2.3"])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: 10.1.2.3: is not an address of loopback.")
