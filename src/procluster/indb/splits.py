"""Where each cluster would be split in two, and what that gains."""

from typing import NamedTuple

import numpy as np

from procluster.indb.ground import Ground, State, sum_cells
from procluster.indb.nearest import own_squares

# From a drawn cell, so many steps of Lloyd's algorithm with two centres settle where the halves
# are, near enough to tell which cluster to split.
SPLIT_STEPS = 2


class Splits(NamedTuple):
    """The clusters, each in two.

    Attributes
    ----------
    gains : array of float, shape (n_clusters,)
        What the inertia loses at least when the cluster is split.
    lower, upper : array of float, shape (n_clusters, n_features)
        The means of the halves.
    """

    gains: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def split_clusters(ground: Ground, state: State, random: np.random.RandomState) -> Splits:
    """Split every cluster at once, each between its centre and a cell drawn from it.

    What a split gains is the sum of squares between the means of the halves (the theorem of
    Huygens and Steiner).
    """
    count, means = len(state.centres), ground.cells.means
    lower, upper = state.centres, means[:, draw_members(ground, state, random)].T
    for _ in range(SPLIT_STEPS):
        apart = own_squares(means, upper, state.labels)
        high = apart < own_squares(means, lower, state.labels)
        sums = sum_cells(ground, state.labels + count * high, 2 * count).reshape(2, count, -1)
        weights = sums[..., -1]
        lower, upper = sums[..., :-1] / np.where(weights > 0, weights, 1)[..., np.newaxis]
    shares = weights[0] * weights[1] / np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
    return Splits(shares * ((lower - upper) ** 2).sum(axis=1), lower, upper)


def draw_members(ground: Ground, state: State, random: np.random.RandomState) -> np.ndarray:
    """Draw a cell of each cluster, with odds in proportion to what the cells cost."""
    order = np.argsort(state.labels, kind="mergesort")
    ends = np.cumsum(np.bincount(state.labels, minlength=len(state.centres)))
    squares = own_squares(ground.cells.means, state.centres, state.labels)
    odds = np.cumsum((ground.cells.weights * squares)[order])
    totals = np.append(0.0, odds)[np.append(0, ends)]
    shares = random.random_sample(len(ends))
    places = np.searchsorted(odds, totals[:-1] + shares * np.diff(totals), side="right")
    return np.asarray(order[np.minimum(places, np.maximum(ends - 1, 0))])
