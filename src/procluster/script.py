"""A T-SQL script: where it comes from, and its batches, run one after the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from procluster import textfile
from procluster.local.lexer import split_batches

if TYPE_CHECKING:
    from pathlib import Path

    from procluster.console import Console
    from procluster.local.database import Session

__all__ = ["read", "run"]


def read(file: Path | None) -> str | None:
    """Read the script of a file (``-`` is standard input) or of a pipe; None at a terminal."""
    if file is not None and str(file) != "-":
        return textfile.read(file)
    if file is None and sys.stdin.isatty():
        return None
    return textfile.decode(sys.stdin.buffer.read(), "standard input")


def run(session: Session, text: str, console: Console, *, go_on: bool = False) -> bool:
    """Run the batches of a script; True when none of them raised an error.

    Parameters
    ----------
    session : Session
    text : str
    console : Console
        Gets every event.
    go_on : bool
        Run the batches after one that raised an error too.
    """
    clean = True
    for batch in split_batches(text):
        console.batch_line = batch.line
        with console.progress.during("running"):
            clean &= session.execute(batch.text, console.receive)
        if not clean and not go_on:
            break
    return clean
