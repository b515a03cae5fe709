/*
seg.choose_k: tries every number of clusters from 1 to @max_k and suggests one.

    EXEC seg.choose_k @max_k = 10;

    DECLARE @chart varbinary(max);
    EXEC seg.choose_k @with_chart = 1, @chart = @chart OUTPUT;  -- the elbow as a PNG

Result: one row for each k with its metrics, the suggested one marked, and the reason as a message.
Lower is better for inertia, mean distance and Davies-Bouldin, higher for silhouette and
Calinski-Harabasz. Rows and reason are kept in seg.k_evaluation.
*/
CREATE OR ALTER PROCEDURE seg.choose_k
    @max_k int = 19,
    @scaling nvarchar(10) = N'none',
    @random_state int = 111,
    @n_init int = 10,
    @with_chart bit = 0,
    @chart varbinary(max) = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000),
        @faults nvarchar(max),
        @message nvarchar(4000),
        @document nvarchar(max),
        @document_length int,
        @suggested_k int,
        @reason nvarchar(1000),
        @fault nvarchar(max);

    BEGIN TRY
        SET @parameters = CONCAT(
            N'@max_k = ', @max_k, N', @scaling = ', @scaling,
            N', @random_state = ', @random_state, N', @n_init = ', @n_init
        );

        EXEC seg.start_run
            @procedure_name = N'choose_k',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @faults = CONCAT(
            IIF(@max_k BETWEEN 2 AND 100, N'', CONCAT(
                N'@max_k: ', COALESCE(CAST(@max_k AS nvarchar(30)), N'NULL'),
                N' is not a number of clusters to try. Allowed: 2 to 100. '
            )),
            IIF(@scaling IN (N'none', N'standard', N'robust'), N'', CONCAT(
                N'@scaling: ', COALESCE(N'''' + @scaling + N'''', N'NULL'),
                N' is not a scaling. Allowed: none, standard, robust. '
            )),
            IIF(@random_state BETWEEN 0 AND 2147483647, N'', CONCAT(
                N'@random_state: ', COALESCE(CAST(@random_state AS nvarchar(30)), N'NULL'),
                N' is not a seed. Allowed: 0 to 2147483647. '
            )),
            IIF(@n_init BETWEEN 1 AND 1000, N'', CONCAT(
                N'@n_init: ', COALESCE(CAST(@n_init AS nvarchar(30)), N'NULL'),
                N' is not a number of restarts. Allowed: 1 to 1000. '
            ))
        );

        IF @faults <> N''
        BEGIN
            SET @message = LEFT(RTRIM(@faults), 2000);
            THROW 50001, @message, 1;
        END;

        -- Python tells capitals and trailing blanks apart; a database may not.
        SET @scaling = LOWER(RTRIM(@scaling));

        IF NOT EXISTS (SELECT 1 FROM seg.customer_feature)
            THROW 50004, N'seg.customer_feature: is empty. EXEC seg.build_features first.', 1;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("centres.py", 28),
    ("parameters.py", 314),
    ("runtime.py", 367),
    ("silhouette.py", 427),
    ("features.py", 555),
    ("vectors.py", 591),
    ("evaluation.py", 801),
    ("segments.py", 992),
    ("charts.py", 1078),
    ("glue", 1278),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/centres.py
"""Weighted K-Means: centres of points that stand for many customers each.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy, because sums over points are made only where
their order is fixed (bincount, cumsum, fsum). scikit-learn''s KMeans from the same starting centres
with tol=0 comes to the same centres.
Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory.
"""

import math
from typing import NamedTuple, Tuple

import numpy as np

# Restarts see at most so many points; more are condensed to cells.
MOST_CELLS = 4096

# So many points are tried as better starting centres before each run.
SWAPS_TRIED = 25

# Lloyd''s algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_ITERATIONS = 10000

# Distances are computed for so many pairs at a time, to stay in the processor''s cache.
PAIRS_AT_ONCE = 65536


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre; the lower number where two are equally near.
    distances : array of float, shape (n_points,)
        Euclidean distance to it.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd''s algorithm.
    """

    centres: np.ndarray
    labels: np.ndarray
    distances: np.ndarray
    inertia: float
    iterations: int


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    for values, centre_values in zip(points, centres.T):
        gap = values - centre_values[:, np.newaxis]
        gap *= gap
        total += gap
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each point the nearest centre, the distance to it and to the second nearest.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [3.0]]))]
    [[0, 1], [1.0, 1.0], [3.0, 3.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    step = max(1, PAIRS_AT_ONCE // len(centres))
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, np.sqrt(first), np.sqrt(second)


def seed_centres(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random: np.random.RandomState
) -> np.ndarray:
    """Draw starting centres by greedy k-means++.

    Each centre is the best of a few points drawn with probability proportional to weight times
    squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
    advantages of careful seeding.

    Raises
    ------
    ValueError
        When fewer than `n_clusters` points are far enough apart to be told from each other.
    """
    n_draws = 2 + int(math.log(n_clusters))
    nearest = np.ones(points.shape[1])
    cumulated = np.cumsum(weights)[np.newaxis]
    best = 0
    chosen = []
    for index in range(n_clusters):
        odds = cumulated[best]
        if not odds[-1] > 0:
            raise ValueError(
                f"n_clusters: {n_clusters} clusters need as many distinct feature vectors, "
                f"and only {index} are far enough apart to be told from each other. "
                f"Allowed: 1 to {index}."
            )
        draws = draw_points(odds, n_draws, random)
        squares = squared_distances(points, points[:, draws].T)
        if index:
            squares = np.minimum(squares, nearest)
        cumulated = np.cumsum(weights * squares, axis=1)
        best = int(cumulated[:, -1].argmin())
        nearest = squares[best]
        chosen.append(draws[best])
    return np.array(points[:, chosen].T)


def draw_points(odds: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Draw indices by cumulated odds; none of those whose own odds are zero."""
    draws = np.searchsorted(odds, random.random_sample(count) * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))


def swap_centres(
    points: np.ndarray, weights: np.ndarray, centres: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    """Return better starting centres: a point drawn as above replaces a centre when that helps.

    Which centre is best given up is seen from the second nearest centre of its points. Lattanzi
    and Sohler (2019), A better k-means++ algorithm via local search, ICML.
    """
    centres = centres.copy()
    labels, first, second = two_nearest(points, centres)
    for _ in range(SWAPS_TRIED):
        odds = np.cumsum(weights * first**2)
        if not odds[-1] > 0:
            break
        drawn = draw_points(odds, 1, random)
        distances = np.sqrt(squared_distances(points, points[:, drawn].T)[0])
        kept = np.minimum(first, distances) ** 2
        loss = weights * (np.minimum(second, distances) ** 2 - kept)
        losses = np.bincount(labels, loss, minlength=len(centres))
        if np.cumsum(weights * kept)[-1] + losses.min() < odds[-1]:
            centres[losses.argmin()] = points[:, drawn[0]]
            labels, first, second = two_nearest(points, centres)
    return centres


def weighted_means(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, count: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the means, shape (count, n_features), and weights of the groups; 0 where empty."""
    total = np.bincount(labels, weights, minlength=count)
    sums = [np.bincount(labels, weights * values, minlength=count) for values in points]
    return np.column_stack(sums) / np.where(total > 0, total, 1.0)[:, np.newaxis], total


def move_centres(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, centres: np.ndarray
) -> np.ndarray:
    """Return the means of the clusters; a cluster without points moves to the worst served one."""
    means, total = weighted_means(points, weights, labels, len(centres))
    empty = np.flatnonzero(total == 0)
    if len(empty):
        costs = weights * ((points - centres[labels].T) ** 2).sum(axis=0)
        worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
        means[empty] = points[:, worst].T
    return means


def run_lloyd(points: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> Partition:
    """Move centres to the means of their points until nothing changes.

    A point is compared with all centres only when bounds on its distances leave room for a
    change, which skips most of the work and changes no result: Hamerly (2010), Making k-means
    even faster, SIAM International Conference on Data Mining.
    """
    labels, upper, lower = two_nearest(points, centres)
    iterations = 0
    while iterations < MOST_ITERATIONS:
        iterations += 1
        moved = move_centres(points, weights, labels, centres)
        shifts = np.sqrt(((moved - centres) ** 2).sum(axis=1))
        centres = moved
        if not shifts.any():
            exact = two_nearest(points, centres)
            if (exact[0] == labels).all():
                break
            labels, upper, lower = exact  # rounding of the bounds had hidden a change
            continue
        upper += shifts[labels]
        lower -= shifts.max()
        doubtful = np.flatnonzero(upper >= lower)
        gaps = points[:, doubtful] - centres[labels[doubtful]].T
        upper[doubtful] = np.sqrt((gaps**2).sum(axis=0))
        doubtful = doubtful[upper[doubtful] >= lower[doubtful]]
        nearest = two_nearest(points[:, doubtful], centres)
        labels[doubtful], upper[doubtful], lower[doubtful] = nearest
    labels, distances, _ = two_nearest(points, centres)
    inertia = math.fsum(weights * distances**2)
    return Partition(centres, labels, distances, inertia, iterations)


def condense(
    points: np.ndarray, weights: np.ndarray, most_cells: int = MOST_CELLS
) -> Tuple[np.ndarray, np.ndarray]:
    """Return at most `most_cells` weighted points that stand for all of them.

    Cells are split at the mean of their widest feature, those with the largest sum of squares
    first, so that an outlier soon has a cell of its own. A cell is represented by its mean and
    weight; what it leaves out of any inertia is its own sum of squares.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> [each.tolist() for each in condense(points, weights, most_cells=2)]
    [[[0.25, 50.5]], [4.0, 2.0]]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        return points, weights
    cells, count = np.zeros(n_points, dtype=np.int64), 1
    while True:
        means, total = weighted_means(points, weights, cells, count)
        squares = weights * (points - means[cells].T) ** 2
        spreads = np.array([np.bincount(cells, values, minlength=count) for values in squares])
        loss = spreads.sum(axis=0)
        split = np.flatnonzero(loss > loss.max() / 4)
        split = split[np.argsort(-loss[split], kind="mergesort")][: most_cells - count]
        if not len(split):
            occupied = total > 0  # rounding may leave the upper part of a split empty
            return np.ascontiguousarray(means[occupied].T), total[occupied]
        upper_part = np.full(count, -1)
        upper_part[split] = count + np.arange(len(split))
        movable = np.flatnonzero(upper_part[cells] >= 0)
        own = cells[movable]
        widest = spreads.argmax(axis=0)[own]
        high = points[widest, movable] > means[own, widest]
        cells[movable[high]] = upper_part[own[high]]
        count += len(split)


def fit_centres(
    points: np.ndarray,
    weights: np.ndarray,
    cells: Tuple[np.ndarray, np.ndarray],
    n_clusters: int,
    random_state: int,
    n_init: int,
) -> Partition:
    """Return the best of `n_init` K-Means runs from different starting centres.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    cells : tuple
        What `condense` makes of both. The runs are compared on the cells; the winner is then
        run to its fixed point on all the points.
    n_clusters, random_state, n_init : int
        Equally good runs: the first.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> best = fit_centres(points, weights, condense(points, weights), 2, 111, 10)
    >>> sorted(best.centres[:, 0].tolist()), best.inertia
    ([0.5, 8.0], 0.5)
    """
    random = np.random.RandomState(random_state)
    runs = []
    for _ in range(n_init):
        seeds = seed_centres(*cells, n_clusters, random)
        runs.append(run_lloyd(*cells, swap_centres(*cells, seeds, random)))
    best = min(runs, key=lambda run: run.inertia)
    final = run_lloyd(points, weights, best.centres)
    return final._replace(iterations=best.iterations + final.iterations)
# ---- procluster/indb/parameters.py
"""The values that the parameters of a call may have."""

import numbers
from typing import Any, List, Sequence

ALLOWED_NUMBERS = {
    "n_clusters": (1, 1000, "a number of clusters"),
    "max_k": (1, 100, "a number of clusters"),
    "n_init": (1, 1000, "a number of restarts"),
    "random_state": (0, 2**31 - 1, "a seed"),
}

SCALINGS = ("none", "standard", "robust")


def parameter_faults(**given: Any) -> List[str]:
    """Return one sentence for each parameter that has a value it may not have.

    Parameters
    ----------
    **given
        Values by the names of `ALLOWED_NUMBERS`, and `scaling`.

    Examples
    --------
    >>> parameter_faults(n_clusters=0, scaling="none")
    [''n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.'']
    """
    faults = []
    for name, value in given.items():
        if name == "scaling":
            if value not in SCALINGS:
                faults.append(
                    "scaling: {!a} is not a scaling. Allowed: {}.".format(
                        value, ", ".join(SCALINGS)
                    )
                )
            continue
        least, most, what = ALLOWED_NUMBERS[name]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            faults.append(f"{name}: {value!a} is not {what}. Allowed: {least} to {most}.")
    return faults


def refuse(faults: Sequence[str]) -> None:
    """Raise one ValueError that names every fault; do nothing when there is none.

    The sentences stand on one line because the hosts of external scripts pass on one line.
    """
    if faults:
        raise ValueError(" ".join(faults))
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- procluster/indb/silhouette.py
"""The silhouette of each number of clusters: exact, or from a sample with its standard error."""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np



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
# ---- procluster/indb/features.py
"""The features of a customer, as data: the generator renders the feature query from them."""

from typing import NamedTuple


class Feature(NamedTuple):
    """One number that describes how a customer returns goods.

    Attributes
    ----------
    name : str
        Column of the feature table.
    expression : str
        T-SQL over two derived tables with one row per customer: `sale` and `refund`, both with
        tickets (int), items (int) and amount (float). The columns of `refund` are NULL for a
        customer who returned nothing.
    meaning : str
        The same in a few words.
    """

    name: str
    expression: str
    meaning: str


RATIO = "ROUND(COALESCE(CAST(refund.{0} AS float) / NULLIF(CAST(sale.{0} AS float), 0), 0), 7)"

FEATURES = (
    Feature("order_ratio", RATIO.format("tickets"), "returned orders / orders"),
    Feature("items_ratio", RATIO.format("items"), "returned items / items bought"),
    Feature("monetary_ratio", RATIO.format("amount"), "amount returned / amount paid"),
    Feature("frequency", "CAST(COALESCE(refund.tickets, 0) AS float)", "returned orders"),
)

FEATURE_NAMES = [feature.name for feature in FEATURES]
# ---- procluster/indb/vectors.py
"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import pandas as pd



# Squares of values beyond this, and sums of them, could leave the range of a float.
LARGEST_VALUE = 1e100


class Vectors(NamedTuple):
    """The distinct feature vectors of the customers that can be used.

    Attributes
    ----------
    values : array of float, shape (n_vectors, n_features)
        In lexicographic order, whatever the order of the rows they were read from.
    customers : array of float, shape (n_vectors,)
        How many customers have the vector.
    row_vectors : array of int, shape (n_rows,)
        For each row read: the index of its vector, -1 for a row that cannot be used.
    left_out : dict
        Customers left out: {"customers": 3, "null": {"order_ratio": 2}, "infinite": {...}}.
        NULL and NaN are one reason, since the hosts hand over a NULL number as NaN.
    negative : dict
        Customers with a negative value, by feature. They are kept, not left out.
    """

    values: np.ndarray
    customers: np.ndarray
    row_vectors: np.ndarray
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
            wrong = np.logical_or(finite < 1, finite != np.floor(finite))
            allowed = "Allowed: whole numbers from 1."
        else:
            wrong = np.abs(finite) > LARGEST_VALUE
            allowed = f"Allowed: -{LARGEST_VALUE:g} to {LARGEST_VALUE:g}."
        if wrong.any():
            faults.append(
                f"{name}: {float(column[wrong][0])!r} cannot be used "
                f"(rows like it: {wrong.sum()}). {allowed}"
            )
    return faults


def read_vectors(frame: pd.DataFrame) -> Vectors:
    """Merge the usable rows of a frame into distinct vectors.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` (float) and `customers` (how many customers the row stands
        for), without `frame_faults`. Rows may repeat and come in any order.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [1.0, 0.0, 1.0, None] for name in FEATURE_NAMES})
    >>> vectors = read_vectors(frame.assign(customers=[2, 7, 1, 4]))
    >>> vectors.values[:, 0].tolist(), vectors.customers.tolist(), vectors.row_vectors.tolist()
    ([0.0, 1.0], [7.0, 3.0], [1, 0, 1, -1])
    >>> vectors.left_out["customers"]
    4
    """
    columns = [np.asarray(frame[name], dtype=np.float64) for name in FEATURE_NAMES]
    values = np.column_stack(columns) + 0.0  # makes -0.0 and 0.0 one value
    customers = np.asarray(frame["customers"], dtype=np.float64)
    usable = np.asarray(np.isfinite(values).all(axis=1))
    left_out = {
        "customers": int(customers[~usable].sum()),
        "null": count_customers(np.isnan(values), customers),
        "infinite": count_customers(np.isinf(values), customers),
    }
    rows = np.flatnonzero(usable)
    order = np.lexsort(values[rows].T[::-1])
    ordered = values[rows[order]]
    starts = np.ones(len(ordered), dtype=bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    row_vectors = np.full(len(values), -1, dtype=np.int64)
    row_vectors[rows[order]] = np.cumsum(starts) - 1
    return Vectors(
        values=ordered[starts],
        customers=np.bincount(row_vectors[rows], customers[rows]),
        row_vectors=row_vectors,
        left_out=left_out,
        negative=count_customers(np.where(usable[:, np.newaxis], values, 0.0) < 0, customers),
    )


def count_customers(found: np.ndarray, customers: np.ndarray) -> Dict[str, int]:
    """Return the customers of the rows where `found` (n_rows, n_features), by feature; no zeros."""
    counts = zip(FEATURE_NAMES, customers.dot(found))
    return {name: int(count) for name, count in counts if count}


def usable_vectors(frame: pd.DataFrame, n_clusters: int = 1) -> Vectors:
    """Read the vectors, refuse fewer than `n_clusters`, and print what the checks found."""
    vectors = read_vectors(frame)
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
    return vectors


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
            mean = math.fsum(vectors.customers * column) / total
            scale[index] = math.sqrt(math.fsum(vectors.customers * (column - mean) ** 2) / total)
        elif scaling == "robust":
            quartiles = weighted_quantiles(column, vectors.customers, (0.25, 0.75))
            scale[index] = quartiles[1] - quartiles[0]
    negligible = np.abs(vectors.values).max(axis=0) / LARGEST_VALUE
    return np.where(scale > negligible, scale, 1.0)


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
    order = np.argsort(column, kind="mergesort")
    cumulated = np.cumsum(weights[order])
    places = np.searchsorted(cumulated, np.multiply(shares, cumulated[-1]))
    return np.asarray(column[order[places]])
# ---- procluster/indb/evaluation.py
"""How good each number of clusters is, and which one to take.

Every feature vector counts as often as there are customers who have it: all figures are those
of the customers, one by one.
"""

import json
import math
from typing import Any, Dict, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd







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

    The clusters of each k are those that :func:`train` finds with the same arguments.

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
    vectors = usable_vectors(frame)
    if max_k > len(vectors.values):
        max_k = len(vectors.values)
        print(f"max_k is {max_k}: there are {max_k} distinct feature vectors.")
    points = np.ascontiguousarray((vectors.values / feature_scale(vectors, scaling)).T)
    weights = vectors.customers
    cells = condense(points, weights)
    partitions = [
        fit_centres(points, weights, cells, k, random_state, n_init) for k in range(1, max_k + 1)
    ]
    silhouettes, sample = measure_silhouettes(points, weights, partitions, random_state)
    rows = [
        describe_partition(partition, weights, silhouette)
        for partition, silhouette in zip(partitions, silhouettes)
    ]
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


def describe_partition(
    partition: Partition, weights: np.ndarray, silhouette: Silhouette
) -> Dict[str, Any]:
    """Return the row of one k."""
    sizes = np.bincount(partition.labels, weights)
    centres = partition.centres
    defined = 1 < len(sizes) < sizes.sum()
    return {
        "k": len(sizes),
        "inertia": partition.inertia,
        "mean_distance": math.fsum(weights * partition.distances) / float(sizes.sum()),
        "silhouette": silhouette.mean,
        "silhouette_error": silhouette.error,
        "davies_bouldin": davies_bouldin(partition, weights, sizes) if defined else None,
        "calinski_harabasz": (
            calinski_harabasz(centres, sizes, partition.inertia)
            if defined and partition.inertia > 0
            else None
        ),
    }


def davies_bouldin(partition: Partition, weights: np.ndarray, sizes: np.ndarray) -> float:
    """Return the mean over the clusters of the worst overlap with another; low is good.

    Davies and Bouldin (1979), A cluster separation measure, IEEE PAMI 1.
    """
    spreads = np.bincount(partition.labels, weights * partition.distances) / sizes
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
# ---- procluster/indb/segments.py
"""Where the clusters of a model are, and which one is nearest.

The distance of a feature vector x from a centre c is what T-SQL computes when it assigns
customers: the square root of the sum of ((x - c) / scale) ** 2 over the features.
"""

import json
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

MODEL_FORMAT = "procluster.kmeans/1"


class Segments(NamedTuple):
    """What a model document says about where its clusters are.

    Attributes
    ----------
    features : list of str
    numbers : list of int
        Cluster numbers, ascending.
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """

    features: List[str]
    numbers: List[int]
    centres: np.ndarray
    scale: np.ndarray


def read_segments(document: str) -> Segments:
    """Read a model document.

    Raises
    ------
    ValueError
        When the text is not a model document.
    """
    try:
        return parse_segments(json.loads(document))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the text is not a model document ({type(error).__name__}: {error}). "
            f"A document of format {MODEL_FORMAT} is needed."
        ) from error


def parse_segments(model: Dict[str, Any]) -> Segments:
    """Return the segments of a model document that json has read."""
    if model["format"] != MODEL_FORMAT:
        raise ValueError("its format is {!a}".format(model["format"]))
    features = list(model["features"])
    clusters = sorted(model["clusters"], key=lambda cluster: int(cluster["cluster"]))
    centres = [[float(cluster["centroid"][name]) for name in features] for cluster in clusters]
    return Segments(
        features=features,
        numbers=[int(cluster["cluster"]) for cluster in clusters],
        centres=np.array(centres),
        scale=np.array([float(model["scale"][name]) for name in features]),
    )


def nearest_centres(
    values: np.ndarray, centres: np.ndarray, scale: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each vector (the first where two are equal) and the distance.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_features)
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """
    labels = np.zeros(len(values), dtype=np.int64)
    nearest = np.full(len(values), np.inf)
    for index, centre in enumerate(centres):
        squares = (((values - centre) / scale) ** 2).sum(axis=1)
        closer = squares < nearest
        labels[closer] = index
        nearest[closer] = squares[closer]
    return labels, np.sqrt(nearest)
# ---- procluster/indb/charts.py
"""Pictures of the choice of k and of the clusters, as PNG.

matplotlib may be missing in the runtime, so it is imported where it is used; its figures are
made without pyplot, which would keep them in a global list.
"""

import io
import json
from typing import Any, List, Optional

import numpy as np
import pandas as pd





# More clusters than this do not fit into a picture that one can read.
MOST_CLUSTERS_SHOWN = 20

# Bars of more different lengths than this are compressed, or the short ones could not be seen.
WIDEST_LINEAR_RANGE = 20

INK = "#333333"
BLUE = "#1f6fb4"
ORANGE = "#d9601a"
GREY = "#8a8a8a"


def elbow_png(document: str) -> Optional[bytes]:
    """Draw the distances and the silhouette for each k, with the suggested k marked.

    Parameters
    ----------
    document : str
        The document of :func:`evaluate`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    evaluation = json.loads(document)
    rows = evaluation["rows"]
    ks = [row["k"] for row in rows]
    known = [row for row in rows if row["silhouette"] is not None]
    figure = new_figure(8, 6 if known else 4)
    if figure is None:
        return None
    panels = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    spread = np.sqrt([row["inertia"] / evaluation["customers"] for row in rows])
    panels[0].plot(ks, spread, "o-", color=BLUE, label="root mean square")
    mean = [row["mean_distance"] for row in rows]
    suggested = evaluation["suggested_k"]
    panels[0].plot([suggested], [spread[suggested - 1]], "o", color=BLUE, markersize=12)
    panels[0].plot(ks, mean, "s--", color=GREY, markersize=4, label="mean")
    panels[0].set_ylabel("Distance from the\ncluster''s centre")
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_ylim(bottom=0)
    if known:
        panels[1].errorbar(
            [row["k"] for row in known],
            [row["silhouette"] for row in known],
            yerr=[2 * (row["silhouette_error"] or 0) for row in known],
            fmt="o-",
            color=ORANGE,
        )
        panels[1].set_ylabel("Silhouette\n(1: well apart, 0: touching)")
    panels[0].set_title(f"Suggested number of clusters: {suggested}", color=INK)
    panels[-1].set_xlabel("Number of clusters (k)")
    panels[-1].set_xticks(ks[:: 1 + len(ks) // 25])
    for panel in panels:
        panel.axvline(suggested, color=INK, linestyle=":", zorder=0)
        clear_frame(panel, ("top", "right"))
        panel.grid(axis="y", color="#e6e6e6")
        panel.set_axisbelow(True)
    return to_png(figure)


def clusters_png(frame: pd.DataFrame, document: str) -> Optional[bytes]:
    """Draw the size of each cluster and what is typical of its customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    document : str
        The document of :func:`train`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    segments = read_segments(document)
    vectors = read_vectors(frame)
    labels, _ = nearest_centres(vectors.values, segments.centres, segments.scale)
    sizes = np.bincount(labels, vectors.customers, minlength=len(segments.numbers))
    largest = np.argsort(-sizes, kind="mergesort")[:MOST_CLUSTERS_SHOWN]
    shown = [index for index in sorted(largest.tolist()) if sizes[index] > 0]
    figure = new_figure(3 + 2.2 * len(FEATURES), 1.6 + 0.55 * len(shown))
    if figure is None:
        return None
    widths = [1.5] + [1] * len(FEATURES)
    panels = figure.subplots(1, 1 + len(FEATURES), gridspec_kw={"width_ratios": widths})
    colors = [f"C{place % 10}" for place in range(len(shown))]
    share = sizes[shown] / sizes.sum()
    texts = [
        "{:,.0f} ({})".format(size, f"{part:.1%}" if part >= 0.001 else "< 0.1%")
        for size, part in zip(sizes[shown], share)
    ]
    draw_bars(panels[0], sizes[shown], texts, colors)
    panels[0].set_title("customers", fontsize=11, color=INK)
    panels[0].set_yticks(range(len(shown)))
    panels[0].set_yticklabels([f"cluster {segments.numbers[index]}" for index in shown])
    for panel, feature, column in zip(panels[1:], FEATURES, vectors.values.T):
        groups = [(column[labels == index], vectors.customers[labels == index]) for index in shown]
        means = np.array([np.average(values, weights=weights) for values, weights in groups])
        middle = [weighted_quantiles(values, weights, (0.1, 0.9)) for values, weights in groups]
        draw_feature(panel, feature, means, np.array(middle), colors)
    left = len(segments.numbers) - len(shown)
    note = "Bar: mean of the cluster. Thin line: the middle 80 % of its customers."
    note += f" The {left} smallest clusters are not shown." if left else ""
    figure.text(0.01, 0.01, note, fontsize=8, color=GREY)
    return to_png(figure)


def draw_feature(
    panel: Any, feature: Feature, means: np.ndarray, middle: np.ndarray, colors: List[str]
) -> None:
    """Draw the means (n_clusters,) and the ranges (n_clusters, 2) of one feature.

    Where one cluster would crush the others, all lengths go through asinh: proportional for
    small values, logarithmic for large ones. The figures at the bars stay what they are.
    """
    lengths = np.hstack([means[:, np.newaxis], middle])
    texts = [f"{mean:.3g}" if abs(mean) < 1000 else f"{mean:,.0f}" for mean in means]
    label = feature.meaning
    sizes = np.abs(means[means != 0])
    if len(sizes) and sizes.max() > WIDEST_LINEAR_RANGE * np.median(sizes):
        lengths = np.arcsinh(lengths / np.median(sizes))
        label += "\n(compressed scale)"
    draw_bars(panel, lengths[:, 0], texts, colors, lengths[:, 1:])
    panel.set_title(feature.name.replace("_", " "), fontsize=11, color=INK)
    panel.set_xlabel(label, fontsize=8, color=GREY)


def draw_bars(
    panel: Any,
    lengths: np.ndarray,
    texts: List[str],
    colors: List[str],
    ranges: Optional[np.ndarray] = None,
) -> None:
    """Draw one horizontal bar for each cluster, the first on top, with its figure at the end."""
    places = np.arange(len(lengths))
    panel.barh(places, lengths, height=0.6, color=colors)
    ends = np.maximum(lengths, 0)
    if ranges is not None:
        panel.hlines(places, ranges[:, 0], ranges[:, 1], color=INK, linewidth=1.2)
        ends = np.maximum(ends, ranges[:, 1])
    for place, end, text in zip(places, ends, texts):
        panel.annotate(
            text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=9
        )
    least = min(0.0, float(lengths.min()), 0.0 if ranges is None else float(ranges.min()))
    most = max(float(ends.max()), least + 1e-9)
    panel.set_xlim(least, most + 0.6 * (most - least))
    panel.set_ylim(len(lengths) - 0.4, -0.6)
    panel.set_xticks([])
    panel.set_yticks([])
    clear_frame(panel, ("top", "right", "bottom"))


def clear_frame(panel: Any, sides: Any) -> None:
    """Remove the lines at the given sides of a panel."""
    for side in sides:
        panel.spines[side].set_visible(False)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches; None, and a printed line, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        print(f"No chart: matplotlib cannot be imported ({error}).")
        return None
    figure = Figure(figsize=(width, height), dpi=120)
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Any) -> bytes:
    """Return the figure as PNG."""
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
# ---- glue
try:
    evaluation = evaluate(
        InputDataSet,
        max_k=max_k,
        scaling=scaling,
        random_state=random_state,
        n_init=n_init,
    )
    document = str(evaluation.document)
    chart = elbow_png(document) if with_chart else None
    fault = None
except Exception as error:
    document, chart, fault = None, None, str(locate(error))
document_length = int(len(document or ""))
',
            @input_data_1 = N'
SELECT
    f.order_ratio,
    f.items_ratio,
    f.monetary_ratio,
    f.frequency,
    COUNT(*) AS customers
FROM seg.customer_feature AS f
GROUP BY f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency',
            @params = N'
                @max_k int,
                @scaling nvarchar(10),
                @random_state int,
                @n_init int,
                @with_chart bit,
                @document nvarchar(max) OUTPUT,
                @document_length int OUTPUT,
                @chart varbinary(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @max_k = @max_k,
            @scaling = @scaling,
            @random_state = @random_state,
            @n_init = @n_init,
            @with_chart = @with_chart,
            @document = @document OUTPUT,
            @document_length = @document_length OUTPUT,
            @chart = @chart OUTPUT,
            @fault = @fault OUTPUT;

        IF @fault IS NOT NULL
        BEGIN
            SET @message = LEFT(@fault, 2000);
            THROW 50002, @message, 1;
        END;

        IF @document IS NULL OR @document_length IS NULL
            OR DATALENGTH(@document) <> 2 * @document_length OR ISJSON(@document) <> 1
        BEGIN
            SET @message = CONCAT(
                N'sp_execute_external_script: the document arrived with ',
                COALESCE(DATALENGTH(@document), 0) / 2, N' of ', @document_length,
                N' characters. Nothing was stored; call again, and report it when it happens twice.'
            );
            THROW 50003, @message, 1;
        END;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        SET @suggested_k = CAST(JSON_VALUE(@document, N'$.suggested_k') AS int);
        SET @reason = JSON_VALUE(@document, N'$.reason');

        INSERT INTO seg.k_evaluation (
            run_id, k, scaling, inertia, mean_distance, silhouette, silhouette_error,
            davies_bouldin, calinski_harabasz, is_suggested, reason
        )
        SELECT
            @run_id,
            e.k,
            @scaling,
            e.inertia,
            e.mean_distance,
            e.silhouette,
            e.silhouette_error,
            e.davies_bouldin,
            e.calinski_harabasz,
            IIF(e.k = @suggested_k, 1, 0),
            IIF(e.k = @suggested_k, @reason, NULL)
        FROM OPENJSON(@document, N'$.rows') WITH (
            k int '$.k',
            inertia float '$.inertia',
            mean_distance float '$.mean_distance',
            silhouette float '$.silhouette',
            silhouette_error float '$.silhouette_error',
            davies_bouldin float '$.davies_bouldin',
            calinski_harabasz float '$.calinski_harabasz'
        ) AS e;

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @message = @reason;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        SELECT
            e.k,
            e.inertia,
            e.mean_distance,
            e.silhouette,
            e.silhouette_error,
            e.davies_bouldin,
            e.calinski_harabasz,
            e.is_suggested
        FROM seg.k_evaluation AS e
        WHERE e.run_id = @run_id
        ORDER BY e.k;

        PRINT @reason;
    END TRY
    BEGIN CATCH
        IF @own_transaction = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;

        SET @message = ERROR_MESSAGE();

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
