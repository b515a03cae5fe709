"""The images' files: what is pinned, and that the versions agree with those that are tested."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from image_shell import DOCKER

from procluster.settings import load_targets

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCKERFILES = ["Dockerfile", "deploy.Dockerfile"]


def read(name: str) -> str:
    return (DOCKER / name).read_text(encoding="utf-8")


def pins(text: str) -> dict[str, str]:
    """The versions of a requirements file; a line without one is an error."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(re.fullmatch(r"([\w.-]+)==([\w.]+)", line).groups() for line in lines)  # type: ignore[union-attr,misc]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_base_image_is_pinned(name: str) -> None:
    (tag,) = re.findall(r"^FROM \S+?:(\S+)$", read(name), re.MULTILINE)

    assert re.search(r"\d+\.\d+\.\d+|-CU\d+-", tag)


def test_server_and_extensibility_are_one_build() -> None:
    text = read("Dockerfile")

    assert re.search(r"^ARG MSSQL_VERSION=16\.0\.\d+\.\d+-\d+$", text, re.MULTILINE)
    assert 'mssql-server="${MSSQL_VERSION}"' in text
    assert 'mssql-server-extensibility="${MSSQL_VERSION}"' in text


def test_python_inside_the_server_is_the_tested_set() -> None:
    tested = pins((ROOT / "tests/runtimes/floor-3.10.txt").read_text(encoding="utf-8"))
    del tested["pytest"]
    inside = pins(read("python.txt"))

    assert {name: inside.get(name) for name in tested} == tested
    assert inside.keys() - tested.keys() == {"dill", "patsy"}


def test_everything_that_deploys_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["local"], *extras["server"]]
    names = {
        re.match(r"[\w.-]+", one).group()  # type: ignore[union-attr]
        for one in wanted
        if "python_version <" not in one
    }

    assert names <= pins(read("deploy.txt")).keys()


def assigns_password(file_name: str, text: str) -> bool:
    """Whether a password is given a value that is neither a variable nor left out."""
    sign = ":" if file_name.endswith(".yaml") else "="
    return bool(re.search(rf"(?i)(?:password|pwd)[ \t]*{sign}[ \t]*[\"']?\w", text))


def test_no_file_holds_a_password() -> None:
    found = [one.name for one in DOCKER.iterdir() if assigns_password(one.name, read(one.name))]

    assert found == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Dockerfile", "ENV MSSQL_SA_PASSWORD=hunter2"),
        ("compose.yaml", "  MSSQL_SA_PASSWORD: hunter2"),
        ("procluster.toml", 'password = "hunter2"'),
    ],
)
def test_a_password_in_a_file_would_be_found(name: str, line: str) -> None:
    assert assigns_password(name, line)


def test_scripts_may_be_run() -> None:
    assert all(file.stat().st_mode & 0o111 for file in DOCKER.glob("*.sh"))


def test_settings_name_the_target() -> None:
    assert load_targets(DOCKER / "procluster.toml")["docker"].server == "sql"
