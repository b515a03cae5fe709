"""What only a server has: row locks of other sessions, and isolation levels."""

from __future__ import annotations

import pytest
from shop_on_server import Server

from procluster.deploy.connection import Connection

OPEN = """
BEGIN TRANSACTION;
DECLARE @run_id bigint;
EXEC app.start_run @procedure_name = N'train', @run_id = @run_id OUTPUT;
"""


@pytest.mark.parametrize("level", ["READ UNCOMMITTED", "READ COMMITTED", "SERIALIZABLE"])
def test_refresh_does_not_wait_for_a_transaction_that_has_called_something(
    server: Server, beside: Connection, level: str
) -> None:
    server.connection.query(OPEN)

    try:
        beside.query(
            f"SET LOCK_TIMEOUT 5000; SET TRANSACTION ISOLATION LEVEL {level}; "
            "EXEC app.refresh @n_clusters = 2, @with_result = 0;"
        )
    finally:
        server.connection.query("ROLLBACK TRANSACTION;")

    assert "customers by model" in beside.messages[-1]
