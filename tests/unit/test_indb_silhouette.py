from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np
import pytest
from indb_frames import make_frame, points_of, returns
from sklearn.metrics import silhouette_samples

from procluster.indb import silhouette as module
from procluster.indb.centres import Partition, fit_centres
from procluster.indb.nearest import label_points, squared_distances
from procluster.indb.silhouette import (
    SAMPLE_GROUPS,
    draw_sample,
    measure_silhouettes,
    memberships,
    silhouettes_of,
)

Fitted = Tuple[Any, Any, List[Partition], Any]


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """Points (4, 252), weights, the partitions for k = 1 to 5, and the labels of the last."""
    points, weights = points_of(returns(200))
    return (points, weights, *fit_centres(points, weights, 5, 0, 5))


@pytest.fixture
def exact(fitted: Fitted) -> Any:
    return measure_silhouettes(*fitted, 0)[0]


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FOR_EXACT_SILHOUETTE", 100)


def test_each_silhouette_is_scikit_learns(fitted: Fitted) -> None:
    points, weights, partitions, _ = fitted
    everyone = np.repeat(np.arange(len(weights)), weights.astype(int))
    distances = np.sqrt(squared_distances(points, points.T))
    for partition in partitions[1:]:
        labels, _ = label_points(points, partition.centres)
        sums = memberships(labels, weights, len(partition.sizes)).dot(distances)
        seen = partition.sizes[:, np.newaxis]
        ours = silhouettes_of(sums, seen, labels, partition.sizes)[everyone]
        theirs = silhouette_samples(points.T[everyone], labels[everyone])
        # scikit-learn's distances come from dot products, with the rounding of those.
        assert ours == pytest.approx(theirs, abs=1e-7)


def test_silhouette_of_one_cluster_is_undefined(exact: Any) -> None:
    assert exact[0] == (None, None)


def test_silhouette_of_few_vectors_has_no_error(exact: Any) -> None:
    assert [each.error for each in exact] == [None] * 5


@pytest.mark.parametrize("size", [200, 1000])
def test_sampled_silhouette_is_within_its_error(
    fitted: Fitted, exact: Any, sampled: None, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", size)
    misses = []
    for seed in range(60):
        found, drawn = measure_silhouettes(*fitted, seed)
        assert drawn is not None
        misses.append([(f.mean - e.mean) / f.error for f, e in zip(found[1:], exact[1:])])
    assert 0.6 < np.sqrt(np.mean(np.square(misses))) < 1.4
    assert np.abs(np.mean(misses, axis=0)).max() < 0.6  # and not to one side


def test_error_falls_as_the_sample_grows(
    fitted: Fitted, sampled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = []
    for size in (200, 3200):
        monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", size)
        runs = [measure_silhouettes(*fitted, seed)[0][3].error or 0 for seed in range(10)]
        errors.append(np.mean(runs))
    assert 2 < errors[0] / errors[1] < 8


def test_sampled_silhouette_depends_on_the_seed_only(fitted: Fitted, sampled: None) -> None:
    first, second = (measure_silhouettes(*fitted, 3) for _ in range(2))
    assert first == second
    assert first != measure_silhouettes(*fitted, 4)


def test_sample_takes_each_stratum_by_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", 10 * SAMPLE_GROUPS)
    strata, weights = np.array([2, 0, 1, 0]), np.array([1.0, 30.0, 39.0, 30.0])
    sample = draw_sample(strata[np.newaxis], weights, strata, np.random.RandomState(0))
    assert np.bincount(sample.points[0]).tolist() == [n * SAMPLE_GROUPS for n in (6, 4, 1)]
    assert np.bincount(sample.points[0], sample.weights) == pytest.approx([60, 39, 1])


def test_every_group_of_a_sample_has_all_strata() -> None:
    strata = np.array([0, 0, 1, 2])
    weights = np.array([3e6, 3e6, 4e6, 1.0])
    sample = draw_sample(strata[np.newaxis], weights, strata, np.random.RandomState(0))
    for group in sample.points[0].reshape(SAMPLE_GROUPS, -1):
        assert set(group) == {0, 1, 2}


def test_sample_takes_each_vector_by_its_customers() -> None:
    points, weights = np.array([[0, 1, 2]]), np.array([60.0, 30.0, 10.0])
    sample = draw_sample(points, weights, np.zeros(3, int), np.random.RandomState(0))
    shares = np.bincount(sample.points[0], sample.weights) / 100
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.04)


def test_silhouette_counts_customers_not_vectors() -> None:
    points, weights = points_of(make_frame([[0, 0, 0, 0], [9, 0, 0, 0]], [5, 1]))
    partitions, labels = fit_centres(points, weights, 2, 0, 1)
    found, _ = measure_silhouettes(points, weights, partitions, labels, 0)
    assert found[1].mean == pytest.approx(5 / 6)  # and 0 for the one that is alone
