"""Errors in a script: number, wording, and the place in the source they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from procluster.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.satellite import ScriptResult

    Run = Callable[..., ScriptResult]


FIRST_LINE = (
    "A 'Python' script error occurred during execution of 'sp_execute_external_script' "
    "with HRESULT 0x80004004."
)


@pytest.fixture
def fail(run: Run) -> Callable[..., SqlError]:
    """Run a script that fails; give its error."""

    def failing(script: str, **parts: object) -> SqlError:
        with pytest.raises(SqlError) as caught:
            run(script, **parts)
        return caught.value

    return failing


def lines_of(error: SqlError) -> list[str]:
    return error.message.split("\n")


def test_exception_is_39004_in_the_words_of_the_server(fail: Callable[..., SqlError]) -> None:
    error = fail("1/0")

    assert (error.number, error.severity, error.state) == (39004, 16, 20)
    assert lines_of(error) == [
        FIRST_LINE,
        "An external script error occurred:",
        "ZeroDivisionError: division by zero",
        '  File "<string>", line 1, in <module>',
    ]


def test_places_are_the_script_s_own_innermost_first(fail: Callable[..., SqlError]) -> None:
    script = "import json\ndef load(text):\n    return json.loads(text)\nload('{')"

    assert lines_of(fail(script))[3:] == [
        '  File "<string>", line 3, in load',
        '  File "<string>", line 4, in <module>',
    ]


def test_generated_code_is_no_place_of_the_script(fail: Callable[..., SqlError]) -> None:
    script = (
        "from dataclasses import dataclass\n\n\n\n\n@dataclass\nclass A:\n"
        "    n: int\n    def __post_init__(self): 1/0\nA(1)"
    )

    assert lines_of(fail(script))[3:] == [
        '  File "<string>", line 9, in __post_init__',
        '  File "<string>", line 10, in <module>',
    ]


def test_deep_recursion_shows_five_places(fail: Callable[..., SqlError]) -> None:
    error = fail("def f(): f()\nf()")

    assert lines_of(error)[2].startswith("RecursionError: maximum recursion depth")
    assert lines_of(error)[3:] == ['  File "<string>", line 1, in f'] * 5


def test_section_marker_names_module_and_line(fail: Callable[..., SqlError]) -> None:
    script = "\n# ---- app/indb/kmeans.py\n\ndef fit():\n    1/0\n# ---- glue\nfit()\n"

    assert lines_of(fail(script))[3:] == [
        '  File "<string>", line 5, in fit (kmeans.py, line 3)',
        '  File "<string>", line 7, in <module> (glue, line 1)',
    ]


def test_syntax_error_names_module_and_line(fail: Callable[..., SqlError]) -> None:
    script = "# ---- app/one.py\nx = 1\nx = = 2\n"

    assert lines_of(fail(script))[2:] == [
        "SyntaxError: invalid syntax",
        '  File "<string>", line 3 (one.py, line 2)',
    ]


def test_indented_script_is_an_error(fail: Callable[..., SqlError]) -> None:
    assert lines_of(fail("  x = 1"))[2] == "IndentationError: unexpected indent"


def test_nul_character_is_refused_with_its_line(fail: Callable[..., SqlError]) -> None:
    assert "@script: a NUL character in line 2" in fail("x = 1\ny = '\0'").message


@pytest.mark.parametrize("code", ["sys.exit()", "sys.exit(0)", "sys.exit('done')", "exit_()"])
def test_exit_is_an_error(fail: Callable[..., SqlError], code: str) -> None:
    error = fail(f"import sys\ndef exit_(): raise SystemExit\n{code}")

    assert error.number == 39004
    assert lines_of(error)[2].startswith("SystemExit")
    assert lines_of(error)[-1].startswith("sys.exit() is an error on a server.")


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "GeneratorExit", "BaseException"])
def test_exception_beneath_exception_is_an_error(fail: Callable[..., SqlError], kind: str) -> None:
    assert lines_of(fail(f"raise {kind}"))[2] == kind


def test_exception_of_a_package_is_named_with_it(fail: Callable[..., SqlError]) -> None:
    assert lines_of(fail("import json\njson.loads('{')"))[2].startswith(
        "json.decoder.JSONDecodeError: Expecting property name"
    )


def test_exception_of_the_script_is_named_plainly(fail: Callable[..., SqlError]) -> None:
    assert lines_of(fail("class TooFew(ValueError): pass\nraise TooFew('2 < 4')"))[2] == (
        "TooFew: 2 < 4"
    )


def test_chained_causes_are_left_out(fail: Callable[..., SqlError]) -> None:
    error = fail("try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e")

    assert "ZeroDivisionError" not in error.message
    assert lines_of(error)[2] == "KeyError: 'k'"


def test_long_text_is_cut(fail: Callable[..., SqlError]) -> None:
    error = fail("raise ValueError('x' * 100000)")

    assert len(error.message) < 2048
    assert lines_of(error)[2].endswith("x ...")


def test_text_that_cannot_be_made_is_no_crash(fail: Callable[..., SqlError]) -> None:
    script = "class E(Exception):\n    def __str__(self): 1/0\nraise E"

    assert lines_of(fail(script))[2] == "E: (its text cannot be shown)"


def test_printed_output_is_lost_with_the_error(fail: Callable[..., SqlError], run: Run) -> None:
    error = fail("print('lost')\n1/0")

    assert "lost" not in error.message
    assert run("print('kept')").printed == "kept\n"


def test_next_call_works_after_an_error(fail: Callable[..., SqlError], run: Run) -> None:
    before = run("import os\nprint(os.getpid())").printed
    fail("1/0")

    assert run("import os\nprint(os.getpid())").printed == before


@pytest.mark.parametrize("names", [("in put", "o"), ("i", "class"), ("1", "o"), ("i", "")])
def test_frame_name_that_is_no_variable_is_refused(
    fail: Callable[..., SqlError], names: tuple[str, str]
) -> None:
    assert "no name of a variable in Python" in fail("", names=names).message


def test_one_name_for_both_frames_is_refused(fail: Callable[..., SqlError]) -> None:
    assert "Use two names" in fail("", names=("df", "df")).message


def test_faults_of_a_call_come_at_once(fail: Callable[..., SqlError]) -> None:
    message = fail("\0", names=("a b", "a b"), given={"p#": ("int", 1)}).message

    assert [fault.partition(" ")[0] for fault in message.split("\n")[1:]] == [
        "@input_data_1_name",
        "@output_data_1_name",
        "parameter",
        "@output_data_1_name",
        "@script:",
    ]
