"""T-SQL typed at a terminal, as sqlcmd takes it: lines, then GO."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from procluster import script
from procluster.local.lexer import split_batches

if TYPE_CHECKING:
    from procluster.console import Console
    from procluster.local.database import Session

__all__ = ["GREETING", "Prompt"]

GREETING = "Type T-SQL, then GO on a line of its own to run it. :quit or Ctrl-D leaves."

ROLL_BACK = """IF @@TRANCOUNT > 0
BEGIN
    ROLLBACK TRANSACTION;
    PRINT N'Its transaction was rolled back.';
END;"""
"""After a cancel: what is typed next must not join the transaction of what was stopped."""

LEAVE = frozenset({":quit", ":exit", "quit", "exit"})


class Prompt:
    """Reads lines and runs each batch at its GO.

    Ctrl-C while a batch is typed drops it; while it runs, it cancels the statement. Errors do not
    end the dialogue.

    Parameters
    ----------
    session : Session
    console : Console
    ask : callable
        Like :func:`input`: takes the prompt, gives a line; EOFError at the end.
    say : callable
        Prints a line.
    """

    def __init__(
        self,
        session: Session,
        console: Console,
        *,
        ask: Callable[[str], str] = input,
        say: Callable[[str], object] = print,
    ) -> None:
        self._session = session
        self._console = console
        self._ask = ask
        self._say = say

    def run(self) -> None:
        """Read and run until the user leaves."""
        lines: list[str] = []
        while True:
            try:
                line = self._ask(f"{len(lines) + 1}> ")
            except EOFError:
                self._say("")
                return
            except KeyboardInterrupt:
                self._say("")
                lines.clear()
                continue
            if line.strip().lower() in LEAVE and (line.lstrip().startswith(":") or not lines):
                return
            if not lines and not line.strip():
                continue
            lines.append(line)
            if _ends_batch("\n".join(lines)):
                self._execute("\n".join(lines))
                lines.clear()

    def _execute(self, text: str) -> None:
        try:
            script.run(self._session, text, self._console, go_on=True)
        except KeyboardInterrupt:
            self._say("Query was canceled by user.")
            self._session.execute(ROLL_BACK, self._console.receive)


def _ends_batch(text: str) -> bool:
    r"""Tell whether the last line is a GO that ends the batch, not one in a comment or a string.

    >>> _ends_batch("SELECT 1\nGO"), _ends_batch("SELECT '\nGO"), _ends_batch("GOTO here")
    (True, False, False)
    """
    last = text.rpartition("\n")[2]
    if last.strip()[:2].upper() != "GO":
        return False
    # A statement on the next line is a batch of its own only when a GO stands before it.
    return split_batches(f"{text}\n;")[-1].text.strip() == ";"
