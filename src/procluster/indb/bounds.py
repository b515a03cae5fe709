"""Which points may have changed their cluster since they were looked at; most have not for sure.

A point keeps its cluster while its lead, by which the second nearest centre is farther than the
nearest, is not used up by what the centres move: Hamerly (2010), Making k-means even faster, SIAM
International Conference on Data Mining. What uses it up is the move of its own centre, and the
largest move among the centres that are near enough to its cell to be the second. So a centre that
jumps among outliers makes nobody else unsure, and where centres rest nothing is looked at.
"""

from typing import Union

import numpy as np

from procluster.indb.blocks import filter_points, find_points, hand_out
from procluster.indb.cells import Cells
from procluster.indb.nearest import squared_distances

# The centres near to each cell, and the points watched, hold until a centre has moved farther than
# so many times its step when they were found; then they are found anew.
STEPS_AHEAD = 8

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


class Bounds:
    """How far the centres may move until a point has to be looked at again.

    Parameters
    ----------
    cells : Cells
    cell_lead : array of float, shape (n_cells,)
        How much farther the second nearest centre of each mean is than the nearest.
    n_clusters : int

    Attributes
    ----------
    due : array of int
        The points to look at now.
    """

    def __init__(self, cells: Cells, cell_lead: np.ndarray, n_clusters: int) -> None:
        self._cells = cells
        # At distance r from the mean of its cell a point's lead is smaller than the mean's by 2 r
        # at most, by the triangle inequality, twice.
        self._limits = hand_out(cell_lead * SAFETY, cells.numbers)
        self._limits -= cells.widths
        self.due = find_points(len(self._limits), lambda part: self._limits[part] <= 0)
        self._reach = np.full(n_clusters, -1.0)  # nothing is watched yet
        self._own_moves = np.zeros(n_clusters)
        self._other_moves = np.zeros(len(cell_lead))

    def renew(self, points: np.ndarray, labels: np.ndarray, lead: np.ndarray) -> None:
        """Note the lead of some points, given by their numbers, after their labels."""
        numbers = self._cells.numbers[points]
        used = use_up(numbers, labels, self._own_moves, self._other_moves)
        self._limits[points] = lead * SAFETY + used

    def move(self, centres: np.ndarray, moves: np.ndarray, labels: np.ndarray) -> None:
        """Find the points that are due when the centres have moved.

        Parameters
        ----------
        centres : array of float, shape (n_clusters, n_features)
            Where they are now.
        moves : array of float, shape (n_clusters,)
            How far each of them has moved.
        labels : array of int, shape (n_points,)
        """
        del self.due  # memory is scarce
        moves = moves / SAFETY
        self._reach -= moves
        found_anew = bool((self._reach < 0).any())
        if found_anew:
            self._reach = STEPS_AHEAD * moves
            self._near = near_centres(self._cells, centres, self._reach)
        self._own_moves += moves
        self._other_moves += self._largest(moves)
        if found_anew:
            self._watched = self._soon_due(labels)
        own, other = self._own_moves, self._other_moves
        self.due = filter_points(
            self._watched, lambda part: self._are_due(part, labels, own, other)
        )

    def _soon_due(self, labels: np.ndarray) -> np.ndarray:
        """Return the points that are due before the centres have moved beyond their reach."""
        own = self._own_moves + self._reach
        other = self._other_moves + self._largest(self._reach)
        return find_points(len(labels), lambda part: self._are_due(part, labels, own, other))

    def _are_due(
        self,
        part: Union[slice, np.ndarray],
        labels: np.ndarray,
        own: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return which of some points such moves of the centres leave no lead."""
        used = use_up(self._cells.numbers[part], labels[part], own, other)
        return np.asarray(self._limits[part] <= used)

    def _largest(self, moves: np.ndarray) -> np.ndarray:
        """Return the largest move among the centres near to each cell."""
        moving = np.flatnonzero(moves)
        largest = np.where(self._near[moving], moves[moving, np.newaxis], 0.0).max(axis=0)
        return np.asarray(largest)


def use_up(
    numbers: np.ndarray, labels: np.ndarray, own: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return what moves take of the lead of points.

    Parameters
    ----------
    numbers, labels : array of int, shape (n,)
        The cells and the clusters of the points.
    own : array of float, shape (n_clusters,)
        What each centre moves.
    other : array of float, shape (n_cells,)
        What another one near to each cell moves at most.
    """
    used = own.take(labels)
    used += other.take(numbers)
    return np.asarray(used)


def near_centres(cells: Cells, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return which centres can be the nearest or the second of some point of each cell.

    Parameters
    ----------
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
    reach : array of float, shape (n_clusters,)
        How far each of them may be from there, then or before.

    Returns
    -------
    array of bool, shape (n_clusters, n_cells)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 50.0, 51.0]]), np.ones(4), most_cells=2)
    >>> near_centres(cells, np.array([[0.0], [2.0], [4.0], [60.0]]), np.zeros(4)).tolist()
    [[True, False], [True, False], [False, True], [False, True]]
    """
    distances = squared_distances(cells.means, centres)
    np.sqrt(distances, out=distances)
    farthest = distances + reach[:, np.newaxis]
    farthest[farthest.argmin(axis=0), np.arange(farthest.shape[1])] = np.inf
    limits = farthest.min(axis=0) + cells.spans
    distances *= SAFETY  # in its place, for memory is scarce
    distances -= reach[:, np.newaxis]
    return np.asarray(distances <= limits)
