"""The silhouette of each number of clusters: exact, or from a sample with its standard error."""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from procluster.indb.centres import Partition, squared_distances

# Up to so many distinct vectors the silhouette is computed for each, above for a sample.
MOST_FOR_EXACT_SILHOUETTE = 6000
SILHOUETTE_SAMPLE = 1000

# Distances held in memory at a time: 8 MB.
DISTANCES_AT_ONCE = 1000000


class Silhouette(NamedTuple):
    """A mean silhouette and its standard error; None where undefined, no error when exact."""

    mean: Optional[float]
    error: Optional[float]


def measure_silhouettes(
    points: np.ndarray, weights: np.ndarray, partitions: Sequence[Partition], random_state: int
) -> Tuple[List[Silhouette], Optional[int]]:
    """Return the mean silhouette of each partition, and the sample size (None: exact).

    A sample is drawn from each cluster of the finest partition (a stratum) in proportion to its
    customers, and vectors within it in proportion to theirs, so every customer counts alike.
    Each one drawn is compared with all customers.
    Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20.
    """
    n_points = points.shape[1]
    if n_points <= MOST_FOR_EXACT_SILHOUETTE:
        sample, strata, size = np.arange(n_points), None, None
    else:
        strata = partitions[-1].labels
        sample = draw_sample(weights, strata, np.random.RandomState(random_state))
        size = len(sample)
    drawn, where = np.unique(sample, return_inverse=True)
    sums = distance_sums(points, weights, drawn, partitions)
    found = []
    for partition, to_clusters in zip(partitions, sums):
        sizes = np.bincount(partition.labels, weights)
        if not 1 < len(sizes) < sizes.sum():
            found.append(Silhouette(None, None))
            continue
        values = silhouettes_of(to_clusters, partition.labels[drawn], sizes)[where]
        if strata is None:
            found.append(Silhouette(float(np.average(values, weights=weights)), None))
        else:
            found.append(stratified_mean(values, strata[sample], np.bincount(strata, weights)))
    return found, size


def draw_sample(
    weights: np.ndarray, strata: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    """Return indices of points, drawn with replacement, at least two from each stratum."""
    totals = np.bincount(strata, weights)
    drawn = []
    for stratum, total in enumerate(totals.tolist()):
        members = np.flatnonzero(strata == stratum)
        count = max(2, round(SILHOUETTE_SAMPLE * total / float(weights.sum())))
        odds = np.cumsum(weights[members])
        places = np.searchsorted(odds, random.random_sample(count) * total, side="right")
        drawn.append(members[np.minimum(places, len(members) - 1)])
    return np.concatenate(drawn)


def distance_sums(
    points: np.ndarray, weights: np.ndarray, drawn: np.ndarray, partitions: Sequence[Partition]
) -> List[np.ndarray]:
    """Return for each partition the summed distances (n_drawn, k) to the customers by cluster.

    The distances are the same for every partition, so they are computed once, a block of points
    at a time, and summed by a matrix product with the memberships of all partitions side by side.
    """
    starts = np.cumsum([0] + [len(partition.centres) for partition in partitions])
    sums = np.zeros((len(drawn), starts[-1]))
    step = max(1, DISTANCES_AT_ONCE // len(drawn))
    for first in range(0, points.shape[1], step):
        part = slice(first, first + step)
        distances = np.sqrt(squared_distances(points[:, part], points[:, drawn].T))
        members = np.zeros((distances.shape[1], starts[-1]))
        rows = np.arange(len(members))
        for start, partition in zip(starts, partitions):
            members[rows, start + partition.labels[part]] = weights[part]
        sums += distances.dot(members)
    return np.split(sums, starts[1:-1], axis=1)


def silhouettes_of(sums: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return (b - a) / max(a, b) of each point; 0 for a customer alone in a cluster.

    a is the mean distance to the other customers of the cluster, b to those of the nearest other.

    Parameters
    ----------
    sums : array of float, shape (n_points, n_clusters)
        Summed distances to the customers of each cluster.
    labels : array of int, shape (n_points,)
    sizes : array of float, shape (n_clusters,)
    """
    own = np.arange(len(labels)), labels
    within = sums[own] / np.maximum(sizes[labels] - 1, 1)
    others = sums / sizes
    others[own] = np.inf
    nearest = others.min(axis=1)
    worse = np.maximum(within, nearest)
    values = (nearest - within) / np.where(worse > 0, worse, 1)
    return np.where(sizes[labels] > 1, values, 0.0)


def stratified_mean(values: np.ndarray, strata: np.ndarray, totals: np.ndarray) -> Silhouette:
    """Return the mean over all customers from a sample of each stratum, and its standard error.

    Cochran (1977), Sampling Techniques, chapter 5.
    """
    shares = totals / totals.sum()
    counts = np.bincount(strata)
    means = np.bincount(strata, values) / counts
    variances = np.bincount(strata, (values - means[strata]) ** 2) / (counts - 1)
    error = math.sqrt(float((shares**2 * variances / counts).sum()))
    return Silhouette(float(means.dot(shares)), error)
