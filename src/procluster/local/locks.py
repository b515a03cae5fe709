"""Locks of a database: what sp_getapplock works on, and the right to write.

Sessions in other threads wait for a lock. One whose waiting would never end, because those it
waits for wait for it, is told so at once instead.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from procluster.local.messages import error

WRITING = ""
"""The resource held by the one session that writes; no application lock has an empty name."""


class Deadlock(Exception):  # noqa: N818 - what it is
    """Sessions wait for each other in a circle, which this request would close."""


@dataclass
class Held:
    session: int
    owner: str
    mode: str
    count: int = 1


@dataclass
class LockTable:
    """What the sessions of a database hold, by resource, and what each waits for."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    held: dict[str, list[Held]] = field(default_factory=dict)
    waiting: dict[int, tuple[str, str]] = field(default_factory=dict)

    def blockers(self, session: int, resource: str, mode: str) -> set[int]:
        """Sessions whose locks stand in the way of one's."""
        return {
            lock.session
            for lock in self.held.get(resource, ())
            if lock.session != session and "exclusive" in (lock.mode, mode)
        }

    def is_waited_for(self, session: int) -> bool:
        """Whether the sessions that this one waits for wait for it."""
        reached: set[int] = set()
        ahead = [session]
        while ahead:
            waiter = ahead.pop()
            if waiter in self.waiting:
                found = self.blockers(waiter, *self.waiting[waiter]) - reached
                reached |= found
                ahead += found
        return session in reached


@dataclass
class Locks:
    """The locks of one session; resource names are compared byte for byte.

    ``cancelled`` ends the session's waiting, after :meth:`wake`; ``time_out`` gives the seconds to
    wait for the right to write, None without end; ``writing`` is whether it has that right.
    """

    table: LockTable
    session: int
    cancelled: threading.Event
    time_out: Callable[[], float | None]
    writing: bool = False

    def acquire(self, resource: str, owner: str, mode: str, time_out: float | None) -> int | None:
        """Take a lock; 0 at once, 1 after waiting, None not in time, or :class:`Deadlock`.

        ``time_out`` is in seconds; None waits without end.
        """
        table, session = self.table, self.session
        with table.changed:
            waits = bool(table.blockers(session, resource, mode))
            if waits and (time_out == 0 or not self._wait(resource, mode, time_out)):
                return None
            own = self._own(resource, owner)
            if own:
                own.count += 1
                own.mode = "exclusive" if "exclusive" in (own.mode, mode) else mode
            else:
                table.held.setdefault(resource, []).append(Held(session, owner, mode))
            return int(waits)

    def release(self, resource: str, owner: str) -> bool:
        """Give a lock back once; False when it is not held."""
        with self.table.changed:
            own = self._own(resource, owner)
            if own is None:
                return False
            own.count -= 1
            if not own.count:
                self.table.held[resource].remove(own)
                self.table.changed.notify_all()
            return True

    def release_all(self, owner: str | None = None) -> None:
        """Give back what the session, or its transaction, holds."""
        with self.table.changed:
            for resource, held in list(self.table.held.items()):
                for lock in list(held):
                    if lock.session == self.session and owner in (None, lock.owner):
                        held.remove(lock)
                if not held:
                    del self.table.held[resource]
            self.table.changed.notify_all()

    def wake(self) -> None:
        """Have those who wait see whether they are cancelled."""
        with self.table.changed:
            self.table.changed.notify_all()

    def mode(self, resource: str, owner: str) -> str | None:
        with self.table.changed:
            own = self._own(resource, owner)
            return own.mode if own else None

    def begin_writing(self) -> None:
        """Get the right to write; 1205 in a circle of waiting sessions, 1222 after the time-out."""
        if self.writing:
            return
        try:
            taken = self.acquire(WRITING, WRITING, "exclusive", self.time_out())
        except Deadlock:
            raise error(1205, self.session) from None
        if taken is None:
            raise error(1222)
        self.writing = True

    def end_writing(self) -> None:
        if self.writing:
            self.writing = False
            self.release(WRITING, WRITING)

    def _wait(self, resource: str, mode: str, time_out: float | None) -> bool:
        """Wait until the lock is free; False when it is not in time."""
        table, session = self.table, self.session
        table.waiting[session] = (resource, mode)
        try:
            if table.is_waited_for(session):
                raise Deadlock
            free = table.changed.wait_for(
                lambda: self.cancelled.is_set() or not table.blockers(session, resource, mode),
                time_out,
            )
            return free and not self.cancelled.is_set()
        finally:
            del table.waiting[session]

    def _own(self, resource: str, owner: str) -> Held | None:
        for lock in self.table.held.get(resource, ()):
            if (lock.session, lock.owner) == (self.session, owner):
                return lock
        return None
