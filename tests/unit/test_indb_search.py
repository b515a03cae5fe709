from __future__ import annotations

import numpy as np
import pytest
from indb_frames import blobs, points_of

from procluster.indb.cells import Cells, condense
from procluster.indb.nearest import two_nearest
from procluster.indb.search import (
    grow,
    improve,
    removal_costs,
    search_centres,
    settle,
    split_gains,
    swaps,
)


@pytest.fixture
def cloud() -> Cells:
    """400 cells in no groups, with weights."""
    random = np.random.RandomState(2)
    weights = random.randint(1, 5, 400).astype(float)
    return condense(random.gamma(1.0, size=(4, 400)), weights, 400)


@pytest.fixture
def groups() -> Cells:
    """Cells in six groups, 30 each."""
    return condense(*points_of(blobs(6)), 1024)


def cost(cells: Cells, centres: np.ndarray) -> float:
    return float(cells.weights.dot(two_nearest(cells.means, centres)[1]))


def test_settle_tells_the_inertia_of_its_centres(cloud: Cells) -> None:
    state = settle(cloud, cloud.means[:, :7].T)
    assert state.inertia == pytest.approx(cost(cloud, state.centres), rel=1e-12)
    assert state.inertia < cost(cloud, cloud.means[:, :7].T)


def test_settle_ends_near_the_means_of_the_clusters(cloud: Cells) -> None:
    state = settle(cloud, cloud.means[:, :7].T)
    means = [
        np.average(cloud.means[:, own], axis=1, weights=cloud.weights[own])
        for own in (state.labels == label for label in range(7))
    ]
    assert state.centres == pytest.approx(np.array(means), abs=0.2)


def test_settle_gives_up_when_the_target_is_out_of_reach(cloud: Cells) -> None:
    start = cloud.means[:, :7].T
    assert settle(cloud, start, 1e-6).inertia > settle(cloud, start).inertia


def test_split_gain_is_what_the_inertia_loses_in_one_step(cloud: Cells) -> None:
    state = settle(cloud, cloud.means[:, :5].T)
    centres = np.array([np.average(cloud.means[:, own], axis=1, weights=cloud.weights[own])
                        for own in (state.labels == label for label in range(5))])  # fmt: skip
    state = settle(cloud, centres)
    drawn = np.array([3, 77, 200])
    gains, means = split_gains(cloud, state, drawn)
    for index, cell in enumerate(drawn):
        labels = two_nearest(cloud.means, np.vstack([state.centres, cloud.means[:, cell]]))[0]
        after = 0.0
        for label in range(6):
            own, weights = cloud.means[:, labels == label], cloud.weights[labels == label]
            mean = np.average(own, axis=1, weights=weights)
            after += weights.dot(((own.T - mean) ** 2).sum(axis=1))
        assert means[index] == pytest.approx(mean, rel=1e-12)
        assert gains[index] == pytest.approx(state.inertia - after, rel=0.05)


def test_removal_cost_is_what_a_missing_centre_costs(cloud: Cells) -> None:
    state = settle(cloud, cloud.means[:, :5].T)
    for label, more in enumerate(removal_costs(cloud, state)):
        without = cost(cloud, np.delete(state.centres, label, axis=0))
        assert more == pytest.approx(without - state.inertia, rel=1e-9)


def test_swaps_keep_the_number_of_centres(cloud: Cells) -> None:
    state = settle(cloud, cloud.means[:, :5].T)
    found = list(swaps(cloud, state, 4, np.random.RandomState(0)))
    assert [len(centres) for centres in found] == [5] * 4
    assert all((centres != state.centres).any(axis=1).sum() == 1 for centres in found)


def test_swaps_repair_a_start_that_misses_groups(groups: Cells) -> None:
    start = settle(groups, groups.means[:, :6].T)
    better = improve(groups, start, 10, np.random.RandomState(0))
    assert sorted(two_nearest(better.centres.T, groups.means[:, ::30].T)[0]) == list(range(6))


def test_improvement_never_raises_the_inertia(cloud: Cells) -> None:
    for seed in range(5):
        start = settle(cloud, cloud.means[:, seed : seed + 9].T)
        assert improve(cloud, start, 3, np.random.RandomState(seed)).inertia <= start.inertia


def test_growing_adds_the_missing_group(groups: Cells) -> None:
    state = settle(groups, groups.means[:, :150:30].T)
    grown = grow(groups, state, np.random.RandomState(0))
    assert sorted(two_nearest(grown.centres.T, groups.means[:, ::30].T)[0]) == list(range(6))


def test_search_finds_every_number_of_groups(groups: Cells) -> None:
    found = search_centres(groups, [5, 6, 7], 7, 111, 10)
    assert {k: centres.shape for k, centres in found.items()} == {k: (k, 4) for k in (5, 6, 7)}


def test_search_leaves_out_more_clusters_than_there_can_be() -> None:
    cells = condense(np.array([[0.0, 1.0, 5.0]]), np.ones(3), 3)
    assert sorted(search_centres(cells, [1, 2, 3, 4, 5], 3, 0, 2)) == [1, 2, 3]


def test_search_refuses_points_that_cannot_be_told_apart() -> None:
    cells = condense(np.array([[0.0, 1e-200, 1.0]]), np.ones(3), 3)
    with pytest.raises(ValueError, match=r"3 clusters need .* only 2 are far enough apart"):
        search_centres(cells, [1, 2, 3], 3, 0, 2)


def test_search_uses_what_more_clusters_have_found(
    cloud: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("procluster.indb.search.improve", lambda _, state, *__: state)
    alone = search_centres(cloud, [8], 8, 3, 1)[8]
    helped = search_centres(cloud, [8, 9, 10, 11, 12], 12, 3, 1)[8]
    assert cost(cloud, helped) < cost(cloud, alone)
