"""seg.build_features writes only what changed, and leaves what writing all anew would leave."""

from __future__ import annotations

import pytest
from shop import rows

from procluster.errors import SqlError
from procluster.local.database import Session

CHANGES = {
    "nothing": "SELECT 1 AS x;",
    "a new customer": "INSERT INTO dbo.store_sales VALUES (900, 90000, 1, 5.00);",
    "a customer who is gone": "DELETE FROM dbo.store_sales WHERE ss_customer_sk IN (1, 2);",
    "a return more": "INSERT INTO dbo.store_returns VALUES (3, 303, 1, 2.50);",
    "an amount that is another": (
        "UPDATE dbo.store_returns SET sr_return_amt = 9.99 WHERE sr_customer_sk = 4;"
    ),
    "an item more of one ticket": "INSERT INTO dbo.store_sales VALUES (5, 500, 3, 0.00);",
    "features written by somebody else": (
        "UPDATE seg.customer_feature SET order_ratio = 7 WHERE customer_id = 6; "
        "UPDATE seg.customer_feature SET items_ratio = 7 WHERE customer_id = 7; "
        "UPDATE seg.customer_feature SET monetary_ratio = 7 WHERE customer_id = 8; "
        "UPDATE seg.customer_feature SET frequency = 7 WHERE customer_id = 9; "
        "DELETE FROM seg.customer_feature WHERE customer_id = 10; "
        "INSERT INTO seg.customer_feature VALUES (901, 0, 0, 0, 0, DEFAULT);"
    ),
}

FEATURES = "SELECT customer_id, order_ratio, items_ratio, monetary_ratio, frequency"
BUILT = f"{FEATURES} FROM seg.customer_feature ORDER BY customer_id;"
SOURCE = f"{FEATURES} FROM seg.customer_feature_source ORDER BY customer_id;"
WITHOUT_A_FEATURE = """
CREATE OR ALTER VIEW seg.customer_feature_source
AS
SELECT
    f.customer_id,
    f.order_ratio,
    NULLIF(f.items_ratio, f.items_ratio) AS items_ratio,
    f.monetary_ratio,
    f.frequency
FROM seg.customer_feature AS f
WHERE f.customer_id <= 30;
"""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_build_features_leaves_what_a_full_rewrite_would(
    segmented_shop: Session, change: str
) -> None:
    segmented_shop.query(change)

    segmented_shop.query("EXEC seg.build_features;")

    assert rows(segmented_shop, BUILT) == rows(segmented_shop, SOURCE)


def test_build_features_refuses_a_feature_that_is_null(segmented_shop: Session) -> None:
    before = rows(segmented_shop, BUILT)
    segmented_shop.query(WITHOUT_A_FEATURE)

    with pytest.raises(SqlError) as caught:
        segmented_shop.query("EXEC seg.build_features;")

    assert caught.value.number == 515
    assert rows(segmented_shop, BUILT) == before
