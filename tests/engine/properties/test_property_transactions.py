"""Random changes, errors and transactions leave the rows that a model of snapshots leaves.

The model copies all rows before each statement and transaction, and takes the copy when
one of them is taken back; the engine has nothing of the kind. Identity numbers are not given back:
"Failed statements and transactions can change the current identity for a table" ("@@IDENTITY").
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

START = """
IF @@TRANCOUNT > 0 ROLLBACK;
DROP TABLE IF EXISTS #u; DROP TABLE IF EXISTS dbo.t;
CREATE TABLE dbo.t (
    id int IDENTITY(1, 1) NOT NULL CONSTRAINT pk_t PRIMARY KEY,
    k int NOT NULL CONSTRAINT uq_t UNIQUE,
    v int NULL CONSTRAINT ck_t CHECK (v < 50));
INSERT INTO dbo.t (k, v) VALUES (1, 10), (2, 0), (3, NULL);
"""
CALLED = [("insert", 90, 1), ("divide",), ("insert", 91, 2)]
HAS_U = "IF OBJECT_ID(N'tempdb..#u') IS NOT NULL"

Op = tuple[Any, ...]
Row = tuple[int, int | None]

STATEMENTS = {
    "insert": "INSERT INTO dbo.t (k, v) VALUES ({}, {});",
    "copy": "INSERT INTO dbo.t (k, v) SELECT k + {}, v FROM dbo.t ORDER BY k;",
    "divide_all": "UPDATE dbo.t SET v = 20 / v WHERE k % {} = {};",
    "move": "UPDATE dbo.t SET k = k + {} WHERE k % {} = 0;",
    "delete": "DELETE FROM dbo.t WHERE k % {} = {};",
    "keep": "SELECT k, v INTO #u FROM dbo.t;",
    "grow": f"{HAS_U} INSERT INTO #u SELECT k, v FROM dbo.t;",
    "halve": f"{HAS_U} UPDATE #u SET v = 20 / v;",
    "drop": f"{HAS_U} DROP TABLE #u;",
    "divide": "SET @x = (SELECT 1 / COUNT(*) FROM dbo.t WHERE k < 0);",
    "divide_alone": "SET @x = 1 / 0;",
    "convert": "SET @x = CAST(N'x' AS int);",
    "raise": "RAISERROR (N'raised', 16, 1);",
    "throw": "THROW 50001, N'thrown', 1;",
    "begin": "IF XACT_STATE() <> -1 BEGIN TRANSACTION;",
    "commit": "IF XACT_STATE() = 1 COMMIT TRANSACTION;",
    "rollback": "IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;",
    "call": "EXEC dbo.called;",
}

small = st.integers(1, 4)
SIMPLE = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, 12), st.sampled_from([None, 0, 1, 7, 60])),
    st.tuples(st.just("copy"), st.sampled_from([1, 10])),
    st.tuples(st.just("divide_all"), small, st.integers(0, 2)),
    st.tuples(st.just("move"), st.sampled_from([1, 5, 20]), small),
    st.tuples(st.just("delete"), st.integers(2, 4), st.integers(0, 1)),
    st.sampled_from([(name,) for name, text in STATEMENTS.items() if "{" not in text]),
    st.sampled_from([("begin",), ("begin",), ("divide",)]),
)
OPS = st.one_of(SIMPLE, SIMPLE, st.tuples(st.just("try"), st.lists(SIMPLE, min_size=1, max_size=4)))
PROGRAMS = st.lists(st.lists(OPS, min_size=1, max_size=6), min_size=1, max_size=4)


def written(op: Op) -> str:
    name, *parts = op
    if name == "try":
        body = " ".join(map(written, parts[0]))
        return f"BEGIN TRY {body} END TRY BEGIN CATCH PRINT ERROR_NUMBER(); END CATCH;"
    return STATEMENTS[name].format(*("NULL" if part is None else part for part in parts))


# --- the model -----------------------------------------------------------------------------------


class FaultError(Exception):
    """An error of one statement."""

    def __init__(self, number: int) -> None:
        self.number = number


class CaughtError(Exception):
    """The same on its way to a CATCH."""

    def __init__(self, number: int) -> None:
        self.number = number


class AbortedError(Exception):
    """The batch ends."""


@dataclass
class Rows:
    """What is in the tables; ``u`` is None while there is no #u."""

    t: dict[int, Row] = field(default_factory=lambda: {1: (1, 10), 2: (2, 0), 3: (3, None)})
    u: list[Row] | None = None

    def copy(self) -> Rows:
        return Rows(dict(self.t), None if self.u is None else list(self.u))


@dataclass
class Model:
    """The rows, the transaction and what a client is told."""

    xact_abort: bool
    rows: Rows = field(default_factory=Rows)
    next_id: int = 4
    depth: int = 0
    doomed: bool = False
    tries: int = 0
    before: Rows = field(default_factory=Rows)
    trace: list[int] = field(default_factory=list)

    def batch(self, ops: list[Op]) -> None:
        with suppress(AbortedError):
            self.run(ops)
        if self.doomed:
            self.do_rollback()
            self.trace.append(3998)

    def run(self, ops: list[Op]) -> None:
        for name, *parts in ops:
            before = self.rows.copy()
            try:
                getattr(self, f"do_{name}")(*parts)
            except FaultError as fault:
                self.rows = before
                self.fail(name, fault.number)

    def fail(self, name: str, number: int) -> None:
        aborts = name == "convert" or (self.xact_abort and name != "raise")
        if self.depth and aborts:
            self.doomed = True
        if self.tries:
            raise CaughtError(number)
        self.trace.append(number)
        if aborts:
            self.do_rollback()
        if aborts or name == "throw":
            raise AbortedError

    def do_try(self, ops: list[Op]) -> None:
        self.tries += 1
        try:
            self.run(ops)
        except CaughtError as caught:
            self.trace.append(caught.number)
        finally:
            self.tries -= 1

    def do_call(self) -> None:
        self.run(CALLED)

    # rows

    def changed(self) -> dict[int, Row]:
        """The rows of dbo.t, to be changed."""
        if self.doomed:
            raise FaultError(3930)
        return self.rows.t

    def store(self, new: list[Row]) -> None:
        t = self.changed()
        for row in new:
            t[self.next_id] = row
            self.next_id += 1
        self.check()

    def check(self) -> None:
        keys = [k for k, _ in self.rows.t.values()]
        if any(v is not None and v >= 50 for _, v in self.rows.t.values()):
            raise FaultError(547)
        if len(set(keys)) < len(keys):
            raise FaultError(2627)

    def do_insert(self, k: int, v: int | None) -> None:
        self.store([(k, v)])

    def do_copy(self, distance: int) -> None:
        self.store([(k + distance, v) for k, v in sorted(self.rows.t.values())])

    def do_divide_all(self, modulus: int, rest: int) -> None:
        for key, (k, v) in self.changed().items():
            if k % modulus == rest:
                self.rows.t[key] = (k, divided(v))

    def do_move(self, distance: int, modulus: int) -> None:
        for key, (k, v) in self.changed().items():
            if k % modulus == 0:
                self.rows.t[key] = (k + distance, v)
        self.check()

    def do_delete(self, modulus: int, rest: int) -> None:
        for key, (k, _) in list(self.changed().items()):
            if k % modulus == rest:
                del self.rows.t[key]

    def do_keep(self) -> None:
        rows = list(self.changed().values())
        if self.rows.u is not None:
            raise FaultError(2714)
        self.rows.u = rows

    def do_grow(self) -> None:
        if self.rows.u is not None:
            self.rows.u = self.rows.u + list(self.changed().values())

    def do_halve(self) -> None:
        if self.rows.u is not None:
            self.changed()
            self.rows.u = [(k, divided(v)) for k, v in self.rows.u]

    def do_drop(self) -> None:
        if self.rows.u is not None:
            self.changed()
            self.rows.u = None

    # errors

    def do_divide(self) -> None:
        raise FaultError(8134)

    do_divide_alone = do_divide

    def do_convert(self) -> None:
        raise FaultError(245)

    def do_raise(self) -> None:
        raise FaultError(50000)

    def do_throw(self) -> None:
        raise FaultError(50001)

    # transactions

    def do_begin(self) -> None:
        if not self.depth:
            self.before = self.rows.copy()
        self.depth += not self.doomed

    def do_commit(self) -> None:
        if self.depth and not self.doomed:
            self.depth -= 1

    def do_rollback(self) -> None:
        if self.depth:
            self.rows = self.before
        self.depth, self.doomed = 0, False


def divided(value: int | None) -> int | None:
    if value == 0:
        raise FaultError(8134)
    return None if value is None else 20 // value


# --- side by side --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        opened = database.connect()
        opened.query(f"CREATE PROCEDURE dbo.called AS {' '.join(map(written, CALLED))}".replace(
            "SET @x = ", "SELECT "))  # fmt: skip
        yield opened


def traced(session: Session, batch: str) -> list[int]:
    """Numbers of the errors of a batch, caught or not."""
    trace: list[int] = []

    def receive(event: Event) -> None:
        if isinstance(event, SqlError):
            trace.append(event.number)
        elif isinstance(event, Message):
            trace.append(int(event.text))

    session.execute(batch, receive)
    return trace


def seen(session: Session) -> tuple[object, ...]:
    """@@TRANCOUNT and the rows as the session sees them, which may not be committed yet."""
    ((depth, has_u),) = session.query("SELECT @@TRANCOUNT, OBJECT_ID(N'tempdb..#u')")[0].rows()
    t = session.query("SELECT id, k, v FROM dbo.t ORDER BY id")[0].rows()
    u = session.query("SELECT k, v FROM #u")[0].rows() if has_u else None
    return depth, t, u if u is None else sorted(u, key=str)


@settings(max_examples=150)
@given(st.booleans(), PROGRAMS)
def test_rows_are_those_of_the_model(
    session: Session, xact_abort: bool, program: list[list[Op]]
) -> None:
    session.query(START)
    model = Model(xact_abort)
    for ops in program:
        option = "ON" if xact_abort else "OFF"
        body = " ".join(map(written, ops))
        batch = f"SET NOCOUNT ON; SET XACT_ABORT {option}; DECLARE @x int; {body}"
        model.batch(ops)

        trace = traced(session, batch)

        t = [(key, *row) for key, row in sorted(model.rows.t.items())]
        u = None if model.rows.u is None else sorted(model.rows.u, key=str)
        assert (trace, *seen(session)) == (model.trace, model.depth, t, u), batch
        model.trace.clear()
