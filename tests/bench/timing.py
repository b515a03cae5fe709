"""Times of two sides, taken in turn in one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar, Union

ENOUGH_SECONDS = 60.0

Cell = Union[str, int, float, None]
Row = dict[str, Cell]
"""One row of a table of results: its columns in their order."""

First = TypeVar("First")
Second = TypeVar("Second")


@dataclass(frozen=True)
class Timed(Generic[First]):
    """The seconds of each round, and the result of the last."""

    seconds: tuple[float, ...]
    result: First

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.seconds)

    def times_faster_than(self, other: Timed[Second]) -> float:
        """How many times the other takes: the ratio of the medians."""
        return other.median / self.median


def alternate(
    theirs: Callable[[], First],
    ours: Callable[[], Second],
    rounds: int,
    prepare: Callable[[], object] = lambda: None,
) -> tuple[Timed[First], Timed[Second]]:
    """Run both sides in turn, after one call of ours that warms it up.

    Fewer rounds are run when both have taken a minute: what takes so long varies little.
    What ``prepare`` does before each call of ours is not timed.
    """
    prepare()
    ours()
    first: list[float] = []
    second: list[float] = []
    while len(first) < rounds and sum(first) + sum(second) < ENOUGH_SECONDS:
        seconds, their_result = timed(theirs)
        first.append(seconds)
        prepare()
        seconds, our_result = timed(ours)
        second.append(seconds)
    return Timed(tuple(first), their_result), Timed(tuple(second), our_result)


def timed(act: Callable[[], First]) -> tuple[float, First]:
    """Run it once."""
    start = time.perf_counter()
    result = act()
    return time.perf_counter() - start, result
