"""The centres of K-Means, for one number of clusters or for many.

1. The points are condensed to cells (cells).
2. On the cells, centres are drawn (starts) and improved by swaps (search).
3. From there Lloyd's algorithm runs to its fixed point on all the points (lloyd): scikit-learn's
   KMeans from these centres with tol=0 stays there.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy: what labels and means are made of is computed in a
fixed order. Only inertias are dot products, whose last digits may differ; clusters are better only
when more than that tells them apart.
"""

from typing import List, NamedTuple, Tuple

import numpy as np

from procluster.indb.blocks import blocks
from procluster.indb.cells import Cells, condense, count_cells
from procluster.indb.lloyd import run_lloyd
from procluster.indb.nearest import own_squares
from procluster.indb.search import FEW_SWAPS, Effort, search_centres
from procluster.indb.sums import label_sums

# Of the starts drawn, so many are tried for each number of clusters; more for one alone, which has
# only two neighbours to help it, while there are few clusters and a start costs little.
STARTS_TRIED = 2
MORE_STARTS_TRIED = 4
FEW_CLUSTERS = 8


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    spreads : array of float, shape (n_clusters,)
        Sum of weight times Euclidean distance to the centre of each cluster.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd's algorithm on all the points.
    """

    centres: np.ndarray
    sizes: np.ndarray
    spreads: np.ndarray
    inertia: float
    iterations: int


def fit_best(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random_state: int, n_init: int
) -> Tuple[np.ndarray, np.ndarray, int]:
    """Return the best centres found for one number of clusters, with help from its neighbours.

    Parameters
    ----------
    points, weights, random_state, n_init
        As :func:`fit_centres` takes them.
    n_clusters : int

    Returns
    -------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
        Of Lloyd's algorithm on all the points.
    """
    cells = condense(points, weights, count_cells(n_clusters))
    neighbours = range(max(1, n_clusters - 1), n_clusters + 2)
    efforts = dict.fromkeys(neighbours, Effort(starts=1, swaps=FEW_SWAPS))
    starts = MORE_STARTS_TRIED if n_clusters <= FEW_CLUSTERS else STARTS_TRIED
    efforts[n_clusters] = Effort(starts, n_init)
    found = search_centres(cells, efforts, n_clusters, random_state, n_init)
    fit = run_lloyd(points, weights, cells, found[n_clusters])
    return fit.centres, fit.sizes, fit.steps


def fit_centres(
    points: np.ndarray, weights: np.ndarray, max_k: int, random_state: int, n_init: int
) -> Tuple[List[Partition], np.ndarray]:
    """Return the best partition found for each number of clusters, and the labels of the last.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    max_k : int
        At most the number of points.
    random_state, n_init : int
        As :func:`search_centres` takes them.

    Returns
    -------
    partitions : list of Partition
        For 1 to `max_k` clusters.
    labels : array of int16, shape (n_points,)
        The clusters of the points when there are `max_k`.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> (one, two), labels = fit_centres(points, weights, 2, 111, 10)
    >>> sorted(two.centres[:, 0].tolist()), one.inertia, two.inertia
    ([0.5, 8.0], 38.0, 0.5)
    """
    cells = condense(points, weights, count_cells(max_k))
    efforts = {k: Effort(STARTS_TRIED, n_init) for k in range(1, max_k + 1)}
    found = search_centres(cells, efforts, max_k, random_state, n_init)
    partitions = [fit_partition(points, weights, cells, found[k])[0] for k in range(1, max_k)]
    last, labels = fit_partition(points, weights, cells, found[max_k])
    return [*partitions, last], labels.astype(np.int16)


def fit_partition(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray
) -> Tuple[Partition, np.ndarray]:
    """Return the fixed point of Lloyd's algorithm from some centres, and the points' labels."""
    fit = run_lloyd(points, weights, cells, centres)
    inertia, spreads = 0.0, np.zeros(len(centres))
    for part in blocks(len(weights)):
        labels, own = fit.labels[part], weights[part]
        squares = own_squares(points[:, part], fit.centres, labels)
        inertia += float(own.dot(squares))
        distances = own * np.sqrt(squares)
        spreads += label_sums(labels, [distances], len(centres))[0]
    return Partition(fit.centres, fit.sizes, spreads, inertia, fit.steps), fit.labels
