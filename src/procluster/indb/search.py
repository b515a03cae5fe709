"""The search for good centres, on the cells.

Lloyd's algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from procluster.indb.cells import Cells
from procluster.indb.lloyd import cluster_sums, means_of
from procluster.indb.nearest import label_points, own_squares, squared_distances, two_nearest
from procluster.indb.starts import draw_cells, draw_starts

# So many of the starts are improved by swaps, the best ones.
STARTS_TRIED = 2

# Places where a cluster may be split are drawn so many at a time, or one for each cluster.
FEWEST_DRAWS = 32

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50

# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_cells,)
    first, second : array of float, shape (n_cells,)
        Squared distances to the nearest and to the second nearest centre.
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    first: np.ndarray
    second: np.ndarray
    inertia: float


def search_centres(
    cells: Cells, ks: List[int], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    ks : list of int
        Consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn, and a search ends when so many swaps in a row have not helped.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    starts = draw_starts(cells, ks[-1], n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    ks = [k for k in ks if k <= most]
    found: Dict[int, State] = {}
    for k in ks:
        begun = [settle(cells, cells.means[:, own].T) for own in starts.best(k, STARTS_TRIED)]
        if k - 1 in found and found[k - 1].inertia > 0:
            begun.append(grow(cells, found[k - 1], np.random.RandomState(random_state)))
        found[k] = improve_best(cells, begun, n_init, random_state)
    for k in reversed(ks[:-1]):
        above = found[k + 1]
        cheapest = removal_costs(cells, above).argmin()
        shrunk = settle(cells, np.delete(above.centres, cheapest, axis=0), found[k].inertia)
        found[k] = min(found[k], shrunk, key=lambda state: state.inertia)
    return {k: state.centres for k, state in found.items()}


def improve_best(cells: Cells, begun: List[State], n_init: int, random_state: int) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once."""
    best, seen = begun[0], np.zeros(0)
    for state in begun:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        improved = improve(cells, state, n_init, np.random.RandomState(random_state))
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = min(best, improved, key=lambda each: each.inertia)
    return best


def settle(cells: Cells, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd's algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    before = np.inf
    for _ in range(MOST_TRIAL_STEPS):
        labels, _ = label_points(cells.means, centres)
        costs = cells.weights * own_squares(cells.means, centres, labels)
        inertia = float(np.cumsum(costs)[-1])
        gain = before - inertia
        if gain <= SETTLED * inertia or PATIENCE * gain < inertia - target:
            break
        before = inertia
        sums = cluster_sums(cells.means, cells.weights, labels, len(centres))
        centres = means_of(sums, cells, centres)
    labels, first, second = two_nearest(cells.means, centres)
    return State(centres, labels, first, second, float(np.cumsum(cells.weights * first)[-1]))


def improve(cells: Cells, state: State, n_init: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_init` of them in a row have not helped."""
    while state.inertia > 0:
        for centres in swaps(cells, state, n_init, random):
            trial = settle(cells, centres, state.inertia)
            if trial.inertia < state.inertia * (1 - SAME):
                state = trial
                break
        else:
            break
    return state


def swaps(
    cells: Cells, state: State, most: int, random: np.random.RandomState
) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    count = len(state.centres)
    drawn = draw_splits(cells, state, random)
    gains, means = split_gains(cells, state, drawn)
    order = np.argsort(-gains, kind="mergesort")
    split, first = np.unique(state.labels[drawn][order], return_index=True)
    best = order[first]
    costs = removal_costs(cells, state)
    given_up = np.argsort(costs, kind="mergesort")[: most + 1]
    net = costs[given_up] - gains[best][:, np.newaxis]
    net[split[:, np.newaxis] == given_up] = np.inf
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        row, column = divmod(int(place), len(given_up))
        if np.isfinite(net[row, column]) and count > 1:
            centres = state.centres.copy()
            centres[given_up[column]] = means[best[row]]
            yield centres


def grow(cells: Cells, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    gains, means = split_gains(cells, state, draw_splits(cells, state, random))
    return settle(cells, np.vstack([state.centres, means[gains.argmax()]]))


def draw_splits(cells: Cells, state: State, random: np.random.RandomState) -> np.ndarray:
    """Draw cells where a cluster may be split, with odds in proportion to what they cost."""
    shares = random.random_sample(max(FEWEST_DRAWS, len(state.centres)))
    return np.unique(draw_cells(np.cumsum(cells.weights * state.first), shares))


def removal_costs(cells: Cells, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    second = np.where(np.isfinite(state.second), state.second, state.first)
    return np.bincount(
        state.labels, cells.weights * (second - state.first), minlength=len(state.centres)
    )


def split_gains(cells: Cells, state: State, drawn: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return what a new centre at each drawn cell saves, and where that centre then moves to.

    The new cluster takes the cells that are nearer to it than to their centre; then it moves to
    their mean, and the clusters that gave them to the mean of what they keep. The sum of squares
    about a mean is less than that about another point by weight times squared distance.

    Returns
    -------
    gains : array of float, shape (n_drawn,)
    means : array of float, shape (n_drawn, n_features)
    """
    count, n_drawn = len(state.centres), len(drawn)
    squares = squared_distances(cells.means, cells.means[:, drawn].T)
    place, moved = np.nonzero(squares < state.first)
    owner = state.labels[moved]
    weights = cells.weights[moved]
    gains = np.bincount(
        place, weights * (state.first[moved] - squares[place, moved]), minlength=n_drawn
    )
    totals = np.bincount(place, weights, minlength=n_drawn)
    pairs = place * count + owner
    kept = np.bincount(state.labels, cells.weights, minlength=count) - np.bincount(
        pairs, weights, minlength=n_drawn * count
    ).reshape(n_drawn, count)
    means = np.empty((n_drawn, len(cells.means)))
    for feature, values in enumerate(cells.means):
        origin = values[drawn]
        sums = np.bincount(place, weights * (values[moved] - origin[place]), minlength=n_drawn)
        shifts = sums / totals
        means[:, feature] = origin + shifts
        lost = np.bincount(
            pairs,
            weights * (values[moved] - state.centres[owner, feature]),
            minlength=n_drawn * count,
        ).reshape(n_drawn, count)
        recentred = (lost**2 / np.where(kept > 0, kept, np.inf)).sum(axis=1)
        gains = gains + totals * shifts**2 + recentred
    return gains, means
