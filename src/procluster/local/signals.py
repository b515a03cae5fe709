"""What leaves a statement early: an error on its way to a CATCH, a level's end, a cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procluster.errors import SqlError
    from procluster.local.frame import Frame

__all__ = ["Aborted", "Cancelled", "Caught"]


class Caught(Exception):  # noqa: N818
    """An error on its way to a CATCH; ``frame`` is the level whose TRYs do not see it."""

    def __init__(self, error: SqlError, frame: Frame | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.frame = frame


class Aborted(Exception):  # noqa: N818
    """The end of a procedure (``frame``) or, without one, of the batch; already reported."""

    def __init__(self, frame: Frame | None = None) -> None:
        super().__init__()
        self.frame = frame


class Cancelled(Exception):  # noqa: N818
    """The end of the batch because the client wants no more of it; nothing catches it."""
