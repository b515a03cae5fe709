/*
seg.train: fits K-Means on the customers' features and stores the model.

    EXEC seg.train @n_clusters = 4;

    DECLARE @model_id int;
    EXEC seg.train @n_clusters = 5, @scaling = N'standard', @activate = 0, @model_id = @model_id OUTPUT;

Result: one row that sums the model up. A new model keeps the number of each cluster of the active
one that it matches, so "cluster 0" goes on meaning the same people; the first one numbers by size.
*/
CREATE OR ALTER PROCEDURE seg.train
    @n_clusters int = 4,
    @scaling nvarchar(10) = N'none',
    @random_state int = 111,
    @n_init int = 10,
    @activate bit = 1,
    @model_id int = NULL OUTPUT,
    @with_chart bit = 0,
    @chart varbinary(max) = NULL OUTPUT,
    @with_result bit = 1
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
        @distinct_vectors bigint,
        @previous_id int,
        @previous nvarchar(max),
        @lock int,
        @document nvarchar(max),
        @document_length int,
        @fault nvarchar(max);

    BEGIN TRY
        SET @parameters = CONCAT(
            N'@n_clusters = ', @n_clusters, N', @scaling = ', @scaling, N', @random_state = ', @random_state,
            N', @n_init = ', @n_init, N', @activate = ', @activate
        );

        EXEC seg.start_run
            @procedure_name = N'train',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @faults = CONCAT(
            IIF(@n_clusters BETWEEN 1 AND 1000, N'', CONCAT(
                N'@n_clusters: ', COALESCE(CAST(@n_clusters AS nvarchar(30)), N'NULL'),
                N' is not a number of clusters. Allowed: 1 to 1000. '
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
            )),
            IIF(@activate IS NULL, N'@activate: NULL is neither yes nor no. Allowed: 0 or 1. ', N'')
        );

        IF @faults <> N''
        BEGIN
            SET @message = LEFT(RTRIM(@faults), 2000);
            THROW 50001, @message, 1;
        END;

        -- Python tells capitals and trailing blanks apart; a database may not.
        SET @scaling = LOWER(RTRIM(@scaling));

        SELECT @distinct_vectors = COUNT_BIG(*)
        FROM (
            SELECT DISTINCT
                f.order_ratio,
                f.items_ratio,
                f.monetary_ratio,
                f.frequency
            FROM seg.customer_feature AS f
        ) AS v;

        IF @distinct_vectors = 0
            THROW 50004, N'seg.customer_feature: is empty. EXEC seg.build_features first.', 1;

        IF @n_clusters > @distinct_vectors
        BEGIN
            SET @message = CONCAT(
                N'@n_clusters: ', @n_clusters, N' clusters need as many different customers, and there are ',
                @distinct_vectors, N' distinct feature vectors. Allowed: 1 to ', @distinct_vectors, N'.'
            );
            THROW 50001, @message, 1;
        END;

        SELECT
            @previous_id = m.model_id,
            @previous = m.document
        FROM seg.model AS m
        WHERE m.is_active = 1;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("centres.py", 27),
    ("features.py", 313),
    ("parameters.py", 349),
    ("runtime.py", 402),
    ("segments.py", 462),
    ("vectors.py", 548),
    ("kmeans.py", 758),
    ("charts.py", 986),
    ("glue", 1186),
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
# ---- procluster/indb/kmeans.py
"""Customer segments by K-Means: training, the model document, stable cluster numbers."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import pandas as pd















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
    vectors = usable_vectors(frame, n_clusters)
    scale = feature_scale(vectors, scaling)
    points = np.ascontiguousarray((vectors.values / scale).T)
    cells = condense(points, vectors.customers)
    best = fit_centres(points, vectors.customers, cells, n_clusters, random_state, n_init)
    centres = best.centres * scale
    numbers = number_clusters(centres, np.bincount(best.labels, vectors.customers), scale, earlier)
    clusters, labels = describe_clusters(vectors, centres, numbers, scale)
    document = {
        "format": MODEL_FORMAT,
        "features": FEATURE_NAMES,
        "scaling": scaling,
        "scale": by_feature(scale),
        "clusters": clusters,
        "n_clusters": int(n_clusters),
        "random_state": int(random_state),
        "n_init": int(n_init),
        "inertia": best.inertia,
        "customers": int(vectors.customers.sum()),
        "distinct_vectors": len(vectors.values),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "iterations": best.iterations,
        "versions": model_versions(),
    }
    row_labels = np.append(labels, -1)[vectors.row_vectors]
    return Model(json.dumps(document, allow_nan=False), row_labels)


def by_feature(values: np.ndarray) -> Dict[str, float]:
    """Return the values (n_features,) as a dictionary by feature name."""
    return dict(zip(FEATURE_NAMES, values.tolist()))


def describe_clusters(
    vectors: Vectors, centres: np.ndarray, numbers: List[int], scale: np.ndarray
) -> Tuple[List[Dict[str, Any]], np.ndarray]:
    """Return the clusters of the document in the order of their numbers, and the vectors'' numbers.

    A customer farther from the centre than the upper outer fence of its cluster, three
    interquartile ranges above the third quartile of the distances, is an outlier: Tukey (1977),
    Exploratory Data Analysis.
    """
    order = np.argsort(numbers)
    labels, distances = nearest_centres(vectors.values, centres[order], scale)
    clusters = []
    for place, index in enumerate(order):
        members = labels == place
        size = vectors.customers[members]
        low, high = weighted_quantiles(distances[members], size, (0.25, 0.75)).tolist()
        clusters.append(
            {
                "cluster": numbers[index],
                "size": int(size.sum()),
                "outlier_distance": high + 3 * (high - low),
                "centroid": by_feature(centres[index]),
            }
        )
    return clusters, np.array(numbers)[order][labels]


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
    """Return the earlier number of each cluster that has one, by the cluster''s index.

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
    """Return the tutorial''s table: each customer with its features and its cluster.

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
    model = train(
        InputDataSet,
        n_clusters=n_clusters,
        scaling=scaling,
        random_state=random_state,
        n_init=n_init,
        previous=previous,
    )
    document = str(model.document)
    chart = clusters_png(InputDataSet, document) if with_chart else None
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
                @n_clusters int,
                @scaling nvarchar(10),
                @random_state int,
                @n_init int,
                @previous nvarchar(max),
                @with_chart bit,
                @document nvarchar(max) OUTPUT,
                @document_length int OUTPUT,
                @chart varbinary(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @n_clusters = @n_clusters,
            @scaling = @scaling,
            @random_state = @random_state,
            @n_init = @n_init,
            @previous = @previous,
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

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.model',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.model: another call is changing the active model. Try again.', 1;

        IF @activate = 1 AND EXISTS (
            SELECT 1
            FROM seg.model AS m
            WHERE m.is_active = 1 AND m.model_id <> COALESCE(@previous_id, -1)
        )
            THROW 50005, N'seg.train: another model became active meanwhile, and cluster numbers follow the active one. Train again.', 1;

        IF @activate = 1
            UPDATE seg.model
            SET is_active = 0
            WHERE is_active = 1;

        INSERT INTO seg.model (
            run_id, is_active, n_clusters, scaling, random_state, n_init, inertia, customers, document
        )
        VALUES (
            @run_id,
            @activate,
            @n_clusters,
            @scaling,
            @random_state,
            @n_init,
            CAST(JSON_VALUE(@document, N'$.inertia') AS float),
            CAST(JSON_VALUE(@document, N'$.customers') AS bigint),
            @document
        );

        SET @model_id = CAST(SCOPE_IDENTITY() AS int);

        -- What a refresh measures change by: the active model's customers and this one's.
        DELETE FROM seg.model_customer
        WHERE model_id NOT IN (SELECT m.model_id FROM seg.model AS m WHERE m.is_active = 1);

        INSERT INTO seg.model_customer (
            model_id, customer_id, order_ratio, items_ratio, monetary_ratio, frequency
        )
        SELECT
            @model_id,
            f.customer_id,
            f.order_ratio,
            f.items_ratio,
            f.monetary_ratio,
            f.frequency
        FROM seg.customer_feature AS f;

        SET @message = CONCAT(N'model ', @model_id, N', ', @n_clusters, N' clusters');

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = 1,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        IF @with_result = 1
            SELECT
                m.model_id,
                m.n_clusters,
                m.scaling,
                m.inertia,
                m.customers,
                @distinct_vectors AS distinct_vectors,
                m.is_active
            FROM seg.model AS m
            WHERE m.model_id = @model_id;
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
