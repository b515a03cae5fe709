"""Sums by label, of the points of a cluster or of a cell.

They are added in an order that depends on the points only, so that every release of numpy finds
the same.
"""

from typing import Sequence

import numpy as np

# Neighbouring points often have the same label, and a processor that adds to one number again
# and again waits for itself. So the points take turns between so many sums of each label.
TURNS = 4


def label_sums(labels: np.ndarray, rows: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the sums of each row by label, shape (n_rows, count).

    Parameters
    ----------
    labels : array of int, shape (n_points,)
        From 0 to `count` - 1.
    rows : sequence of arrays of float, shape (n_points,)
    count : int

    Examples
    --------
    >>> label_sums(np.array([1, 0, 1]), [np.array([1.0, 2.0, 4.0])], 3).tolist()
    [[2.0, 5.0, 0.0]]
    """
    places = np.arange(len(labels))
    places &= TURNS - 1
    places *= count
    places += labels
    found = np.empty((len(rows), TURNS * count))
    for row, sums in zip(rows, found):
        sums[:] = np.bincount(places, row, minlength=TURNS * count)
    return np.asarray(found.reshape(len(found), TURNS, count).sum(axis=1))


def cluster_sums(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the weighted sums of each cluster's features and, last, its weight.

    Returns
    -------
    array of float, shape (n_features + 1, n_clusters)
    """
    return label_sums(labels, [*(weights * points), weights], n_clusters)
