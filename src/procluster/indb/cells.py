"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import NamedTuple, Tuple

import numpy as np

from procluster.indb.nearest import own_squares

# Enough cells for so many clusters; more clusters take more cells.
FEWEST_CELLS = 1024
CELLS_PER_CLUSTER = 16


class Cells(NamedTuple):
    """Groups of points that lie near each other.

    Attributes
    ----------
    means : array of float, shape (n_features, n_cells)
    weights : array of float, shape (n_cells,)
    numbers : array of int, shape (n_points,)
        The cell of each point.
    widths : array of float, shape (n_points,)
        Twice the distance of each point to the mean of its cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray


class Spread(NamedTuple):
    """Weights, means, sums of squares and the widest feature of some cells."""

    weights: np.ndarray
    means: np.ndarray
    losses: np.ndarray
    widest: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters: 1024 up to 64, then twice as many."""
    count = FEWEST_CELLS
    while count < CELLS_PER_CLUSTER * n_clusters:
        count *= 2
    return count


def condense(points: np.ndarray, weights: np.ndarray, most_cells: int) -> Cells:
    """Divide the points into at most `most_cells` cells.

    Cells are split at the mean of their widest feature, in rounds: all those with more than an
    equal share of the sum of squares, so that an outlier soon has a cell of its own and equal
    points are never looked at again. A cell is represented by its mean and weight; what it leaves
    out of any inertia is its own sum of squares (the theorem of Huygens and Steiner).

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> cells = condense(points, weights, most_cells=2)
    >>> cells.means.tolist(), cells.weights.tolist(), cells.numbers.tolist()
    ([[0.25, 50.5]], [4.0, 2.0], [0, 0, 1, 1])
    >>> cells.widths.tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        return Cells(points, weights, np.arange(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    return Cells(means, totals, numbers, widths)


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point's cell, and the means and weights of the cells."""
    numbers = np.zeros(points.shape[1], dtype=np.int64)
    everything = np.arange(points.shape[1])
    spread = measure_spread(points, weights, everything, numbers, points[:, :1])
    while True:
        losses, count = spread.losses, len(spread.losses)
        split = np.flatnonzero(losses > losses.sum() / most_cells)
        split = split[np.argsort(-losses[split], kind="mergesort")][: most_cells - count]
        if not len(split):
            break
        place = np.full(count, -1)
        place[split] = np.arange(len(split))
        own = place[numbers]
        moving = np.flatnonzero(own >= 0)
        own = own[moving]
        feature = spread.widest[split]
        high = points[feature[own], moving] > spread.means[feature, split][own]
        numbers[moving[high]] = count + own[high]
        own[high] += len(split)
        reference = np.tile(spread.means[:, split], 2)
        halves = measure_spread(points, weights, moving, own, reference)
        spread = replace_halves(spread, split, halves)
    occupied = spread.weights > 0  # rounding may leave the upper half of a split empty
    renumbered = (np.cumsum(occupied) - 1)[numbers]
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def replace_halves(spread: Spread, split: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the split cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(split) :]], axis=-1)
        joined[..., split] = new[..., : len(split)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray,
    weights: np.ndarray,
    chosen: np.ndarray,
    cells: np.ndarray,
    reference: np.ndarray,
) -> Spread:
    """Return the spread of some points, by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    chosen : array of int, shape (n_chosen,)
        Which points.
    cells : array of int, shape (n_chosen,)
        Their cells, from 0.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    count = reference.shape[1]
    chosen_weights = weights[chosen]
    totals = np.bincount(cells, chosen_weights, minlength=count)
    safe = np.where(totals > 0, totals, 1.0)
    means = np.empty_like(reference)
    losses, most = np.zeros(count), np.full(count, -1.0)
    widest = np.zeros(count, dtype=np.int64)
    for feature, (values, origin) in enumerate(zip(points, reference)):
        gaps = values[chosen]
        gaps -= origin[cells]
        weighted = chosen_weights * gaps
        shifts = np.bincount(cells, weighted, minlength=count) / safe
        weighted *= gaps
        squares = np.bincount(cells, weighted, minlength=count) - totals * shifts**2
        means[feature] = origin + shifts
        np.maximum(squares, 0, out=squares)
        widest[squares > most] = feature
        np.maximum(most, squares, out=most)
        losses += squares
    return Spread(totals, means, losses, widest)
