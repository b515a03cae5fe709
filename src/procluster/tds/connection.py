"""One client's connection: it logs in, and its requests are run in a session of its own.

Two threads serve it. One reads, so that an attention and a client's vanishing are noticed while a
batch runs; the other runs the requests in their order.
"""

from __future__ import annotations

import hmac
import logging
import queue
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.connection import Cancelled
from procluster.local.messages import error as sql_error
from procluster.local.results import Message
from procluster.local.session_functions import PRODUCT_VERSION
from procluster.tds import packets, tokens
from procluster.tds.exchange import Exchange
from procluster.tds.login import (
    TDS_73,
    TDS_74,
    Login,
    prelogin_reply,
    read_login,
    read_prelogin,
)
from procluster.tds.packets import (
    DEFAULT_SIZE,
    Kind,
    MessageReader,
    MessageWriter,
    ProtocolError,
)

if TYPE_CHECKING:
    from procluster.local.database import Database, Session

__all__ = ["Account", "Connection"]

LOG = logging.getLogger(__name__)
PROGRAM = "procluster"
MAJOR, MINOR, BUILD, _ = map(int, PRODUCT_VERSION.split("."))
VERSION = (MAJOR, MINOR, BUILD)
LOGIN_TIME_OUT = 15.0
HURRY = 0.02
LARGEST_LOGIN = 128 * 1024
LARGEST_MESSAGE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """The one login of a server."""

    login: str
    password: str = field(repr=False)

    def admits(self, login: str, password: str) -> bool:
        """Whether login and password are right; takes as long whichever is wrong."""
        same_login = hmac.compare_digest(_key(login.lower()), _key(self.login.lower()))
        same_password = hmac.compare_digest(_key(password), _key(self.password))
        return same_login & same_password


def _key(text: str) -> bytes:
    return hmac.digest(b"procluster", text.encode("utf-8", "surrogatepass"), "sha256")


class Connection:
    """Serves one client from its first byte to its last.

    Parameters
    ----------
    peer : socket
    database : Database
    account : Account
    """

    def __init__(self, peer: socket.socket, database: Database, account: Account) -> None:
        self._peer = peer
        self._database = database
        self._account = account
        self._reader = MessageReader(peer.recv, LARGEST_LOGIN)
        self._writer = MessageWriter(peer.sendall)
        self._requests: queue.SimpleQueue[packets.Message | None] = queue.SimpleQueue()
        self._attentions = 0
        self._counting = threading.Lock()
        self._settled = threading.Event()
        self._ended = False

    def run(self) -> None:
        """Serve until the client leaves or breaks the protocol, which is logged."""
        with self._peer:
            try:
                self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peer.settimeout(LOGIN_TIME_OUT)
                if self._open():
                    self._peer.settimeout(None)
                    self._reader.limit = LARGEST_MESSAGE
                    self._serve()
            except ProtocolError as error:
                LOG.error("connection ended, its stream is not TDS: %s", error)  # noqa: TRY400
            except OSError as error:
                LOG.info("connection lost: %s", error)

    def close(self) -> None:
        """End the connection from another thread; what runs is cancelled."""
        with suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)

    # --- logging in

    def _open(self) -> bool:
        """Shake hands; False when the client is not let in."""
        message = self._reader.read()
        if message and message.kind is Kind.PRELOGIN:
            if read_prelogin(message.body).requires_encryption:
                LOG.warning("a client insists on encryption: it must connect with Encrypt=no")
            self._writer.write(prelogin_reply(VERSION))
            self._writer.end()
            message = self._reader.read()
        if message is None:
            return False
        if message.kind is not Kind.LOGIN:
            raise ProtocolError(f"a message of type {message.kind.name} before the login")
        login = read_login(message.body)
        error = self._refusal(login)
        if error:
            LOG.warning("%s", error.message)
            self._writer.write(tokens.error(error))
            self._writer.write(tokens.done(tokens.DONE, tokens.DONE_ERROR))
        else:
            self._writer.write(_welcome(login, self._database.name))
        self._writer.end()
        self._writer.size = login.packet_size
        return error is None

    def _refusal(self, login: Login) -> SqlError | None:
        if login.version not in (TDS_73, TDS_74):
            text = f"TDS version {login.version:#010x} is not spoken here. Use 7.3 or 7.4."
            return SqlError(17836, text, severity=20)
        if login.integrated or not self._account.admits(login.user, login.password):
            return sql_error(18456, login.user)
        if login.database and login.database.lower() != self._database.name.lower():
            return sql_error(4060, login.database)
        return None

    # --- requests

    def _serve(self) -> None:
        """Read requests while another thread runs them, until the client leaves."""
        session = self._database.connect()
        worker = threading.Thread(target=self._work, args=(session,), name="procluster-session")
        worker.start()
        try:
            while message := self._reader.read():
                if message.kind is Kind.ATTENTION:
                    self._cancel(session, message)
                else:
                    self._requests.put(message)
        finally:
            self._cancel(session, None)
            worker.join()
            session.close()

    def _cancel(self, session: Session, message: packets.Message | None) -> None:
        """Stop what runs and what waits to run before `message`."""
        with self._counting:
            self._attentions += 1
        self._settled.clear()
        session.cancel()
        self._requests.put(message)
        # An interrupt between two queries finds nothing to interrupt.
        while not self._settled.wait(HURRY) and not self._ended:
            session.hurry()

    def _work(self, session: Session) -> None:
        try:
            while message := self._requests.get():
                self._answer(session, message)
        except ProtocolError as error:
            LOG.error("connection ended, its request is not TDS: %s", error)  # noqa: TRY400
        except OSError as error:
            LOG.info("connection lost: %s", error)
        except Exception:
            LOG.exception("connection ended by a fault of the engine")
        finally:
            self.close()
            self._ended = True
            self._settled.set()

    def _answer(self, session: Session, message: packets.Message) -> None:
        if message.kind is Kind.ATTENTION:
            with self._counting:
                self._attentions -= 1
                session.resume()
            self._settled.set()
            # A DONE before it is optional ([MS-TDS] 4.19.2), and without any token before it
            # Microsoft's driver takes a batch that its client cancelled for a success.
            self._writer.write(tokens.done(tokens.DONE, tokens.DONE_ATTENTION))
            self._writer.end()
            return
        if self._attentions:  # cancelled before it began
            return
        if message.ignored:
            self._writer.write(tokens.done(tokens.DONE, tokens.DONE_ERROR))
            self._writer.end()
            return
        with suppress(Cancelled):  # its reply goes on with the answer to the attention
            Exchange(session, self._writer).run(message)
            self._writer.end()


def _welcome(login: Login, database: str) -> bytes:
    """What a client gets that is let in."""
    size = login.packet_size
    changed = f"Changed database context to '{database}'."
    return b"".join(
        (
            tokens.text_change(tokens.DATABASE, database, "master"),
            tokens.info(Message(5701, 0, 2, changed, 1)),
            tokens.collation_change(),
            tokens.text_change(tokens.LANGUAGE, "us_english", ""),
            tokens.info(Message(5703, 0, 1, "Changed language setting to us_english.", 1)),
            tokens.login_ack(login.version, PROGRAM, VERSION),
            tokens.text_change(tokens.PACKET_SIZE, str(size), str(DEFAULT_SIZE)),
            tokens.done(tokens.DONE, 0),
        )
    )
