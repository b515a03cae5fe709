"""Input frames for the tests of ``indb``. Valid on Python 3.7."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from procluster.indb.features import FEATURE_NAMES

Array = Any  # numpy of Python 3.7 has no type parameters


def make_frame(values: Any, customers: Any = 1) -> pd.DataFrame:
    """One row per vector of `values`, shape (n_vectors, 4)."""
    frame: pd.DataFrame = pd.DataFrame(np.asarray(values, dtype=np.float64), columns=FEATURE_NAMES)
    frame["customers"] = customers
    return frame


def on_a_line(values: Any, customers: Any = 1) -> pd.DataFrame:
    """Vectors that differ in `order_ratio` only."""
    return make_frame([[value, 0, 0, 0] for value in values], customers)


def blobs(count: int, spread: float = 0.02) -> pd.DataFrame:
    """Customers in `count` separate groups, 30 vectors each."""
    random = np.random.RandomState(0)
    middle = np.repeat(random.permutation(count * 4).reshape(count, 4), 30, axis=0)
    values = middle + spread * random.randn(count * 30, 4)
    return make_frame(values, random.randint(1, 9, len(values)))


def returns(size: int = 400) -> pd.DataFrame:
    """Customers as in the tutorial: most return nothing, some a little, one is far out."""
    random = np.random.RandomState(1)
    once = np.column_stack([random.rand(size, 3).round(2), random.randint(1, 3, size)])
    often = np.column_stack([random.rand(size // 4, 3) / 5, 3 + random.poisson(2, size // 4)])
    values = np.vstack([[[0, 0, 0, 0]], once, often, [[1, 2, 108.7, 1]]])
    customers = random.randint(1, 5, len(values))
    customers[0] = 6 * size
    return make_frame(values, customers)


def points_of(frame: pd.DataFrame) -> tuple[Array, Array]:
    """The points, shape (4, n_vectors), and their weights."""
    weights = np.asarray(frame["customers"], dtype=np.float64)
    return np.array(frame[FEATURE_NAMES].values.T, order="C"), weights


def expand(frame: pd.DataFrame) -> Array:
    """One row per customer, shape (n_customers, 4)."""
    return np.repeat(frame[FEATURE_NAMES].values, np.asarray(frame["customers"], dtype=int), axis=0)
