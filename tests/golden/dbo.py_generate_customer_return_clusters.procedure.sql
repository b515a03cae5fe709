/*
dbo.py_generate_customer_return_clusters: the procedure of Microsoft's clustering tutorial, with its
name, columns and k = 4. It trains on every call and stores nothing; seg.train and
seg.assign keep the model. Types are corrected: the customer has the type of its key, cluster is int.

    CREATE TABLE dbo.py_customer_clusters (
        Customer int NULL,
        orderRatio float NULL,
        itemsRatio float NULL,
        monetaryRatio float NULL,
        frequency float NULL,
        cluster int NULL
    );
    INSERT INTO dbo.py_customer_clusters EXEC dbo.py_generate_customer_return_clusters;
*/
CREATE OR ALTER PROCEDURE dbo.py_generate_customer_return_clusters
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @run_id bigint,
        @fault nvarchar(max),
        @message nvarchar(4000);

    BEGIN TRY
        IF NOT EXISTS (SELECT 1 FROM seg.customer_feature_source)
            THROW 50004, N'dbo.store_sales: no row has a customer, so there is nobody to segment. Load sales, or map another table.', 1;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("blocks.py", 36),
    ("nearest.py", 99),
    ("sums.py", 227),
    ("cells.py", 278),
    ("bounds.py", 559),
    ("lloyd.py", 717),
    ("ground.py", 891),
    ("splits.py", 1044),
    ("starts.py", 1103),
    ("search.py", 1171),
    ("centres.py", 1382),
    ("features.py", 1516),
    ("parameters.py", 1552),
    ("runtime.py", 1605),
    ("segments.py", 1665),
    ("vectors.py", 1759),
    ("kmeans.py", 2032),
    ("glue", 2270),
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
# ---- procluster/indb/blocks.py
"""Points in blocks that stay in the processor''s cache, and the numbers of some of them.

Numbers of points are kept as int32, which takes half the memory of what numpy indexes with.
"""

from typing import Callable, Iterable, Iterator

import numpy as np

POINTS_AT_ONCE = 8192


def blocks(count: int, size: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Divide so many points into blocks that stay in the processor''s cache."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def blocks_of(numbers: np.ndarray, size: int = POINTS_AT_ONCE) -> Iterator[np.ndarray]:
    """Yield the numbers of points, as :func:`find_points` returns them, in blocks to index with."""
    return (numbers[part].astype(np.intp) for part in blocks(len(numbers), size))


def filter_points(numbers: np.ndarray, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return those of the numbers of points for which a test of a block of them is true."""
    return join_numbers(len(numbers), (part[test(part)] for part in blocks_of(numbers)))


def find_points(count: int, test: Callable[[slice], np.ndarray]) -> np.ndarray:
    """Return the numbers of the points for which a test is true.

    Parameters
    ----------
    count : int
    test : function
        Takes a block and returns an array of bool.

    Examples
    --------
    >>> values = np.array([3, 8, 1])
    >>> find_points(3, lambda part: values[part] > 2).tolist()
    [0, 1]
    """
    parts = blocks(count, 2 * POINTS_AT_ONCE)
    return join_numbers(count, (part.start + np.flatnonzero(test(part)) for part in parts))


def join_numbers(most: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Return at most so many numbers of points in one array, in half the memory of an int64."""
    joined, end = np.empty(most, dtype=np.int32), 0
    for part in parts:
        joined[end : end + len(part)] = part
        end += len(part)
    joined.resize(end, refcheck=False)  # in its place
    return joined


def hand_out(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the value of each point''s cell, shape (n_points,)."""
    handed = np.empty(len(numbers), dtype=values.dtype)
    for part in blocks(len(numbers)):
        handed[part] = values.take(numbers[part])
    return handed
# ---- procluster/indb/nearest.py
"""Which centre is nearest to each point, exactly, and how clearly.

Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory;
centres are arrays of shape (n_clusters, n_features).
"""

from typing import Tuple

import numpy as np



# So many pairs are looked at a time, to stay in the processor''s cache.
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
# ---- procluster/indb/sums.py
"""Sums by label, of the points of a cluster or of a cell.

They are added in an order that depends on the points only, so that every release of numpy finds
the same.
"""

from typing import Sequence

import numpy as np

# Neighbouring points often have the same label, and a processor that adds to one number again
# and again waits for itself. So the points take turns between so many sums of each label.
TURNS = 4


def label_sums(labels: np.ndarray, rows: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the sums of each row by label, shape (n_rows, count).

    Parameters
    ----------
    labels : array of int, shape (n_points,)
        From 0 to `count` - 1.
    rows : sequence of arrays of float, shape (n_points,)
    count : int

    Examples
    --------
    >>> label_sums(np.array([1, 0, 1]), [np.array([1.0, 2.0, 4.0])], 3).tolist()
    [[2.0, 5.0, 0.0]]
    """
    places = np.arange(len(labels))
    places &= TURNS - 1
    places *= count
    places += labels
    found = np.empty((len(rows), TURNS * count))
    for row, sums in zip(rows, found):
        sums[:] = np.bincount(places, row, minlength=TURNS * count)
    return np.asarray(found.reshape(len(found), TURNS, count).sum(axis=1))


def cluster_sums(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the weighted sums of each cluster''s features and, last, its weight.

    Returns
    -------
    array of float, shape (n_features + 1, n_clusters)
    """
    return label_sums(labels, [*(weights * points), weights], n_clusters)
# ---- procluster/indb/cells.py
"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np





# So many cells for each cluster show well where clusters are best; of many cells, fewer will do.
FEWEST_CELLS = 512
CELLS_PER_CLUSTER = 128
MANY_CELLS = 2048
CELLS_PER_CLUSTER_OF_MANY = 16

# About so many points for each cell are enough to see where cells are to be cut.
SCOUTS_PER_CELL = 8


class Cells(NamedTuple):
    """Groups of points that lie near each other.

    Attributes
    ----------
    means : array of float, shape (n_features, n_cells)
    weights : array of float, shape (n_cells,)
    numbers : array of int, shape (n_points,)
        The cell of each point.
    widths : array of float, shape (n_points,)
        Twice the distance of each point to the mean of its cell.
    spans : array of float, shape (n_cells,)
        The largest width in each cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray
    spans: np.ndarray


class Spread(NamedTuple):
    """Weights, means, sums of squares and the widest feature of some cells."""

    weights: np.ndarray
    means: np.ndarray
    losses: np.ndarray
    widest: np.ndarray


class Cut(NamedTuple):
    """Which cells are cut in two, and where; arrays of shape (n_cells,).

    Attributes
    ----------
    upper : array of int
        The number that the upper half of each cell gets; its own for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half; infinite for a cell that
        stays whole.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters, a power of two.

    Examples
    --------
    >>> [count_cells(n_clusters) for n_clusters in (4, 5, 128, 129)]
    [512, 1024, 2048, 4096]
    """
    wanted = min(MANY_CELLS, CELLS_PER_CLUSTER * n_clusters)
    wanted = max(wanted, CELLS_PER_CLUSTER_OF_MANY * n_clusters)
    count = FEWEST_CELLS
    while count < wanted:
        count *= 2
    return count


def condense(points: np.ndarray, weights: np.ndarray, most_cells: int) -> Cells:
    """Divide the points into at most `most_cells` cells.

    Cells are split at the mean of their widest feature, in rounds: all those with more than an
    equal share of the sum of squares, so that an outlier soon has a cell of its own and equal
    points are never looked at again. A cell is represented by its mean and weight; what it leaves
    out of any inertia is its own sum of squares (the theorem of Huygens and Steiner).

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> cells = condense(points, weights, most_cells=2)
    >>> cells.means.tolist(), cells.weights.tolist(), cells.numbers.tolist()
    ([[0.25, 50.5]], [4.0, 2.0], [0, 0, 1, 1])
    >>> cells.widths.tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        numbers = np.arange(n_points, dtype=np.int32)
        return Cells(points, weights, numbers, np.zeros(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    spans = largest_widths(widths, numbers, len(totals))
    return Cells(means, totals, numbers.astype(np.int32), widths, spans)


def largest_widths(widths: np.ndarray, numbers: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the largest width in each cell.

    Points overwrite each other until none is left that is wider than what its cell has.
    """
    spans = np.zeros(n_cells)
    for part in blocks(len(widths)):
        wide, cells = widths[part], numbers[part]
        while len(wide):
            wider = wide > spans[cells]
            wide, cells = wide[wider], cells[wider]
            spans[cells] = wide
    return spans


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point''s cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    numbers = np.zeros(len(weights), dtype=np.int64)
    reference = points[:, :1]
    step = len(weights) // (SCOUTS_PER_CELL * most_cells)
    if step > 1:
        scouts = np.ascontiguousarray(points[:, ::step]), weights[::step]
        reference, cuts = sketch_cells(*scouts, most_cells - most_cells // 4)
        del scouts  # memory is scarce
        for part in blocks(len(weights)):
            block = np.ascontiguousarray(points[:, part])
            for cut in cuts:
                numbers[part] = divide(block, numbers[part], cut)
    spread = measure_spread(points, weights, numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1).take(numbers)
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def sketch_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, List[Cut]]:
    """Return the means of the cells that some points tell, and the cuts that lead there."""
    numbers = np.zeros(len(weights), dtype=np.int64)
    spread = measure_spread(points, weights, numbers, points[:, :1])
    spread, cuts = refine(points, weights, numbers, spread, most_cells)
    return spread.means, cuts


def refine(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, spread: Spread, most_cells: int
) -> Tuple[Spread, List[Cut]]:
    """Cut cells until there are `most_cells` or none differs inside; change `numbers`.

    Returns
    -------
    spread : Spread
        Of the cells there are then.
    cuts : list of Cut
    """
    cuts: List[Cut] = []
    while True:
        losses, count = spread.losses, len(spread.losses)
        chosen = np.flatnonzero(losses > losses.sum() / most_cells)
        largest = np.argsort(-losses[chosen], kind="mergesort")[: most_cells - count]
        chosen = np.sort(chosen[largest])
        if not len(chosen):
            return spread, cuts
        cuts.append(cut_at_means(spread, chosen))
        halves = measure_halves(points, weights, numbers, spread, chosen, cuts[-1])
        spread = replace_halves(spread, chosen, halves)


def cut_at_means(spread: Spread, chosen: np.ndarray) -> Cut:
    """Return the cut of the chosen cells at the mean of their widest feature."""
    count = len(spread.weights)
    upper, thresholds = np.arange(count), np.full(count, np.inf)
    upper[chosen] = count + np.arange(len(chosen))
    thresholds[chosen] = spread.means[spread.widest[chosen], chosen]
    return Cut(upper, spread.widest, thresholds)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Return the numbers of the points'' cells after a cut."""
    n_points = len(numbers)
    places = (cut.features * n_points).take(numbers)
    places += np.arange(n_points)
    high = points.ravel().take(places) > cut.thresholds.take(numbers)
    return np.where(high, cut.upper.take(numbers), numbers)


def measure_halves(
    points: np.ndarray,
    weights: np.ndarray,
    numbers: np.ndarray,
    spread: Spread,
    chosen: np.ndarray,
    cut: Cut,
) -> Spread:
    """Cut the chosen cells, changing `numbers`; return the spread of the lower and upper halves."""
    count = len(chosen)
    place = np.full(len(spread.weights) + count, -1)
    place[chosen] = np.arange(count)
    place[len(spread.weights) :] = count + np.arange(count)
    touched = find_points(len(numbers), lambda part: place.take(numbers[part]) >= 0)
    reference = np.tile(spread.means[:, chosen], 2)
    moments = np.zeros((1 + 2 * len(points), 2 * count))
    for part in blocks_of(touched):
        values = points[:, part]
        numbers[part] = divide(values, numbers[part], cut)
        moments += sum_moments(values, weights[part], place[numbers[part]], reference)
    return spread_of(moments, reference)


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, reference: np.ndarray
) -> Spread:
    """Return the spread of the points by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    numbers : array of int, shape (n_points,)
        Their cells.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    moments = np.zeros((1 + 2 * len(points), reference.shape[1]))
    for part in blocks(len(weights)):
        moments += sum_moments(points[:, part], weights[part], numbers[part], reference)
    return spread_of(moments, reference)


def sum_moments(
    points: np.ndarray, weights: np.ndarray, cells: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Return weight, and weighted sums and squares about the reference, a row each, by cell."""
    gaps = points - reference.take(cells, axis=1)
    weighted = weights * gaps
    gaps *= weighted
    return label_sums(cells, [weights, *weighted, *gaps], reference.shape[1])


def spread_of(moments: np.ndarray, reference: np.ndarray) -> Spread:
    """Return the spread that moments about a reference tell."""
    totals, sums, squares = moments[0], *np.split(moments[1:], 2)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
# ---- procluster/indb/bounds.py
"""Which points may have changed their cluster since they were looked at; most have not for sure.

A point keeps its cluster while its lead, by which the second nearest centre is farther than the
nearest, is not used up by what the centres move: Hamerly (2010), Making k-means even faster, SIAM
International Conference on Data Mining. What uses it up is the move of its own centre, and the
largest move among the centres that are near enough to its cell to be the second. So a centre that
jumps among outliers makes nobody else unsure, and where centres rest nothing is looked at.
"""

from typing import Union

import numpy as np





# The centres near to each cell, and the points watched, hold until a centre has moved farther than
# so many times its step when they were found; then they are found anew.
STEPS_AHEAD = 8

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


class Bounds:
    """How far the centres may move until a point has to be looked at again.

    Parameters
    ----------
    cells : Cells
    cell_lead : array of float, shape (n_cells,)
        How much farther the second nearest centre of each mean is than the nearest.
    n_clusters : int

    Attributes
    ----------
    due : array of int
        The points to look at now.
    """

    def __init__(self, cells: Cells, cell_lead: np.ndarray, n_clusters: int) -> None:
        self._cells = cells
        # At distance r from the mean of its cell a point''s lead is smaller than the mean''s by 2 r
        # at most, by the triangle inequality, twice.
        self._limits = hand_out(cell_lead * SAFETY, cells.numbers)
        self._limits -= cells.widths
        self.due = find_points(len(self._limits), lambda part: self._limits[part] <= 0)
        self._reach = np.full(n_clusters, -1.0)  # nothing is watched yet
        self._own_moves = np.zeros(n_clusters)
        self._other_moves = np.zeros(len(cell_lead))

    def renew(self, points: np.ndarray, labels: np.ndarray, lead: np.ndarray) -> None:
        """Note the lead of some points, given by their numbers, after their labels."""
        numbers = self._cells.numbers[points]
        used = use_up(numbers, labels, self._own_moves, self._other_moves)
        self._limits[points] = lead * SAFETY + used

    def move(self, centres: np.ndarray, moves: np.ndarray, labels: np.ndarray) -> None:
        """Find the points that are due when the centres have moved.

        Parameters
        ----------
        centres : array of float, shape (n_clusters, n_features)
            Where they are now.
        moves : array of float, shape (n_clusters,)
            How far each of them has moved.
        labels : array of int, shape (n_points,)
        """
        del self.due  # memory is scarce
        moves = moves / SAFETY
        self._reach -= moves
        found_anew = bool((self._reach < 0).any())
        if found_anew:
            self._reach = STEPS_AHEAD * moves
            self._near = near_centres(self._cells, centres, self._reach)
        self._own_moves += moves
        self._other_moves += self._largest(moves)
        if found_anew:
            self._watched = self._soon_due(labels)
        own, other = self._own_moves, self._other_moves
        self.due = filter_points(
            self._watched, lambda part: self._are_due(part, labels, own, other)
        )

    def _soon_due(self, labels: np.ndarray) -> np.ndarray:
        """Return the points that are due before the centres have moved beyond their reach."""
        own = self._own_moves + self._reach
        other = self._other_moves + self._largest(self._reach)
        return find_points(len(labels), lambda part: self._are_due(part, labels, own, other))

    def _are_due(
        self,
        part: Union[slice, np.ndarray],
        labels: np.ndarray,
        own: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return which of some points such moves of the centres leave no lead."""
        used = use_up(self._cells.numbers[part], labels[part], own, other)
        return np.asarray(self._limits[part] <= used)

    def _largest(self, moves: np.ndarray) -> np.ndarray:
        """Return the largest move among the centres near to each cell."""
        moving = np.flatnonzero(moves)
        largest = np.where(self._near[moving], moves[moving, np.newaxis], 0.0).max(axis=0)
        return np.asarray(largest)


def use_up(
    numbers: np.ndarray, labels: np.ndarray, own: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return what moves take of the lead of points.

    Parameters
    ----------
    numbers, labels : array of int, shape (n,)
        The cells and the clusters of the points.
    own : array of float, shape (n_clusters,)
        What each centre moves.
    other : array of float, shape (n_cells,)
        What another one near to each cell moves at most.
    """
    used = own.take(labels)
    used += other.take(numbers)
    return np.asarray(used)


def near_centres(cells: Cells, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return which centres can be the nearest or the second of some point of each cell.

    Parameters
    ----------
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
    reach : array of float, shape (n_clusters,)
        How far each of them may be from there, then or before.

    Returns
    -------
    array of bool, shape (n_clusters, n_cells)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 50.0, 51.0]]), np.ones(4), most_cells=2)
    >>> near_centres(cells, np.array([[0.0], [2.0], [4.0], [60.0]]), np.zeros(4)).tolist()
    [[True, False], [True, False], [False, True], [False, True]]
    """
    distances = squared_distances(cells.means, centres)
    np.sqrt(distances, out=distances)
    farthest = distances + reach[:, np.newaxis]
    farthest[farthest.argmin(axis=0), np.arange(farthest.shape[1])] = np.inf
    limits = farthest.min(axis=0) + cells.spans
    distances *= SAFETY  # in its place, for memory is scarce
    distances -= reach[:, np.newaxis]
    return np.asarray(distances <= limits)
# ---- procluster/indb/lloyd.py
"""Lloyd''s algorithm on all the points, most of which need no look.

Whole cells are assigned by their means where that is sure to be right for all their points: the
idea of Pelleg and Moore (1999), Accelerating exact k-means algorithms with geometric reasoning,
with cells of any shape instead of a k-d tree''s boxes. The others are compared with the centres,
once more whenever their bounds say so. The outcome is that of Lloyd''s algorithm without any cells,
up to rounding.
"""

from typing import NamedTuple

import numpy as np







# Lloyd''s algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# A cluster with a smaller share of the weight is empty, but for what rounding leaves of its sums.
NOTHING = 1e-13


class Fit(NamedTuple):
    """Where Lloyd''s algorithm came to.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre of each point; the lower number where two are equally near.
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
    """

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    steps: int


def means_of(sums: np.ndarray, cells: Cells, centres: np.ndarray) -> np.ndarray:
    """Return the means, shape (n_clusters, n_features); an empty cluster takes a worst served cell.

    Parameters
    ----------
    sums : array of float, shape (n_features + 1, n_clusters)
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
        The centres that the points were assigned to.
    """
    occupied = sums[-1] > NOTHING * sums[-1].sum()
    means = (sums[:-1] / np.where(occupied, sums[-1], 1.0)).T
    if occupied.all():
        return np.asarray(means)
    empty = np.flatnonzero(~occupied)
    costs = cells.weights * two_nearest(cells.means, centres)[1]
    worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
    means[empty] = cells.means[:, worst].T
    return np.asarray(means)


def run_lloyd(points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray) -> Fit:
    """Move the centres to the means of their points until nothing changes.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    cells : Cells
        Of the same points.
    centres : array of float, shape (n_clusters, n_features)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> points, weights = np.array([[0.0, 1.0, 2.0, 9.0]]), np.ones(4)
    >>> fit = run_lloyd(points, weights, condense(points, weights, 3), np.array([[0.0], [1.0]]))
    >>> fit.centres.tolist(), fit.labels.tolist()
    ([[1.0], [9.0]], [0, 0, 0, 1])
    """
    cell_labels, cell_lead = label_points(cells.means, centres)
    labels = hand_out(cell_labels.astype(np.int32), cells.numbers)  # half the memory
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    bounds = Bounds(cells, cell_lead, len(centres))
    relabel(points, weights, bounds, centres, labels, sums)
    steps, rounded = 1, False
    while steps < MOST_STEPS:
        means = means_of(sums, cells, centres)
        moves = np.sqrt(((means - centres) ** 2).sum(axis=1))
        if moves.any():
            centres = means
            bounds.move(centres, moves, labels)
            rounded |= relabel(points, weights, bounds, centres, labels, sums)
            steps += 1
        elif rounded:
            sums, rounded = sum_points(points, weights, cells, centres, labels), False
        else:
            break
    return Fit(centres, labels, sums[-1], steps)


def sum_points(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the sums of the clusters, shape (n_features + 1, n_clusters).

    Each point is added once at most, where those kept up to date have been rounded with every
    change of a label.
    """
    cell_labels, _ = label_points(cells.means, centres)
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    for part in blocks(len(labels)):
        implied = cell_labels.take(cells.numbers[part])
        other = np.flatnonzero(implied != labels[part])
        values, own = points[:, part].take(other, axis=1), weights[part].take(other)
        transfer(sums, values, own, implied[other], labels[part].take(other))
    return sums


def transfer(
    sums: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    """Take points from the sums of their labels before to those of their labels after."""
    sums += cluster_sums(points, weights, after, sums.shape[1])
    sums -= cluster_sums(points, weights, before, sums.shape[1])


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    bounds: Bounds,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Give the points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    bounds : Bounds
        Told the new leads.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    bool
        Whether any label has changed.
    """
    any_changed = False
    for due in blocks_of(bounds.due, points_at_once(centres)):
        values, before = points[:, due], labels[due]
        after, lead = label_points(values, centres)
        bounds.renew(due, after, lead)
        changed = np.flatnonzero(after != before)
        if len(changed):
            any_changed = True
            labels[due] = after
            own = weights[due[changed]]
            transfer(sums, values[:, changed], own, before[changed], after[changed])
    return any_changed
# ---- procluster/indb/ground.py
"""The ground that the search for centres moves on: cells, made ready to be labelled many times."""

from typing import NamedTuple, Tuple

import numpy as np




# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9

# An inertia that is a smaller share than this of that about the origin has too few right digits
# as a difference from it, and is added up from the squares.
FAINT = 1e-5


class Ground(NamedTuple):
    """Cells about their mean, and what every labelling needs of them.

    Attributes
    ----------
    cells : Cells
        Their means are taken from `origin`, so that no digits are lost to what all share.
    origin : array of float, shape (n_features,)
    frame : array of float, shape (n_features + 1, n_cells)
        The means, and a row of ones.
    moments : array of float, shape (n_cells, n_features + 1)
        Both times the weights, a cell after the other.
    slack : array of float, shape (n_cells,)
        How far rounding can move what :func:`label_cells` compares, but for the centres'' share.
    inertia : float
        About the origin.
    """

    cells: Cells
    origin: np.ndarray
    frame: np.ndarray
    moments: np.ndarray
    slack: np.ndarray
    inertia: float


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.
    labels : array of int, shape (n_cells,)
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float

    def beats(self, other: "State") -> bool:
        """Return whether these are better clusters, and not the same ones rounded otherwise."""
        return self.inertia < other.inertia * (1 - SAME)


def lay_ground(cells: Cells) -> Ground:
    """Make cells ready."""
    n_features, n_cells = cells.means.shape
    origin = np.cumsum(cells.means, axis=1)[:, -1] / n_cells
    means = cells.means - origin[:, np.newaxis]
    frame = np.vstack([means, np.ones(n_cells)])
    squares = (means**2).sum(axis=0)
    return Ground(
        cells=cells._replace(means=means),
        origin=origin,
        frame=frame,
        moments=np.ascontiguousarray((cells.weights * frame).T),
        slack=8 * ROUNDING * n_features * squares,
        inertia=float(cells.weights.dot(squares)),
    )


def observe(ground: Ground, centres: np.ndarray) -> State:
    """Return how the cells see some centres."""
    labels, saved = label_cells(ground, centres)
    inertia = ground.inertia - saved
    if inertia < FAINT * ground.inertia:
        inertia = float(ground.cells.weights.dot(own_squares(ground.cells.means, centres, labels)))
    return State(centres, labels, inertia)


def label_cells(ground: Ground, centres: np.ndarray) -> Tuple[np.ndarray, float]:
    """Return the nearest centre of each cell, the lower number where two are equally near.

    Squared distances less what all centres have in common come from one matrix product; only the
    cells for which rounding could have changed the order of two centres are looked at again.

    Parameters
    ----------
    ground : Ground
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.

    Returns
    -------
    labels : array of int, shape (n_cells,)
    saved : float
        How much smaller the inertia is than that about the origin.

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 8.0]]), np.ones(3), most_cells=3)
    >>> ground = lay_ground(cells)
    >>> labels, saved = label_cells(ground, np.array([[8.0], [0.5]]) - ground.origin)
    >>> labels.tolist(), round(saved, 9)
    ([1, 1, 0], 37.5)
    """
    n_clusters, n_features = centres.shape
    planes = np.empty((n_clusters, n_features + 1))
    np.multiply(centres, -2, out=planes[:, :-1])
    planes[:, -1] = constants = (centres**2).sum(axis=1)
    spare = 8 * ROUNDING * n_features * constants.max()
    numbers = np.arange(n_clusters, dtype=np.float32)
    labels = np.empty(len(ground.slack), dtype=np.int64)
    saved = 0.0
    step = points_at_once(planes)
    for start in range(0, len(labels), step):  # called so often that a generator would be felt
        part = slice(start, start + step)
        scores = planes.dot(ground.frame[:, part])
        limits = scores.min(axis=0)
        saved -= float(ground.cells.weights[part].dot(limits))
        limits += ground.slack[part]
        limits += spare
        near = scores <= limits
        # Where one centre is near to a cell, the sum of the numbers of those near is its number.
        labels[part] = numbers.dot(near)
        if np.count_nonzero(near) > near.shape[1]:
            unsure = start + np.flatnonzero(near.sum(axis=0) > 1)
            labels[unsure], _, _ = two_nearest(ground.cells.means[:, unsure], centres)
    return labels, saved


def sum_cells(ground: Ground, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted sums of the features and, last, the weight of the cells by label.

    Returns
    -------
    array of float, shape (count, n_features + 1)
    """
    width = ground.moments.shape[1]
    places = np.arange(count * width).reshape(count, width).take(labels, axis=0)
    sums = np.bincount(places.ravel(), ground.moments.ravel(), minlength=count * width)
    return np.asarray(sums.reshape(count, width))
# ---- procluster/indb/splits.py
"""Where each cluster would be split in two, and what that gains."""

from typing import NamedTuple

import numpy as np




# From a drawn cell, so many steps of Lloyd''s algorithm with two centres settle where the halves
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
# ---- procluster/indb/starts.py
"""Starting centres by greedy k-means++.

Each centre is the best of a few points drawn with probability proportional to weight times
squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
advantages of careful seeding.
"""

import math
from typing import NamedTuple

import numpy as np





class Starts(NamedTuple):
    """Sequences of starting centres; the first k of a sequence are a start for k clusters.

    Attributes
    ----------
    chosen : array of int, shape (n_starts, n_clusters)
        Cells.
    inertias : array of float, shape (n_starts, n_clusters)
        What the cells cost with the first 1, 2, ... centres of the sequence.
    """

    chosen: np.ndarray
    inertias: np.ndarray

    def best(self, n_clusters: int, count: int) -> np.ndarray:
        """Return the cells of the `count` best starts for so many clusters, a row each."""
        order = np.argsort(self.inertias[:, n_clusters - 1], kind="mergesort")
        return np.asarray(self.chosen[order[:count], :n_clusters])


def draw_starts(
    cells: Cells, n_clusters: int, n_starts: int, random: np.random.RandomState
) -> Starts:
    """Draw sequences of up to `n_clusters` starting centres.

    They are shorter when fewer cells are far enough apart to be told from each other. The draws
    for a centre do not depend on how many come after it.
    """
    chosen = np.zeros((n_starts, n_clusters), dtype=np.int64)
    inertias = np.zeros((n_starts, n_clusters))
    nearest = np.full((n_starts, len(cells.weights)), np.inf)
    odds = np.repeat(np.cumsum(cells.weights)[np.newaxis], n_starts, axis=0)
    for index in range(n_clusters):
        if not (odds[:, -1] > 0).all():
            return Starts(chosen[:, :index], inertias[:, :index])
        shares = random.random_sample((n_starts, 2 + int(math.log(index + 1))))
        for row in range(n_starts):
            draws = draw_cells(odds[row], shares[row])
            squares = squared_distances(cells.means, cells.means[:, draws].T)
            np.minimum(squares, nearest[row], out=squares)
            cumulated = np.cumsum(cells.weights * squares, axis=1)
            best = int(cumulated[:, -1].argmin())
            nearest[row], odds[row] = squares[best], cumulated[best]
            chosen[row, index], inertias[row, index] = draws[best], odds[row, -1]
    return Starts(chosen, inertias)


def draw_cells(odds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the indices at the given shares of the cumulated odds; none whose odds are zero."""
    draws = np.searchsorted(odds, shares * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))
# ---- procluster/indb/search.py
"""The search for good centres, on the cells.

Lloyd''s algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple

import numpy as np








# The search begins on so many coarser cells, or on so many for each cluster, where a trial costs
# little, and is repeated on the cells themselves.
COARSE_CELLS = 512
COARSE_CELLS_PER_CLUSTER = 8

# So many swaps that fail in a row are enough where little is left to find.
FEW_SWAPS = 3

# After so many swaps that failed the clusters are split anew, elsewhere.
SWAPS_AT_ONCE = 5

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50


class Effort(NamedTuple):
    """How long to search.

    Attributes
    ----------
    starts : int
        How many of the starts that are drawn are improved by swaps, the best ones.
    swaps : int
        An improvement ends when so many swaps in a row have not helped.
    """

    starts: int
    swaps: int


def search_centres(
    cells: Cells, efforts: Dict[int, Effort], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    efforts : dict of Effort
        By number of clusters: consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    most_clusters = max(efforts)
    fine = coarse = lay_ground(cells)
    most_coarse = max(COARSE_CELLS, COARSE_CELLS_PER_CLUSTER * most_clusters)
    if len(cells.weights) > most_coarse:
        coarse = lay_ground(condense(fine.cells.means, cells.weights, most_coarse))
    starts = draw_starts(coarse.cells, most_clusters, n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    begun = {
        k: [coarse.cells.means[:, own].T for own in starts.best(k, effort.starts)]
        for k, effort in efforts.items()
        if k <= most
    }
    n_swaps = {k: effort.swaps for k, effort in efforts.items()}
    found = climb(coarse, begun, n_swaps, random_state)
    if coarse is not fine:
        begun = {k: [state.centres + coarse.origin] for k, state in found.items()}
        few = {k: min(FEW_SWAPS, most) for k, most in n_swaps.items()}
        found = climb(fine, begun, few, random_state)
    return {k: state.centres + fine.origin for k, state in found.items()}


def climb(
    ground: Ground, begun: Dict[int, List[np.ndarray]], n_swaps: Dict[int, int], random_state: int
) -> Dict[int, State]:
    """Return the best states that are found from some centres, by number of clusters."""
    found: Dict[int, State] = {}
    random = np.random.RandomState()
    for k, starts in begun.items():
        states = [settle(ground, centres) for centres in starts]
        if k - 1 in found and found[k - 1].inertia > 0:
            random.seed(random_state)
            states.append(grow(ground, found[k - 1], random))
        found[k] = improve_best(ground, states, n_swaps[k], random, random_state)
    for k in sorted(found, reverse=True)[1:]:
        shrunk = shrink(ground, found[k + 1], found[k].inertia)
        found[k] = shrunk if shrunk.beats(found[k]) else found[k]
    return found


def improve_best(
    ground: Ground,
    states: List[State],
    n_swaps: int,
    random: np.random.RandomState,
    random_state: int,
) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once.

    Each begins with the same draws. (To seed `random` anew takes a fiftieth of the time of making
    another one.)
    """
    best, seen = states[0], np.zeros(0)
    for state in states:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        random.seed(random_state)
        improved = improve(ground, state, n_swaps, random)
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = improved if improved.beats(best) else best
    return best


def settle(ground: Ground, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd''s algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    state = observe(ground, centres)
    for _ in range(MOST_TRIAL_STEPS):
        sums = sum_cells(ground, state.labels, len(centres))
        moved = observe(ground, means_of(sums.T, ground.cells, state.centres))
        gain = state.inertia - moved.inertia
        state = moved
        if gain <= SETTLED * state.inertia or PATIENCE * gain < state.inertia - target:
            break
    return state


def improve(ground: Ground, state: State, n_swaps: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_swaps` of them in a row have not helped."""
    failed, costs = 0, removal_costs(ground, state)
    while failed < n_swaps and state.inertia > 0 and len(state.centres) > 1:
        splits = split_clusters(ground, state, random)
        for centres in swaps(state, splits, costs, min(SWAPS_AT_ONCE, n_swaps - failed)):
            trial = settle(ground, centres, state.inertia)
            failed += 1
            if trial.beats(state):
                state, failed, costs = trial, 0, removal_costs(ground, trial)
                break
    return state


def swaps(state: State, splits: Splits, costs: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    net = costs - splits.gains[:, np.newaxis]
    np.fill_diagonal(net, np.inf)
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        split, given_up = divmod(int(place), len(net))
        if split == given_up:  # two clusters have no more than two swaps
            return
        centres = state.centres.copy()
        centres[split], centres[given_up] = splits.lower[split], splits.upper[split]
        yield centres


def grow(ground: Ground, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    splits = split_clusters(ground, state, random)
    split = splits.gains.argmax()
    centres = np.vstack([state.centres, splits.upper[split]])
    centres[split] = splits.lower[split]
    return settle(ground, centres)


def shrink(ground: Ground, state: State, target: float) -> State:
    """Return the state with one cluster less, given up where that costs least."""
    cheapest = removal_costs(ground, state).argmin()
    return settle(ground, np.delete(state.centres, cheapest, axis=0), target)


def removal_costs(ground: Ground, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    labels, first, second = two_nearest(ground.cells.means, state.centres)
    more = np.where(np.isfinite(second), second - first, 0.0)
    return np.bincount(labels, ground.cells.weights * more, minlength=len(state.centres))
# ---- procluster/indb/centres.py
"""The centres of K-Means, for one number of clusters or for many.

1. The points are condensed to cells (cells).
2. On the cells, centres are drawn (starts) and improved by swaps (search).
3. From there Lloyd''s algorithm runs to its fixed point on all the points (lloyd): scikit-learn''s
   KMeans from these centres with tol=0 stays there.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy: what labels and means are made of is computed in a
fixed order. Only inertias are dot products, whose last digits may differ; clusters are better only
when more than that tells them apart.
"""

from typing import List, NamedTuple, Tuple

import numpy as np








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
        Steps of Lloyd''s algorithm on all the points.
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
        Of Lloyd''s algorithm on all the points.
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
    """Return the fixed point of Lloyd''s algorithm from some centres, and the points'' labels."""
    fit = run_lloyd(points, weights, cells, centres)
    inertia, spreads = 0.0, np.zeros(len(centres))
    for part in blocks(len(weights)):
        labels, own = fit.labels[part], weights[part]
        squares = own_squares(points[:, part], fit.centres, labels)
        inertia += float(own.dot(squares))
        distances = own * np.sqrt(squares)
        spreads += label_sums(labels, [distances], len(centres))[0]
    return Partition(fit.centres, fit.sizes, spreads, inertia, fit.steps), fit.labels
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
customers: the square root of the sum of ((x - c) * (1 / scale)) ** 2 over the features.
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
    labels = np.zeros(len(values), dtype=np.int32)
    nearest = np.full(len(values), np.inf)
    factors = 1 / scale
    for part in blocks(len(values)):
        for index, centre in enumerate(centres):
            squares = np.zeros(len(nearest[part]))
            for column, middle, factor in zip(values[part].T, centre, factors):
                gaps = column - middle
                gaps *= factor
                gaps *= gaps
                squares += gaps
            np.copyto(labels[part], index, where=squares < nearest[part])
            np.minimum(nearest[part], squares, out=nearest[part])
    return labels, np.sqrt(nearest, out=nearest)
# ---- procluster/indb/vectors.py
"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd



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
# ---- procluster/indb/kmeans.py
"""Customer segments by K-Means: training, the model document, stable cluster numbers."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

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
    """Return the document''s clusters by their numbers, the vectors'' numbers, and the inertia.

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
# ---- glue
try:
    OutputDataSet = label_customers(
        InputDataSet,
        n_clusters=4,
        random_state=111,
        n_init=10,
        integer_keys=False,
    )
    fault = None
except Exception as error:
    OutputDataSet = InputDataSet.head(0).assign(cluster=np.int32(0))
    fault = str(locate(error))
',
            @input_data_1 = N'SELECT
    CAST(s.customer_id AS int) AS Customer,
    s.order_ratio,
    s.items_ratio,
    s.monetary_ratio,
    s.frequency
FROM seg.customer_feature_source AS s
',
            @params = N'@fault nvarchar(max) OUTPUT',
            @fault = @fault OUTPUT
        WITH RESULT SETS ((
            Customer int NULL,
            orderRatio float NULL,
            itemsRatio float NULL,
            monetaryRatio float NULL,
            frequency float NULL,
            cluster int NULL
        ));

        IF @fault IS NOT NULL
        BEGIN
            SET @message = LEFT(@fault, 2000);
            THROW 50002, @message, 1;
        END;
    END TRY
    BEGIN CATCH
        SET @message = ERROR_MESSAGE();

        -- It stores nothing, so only a failure is logged, where the transaction lets it.
        IF XACT_STATE() <> -1
            EXEC seg.start_run
                @procedure_name = N'py_generate_customer_return_clusters',
                @run_id = @run_id OUTPUT;

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
