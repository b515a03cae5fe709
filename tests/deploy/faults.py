"""A connection that fails, or is cut, at one chosen statement."""

from __future__ import annotations

from typing import Literal

from procluster.deploy.connection import Connection, Result
from procluster.errors import ConnectError

Fault = Literal["error", "cut before", "cut after"]
FAULTS: tuple[Fault, ...] = ("error", "cut before", "cut after")


class FaultyConnection:
    """Passes everything on until statement number `at`.

    Parameters
    ----------
    fault : Fault
        The server raises an error instead of running the statement; or the connection is cut
        before it is sent, or after it was run and before anybody hears of it.

    Attributes
    ----------
    struck : bool
        Whether the fault has come; after a cut nothing goes through any more.
    """

    def __init__(self, inner: Connection, at: int, fault: Fault) -> None:
        self._inner = inner
        self._left = at
        self._fault = fault
        self.struck = False
        self.messages: list[str] = []

    def query(self, batch: str) -> list[Result]:
        if self.struck and self._fault != "error":
            raise ConnectError("connection: 08S01: cut")
        self._left -= 1
        if self._left:
            return self._inner.query(batch)
        self.struck = True
        if self._fault == "error":
            return self._inner.query("THROW 50000, N'planted', 1;")
        if self._fault == "cut after":
            self._inner.query(batch)
        self._inner.close()
        raise ConnectError("connection: 08S01: cut")

    def close(self) -> None:
        self._inner.close()
