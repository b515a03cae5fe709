from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest
from indb_frames import blobs, points_of, returns
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from procluster.indb import centres as module
from procluster.indb.centres import (
    Partition,
    condense,
    draw_points,
    fit_centres,
    move_centres,
    run_lloyd,
    seed_centres,
    swap_centres,
    two_nearest,
)

Cloud = Tuple[Any, Any]


@pytest.fixture
def cloud() -> Cloud:
    """Points (4, 3000) in no groups, and weights."""
    random = np.random.RandomState(2)
    return random.gamma(1.0, size=(4, 3000)), random.randint(1, 5, 3000).astype(float)


def fit(points: Any, weights: Any, k: int, n_init: int = 10) -> Partition:
    return fit_centres(points, weights, condense(points, weights), k, 111, n_init)


def test_two_nearest_are_the_least_distances(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 100)
    points = cloud[0]
    distances = cdist(points.T, points[:, :7].T)
    labels, first, second = two_nearest(points, points[:, :7].T)
    assert (labels == distances.argmin(axis=1)).all()
    ordered = np.sort(distances, axis=1)
    assert np.column_stack([first, second]) == pytest.approx(ordered[:, :2], abs=1e-12)


def test_two_nearest_gives_a_tie_to_the_lower_number() -> None:
    labels, _, _ = two_nearest(np.array([[1.0]]), np.array([[2.0], [0.0]]))
    assert labels.tolist() == [0]


def test_second_nearest_of_a_single_centre_is_infinitely_far() -> None:
    assert two_nearest(np.array([[1.0]]), np.array([[2.0]]))[2].tolist() == [np.inf]


def test_draw_never_falls_on_a_point_without_odds() -> None:
    class Highest:
        def random_sample(self, count: int) -> Any:
            return np.ones(count)  # what a draw just below 1 becomes when it is multiplied

    assert draw_points(np.array([1.0, 2.0, 2.0]), 1, Highest()).tolist() == [1]  # type: ignore[arg-type]


def test_seeds_are_distinct_points(cloud: Cloud) -> None:
    seeds = seed_centres(cloud[0], cloud[1], 500, np.random.RandomState(0))
    assert len(np.unique(seeds, axis=0)) == 500


def test_seeds_reach_every_group() -> None:
    points, weights = points_of(blobs(12))
    seeds = seed_centres(points, weights, 12, np.random.RandomState(5))
    assert sorted(two_nearest(seeds.T, points[:, ::30].T)[0]) == list(range(12))


def test_points_that_cannot_be_told_apart_are_refused() -> None:
    points = np.array([[0.0, 1e-200, 1.0]])
    with pytest.raises(ValueError, match=r"3 clusters need .* only 2 are far enough apart"):
        seed_centres(points, np.ones(3), 3, np.random.RandomState(0))


def test_swaps_repair_a_start_that_misses_groups() -> None:
    points, weights = points_of(blobs(6))
    start = np.array(points[:, :6].T)
    better = swap_centres(points, weights, start, np.random.RandomState(0))
    assert sorted(two_nearest(better.T, points[:, ::30].T)[0]) == list(range(6))


def test_swaps_never_raise_the_inertia(cloud: Cloud) -> None:
    points, weights = cloud
    for seed in range(2):
        start = fit(points, weights, 9, n_init=1).centres
        better = swap_centres(points, weights, start, np.random.RandomState(seed))
        before, after = (two_nearest(points, each)[1] ** 2 for each in (start, better))
        assert weights.dot(after) <= weights.dot(before)


def test_swaps_leave_the_given_centres_alone(cloud: Cloud) -> None:
    start = np.array(cloud[0][:, :20].T)
    swap_centres(cloud[0], cloud[1], start, np.random.RandomState(0))
    assert (start == cloud[0][:, :20].T).all()


def test_lloyd_ends_where_centres_are_the_means_of_their_points(cloud: Cloud) -> None:
    points, weights = cloud
    end = run_lloyd(points, weights, points[:, :9].T.copy())
    for label in range(9):
        own = end.labels == label
        mean = np.average(points[:, own], axis=1, weights=weights[own])
        assert end.centres[label] == pytest.approx(mean, rel=1e-12)


def test_lloyd_ends_where_every_point_is_with_its_nearest_centre(cloud: Cloud) -> None:
    points, weights = cloud
    end = run_lloyd(points, weights, points[:, :9].T.copy())
    distances = cdist(points.T, end.centres)
    assert end.distances == pytest.approx(distances.min(axis=1), abs=1e-12)


def test_lloyd_with_bounds_takes_the_steps_of_plain_lloyd(cloud: Cloud) -> None:
    points, weights = cloud
    start = points[:, :9].T.copy()
    plain = start
    while True:
        labels = cdist(points.T, plain).argmin(axis=1)
        moved = move_centres(points, weights, labels, plain)
        if (moved == plain).all():
            break
        plain = moved
    assert run_lloyd(points, weights, start).centres == pytest.approx(plain, rel=1e-12)


def test_lloyd_moves_an_empty_cluster_to_the_worst_served_point() -> None:
    points = np.array([[70.0, 71.0, 80.0]])
    end = run_lloyd(points, np.ones(3), np.array([[70.5], [170.0], [500.0]]))
    assert sorted(end.centres[:, 0].tolist()) == [70.0, 71.0, 80.0]


def test_empty_cluster_moves_to_the_point_that_costs_most() -> None:
    points, weights = np.array([[0.0, 2.0, 7.0, 3.0]]), np.array([9.0, 1.0, 2.0, 1.0])
    moved = move_centres(points, weights, np.zeros(4, dtype=int), np.array([[0.0], [99.0]]))
    assert moved[1, 0] == 7


def test_lloyd_checks_its_end_against_all_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def hide_change(points: Any, centres: Any) -> Any:
        calls.append(centres)
        if len(calls) > 1:
            return two_nearest(points, centres)
        return np.array([0, 1, 1, 1]), np.zeros(4), np.full(4, 1e9)

    monkeypatch.setattr(module, "two_nearest", hide_change)
    points = np.array([[0.0, 1.0, 10.0, 11.0]])
    end = run_lloyd(points, np.ones(4), np.array([[0.0], [9.0]]))
    assert end.centres[:, 0].tolist() == [0.5, 10.5]


def test_inertia_is_the_weighted_sum_of_squares(cloud: Cloud) -> None:
    points, weights = cloud
    end = fit(points, weights, 5, n_init=1)
    assert end.inertia == pytest.approx(weights.dot(end.distances**2), rel=1e-12)


def test_condensed_points_keep_weight_and_mean(cloud: Cloud) -> None:
    points, weights = cloud
    cells, total = condense(points, weights, most_cells=100)
    assert total.sum() == weights.sum()
    assert cells.dot(total) == pytest.approx(points.dot(weights), rel=1e-12)


def test_condensed_points_are_as_many_as_allowed(cloud: Cloud) -> None:
    assert condense(*cloud, most_cells=100)[0].shape == (4, 100)


def test_condensed_points_lose_little(cloud: Cloud) -> None:
    points, weights = cloud
    cells, _ = condense(points, weights, most_cells=300)
    lost = weights.dot(two_nearest(points, cells.T)[1] ** 2)
    assert lost < 0.1 * weights.dot(((points.T - points.mean(axis=1)) ** 2).sum(axis=1))


def test_condensing_spends_its_cells_where_points_differ() -> None:
    random = np.random.RandomState(0)
    tight, wide = 1e-3 * random.randn(4, 500), 50 + random.randn(4, 500)
    cells, _ = condense(np.hstack([tight, wide]), np.ones(1000), most_cells=20)
    assert (cells[0] < 25).sum() == 1


def test_condensing_splits_the_widest_cell_first() -> None:
    cells, _ = condense(np.array([[0.0, 2.0, 100.0, 103.0]]), np.ones(4), most_cells=3)
    assert cells.tolist() == [[1, 100, 103]]


def test_condensing_gives_an_outlier_its_own_cell(cloud: Cloud) -> None:
    points, weights = cloud
    points[:, 17] = 1e6
    assert 1e6 in condense(points, weights, most_cells=10)[0][0]


def test_condensing_ends_when_points_differ_by_rounding_only() -> None:
    points = np.array([[1.0, np.nextafter(1.0, 2.0), np.nextafter(1.0, 2.0)]])
    cells, total = condense(points, np.array([1.0, 1.0, 1e9]), most_cells=2)
    assert total.sum() == 1e9 + 2
    assert (cells > 0).all()


def test_few_points_are_not_condensed(cloud: Cloud) -> None:
    assert condense(*cloud)[0] is cloud[0]


def test_fit_does_not_depend_on_the_number_of_runs_before(cloud: Cloud) -> None:
    first, second = fit(*cloud, k=6), fit(*cloud, k=6)
    assert first.centres.tolist() == second.centres.tolist()


def test_fit_takes_the_best_start(cloud: Cloud) -> None:
    points, weights = cloud
    random = np.random.RandomState(111)
    inertias = []
    for _ in range(10):
        seeds = seed_centres(points, weights, 15, random)
        start = swap_centres(points, weights, seeds, random)
        inertias.append(run_lloyd(points, weights, start).inertia)
    assert fit(points, weights, 15).inertia == min(inertias)


@pytest.mark.parametrize("k", [3, 9])
def test_lloyd_ends_where_scikit_learns_does(k: int) -> None:
    points, weights = points_of(returns())
    start = np.array(points[:, :: points.shape[1] // k][:, :k].T)
    theirs = KMeans(k, init=start, n_init=1, tol=0, max_iter=1000)
    theirs.fit(points.T, sample_weight=weights)
    ours = run_lloyd(points, weights, start)
    assert ours.centres == pytest.approx(theirs.cluster_centers_, abs=1e-9)


@pytest.mark.parametrize("k", [2, 4, 6, 8])
@pytest.mark.parametrize("most_cells", [500, 4096])
def test_fit_is_as_good_as_scikit_learns(k: int, most_cells: int) -> None:
    points, weights = points_of(returns(2000))
    cells = condense(points, weights, most_cells)
    ours = fit_centres(points, weights, cells, k, 111, 10)
    theirs = KMeans(k, n_init=10, random_state=111).fit(points.T, sample_weight=weights)
    distances = cdist(points.T, theirs.cluster_centers_).min(axis=1)
    assert ours.inertia <= 1.001 * weights.dot(distances**2)
