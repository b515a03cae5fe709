"""Scripts and the prompt, over a session that only remembers what it was given."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, cast

import pytest

from procluster import script
from procluster.console import Console
from procluster.errors import SqlError
from procluster.local.results import Event
from procluster.progress import Progress
from procluster.prompt import Prompt

if TYPE_CHECKING:
    from procluster.local.database import Session


class Recorder:
    """A session for which a batch with ``bad`` in it fails and one with ``slow`` is interrupted."""

    def __init__(self) -> None:
        self.batches: list[str] = []
        self.rolled_back = False

    def execute(self, batch: str, receive: Callable[[Event], None]) -> bool:
        if "ROLLBACK" in batch:
            self.rolled_back = True
            return True
        self.batches.append(batch.strip())
        if "slow" in batch:
            raise KeyboardInterrupt
        if "bad" in batch:
            receive(SqlError(102, "Incorrect syntax near 'bad'.", line=1))
            return False
        return True


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(err: io.StringIO) -> Console:
    return Console.for_format("table", io.StringIO(), err, Progress(err))


def typed(recorder: Recorder, console: Console, answers: Iterable[object]) -> list[str]:
    """Type lines (or raise what is no line) until the prompt ends; give the prompts it showed."""
    lines: Iterator[object] = iter(answers)
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        answer = next(lines, EOFError())
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)

    Prompt(cast("Session", recorder), console, ask=ask, say=lambda _: None).run()
    return prompts


def test_script_runs_batches_in_order(recorder: Recorder, console: Console) -> None:
    clean = script.run(cast("Session", recorder), "SELECT 1\nGO\nSELECT 2\n", console)

    assert (clean, recorder.batches) == (True, ["SELECT 1", "SELECT 2"])


def test_script_stops_at_the_first_error(recorder: Recorder, console: Console) -> None:
    clean = script.run(cast("Session", recorder), "bad\nGO\nSELECT 2\n", console)

    assert (clean, recorder.batches) == (False, ["bad"])


def test_script_may_go_on_after_an_error(recorder: Recorder, console: Console) -> None:
    clean = script.run(cast("Session", recorder), "bad\nGO\nSELECT 2\n", console, go_on=True)

    assert (clean, recorder.batches) == (False, ["bad", "SELECT 2"])


def test_script_says_where_the_failed_batch_starts(
    recorder: Recorder, console: Console, err: io.StringIO
) -> None:
    script.run(cast("Session", recorder), "SELECT 1\nGO\nbad\n", console)

    assert "Line 1 [Batch Start Line 3]" in err.getvalue()


def test_prompt_runs_at_go(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["SELECT", "1", "go"])

    assert recorder.batches == ["SELECT\n1"]


def test_prompt_counts_the_lines_of_a_batch(recorder: Recorder, console: Console) -> None:
    assert typed(recorder, console, ["SELECT", "1", "GO"]) == ["1> ", "2> ", "3> ", "1> "]


def test_prompt_runs_a_batch_as_often_as_go_says(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["SELECT 1", "GO 2"])

    assert recorder.batches == ["SELECT 1", "SELECT 1"]


@pytest.mark.parametrize("lines", [["SELECT '", "GO", "'"], ["/*", "GO", "*/"]])
def test_prompt_does_not_run_at_go_in_text(
    recorder: Recorder, console: Console, lines: list[str]
) -> None:
    typed(recorder, console, lines)

    assert recorder.batches == []


@pytest.mark.parametrize("word", [":quit", ":EXIT", "exit", "quit"])
def test_prompt_leaves(recorder: Recorder, console: Console, word: str) -> None:
    typed(recorder, console, [word, "SELECT 1", "GO"])

    assert recorder.batches == []


def test_prompt_takes_quit_in_a_batch_for_text(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["SELECT 1 AS", "quit", "GO"])

    assert recorder.batches == ["SELECT 1 AS\nquit"]


def test_prompt_drops_the_typed_batch_on_control_c(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["SELECT 1", KeyboardInterrupt(), "SELECT 2", "GO"])

    assert recorder.batches == ["SELECT 2"]


def test_prompt_stays_after_control_c_while_running(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["slow", "GO", "SELECT 2", "GO"])

    assert recorder.batches == ["slow", "SELECT 2"]
    assert recorder.rolled_back


def test_prompt_stays_after_an_error(recorder: Recorder, console: Console) -> None:
    typed(recorder, console, ["bad", "GO", "SELECT 2", "GO"])

    assert recorder.batches == ["bad", "SELECT 2"]
