"""Lloyd's algorithm on all the points, most of which need no look.

A point at distance r from the mean of its cell is nearest to the same centre as that mean when
the second nearest centre of the mean is farther from it by more than 2 r (the triangle inequality,
twice). So whole cells are assigned by their means, and only points near a border between clusters
are compared with the centres: the idea of Pelleg and Moore (1999), Accelerating exact k-means
algorithms with geometric reasoning, with cells of any shape instead of a k-d tree's boxes.
The outcome is that of Lloyd's algorithm without any cells, up to rounding.
"""

from typing import NamedTuple

import numpy as np

from procluster.indb.cells import Cells
from procluster.indb.nearest import label_points, points_at_once, two_nearest
from procluster.indb.sums import cluster_sums

# Lloyd's algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# The points watched are those that could change their cluster if the centres moved on by so many
# times their last step. Of these, only those are looked at whose lead over the second nearest
# centre is used up: Hamerly (2010), Making k-means even faster, SIAM International Conference on
# Data Mining.
STEPS_AHEAD = 16

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


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
    if (sums[-1] > 0).all():
        return np.asarray((sums[:-1] / sums[-1]).T)
    empty = np.flatnonzero(sums[-1] <= 0)
    means = (sums[:-1] / np.where(sums[-1] > 0, sums[-1], 1.0)).T
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
    count = len(centres)
    steps, reach = 0, 0.0
    while True:
        cell_labels, cell_lead = label_points(cells.means, centres)
        watched = np.flatnonzero((cell_lead * SAFETY - reach)[cells.numbers] <= cells.widths)
        labels = cell_labels[cells.numbers[watched]]
        lead = np.zeros(len(watched))
        sums = cluster_sums(cells.means, cells.weights, cell_labels, count)
        looks, drift = 0, 0.0
        while True:
            due = np.flatnonzero(lead <= drift)
            lead[due] = relabel(points, weights, watched, due, centres, labels, sums) + drift
            looks += 1
            moved = means_of(sums, cells, centres)
            step = 2 * np.sqrt(((moved - centres) ** 2).sum(axis=1).max())
            drift += step
            if step == 0 or drift > reach:
                break
            centres = moved
        steps += looks
        if (step == 0 and looks == 1) or steps >= MOST_STEPS:
            every = cell_labels[cells.numbers]
            every[watched] = labels
            return Fit(centres, every, sums[-1], steps)
        centres, reach = moved, STEPS_AHEAD * step


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    watched: np.ndarray,
    due: np.ndarray,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> np.ndarray:
    """Give the watched points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    watched : array of int, shape (n_watched,)
        Which points.
    due : array of int, shape (n_due,)
        Which of those.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_watched,)
        Their labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    array of float, shape (n_due,)
        How much farther the second nearest centre is at least.
    """
    count = len(centres)
    lead = np.empty(len(due))
    size = points_at_once(centres)
    for start in range(0, len(due), size):
        places = due[start : start + size]
        chosen, before = watched[places], labels[places]
        values = points[:, chosen]
        after, lead[start : start + size] = label_points(values, centres)
        changed = np.flatnonzero(after != before)
        if len(changed):
            values, moving = values[:, changed], weights[chosen[changed]]
            sums += cluster_sums(values, moving, after[changed], count)
            sums -= cluster_sums(values, moving, before[changed], count)
            labels[places] = after
    lead *= SAFETY
    return lead
