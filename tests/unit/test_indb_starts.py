from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from indb_frames import blobs, points_of

from procluster.indb.cells import Cells, condense
from procluster.indb.nearest import two_nearest
from procluster.indb.starts import draw_cells, draw_starts


@pytest.fixture
def cloud() -> Cells:
    """3000 cells in no groups."""
    random = np.random.RandomState(2)
    return condense(random.gamma(1.0, size=(4, 3000)), np.ones(3000), 3000)


def test_draw_never_falls_on_a_cell_without_odds() -> None:
    # A share just below 1 becomes 1 when it is multiplied.
    assert draw_cells(np.array([1.0, 2.0, 2.0]), np.ones(1)).tolist() == [1]


def test_starts_are_distinct_cells(cloud: Cells) -> None:
    starts = draw_starts(cloud, 200, 2, np.random.RandomState(0))
    assert [len(set(row)) for row in starts.chosen.tolist()] == [200, 200]


def test_inertias_are_those_of_the_first_centres(cloud: Cells) -> None:
    starts = draw_starts(cloud, 9, 2, np.random.RandomState(0))
    for row, k in [(0, 1), (1, 4), (0, 9)]:
        first = two_nearest(cloud.means, cloud.means[:, starts.chosen[row, :k]].T)[1]
        assert starts.inertias[row, k - 1] == pytest.approx(first.sum(), rel=1e-12)


def test_best_starts_have_the_least_inertia(cloud: Cells) -> None:
    starts = draw_starts(cloud, 9, 5, np.random.RandomState(0))
    best, second = starts.inertias[:, 5].argsort()[:2]
    expected = [starts.chosen[best, :6].tolist(), starts.chosen[second, :6].tolist()]
    assert starts.best(6, 2).tolist() == expected


def test_starts_do_not_depend_on_how_many_centres_follow(cloud: Cells) -> None:
    few, many = (draw_starts(cloud, k, 3, np.random.RandomState(1)) for k in (4, 8))
    assert few.chosen.tolist() == many.chosen[:, :4].tolist()


def test_starts_reach_every_group() -> None:
    points, weights = points_of(blobs(12))
    cells = condense(points, weights, 1024)
    starts = draw_starts(cells, 12, 10, np.random.RandomState(5))
    centres = points[:, starts.best(12, 1)[0]].T
    assert sorted(two_nearest(centres.T, points[:, ::30].T)[0]) == list(range(12))


def test_starts_end_where_points_cannot_be_told_apart() -> None:
    points: Any = np.array([[0.0, 1e-200, 1.0]])
    cells = condense(points, np.ones(3), 3)
    assert draw_starts(cells, 3, 2, np.random.RandomState(0)).chosen.shape == (2, 2)
