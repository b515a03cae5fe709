"""The internal procedures of @max_points, called by themselves on temp tables of the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from shop import rows

from procluster.indb.features import FEATURE_NAMES
from procluster.local.database import Session

CUSTOMERS = 5000
MOST = 1000
COLUMNS = ", ".join(f"{name} float NOT NULL" for name in FEATURE_NAMES)
TABLES = f"""
CREATE TABLE #scale ({COLUMNS});
CREATE TABLE #vector ({COLUMNS}, customers bigint NOT NULL);
CREATE TABLE #point ({COLUMNS}, customers float NOT NULL);
CREATE TABLE #centroid (k int, cluster_id int, {COLUMNS}, is_moving bit);
CREATE TABLE #cluster (
    k int, cluster_id int, customers bigint, distance float, squared_distance float, {COLUMNS}
);
"""


def put(session: Session, points: np.ndarray) -> None:
    customers = np.arange(len(points), dtype=np.int32)
    names = ["customer_id", *FEATURE_NAMES]
    session.append("seg.customer_feature", pa.table([customers, *points.T], names=names))


@pytest.fixture
def points() -> np.ndarray:
    """A crowd of whom a tenth are alike, and two customers far out."""
    found = np.random.RandomState(5).gamma(2.0, 1.0, (CUSTOMERS, 4))
    found[:500] = found[0]
    found[-2:] = [[900, 0, 0, 0], [0, 0, 400, 1]]
    return found


def sampled(session: Session, points: np.ndarray, scaling: str = "none") -> np.ndarray:
    """The drawn vectors and what each stands for, in the order of the features."""
    put(session, points)
    session.query(f"{TABLES} EXEC seg.sample_vectors {MOST}, N'{scaling}';")
    found = rows(session, "SELECT * FROM #point ORDER BY 1, 2, 3, 4;")
    session.query(
        "DROP TABLE #scale, #vector, #point, #centroid, #cluster; DELETE FROM seg.customer_feature;"
    )
    return np.array(found)


def test_sample_is_no_larger_than_asked(empty_shop: Session, points: np.ndarray) -> None:
    assert 0.5 * MOST < len(sampled(empty_shop, points)) <= MOST


def test_sample_stands_for_all_customers(empty_shop: Session, points: np.ndarray) -> None:
    found = sampled(empty_shop, points)

    assert found[:, 4].sum() == pytest.approx(CUSTOMERS, rel=0.02)
    means = np.average(found[:, :4], axis=0, weights=found[:, 4])
    assert means == pytest.approx(points.mean(axis=0), rel=0.05)


def test_sample_holds_what_is_large_or_far_out_as_it_is(
    empty_shop: Session, points: np.ndarray
) -> None:
    found = sampled(empty_shop, points)

    for vector, customers in ((points[0], 500), (points[-2], 1), (points[-1], 1)):
        (place,) = np.flatnonzero((found[:, :4] == vector).all(axis=1))
        assert found[place, 4] == customers


def test_sample_does_not_depend_on_the_order_of_the_rows(
    empty_shop: Session, points: np.ndarray
) -> None:
    first = sampled(empty_shop, points)

    second = sampled(empty_shop, np.random.RandomState(1).permutation(points))

    assert first[:, :4].tolist() == second[:, :4].tolist()


def test_sample_estimates_inertia(empty_shop: Session, points: np.ndarray) -> None:
    centres = np.array([[1, 1, 1, 1], [3, 3, 3, 3], [900, 0, 0, 0], [0, 0, 400, 1.0]])

    found = sampled(empty_shop, points)

    def inertia(vectors: np.ndarray, weights: Any) -> float:
        squares = ((vectors[:, np.newaxis] - centres) ** 2).sum(axis=2).min(axis=1)
        return float((weights * squares).sum())

    assert inertia(found[:, :4], found[:, 4]) == pytest.approx(inertia(points, 1), rel=0.05)


def polished(
    session: Session, vectors: list[float], centres: list[float]
) -> list[tuple[float, int]]:
    """Where the centroids of one k end on a line, and their customers."""
    rest = ", 0" * (len(FEATURE_NAMES) - 1)
    listed = ", ".join(f"({value!r}{rest}, 1)" for value in vectors)
    starts = ", ".join(
        f"({len(centres)}, {place}, {value!r}{rest}, 1)" for place, value in enumerate(centres)
    )
    session.query(
        f"{TABLES} INSERT INTO #vector VALUES {listed}; INSERT INTO #centroid VALUES {starts}; "
        "EXEC seg.polish_centroids;"
    )
    first = FEATURE_NAMES[0]
    found = rows(
        session,
        f"SELECT c.{first}, u.customers FROM #centroid AS c INNER JOIN #cluster AS u "
        "ON u.k = c.k AND u.cluster_id = c.cluster_id ORDER BY c.cluster_id;",
    )
    return [(float(where), int(customers)) for where, customers in found]


def test_centroids_move_to_the_means_of_their_customers(empty_shop: Session) -> None:
    assert polished(empty_shop, [0, 1, 2, 10, 12], [0, 1]) == [(1.0, 3), (11.0, 2)]


def test_of_two_equally_near_centroids_the_lower_number_wins(empty_shop: Session) -> None:
    assert polished(empty_shop, [0, 1, 2], [2, 0]) == [(1.5, 2), (0.0, 1)]


def test_a_centroid_without_customers_moves_to_the_worst_served(empty_shop: Session) -> None:
    assert polished(empty_shop, [0, 1, 50], [0.5, 0.5, 50]) == [(1.0, 1), (0.0, 1), (50.0, 1)]


def test_two_centroids_without_customers_go_to_two_vectors(empty_shop: Session) -> None:
    found = polished(empty_shop, [0, 1, 50, 90], [0, 0, 0, 1])

    assert sorted(found) == [(0.0, 1), (1.0, 1), (50.0, 1), (90.0, 1)]
