from __future__ import annotations

import json
import platform
from pathlib import Path

import numpy as np
import pytest

from procluster.indb.runtime import model_versions, package_version, report


def test_report_lists_what_a_dba_asks_for() -> None:
    assert [row["component"] for row in json.loads(report())] == [
        "Python", "numpy", "pandas", "scikit-learn", "scipy", "matplotlib", "revoscalepy"
    ]  # fmt: skip


def test_report_has_the_versions() -> None:
    versions = {row["component"]: row["version"] for row in json.loads(report())}
    assert (versions["Python"], versions["numpy"]) == (platform.python_version(), np.__version__)


def test_package_that_is_missing_is_not_installed() -> None:
    assert package_version("no_such_package") == "not installed"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "unknown"),
        ("__version__ = '1.2'", "1.2"),
        ("import no_such_package", "does not load: No module named 'no_such_package'"),
        ("1 / 0", "does not load: ZeroDivisionError: division by zero"),
    ],
)
def test_package_that_is_there_has_a_version_or_a_reason(
    source: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"package_{len(source)}"
    (tmp_path / (name + ".py")).write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert package_version(name) == expected


def test_model_depends_on_python_numpy_and_pandas() -> None:
    assert list(model_versions()) == ["python", "numpy", "pandas"]
