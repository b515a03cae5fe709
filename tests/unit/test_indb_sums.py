from __future__ import annotations

import numpy as np
import pytest

from procluster.indb.sums import cluster_sums, label_sums


def test_sums_are_those_of_the_rows_by_label() -> None:
    random = np.random.RandomState(0)
    labels, rows = random.randint(0, 7, 1001), random.random_sample((3, 1001))
    expected = [[row[labels == label].sum() for label in range(8)] for row in rows]
    assert label_sums(labels, list(rows), 8) == pytest.approx(np.array(expected), rel=1e-12)


def test_sums_do_not_change_the_labels() -> None:
    labels = np.array([2, 0, 1])
    label_sums(labels, [np.ones(3)], 3)
    assert labels.tolist() == [2, 0, 1]


def test_cluster_sums_end_with_the_weights() -> None:
    points, weights = np.array([[1.0, 2.0, 3.0]]), np.array([1.0, 1.0, 4.0])
    sums = cluster_sums(points, weights, np.array([0, 0, 1]), 2)
    assert sums.tolist() == [[3.0, 12.0], [2.0, 4.0]]
