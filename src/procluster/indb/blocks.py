"""Points in blocks that stay in the processor's cache, and the numbers of some of them.

Numbers of points are kept as int32, which takes half the memory of what numpy indexes with.
"""

from typing import Callable, Iterable, Iterator

import numpy as np

POINTS_AT_ONCE = 8192


def blocks(count: int, size: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Divide so many points into blocks that stay in the processor's cache."""
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
    """Return the value of each point's cell, shape (n_points,)."""
    handed = np.empty(len(numbers), dtype=values.dtype)
    for part in blocks(len(numbers)):
        handed[part] = values.take(numbers[part])
    return handed
