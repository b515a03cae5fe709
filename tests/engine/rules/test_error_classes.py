"""What an error ends, by its class, SET XACT_ABORT and TRY, and what is committed after it.

The sources are those of messages.py, and "TRY...CATCH", "THROW", "RAISERROR" and "XACT_STATE" of
Microsoft's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from rule_cases import TABLES

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.local.results import Event, Message, ResultSet

STATEMENT, BATCH, LEVEL, THROWN, RAISED = "statement", "batch", "level", "thrown", "raised"

FAILING = {
    8134: (STATEMENT, "SELECT 1 / n FROM (VALUES (1), (0)) AS v(n)"),
    8115: (STATEMENT, "SELECT 2147483647 + 1"),
    220: (STATEMENT, "SELECT CAST(70000 AS smallint)"),
    512: (STATEMENT, "SELECT (SELECT k FROM dbo.parent)"),
    515: (STATEMENT, "INSERT INTO dbo.child (s) VALUES (NULL)"),
    547: (STATEMENT, "INSERT INTO dbo.child (k) SELECT N'x'"),
    2601: (STATEMENT, "UPDATE dbo.child SET n = 2"),
    2627: (STATEMENT, "INSERT INTO dbo.parent VALUES (N'c'), (N'a')"),
    2628: (STATEMENT, "INSERT INTO dbo.parent SELECT N'too long'"),
    201: (STATEMENT, "EXEC dbo.p"),
    2812: (STATEMENT, "EXEC dbo.nowhere"),
    8144: (STATEMENT, "EXEC dbo.p 1, 2, 3"),
    50000: (RAISED, "RAISERROR (N'raised', 16, 1)"),
    50001: (THROWN, "THROW 50001, N'thrown', 1"),
    241: (BATCH, "SELECT CAST('x' AS datetime)"),
    242: (BATCH, "SELECT CAST('1752-12-31' AS datetime)"),
    245: (BATCH, "UPDATE dbo.child SET n = k"),
    248: (BATCH, "SELECT CAST('3000000000' AS int)"),
    8114: (BATCH, "SELECT CAST('x' AS float)"),
    8169: (BATCH, "SELECT CAST('x' AS uniqueidentifier)"),
    217: (BATCH, "EXEC dbo.endless"),
    207: (LEVEL, "SELECT nope FROM dbo.parent"),
    208: (LEVEL, "SELECT 1 FROM dbo.nowhere"),
}


class Outcome(NamedTuple):
    """What is seen: XACT_STATE() in CATCH, the next statement, @@TRANCOUNT and rows at the end."""

    state: int | None
    goes_on: bool
    depth: int
    committed: str | None


GOES_ON, TAKEN_BACK = "first,next", None
OUTCOMES = {
    (STATEMENT, "OFF", False): Outcome(None, True, 1, GOES_ON),
    (STATEMENT, "OFF", True): Outcome(1, True, 1, GOES_ON),
    (STATEMENT, "ON", False): Outcome(None, False, 0, TAKEN_BACK),
    (STATEMENT, "ON", True): Outcome(-1, True, 0, TAKEN_BACK),
    (RAISED, "OFF", False): Outcome(None, True, 1, GOES_ON),
    (RAISED, "OFF", True): Outcome(1, True, 1, GOES_ON),
    (RAISED, "ON", False): Outcome(None, True, 1, GOES_ON),
    (RAISED, "ON", True): Outcome(1, True, 1, GOES_ON),
    (THROWN, "OFF", False): Outcome(None, False, 1, "first"),
    (THROWN, "OFF", True): Outcome(1, True, 1, GOES_ON),
    (THROWN, "ON", False): Outcome(None, False, 0, TAKEN_BACK),
    (THROWN, "ON", True): Outcome(-1, True, 0, TAKEN_BACK),
    (BATCH, "OFF", False): Outcome(None, False, 0, TAKEN_BACK),
    (BATCH, "OFF", True): Outcome(-1, True, 0, TAKEN_BACK),
    (BATCH, "ON", False): Outcome(None, False, 0, TAKEN_BACK),
    (BATCH, "ON", True): Outcome(-1, True, 0, TAKEN_BACK),
    (LEVEL, "OFF", False): Outcome(None, False, 1, "first"),
    (LEVEL, "OFF", True): Outcome(None, False, 1, "first"),
    (LEVEL, "ON", False): Outcome(None, False, 0, TAKEN_BACK),
    (LEVEL, "ON", True): Outcome(None, False, 0, TAKEN_BACK),
}
"""TRY of the same level does not catch an error of name resolution: "TRY...CATCH"."""

START = (
    "SET NOCOUNT ON; SET XACT_ABORT {}; BEGIN TRANSACTION; INSERT INTO dbo.kept VALUES ('first');"
)
TRY = "BEGIN TRY {}; END TRY BEGIN CATCH PRINT CONCAT('state ', XACT_STATE()); END CATCH;"
NEXT = "PRINT 'next'; IF XACT_STATE() = 1 INSERT INTO dbo.kept VALUES ('next');"
ROWS = "SELECT STRING_AGG(v, ',') WITHIN GROUP (ORDER BY v) FROM dbo.kept"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        opened = database.connect()
        opened.query(TABLES)
        opened.query("CREATE TABLE dbo.kept (v varchar(5) NOT NULL)")
        opened.query("CREATE PROCEDURE dbo.endless AS EXEC dbo.endless")
        yield opened


@pytest.fixture
def events(session: Session) -> Iterator[Callable[[str], list[Event]]]:
    def run_batch(batch: str) -> list[Event]:
        found: list[Event] = []
        session.execute(batch, found.append)
        return found

    yield run_batch
    session.query("DELETE FROM dbo.kept; SET XACT_ABORT OFF")


def value(found: list[Event]) -> object:
    (rows,) = (event for event in found if isinstance(event, ResultSet))
    return rows.rows()[0][0]


@pytest.mark.parametrize("in_try", [False, True], ids=["alone", "in-try"])
@pytest.mark.parametrize("xact_abort", ["OFF", "ON"])
@pytest.mark.parametrize("number", FAILING)
def test_error_ends_what_its_class_says(
    events: Callable[[str], list[Event]], number: int, xact_abort: str, in_try: bool
) -> None:
    kind, statement = FAILING[number]
    failing = TRY.format(statement) if in_try else f"{statement};"

    found = events(f"{START.format(xact_abort)} {failing} {NEXT}")

    texts = [event.text for event in found if isinstance(event, Message)]
    errors = [event.number for event in found if isinstance(event, SqlError)]
    depth = value(events("SELECT @@TRANCOUNT"))
    events("IF @@TRANCOUNT > 0 COMMIT")
    state = next((int(text[6:]) for text in texts if text.startswith("state")), None)
    outcome = OUTCOMES[kind, xact_abort, in_try]
    assert (state, "next" in texts, depth, value(events(ROWS))) == outcome
    assert errors == ([] if state == 1 else [3998] if state == -1 else [number])
