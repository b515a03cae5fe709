"""Which centre is nearest to each point, exactly, and how clearly.

Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory;
centres are arrays of shape (n_clusters, n_features).
"""

from typing import Tuple

import numpy as np

from procluster.indb.blocks import POINTS_AT_ONCE, blocks

# So many pairs are looked at a time, to stay in the processor's cache.
PAIRS_AT_ONCE = 32768

# Up to so many multiplications OpenBLAS uses one thread (its GEMM_MULTITHREAD_THRESHOLD); more
# threads would wait for each other longer than they compute, above all on a busy server.
PRODUCTS_AT_ONCE = 262144

# A dot product of n terms has a relative error of at most about n times this (Higham, 2002,
# Accuracy and Stability of Numerical Algorithms, chapter 3), with room for what follows it.
ROUNDING = 1e-14


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    gaps = np.empty_like(total)
    for values, centre_values in zip(points, centres.T):
        np.subtract(values, centre_values[:, np.newaxis], out=gaps)
        gaps *= gaps
        total += gaps
    return total


def own_squares(points: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point to the centre it is labelled with."""
    columns = np.ascontiguousarray(centres.T)
    total = np.empty(points.shape[1])
    for part in blocks(len(total)):
        gaps = columns.take(labels[part], axis=1)
        gaps -= points[:, part]
        gaps *= gaps
        gaps.sum(axis=0, out=total[part])
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and the squares of the two smallest distances.

    The lower number where two centres are equally near; an infinite square where there is no
    second centre.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [2.0]]))]
    [[0, 1], [1.0, 4.0], [4.0, 9.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    # Larger arrays would go back to the system and come again, zeroed, each time.
    step = max(64, points_at_once(centres) // 4)
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, first, second


def points_at_once(centres: np.ndarray) -> int:
    """Return how many points to compare with the centres at a time."""
    n_clusters, n_features = centres.shape
    pairs = min(PAIRS_AT_ONCE, PRODUCTS_AT_ONCE // n_features)
    return int(min(POINTS_AT_ONCE, max(64, pairs // n_clusters)))


def label_points(points: np.ndarray, centres: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and how much farther the second one is at least.

    The same labels as those of :func:`two_nearest`, faster: squared distances less what all
    centres have in common come from one matrix product, and only the points for which rounding
    could have changed the order of two centres are looked at again.

    Returns
    -------
    labels : array of int, shape (n_points,)
    lead : array of float, shape (n_points,)
        A lower bound of the distance to the second nearest centre less that to the nearest.
    """
    n_points = points.shape[1]
    labels = np.zeros(n_points, dtype=np.int64)
    lead = np.full(n_points, np.inf)
    if len(centres) == 1:
        return labels, lead
    origin = centres.sum(axis=0) / len(
        centres
    )  # digits are not lost to an offset that all points share
    centred = centres - origin
    constants = (centred**2).sum(axis=1)[:, np.newaxis]
    for part in blocks(n_points, points_at_once(centres)):
        moved = points[:, part] - origin[:, np.newaxis]
        scores = np.dot(-2 * centred, moved)
        scores += constants
        first = scores.min(axis=0)
        nearest = (scores == first).argmax(axis=0)
        scores[nearest, np.arange(len(nearest))] = np.inf
        second = scores.min(axis=0)
        moved *= moved
        norms = moved.sum(axis=0)
        error = ROUNDING * len(points) * (2 * norms + second)
        unsure = np.flatnonzero(second - first <= 2 * error)
        lead[part] = np.sqrt(np.maximum(second + norms - error, 0)) - np.sqrt(
            np.maximum(first + norms + error, 0)
        )
        if len(unsure):
            nearest[unsure], *squares = two_nearest(points[:, part][:, unsure], centres)
            lead[part][unsure] = np.sqrt(squares[1]) - np.sqrt(squares[0])
        labels[part] = nearest
    return labels, lead
