"""Lloyd's algorithm on all the points, most of which need no look.

Whole cells are assigned by their means where that is sure to be right for all their points: the
idea of Pelleg and Moore (1999), Accelerating exact k-means algorithms with geometric reasoning,
with cells of any shape instead of a k-d tree's boxes. The others are compared with the centres,
once more whenever their bounds say so. The outcome is that of Lloyd's algorithm without any cells,
up to rounding.
"""

from typing import NamedTuple

import numpy as np

from procluster.indb.blocks import blocks, blocks_of, hand_out
from procluster.indb.bounds import Bounds
from procluster.indb.cells import Cells
from procluster.indb.nearest import label_points, points_at_once, two_nearest
from procluster.indb.sums import cluster_sums

# Lloyd's algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# A cluster with a smaller share of the weight is empty, but for what rounding leaves of its sums.
NOTHING = 1e-13


class Fit(NamedTuple):
    """Where Lloyd's algorithm came to.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre of each point; the lower number where two are equally near.
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
    """

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    steps: int


def means_of(sums: np.ndarray, cells: Cells, centres: np.ndarray) -> np.ndarray:
    """Return the means, shape (n_clusters, n_features); an empty cluster takes a worst served cell.

    Parameters
    ----------
    sums : array of float, shape (n_features + 1, n_clusters)
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
        The centres that the points were assigned to.
    """
    occupied = sums[-1] > NOTHING * sums[-1].sum()
    means = (sums[:-1] / np.where(occupied, sums[-1], 1.0)).T
    if occupied.all():
        return np.asarray(means)
    empty = np.flatnonzero(~occupied)
    costs = cells.weights * two_nearest(cells.means, centres)[1]
    worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
    means[empty] = cells.means[:, worst].T
    return np.asarray(means)


def run_lloyd(points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray) -> Fit:
    """Move the centres to the means of their points until nothing changes.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    cells : Cells
        Of the same points.
    centres : array of float, shape (n_clusters, n_features)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> points, weights = np.array([[0.0, 1.0, 2.0, 9.0]]), np.ones(4)
    >>> fit = run_lloyd(points, weights, condense(points, weights, 3), np.array([[0.0], [1.0]]))
    >>> fit.centres.tolist(), fit.labels.tolist()
    ([[1.0], [9.0]], [0, 0, 0, 1])
    """
    cell_labels, cell_lead = label_points(cells.means, centres)
    labels = hand_out(cell_labels.astype(np.int32), cells.numbers)  # half the memory
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    bounds = Bounds(cells, cell_lead, len(centres))
    relabel(points, weights, bounds, centres, labels, sums)
    steps, rounded = 1, False
    while steps < MOST_STEPS:
        means = means_of(sums, cells, centres)
        moves = np.sqrt(((means - centres) ** 2).sum(axis=1))
        if moves.any():
            centres = means
            bounds.move(centres, moves, labels)
            rounded |= relabel(points, weights, bounds, centres, labels, sums)
            steps += 1
        elif rounded:
            sums, rounded = sum_points(points, weights, cells, centres, labels), False
        else:
            break
    return Fit(centres, labels, sums[-1], steps)


def sum_points(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the sums of the clusters, shape (n_features + 1, n_clusters).

    Each point is added once at most, where those kept up to date have been rounded with every
    change of a label.
    """
    cell_labels, _ = label_points(cells.means, centres)
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    for part in blocks(len(labels)):
        implied = cell_labels.take(cells.numbers[part])
        other = np.flatnonzero(implied != labels[part])
        values, own = points[:, part].take(other, axis=1), weights[part].take(other)
        transfer(sums, values, own, implied[other], labels[part].take(other))
    return sums


def transfer(
    sums: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    """Take points from the sums of their labels before to those of their labels after."""
    sums += cluster_sums(points, weights, after, sums.shape[1])
    sums -= cluster_sums(points, weights, before, sums.shape[1])


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    bounds: Bounds,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Give the points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    bounds : Bounds
        Told the new leads.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    bool
        Whether any label has changed.
    """
    any_changed = False
    for due in blocks_of(bounds.due, points_at_once(centres)):
        values, before = points[:, due], labels[due]
        after, lead = label_points(values, centres)
        bounds.renew(due, after, lead)
        changed = np.flatnonzero(after != before)
        if len(changed):
            any_changed = True
            labels[due] = after
            own = weights[due[changed]]
            transfer(sums, values[:, changed], own, before[changed], after[changed])
    return any_changed
