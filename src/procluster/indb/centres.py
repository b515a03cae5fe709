"""Weighted K-Means: centres of points that stand for many customers each.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy, because sums over points are made only where
their order is fixed (bincount, cumsum, fsum). scikit-learn's KMeans from the same starting centres
with tol=0 comes to the same centres.
Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory.
"""

import math
from typing import NamedTuple, Tuple

import numpy as np

# Restarts see at most so many points; more are condensed to cells.
MOST_CELLS = 4096

# So many points are tried as better starting centres before each run.
SWAPS_TRIED = 25

# Lloyd's algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_ITERATIONS = 10000

# Distances are computed for so many pairs at a time, to stay in the processor's cache.
PAIRS_AT_ONCE = 65536


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre; the lower number where two are equally near.
    distances : array of float, shape (n_points,)
        Euclidean distance to it.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd's algorithm.
    """

    centres: np.ndarray
    labels: np.ndarray
    distances: np.ndarray
    inertia: float
    iterations: int


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    for values, centre_values in zip(points, centres.T):
        gap = values - centre_values[:, np.newaxis]
        gap *= gap
        total += gap
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each point the nearest centre, the distance to it and to the second nearest.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [3.0]]))]
    [[0, 1], [1.0, 1.0], [3.0, 3.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    step = max(1, PAIRS_AT_ONCE // len(centres))
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, np.sqrt(first), np.sqrt(second)


def seed_centres(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random: np.random.RandomState
) -> np.ndarray:
    """Draw starting centres by greedy k-means++.

    Each centre is the best of a few points drawn with probability proportional to weight times
    squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
    advantages of careful seeding.

    Raises
    ------
    ValueError
        When fewer than `n_clusters` points are far enough apart to be told from each other.
    """
    n_draws = 2 + int(math.log(n_clusters))
    nearest = np.ones(points.shape[1])
    cumulated = np.cumsum(weights)[np.newaxis]
    best = 0
    chosen = []
    for index in range(n_clusters):
        odds = cumulated[best]
        if not odds[-1] > 0:
            raise ValueError(
                f"n_clusters: {n_clusters} clusters need as many distinct feature vectors, "
                f"and only {index} are far enough apart to be told from each other. "
                f"Allowed: 1 to {index}."
            )
        draws = draw_points(odds, n_draws, random)
        squares = squared_distances(points, points[:, draws].T)
        if index:
            squares = np.minimum(squares, nearest)
        cumulated = np.cumsum(weights * squares, axis=1)
        best = int(cumulated[:, -1].argmin())
        nearest = squares[best]
        chosen.append(draws[best])
    return np.array(points[:, chosen].T)


def draw_points(odds: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Draw indices by cumulated odds; none of those whose own odds are zero."""
    draws = np.searchsorted(odds, random.random_sample(count) * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))


def swap_centres(
    points: np.ndarray, weights: np.ndarray, centres: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    """Return better starting centres: a point drawn as above replaces a centre when that helps.

    Which centre is best given up is seen from the second nearest centre of its points. Lattanzi
    and Sohler (2019), A better k-means++ algorithm via local search, ICML.
    """
    centres = centres.copy()
    labels, first, second = two_nearest(points, centres)
    for _ in range(SWAPS_TRIED):
        odds = np.cumsum(weights * first**2)
        if not odds[-1] > 0:
            break
        drawn = draw_points(odds, 1, random)
        distances = np.sqrt(squared_distances(points, points[:, drawn].T)[0])
        kept = np.minimum(first, distances) ** 2
        loss = weights * (np.minimum(second, distances) ** 2 - kept)
        losses = np.bincount(labels, loss, minlength=len(centres))
        if np.cumsum(weights * kept)[-1] + losses.min() < odds[-1]:
            centres[losses.argmin()] = points[:, drawn[0]]
            labels, first, second = two_nearest(points, centres)
    return centres


def weighted_means(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, count: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the means, shape (count, n_features), and weights of the groups; 0 where empty."""
    total = np.bincount(labels, weights, minlength=count)
    sums = [np.bincount(labels, weights * values, minlength=count) for values in points]
    return np.column_stack(sums) / np.where(total > 0, total, 1.0)[:, np.newaxis], total


def move_centres(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, centres: np.ndarray
) -> np.ndarray:
    """Return the means of the clusters; a cluster without points moves to the worst served one."""
    means, total = weighted_means(points, weights, labels, len(centres))
    empty = np.flatnonzero(total == 0)
    if len(empty):
        costs = weights * ((points - centres[labels].T) ** 2).sum(axis=0)
        worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
        means[empty] = points[:, worst].T
    return means


def run_lloyd(points: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> Partition:
    """Move centres to the means of their points until nothing changes.

    A point is compared with all centres only when bounds on its distances leave room for a
    change, which skips most of the work and changes no result: Hamerly (2010), Making k-means
    even faster, SIAM International Conference on Data Mining.
    """
    labels, upper, lower = two_nearest(points, centres)
    iterations = 0
    while iterations < MOST_ITERATIONS:
        iterations += 1
        moved = move_centres(points, weights, labels, centres)
        shifts = np.sqrt(((moved - centres) ** 2).sum(axis=1))
        centres = moved
        if not shifts.any():
            exact = two_nearest(points, centres)
            if (exact[0] == labels).all():
                break
            labels, upper, lower = exact  # rounding of the bounds had hidden a change
            continue
        upper += shifts[labels]
        lower -= shifts.max()
        doubtful = np.flatnonzero(upper >= lower)
        gaps = points[:, doubtful] - centres[labels[doubtful]].T
        upper[doubtful] = np.sqrt((gaps**2).sum(axis=0))
        doubtful = doubtful[upper[doubtful] >= lower[doubtful]]
        nearest = two_nearest(points[:, doubtful], centres)
        labels[doubtful], upper[doubtful], lower[doubtful] = nearest
    labels, distances, _ = two_nearest(points, centres)
    inertia = math.fsum(weights * distances**2)
    return Partition(centres, labels, distances, inertia, iterations)


def condense(
    points: np.ndarray, weights: np.ndarray, most_cells: int = MOST_CELLS
) -> Tuple[np.ndarray, np.ndarray]:
    """Return at most `most_cells` weighted points that stand for all of them.

    Cells are split at the mean of their widest feature, those with the largest sum of squares
    first, so that an outlier soon has a cell of its own. A cell is represented by its mean and
    weight; what it leaves out of any inertia is its own sum of squares.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> [each.tolist() for each in condense(points, weights, most_cells=2)]
    [[[0.25, 50.5]], [4.0, 2.0]]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        return points, weights
    cells, count = np.zeros(n_points, dtype=np.int64), 1
    while True:
        means, total = weighted_means(points, weights, cells, count)
        squares = weights * (points - means[cells].T) ** 2
        spreads = np.array([np.bincount(cells, values, minlength=count) for values in squares])
        loss = spreads.sum(axis=0)
        split = np.flatnonzero(loss > loss.max() / 4)
        split = split[np.argsort(-loss[split], kind="mergesort")][: most_cells - count]
        if not len(split):
            occupied = total > 0  # rounding may leave the upper part of a split empty
            return np.ascontiguousarray(means[occupied].T), total[occupied]
        upper_part = np.full(count, -1)
        upper_part[split] = count + np.arange(len(split))
        movable = np.flatnonzero(upper_part[cells] >= 0)
        own = cells[movable]
        widest = spreads.argmax(axis=0)[own]
        high = points[widest, movable] > means[own, widest]
        cells[movable[high]] = upper_part[own[high]]
        count += len(split)


def fit_centres(
    points: np.ndarray,
    weights: np.ndarray,
    cells: Tuple[np.ndarray, np.ndarray],
    n_clusters: int,
    random_state: int,
    n_init: int,
) -> Partition:
    """Return the best of `n_init` K-Means runs from different starting centres.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    cells : tuple
        What `condense` makes of both. The runs are compared on the cells; the winner is then
        run to its fixed point on all the points.
    n_clusters, random_state, n_init : int
        Equally good runs: the first.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> best = fit_centres(points, weights, condense(points, weights), 2, 111, 10)
    >>> sorted(best.centres[:, 0].tolist()), best.inertia
    ([0.5, 8.0], 0.5)
    """
    random = np.random.RandomState(random_state)
    runs = []
    for _ in range(n_init):
        seeds = seed_centres(*cells, n_clusters, random)
        runs.append(run_lloyd(*cells, swap_centres(*cells, seeds, random)))
    best = min(runs, key=lambda run: run.inertia)
    final = run_lloyd(points, weights, best.centres)
    return final._replace(iterations=best.iterations + final.iterations)
