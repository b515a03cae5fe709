"""Application locks of a database: what sp_getapplock and sp_releaseapplock work on."""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["ApplicationLocks"]


@dataclass
class Held:
    """A lock held by a session, ``count`` times."""

    session: int
    owner: str
    mode: str
    count: int = 1


class ApplicationLocks:
    """Locks by resource name; names are compared byte for byte."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[str, list[Held]] = {}

    def acquire(
        self, session: int, resource: str, owner: str, mode: str, time_out: float
    ) -> int | None:
        """Take a lock.

        Returns
        -------
        int or None
            0 taken at once, 1 taken after waiting, None not within ``time_out`` seconds.
        """
        with self._changed:
            waits = self._conflicts(session, resource, mode)
            free = self._changed.wait_for(
                lambda: not self._conflicts(session, resource, mode), time_out
            )
            if not free:
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
            for held in self._held.values():
                held[:] = [
                    lock
                    for lock in held
                    if lock.session != session or owner not in (None, lock.owner)
                ]
            self._changed.notify_all()

    def mode(self, session: int, resource: str, owner: str) -> str | None:
        """Mode in which a session holds a lock."""
        with self._changed:
            own = self._own(session, resource, owner)
            return own.mode if own else None

    def _own(self, session: int, resource: str, owner: str) -> Held | None:
        for lock in self._held.get(resource, ()):
            if (lock.session, lock.owner) == (session, owner):
                return lock
        return None

    def _conflicts(self, session: int, resource: str, mode: str) -> bool:
        return any(
            lock.session != session and "exclusive" in (lock.mode, mode)
            for lock in self._held.get(resource, ())
        )
