"""What a client asks for: SQLBatch (2.2.6.7), RPC (2.2.6.6) and transactions (2.2.6.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from procluster.local.arguments import CallArgument
from procluster.local.types import SqlType
from procluster.tds.decoding import read_value
from procluster.tds.fields import Fields, decode
from procluster.tds.packets import ProtocolError
from procluster.tds.types import read_type

__all__ = ["Call", "TransactionRequest", "read_batch", "read_calls", "read_transaction"]

PROCEDURES = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}
"""Procedures that a client may name by number."""

NO_NAME = 0xFFFF
NEXT_CALL = (0x80, 0xFF)
NO_EXECUTION = 0xFE
BY_REFERENCE, DEFAULT, ENCRYPTED = 0x01, 0x02, 0x08

BEGIN, COMMIT, ROLLBACK, SAVE = 5, 7, 8, 9
BEGINS_AGAIN = 0x01
LEVELS = {
    0: "",
    1: "READ UNCOMMITTED",
    2: "READ COMMITTED",
    3: "REPEATABLE READ",
    4: "SERIALIZABLE",
    5: "SNAPSHOT",
}


@dataclass(frozen=True)
class Call:
    """A procedure with its arguments."""

    procedure: str
    arguments: tuple[CallArgument, ...]


@dataclass(frozen=True)
class TransactionRequest:
    """What is to become of the transaction.

    ``begins`` tells whether a new one begins after the end of one.
    """

    action: Literal["begin", "commit", "rollback", "save"]
    name: str
    level: str
    begins: bool = False


def read_batch(body: bytes) -> str:
    """Text of a batch."""
    fields = _after_headers(body)
    return decode(fields.take(fields.left))


def read_calls(body: bytes) -> list[Call]:
    """Calls of a message, which are usually one."""
    fields = _after_headers(body)
    calls = []
    while True:
        calls.append(_call(fields))
        if not fields.left:
            return calls
        if fields.number(1) == NO_EXECUTION:
            raise ProtocolError("a call that is not to be executed")


def read_transaction(body: bytes) -> TransactionRequest:
    """Read a request of the transaction manager.

    Raises
    ------
    ProtocolError
        Also for distributed transactions, which the engine has not.
    """
    fields = _after_headers(body)
    kind = fields.number(2)
    if kind == BEGIN:
        level = fields.number(1)
        return TransactionRequest("begin", fields.short_text(), _level(level))
    if kind == SAVE:
        return TransactionRequest("save", fields.short_text(), "")
    if kind not in (COMMIT, ROLLBACK):
        raise ProtocolError(f"a transaction request of type {kind}")
    action: Literal["commit", "rollback"] = "commit" if kind == COMMIT else "rollback"
    name = fields.short_text()
    if not fields.left or not fields.number(1) & BEGINS_AGAIN:
        return TransactionRequest(action, name, "")
    return TransactionRequest(action, name, _level(fields.number(1)), begins=True)


def _level(number: int) -> str:
    if number not in LEVELS:
        raise ProtocolError(f"an isolation level of {number}")
    return LEVELS[number]


def _after_headers(body: bytes) -> Fields:
    """Skip ALL_HEADERS (2.2.5.3): transactions are those of the session, nobody is notified."""
    fields = Fields(body)
    fields.take(fields.number(4) - 4)
    return fields


def _call(fields: Fields) -> Call:
    length = fields.number(2)
    if length == NO_NAME:
        number = fields.number(2)
        if number not in PROCEDURES:
            raise ProtocolError(f"a procedure of number {number}")
        procedure = PROCEDURES[number]
    else:
        procedure = fields.text(length)
    fields.number(2)  # options: recompile, no metadata, reuse of metadata
    arguments = []
    while fields.left and fields.peek() not in (*NEXT_CALL, NO_EXECUTION):
        arguments.append(_argument(fields))
    return Call(procedure, tuple(arguments))


def _argument(fields: Fields) -> CallArgument:
    name, status = fields.short_text(), fields.number(1)
    if status & ENCRYPTED:
        raise ProtocolError("an encrypted parameter")
    wire = read_type(fields)
    value = read_value(fields, wire)
    return CallArgument(
        name,
        wire.type or SqlType("nvarchar", 1),
        value,
        output=bool(status & BY_REFERENCE),
        default=bool(status & DEFAULT),
    )
