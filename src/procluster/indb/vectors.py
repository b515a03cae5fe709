"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd

from procluster.indb.features import FEATURE_NAMES

# Squares of values beyond this, and sums of them, could leave the range of a float.
LARGEST_VALUE = 1e100


class Vectors(NamedTuple):
    """The distinct feature vectors of the customers that can be used.

    Attributes
    ----------
    values : array of float, shape (n_vectors, n_features)
        Their order depends on the values only, not on that of the rows they were read from.
    customers : array of float, shape (n_vectors,)
        How many customers have the vector.
    left_out : dict
        Customers left out: {"customers": 3, "null": {"order_ratio": 2}, "infinite": {...}}.
        NULL and NaN are one reason, since the hosts hand over a NULL number as NaN.
    negative : dict
        Customers with a negative value, by feature. They are kept, not left out.
    """

    values: np.ndarray
    customers: np.ndarray
    left_out: Dict[str, Any]
    negative: Dict[str, int]


def frame_faults(frame: pd.DataFrame) -> List[str]:
    """Return one sentence for each column that is missing or cannot be read.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` and `customers`.
    """
    faults = []
    for name in [*FEATURE_NAMES, "customers"]:
        if name not in frame.columns:
            faults.append(
                "{}: the column is missing. The input has: {}.".format(
                    name, ", ".join(map(str, frame.columns)) or "no columns"
                )
            )
            continue
        try:
            column = np.asarray(frame[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}. Cast the column to float.")
            continue
        finite = np.where(np.isfinite(column), column, 0.0)
        if name == "customers":
            wrong = finite < 1  # of a sample, a vector stands for a broken number of customers
            allowed = "Allowed: numbers from 1."
        else:
            wrong = np.abs(finite) > LARGEST_VALUE
            allowed = f"Allowed: -{LARGEST_VALUE:g} to {LARGEST_VALUE:g}."
        if wrong.any():
            faults.append(
                f"{name}: {float(column[wrong][0])!r} cannot be used "
                f"(rows like it: {wrong.sum()}). {allowed}"
            )
    return faults


def read_vectors(frame: pd.DataFrame) -> Tuple[Vectors, np.ndarray]:
    """Merge the usable rows of a frame into distinct vectors.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` (float) and `customers` (how many customers the row stands
        for), without `frame_faults`. Rows may repeat and come in any order.

    Returns
    -------
    vectors : Vectors
    row_vectors : array of int, shape (n_rows,)
        For each row: the index of its vector, -1 for a row that cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [1.0, 0.0, 1.0, None] for name in FEATURE_NAMES})
    >>> vectors, row_vectors = read_vectors(frame.assign(customers=[2, 7, 1, 4]))
    >>> vectors.values[:, 0].tolist(), vectors.customers.tolist(), row_vectors.tolist()
    ([0.0, 1.0], [7.0, 3.0], [1, 0, 1, -1])
    >>> vectors.left_out["customers"]
    4
    """
    columns = [np.asarray(frame[name], dtype=np.float64) for name in FEATURE_NAMES]
    customers = np.asarray(frame["customers"], dtype=np.float64)
    usable = np.logical_and.reduce([np.isfinite(column) for column in columns])
    left_out = {
        "customers": int(customers[~usable].sum()),
        "null": count_customers(map(np.isnan, columns), customers),
        "infinite": count_customers(map(np.isinf, columns), customers),
    }
    if usable.all():  # nothing is copied that need not be: memory is scarce here
        order, repeats = sort_vectors(columns)
    else:
        rows = np.flatnonzero(usable)
        order, repeats = sort_vectors([column[rows] for column in columns])
        order = rows[order]
    values = np.empty((len(columns), len(order)))
    for sorted_values, column in zip(values, columns):
        np.add(column[order], 0.0, out=sorted_values)  # makes -0.0 and 0.0 one value
    starts = np.ones(len(order), dtype=bool)
    starts[repeats] = False
    row_vectors = np.full(len(usable), -1, dtype=np.int32)
    row_vectors[order] = np.cumsum(starts, dtype=np.int32) - 1
    ordered = customers[order]
    if len(repeats):
        values = np.compress(starts, values, axis=1)
        ordered = np.bincount(row_vectors[order], ordered)
    negative = count_customers(((column < 0) & usable for column in columns), customers)
    return Vectors(values.T, ordered, left_out, negative), row_vectors


def sort_vectors(columns: Sequence[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Return an order of the rows that depends on their values only and has equal ones together.

    Sorting by one number made of all the features takes a fraction of the time of sorting by
    each. Where that number is the same for vectors that differ, the order is lexicographic.

    Returns
    -------
    order : array of int, shape (n_rows,)
    repeats : array of int, shape (n_rows - n_vectors,)
        The places in that order whose row equals the one before.

    Examples
    --------
    >>> [found.tolist() for found in sort_vectors([np.array([2.0, 0.0, 2.0])])]
    [[1, 0, 2], [2]]
    """
    key = np.zeros(len(columns[0]))
    for place, column in enumerate(columns):
        key += column * math.sqrt(place + 2)
    order = np.argsort(key)
    key = key[order]
    alike = 1 + np.flatnonzero(key[1:] == key[:-1])
    if equal_before(columns, order, alike).all():
        return order, alike
    order = np.lexsort(columns[::-1])
    places = np.arange(1, len(order))
    return order, places[equal_before(columns, order, places)]


def equal_before(
    columns: Sequence[np.ndarray], order: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return whether the row at each of some places in an order equals the one before."""
    ones, others = order[places], order[places - 1]
    return np.asarray(np.logical_and.reduce([column[ones] == column[others] for column in columns]))


def count_customers(found: Iterable[np.ndarray], customers: np.ndarray) -> Dict[str, int]:
    """Return the customers of the rows where `found`, an array a feature; no zeros."""
    counts = {name: int(customers[rows].sum()) for name, rows in zip(FEATURE_NAMES, found)}
    return {name: count for name, count in counts.items() if count}


def usable_vectors(frame: pd.DataFrame, n_clusters: int = 1) -> Tuple[Vectors, np.ndarray]:
    """Read the vectors, refuse fewer than `n_clusters`, and print what the checks found."""
    vectors, row_vectors = read_vectors(frame)
    report_checks(vectors)
    count, lost = len(vectors.values), vectors.left_out["customers"]
    if not count:
        raise ValueError(
            f"customers: there are none to cluster ({lost} left out). "
            "At least one with finite features is needed."
        )
    if count < n_clusters:
        raise ValueError(
            f"n_clusters: {n_clusters} clusters need at least {n_clusters} distinct feature "
            f"vectors, and there are {count}. Allowed: 1 to {count}."
        )
    return vectors, row_vectors


def report_checks(vectors: Vectors) -> None:
    """Print which customers are left out and which have negative values, when there are any."""
    if vectors.left_out["customers"]:
        reasons = [
            "{} is {} for {}".format(name, "NULL" if reason == "null" else reason, count)
            for reason in ("null", "infinite")
            for name, count in vectors.left_out[reason].items()
        ]
        print(
            "Customers left out: {} of {} ({}).".format(
                vectors.left_out["customers"],
                int(vectors.customers.sum()) + vectors.left_out["customers"],
                ", ".join(reasons),
            )
        )
    if vectors.negative:
        counts = [f"{name} for {count}" for name, count in vectors.negative.items()]
        print("Customers with negative values, kept: {}.".format(", ".join(counts)))


def feature_scale(vectors: Vectors, scaling: str) -> np.ndarray:
    """Return what each feature is divided by before distances are measured.

    Parameters
    ----------
    vectors : Vectors
    scaling : {"none", "standard", "robust"}
        Divide by 1, by the standard deviation, or by the interquartile range, taken over the
        customers. Where that is zero the scale is 1: the feature keeps its unit. (A feature in
        which more than three quarters of the customers have the same value has no
        interquartile range.)

    Returns
    -------
    array of float, shape (n_features,)
    """
    scale = np.ones(vectors.values.shape[1])
    total = float(vectors.customers.sum())
    for index, column in enumerate(vectors.values.T):
        if scaling == "standard" and column.min() < column.max():
            mean = add_up(vectors.customers * column) / total
            scale[index] = math.sqrt(add_up(vectors.customers * (column - mean) ** 2) / total)
        elif scaling == "robust":
            quartiles = weighted_quantiles(column, vectors.customers, (0.25, 0.75))
            scale[index] = quartiles[1] - quartiles[0]
    largest = np.maximum(vectors.values.max(axis=0), -vectors.values.min(axis=0))
    negligible = largest / LARGEST_VALUE
    return np.where(scale > negligible, scale, 1.0)


def scale_points(vectors: Vectors, scale: np.ndarray) -> np.ndarray:
    """Divide the vectors by a scale; return them with shape (n_features, n_vectors).

    Their own values are changed, for memory is scarce.
    """
    points = np.asarray(vectors.values.T)
    if (scale != 1).any():
        points /= scale[:, np.newaxis]
    return points


def add_up(values: np.ndarray) -> float:
    """Return the sum, the same on every release of numpy: one value after the other."""
    return float(np.cumsum(values)[-1])


def weighted_quantiles(
    column: np.ndarray, weights: np.ndarray, shares: Tuple[float, ...]
) -> np.ndarray:
    """Return the smallest values that at least the given shares of the weight do not exceed.

    This is the inverse of the empirical distribution function, definition 1 of Hyndman and Fan
    (1996), Sample quantiles in statistical packages, The American Statistician 50.

    Examples
    --------
    >>> weighted_quantiles(np.array([5.0, 1.0]), np.array([1, 3]), (0.25, 0.75, 0.8)).tolist()
    [1.0, 1.0, 5.0]
    """
    order = np.argsort(column)
    cumulated = weights[order]
    np.cumsum(cumulated, out=cumulated)
    places = np.searchsorted(cumulated, np.multiply(shares, cumulated[-1]))
    return np.asarray(column[order[places]])
