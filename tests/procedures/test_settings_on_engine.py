"""Other settings than the tutorial's, from the tables to the clusters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shop import rows

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.generator.quoting import identifier
from procluster.local.database import Database, Session
from procluster.satellite import Satellite
from procluster.settings import Contacts, Returns, Sales, Settings

HOSTILE = Settings(
    schema="se]g'[ment",
    customer_type="nvarchar",
    customer_length=20,
    sales=Sales(
        schema="my 'shop'", table="order", customer="Käu]fer", ticket="--", item="1st", amount="€"
    ),
    returns=Returns(
        schema="my 'shop'", table='"back"', customer="who", ticket="a;b", item="/", amount="x y"
    ),
    contacts=Contacts(schema="my 'shop'", table="x" * 128, customer="id", email="客户 e-mail"),
)
TABLES = """
CREATE TABLE [my 'shop'].[order] ([Käu]]fer] nvarchar(20), [--] int, [1st] int, [€] float);
CREATE TABLE [my 'shop'].["back"] (who nvarchar(20), [a;b] int, [/] int, [x y] float);
CREATE TABLE [my 'shop'].[xxx] (id nvarchar(20), [客户 e-mail] nvarchar(50));
INSERT INTO [my 'shop'].[order]
VALUES (N'Ä''1', 1, 1, 10), (N'Ä''1', 2, 1, 5), (N'b]2', 3, 1, 7), (N'c', 4, 2, 1), (NULL, 5, 1, 1);
INSERT INTO [my 'shop'].["back"] VALUES (N'Ä''1', 1, 1, 10), (N'b]2', 3, 1, 7);
INSERT INTO [my 'shop'].[xxx] VALUES (N'Ä''1', N'a@example.com'), (N'c', N'c@example.com');
""".replace("xxx", "x" * 128)

BIG = Settings(customer_type="bigint")
BIG_TABLES = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk bigint, ss_ticket_number int, ss_item_sk int, ss_net_paid float
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk bigint, sr_ticket_number int, sr_item_sk int, sr_return_amt float
);
CREATE TABLE dbo.customer (c_customer_sk bigint, c_email_address nvarchar(50));
INSERT INTO dbo.store_sales
VALUES (9007199254740993, 1, 1, 10), (9007199254740994, 2, 1, 10), (3, 3, 1, 10), (4, 4, 1, 10);
INSERT INTO dbo.store_returns VALUES (9007199254740993, 1, 1, 10), (3, 3, 1, 5), (4, 4, 1, 2);
"""


@pytest.fixture
def session(satellite: Satellite) -> Iterator[Session]:
    with Database(satellite=satellite) as database:
        yield database.connect()


def test_hostile_names_work_everywhere(session: Session) -> None:
    session.query("CREATE SCHEMA [my 'shop'];")
    session.query(TABLES)
    install(EmbeddedConnection(session), release(HOSTILE))
    seg = identifier(HOSTILE.schema)

    session.query(f"EXEC {seg}.refresh @n_clusters = 2; EXEC {seg}.choose_k; EXEC {seg}.help;")

    clusters = rows(
        session, f"SELECT customer_id, cluster_id FROM {seg}.customer_cluster ORDER BY 1;"
    )
    assert sorted(name for name, _ in clusters) == sorted(["Ä'1", "b]2", "c"])
    ((cluster,),) = rows(
        session, f"SELECT cluster_id FROM {seg}.customer_cluster WHERE customer_id = N'C  ';"
    )
    contacts = rows(session, f"EXEC {seg}.contacts @cluster = {cluster};")
    assert ("c", "c@example.com") in [row[:2] for row in contacts]


def test_hostile_names_reach_the_tutorials_procedure(session: Session) -> None:
    session.query("CREATE SCHEMA [my 'shop'];")
    session.query(TABLES)
    session.query(
        "INSERT INTO [my 'shop'].[order] VALUES (N'd', 6, 1, 10), (N'd', 7, 1, 10);"
        "INSERT INTO [my 'shop'].[\"back\"] VALUES (N'd', 6, 1, 3), (N'd', 7, 1, 3);"
    )
    install(EmbeddedConnection(session), release(HOSTILE))

    labelled = rows(session, "EXEC dbo.py_generate_customer_return_clusters;")

    assert sorted(row[0] for row in labelled) == sorted(["Ä'1", "b]2", "c", "d"])


def test_big_keys_keep_every_digit(session: Session) -> None:
    session.query(BIG_TABLES)
    install(EmbeddedConnection(session), release(BIG))
    session.query("EXEC seg.refresh @n_clusters = 2;")

    assigned = rows(session, "SELECT customer_id FROM seg.customer_cluster ORDER BY customer_id;")
    labelled = rows(session, "EXEC dbo.py_generate_customer_return_clusters;")

    keys = [3, 4, 9007199254740993, 9007199254740994]
    assert [row[0] for row in assigned] == keys
    assert sorted(row[0] for row in labelled) == keys
