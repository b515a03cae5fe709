"""One request of a client and its reply: what the session sends becomes tokens as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.connection import Cancelled
from procluster.local.quoting import quote_tsql
from procluster.local.results import Returned
from procluster.tds import packets, tokens
from procluster.tds.packets import Kind, MessageWriter, ProtocolError
from procluster.tds.reply import Reply
from procluster.tds.requests import (
    Call,
    TransactionRequest,
    read_batch,
    read_calls,
    read_transaction,
)

if TYPE_CHECKING:
    from procluster.local.database import Session
    from procluster.local.results import Event

__all__ = ["Exchange"]


class Exchange:
    """One request and its reply."""

    def __init__(self, session: Session, writer: MessageWriter) -> None:
        self._session = session
        self._transaction = session.transaction
        self._in_call = False
        self._returned = False
        self._reply = Reply(writer, self._is_nested, session.stop_if_cancelled)

    def run(self, message: packets.Message) -> None:
        """Run the request.

        Raises
        ------
        ProtocolError
            It cannot be read.
        Cancelled
            The client wants no more of it.
        """
        if message.reset:
            self._session.reset(keep_transaction=message.keeps_transaction)
            self._reply.write(tokens.environment(tokens.RESET, b"\0", b"\0"))
        try:
            match message.kind:
                case Kind.SQL_BATCH:
                    self._execute(read_batch(message.body))
                    self._reply.end()
                case Kind.CALL:
                    self._call_all(read_calls(message.body))
                case Kind.TRANSACTION:
                    self._change_transaction(read_transaction(message.body))
                    self._reply.end()
                case _:
                    raise ProtocolError(f"a message of type {message.kind.name}")
        except Cancelled:
            self._note_transaction()
            raise
        except SqlError as error:  # a parameter of a type that the engine has not
            self._reply.error(error)
            self._reply.end(of_call=message.kind is Kind.CALL)

    def _receive(self, event: Event) -> None:
        self._session.stop_if_cancelled()
        self._note_transaction()
        self._returned |= isinstance(event, Returned)
        self._reply.receive(event)

    def _is_nested(self) -> bool:
        return self._in_call or self._session.level > 1

    def _execute(self, batch: str) -> bool:
        clean = self._session.execute(batch, self._receive)
        self._session.stop_if_cancelled()
        self._note_transaction()
        return clean

    def _call_all(self, calls: list[Call]) -> None:
        self._in_call = True
        for place, call in enumerate(calls, start=1):
            self._returned = False
            values = self._session.call(call.procedure, call.arguments, self._receive)
            self._session.stop_if_cancelled()
            self._note_transaction()
            if self._returned:
                self._reply.outputs(call.arguments, values)
            self._reply.end(of_call=True, more=place < len(calls))

    def _change_transaction(self, request: TransactionRequest) -> None:
        name = f" {quote_tsql(request.name)}" if request.name else ""
        clean = True
        if request.action != "begin":
            clean = self._execute(f"{request.action} TRANSACTION{name}")
            name = ""
        if clean and (request.action == "begin" or request.begins):
            level = request.level
            clean = not level or self._execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
            if clean:
                self._execute(f"BEGIN TRANSACTION{name}")

    def _note_transaction(self) -> None:
        """Tell the client of a transaction that began or ended since the last token."""
        before, now = self._transaction, self._session.transaction
        if before == now:
            return
        self._transaction = now
        if before is not None:
            kind = tokens.ROLLED_BACK if self._session.rolled_back else tokens.COMMITTED
            self._reply.write(tokens.transaction_change(kind, before))
        if now is not None:
            self._reply.write(tokens.transaction_change(tokens.BEGUN, now))
