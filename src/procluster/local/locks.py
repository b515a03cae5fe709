"""Locks of a database: what sp_getapplock works on, and the right to write.

Sessions in other threads wait for a lock. One whose waiting would never end, because those it
waits for wait for it, is told so at once instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from procluster.local.messages import error

WRITING = ""
"""The resource held by the one session that writes; no application lock has an empty name."""


class Deadlock(Exception):  # noqa: N818 - what it is
    """Sessions wait for each other in a circle, which this request would close."""


@dataclass
class Held:
    """A lock held by a session, ``count`` times."""

    session: int
    owner: str
    mode: str
    count: int = 1


class Locks:
    """Locks by resource name; names are compared byte for byte."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[str, list[Held]] = {}
        self._waiting: dict[int, tuple[str, str]] = {}

    def acquire(  # noqa: PLR0913
        self,
        session: int,
        resource: str,
        owner: str,
        mode: str,
        *,
        time_out: float | None,
        cancelled: threading.Event,
    ) -> int | None:
        """Take a lock.

        Parameters
        ----------
        time_out : float or None
            Seconds to wait; None waits without end.
        cancelled : Event
            Ends the waiting, after :meth:`wake`.

        Returns
        -------
        int or None
            0 taken at once, 1 taken after waiting, None not taken.

        Raises
        ------
        Deadlock
        """
        with self._changed:
            waits = bool(self._blockers(session, resource, mode))
            if (
                waits
                and time_out != 0
                and not self._wait(session, resource, mode, time_out, cancelled)
            ):
                return None
            if self._blockers(session, resource, mode):
                return None
            own = self._own(session, resource, owner)
            if own:
                own.count += 1
                own.mode = "exclusive" if "exclusive" in (own.mode, mode) else mode
            else:
                self._held.setdefault(resource, []).append(Held(session, owner, mode))
            return int(waits)

    def release(self, session: int, resource: str, owner: str) -> bool:
        """Give a lock back once; False when it is not held."""
        with self._changed:
            own = self._own(session, resource, owner)
            if own is None:
                return False
            own.count -= 1
            if not own.count:
                self._held[resource].remove(own)
                self._changed.notify_all()
            return True

    def release_all(self, session: int, owner: str | None = None) -> None:
        """Give back what a session, or its transaction, holds."""
        with self._changed:
            for resource, held in list(self._held.items()):
                held[:] = [
                    lock
                    for lock in held
                    if lock.session != session or owner not in (None, lock.owner)
                ]
                if not held:
                    del self._held[resource]
            self._changed.notify_all()

    def wake(self) -> None:
        """Have those who wait see whether they are cancelled."""
        with self._changed:
            self._changed.notify_all()

    def mode(self, session: int, resource: str, owner: str) -> str | None:
        """Mode in which a session holds a lock."""
        with self._changed:
            own = self._own(session, resource, owner)
            return own.mode if own else None

    def _wait(
        self,
        session: int,
        resource: str,
        mode: str,
        time_out: float | None,
        cancelled: threading.Event,
    ) -> bool:
        """Wait until the lock is free; False when it is not in time."""
        self._waiting[session] = (resource, mode)
        try:
            if self._is_waited_for(session):
                raise Deadlock
            self._changed.wait_for(
                lambda: cancelled.is_set() or not self._blockers(session, resource, mode), time_out
            )
            return not cancelled.is_set()
        finally:
            del self._waiting[session]

    def _is_waited_for(self, session: int) -> bool:
        """Whether the sessions that this one waits for wait for it."""
        reached: set[int] = set()
        ahead = [session]
        while ahead:
            waiter = ahead.pop()
            if waiter in self._waiting:
                found = self._blockers(waiter, *self._waiting[waiter]) - reached
                reached |= found
                ahead += found
        return session in reached

    def _own(self, session: int, resource: str, owner: str) -> Held | None:
        for lock in self._held.get(resource, ()):
            if (lock.session, lock.owner) == (session, owner):
                return lock
        return None

    def _blockers(self, session: int, resource: str, mode: str) -> set[int]:
        """Sessions whose locks stand in the way of one's."""
        return {
            lock.session
            for lock in self._held.get(resource, ())
            if lock.session != session and "exclusive" in (lock.mode, mode)
        }


class WriteLock:
    """A session's right to write, which one session has at a time.

    Parameters
    ----------
    session : int
    locks : Locks
    time_out : callable
        Seconds to wait, None without end.
    cancelled : Event
    """

    def __init__(
        self,
        session: int,
        locks: Locks,
        time_out: Callable[[], float | None],
        cancelled: threading.Event,
    ) -> None:
        self._session = session
        self._locks = locks
        self._time_out = time_out
        self._cancelled = cancelled
        self.held = False

    def take(self) -> None:
        """Wait for the lock; 1205 in a circle of waiting sessions, 1222 after the time-out."""
        if self.held:
            return
        try:
            taken = self._locks.acquire(
                self._session,
                WRITING,
                WRITING,
                "exclusive",
                time_out=self._time_out(),
                cancelled=self._cancelled,
            )
        except Deadlock:
            raise error(1205, self._session) from None
        if taken is None:
            raise error(1222)
        self.held = True

    def free(self) -> None:
        """Give the lock back, if it is held."""
        if self.held:
            self.held = False
            self._locks.release(self._session, WRITING, WRITING)
