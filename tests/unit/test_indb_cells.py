from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest

from procluster.indb.cells import condense, count_cells

Cloud = Tuple[Any, Any]


@pytest.fixture
def cloud() -> Cloud:
    """Points (4, 3000) in no groups, and weights."""
    random = np.random.RandomState(2)
    return random.gamma(1.0, size=(4, 3000)), random.randint(1, 5, 3000).astype(float)


def test_cells_are_the_means_of_their_points(cloud: Cloud) -> None:
    points, weights = cloud
    cells = condense(points, weights, 100)
    for number in range(100):
        own = cells.numbers == number
        mean = np.average(points[:, own], axis=1, weights=weights[own])
        assert cells.means[:, number] == pytest.approx(mean, rel=1e-12)
        assert cells.weights[number] == weights[own].sum()


def test_widths_are_twice_the_distances_to_the_means(cloud: Cloud) -> None:
    cells = condense(*cloud, 100)
    gaps = cloud[0] - cells.means[:, cells.numbers]
    assert cells.widths == pytest.approx(2 * np.sqrt((gaps**2).sum(axis=0)), rel=1e-12)


def test_cells_are_as_many_as_allowed(cloud: Cloud) -> None:
    assert condense(*cloud, 100).means.shape == (4, 100)


def test_cells_lose_little(cloud: Cloud) -> None:
    points, weights = cloud
    cells = condense(points, weights, 300)
    lost = weights.dot(cells.widths**2) / 4
    assert lost < 0.1 * weights.dot(((points.T - points.mean(axis=1)) ** 2).sum(axis=1))


def test_cells_are_spent_where_points_differ() -> None:
    random = np.random.RandomState(0)
    tight, wide = 1e-3 * random.randn(4, 500), 50 + random.randn(4, 500)
    cells = condense(np.hstack([tight, wide]), np.ones(1000), 20)
    assert (cells.means[0] < 25).sum() == 1


def test_widest_cell_is_split_first() -> None:
    cells = condense(np.array([[0.0, 2.0, 100.0, 103.0]]), np.ones(4), 3)
    assert cells.means.tolist() == [[1, 100, 103]]


def test_outlier_has_its_own_cell(cloud: Cloud) -> None:
    points, weights = cloud
    points[:, 17] = 1e6
    assert 1e6 in condense(points, weights, 10).means[0]


def test_splitting_ends_when_points_differ_by_rounding_only() -> None:
    points = np.array([[1.0, np.nextafter(1.0, 2.0), np.nextafter(1.0, 2.0)]])
    cells = condense(points, np.array([1.0, 1.0, 1e9]), 2)
    assert cells.weights.sum() == 1e9 + 2
    assert (cells.weights > 0).all()


def test_few_points_are_their_own_cells(cloud: Cloud) -> None:
    cells = condense(*cloud, 3000)
    assert cells.means is cloud[0]
    assert cells.numbers.tolist() == list(range(3000))
    assert not cells.widths.any()


@pytest.mark.parametrize(
    ("n_clusters", "count"),
    [(4, 512), (5, 1024), (9, 2048), (128, 2048), (129, 4096), (1000, 16384)],
)
def test_more_clusters_have_more_cells(n_clusters: int, count: int) -> None:
    assert count_cells(n_clusters) == count
