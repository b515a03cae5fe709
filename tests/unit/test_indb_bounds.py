from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from procluster.indb.bounds import Bounds, near_centres
from procluster.indb.cells import Cells, condense
from procluster.indb.nearest import label_points, squared_distances


@pytest.fixture
def points() -> Any:
    """Points (3, 4000) with tails, so that cells are of all sizes."""
    return np.random.RandomState(3).standard_t(2, size=(3, 4000))


@pytest.fixture
def cells(points: Any) -> Cells:
    return condense(points, np.ones(4000), 800)


def begin(points: Any, cells: Cells, centres: Any) -> tuple[Bounds, Any]:
    """The bounds and labels after each point has been looked at once."""
    labels, lead = label_points(points, centres)
    bounds = Bounds(cells, label_points(cells.means, centres)[1], len(centres))
    bounds.renew(np.arange(4000), labels, lead)
    return bounds, labels


@pytest.mark.parametrize("length", [1e-4, 1e-2, 0.3])
@pytest.mark.parametrize("count", [2, 7, 40])
def test_point_that_is_not_due_has_kept_its_nearest_centre(
    points: Any, cells: Cells, count: int, length: float
) -> None:
    centres = points[:, :count].T.copy()
    bounds, labels = begin(points, cells, centres)
    random = np.random.RandomState(count)
    lengths = length * random.gamma(0.2, size=(count, 1))
    for step in range(30):
        moves = random.standard_normal(centres.shape) * lengths * 0.97**step
        centres = centres + moves
        bounds.move(centres, np.sqrt((moves**2).sum(axis=1)), labels)
        nearest, lead = label_points(points, centres)
        not_due = np.delete(np.arange(4000), bounds.due)
        assert (nearest[not_due] == labels[not_due]).all()
        labels[bounds.due] = nearest[bounds.due]
        bounds.renew(bounds.due, labels[bounds.due], lead[bounds.due])


def test_point_is_due_when_the_border_comes_straight_to_it() -> None:
    points = np.linspace(0, 10, 4000)[np.newaxis]
    cells, centres = condense(points, np.ones(4000), 4000), np.array([[0.0], [10.0]])
    bounds, labels = begin(points, cells, centres)
    for _ in range(30):
        centres = centres - 0.1
        bounds.move(centres, np.array([0.1, 0.1]), labels)
        nearest, lead = label_points(points, centres)
        assert (nearest == labels)[np.delete(np.arange(4000), bounds.due)].all()
        labels[bounds.due] = nearest[bounds.due]
        bounds.renew(bounds.due, labels[bounds.due], lead[bounds.due])


def test_point_begins_due_where_its_cell_does_not_tell_its_centre(
    points: Any, cells: Cells
) -> None:
    centres = points[:, :7].T
    cell_labels, cell_lead = label_points(cells.means, centres)
    nearest, _ = label_points(points, centres)
    told = np.delete(np.arange(4000), Bounds(cells, cell_lead, 7).due)
    assert (cell_labels[cells.numbers[told]] == nearest[told]).all()
    assert len(told) > 1000


def test_centre_among_outliers_makes_nobody_else_due(points: Any, cells: Cells) -> None:
    centres = np.array([[-1.0, 0, 0], [1, 0, 0], [900, 0, 0], [990, 0, 0]])
    bounds, labels = begin(points, cells, centres)
    centres[3] += 50
    bounds.move(centres, np.array([0.0, 0, 0, 50]), labels)
    assert len(bounds.due) == 0


def test_centres_that_rest_make_only_points_near_the_moving_ones_due(
    points: Any, cells: Cells
) -> None:
    centres = points[:, :40].T.copy()
    bounds, labels = begin(points, cells, centres)
    moves = np.zeros(40)
    moves[0] = 0.05
    centres[0, 0] += 0.05
    bounds.move(centres, moves, labels)
    assert 0 < len(bounds.due) < 400


def test_near_centres_are_the_nearest_two_of_every_point(points: Any, cells: Cells) -> None:
    centres = points[:, :40].T
    near = near_centres(cells, centres, np.zeros(40))
    nearest_two = squared_distances(points, centres).argsort(axis=0)[:2]
    assert near[nearest_two, cells.numbers].all()
    assert near.mean() < 0.5


def test_near_centres_stay_near_within_their_reach(points: Any, cells: Cells) -> None:
    centres, reach = points[:, :40].T, np.random.RandomState(0).gamma(0.5, 0.2, 40)
    near = near_centres(cells, centres, reach)
    direction = np.random.RandomState(1).standard_normal(centres.shape)
    direction /= np.sqrt((direction**2).sum(axis=1))[:, np.newaxis]
    moved = centres + direction * reach[:, np.newaxis]
    nearest_two = squared_distances(points, moved).argsort(axis=0)[:2]
    assert near[nearest_two, cells.numbers].all()
