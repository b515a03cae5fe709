"""The most memory that the scripts hold at a time, beside the vectors they are given."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from procluster.indb.evaluation import evaluate
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import train


@pytest.fixture(scope="module")
def table() -> Any:
    """300,000 different vectors in eight groups, some far out, and their customers."""
    random = np.random.RandomState(4)
    places = random.gamma(2.0, 2.0, (8, 4))[random.randint(0, 8, 300_000)]
    return np.hstack([places + 0.3 * random.standard_t(2, places.shape), np.ones((300_000, 1))])


def peak(step: Any, table: Any, k: int, scaling: str) -> int:
    """The most bytes that Python and numpy hold, the input included."""
    columns = [*FEATURE_NAMES, "customers"]
    step(pd.DataFrame(table[:100], columns=columns), 2, scaling)  # imports what it needs
    tracemalloc.start()
    try:
        step(pd.DataFrame(table.copy(), columns=columns), k, scaling)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("scaling", ["none", "standard", "robust"])
@pytest.mark.parametrize(("step", "k"), [(train, 4), (train, 12), (evaluate, 12)])
def test_script_takes_three_times_its_vectors_at_most(
    step: Any, k: int, scaling: str, table: Any
) -> None:
    assert peak(step, table, k, scaling) <= 3 * table.nbytes
