"""The code that runs inside SQL Server, on the oldest Pythons and packages it must run on.

Interpreters are looked for under ``pyenv`` and on the PATH. Each gets a virtual environment with
the pinned packages of ``floor-<version>.txt`` in the user's cache directory, made once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSIONS = ("3.7", "3.10")

pytestmark = pytest.mark.slow


def run(*command: str | Path) -> str:
    """What a command prints; the test fails with all its output when the command does."""
    paths = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests" / "unit")))
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


def candidates(version: str) -> Iterator[Path]:
    """Where an interpreter may be: pyenv's, the latest first, then the PATH."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = (root / "versions").glob(f"{version}.*/bin/python")
    yield from sorted(installed, key=lambda path: int(path.parts[-3].split(".")[2]), reverse=True)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)


def answers(python: Path, version: str) -> bool:
    """Whether it runs as that version of CPython; pyenv's shims may stand for nothing."""
    script = "import platform as p; print(p.python_implementation(), p.python_version())"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.startswith(f"CPython {version}.")


def find_interpreters() -> dict[str, Path]:
    found = {}
    for version in VERSIONS:
        python = next((path for path in candidates(version) if answers(path, version)), None)
        if python:
            found[version] = python
    return found


FOUND = find_interpreters()


@pytest.fixture(scope="module", params=FOUND)
def runtime(request: pytest.FixtureRequest) -> Path:
    """The Python of an environment with the pinned packages."""
    python = FOUND[request.param].resolve()
    requirements = HERE / f"floor-{request.param}.txt"
    key = hashlib.sha256(f"{python}\n{requirements.read_text()}".encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "procluster"
    folder = cache / f"python{request.param}-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            run(python, "-m", "venv", "--clear", folder)
            run(folder / "bin" / "python", "-m", "pip", "install", "-q", "-r", requirements)
            (folder / "complete").touch()
    return folder / "bin" / "python"


def write_documents(python: str | Path, folder: Path) -> Any:
    run(python, HERE / "write_documents.py", folder / "documents.json")
    return json.loads((folder / "documents.json").read_text())


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the project's own Python makes of the data."""
    return write_documents(sys.executable, tmp_path_factory.mktemp("documents"))


@pytest.mark.parametrize("version", VERSIONS)
def test_interpreter_is_used_when_the_machine_has_it(version: str) -> None:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = [path.name for path in root.glob("*") if path.name.startswith(f"{version}.")]
    if not installed and version not in FOUND:
        pytest.skip(f"no CPython {version} on this machine (pyenv install {version})")
    assert version in FOUND


def test_indb_passes_its_tests(runtime: Path) -> None:
    tests = sorted((ROOT / "tests" / "unit").glob("test_indb_*.py"))
    # The configuration is for the project's own pytest.
    alone = ("-c", os.devnull, "--rootdir", ROOT, "--noconftest", "-p", "no:cacheprovider")
    assert " passed" in run(runtime, "-m", "pytest", "-q", "-W", "ignore", *alone, *tests)


def test_same_data_and_seed_give_the_same_documents(
    runtime: Path, documents: Any, tmp_path: Path
) -> None:
    assert list(differences(documents, write_documents(runtime, tmp_path))) == []


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two documents differ by more than 1e-9, but for the versions they name."""
    if path.endswith("/versions"):
        return
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}/{index}")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{path}: {one!r}, {other!r}"
    elif one != other:
        yield f"{path}: {one!r}, {other!r}"


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"a": [1.0, "x"], "versions": 2}, []),
        ({"a": [1.0 + 1e-12, "x"], "versions": 1}, []),
        ({"a": [1.0 + 1e-8, "x"], "versions": 1}, ["/a/0: 1.0, 1.00000001"]),
        ({"a": [1.0, "y"], "versions": 1}, ["/a/1: 'x', 'y'"]),
        ({"a": [1.0], "versions": 1}, ["/a: [1.0, 'x'], [1.0]"]),
        ({"a": [None, "x"], "versions": 1}, ["/a/0: 1.0, None"]),
    ],
)
def test_differences_are_found(other: Any, found: list[str]) -> None:
    assert list(differences({"a": [1.0, "x"], "versions": 1}, other)) == found
