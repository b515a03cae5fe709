"""Fixtures of the translation's tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from translation_world import World

from procluster.local.types import resolve


@pytest.fixture(scope="session")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        yield found


@pytest.fixture
def sql(connection: duckdb.DuckDBPyConnection) -> World:
    return World(connection)


@pytest.fixture
def shop(sql: World) -> World:
    """Customers (two of one name, as the collation sees it) and their orders."""
    name, whole = resolve("nvarchar", 20), resolve("int")
    sql.create(
        "customer",
        {"id": whole, "name": name, "credit": resolve("decimal", 9, 2), "score": resolve("float")},
        (1, "Ann", 10, 1.5),
        (2, "ann ", 20, None),
        (3, "Bob", None, 2.5),
        (4, None, 5, 4.0),
    )
    sql.create(
        "purchase",
        {"id": whole, "customer_id": whole, "item": name, "at": resolve("datetime")},
        (1, 1, "tea", datetime(2024, 1, 6, 10)),
        (2, 1, "cup", datetime(2024, 1, 7, 10)),
        (3, 3, "tea", datetime(2024, 2, 1)),
        (4, None, "pot", None),
    )
    return sql
