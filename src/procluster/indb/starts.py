"""Starting centres by greedy k-means++.

Each centre is the best of a few points drawn with probability proportional to weight times
squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
advantages of careful seeding.
"""

import math
from typing import NamedTuple

import numpy as np

from procluster.indb.cells import Cells
from procluster.indb.nearest import squared_distances


class Starts(NamedTuple):
    """Sequences of starting centres; the first k of a sequence are a start for k clusters.

    Attributes
    ----------
    chosen : array of int, shape (n_starts, n_clusters)
        Cells.
    inertias : array of float, shape (n_starts, n_clusters)
        What the cells cost with the first 1, 2, ... centres of the sequence.
    """

    chosen: np.ndarray
    inertias: np.ndarray

    def best(self, n_clusters: int, count: int) -> np.ndarray:
        """Return the cells of the `count` best starts for so many clusters, a row each."""
        order = np.argsort(self.inertias[:, n_clusters - 1], kind="mergesort")
        return np.asarray(self.chosen[order[:count], :n_clusters])


def draw_starts(
    cells: Cells, n_clusters: int, n_starts: int, random: np.random.RandomState
) -> Starts:
    """Draw sequences of up to `n_clusters` starting centres.

    They are shorter when fewer cells are far enough apart to be told from each other. The draws
    for a centre do not depend on how many come after it.
    """
    chosen = np.zeros((n_starts, n_clusters), dtype=np.int64)
    inertias = np.zeros((n_starts, n_clusters))
    nearest = np.full((n_starts, len(cells.weights)), np.inf)
    odds = np.repeat(np.cumsum(cells.weights)[np.newaxis], n_starts, axis=0)
    for index in range(n_clusters):
        if not (odds[:, -1] > 0).all():
            return Starts(chosen[:, :index], inertias[:, :index])
        shares = random.random_sample((n_starts, 2 + int(math.log(index + 1))))
        for row in range(n_starts):
            draws = draw_cells(odds[row], shares[row])
            squares = squared_distances(cells.means, cells.means[:, draws].T)
            np.minimum(squares, nearest[row], out=squares)
            cumulated = np.cumsum(cells.weights * squares, axis=1)
            best = int(cumulated[:, -1].argmin())
            nearest[row], odds[row] = squares[best], cumulated[best]
            chosen[row, index], inertias[row, index] = draws[best], odds[row, -1]
    return Starts(chosen, inertias)


def draw_cells(odds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the indices at the given shares of the cumulated odds; none whose odds are zero."""
    draws = np.searchsorted(odds, shares * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))
