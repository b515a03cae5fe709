"""A reply: what the session sends, as the tokens a client expects, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procluster.errors import SqlError
from procluster.local.results import Message, ResultSet, Returned, RowCount
from procluster.tds import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from procluster.local.arguments import CallArgument
    from procluster.local.results import Event
    from procluster.tds.packets import MessageWriter

__all__ = ["Reply"]


class Reply:
    """Writes the tokens of one reply.

    Every result ends in a DONE that tells whether more follows, so each is held back until
    something does, or the reply ends.

    Parameters
    ----------
    writer : MessageWriter
    is_nested : callable
        Whether what is sent now comes from a procedure.
    check : callable
        Raises when no more is wanted; asked between rows.
    """

    def __init__(
        self, writer: MessageWriter, is_nested: Callable[[], bool], check: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._is_nested = is_nested
        self._check = check
        self._held: tuple[int, int, int] | None = None
        self._after_rows = False

    def receive(self, event: Event) -> None:
        """Write one event of a session."""
        match event:
            case RowCount():
                self._count(event.rows)
            case ResultSet():
                self._rows(event)
            case Message():
                self._message(event)
            case Returned():
                self.write(tokens.return_status(event.status))
                self._hold(tokens.DONE_PROCEDURE, 0, 0)
            case SqlError():
                self.error(event)

    def write(self, data: bytes) -> None:
        """Write a token, after the end of the result before it."""
        if self._held:
            token, status, count = self._held
            self._writer.write(tokens.done(token, status | tokens.DONE_MORE, count))
            self._held = None
        self._writer.write(data)
        self._after_rows = False

    def error(self, error: SqlError) -> None:
        """Write an error, which ends the result it comes in."""
        self.write(tokens.error(error))
        self._hold(self._done(), tokens.DONE_ERROR, 0)

    def outputs(self, arguments: Sequence[CallArgument], values: Sequence[object]) -> None:
        """Write the OUTPUT parameters of a call, which stand before its last DONEPROC."""
        held, self._held = self._held, None
        for place, (argument, value) in enumerate(zip(arguments, values, strict=True)):
            if argument.output:
                self._writer.write(tokens.return_value(place, argument, value))
        self._held = held

    def end(self, *, of_call: bool = False, more: bool = False) -> None:
        """Write the last DONE; `more` when another call's tokens follow."""
        last = tokens.DONE_PROCEDURE if of_call else tokens.DONE
        token, status, count = self._held or (last, 0, 0)
        if of_call and token != tokens.DONE_PROCEDURE:
            if not status & tokens.DONE_ERROR:
                self._writer.write(tokens.done(token, status | tokens.DONE_MORE, count))
            token, status, count = last, status & tokens.DONE_ERROR, 0
        self._writer.write(tokens.done(token, status | (tokens.DONE_MORE if more else 0), count))
        self._held = None

    def _rows(self, found: ResultSet) -> None:
        for data in tokens.rows(found):
            self._check()
            self.write(data)
        self._hold(self._done(), 0, 0)
        self._after_rows = True

    def _count(self, rows: int) -> None:
        """Write how many rows there were: those just sent, or those changed."""
        if not self._after_rows:
            self.write(b"")
        self._hold(self._done(), tokens.DONE_COUNT, rows)
        self._after_rows = False

    def _message(self, message: Message) -> None:
        self.write(tokens.info(message))
        if message.at_once:
            self._writer.flush()

    def _hold(self, token: int, status: int, count: int) -> None:
        self._held = (token, status, count)

    def _done(self) -> int:
        return tokens.DONE_IN_PROCEDURE if self._is_nested() else tokens.DONE
