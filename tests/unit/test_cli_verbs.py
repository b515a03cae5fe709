"""What all verbs have in common: help, exit codes, messages instead of tracebacks."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner, Result

from procluster import __version__
from procluster.cli import main
from procluster.cli.group import Verbs
from procluster.errors import DataError, SqlError


def outcome(raised: BaseException, *options: str, env: dict[str, str] | None = None) -> Result:
    """Run a verb that raises this."""

    @click.group(cls=Verbs)
    @click.option("--traceback", is_flag=True, envvar="PROCLUSTER_TRACEBACK")
    def group(traceback: bool) -> None:
        pass

    @group.command()
    def verb() -> None:
        raise raised

    return CliRunner().invoke(group, [*options, "verb"], env=env)


def test_verb_that_fails_exits_with_1_and_its_message() -> None:
    result = outcome(DataError("sales.csv: is empty."))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: sales.csv: is empty.\n"


def test_verb_names_the_file_it_could_not_use() -> None:
    result = outcome(FileNotFoundError(2, "No such file or directory", "/none/x"))

    assert result.stderr == "Error: /none/x: No such file or directory.\n"


def test_verb_prints_errors_of_the_engine_as_they_are() -> None:
    result = outcome(SqlError(208, "Invalid object name 'x'.", line=1))

    assert "Msg 208, Level 16, State 1, Line 1\nInvalid object name 'x'.\n" in result.stderr


def test_verb_names_the_extra_that_is_missing() -> None:
    result = outcome(ModuleNotFoundError("No module named 'duckdb'", name="duckdb"))

    assert result.exit_code == 1
    assert "duckdb: is not installed." in result.stderr
    assert 'pip install "procluster[local]"' in result.stderr


def test_verb_says_how_to_see_where_an_unexpected_error_came_from() -> None:
    result = outcome(KeyError("x"))

    assert result.exit_code == 1
    assert "KeyError: 'x'. This should not happen; procluster --traceback" in result.stderr


@pytest.mark.parametrize(
    ("options", "env"), [(("--traceback",), {}), ((), {"PROCLUSTER_TRACEBACK": "1"})]
)
def test_verb_lets_the_traceback_through(options: tuple[str, ...], env: dict[str, str]) -> None:
    result = outcome(DataError("x"), *options, env=env)

    assert isinstance(result.exception, DataError)


def test_verb_stopped_with_control_c_exits_with_130() -> None:
    assert outcome(KeyboardInterrupt()).exit_code == 130


def test_main_prints_its_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"procluster {__version__}\n"


def test_main_documents_its_exit_codes() -> None:
    text = CliRunner().invoke(main, ["--help"]).stdout

    assert all(f"\n    {code}" in text for code in ("0 ", "1 ", "2 ", "3 ", "64 ", "130 "))


@pytest.mark.parametrize("verb", main.commands)
def test_help_of_every_verb_ends_with_examples(verb: str) -> None:
    text = CliRunner().invoke(main, [verb, "--help"]).stdout

    examples = text.partition("  Examples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith(f"    procluster {verb}") for line in examples)


@pytest.mark.parametrize("arguments", [["nothing"], ["sql", "--format", "xml"], ["load", "t"], []])
def test_wrong_usage_exits_with_64(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 64


def test_help_needs_no_engine() -> None:
    code = (
        "import sys; sys.modules['duckdb'] = sys.modules['pyarrow'] = None\n"
        "from procluster.cli import main; main(['--help'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0


def test_deploying_to_a_server_needs_no_engine() -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        "from procluster.cli.group import LOCAL_PACKAGES\n"
        "sys.modules.update(dict.fromkeys(LOCAL_PACKAGES))\n"
        "import procluster.agent, procluster.deploy, procluster.files\n"
        "for module in pkgutil.iter_modules(procluster.deploy.__path__, 'procluster.deploy.'):\n"
        "    if module.name != 'procluster.deploy.embedded':\n"
        "        importlib.import_module(module.name)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr == ""
