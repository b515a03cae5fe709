"""From the previous version's install.sql, which kept no history, to this one: no row is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_tables import SHOP

from procluster import catalog
from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.baseline import baseline_plan
from procluster.deploy.connection import Connection
from procluster.deploy.plan import make_plan
from procluster.deploy.state import read_state
from procluster.deploy.uninstall import uninstall_plan
from procluster.deploy.verify import verify
from procluster.errors import DeploymentError
from procluster.local.lexer import split_batches
from procluster.settings import Settings

INSTALL = (Path(__file__).parent / "upgrade/install-0.1.0.sql").read_text(encoding="utf-8")
"""As version 0.1.0 rendered it."""

SALES = """
INSERT INTO dbo.store_sales
VALUES (1, 10, 1, 5.00), (1, 10, 2, 3.00), (2, 20, 1, 5.00), (3, 30, 1, 1.00);

INSERT INTO dbo.store_returns
VALUES (2, 20, 1, 5.00);
"""
ROWS = """
INSERT INTO seg.run (procedure_name, status) VALUES (N'train', N'succeeded');

INSERT INTO seg.model (
    run_id, is_active, n_clusters, scaling, random_state, n_init, inertia, customers, document
)
VALUES (1, 1, 1, N'none', 111, 10, 0.5, 3, N'{"format": 1}');

INSERT INTO seg.customer_cluster (customer_id, model_id, cluster_id, distance, is_outlier)
VALUES (1, 1, 0, 0.25, 0), (2, 1, 0, 0.5, 1);

INSERT INTO seg.deployment (tool_version, status) VALUES (N'by hand', N'succeeded');
"""
KEPT = {
    "run": "run_id, procedure_name, status, started_at",
    "model": "model_id, run_id, is_active, n_clusters, inertia, document, created_at",
    "customer_cluster": "customer_id, model_id, cluster_id, distance, is_outlier",
    "customer_feature": "customer_id, order_ratio, items_ratio, monetary_ratio, frequency",
    "deployment": "deployment_id, tool_version, started_at, login_name",
}
MODEL_CUSTOMERS = """
CREATE TABLE seg.model_customer (
    model_id int NOT NULL,
    customer_id int NOT NULL,
    order_ratio float NOT NULL,
    items_ratio float NOT NULL,
    monetary_ratio float NOT NULL,
    frequency float NOT NULL,
    CONSTRAINT pk_model_customer PRIMARY KEY (model_id, customer_id),
    CONSTRAINT fk_model_customer_model FOREIGN KEY (model_id) REFERENCES seg.model (model_id)
);

INSERT INTO seg.model (
    run_id, is_active, n_clusters, scaling, random_state, n_init, inertia, customers, document
)
VALUES (1, 0, 1, N'none', 111, 10, 0.5, 3, N'{"format": 1}');

INSERT INTO seg.model_customer
VALUES (1, 1, 0, 0, 0, 0), (1, 2, 1, 1, 1, 1), (2, 2, 1, 1, 1, 1), (2, 3, 0, 0, 0, 0);
"""
"""The table as it was before 0.2: all the customers of each model."""

RELEASE = catalog.release(Settings())


@pytest.fixture
def old(connection: Connection) -> Iterator[Connection]:
    """The previous version, installed, with rows in its tables; taken away afterwards."""
    connection.query(SHOP + SALES)
    for batch in split_batches(INSTALL):
        connection.query(batch.text)
    connection.query("EXEC seg.build_features;")
    connection.query(ROWS)
    yield connection
    take_out(connection)
    connection.query("DROP TABLE dbo.store_sales, dbo.store_returns, dbo.customer;")


def take_out(connection: Connection) -> None:
    Deployment(connection, RELEASE, "uninstall", permission=Permission(True, True)).run(
        uninstall_plan(connection, RELEASE, drop_data=True),
        lambda: uninstall_plan(connection, RELEASE, drop_data=True),
    )


def kept(connection: Connection) -> dict[str, Any]:
    """The rows that were there before, by table."""
    tables = {}
    for table, columns in KEPT.items():
        [found] = connection.query(f"SELECT {columns} FROM seg.{table} ORDER BY 1;")
        tables[table] = found.rows
    return tables


def test_previous_version_is_found_to_be_of_unknown_origin(old: Connection) -> None:
    with pytest.raises(DeploymentError, match=r"seg\.train: there already, and not deployed"):
        install(old, RELEASE)


def test_previous_version_is_upgraded_after_a_baseline(old: Connection) -> None:
    before = kept(old)
    Deployment(old, RELEASE, "baseline").run(
        baseline_plan(old, RELEASE), lambda: baseline_plan(old, RELEASE)
    )

    install(old, RELEASE)

    after = kept(old)
    after["deployment"] = after["deployment"][:1]
    assert after == before
    assert make_plan(old, RELEASE).is_empty


def test_previous_version_is_upgraded_over_what_is_there(old: Connection) -> None:
    before = kept(old)

    install(old, RELEASE, Permission(overwrite_drift=True))

    after = kept(old)
    after["deployment"] = after["deployment"][:1]
    assert after == before
    assert make_plan(old, RELEASE).is_empty


def test_previous_version_works_after_the_upgrade(old: Connection) -> None:
    install(old, RELEASE, Permission(overwrite_drift=True))

    old.query("EXEC seg.build_features;")

    assert [one.subject for one in verify(old, RELEASE) if not one.is_ok] == []


def test_upgraded_tables_are_those_of_a_new_installation(old: Connection) -> None:
    """Guarded steps lead to the columns and constraints that a new database gets."""
    install(old, RELEASE, Permission(overwrite_drift=True))
    upgraded = structures(old)
    take_out(old)

    install(old, RELEASE)

    assert structures(old) == upgraded


def test_customers_of_the_previous_version_are_to_be_assigned_anew(old: Connection) -> None:
    """Nobody knows what features their rows rest on: 0 is no version of any."""
    install(old, RELEASE, Permission(overwrite_drift=True))

    versions = "SELECT a.feature_version FROM seg.customer_cluster AS a;"
    assert old.query(versions)[0].rows == ((0,), (0,))
    numbered = (
        "SELECT COUNT(*) FROM seg.customer_feature AS f "
        "WHERE CAST(f.feature_version AS bigint) > 0;"
    )
    assert old.query(numbered)[0].rows == ((3,),)


def test_customers_of_each_model_are_replaced_by_the_next_ones(old: Connection) -> None:
    old.query(MODEL_CUSTOMERS)

    install(old, RELEASE, Permission(overwrite_drift=True))

    query = "SELECT model_id, customer_id, replaced_by FROM seg.model_customer ORDER BY 1, 2;"
    assert old.query(query)[0].rows == ((1, 1, 2), (1, 2, 2), (2, 2, None), (2, 3, None))


def test_table_of_the_customers_of_models_is_upgraded(old: Connection) -> None:
    old.query(MODEL_CUSTOMERS)
    install(old, RELEASE, Permission(overwrite_drift=True))
    upgraded = structures(old)
    take_out(old)

    install(old, RELEASE)

    assert structures(old) == upgraded


def structures(connection: Connection) -> dict[str, list[str]]:
    """Columns, indexes and constraints of every table, whatever their order."""
    tables = [("table", one.name) for one in RELEASE.scripts if one.kind == "table"]
    state = read_state(connection, tables, ())
    return {name: sorted((state.get("table", name) or "").splitlines()) for _, name in tables}
