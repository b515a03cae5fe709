"""DuckDB's run-time errors as SQL Server's: those no query of the other tests raises."""

from __future__ import annotations

import duckdb
import pytest

from procluster.local.messages import ERRORS
from procluster.local.translate import as_sql_error


def test_out_of_memory_is_701() -> None:
    error = as_sql_error(duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"))
    assert (error.number, error.severity) == (701, 17)


@pytest.mark.parametrize(
    ("file", "number"), [("/x/shop.duckdb", 1105), ("/x/shop.duckdb.wal", 9002)]
)
def test_file_that_cannot_grow_is_told(file: str, number: int) -> None:
    words = f'IO Error: Could not write file "{file}": No space left on device'
    error = as_sql_error(duckdb.IOException(words))
    assert (error.number, "'shop'" in error.message) == (number, True)


def test_unknown_error_keeps_duckdbs_words() -> None:
    error = as_sql_error(duckdb.IOException("IO Error: disk full\n\nLINE 1: SELECT"))
    assert error.number == 40510
    assert error.message == "The embedded engine could not run this: IO Error: disk full"


def test_own_error_keeps_its_message() -> None:
    error = as_sql_error(duckdb.InvalidInputException("Invalid Input Error: 245|a | b\nc"))
    assert (error.number, error.message) == (245, "a | b\nc")


@pytest.mark.parametrize("number", ERRORS)
def test_error_row_is_complete(number: int) -> None:
    assert ERRORS[number].ends in ("statement", "level", "batch")
    assert 10 < ERRORS[number].severity < 25
