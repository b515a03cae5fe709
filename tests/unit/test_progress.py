"""The line that shows that something is still running."""

from __future__ import annotations

import io
import threading

from procluster.progress import ERASE, Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


def test_progress_appears_and_goes_away() -> None:
    terminal = Terminal()

    with Progress(terminal, patience=0).during("working"):
        terminal.written.wait(10)

    assert terminal.getvalue().startswith("\rworking … ")
    assert terminal.getvalue().endswith(ERASE)


def test_progress_waits_before_it_appears() -> None:
    terminal = Terminal()

    with Progress(terminal, patience=60).during("working"):
        pass

    assert terminal.getvalue() == ""


def test_progress_writes_nothing_where_there_is_no_terminal() -> None:
    pipe = io.StringIO()

    with Progress(pipe, patience=0).during("working"):
        threading.Event().wait(0.01)

    assert pipe.getvalue() == ""


def test_progress_makes_room_for_other_output() -> None:
    terminal = Terminal()
    progress = Progress(terminal, patience=0)

    with progress.during("working"):
        terminal.written.wait(10)
        with progress.paused():
            terminal.write("result\n")

    assert f"{ERASE}result\n" in terminal.getvalue()
