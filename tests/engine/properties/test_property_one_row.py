"""A change of one row, or of what no rule names, needs no stage; its effects are the same.

A condition on another table, which is always true, makes the engine take the general way.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.local.results import Event, RowCount

TABLES = """
CREATE TABLE dbo.kind (word varchar(4) NOT NULL CONSTRAINT pk_kind PRIMARY KEY);
CREATE TABLE dbo.item (
    id int NOT NULL CONSTRAINT pk_item PRIMARY KEY,
    low int NOT NULL,
    high int NULL,
    code varchar(3) NULL,
    word varchar(4) NULL CONSTRAINT fk_item_kind REFERENCES dbo.kind (word),
    parent int NULL CONSTRAINT fk_item_item REFERENCES dbo.item (id),
    note nvarchar(4) NULL,
    size smallint NOT NULL CONSTRAINT df_item_size DEFAULT (7),
    CONSTRAINT ck_item_order CHECK (low <= high),
    CONSTRAINT ck_item_code CHECK (code <> 'bad'),
    CONSTRAINT uq_item_code UNIQUE (code, low)
);
CREATE UNIQUE INDEX ix_item_high ON dbo.item (high) WHERE high > 5;
INSERT INTO dbo.kind (word) VALUES ('a'), ('b'), ('free');
INSERT INTO dbo.item (id, low, high, code, word, parent) VALUES
    (1, 0, 3, 'x', 'a', NULL), (2, 0, 6, 'y', 'b', 1), (3, 2, 7, NULL, NULL, 2),
    (4, 2, NULL, 'x', 'A', 4);
"""
VALUES = {
    "id": ("1", "2", "3", "9", "id", "NULL"),
    "low": ("0", "2", "'2'", "low + 1", "NULL", "high", "1 / (id - 3)"),
    "high": ("1", "6", "7", "8", "high * 1000000000", "NULL"),
    "code": ("'x'", "'Y '", "'BAD'", "'long'", "code", "NULL"),
    "word": ("'a'", "'B'", "'c'", "word", "NULL"),
    "parent": ("1", "id", "7", "NULL"),
    "note": ("N'ab'", "N'too long'", "word", "NULL"),
    "size": ("2", "size + 1", "size * 30000", "high", "1 / (id - 3)", "NULL"),
}
CONSTANTS = {
    name: tuple(value for value in values if "'" in value or value.isdigit() or value == "NULL")
    for name, values in VALUES.items()
}
ASSIGNED = st.sets(st.sampled_from(list(VALUES)), min_size=1, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in names})
)
NEW = st.fixed_dictionaries({name: st.sampled_from(CONSTANTS[name]) for name in CONSTANTS})
WHERE = st.sampled_from(("id = 1", "id = 2", "id = 3", "id = 4", "id = 5", "code = 'Y'", "low = 2"))
ELSEWHERE = "1 IN (SELECT 1 FROM dbo.kind)"
Effect = tuple[tuple[int, str] | None, list[int], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        opened = database.connect()
        opened.query(TABLES)
        yield opened


def effect(session: Session, statement: str) -> Effect:
    """The error, the rows affected and what is in the table then; nothing of it stays."""
    events: list[Event] = []
    session.execute(f"BEGIN TRANSACTION; {statement}", events.append)
    error = next(((e.number, e.message) for e in events if isinstance(e, SqlError)), None)
    counts = [event.rows for event in events if isinstance(event, RowCount)]
    rows = [] if error else session.query("SELECT * FROM dbo.item ORDER BY id")[0].rows()
    session.execute("IF @@TRANCOUNT > 0 ROLLBACK", events.append)
    return error, counts, rows


one_by_one = settings(max_examples=150)


@one_by_one
@given(assigned=ASSIGNED, where=WHERE)
def test_update_of_one_row_is_as_of_many(
    session: Session, assigned: dict[str, str], where: str
) -> None:
    sets = ", ".join(f"{name} = {value}" for name, value in assigned.items())
    statement = f"UPDATE dbo.item SET {sets} WHERE {where}"
    assert effect(session, statement) == effect(session, f"{statement} AND {ELSEWHERE}")


@one_by_one
@given(where=WHERE, is_free=st.booleans())
def test_delete_of_one_row_is_as_of_many(session: Session, where: str, is_free: bool) -> None:
    statement = f"DELETE FROM dbo.item WHERE {where}"
    if is_free:
        statement = f"ALTER TABLE dbo.item DROP CONSTRAINT fk_item_item; {statement}"
    assert effect(session, statement) == effect(session, f"{statement} AND {ELSEWHERE}")


@one_by_one
@given(row=NEW)
def test_insert_of_one_row_is_as_of_many(session: Session, row: dict[str, str]) -> None:
    listed = f"INSERT INTO dbo.item ({', '.join(row)})"
    values = ", ".join(row.values())
    one = effect(session, f"{listed} VALUES ({values})")
    assert one == effect(session, f"{listed} SELECT {values}")
