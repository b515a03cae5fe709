"""The silhouette of each number of clusters: exact, or from a sample with its standard error."""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from procluster.indb.centres import Partition
from procluster.indb.nearest import label_points, squared_distances

# Up to so many distinct vectors the silhouette is computed for each, above for a sample.
MOST_FOR_EXACT_SILHOUETTE = 2000
SILHOUETTE_SAMPLE = 600

# The sample is drawn as so many independent samples, which tell how far an estimate can be off.
SAMPLE_GROUPS = 10


class Silhouette(NamedTuple):
    """A mean silhouette and its standard error; None where undefined, no error when exact."""

    mean: Optional[float]
    error: Optional[float]


class Sample(NamedTuple):
    """Points that stand for all, in groups of equally many, one after the other.

    Attributes
    ----------
    points : array of float, shape (n_features, n_drawn)
    weights : array of float, shape (n_drawn,)
        How many customers each stands for.
    groups : int
    """

    points: np.ndarray
    weights: np.ndarray
    groups: int


def measure_silhouettes(
    points: np.ndarray,
    weights: np.ndarray,
    partitions: Sequence[Partition],
    strata: np.ndarray,
    random_state: int,
) -> Tuple[List[Silhouette], Optional[int]]:
    """Return the mean silhouette of each partition, and the sample size (None: exact).

    Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20. A sample
    is drawn in strata. It is made of groups; each customer of a group is compared with those of
    the other groups, and the standard error comes from leaving out one group at a time, the
    jackknife: Wolter (2007), Introduction to Variance Estimation, chapter 4.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    partitions : sequence of Partition
    strata : array of int, shape (n_points,)
        Such as the clusters of one of the partitions.
    random_state : int
    """
    exact = points.shape[1] <= MOST_FOR_EXACT_SILHOUETTE
    if exact:
        sample = Sample(points, weights, 1)
        distances = np.sqrt(squared_distances(points, points.T))
    else:
        sample = draw_sample(points, weights, strata, np.random.RandomState(random_state))
        distances = between_groups(sample)
    found = []
    for partition in partitions:
        labels, _ = label_points(sample.points, partition.centres)
        if not 1 < len(partition.sizes) < partition.sizes.sum():
            found.append(Silhouette(None, None))
        elif exact:
            members = memberships(labels, weights, len(partition.sizes))
            values = silhouettes_of(
                members.dot(distances), partition.sizes[:, np.newaxis], labels, partition.sizes
            )
            found.append(Silhouette(float(np.average(values, weights=weights)), None))
        else:
            found.append(jackknife(distances, sample, labels, partition.sizes))
    return found, None if exact else len(sample.weights)


def draw_sample(
    points: np.ndarray, weights: np.ndarray, strata: np.ndarray, random: np.random.RandomState
) -> Sample:
    """Draw customers with replacement, from each stratum in proportion to its customers.

    Each group has at least one of each stratum.
    """
    totals = np.bincount(strata, weights)
    # Two bytes are sorted by digits, fast.
    order = np.argsort(strata.astype(np.int16, copy=False), kind="mergesort")
    odds = weights[order]
    np.cumsum(odds, out=odds)
    ends = np.cumsum(totals)
    drawn, stand_for = [], []
    for end, total in zip(ends, totals):
        share = SILHOUETTE_SAMPLE * total / (SAMPLE_GROUPS * ends[-1])
        count = max(1, int(share + 0.5))
        shares = random.random_sample((SAMPLE_GROUPS, count))
        drawn.append(np.searchsorted(odds, end - total * (1 - shares), side="right"))
        stand_for.append(np.full((SAMPLE_GROUPS, count), total / (SAMPLE_GROUPS * count)))
    places = np.minimum(np.concatenate(drawn, axis=1).ravel(), len(order) - 1)
    return Sample(
        points[:, order[places]], np.concatenate(stand_for, axis=1).ravel(), SAMPLE_GROUPS
    )


def memberships(labels: np.ndarray, weights: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return the weight of each point in the row of its cluster, (n_clusters, n_points)."""
    members = np.zeros((n_clusters, len(labels)))
    members[labels, np.arange(len(labels))] = weights
    return members


def silhouettes_of(
    sums: np.ndarray, seen: np.ndarray, labels: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """Return (b - a) / max(a, b) of each point; 0 for a customer alone in a cluster.

    a is the mean distance to the other customers of the cluster, b to those of the nearest other.

    Parameters
    ----------
    sums : array of float, shape (..., n_clusters, n_points)
        Summed distances to those customers of each cluster that were looked at. Overwritten.
    seen : array of float, shape (..., n_clusters, 1)
        How many of each cluster were looked at.
    labels : array of int, shape (..., n_points)
    sizes : array of float, shape (n_clusters,)
    """
    own = np.expand_dims(labels, -2)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.divide(sums, seen, out=sums)  # memory is scarce
    # Nobody of a cluster was looked at: 0 / 0, and it is as if it were infinitely far away.
    np.fmin(means, np.inf, out=means)
    # The mean over a whole cluster has the customer's own distance, 0, in it.
    within = np.take_along_axis(means, own, -2) * (sizes / np.maximum(sizes - 1, 1))[own]
    np.put_along_axis(means, own, np.inf, -2)
    nearest = means.min(axis=-2, keepdims=True)
    known = np.isfinite(within) & np.isfinite(nearest) & (sizes > 1)[own]
    within, nearest = np.where(known, within, 0), np.where(known, nearest, 0)
    worse = np.maximum(within, nearest)
    return np.squeeze((nearest - within) / np.where(worse > 0, worse, 1), -2)


def between_groups(sample: Sample) -> List[List[np.ndarray]]:
    """Return the distances of those drawn in different groups, of each pair of groups once.

    Returns
    -------
    list of list of arrays of float, shape (n_drawn / n_groups, n_drawn / n_groups)
        For each group, those to each group before it. No matrix is large enough for a product
        with many threads, which on a busy server wait for each other far longer than they compute.
    """
    groups = np.split(sample.points, sample.groups, axis=1)
    return [
        [np.sqrt(squared_distances(other, one.T)) for other in groups[:place]]
        for place, one in enumerate(groups)
    ]


def jackknife(
    distances: List[List[np.ndarray]], sample: Sample, labels: np.ndarray, sizes: np.ndarray
) -> Silhouette:
    """Return the mean silhouette that a sample tells, and its standard error.

    Parameters
    ----------
    distances : list of list of arrays of float
        As :func:`between_groups` returns them.
    sample : Sample
    labels : array of int, shape (n_drawn,)
    sizes : array of float, shape (n_clusters,)
    """
    groups = sample.groups
    members = memberships(labels, sample.weights, len(sizes)).reshape(len(sizes), groups, -1)
    members = np.ascontiguousarray(members.transpose(1, 0, 2))
    others = 1 - np.eye(groups)  # nobody is compared with the own group
    # By group of those looked at and group of those looking: how far they are, and how many.
    sums = np.zeros((1 + groups, groups, *members.shape[1:]))
    for one, to_those_before in enumerate(distances):
        for other, apart in enumerate(to_those_before):
            np.dot(members[one], apart, out=sums[1 + one, other])
            np.dot(members[other], apart.T, out=sums[1 + other, one])
    seen = np.zeros((1 + groups, groups, len(sizes), 1))
    seen[1:, ..., 0] = members.sum(axis=2)[:, np.newaxis] * others[..., np.newaxis]
    leave_out_each(sums)
    leave_out_each(seen)
    values = silhouettes_of(sums, seen, labels.reshape(1, groups, -1), sizes)
    kept = np.vstack([np.ones(groups), others])[..., np.newaxis]
    weights = kept * sample.weights.reshape(groups, -1)
    means = (values * weights).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))
    deviations = means[1:] - means[1:].mean()
    error = math.sqrt((1 - 1 / groups) * float((deviations**2).sum()))
    return Silhouette(float(means[0]), error)


def leave_out_each(parts: np.ndarray) -> None:
    """Replace the first row by the sum of the others, and these by the sum without them.

    Examples
    --------
    >>> parts = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> leave_out_each(parts)
    >>> parts[:, 0].tolist()
    [7.0, 6.0, 5.0, 3.0]
    """
    parts[1:].sum(axis=0, out=parts[0])
    np.subtract(parts[0], parts[1:], out=parts[1:])
