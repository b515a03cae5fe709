from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np
import pytest
from indb_frames import make_frame, points_of, returns
from sklearn.metrics import silhouette_samples

from procluster.indb import silhouette as module
from procluster.indb.centres import Partition, condense, fit_centres
from procluster.indb.silhouette import (
    distance_sums,
    draw_sample,
    measure_silhouettes,
    silhouettes_of,
    stratified_mean,
)

Fitted = Tuple[Any, Any, List[Partition]]


@pytest.fixture
def fitted() -> Fitted:
    """Points (4, 252), weights, and the partitions for k = 1 to 5."""
    points, weights = points_of(returns(200))
    cells = condense(points, weights)
    return points, weights, [fit_centres(points, weights, cells, k, 0, 5) for k in range(1, 6)]


@pytest.fixture
def exact(fitted: Fitted) -> Any:
    return measure_silhouettes(*fitted, 0)[0]


def test_each_silhouette_is_scikit_learns(fitted: Fitted) -> None:
    points, weights, partitions = fitted
    everyone = np.repeat(np.arange(len(weights)), weights.astype(int))
    sums = distance_sums(points, weights, np.arange(len(weights)), partitions)
    for partition, to_clusters in list(zip(partitions, sums))[1:]:
        sizes = np.bincount(partition.labels, weights)
        ours = silhouettes_of(to_clusters, partition.labels, sizes)[everyone]
        theirs = silhouette_samples(points.T[everyone], partition.labels[everyone])
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_silhouette_of_one_cluster_is_undefined(exact: Any) -> None:
    assert exact[0] == (None, None)


def test_silhouette_of_few_vectors_has_no_error(exact: Any) -> None:
    assert [each.error for each in exact] == [None] * 5


def test_silhouette_does_not_depend_on_the_block_size(
    fitted: Fitted, exact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISTANCES_AT_ONCE", 1)
    again = measure_silhouettes(*fitted, 0)[0]
    assert [s.mean for s in again[1:]] == pytest.approx([s.mean for s in exact[1:]], rel=1e-12)


def test_sampled_silhouette_is_within_its_error(
    fitted: Fitted, exact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FOR_EXACT_SILHOUETTE", 100)
    monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", 200)
    misses = []
    for seed in range(50):
        found, size = measure_silhouettes(*fitted, seed)
        assert size is not None
        misses += [abs(f.mean - e.mean) / f.error for f, e in zip(found[1:], exact[1:])]
    assert 0.6 < np.sqrt(np.mean(np.square(misses))) < 1.4


def test_sampled_silhouette_depends_on_the_seed_only(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FOR_EXACT_SILHOUETTE", 100)
    first, second = (measure_silhouettes(*fitted, 3) for _ in range(2))
    assert first == second


def test_sample_takes_each_stratum_by_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILHOUETTE_SAMPLE", 100)
    strata = np.array([0, 0, 1, 2])
    sample = draw_sample(np.array([30.0, 30.0, 39.0, 1.0]), strata, np.random.RandomState(0))
    assert np.bincount(strata[sample]).tolist() == [60, 39, 2]


def test_sample_takes_each_vector_by_its_customers() -> None:
    sample = draw_sample(np.array([60.0, 30.0, 10.0]), np.zeros(3, int), np.random.RandomState(0))
    assert np.bincount(sample) / len(sample) == pytest.approx([0.6, 0.3, 0.1], abs=0.04)


def test_stratified_mean_weighs_strata_by_their_customers() -> None:
    values, strata = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1])
    assert stratified_mean(values, strata, np.array([30.0, 10.0])) == (0.75, 0.0)


def test_stratified_error_is_that_of_the_text_book() -> None:
    values, strata = np.array([0.0, 2.0, 5.0, 5.0]), np.array([0, 0, 1, 1])
    error = stratified_mean(values, strata, np.array([10.0, 10.0])).error
    assert error == pytest.approx(0.5)  # sqrt(0.5**2 * variance 2 / 2 draws + 0)


def test_silhouette_counts_customers_not_vectors() -> None:
    points, weights = points_of(make_frame([[0, 0, 0, 0], [9, 0, 0, 0]], [5, 1]))
    partition = fit_centres(points, weights, (points, weights), 2, 0, 1)
    found, _ = measure_silhouettes(points, weights, [partition], 0)
    assert found[0].mean == pytest.approx(5 / 6)  # and 0 for the one that is alone
