"""seg.assign writes only what changed, and leaves what writing everything anew would leave."""

from __future__ import annotations

import pytest
from shop import rows

from procluster.local.database import Session

CHANGES = {
    "nothing": "SELECT 1 AS x;",
    "a new customer": "INSERT INTO seg.customer_feature VALUES (900, 0.5, 0.25, 0.3, 1);",
    "a customer who is gone": "DELETE FROM seg.customer_feature WHERE customer_id IN (1, 2);",
    "a customer who moved": "UPDATE seg.customer_feature SET frequency = 9 WHERE customer_id = 3;",
    "a customer a little farther out": (
        "UPDATE seg.customer_feature SET monetary_ratio = monetary_ratio + 0.001 "
        "WHERE customer_id = 2;"
    ),
    "another model": "EXEC seg.train @n_clusters = 2;",
    "the same clusters by another model": "EXEC seg.train @n_clusters = 3;",
    "rows written by somebody else": (
        "UPDATE seg.customer_cluster SET is_outlier = 1 - is_outlier WHERE customer_id < 10; "
        "UPDATE seg.customer_cluster SET distance = 7 WHERE customer_id = 20; "
        "UPDATE seg.customer_cluster SET cluster_id = 77 WHERE customer_id = 30; "
        "DELETE FROM seg.customer_cluster WHERE customer_id = 40;"
    ),
    "all at once": (
        "EXEC seg.train @n_clusters = 2; "
        "DELETE FROM seg.customer_feature WHERE customer_id > 50; "
        "INSERT INTO seg.customer_feature VALUES (901, 1, 1, 1, 4), (902, 0, 0, 0, 0); "
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
