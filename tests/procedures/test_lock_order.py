"""Calls beside each other wait for each other, and none of them in a circle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shop import rows

from procluster.errors import SqlError
from procluster.local.database import Database
from procluster.satellite import Satellite

BEGIN = """
BEGIN TRANSACTION;
EXEC sp_getapplock
    @Resource = N'procluster.seg.{table}', @LockMode = N'Exclusive', @LockOwner = N'Transaction';
"""
"""What every procedure that changes the table begins with."""

CHANGES = {
    "customer_cluster": "UPDATE seg.customer_cluster SET is_outlier = 1; COMMIT TRANSACTION;",
    "model": "UPDATE seg.model SET is_active = 0; COMMIT TRANSACTION;",
}


@pytest.fixture
def database(stages: Path, tmp_path: Path, satellite: Satellite) -> Iterator[Database]:
    """Sixty customers in three clusters."""
    file = shutil.copy(stages / "segmented", tmp_path / "shop.duckdb")
    with Database(file, satellite=satellite, longest_wait=None) as one:
        yield one


@pytest.mark.parametrize("table", CHANGES)
@pytest.mark.parametrize("policy", ["never", "always"])
def test_refresh_lets_the_call_finish_that_it_waits_for(
    database: Database, table: str, policy: str
) -> None:
    other, refreshing = database.connect(), database.connect()
    other.query(BEGIN.format(table=table))

    with ThreadPoolExecutor() as pool:
        refresh = pool.submit(refreshing.query, f"EXEC seg.refresh @train_policy = N'{policy}';")
        while not database._shared.lock_table.waiting:
            assert not refresh.done()
        other.query(CHANGES[table])
        refresh.result()

    assert rows(other, "SELECT MIN(status) FROM seg.run WHERE procedure_name = N'refresh';") == [
        ("succeeded",)
    ]


def test_refresh_assigns_by_the_model_that_was_activated_meanwhile(database: Database) -> None:
    other, refreshing = database.connect(), database.connect()
    other.query("EXEC seg.train @n_clusters = 2, @activate = 0;")
    other.query(BEGIN.format(table="model"))

    with ThreadPoolExecutor() as pool:
        refresh = pool.submit(refreshing.query, "EXEC seg.refresh @train_policy = N'never';")
        while not database._shared.lock_table.waiting:
            assert not refresh.done()
        other.query("EXEC seg.activate @model_id = 2; COMMIT TRANSACTION;")
        refresh.result()

    assert rows(other, "SELECT DISTINCT model_id FROM seg.customer_cluster;") == [(2,)]


def test_refresh_in_a_transaction_beside_assign_ends_in_a_deadlock_victim(
    database: Database,
) -> None:
    """Rows that the caller's transaction has written before cannot be given back."""
    other, refreshing = database.connect(), database.connect()
    other.query(BEGIN.format(table="customer_cluster"))

    with ThreadPoolExecutor() as pool:
        call = "BEGIN TRANSACTION; EXEC seg.refresh @train_policy = N'never'; COMMIT TRANSACTION;"
        refresh = pool.submit(refreshing.query, call)
        while not database._shared.lock_table.waiting:
            assert not refresh.done()
        with pytest.raises(SqlError) as caught:
            other.query(CHANGES["customer_cluster"])
        refresh.result()

    assert caught.value.number == 1205
