"""Customer segments by K-Means: training, the model document, stable cluster numbers."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import pandas as pd

from procluster.indb.centres import fit_best
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.parameters import parameter_faults, refuse
from procluster.indb.runtime import model_versions
from procluster.indb.segments import MODEL_FORMAT, Segments, nearest_centres, read_segments
from procluster.indb.vectors import (
    Vectors,
    feature_scale,
    frame_faults,
    scale_points,
    usable_vectors,
    weighted_quantiles,
)


class Model(NamedTuple):
    """A trained model.

    Attributes
    ----------
    document : str
        The model as JSON in ASCII.
    labels : array of int, shape (n_rows,)
        Cluster number for each row of the frame it was trained on; -1 for a row left out.
    """

    document: str
    labels: np.ndarray


def train(
    frame: pd.DataFrame,
    n_clusters: int,
    scaling: str = "none",
    random_state: int = 111,
    n_init: int = 10,
    previous: Optional[str] = None,
) -> Model:
    """Find `n_clusters` clusters of customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    n_clusters : int
        At most the number of distinct feature vectors.
    scaling : {"none", "standard", "robust"}
    random_state : int
        Seed of the starting centres.
    n_init : int
        Number of starts, of which the best counts.
    previous : str, optional
        Document of an earlier model, whose cluster numbers are kept where clusters match.

    Raises
    ------
    ValueError
        With every fault of the parameters and of the columns.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [0.0, 1.0, 8.0] for name in FEATURE_NAMES})
    >>> model = train(frame.assign(customers=[1, 1, 5]), n_clusters=2)
    >>> model.labels.tolist()
    [1, 1, 0]
    >>> json.loads(model.document)["clusters"][0]["size"]
    5
    """
    faults = parameter_faults(
        n_clusters=n_clusters, scaling=scaling, random_state=random_state, n_init=n_init
    )
    earlier = None
    if previous is not None:
        try:
            earlier = read_segments(previous)
        except ValueError as error:
            faults.append(f"previous: {error}")
    refuse(faults + frame_faults(frame))
    vectors, row_vectors = usable_vectors(frame, n_clusters)
    scale = feature_scale(vectors, scaling)
    points = scale_points(vectors, scale)
    centres, sizes, steps = fit_best(points, vectors.customers, n_clusters, random_state, n_init)
    numbers = number_clusters(centres * scale, sizes, scale, earlier)
    clusters, labels, inertia = describe_clusters(vectors, centres, numbers, scale)
    document = {
        "format": MODEL_FORMAT,
        "features": FEATURE_NAMES,
        "scaling": scaling,
        "scale": by_feature(scale),
        "clusters": clusters,
        "n_clusters": int(n_clusters),
        "random_state": int(random_state),
        "n_init": int(n_init),
        "inertia": inertia,
        "customers": int(vectors.customers.sum()),
        "distinct_vectors": len(vectors.values),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "iterations": steps,
        "versions": model_versions(),
    }
    row_labels = np.append(labels, -1)[row_vectors]
    return Model(json.dumps(document, allow_nan=False), row_labels)


def by_feature(values: np.ndarray) -> Dict[str, float]:
    """Return the values (n_features,) as a dictionary by feature name."""
    return dict(zip(FEATURE_NAMES, values.tolist()))


def describe_clusters(
    vectors: Vectors, centres: np.ndarray, numbers: List[int], scale: np.ndarray
) -> Tuple[List[Dict[str, Any]], np.ndarray, float]:
    """Return the document's clusters by their numbers, the vectors' numbers, and the inertia.

    Vectors and centres are divided by the scale, in whose units distances are.
    """
    order = np.argsort(numbers)
    labels, distances = nearest_centres(vectors.values, centres[order], np.ones(len(scale)))
    clusters = []
    for place, index in enumerate(order):
        members = labels == place
        size = vectors.customers[members]
        quartiles = weighted_quantiles(distances[members], size, (0.25, 0.75)).tolist()
        centre = centres[index] * scale
        clusters.append(describe_cluster(numbers[index], size.sum(), quartiles, centre))
    inertia = float((vectors.customers * distances).dot(distances))
    return clusters, np.array(numbers)[order][labels], inertia


def describe_cluster(
    number: int, size: float, quartiles: Sequence[float], centre: np.ndarray
) -> Dict[str, Any]:
    """Return the entry of one cluster.

    A customer farther from the centre than the upper outer fence of its cluster, three
    interquartile ranges above the third quartile of the distances, is an outlier: Tukey (1977),
    Exploratory Data Analysis.
    """
    low, high = quartiles
    return {
        "cluster": number,
        "size": int(size),
        "outlier_distance": high + 3 * (high - low),
        "centroid": by_feature(centre),
    }


def number_clusters(
    centres: np.ndarray, sizes: np.ndarray, scale: np.ndarray, earlier: Optional[Segments]
) -> List[int]:
    """Return the number of each cluster.

    Without an earlier model clusters are numbered by size, the largest is 0; equally large ones
    by their centres. With one, each cluster takes the number of the earlier cluster it is
    paired with, so that the sum of the distances between paired centres is least; clusters left
    over take the lowest free numbers by size. So a number may be missing when there are fewer
    clusters than before.
    """
    by_size = sorted(range(len(centres)), key=lambda index: (-sizes[index], tuple(centres[index])))
    pairs = {} if earlier is None else pair_clusters(centres, scale, earlier)
    free = (number for number in range(2 * len(centres)) if number not in pairs.values())
    numbers = {index: pairs[index] if index in pairs else next(free) for index in by_size}
    return [numbers[index] for index in range(len(centres))]


def pair_clusters(centres: np.ndarray, scale: np.ndarray, earlier: Segments) -> Dict[int, int]:
    """Return the earlier number of each cluster that has one, by the cluster's index.

    Empty, with the reason printed, when there is no telling.
    """
    told = "Clusters are numbered by size, not after the earlier model: {}."
    if earlier.features != FEATURE_NAMES:
        print(told.format("it has the features " + ", ".join(map(ascii, earlier.features))))
        return {}
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        print(told.format(error))
        return {}
    gaps = (centres[:, np.newaxis] - earlier.centres) / scale
    pairs = zip(*linear_sum_assignment(np.sqrt((gaps**2).sum(axis=2))))
    return {int(index): earlier.numbers[place] for index, place in pairs}


def label_customers(
    frame: pd.DataFrame,
    n_clusters: int = 4,
    random_state: int = 111,
    n_init: int = 10,
    integer_keys: bool = False,
) -> pd.DataFrame:
    """Return the tutorial's table: each customer with its features and its cluster.

    Parameters
    ----------
    frame : DataFrame
        `Customer` (text or whole numbers) and the feature columns, one row per customer. Rows
        without a customer or with a feature that cannot be used are left out.
    n_clusters, random_state, n_init : int
        As for :func:`train`.
    integer_keys : bool
        The customers are whole numbers that came as text: one host makes a bigint a float.

    Returns
    -------
    DataFrame
        Customer, orderRatio, itemsRatio, monetaryRatio, frequency, cluster.
    """
    if "Customer" not in frame.columns:
        refuse(["Customer: the column is missing.", *frame_faults(frame.assign(customers=1))])
    known = frame[frame["Customer"].notnull()]
    model = train(known.assign(customers=1), n_clusters, "none", random_state, n_init)
    used = known[model.labels >= 0]
    result: pd.DataFrame = pd.DataFrame({"Customer": customer_keys(used["Customer"], integer_keys)})
    for name in FEATURE_NAMES:
        first, *rest = name.split("_")
        result[first + "".join(map(str.title, rest))] = used[name].astype(np.float64)
    result["cluster"] = model.labels[model.labels >= 0].astype(np.int32)
    return result


def customer_keys(keys: pd.Series, integer_keys: bool) -> pd.Series:
    """Return the keys in a type that the hosts return: whole numbers, or text as objects."""
    if keys.dtype.kind == "f" and (keys != np.floor(keys)).any():
        raise ValueError("Customer: a key is not a whole number. Allowed: int, or text.")
    if integer_keys or keys.dtype.kind == "f":  # integers with a NULL among them come as floats
        return keys.astype(np.int64)
    return keys if keys.dtype.kind in "iu" else keys.astype(object)
