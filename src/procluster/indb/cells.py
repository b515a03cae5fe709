"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np

from procluster.indb.blocks import blocks, blocks_of, find_points
from procluster.indb.nearest import own_squares
from procluster.indb.sums import label_sums

# So many cells for each cluster show well where clusters are best; of many cells, fewer will do.
FEWEST_CELLS = 512
CELLS_PER_CLUSTER = 128
MANY_CELLS = 2048
CELLS_PER_CLUSTER_OF_MANY = 16

# About so many points for each cell are enough to see where cells are to be cut.
SCOUTS_PER_CELL = 8


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
    spans : array of float, shape (n_cells,)
        The largest width in each cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray
    spans: np.ndarray


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
        The number that the upper half of each cell gets; its own for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half; infinite for a cell that
        stays whole.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters, a power of two.

    Examples
    --------
    >>> [count_cells(n_clusters) for n_clusters in (4, 5, 128, 129)]
    [512, 1024, 2048, 4096]
    """
    wanted = min(MANY_CELLS, CELLS_PER_CLUSTER * n_clusters)
    wanted = max(wanted, CELLS_PER_CLUSTER_OF_MANY * n_clusters)
    count = FEWEST_CELLS
    while count < wanted:
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
        numbers = np.arange(n_points, dtype=np.int32)
        return Cells(points, weights, numbers, np.zeros(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    spans = largest_widths(widths, numbers, len(totals))
    return Cells(means, totals, numbers.astype(np.int32), widths, spans)


def largest_widths(widths: np.ndarray, numbers: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the largest width in each cell.

    Points overwrite each other until none is left that is wider than what its cell has.
    """
    spans = np.zeros(n_cells)
    for part in blocks(len(widths)):
        wide, cells = widths[part], numbers[part]
        while len(wide):
            wider = wide > spans[cells]
            wide, cells = wide[wider], cells[wider]
            spans[cells] = wide
    return spans


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point's cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    numbers = np.zeros(len(weights), dtype=np.int64)
    reference = points[:, :1]
    step = len(weights) // (SCOUTS_PER_CELL * most_cells)
    if step > 1:
        scouts = np.ascontiguousarray(points[:, ::step]), weights[::step]
        reference, cuts = sketch_cells(*scouts, most_cells - most_cells // 4)
        del scouts  # memory is scarce
        for part in blocks(len(weights)):
            block = np.ascontiguousarray(points[:, part])
            for cut in cuts:
                numbers[part] = divide(block, numbers[part], cut)
    spread = measure_spread(points, weights, numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1).take(numbers)
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def sketch_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, List[Cut]]:
    """Return the means of the cells that some points tell, and the cuts that lead there."""
    numbers = np.zeros(len(weights), dtype=np.int64)
    spread = measure_spread(points, weights, numbers, points[:, :1])
    spread, cuts = refine(points, weights, numbers, spread, most_cells)
    return spread.means, cuts


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
        cuts.append(cut_at_means(spread, chosen))
        halves = measure_halves(points, weights, numbers, spread, chosen, cuts[-1])
        spread = replace_halves(spread, chosen, halves)


def cut_at_means(spread: Spread, chosen: np.ndarray) -> Cut:
    """Return the cut of the chosen cells at the mean of their widest feature."""
    count = len(spread.weights)
    upper, thresholds = np.arange(count), np.full(count, np.inf)
    upper[chosen] = count + np.arange(len(chosen))
    thresholds[chosen] = spread.means[spread.widest[chosen], chosen]
    return Cut(upper, spread.widest, thresholds)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Return the numbers of the points' cells after a cut."""
    n_points = len(numbers)
    places = (cut.features * n_points).take(numbers)
    places += np.arange(n_points)
    high = points.ravel().take(places) > cut.thresholds.take(numbers)
    return np.where(high, cut.upper.take(numbers), numbers)


def measure_halves(
    points: np.ndarray,
    weights: np.ndarray,
    numbers: np.ndarray,
    spread: Spread,
    chosen: np.ndarray,
    cut: Cut,
) -> Spread:
    """Cut the chosen cells, changing `numbers`; return the spread of the lower and upper halves."""
    count = len(chosen)
    place = np.full(len(spread.weights) + count, -1)
    place[chosen] = np.arange(count)
    place[len(spread.weights) :] = count + np.arange(count)
    touched = find_points(len(numbers), lambda part: place.take(numbers[part]) >= 0)
    reference = np.tile(spread.means[:, chosen], 2)
    moments = np.zeros((1 + 2 * len(points), 2 * count))
    for part in blocks_of(touched):
        values = points[:, part]
        numbers[part] = divide(values, numbers[part], cut)
        moments += sum_moments(values, weights[part], place[numbers[part]], reference)
    return spread_of(moments, reference)


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, reference: np.ndarray
) -> Spread:
    """Return the spread of the points by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    numbers : array of int, shape (n_points,)
        Their cells.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    moments = np.zeros((1 + 2 * len(points), reference.shape[1]))
    for part in blocks(len(weights)):
        moments += sum_moments(points[:, part], weights[part], numbers[part], reference)
    return spread_of(moments, reference)


def sum_moments(
    points: np.ndarray, weights: np.ndarray, cells: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Return weight, and weighted sums and squares about the reference, a row each, by cell."""
    gaps = points - reference.take(cells, axis=1)
    weighted = weights * gaps
    gaps *= weighted
    return label_sums(cells, [weights, *weighted, *gaps], reference.shape[1])


def spread_of(moments: np.ndarray, reference: np.ndarray) -> Spread:
    """Return the spread that moments about a reference tell."""
    totals, sums, squares = moments[0], *np.split(moments[1:], 2)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
