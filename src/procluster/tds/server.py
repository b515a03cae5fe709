"""The embedded engine as a server: SQL Server's clients connect to it over loopback.

There is no encryption and one login, so nothing but loopback is listened on: what is sent never
leaves the machine.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from procluster.errors import DataError
from procluster.tds.connection import Account, Connection

if TYPE_CHECKING:
    from procluster.local.database import Database

__all__ = ["Account", "Server"]

LOG = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 100
WAITING = 128


class Server:
    """Listens until it is closed; each connection has threads and a session of its own.

    Parameters
    ----------
    database : Database
        Outlives the server.
    account : Account
        Login and password that every client needs.
    host : str
        An address of loopback.
    port : int
        0 takes a free one.
    most_connections : int
        A further client is turned away.

    Raises
    ------
    DataError
        An address that other machines reach, or that is taken.

    Attributes
    ----------
    host : str
    port : int
    """

    def __init__(
        self,
        database: Database,
        account: Account,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        self._database = database
        self._account = account
        self._most_connections = most_connections
        self._connections: dict[Connection, threading.Thread] = {}
        self._changing = threading.Lock()
        self._listener = _listen(_loopback(host), port)
        self.host, self.port = self._listener.getsockname()[:2]
        self._accepting = threading.Thread(target=self._accept, name="procluster-server")
        self._accepting.start()

    def close(self) -> None:
        """Take no more clients and end the connections there are; what they left open is undone."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        with self._changing:
            left = list(self._connections.items())
        for connection, _ in left:
            connection.close()
        for _, thread in left:
            thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:  # closed
                return
            connection = Connection(peer, self._database, self._account)
            thread = threading.Thread(
                target=self._run, args=(connection,), name="procluster-client"
            )
            with self._changing:
                full = len(self._connections) >= self._most_connections
                if not full:
                    self._connections[connection] = thread
            if full:
                LOG.error("a client is turned away: there are %s already", self._most_connections)
                peer.close()
            else:
                thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.run()
        except Exception:
            LOG.exception("connection ended by a fault of the server")
        finally:
            with self._changing:
                del self._connections[connection]


def _loopback(host: str) -> str:
    """The address, when no other machine can reach it."""
    address = LOOPBACK if host.lower() == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise DataError(
            f"{host}: is not an address of loopback. What is sent is not encrypted, so only this "
            f"machine may connect: give {LOOPBACK}, ::1 or localhost."
        )
    return address


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(WAITING)
    except OSError as error:
        listener.close()
        text = f"{address}, port {port}: cannot be listened on: {error.strerror}. Give another "
        raise DataError(text + "port, or 0 for a free one.") from error
    return listener
