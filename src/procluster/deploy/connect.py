"""A target → a connection to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.deploy.server import ServerConnection

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection
    from procluster.deploy.secret import Secret
    from procluster.deploy.target import Target

__all__ = ["connect"]


def connect(target: Target, secret: Secret | None = None) -> Connection:
    """Connect to a target.

    Raises
    ------
    ConnectError
        It cannot be reached, or the login is refused.
    DataError
        The embedded engine's file is no database.
    """
    if target.is_embedded:
        from procluster.deploy.embedded import open_file  # noqa: PLC0415 - its engine is an extra

        return open_file(target.file)
    return ServerConnection(target, secret)
