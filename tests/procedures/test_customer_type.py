"""The customers' key gets another type in the settings, after a deployment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shop import rows

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.errors import DeploymentError
from procluster.local.database import Database, Session
from procluster.satellite import Satellite
from procluster.settings import Settings

TEXT = Settings(customer_type="nvarchar", customer_length=20)
TABLES = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk nvarchar(20), ss_ticket_number int, ss_item_sk int, ss_net_paid float
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk nvarchar(20), sr_ticket_number int, sr_item_sk int, sr_return_amt float
);
CREATE TABLE dbo.customer (c_customer_sk nvarchar(20), c_email_address nvarchar(50));
INSERT INTO dbo.store_sales VALUES (N'a', 1, 1, 10), (N'b', 2, 1, 5), (N'c', 3, 1, 7);
INSERT INTO dbo.store_returns VALUES (N'a', 1, 1, 10);
"""
KEYS = "SELECT customer_id FROM seg.customer_cluster ORDER BY 1;"


@pytest.fixture
def session(satellite: Satellite) -> Iterator[Session]:
    """Customers with keys of text, and tables of ours that were made for numbers."""
    with Database(satellite=satellite) as database:
        session = database.connect()
        session.query(TABLES)
        install(EmbeddedConnection(session), release(Settings()))
        yield session


def test_empty_tables_are_made_anew(session: Session) -> None:
    install(EmbeddedConnection(session), release(TEXT))

    session.query("EXEC seg.refresh @n_clusters = 2;")

    assert rows(session, KEYS) == [("a",), ("b",), ("c",)]


def test_rows_are_not_thrown_away(session: Session) -> None:
    session.query("INSERT INTO seg.customer_feature VALUES (1, 0, 0, 0, 0, DEFAULT);")

    with pytest.raises(DeploymentError, match=r"customer_feature: customer_id is not nvarchar"):
        install(EmbeddedConnection(session), release(TEXT))

    assert rows(session, "SELECT customer_id FROM seg.customer_feature;") == [(1,)]
