"""What a session sends, printed as SQL Server's own tools print it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from procluster.errors import SqlError
from procluster.formats import TEXT_WIDTH, WRITERS, TableWriter
from procluster.local.results import Message, ResultSet, RowCount

if TYPE_CHECKING:
    from procluster.formats import Writer
    from procluster.local.results import Event
    from procluster.progress import Progress

__all__ = ["Console"]

INFORMATIONAL = {0, 10}
"""Severities that are printed without their number; RAISERROR's 10 becomes 0 on the way."""


class Console:
    """Prints the events of a session; give its :meth:`receive` to ``Session.execute``.

    Result sets, row counts and messages go to the writer, errors to `err`. A writer for programs
    leaves messages out; `messages_to` is where they go then.

    Parameters
    ----------
    writer : Writer
    out, err : text streams
        `out` is where the writer writes; it is flushed after every event.
    progress : Progress
        Its line is taken off the terminal while something is printed.
    messages_to : text stream, optional
        Where messages go instead of the writer.

    Attributes
    ----------
    batch_line : int
        Line of the input the running batch starts at; above 1 it is named in errors, as
        Management Studio does, since lines in errors count from the start of the batch.
    """

    def __init__(
        self,
        writer: Writer,
        out: TextIO,
        err: TextIO,
        progress: Progress,
        *,
        messages_to: TextIO | None = None,
    ) -> None:
        self._writer = writer
        self._out = out
        self._err = err
        self._messages_to = messages_to
        self.progress = progress
        self.batch_line = 1

    @classmethod
    def for_format(
        cls, style: str, out: TextIO, err: TextIO, progress: Progress, width: int = TEXT_WIDTH
    ) -> Console:
        """Make the console for a ``--format``; a table shows `width` characters of a value."""
        if style == "table":
            return cls(TableWriter(out, text_width=width), out, err, progress)
        return cls(WRITERS[style](out), out, err, progress, messages_to=err)

    def receive(self, event: Event) -> None:
        """Print one event at once."""
        with self.progress.paused():
            match event:
                case ResultSet():
                    self._writer.result(event)
                case RowCount():
                    self._writer.rows(event.rows)
                case Message():
                    self._message(event)
                case SqlError():
                    self._error(event)
            self._out.flush()

    def close(self) -> None:
        """End the output."""
        self._writer.close()
        self._out.flush()

    def _message(self, message: Message) -> None:
        text = message.text
        if message.severity not in INFORMATIONAL:
            # The same heading as an error of the same kind has.
            text = str(
                SqlError(
                    message.number,
                    text,
                    severity=message.severity,
                    state=message.state,
                    line=message.line,
                    procedure=message.procedure,
                )
            )
        if self._messages_to is None:
            self._writer.message(text)
        else:
            self._messages_to.write(text + "\n")
            self._messages_to.flush()

    def _error(self, error: SqlError) -> None:
        self._out.flush()
        head, _, rest = str(error).partition("\n")
        if self.batch_line > 1:
            head = f"{head} [Batch Start Line {self.batch_line}]"
        self._err.write(f"{head}\n{rest}\n")
        self._err.flush()
