"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np

from procluster.indb.nearest import POINTS_AT_ONCE, own_squares

# Enough cells for so many clusters; more clusters take more cells.
FEWEST_CELLS = 2048
CELLS_PER_CLUSTER = 16

# About so many points are enough to see where cells are to be cut.
SCOUTS = 32768


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


class Cut(NamedTuple):
    """Which cells are cut in two, and where; arrays of shape (n_cells,).

    Attributes
    ----------
    upper : array of int
        The number that the upper half of each cell gets; -1 for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters: 2048 up to 128, then twice as many."""
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
    """Return the number of each point's cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    n_points = points.shape[1]
    numbers = np.zeros(n_points, dtype=np.int64)
    reference = points[:, :1]
    step = n_points // SCOUTS
    if step > 1:
        scouts, scout_weights = np.ascontiguousarray(points[:, ::step]), weights[::step]
        places = np.zeros(len(scout_weights), dtype=np.int64)
        sketch = measure_spread(scouts, scout_weights, np.arange(len(places)), places, reference)
        sketch, cuts = refine(scouts, scout_weights, places, sketch, most_cells * 3 // 4)
        for cut in cuts:
            divide(points, numbers, cut)
        reference = sketch.means
    spread = measure_spread(points, weights, np.arange(n_points), numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1)[numbers]
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def refine(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, spread: Spread, most_cells: int
) -> Tuple[Spread, List[Cut]]:
    """Cut cells until there are `most_cells` or none differs inside; change `numbers`.

    Returns
    -------
    spread : Spread
        Of the cells there are then.
    cuts : list of Cut
    """
    cuts: List[Cut] = []
    while True:
        losses, count = spread.losses, len(spread.losses)
        chosen = np.flatnonzero(losses > losses.sum() / most_cells)
        largest = np.argsort(-losses[chosen], kind="mergesort")[: most_cells - count]
        chosen = np.sort(chosen[largest])
        if not len(chosen):
            return spread, cuts
        upper = np.full(count, -1)
        upper[chosen] = count + np.arange(len(chosen))
        thresholds = spread.means[spread.widest, np.arange(count)]
        cuts.append(Cut(upper, spread.widest, thresholds))
        moved = divide(points, numbers, cuts[-1])
        place = np.append(upper, upper[chosen] + len(chosen)) - count
        reference = np.tile(spread.means[:, chosen], 2)
        halves = measure_spread(points, weights, moved, place[numbers[moved]], reference)
        spread = replace_halves(spread, chosen, halves)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Give points beyond the thresholds the upper numbers; return the points of all cut cells."""
    upper = cut.upper[numbers]
    touched = np.flatnonzero(upper >= 0)
    own = numbers[touched]
    high = points[cut.features[own], touched] > cut.thresholds[own]
    numbers[touched[high]] = upper[touched[high]]
    return touched


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
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
    n_features, count = reference.shape
    totals = np.zeros(count)
    sums, squares = np.zeros((2, n_features, count))
    for start in range(0, len(chosen), POINTS_AT_ONCE):
        part = chosen[start : start + POINTS_AT_ONCE]
        own = cells[start : start + POINTS_AT_ONCE]
        part_weights = weights[part]
        totals += np.bincount(own, part_weights, minlength=count)
        for feature in range(n_features):
            gaps = points[feature].take(part)
            gaps -= reference[feature].take(own)
            weighted = part_weights * gaps
            sums[feature] += np.bincount(own, weighted, minlength=count)
            weighted *= gaps
            squares[feature] += np.bincount(own, weighted, minlength=count)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
