"""procluster job: what the verb refuses before it connects."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from procluster.cli import main


@pytest.mark.parametrize("verb", ["install", "show", "remove"])
def test_job_on_the_embedded_engine_is_refused(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, ["job", verb])

    assert done.exit_code == 1
    assert "the embedded engine has no SQL Server Agent. Give a --target" in done.stderr


def test_job_install_names_every_fault_of_a_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, ["job", "install", "--at", "3", "--on", "someday"])

    assert done.exit_code == 1
    assert "'3' is no time of day. Allowed: 00:00 to 23:59." in done.stderr
    assert "'someday' is no weekday. Allowed: sunday" in done.stderr
