from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest
from indb_frames import points_of, returns
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from procluster.indb.cells import Cells, condense
from procluster.indb.lloyd import Fit, means_of, relabel, run_lloyd
from procluster.indb.nearest import label_points, squared_distances
from procluster.indb.sums import cluster_sums

Cloud = Tuple[Any, Any]


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


def test_relabel_corrects_the_sums(cloud: Cloud) -> None:
    points, weights = cloud
    labels = np.random.RandomState(0).randint(5, size=1000)
    watched, centres = np.arange(0, 3000, 3), points[:, :5].T
    sums = cluster_sums(points[:, watched], weights[watched], labels, 5)
    before, due = labels.copy(), np.arange(0, 1000, 2)
    relabel(points, weights, watched, due, centres, labels, sums)
    nearest = squared_distances(points[:, watched], centres).argmin(axis=0)
    assert (labels[due] == nearest[due]).all()
    assert (labels[1::2] == before[1::2]).all()
    expected = cluster_sums(points[:, watched], weights[watched], labels, 5)
    assert sums == pytest.approx(expected, rel=1e-9)
