"""The search for good centres, on the cells.

Lloyd's algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple

import numpy as np

from procluster.indb.cells import Cells, condense
from procluster.indb.ground import SAME, Ground, State, lay_ground, observe, sum_cells
from procluster.indb.lloyd import means_of
from procluster.indb.nearest import two_nearest
from procluster.indb.splits import Splits, split_clusters
from procluster.indb.starts import draw_starts

# The search begins on so many coarser cells, or on so many for each cluster, where a trial costs
# little, and is repeated on the cells themselves.
COARSE_CELLS = 512
COARSE_CELLS_PER_CLUSTER = 8

# So many swaps that fail in a row are enough where little is left to find.
FEW_SWAPS = 3

# After so many swaps that failed the clusters are split anew, elsewhere.
SWAPS_AT_ONCE = 5

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50


class Effort(NamedTuple):
    """How long to search.

    Attributes
    ----------
    starts : int
        How many of the starts that are drawn are improved by swaps, the best ones.
    swaps : int
        An improvement ends when so many swaps in a row have not helped.
    """

    starts: int
    swaps: int


def search_centres(
    cells: Cells, efforts: Dict[int, Effort], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    efforts : dict of Effort
        By number of clusters: consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    most_clusters = max(efforts)
    fine = coarse = lay_ground(cells)
    most_coarse = max(COARSE_CELLS, COARSE_CELLS_PER_CLUSTER * most_clusters)
    if len(cells.weights) > most_coarse:
        coarse = lay_ground(condense(fine.cells.means, cells.weights, most_coarse))
    starts = draw_starts(coarse.cells, most_clusters, n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    begun = {
        k: [coarse.cells.means[:, own].T for own in starts.best(k, effort.starts)]
        for k, effort in efforts.items()
        if k <= most
    }
    n_swaps = {k: effort.swaps for k, effort in efforts.items()}
    found = climb(coarse, begun, n_swaps, random_state)
    if coarse is not fine:
        begun = {k: [state.centres + coarse.origin] for k, state in found.items()}
        few = {k: min(FEW_SWAPS, most) for k, most in n_swaps.items()}
        found = climb(fine, begun, few, random_state)
    return {k: state.centres + fine.origin for k, state in found.items()}


def climb(
    ground: Ground, begun: Dict[int, List[np.ndarray]], n_swaps: Dict[int, int], random_state: int
) -> Dict[int, State]:
    """Return the best states that are found from some centres, by number of clusters."""
    found: Dict[int, State] = {}
    random = np.random.RandomState()
    for k, starts in begun.items():
        states = [settle(ground, centres) for centres in starts]
        if k - 1 in found and found[k - 1].inertia > 0:
            random.seed(random_state)
            states.append(grow(ground, found[k - 1], random))
        found[k] = improve_best(ground, states, n_swaps[k], random, random_state)
    for k in sorted(found, reverse=True)[1:]:
        shrunk = shrink(ground, found[k + 1], found[k].inertia)
        found[k] = shrunk if shrunk.beats(found[k]) else found[k]
    return found


def improve_best(
    ground: Ground,
    states: List[State],
    n_swaps: int,
    random: np.random.RandomState,
    random_state: int,
) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once.

    Each begins with the same draws. (To seed `random` anew takes a fiftieth of the time of making
    another one.)
    """
    best, seen = states[0], np.zeros(0)
    for state in states:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        random.seed(random_state)
        improved = improve(ground, state, n_swaps, random)
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = improved if improved.beats(best) else best
    return best


def settle(ground: Ground, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd's algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    state = observe(ground, centres)
    for _ in range(MOST_TRIAL_STEPS):
        sums = sum_cells(ground, state.labels, len(centres))
        moved = observe(ground, means_of(sums.T, ground.cells, state.centres))
        gain = state.inertia - moved.inertia
        state = moved
        if gain <= SETTLED * state.inertia or PATIENCE * gain < state.inertia - target:
            break
    return state


def improve(ground: Ground, state: State, n_swaps: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_swaps` of them in a row have not helped."""
    failed, costs = 0, removal_costs(ground, state)
    while failed < n_swaps and state.inertia > 0 and len(state.centres) > 1:
        splits = split_clusters(ground, state, random)
        for centres in swaps(state, splits, costs, min(SWAPS_AT_ONCE, n_swaps - failed)):
            trial = settle(ground, centres, state.inertia)
            failed += 1
            if trial.beats(state):
                state, failed, costs = trial, 0, removal_costs(ground, trial)
                break
    return state


def swaps(state: State, splits: Splits, costs: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    net = costs - splits.gains[:, np.newaxis]
    np.fill_diagonal(net, np.inf)
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        split, given_up = divmod(int(place), len(net))
        if split == given_up:  # two clusters have no more than two swaps
            return
        centres = state.centres.copy()
        centres[split], centres[given_up] = splits.lower[split], splits.upper[split]
        yield centres


def grow(ground: Ground, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    splits = split_clusters(ground, state, random)
    split = splits.gains.argmax()
    centres = np.vstack([state.centres, splits.upper[split]])
    centres[split] = splits.lower[split]
    return settle(ground, centres)


def shrink(ground: Ground, state: State, target: float) -> State:
    """Return the state with one cluster less, given up where that costs least."""
    cheapest = removal_costs(ground, state).argmin()
    return settle(ground, np.delete(state.centres, cheapest, axis=0), target)


def removal_costs(ground: Ground, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    labels, first, second = two_nearest(ground.cells.means, state.centres)
    more = np.where(np.isfinite(second), second - first, 0.0)
    return np.bincount(labels, ground.cells.weights * more, minlength=len(state.centres))
