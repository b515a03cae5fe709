"""README is a promise: its commands run, and print what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from procluster.catalog import render
from procluster.settings import Settings, load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = re.compile(r"\d+\.\d s\b")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Example:
    """A command of the README and what it shows below it."""

    command: str
    output: str


def blocks(mark: str) -> list[str]:
    """The fenced blocks that follow a mark."""
    return re.findall(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)


def examples(block: str) -> Iterator[Example]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Example(command, output)


def run(command: str, folder: Path) -> str:
    """Run a command of ours; what it prints, and its errors after it."""
    program, *arguments = shlex.split(command)
    executable = Path(sys.executable).with_name(program)
    environment = {**os.environ, "COLUMNS": "120"}
    done = subprocess.run(
        [str(executable), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo ran."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "demo.txt").write_text(run("procluster demo", folder), encoding="utf-8")
    return folder


def test_readme_shows_what_the_demo_prints(demo_folder: Path) -> None:
    printed = (demo_folder / "demo.txt").read_text(encoding="utf-8")
    (shown,) = blocks("demo")

    assert SECONDS.sub("0 s", shown.strip()) in SECONDS.sub("0 s", printed)


@pytest.mark.parametrize("picture", ["elbow.png", "clusters.png"])
def test_readme_demo_draws(demo_folder: Path, picture: str) -> None:
    assert (demo_folder / picture).read_bytes().startswith(b"\x89PNG\r\n")


def test_readme_shows_what_its_commands_print(demo_folder: Path) -> None:
    shown = [one for block in blocks("run") for one in examples(block)]

    printed = [Example(one.command, run(one.command, demo_folder)) for one in shown]

    assert printed == shown


def test_readme_excerpt_is_in_the_procedure() -> None:
    (excerpt,) = blocks("excerpt: seg.assign")
    (script,) = render(Settings(), ["seg.assign"])

    assert excerpt in script.text


def test_readme_commands_segment_your_own_data(tmp_path: Path) -> None:
    (settings,) = blocks(r"file: procluster\.toml")
    (tmp_path / "procluster.toml").write_text(settings, encoding="utf-8")
    write_own_data(tmp_path)
    (block,) = [
        one for one in re.findall(r"```console\n(.*?)```", README, re.DOTALL) if "load" in one
    ]

    printed = [run(one.command, tmp_path) for one in examples(block)]

    assert "Msg" not in "".join(printed)
    assert [line.split()[:2] for line in printed[-1].splitlines()[2:5]] == [
        ["0", "20"],
        ["1", "20"],
        ["2", "20"],
    ]


def write_own_data(folder: Path) -> None:
    """Sixty buyers of three kinds, as CSV files."""
    lines, refunds = ["buyer,receipt,article,paid"], ["buyer,receipt,article,refunded"]
    for buyer in range(60):
        for order in range(2 + 8 * (buyer % 3 == 2)):
            row = f"{buyer},{buyer * 100 + order},{order + 1}"
            lines.append(f"{row},19.90")
            if (buyer % 3 == 1 and order == 0) or (buyer % 3 == 2 and order > buyer % 2):
                refunds.append(f"{row},19.90")
    buyers = ["id,email", *(f"{buyer},buyer{buyer}@example.com" for buyer in range(60))]
    for name, rows in {"lines": lines, "refunds": refunds, "buyers": buyers}.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_readme_settings_are_valid(tmp_path: Path) -> None:
    (text,) = blocks(r"file: procluster\.toml")
    (tmp_path / "procluster.toml").write_text(text, encoding="utf-8")

    assert load(tmp_path / "procluster.toml").sales.table == "line"


def test_readme_installs_an_extra_that_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r'--editable "\.\[(\w+)\]"', README))

    assert named
    assert named <= project["optional-dependencies"].keys()


def test_readme_makes_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make (demo|test|check|golden)\b", README))

    assert {"demo", "test"} <= named
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)


def test_readme_names_folders_that_exist() -> None:
    table = README[README.index("| folder |") : README.index("## Support")]
    named = re.findall(r"`((?:src|tsql|tests)[\w/]*)`", table)

    assert len(named) > 5
    assert all((ROOT / name).is_dir() for name in named)
