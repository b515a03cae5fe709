"""The ground that the search for centres moves on: cells, made ready to be labelled many times."""

from typing import NamedTuple, Tuple

import numpy as np

from procluster.indb.cells import Cells
from procluster.indb.nearest import ROUNDING, own_squares, points_at_once, two_nearest

# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9

# An inertia that is a smaller share than this of that about the origin has too few right digits
# as a difference from it, and is added up from the squares.
FAINT = 1e-5


class Ground(NamedTuple):
    """Cells about their mean, and what every labelling needs of them.

    Attributes
    ----------
    cells : Cells
        Their means are taken from `origin`, so that no digits are lost to what all share.
    origin : array of float, shape (n_features,)
    frame : array of float, shape (n_features + 1, n_cells)
        The means, and a row of ones.
    moments : array of float, shape (n_cells, n_features + 1)
        Both times the weights, a cell after the other.
    slack : array of float, shape (n_cells,)
        How far rounding can move what :func:`label_cells` compares, but for the centres' share.
    inertia : float
        About the origin.
    """

    cells: Cells
    origin: np.ndarray
    frame: np.ndarray
    moments: np.ndarray
    slack: np.ndarray
    inertia: float


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground's origin.
    labels : array of int, shape (n_cells,)
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float

    def beats(self, other: "State") -> bool:
        """Return whether these are better clusters, and not the same ones rounded otherwise."""
        return self.inertia < other.inertia * (1 - SAME)


def lay_ground(cells: Cells) -> Ground:
    """Make cells ready."""
    n_features, n_cells = cells.means.shape
    origin = np.cumsum(cells.means, axis=1)[:, -1] / n_cells
    means = cells.means - origin[:, np.newaxis]
    frame = np.vstack([means, np.ones(n_cells)])
    squares = (means**2).sum(axis=0)
    return Ground(
        cells=cells._replace(means=means),
        origin=origin,
        frame=frame,
        moments=np.ascontiguousarray((cells.weights * frame).T),
        slack=8 * ROUNDING * n_features * squares,
        inertia=float(cells.weights.dot(squares)),
    )


def observe(ground: Ground, centres: np.ndarray) -> State:
    """Return how the cells see some centres."""
    labels, saved = label_cells(ground, centres)
    inertia = ground.inertia - saved
    if inertia < FAINT * ground.inertia:
        inertia = float(ground.cells.weights.dot(own_squares(ground.cells.means, centres, labels)))
    return State(centres, labels, inertia)


def label_cells(ground: Ground, centres: np.ndarray) -> Tuple[np.ndarray, float]:
    """Return the nearest centre of each cell, the lower number where two are equally near.

    Squared distances less what all centres have in common come from one matrix product; only the
    cells for which rounding could have changed the order of two centres are looked at again.

    Parameters
    ----------
    ground : Ground
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground's origin.

    Returns
    -------
    labels : array of int, shape (n_cells,)
    saved : float
        How much smaller the inertia is than that about the origin.

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 8.0]]), np.ones(3), most_cells=3)
    >>> ground = lay_ground(cells)
    >>> labels, saved = label_cells(ground, np.array([[8.0], [0.5]]) - ground.origin)
    >>> labels.tolist(), round(saved, 9)
    ([1, 1, 0], 37.5)
    """
    n_clusters, n_features = centres.shape
    planes = np.empty((n_clusters, n_features + 1))
    np.multiply(centres, -2, out=planes[:, :-1])
    planes[:, -1] = constants = (centres**2).sum(axis=1)
    spare = 8 * ROUNDING * n_features * constants.max()
    numbers = np.arange(n_clusters, dtype=np.float32)
    labels = np.empty(len(ground.slack), dtype=np.int64)
    saved = 0.0
    step = points_at_once(planes)
    for start in range(0, len(labels), step):  # called so often that a generator would be felt
        part = slice(start, start + step)
        scores = planes.dot(ground.frame[:, part])
        limits = scores.min(axis=0)
        saved -= float(ground.cells.weights[part].dot(limits))
        limits += ground.slack[part]
        limits += spare
        near = scores <= limits
        # Where one centre is near to a cell, the sum of the numbers of those near is its number.
        labels[part] = numbers.dot(near)
        if np.count_nonzero(near) > near.shape[1]:
            unsure = start + np.flatnonzero(near.sum(axis=0) > 1)
            labels[unsure], _, _ = two_nearest(ground.cells.means[:, unsure], centres)
    return labels, saved


def sum_cells(ground: Ground, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted sums of the features and, last, the weight of the cells by label.

    Returns
    -------
    array of float, shape (count, n_features + 1)
    """
    width = ground.moments.shape[1]
    places = np.arange(count * width).reshape(count, width).take(labels, axis=0)
    sums = np.bincount(places.ravel(), ground.moments.ravel(), minlength=count * width)
    return np.asarray(sums.reshape(count, width))
