"""seg.profile: numbers, labels and rules of clusters whose customers are known."""

from __future__ import annotations

import pytest
from shop import rows

from procluster.local.database import Session

CUSTOMERS = """
DELETE FROM seg.customer_cluster;
DELETE FROM seg.customer_feature;

INSERT INTO seg.customer_feature (
    customer_id, order_ratio, items_ratio, monetary_ratio, frequency
)
VALUES
    (1, 0, 0, 0, 0), (2, 0, 0, 0, 0), (3, 0, 0, 0, 0),
    (4, 0.5, 0.2, 0.1, 2), (5, 1, 0.4, 0.1, 4), (6, 9, 9, 9, 90),
    (7, 0.5, 0.2, 0.1, 0),
    (8, 2, 0.3, 0.05, 3),
    (9, 0, 0, 0, 0), (10, 0.25, 0.1, 0.05, 1);

INSERT INTO seg.customer_cluster (customer_id, model_id, cluster_id, distance, is_outlier)
VALUES
    (1, 1, 0, 0, 0), (2, 1, 0, 0, 0), (3, 1, 0, 0, 0),
    (4, 1, 1, 0, 0), (5, 1, 1, 0, 0), (6, 1, 1, 9, 1),
    (7, 1, 2, 9, 1),
    (8, 1, 3, 0, 0),
    (9, 1, 4, 0, 0), (10, 1, 4, 0, 0);

EXEC seg.profile @with_result = 0;
"""
"""Customer 6 is far out, and 7 is the only one of cluster 2 and an outlier too."""


@pytest.fixture
def profiled_shop(segmented_shop: Session) -> Session:
    """Ten customers in five clusters, described."""
    segmented_shop.query(CUSTOMERS)
    return segmented_shop


def test_profile_counts_customers_and_outliers(profiled_shop: Session) -> None:
    query = "SELECT customers, share, outliers FROM seg.cluster_profile ORDER BY cluster_id;"
    assert rows(profiled_shop, query) == [
        (3, 0.3, 0),
        (3, 0.3, 1),
        (1, 0.1, 1),
        (1, 0.1, 0),
        (2, 0.2, 0),
    ]


def test_profile_means_are_everybodys(profiled_shop: Session) -> None:
    query = """
    SELECT
        order_ratio_mean, order_ratio_population_mean,
        frequency_mean, frequency_population_mean
    FROM seg.cluster_profile
    WHERE cluster_id = 1;
    """
    assert rows(profiled_shop, query) == [(3.5, 1.325, 32.0, 10.0)]


def test_profile_labels_compare_the_means(profiled_shop: Session) -> None:
    query = "SELECT label FROM seg.cluster_profile ORDER BY cluster_id;"
    assert [label for (label,) in rows(profiled_shop, query)] == [
        "zero everywhere",
        "high order ratio, high items ratio, high monetary ratio, high frequency",
        "low order ratio, low items ratio, low monetary ratio, no frequency",
        "high order ratio, low items ratio, low monetary ratio, low frequency",
        "low order ratio, low items ratio, low monetary ratio, low frequency",
    ]


def test_profile_rules_leave_outliers_aside(profiled_shop: Session) -> None:
    query = "SELECT rule_in_words FROM seg.cluster_profile ORDER BY cluster_id;"
    assert [rule for (rule,) in rows(profiled_shop, query)] == [
        "order ratio = 0 and items ratio = 0 and monetary ratio = 0 and frequency = 0",
        (
            "order ratio from 0.5 to 1 and items ratio >= 0.2 and monetary ratio = 0.1"
            " and frequency >= 2"
        ),
        "everybody",
        "order ratio = 2 and items ratio = 0.3 and monetary ratio = 0.05 and frequency = 3",
        "order ratio <= 0.25 and items ratio <= 0.1 and monetary ratio <= 0.05 and frequency <= 1",
    ]
