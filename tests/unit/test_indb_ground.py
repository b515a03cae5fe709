from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from procluster.indb import nearest
from procluster.indb.cells import condense
from procluster.indb.ground import Ground, label_cells, lay_ground, observe, sum_cells
from procluster.indb.nearest import squared_distances


def ground_of(points: Any) -> Ground:
    return lay_ground(condense(points, np.ones(points.shape[1]), points.shape[1]))


def brute_force(ground: Ground, centres: Any) -> Any:
    return squared_distances(ground.cells.means, centres).argmin(axis=0)


@pytest.fixture
def points() -> Any:
    """Points (4, 3000) in no groups."""
    return np.random.RandomState(2).gamma(1.0, size=(4, 3000))


@pytest.mark.parametrize("count", [1, 2, 3, 19, 64])
@pytest.mark.parametrize("scale", [1e-90, 1e-3, 1.0, 1e90])
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e12])
def test_labels_are_those_of_brute_force(
    points: Any, count: int, scale: float, offset: float
) -> None:
    ground = ground_of((points + offset) * scale)
    centres = ground.cells.means[:, :count].T
    assert (label_cells(ground, centres)[0] == brute_force(ground, centres)).all()


def test_labels_are_those_of_brute_force_on_a_grid_full_of_ties(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nearest, "PAIRS_AT_ONCE", 4096)
    ground = ground_of(np.array(np.meshgrid(*[np.arange(7) * 0.1] * 4)).reshape(4, -1))
    centres = ground.cells.means[:, ::61].T
    assert (label_cells(ground, centres)[0] == brute_force(ground, centres)).all()


def test_labels_are_those_of_brute_force_beside_an_outlier(points: Any) -> None:
    points[:, 5] = 1e80
    ground = ground_of(points)
    centres = ground.cells.means[:, :12].T
    assert (label_cells(ground, centres)[0] == brute_force(ground, centres)).all()


@pytest.mark.parametrize("far", [1.0, 1e3, 1e6, 1e40])
def test_state_has_the_weighted_sum_of_the_squares_beside_an_outlier(
    points: Any, far: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "PAIRS_AT_ONCE", 4096)
    points[:, 5] *= far
    weights = np.arange(3000.0)
    ground = lay_ground(condense(points, weights, 3000))
    centres = ground.cells.means[:, :9].T
    squares = squared_distances(ground.cells.means, centres).min(axis=0)
    assert observe(ground, centres).inertia == pytest.approx(weights.dot(squares), rel=1e-10)


def test_state_of_as_many_centres_as_cells_has_no_inertia(points: Any) -> None:
    ground = ground_of(points[:, :40])
    assert observe(ground, ground.cells.means.T).inertia == 0


def test_same_clusters_rounded_otherwise_do_not_beat_each_other(points: Any) -> None:
    ground = ground_of(points)
    state = observe(ground, ground.cells.means[:, :9].T)
    assert not state._replace(inertia=state.inertia * (1 - 1e-12)).beats(state)
    assert state._replace(inertia=state.inertia * (1 - 1e-6)).beats(state)


def test_sums_are_those_of_the_cells_by_label(points: Any) -> None:
    weights = np.arange(3000.0)
    ground = lay_ground(condense(points, weights, 3000))
    labels = np.arange(3000) % 5
    sums = sum_cells(ground, labels, 6)
    assert sums[:, -1].tolist() == [weights[labels == label].sum() for label in range(5)] + [0]
    assert sums[3, 2] == pytest.approx(weights[labels == 3].dot(ground.cells.means[2, labels == 3]))
