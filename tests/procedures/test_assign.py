"""seg.assign looks only at who changed, and leaves what writing everything anew would leave."""

from __future__ import annotations

import pytest
from shop import rows

from procluster.local.database import Session

CHANGES = {
    "nothing": "SELECT 1 AS x;",
    "a new customer": "INSERT INTO seg.customer_feature VALUES (900, 0.5, 0.25, 0.3, 1, DEFAULT);",
    "a customer who is gone": "DELETE FROM seg.customer_feature WHERE customer_id IN (1, 2);",
    "a customer who moved": "UPDATE seg.customer_feature SET frequency = 9 WHERE customer_id = 3;",
    "a customer a little farther out": (
        "UPDATE seg.customer_feature SET monetary_ratio = monetary_ratio + 0.001 "
        "WHERE customer_id = 2;"
    ),
    "another model": "EXEC seg.train @n_clusters = 2;",
    "the same clusters by another model": "EXEC seg.train @n_clusters = 3;",
    "another model and back": "EXEC seg.train @n_clusters = 2; EXEC seg.assign @model_id = 1;",
    "rows that somebody wants anew": (
        "UPDATE seg.customer_cluster SET cluster_id = 77, feature_version = 0 "
        "WHERE customer_id = 30; DELETE FROM seg.customer_cluster WHERE customer_id = 40;"
    ),
    "features that are what they were again": (
        "UPDATE seg.customer_feature SET frequency = frequency + 1 WHERE customer_id = 3; "
        "EXEC seg.build_features;"
    ),
    "a change that was rolled back": (
        "BEGIN TRANSACTION; "
        "UPDATE seg.customer_feature SET frequency = 9 WHERE customer_id = 3; "
        "DELETE FROM seg.customer_feature WHERE customer_id = 4; "
        "EXEC seg.assign; ROLLBACK;"
    ),
    "a change after one that was rolled back": (
        "BEGIN TRANSACTION; "
        "UPDATE seg.customer_feature SET frequency = 9 WHERE customer_id = 3; "
        "EXEC seg.assign; ROLLBACK; "
        "UPDATE seg.customer_feature SET frequency = 7 WHERE customer_id = 3;"
    ),
    "all at once": (
        "EXEC seg.train @n_clusters = 2; "
        "DELETE FROM seg.customer_feature WHERE customer_id > 50; "
        "INSERT INTO seg.customer_feature VALUES (901, 1, 1, 1, 4, DEFAULT), "
        "(902, 0, 0, 0, 0, DEFAULT); "
        "UPDATE seg.customer_feature SET frequency = 9 WHERE customer_id = 3;"
    ),
}

ASSIGNED = "SELECT * FROM seg.customer_cluster ORDER BY customer_id;"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_assign_leaves_what_a_full_rewrite_would(segmented_shop: Session, change: str) -> None:
    segmented_shop.query(change)

    segmented_shop.query("EXEC seg.assign;")
    written = rows(segmented_shop, ASSIGNED)

    segmented_shop.query("DELETE FROM seg.customer_cluster; EXEC seg.assign;")
    assert written == rows(segmented_shop, ASSIGNED)
    assert len(written) == rows(segmented_shop, "SELECT COUNT(*) FROM seg.customer_feature;")[0][0]


def test_assign_counts_all_customers_when_nothing_changed(segmented_shop: Session) -> None:
    segmented_shop.query("EXEC seg.assign;")

    last = "SELECT TOP (1) row_count, message FROM seg.run ORDER BY run_id DESC;"
    assert rows(segmented_shop, last) == [(60, "60 customers by model 1")]


MARKED = """
UPDATE seg.customer_cluster SET distance = -1;
UPDATE seg.customer_feature SET frequency = frequency WHERE customer_id IN (3, 5);
"""
"""A distance that nobody computes; two customers whose features have another version."""


def test_assign_computes_no_distance_of_who_did_not_change(segmented_shop: Session) -> None:
    segmented_shop.query(f"{MARKED} EXEC seg.assign;")

    computed = "SELECT customer_id FROM seg.customer_cluster WHERE distance >= 0 ORDER BY 1;"
    assert rows(segmented_shop, computed) == [(3,), (5,)]


def test_refresh_computes_no_distance_of_who_did_not_change(segmented_shop: Session) -> None:
    returned = "INSERT INTO dbo.store_returns VALUES (3, 303, 1, 2.50);"
    segmented_shop.query(
        f"UPDATE seg.customer_cluster SET distance = -1; {returned} "
        "EXEC seg.refresh @train_policy = N'never';"
    )

    computed = "SELECT customer_id FROM seg.customer_cluster WHERE distance >= 0;"
    assert rows(segmented_shop, computed) == [(3,)]
