from __future__ import annotations

import numpy as np
import pytest
from indb_frames import blobs, points_of

from procluster.indb.cells import condense
from procluster.indb.ground import Ground, observe
from procluster.indb.ground import lay_ground as lay
from procluster.indb.splits import draw_members, split_clusters


@pytest.fixture
def groups() -> Ground:
    """Cells in six groups, 30 each."""
    return lay(condense(*points_of(blobs(6)), 1024))


def test_gain_is_what_the_inertia_of_the_cluster_loses(groups: Ground) -> None:
    means, weights = groups.cells.means, groups.cells.weights
    state = observe(groups, means[:, ::60].T)
    splits = split_clusters(groups, state, np.random.RandomState(0))
    for label, gain in enumerate(splits.gains):
        own, heavy = means[:, state.labels == label], weights[state.labels == label]
        centre = np.average(own, axis=1, weights=heavy)
        halves = np.array([splits.lower[label], splits.upper[label]])
        squares = ((own.T[:, np.newaxis] - halves) ** 2).sum(axis=2)
        before = heavy.dot(((own.T - centre) ** 2).sum(axis=1))
        # The halves are means of what was nearer a step before: at least as far as it looks now.
        assert before - heavy.dot(squares.min(axis=1)) >= gain * (1 - 1e-9) > 0


def test_two_groups_in_one_cluster_are_split_between_them(groups: Ground) -> None:
    two = groups.cells.means[:, :60].mean(axis=1)
    state = observe(groups, np.vstack([two, groups.cells.means[:, 60::30].T]))
    for seed in range(10):
        splits = split_clusters(groups, state, np.random.RandomState(seed))
        halves = np.array([splits.lower[0], splits.upper[0]])
        labels = observe(groups, halves).labels[:60]
        assert len(set(labels[:30])) == len(set(labels[30:])) == 1
        assert labels[0] != labels[30]


def test_cluster_of_one_cell_gains_nothing_by_a_split() -> None:
    ground = lay(condense(np.array([[0.0, 10.0, 11.0, 12.0]]), np.ones(4), 4))
    state = observe(ground, np.array([[0.0], [11.0]]) - ground.origin)
    splits = split_clusters(ground, state, np.random.RandomState(0))
    assert splits.gains[0] == 0 < splits.gains[1]


def test_drawn_cells_are_members_of_their_clusters(groups: Ground) -> None:
    state = observe(groups, groups.cells.means[:, ::30].T)
    for seed in range(20):
        drawn = draw_members(groups, state, np.random.RandomState(seed))
        assert state.labels[drawn].tolist() == list(range(6))


def test_cells_are_drawn_by_what_they_cost() -> None:
    ground = lay(condense(np.array([[0.0, 1.0, 2.0]]), np.array([1.0, 1.0, 2.0]), 3))
    state = observe(ground, np.array([[0.0]]) - ground.origin)
    random = np.random.RandomState(0)
    drawn = [int(draw_members(ground, state, random)[0]) for _ in range(900)]
    assert np.bincount(drawn) / 900 == pytest.approx([0, 1 / 9, 8 / 9], abs=0.04)
