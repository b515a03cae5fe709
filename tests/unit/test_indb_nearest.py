from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from procluster.indb import nearest as module
from procluster.indb.nearest import label_points, own_squares, squared_distances, two_nearest


@pytest.fixture
def points() -> Any:
    """Points (4, 3000) in no groups."""
    return np.random.RandomState(2).gamma(1.0, size=(4, 3000))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 4096)


def brute_force(points: Any, centres: Any) -> Any:
    return squared_distances(points, centres).argmin(axis=0)


def test_squared_distances_are_scipys(points: Any) -> None:
    expected = cdist(points[:, :9].T, points.T, "sqeuclidean")
    assert squared_distances(points, points[:, :9].T) == pytest.approx(expected, abs=1e-12)


def test_two_nearest_are_the_least_distances(points: Any) -> None:
    distances = cdist(points.T, points[:, :7].T, "sqeuclidean")
    labels, first, second = two_nearest(points, points[:, :7].T)
    assert (labels == distances.argmin(axis=1)).all()
    ordered = np.sort(distances, axis=1)
    assert np.column_stack([first, second]) == pytest.approx(ordered[:, :2], abs=1e-12)


def test_second_nearest_of_a_single_centre_is_infinitely_far() -> None:
    assert two_nearest(np.array([[1.0]]), np.array([[2.0]]))[2].tolist() == [np.inf]


@pytest.mark.parametrize("find", [two_nearest, label_points])
def test_tie_goes_to_the_lower_number(find: Any) -> None:
    assert find(np.array([[1.0]]), np.array([[2.0], [0.0]]))[0].tolist() == [0]


@pytest.mark.parametrize("count", [1, 2, 3, 19, 64])
@pytest.mark.parametrize("scale", [1e-90, 1e-3, 1.0, 1e90])
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e12])
def test_labels_are_those_of_brute_force(
    points: Any, count: int, scale: float, offset: float
) -> None:
    moved = (points + offset) * scale
    assert (
        label_points(moved, moved[:, :count].T)[0] == brute_force(moved, moved[:, :count].T)
    ).all()


def test_labels_are_those_of_brute_force_on_a_grid_full_of_ties() -> None:
    grid = np.array(np.meshgrid(*[np.arange(7) * 0.1] * 4)).reshape(4, -1)
    centres = grid[:, ::61].T
    assert (label_points(grid, centres)[0] == brute_force(grid, centres)).all()


def test_labels_are_those_of_brute_force_beside_an_outlier(points: Any) -> None:
    points[:, 5] = 1e80
    centres = points[:, :12].T
    assert (label_points(points, centres)[0] == brute_force(points, centres)).all()


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_lead_is_a_close_lower_bound(points: Any, offset: float) -> None:
    moved = points + offset
    _, lead = label_points(moved, moved[:, :9].T)
    _, first, second = two_nearest(moved, moved[:, :9].T)
    exact = np.sqrt(second) - np.sqrt(first)
    assert (lead <= exact * (1 + 1e-12)).all()
    assert lead == pytest.approx(exact, abs=1e-5 if not offset else np.inf)


def test_own_squares_are_those_to_the_labelled_centre(points: Any) -> None:
    labels = np.arange(3000) % 7
    expected = squared_distances(points, points[:, :7].T)[labels, np.arange(3000)]
    assert own_squares(points, points[:, :7].T, labels) == pytest.approx(expected, rel=1e-14)
