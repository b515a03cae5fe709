from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest
from indb_frames import points_of, returns
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from procluster.indb import cells
from procluster.indb import centres as module
from procluster.indb.cells import Cells
from procluster.indb.centres import fit_best, fit_centres
from procluster.indb.nearest import two_nearest
from procluster.indb.search import Effort

Cloud = Tuple[Any, Any]


@pytest.fixture
def cloud() -> Cloud:
    """Points (4, 3000) in no groups, and weights."""
    random = np.random.RandomState(2)
    return random.gamma(1.0, size=(4, 3000)), random.randint(1, 5, 3000).astype(float)


def test_measures_are_those_of_a_plain_recomputation(cloud: Cloud) -> None:
    points, weights = cloud
    for found in fit_centres(points, weights, 6, 111, 2)[0]:
        labels, squares, _ = two_nearest(points, found.centres)
        assert found.inertia == pytest.approx(weights.dot(squares), rel=1e-12)
        assert found.sizes.tolist() == np.bincount(labels, weights).tolist()
        spreads = np.bincount(labels, weights * np.sqrt(squares))
        assert found.spreads == pytest.approx(spreads, rel=1e-12)


def test_fit_does_not_depend_on_what_ran_before(cloud: Cloud) -> None:
    (first, *_), (second, *_) = (fit_best(*cloud, 6, 111, 10) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_inertia_falls_with_every_cluster(cloud: Cloud) -> None:
    inertias = [found.inertia for found in fit_centres(*cloud, 12, 111, 10)[0]]
    assert inertias == sorted(inertias, reverse=True)


def test_largest_outlier_keeps_a_cluster_of_its_own(cloud: Cloud) -> None:
    points, weights = cloud
    points[2, 1000] = 108.7
    centres, _, _ = fit_best(points, weights, 4, 111, 10)
    assert 108.7 in centres[:, 2].round(9)


@pytest.mark.parametrize("scale", [1e-90, 1e90])
def test_unit_of_measure_does_not_matter(cloud: Cloud, scale: float) -> None:
    points, weights = cloud
    one, _, _ = fit_best(points, weights, 5, 111, 3)
    other, _, _ = fit_best(points * scale, weights, 5, 111, 3)
    assert other / scale == pytest.approx(one, rel=1e-9)


@pytest.mark.parametrize("k", [2, 4, 6, 8])
@pytest.mark.parametrize("most_cells", [256, 4096])
def test_fit_is_as_good_as_scikit_learns(
    k: int, most_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "FEWEST_CELLS", most_cells)
    points, weights = points_of(returns(2000))
    theirs = KMeans(k, n_init=10, random_state=111).fit(points.T, sample_weight=weights)
    ours, _, _ = fit_best(points, weights, k, 111, 10)
    inertias = [
        weights.dot(cdist(points.T, centres, "sqeuclidean").min(axis=1))
        for centres in (ours, theirs.cluster_centers_)
    ]
    assert inertias[0] <= 1.001 * inertias[1]


def test_scikit_learn_started_from_the_centres_stays_there(cloud: Cloud) -> None:
    points, weights = cloud
    ours, _, _ = fit_best(points, weights, 7, 111, 10)
    theirs = KMeans(7, init=ours, n_init=1, tol=0, max_iter=1000)
    theirs.fit(points.T, sample_weight=weights)
    assert ours == pytest.approx(theirs.cluster_centers_, abs=1e-9)


@pytest.mark.parametrize(
    ("k", "efforts"),
    [
        (1, {1: Effort(4, 10), 2: Effort(1, 3)}),
        (8, {7: Effort(1, 3), 8: Effort(4, 10), 9: Effort(1, 3)}),
        (9, {8: Effort(1, 3), 9: Effort(2, 10), 10: Effort(1, 3)}),
    ],
)
def test_one_number_of_clusters_is_helped_by_its_neighbours(
    k: int, efforts: dict[int, Effort], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def search(cells: Cells, wanted: dict[int, Effort], *_: int) -> dict[int, Any]:
        asked.append(wanted)
        return {k: cells.means[:, :k].T}

    monkeypatch.setattr(module, "search_centres", search)
    fit_best(*cloud, k, 111, 10)
    assert asked == [efforts]
