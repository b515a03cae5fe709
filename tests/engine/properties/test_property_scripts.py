"""Text that is no T-SQL, or was cut off: an error with its place, or success; nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procluster.errors import SqlError
from procluster.local.database import Database, Session, split_batches

GOLDEN = Path(__file__).parents[2] / "golden"
SCRIPTS = [path.read_text(encoding="utf-8") for path in sorted(GOLDEN.rglob("seg.*.sql"))]

# Without WHILE and WAITFOR, whose scripts may rightly run for ever.
WORDS = """
SELECT FROM WHERE GROUP BY HAVING ORDER TOP DISTINCT AS ON JOIN LEFT INNER CROSS APPLY UNION
ALL IN EXISTS NOT AND OR NULL IS LIKE BETWEEN CASE WHEN THEN ELSE END IF BEGIN TRY CATCH
TRANSACTION COMMIT ROLLBACK THROW RAISERROR RETURN PRINT DECLARE SET EXEC INSERT INTO VALUES
UPDATE DELETE CREATE TABLE PROCEDURE VIEW FUNCTION ALTER DROP INDEX UNIQUE PRIMARY KEY
CONSTRAINT CHECK DEFAULT IDENTITY int nvarchar decimal bit float max WITH RESULT SETS
OPENJSON OUTPUT OVER PARTITION CAST CONVERT COUNT SUM GO t a b dbo seg sys @x @@ROWCOUNT
@@TRANCOUNT #t [t] "t" N'x' 'it''s' 0 1 2.5 1e3 0xFF $ ( ) ( ) , , ; . * + - / % = < > <> >=
!= ~ & | ^ : :: ' " [ ] /* */ -- \\ { } ? ! \u00fc \u2028 \u0130 \U0001f600
""".split()  # noqa: SIM905  easier to read


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        yield database.connect()


def assert_errors_have_places(session: Session, script: str) -> None:
    """Run a script with its GO; every error names its line, and nothing is left open."""
    errors: list[SqlError] = []
    try:
        batches = [batch.text for batch in split_batches(script)]
    except SqlError as error:
        errors.append(error)
        batches = []
    for batch in batches:
        session.execute(batch, lambda e: errors.append(e) if isinstance(e, SqlError) else None)
    session.execute("IF @@TRANCOUNT > 0 ROLLBACK;", lambda _: None)
    placeless = [error for error in errors if error.line < 1]
    assert placeless == [], script


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_random_text_is_an_error_with_its_place(session: Session, text: str) -> None:
    assert_errors_have_places(session, text)


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_random_bytes_are_an_error_with_its_place(session: Session, raw: bytes) -> None:
    assert_errors_have_places(session, raw.decode("latin-1"))


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_token_soup_is_an_error_with_its_place(session: Session, soup: str) -> None:
    assert_errors_have_places(session, soup)


@settings(max_examples=40)
@given(st.sampled_from(SCRIPTS), st.floats(0, 1))
def test_script_that_was_cut_off_is_an_error_with_its_place(
    session: Session, script: str, share: float
) -> None:
    assert_errors_have_places(session, script[: int(len(script) * share)])


@settings(max_examples=60)
@given(st.sampled_from(SCRIPTS), st.floats(0, 1), st.sampled_from(WORDS))
def test_script_with_a_word_too_many_is_an_error_with_its_place(
    session: Session, script: str, share: float, word: str
) -> None:
    place = int(min(len(script), 4000) * share)

    assert_errors_have_places(session, f"{script[:place]} {word} {script[place:4000]}")


OPENINGS = ["(", "SELECT (", "BEGIN ", "IF 1 = 1 ", "SELECT -", "NOT ", "/*", "[", "'",
            "BEGIN TRY ", "SELECT CASE WHEN 1 = 1 THEN "]  # fmt: skip


@pytest.mark.parametrize("opening", OPENINGS)
def test_endless_nesting_is_an_error_with_its_place(session: Session, opening: str) -> None:
    assert_errors_have_places(session, opening * 20_000)
    assert_errors_have_places(session, "SELECT 1 WHERE " + opening * 20_000)
