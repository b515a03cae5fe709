from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np
import pytest
from indb_frames import points_of, returns
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from procluster.indb.bounds import Bounds
from procluster.indb.cells import Cells, condense
from procluster.indb.lloyd import Fit, means_of, relabel, run_lloyd, sum_points
from procluster.indb.nearest import label_points, squared_distances
from procluster.indb.sums import cluster_sums

Cloud = Tuple[Any, Any]


class Relabelled(NamedTuple):
    before: Any
    labels: Any
    sums: Any
    changed: bool


@pytest.fixture
def cloud() -> Cloud:
    """Points (4, 3000) in no groups, and weights."""
    random = np.random.RandomState(2)
    return random.gamma(1.0, size=(4, 3000)), random.randint(1, 5, 3000).astype(float)


@pytest.fixture(params=[30, 500, 3000])
def cells(request: pytest.FixtureRequest, cloud: Cloud) -> Cells:
    return condense(*cloud, request.param)


@pytest.fixture
def end(cloud: Cloud, cells: Cells) -> Fit:
    return run_lloyd(*cloud, cells, cloud[0][:, :9].T.copy())


def test_lloyd_looks_again_only_at_points_near_a_border(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = condense(*cloud, 500)
    seen: list[int] = []

    def label_and_count(points: Any, centres: Any) -> Any:
        seen.append(points.shape[1])
        return label_points(points, centres)

    monkeypatch.setattr("procluster.indb.lloyd.label_points", label_and_count)
    fit = run_lloyd(*cloud, cells, cloud[0][:, :9].T.copy())
    every_point = fit.steps * cloud[0].shape[1]
    assert sum(count for count in seen if count != 500) < every_point / 2


def test_lloyd_ends_where_centres_are_the_means_of_their_points(cloud: Cloud, end: Fit) -> None:
    points, weights = cloud
    for label in range(9):
        own = end.labels == label
        mean = np.average(points[:, own], axis=1, weights=weights[own])
        assert end.centres[label] == pytest.approx(mean, rel=1e-12)


def test_lloyd_ends_with_sums_added_once(cloud: Cloud, cells: Cells, end: Fit) -> None:
    sums = sum_points(*cloud, cells, end.centres, end.labels)
    assert (end.centres == means_of(sums, cells, end.centres)).all()


def test_lloyd_ends_where_every_point_is_with_its_nearest_centre(cloud: Cloud, end: Fit) -> None:
    assert (end.labels == squared_distances(cloud[0], end.centres).argmin(axis=0)).all()


def test_lloyd_with_cells_comes_where_plain_lloyd_does(cloud: Cloud, end: Fit) -> None:
    points, weights = cloud
    plain = points[:, :9].T.copy()
    while True:
        labels = cdist(points.T, plain).argmin(axis=1)
        sums = cluster_sums(points, weights, labels, 9)
        moved = (sums[:-1] / sums[-1]).T
        if (moved == plain).all():
            break
        plain = moved
    assert end.centres == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("k", [3, 9])
@pytest.mark.parametrize("most_cells", [50, 4096])
def test_lloyd_ends_where_scikit_learns_does(k: int, most_cells: int) -> None:
    points, weights = points_of(returns())
    start = np.array(points[:, :: points.shape[1] // k][:, :k].T)
    theirs = KMeans(k, init=start, n_init=1, tol=0, max_iter=1000)
    theirs.fit(points.T, sample_weight=weights)
    ours = run_lloyd(points, weights, condense(points, weights, most_cells), start)
    assert ours.centres == pytest.approx(theirs.cluster_centers_, abs=1e-9)


def test_lloyd_of_one_cluster_is_the_mean(cloud: Cloud, cells: Cells) -> None:
    end = run_lloyd(*cloud, cells, cloud[0][:, :1].T.copy())
    assert end.centres[0] == pytest.approx(
        np.average(cloud[0], axis=1, weights=cloud[1]), rel=1e-12
    )
    assert not end.labels.any()


def test_lloyd_moves_an_empty_cluster_to_the_worst_served_point() -> None:
    points, weights = np.array([[70.0, 71.0, 80.0]]), np.ones(3)
    start = np.array([[70.5], [170.0], [500.0]])
    end = run_lloyd(points, weights, condense(points, weights, 3), start)
    assert sorted(end.centres[:, 0].tolist()) == [70.0, 71.0, 80.0]


def test_empty_cluster_moves_to_the_cell_that_costs_most() -> None:
    points, weights = np.array([[0.0, 2.0, 7.0, 3.0]]), np.array([9.0, 1.0, 2.0, 1.0])
    sums = cluster_sums(points, weights, np.zeros(4, dtype=int), 2)
    cells = condense(points, weights, 4)
    assert means_of(sums, cells, np.array([[0.0], [99.0]]))[1, 0] == 7


@pytest.fixture
def relabelled(cloud: Cloud) -> Relabelled:
    """Every third point given its nearest of five centres, whatever its label was."""
    points, weights = cloud
    cells, centres = condense(points, weights, 500), points[:, :5].T
    labels = np.random.RandomState(0).randint(5, size=3000)
    sums = cluster_sums(points, weights, labels, 5)
    bounds = Bounds(cells, np.zeros(len(cells.weights)), 5)
    bounds.due = np.arange(0, 3000, 3)
    before = labels.copy()
    changed = relabel(points, weights, bounds, centres, labels, sums)
    return Relabelled(before, labels, sums, changed)


def test_relabel_gives_the_nearest_centre_to_what_is_due(
    cloud: Cloud, relabelled: Relabelled
) -> None:
    nearest = squared_distances(cloud[0], cloud[0][:, :5].T).argmin(axis=0)
    assert (relabelled.labels[::3] == nearest[::3]).all()
    assert (np.delete(relabelled.labels - relabelled.before, np.s_[::3]) == 0).all()


def test_relabel_keeps_the_sums_up_to_date(cloud: Cloud, relabelled: Relabelled) -> None:
    assert relabelled.changed
    assert relabelled.sums == pytest.approx(cluster_sums(*cloud, relabelled.labels, 5), rel=1e-9)


def test_sums_of_whole_cells_and_single_points_are_those_of_the_points(cloud: Cloud) -> None:
    labels = np.random.RandomState(0).randint(5, size=3000)
    sums = sum_points(*cloud, condense(*cloud, 500), cloud[0][:, :5].T, labels)
    assert sums == pytest.approx(cluster_sums(*cloud, labels, 5), rel=1e-12)


def test_cluster_of_what_rounding_left_is_empty(cloud: Cloud) -> None:
    cells = condense(*cloud, 500)
    sums = cluster_sums(*cloud, np.zeros(3000, dtype=int), 2)
    sums[:, 1] = 1e-14 * sums[:, 0]
    means = means_of(sums, cells, cloud[0][:, :2].T)
    assert (means[1] == cells.means.T).all(axis=1).any()
