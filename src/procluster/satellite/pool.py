"""The processes that run a database's external scripts, each lent to one session at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from procluster.satellite import Satellite

MOST = 4


class ScriptHosts:
    """Starts processes as they are needed, up to four, and keeps them warm.

    Parameters
    ----------
    given : Satellite, optional
        The one to use; it stays open when the database is closed.
    """

    def __init__(self, given: Satellite | None = None) -> None:
        self._given = given
        self._idle = [given] if given else []
        self._own: list[Satellite] = []
        self._changed = threading.Condition()

    @contextmanager
    def borrow(self, cancelled: threading.Event) -> Iterator[Satellite]:
        """Lend one, when one is free or may be started; a cancelled session gets one in any case.

        It is not used then, for the cancel is noticed before a script is run.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._may_grow() or cancelled.is_set())
            host = self._idle.pop() if self._idle else Satellite()
            if host is not self._given and host not in self._own:
                self._own.append(host)
        try:
            yield host
        finally:
            with self._changed:
                self._idle.append(host)
                self._changed.notify()

    def wake(self) -> None:
        """Have those who wait see whether they are cancelled."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End the processes that were started."""
        for host in self._own:
            host.close()

    def _may_grow(self) -> bool:
        return self._given is None and len(self._own) < MOST
