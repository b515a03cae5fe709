from __future__ import annotations

import numpy as np
import pytest
from indb_frames import blobs, points_of

from procluster.indb import search as module
from procluster.indb.cells import condense
from procluster.indb.ground import Ground, State, lay_ground
from procluster.indb.nearest import two_nearest
from procluster.indb.search import (
    Effort,
    grow,
    improve,
    removal_costs,
    search_centres,
    settle,
    shrink,
    swaps,
)
from procluster.indb.splits import split_clusters


@pytest.fixture
def cloud() -> Ground:
    """400 cells in no groups, with weights."""
    random = np.random.RandomState(2)
    weights = random.randint(1, 5, 400).astype(float)
    return lay_ground(condense(random.gamma(1.0, size=(4, 400)), weights, 400))


@pytest.fixture
def groups() -> Ground:
    """Cells in six groups, 30 each."""
    return lay_ground(condense(*points_of(blobs(6)), 1024))


def start_at(ground: Ground, cells: slice) -> np.ndarray:
    """The means of some cells, as centres."""
    return np.asarray(ground.cells.means[:, cells].T)


def alike(*ks: int) -> dict[int, Effort]:
    """The same effort for every number of clusters."""
    return {k: Effort(starts=2, swaps=10) for k in ks}


def cost(ground: Ground, centres: np.ndarray) -> float:
    return float(ground.cells.weights.dot(two_nearest(ground.cells.means, centres)[1]))


def test_settle_tells_the_inertia_of_its_centres(cloud: Ground) -> None:
    state = settle(cloud, start_at(cloud, slice(7)))
    assert state.inertia == pytest.approx(cost(cloud, state.centres), rel=1e-12)
    assert state.inertia < cost(cloud, start_at(cloud, slice(7)))


def test_settle_ends_near_the_means_of_the_clusters(cloud: Ground) -> None:
    state = settle(cloud, start_at(cloud, slice(7)))
    means = [
        np.average(cloud.cells.means[:, own], axis=1, weights=cloud.cells.weights[own])
        for own in (state.labels == label for label in range(7))
    ]
    assert state.centres == pytest.approx(np.array(means), abs=0.2)


def test_settle_gives_up_when_the_target_is_out_of_reach(cloud: Ground) -> None:
    start = start_at(cloud, slice(7))
    assert settle(cloud, start, 1e-6).inertia > settle(cloud, start).inertia


def test_removal_cost_is_what_a_missing_centre_costs(cloud: Ground) -> None:
    state = settle(cloud, start_at(cloud, slice(5)))
    for label, more in enumerate(removal_costs(cloud, state)):
        without = cost(cloud, np.delete(state.centres, label, axis=0))
        assert more == pytest.approx(without - state.inertia, rel=1e-9)


def test_swaps_split_one_cluster_and_give_up_another(cloud: Ground) -> None:
    state = settle(cloud, start_at(cloud, slice(5)))
    splits = split_clusters(cloud, state, np.random.RandomState(0))
    found = list(swaps(state, splits, removal_costs(cloud, state), 4))
    assert [len(centres) for centres in found] == [5] * 4
    assert all((centres != state.centres).any(axis=1).sum() == 2 for centres in found)


def test_two_clusters_have_two_swaps(cloud: Ground) -> None:
    state = settle(cloud, start_at(cloud, slice(2)))
    splits = split_clusters(cloud, state, np.random.RandomState(0))
    assert len(list(swaps(state, splits, removal_costs(cloud, state), 5))) == 2


def test_swaps_repair_a_start_that_misses_groups(groups: Ground) -> None:
    start = settle(groups, start_at(groups, slice(6)))
    better = improve(groups, start, 10, np.random.RandomState(0))
    nearest = two_nearest(better.centres.T, start_at(groups, slice(None, None, 30)))[0]
    assert sorted(nearest) == list(range(6))


def test_improvement_never_raises_the_inertia(cloud: Ground) -> None:
    for seed in range(5):
        start = settle(cloud, start_at(cloud, slice(seed, seed + 9)))
        assert improve(cloud, start, 3, np.random.RandomState(seed)).inertia <= start.inertia


def test_growing_adds_the_missing_group(groups: Ground) -> None:
    state = settle(groups, start_at(groups, slice(0, 150, 30)))
    grown = grow(groups, state, np.random.RandomState(0))
    nearest = two_nearest(grown.centres.T, start_at(groups, slice(None, None, 30)))[0]
    assert sorted(nearest) == list(range(6))


def test_shrinking_gives_up_the_second_centre_of_a_group(groups: Ground) -> None:
    both = np.vstack([start_at(groups, slice(0, 180, 30)), start_at(groups, slice(1, 2))])
    shrunk = shrink(groups, settle(groups, both), np.inf)
    nearest = two_nearest(shrunk.centres.T, start_at(groups, slice(None, None, 30)))[0]
    assert sorted(nearest) == list(range(6))


def test_search_finds_every_number_of_groups(groups: Ground) -> None:
    found = search_centres(groups.cells, alike(5, 6, 7), 7, 111, 10)
    assert {k: centres.shape for k, centres in found.items()} == {k: (k, 4) for k in (5, 6, 7)}


def test_search_returns_centres_where_the_cells_are() -> None:
    cells = condense(np.array([[1e6, 1e6 + 1, 1e6 + 9]]), np.ones(3), 3)
    assert sorted(search_centres(cells, alike(2), 2, 0, 5)[2][:, 0]) == [1e6 + 0.5, 1e6 + 9]


def test_search_on_coarser_cells_first_ends_on_the_cells(
    cloud: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = search_centres(cloud.cells, alike(4, 5, 6), 6, 3, 10)
    monkeypatch.setattr(module, "COARSE_CELLS", 50)
    coarse_first = search_centres(cloud.cells, alike(4, 5, 6), 6, 3, 10)
    for k, centres in coarse_first.items():
        assert cost(cloud, centres) < 1.03 * cost(cloud, at_once[k])


def test_search_leaves_out_more_clusters_than_there_can_be() -> None:
    cells = condense(np.array([[0.0, 1.0, 5.0]]), np.ones(3), 3)
    assert sorted(search_centres(cells, alike(1, 2, 3, 4, 5), 3, 0, 2)) == [1, 2, 3]


def test_search_refuses_points_that_cannot_be_told_apart() -> None:
    cells = condense(np.array([[0.0, 1e-200, 1.0]]), np.ones(3), 3)
    with pytest.raises(ValueError, match=r"3 clusters need .* only 2 are far enough apart"):
        search_centres(cells, alike(1, 2, 3), 3, 0, 2)


def test_search_uses_what_more_clusters_have_found(
    cloud: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "improve", lambda _, state, *__: state)
    alone = search_centres(cloud.cells, alike(8), 8, 3, 1)[8]
    helped = search_centres(cloud.cells, alike(8, 9, 10, 11, 12), 12, 3, 1)[8]
    assert cost(cloud, helped) < cost(cloud, alone)


@pytest.mark.parametrize("effort", [Effort(1, 4), Effort(3, 2)])
def test_search_tries_as_many_starts_and_swaps_as_it_is_told(
    effort: Effort, cloud: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def improve_nothing(_: Ground, state: State, n_swaps: int, __: object) -> State:
        tried.append(n_swaps)
        return state

    monkeypatch.setattr(module, "improve", improve_nothing)
    search_centres(cloud.cells, {7: effort}, 7, 3, 10)
    assert tried == [effort.swaps] * effort.starts
