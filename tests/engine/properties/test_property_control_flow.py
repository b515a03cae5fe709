"""Random nestings of control flow, errors and transactions beside a walk that knows the rules.

The walk follows "TRY...CATCH", "THROW", "RAISERROR", "SET XACT_ABORT" and "XACT_STATE" of
Microsoft's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.local.results import Event, Message

TABLES = """
CREATE TABLE dbo.added (n int NOT NULL);
CREATE TABLE dbo.taken (n int NOT NULL CONSTRAINT pk_taken PRIMARY KEY);
INSERT INTO dbo.taken (n) VALUES (0);
"""
PROCEDURES = {
    "fails": "PRINT N'before'; DECLARE @x int = 1 / 0; PRINT N'after';",
    "throws": "PRINT N'before'; THROW 50001, N'thrown', 1; PRINT N'after';",
    "returns": "PRINT N'before'; RETURN 3; PRINT N'after';",
}
LOOPS = 2

# --- the language: tuples that both sides read ---------------------------------------------------

LEAVES = [
    ("print",),
    ("divide",),
    ("convert",),
    ("key",),
    ("insert",),
    ("throw",),
    ("rethrow",),
    ("raise", 16),
    ("raise", 10),
    ("begin",),
    ("begin",),
    ("commit",),
    ("rollback",),
    ("undo",),
    ("return",),
    ("break",),
    ("continue",),
    ("abort", "ON"),
    ("abort", "OFF"),
    ("exec", "fails"),
    ("exec", "throws"),
    ("exec", "returns"),
]
Node = tuple[Any, ...]


def blocks(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=1, max_size=4)
    return (
        st.tuples(st.just("if"), st.sampled_from([0, 1, None]), several, several)
        | st.tuples(st.just("while"), several)
        | st.tuples(st.just("try"), several, several)
        | st.tuples(st.just("try"), several, several)
    )


PROGRAMS = st.lists(st.recursive(st.sampled_from(LEAVES), blocks, max_leaves=12), min_size=2,
                    max_size=6)  # fmt: skip


STATEMENTS = {
    "print": "PRINT CONCAT(N'at ', @@TRANCOUNT, N' ', XACT_STATE());",
    "divide": "SET @x = 1 / 0;",
    "convert": "SET @x = CAST(N'x' AS int);",
    "key": "INSERT INTO dbo.taken (n) VALUES (0);",
    "insert": "INSERT INTO dbo.added (n) VALUES (1);",
    "throw": "THROW 50001, N'thrown', 1;",
    "rethrow": "THROW;",
    "raise": "RAISERROR (N'raised', {}, 1);",
    "begin": "IF XACT_STATE() <> -1 BEGIN TRANSACTION;",
    "commit": "COMMIT TRANSACTION;",
    "rollback": "ROLLBACK TRANSACTION;",
    "undo": "IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;",
    "return": "RETURN;",
    "break": "BREAK;",
    "continue": "CONTINUE;",
    "abort": "SET XACT_ABORT {};",
    "exec": "EXEC dbo.{};",
}
CAUGHT = "PRINT CONCAT(N'caught ', ERROR_NUMBER(), N' ', @@TRANCOUNT, N' ', XACT_STATE());"


@dataclass
class Writer:
    """T-SQL of a program."""

    loops: int = 0

    def write(self, nodes: list[Node], *, loop: bool = False, handler: bool = False) -> str:
        return " ".join(self._statement(node, loop, handler) for node in nodes)

    def _statement(self, node: Node, loop: bool, handler: bool) -> str:
        kind, *parts = node
        outside = (kind in ("break", "continue") and not loop) or (
            kind == "rethrow" and not handler
        )
        if outside:
            return "SET @x = 0;"
        if kind in STATEMENTS:
            return STATEMENTS[kind].format(*parts)
        if kind == "while":
            self.loops += 1
            name = f"@i{self.loops}"
            body = self.write(parts[0], loop=True, handler=handler)
            head = f"SET {name} = 0; WHILE {name} < {LOOPS} BEGIN SET {name} = {name} + 1;"
            return f"{head} {body} END;"
        first = self.write(parts[-2], loop=loop, handler=handler)
        second = self.write(parts[-1], loop=loop, handler=handler or kind == "try")
        if kind == "if":
            test = "NULL = 1" if parts[0] is None else f"{parts[0]} = 1"
            return f"IF {test} BEGIN {first} END ELSE BEGIN {second} END;"
        return f"BEGIN TRY {first} END TRY BEGIN CATCH {CAUGHT} {second} END CATCH;"

    def batch(self, program: list[Node]) -> str:
        body = self.write(program)
        declared = "".join(f", @i{n + 1} int" for n in range(self.loops))
        return f"SET NOCOUNT ON; SET XACT_ABORT OFF; DECLARE @x int{declared}; {body}"


# --- the walk ------------------------------------------------------------------------------------


class FaultError(Exception):
    """An error on its way to a CATCH."""

    def __init__(self, number: int) -> None:
        self.number = number


class AbortedError(Exception):
    """The batch ends."""


CONVERSION, DIVISION, KEY, RAISED, THROWN = 245, 8134, 2627, 50000, 50001
NOT_COMMITTABLE, NOTHING_TO_COMMIT, NOTHING_TO_ROLL_BACK = 3930, 3902, 3903


@dataclass
class Walk:
    """What a program does, by the rules."""

    trace: list[object] = field(default_factory=list)
    depth: int = 0
    doomed: bool = False
    xact_abort: bool = False
    tries: int = 0
    caught: list[int] = field(default_factory=list)
    rows: int = 0
    new_rows: int = 0

    @property
    def state(self) -> int:
        return 0 if not self.depth else -1 if self.doomed else 1

    def batch(self, program: list[Node]) -> None:
        with suppress(AbortedError):
            self.run(program)
        if self.doomed:
            self.roll_back()
            self.trace.append(3998)

    def run(self, nodes: list[Node], loop: bool = False) -> str | None:
        for node in nodes:
            flow = self.step(node, loop)
            if flow:
                return flow
        return None

    def step(self, node: Node, loop: bool) -> str | None:
        kind, *parts = node
        if kind == "if":
            return self.run(parts[1] if parts[0] == 1 else parts[2], loop)
        if kind == "while":
            return self.repeat(parts[0])
        if kind == "try":
            return self.attempt(node, loop)
        if kind in ("break", "continue"):
            return str(kind) if loop else None
        if kind == "return":
            return "return"
        getattr(self, f"do_{kind}")(*parts)
        return None

    def repeat(self, body: list[Node]) -> str | None:
        for _ in range(LOOPS):
            flow = self.run(body, loop=True)
            if flow == "break":
                break
            if flow == "return":
                return flow
        return None

    def attempt(self, node: Node, loop: bool) -> str | None:
        self.tries += 1
        try:
            return self.run(node[1], loop)
        except FaultError as fault:
            number = fault.number
        finally:
            self.tries -= 1
        self.caught.append(number)
        self.trace.append(f"caught {number} {self.depth} {self.state}")
        try:
            return self.run(node[2], loop)
        finally:
            self.caught.pop()

    def do_print(self) -> None:
        self.trace.append(f"at {self.depth} {self.state}")

    def do_divide(self) -> None:
        self.fail(DIVISION)

    def do_convert(self) -> None:
        self.fail(CONVERSION, dooms=True)

    def do_key(self) -> None:
        self.fail(NOT_COMMITTABLE if self.doomed else KEY)

    def do_insert(self) -> None:
        if self.doomed:
            self.fail(NOT_COMMITTABLE)
        else:
            self.new_rows += bool(self.depth)
            self.rows += not self.depth

    def do_throw(self) -> None:
        self.fail(THROWN, thrown=True)

    def do_rethrow(self) -> None:
        if self.caught:
            self.fail(self.caught[-1], thrown=True)

    def do_raise(self, severity: int) -> None:
        if severity > 10:
            self.fail(RAISED, raised=True)
        else:
            self.trace.append("raised")

    def do_begin(self) -> None:
        self.depth += not self.doomed

    def do_rollback(self) -> None:
        if self.depth:
            self.roll_back()
        else:
            self.fail(NOTHING_TO_ROLL_BACK)

    def do_undo(self) -> None:
        self.roll_back()

    def do_abort(self, value: str) -> None:
        self.xact_abort = value == "ON"

    def do_exec(self, procedure: str) -> None:
        self.trace.append("before")
        if procedure == "fails":
            self.fail(DIVISION)
            self.trace.append("after")
        elif procedure == "throws":
            self.fail(THROWN, thrown=True)

    def do_commit(self) -> None:
        if not self.depth:
            self.fail(NOTHING_TO_COMMIT)
        elif self.doomed:
            self.fail(NOT_COMMITTABLE)
        else:
            self.depth -= 1
            if not self.depth:
                self.rows, self.new_rows = self.rows + self.new_rows, 0

    def roll_back(self) -> None:
        self.depth, self.doomed, self.new_rows = 0, False, 0

    def fail(
        self,
        number: int,
        *,
        dooms: bool = False,
        thrown: bool = False,
        raised: bool = False,
    ) -> None:
        """An error: where it goes, and what becomes of the transaction."""
        aborts = dooms or (self.xact_abort and not raised)
        if self.depth and aborts:
            self.doomed = True
        if self.tries:
            raise FaultError(number)
        self.trace.append(number)
        if aborts:
            self.roll_back()
        if aborts or thrown:
            raise AbortedError


# --- side by side --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        opened = database.connect()
        opened.query(TABLES)
        for name, body in PROCEDURES.items():
            opened.query(f"CREATE PROCEDURE dbo.{name} AS {body}")
        yield opened


def traced(session: Session, batch: str) -> list[object]:
    """Texts and error numbers of a batch."""
    trace: list[object] = []

    def receive(event: Event) -> None:
        if isinstance(event, SqlError):
            trace.append(event.number)
        elif isinstance(event, Message):
            trace.append(event.text)

    session.execute(batch, receive)
    return trace


def left_behind(session: Session) -> tuple[object, ...]:
    """@@TRANCOUNT and the rows that are committed; the session is made ready for the next batch."""
    ((depth,),) = session.query("SELECT @@TRANCOUNT;")[0].rows()
    session.query("IF @@TRANCOUNT > 0 ROLLBACK;")
    ((rows,),) = session.query("SELECT COUNT(*) FROM dbo.added;")[0].rows()
    session.query("DELETE FROM dbo.added;")
    return depth, rows


@settings(max_examples=150)
@given(PROGRAMS)
def test_program_does_what_the_walk_does(session: Session, program: list[Node]) -> None:
    batch = Writer().batch(program)
    walk = Walk()
    walk.batch(program)

    trace = traced(session, batch)

    assert (trace, *left_behind(session)) == (walk.trace, walk.depth, walk.rows), batch
