"""What holds for K-Means on any data: ties, duplicates, outliers, units of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indb_frames import make_frame

from procluster.indb.cells import condense
from procluster.indb.kmeans import train
from procluster.indb.lloyd import run_lloyd
from procluster.indb.nearest import label_points, squared_distances
from procluster.indb.vectors import read_vectors

UNITS = [1e-80, 1e-7, 1.0, 3.7, 1e60]


@st.composite
def clouds(draw: Any) -> Any:
    """Distinct points (1 to 4 features) and weights: grids full of ties, tails, far outliers."""
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    count, n_features = draw(st.integers(2, 400)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["grid", "tails", "normal", "far"]))
    size = count, n_features
    values: Any = {
        "grid": random.randint(0, 6, size) * 0.1,
        "tails": random.standard_cauchy(size),
        "normal": random.randn(*size),
        "far": 1e9 + random.randint(0, 50, size),
    }[kind]
    if draw(st.booleans()):
        values[0] = 108.7 * 10.0 ** draw(st.integers(0, 12))
    points = np.unique(values * draw(st.sampled_from(UNITS)), axis=0)
    return np.ascontiguousarray(points.T), random.randint(1, 40, len(points)).astype(float)


@given(cloud=clouds(), count=st.integers(1, 20), seed=st.integers(0, 99))
@settings(max_examples=150)
def test_labels_are_those_of_brute_force(cloud: Any, count: int, seed: int) -> None:
    points, _ = cloud
    random = np.random.RandomState(seed)
    centres = points[:, random.randint(points.shape[1], size=count)].T
    if seed % 2:
        centres = (centres + centres[::-1]) / 2
    expected = squared_distances(points, centres).argmin(axis=0)
    assert (label_points(points, centres)[0] == expected).all()


@given(cloud=clouds(), most_cells=st.integers(1, 200))
@settings(max_examples=100)
def test_cells_keep_weight_and_mean(cloud: Any, most_cells: int) -> None:
    points, weights = cloud
    cells = condense(points, weights, most_cells)
    assert 1 <= len(cells.weights) <= max(most_cells, 1)
    assert np.bincount(cells.numbers, weights).tolist() == cells.weights.tolist()
    size = np.abs(points).max(axis=1) * weights.sum() + 1e-300
    moments = cells.means.dot(cells.weights) / size
    assert moments == pytest.approx(points.dot(weights) / size, abs=1e-12)


@given(cloud=clouds(), count=st.integers(1, 9), most_cells=st.integers(1, 200))
@settings(max_examples=150)
def test_lloyd_comes_to_a_fixed_point(cloud: Any, count: int, most_cells: int) -> None:
    points, weights = cloud
    count = min(count, points.shape[1])
    fit = run_lloyd(points, weights, condense(points, weights, most_cells), points[:, :count].T)
    assert (fit.labels == squared_distances(points, fit.centres).argmin(axis=0)).all()
    size = np.abs(points).max(axis=1) + 1e-300
    for label in range(count):
        own = fit.labels == label
        assert own.any()
        mean = points[:, own].dot(weights[own]) / weights[own].sum()
        assert fit.centres[label] / size == pytest.approx(mean / size, abs=1e-11)


@given(cloud=clouds(), k=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_model_does_not_depend_on_the_order_of_rows(cloud: Any, k: int, seed: int) -> None:
    points, weights = cloud
    values = np.zeros((points.shape[1], 4))
    values[:, : len(points)] = points.T
    frame = make_frame(values, weights)
    shuffled = frame.sample(frac=1, random_state=seed)
    k = min(k, len(frame))
    assert outcome(frame, k) == outcome(shuffled, k)


def outcome(frame: Any, k: int) -> str:
    """The model, or why there is none: what differs by rounding only cannot be told apart."""
    try:
        return train(frame, k).document
    except ValueError as error:
        return str(error)


@given(cloud=clouds(), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_rows_that_repeat_are_merged(cloud: Any, seed: int) -> None:
    points, _ = cloud
    values = np.zeros((points.shape[1], 4))
    values[:, : len(points)] = points.T
    random = np.random.RandomState(seed)
    rows = random.randint(len(values), size=3 * len(values))
    vectors, row_vectors = read_vectors(make_frame(values[rows]))
    assert (vectors.values[row_vectors] == values[rows]).all()
    assert len(vectors.values) == len(np.unique(rows))
    assert vectors.customers.sum() == len(rows)
