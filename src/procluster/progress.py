"""A line on the terminal that shows that something long is still running."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Progress"]

PATIENCE = 1.0
"""Seconds something may take before the line appears."""

INTERVAL = 0.2
"""Seconds between two states of the line."""

ERASE = "\r\x1b[K"
"""Back to the first column and clear the line (ECMA-48, EL)."""


class Progress:
    """Shows what is running and for how long on one line, and takes the line away again.

    On anything but a terminal nothing is written at all.

    Parameters
    ----------
    stream : text stream
        Standard error as a rule.
    patience : float
        Seconds before the line appears.

    Examples
    --------
    >>> import sys
    >>> with Progress(sys.stderr).during("generating the sample"):
    ...     pass
    """

    def __init__(self, stream: TextIO, *, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._patience = patience
        self._lock = threading.RLock()
        self._shown = False

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Show the line while the block runs."""
        if not self._stream.isatty():
            yield
            return
        done = threading.Event()
        line = threading.Thread(target=self._show, args=(what, done), daemon=True)
        line.start()
        try:
            yield
        finally:
            done.set()
            line.join()
            with self.paused():
                pass

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the line off the terminal while the block prints something else."""
        with self._lock:
            if self._shown:
                self._stream.write(ERASE)
                self._stream.flush()
                self._shown = False
            yield

    def _show(self, what: str, done: threading.Event) -> None:
        start = time.monotonic()
        wait = self._patience
        while not done.wait(wait):
            wait = INTERVAL
            with self._lock:
                self._stream.write(f"\r{what} … {time.monotonic() - start:.0f} s")
                self._stream.flush()
                self._shown = True
