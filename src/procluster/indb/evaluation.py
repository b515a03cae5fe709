"""How good each number of clusters is, and which one to take.

Every feature vector counts as often as there are customers who have it: all figures are those
of the customers, one by one.
"""

import json
import math
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd

from procluster.indb.centres import Partition, fit_centres
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.nearest import squared_distances
from procluster.indb.parameters import parameter_faults, refuse
from procluster.indb.runtime import model_versions
from procluster.indb.silhouette import Silhouette, measure_silhouettes
from procluster.indb.vectors import feature_scale, frame_faults, scale_points, usable_vectors

EVALUATION_FORMAT = "procluster.k_evaluation/1"

# Silhouettes this close are as good as equal when the suggestion is explained.
SILHOUETTE_MARGIN = 0.05


class Evaluation(NamedTuple):
    """How good each number of clusters is.

    Attributes
    ----------
    document : str
        JSON in ASCII. Distances are in scaled units. `silhouette_error` is the standard error of
        a silhouette that was estimated from `silhouette_sample` draws; both are null when it is
        exact. A figure is null where it is not defined: for k = 1, for as many clusters as
        customers, and Calinski-Harabasz when every customer is at a centre.
    suggested_k : int
    """

    document: str
    suggested_k: int


def evaluate(
    frame: pd.DataFrame,
    max_k: int = 19,
    scaling: str = "none",
    random_state: int = 111,
    n_init: int = 10,
) -> Evaluation:
    """Evaluate k = 1 to `max_k` clusters and suggest one.

    The clusters are found as :func:`train` finds them; it looks at fewer neighbouring k, so it may
    stop at others where several are nearly as good.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    max_k : int
        Lowered to the number of distinct feature vectors, with a word about it.
    scaling : {"none", "standard", "robust"}
    random_state, n_init : int

    Raises
    ------
    ValueError
        With every fault of the parameters and of the columns.

    Examples
    --------
    >>> values = [0.0, 0.1, 5.0, 5.1, 9.0, 9.1]
    >>> frame = pd.DataFrame({name: values for name in ["order_ratio", "items_ratio"]})
    >>> frame = frame.assign(monetary_ratio=values, frequency=values, customers=10)
    >>> evaluate(frame, max_k=6).suggested_k
    3
    """
    faults = parameter_faults(
        max_k=max_k, scaling=scaling, random_state=random_state, n_init=n_init
    )
    refuse(faults + frame_faults(frame))
    vectors = usable_vectors(frame)[0]
    if max_k > len(vectors.values):
        max_k = len(vectors.values)
        print(f"max_k is {max_k}: there are {max_k} distinct feature vectors.")
    points = scale_points(vectors, feature_scale(vectors, scaling))
    weights = vectors.customers
    partitions, labels = fit_centres(points, weights, max_k, random_state, n_init)
    silhouettes, sample = measure_silhouettes(points, weights, partitions, labels, random_state)
    rows = list(map(describe_partition, partitions, silhouettes))
    for row, partition in zip(rows, partitions):
        row["clusters"] = list_centroids(partition.centres)
    suggested, reason = suggest_k(rows)
    document = {
        "format": EVALUATION_FORMAT,
        "suggested_k": suggested,
        "reason": reason,
        "rows": rows,
        "customers": int(weights.sum()),
        "distinct_vectors": len(vectors.values),
        "silhouette_sample": sample,
        "scaling": scaling,
        "random_state": int(random_state),
        "n_init": int(n_init),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "versions": model_versions(),
    }
    return Evaluation(json.dumps(document, allow_nan=False), suggested)


def list_centroids(centres: np.ndarray) -> List[Dict[str, Any]]:
    """Return the centres, in scaled units, as entries of a document."""
    return [
        {"cluster": place, "centroid": dict(zip(FEATURE_NAMES, centre))}
        for place, centre in enumerate(centres.tolist())
    ]


def describe_partition(partition: Partition, silhouette: Silhouette) -> Dict[str, Any]:
    """Return the row of one k."""
    sizes = partition.sizes
    defined = 1 < len(sizes) < sizes.sum()
    return {
        "k": len(sizes),
        "inertia": partition.inertia,
        "mean_distance": math.fsum(partition.spreads) / float(sizes.sum()),
        "silhouette": silhouette.mean,
        "silhouette_error": silhouette.error,
        "davies_bouldin": davies_bouldin(partition) if defined else None,
        "calinski_harabasz": (
            calinski_harabasz(partition.centres, sizes, partition.inertia)
            if defined and partition.inertia > 0
            else None
        ),
    }


def davies_bouldin(partition: Partition) -> float:
    """Return the mean over the clusters of the worst overlap with another; low is good.

    Davies and Bouldin (1979), A cluster separation measure, IEEE PAMI 1.
    """
    spreads = partition.spreads / partition.sizes
    apart = np.sqrt(squared_distances(partition.centres.T, partition.centres))
    np.fill_diagonal(apart, np.inf)
    return float(((spreads[:, np.newaxis] + spreads) / apart).max(axis=1).mean())


def calinski_harabasz(centres: np.ndarray, sizes: np.ndarray, inertia: float) -> float:
    """Return the dispersion between the clusters over the dispersion within; high is good.

    Calinski and Harabasz (1974), A dendrite method for cluster analysis, Communications in
    Statistics 3.
    """
    mean = np.average(centres, axis=0, weights=sizes)
    between = float(sizes.dot(((centres - mean) ** 2).sum(axis=1)))
    return between / (len(sizes) - 1) / inertia * float(sizes.sum() - len(sizes))


def suggest_k(rows: Sequence[Dict[str, Any]]) -> Tuple[int, str]:
    """Return the k at the bend of the curve, and the reason in words.

    The curve is the root mean square distance, which K-Means makes as small as it can for every
    k (the mean distance may rise with k). Its bend is the point farthest below the straight
    line between its ends: Satopaa et al. (2011), Finding a "kneedle" in a haystack. The
    silhouette is quoted, not obeyed: it favours few clusters that are far apart.

    Examples
    --------
    >>> rows = [{"k": k, "inertia": i, "silhouette": None} for k, i in ((1, 100), (2, 4), (3, 1))]
    >>> suggest_k(rows)[0]
    2
    """
    curve = np.sqrt([row["inertia"] for row in rows])
    if len(rows) < 3:
        k = len(rows)
        return k, f"k = {k}: the largest of so few; a bend needs at least k = 1 to 3."
    chord = np.linspace(curve[0], curve[-1], len(curve))
    k = int((chord - curve).argmax()) + 1
    reason = (
        f"k = {k}: the distance of customers from their centre (root mean square) falls steeply up "
        f"to here and slowly after, measured against a straight line from k = 1 to {len(rows)}."
    )
    known = [row for row in rows if row["silhouette"] is not None]
    here = rows[k - 1]["silhouette"]
    if here is None or not known:
        return k, reason
    best = max(known, key=lambda row: row["silhouette"])
    agrees = best["silhouette"] - here <= SILHOUETTE_MARGIN
    return k, reason + " The silhouette {}: {:.3f} here, at most {:.3f} (k = {}).".format(
        "agrees" if agrees else "prefers another k", here, best["silhouette"], best["k"]
    )
