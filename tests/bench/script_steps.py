"""What the external scripts do, beside the same step elsewhere: choosing k, and training."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import numpy as np
from datasets import Dataset
from timing import Row, alternate
from yardsticks import (
    N_INIT,
    RANDOM_STATE,
    mini_batch_fit,
    spark_fit,
    spark_is_here,
    spark_rows,
    spark_session,
    tutorial_elbow,
    tutorial_fit,
)

from procluster.indb.evaluation import evaluate
from procluster.indb.kmeans import train

MAX_K = 19
PAIRS_AT_ONCE = 2**22


def our_elbow(data: Dataset, max_k: int = MAX_K) -> list[float]:
    """What seg.choose_k runs, all its metrics included; the inertia of each k."""
    document = evaluate(data.vectors, max_k, "none", RANDOM_STATE, N_INIT).document
    return [row["inertia"] for row in json.loads(document)["rows"]]


def our_fit(data: Dataset, k: int) -> np.ndarray:
    """What seg.train runs; its centres."""
    document = train(data.vectors, k, "none", RANDOM_STATE, N_INIT).document
    clusters = json.loads(document)["clusters"]
    return np.array([[one["centroid"][name] for name in data.features] for one in clusters])


def inertia_of(points: np.ndarray, centres: np.ndarray) -> float:
    """The sum of the squared distances of all customers to their nearest centre."""
    step = max(1, PAIRS_AT_ONCE // len(centres))
    total = 0.0
    for start in range(0, len(points), step):
        part = points[start : start + step]
        squares = np.zeros((len(part), len(centres)))
        for place in range(points.shape[1]):
            squares += (part[:, place, np.newaxis] - centres[:, place]) ** 2
        total += float(squares.min(axis=1).sum())
    return total


def choose_k(data: Dataset, rounds: int) -> Row:
    """The elbow for k = 1 to 19, the tutorial's and ours."""
    with data.featured():
        vectors = data.vectors
        theirs, ours = alternate(
            lambda: tutorial_elbow(data.points, MAX_K), lambda: our_elbow(data), rounds
        )
    ratios = [
        mine / best if best else 1.0 for mine, best in zip(ours.result, theirs.result, strict=False)
    ]
    return {
        "data": data.name,
        "customers": len(data.points),
        "distinct vectors": len(vectors),
        "tutorial s": theirs.median,
        "procluster s": ours.median,
        "times faster": ours.times_faster_than(theirs),
        "inertia ratio, mean": float(np.mean(ratios)),
        "inertia ratio, worst": float(np.max(ratios)),
    }


def fit(data: Dataset, k: int, rounds: int) -> Row:
    """K-Means for one k: KMeans with ten restarts, MiniBatchKMeans, PySpark, and ours."""
    with data.featured():
        vectors = data.vectors
        best, ours = alternate(
            lambda: tutorial_fit(data.points, k), lambda: our_fit(data, k), rounds
        )
        quick, _ = alternate(lambda: mini_batch_fit(data.points, k), lambda: None, rounds)
    yardstick = inertia_of(data.points, best.result)
    row: Row = {
        "data": data.name,
        "k": k,
        "customers": len(data.points),
        "distinct vectors": len(vectors),
        "KMeans(n_init=10) s": best.median,
        "procluster s": ours.median,
        "times faster": ours.times_faster_than(best),
        "inertia ratio": inertia_of(data.points, ours.result) / yardstick,
        "MiniBatch s": quick.median,
        "MiniBatch inertia ratio": inertia_of(data.points, quick.result) / yardstick,
    }
    return row | spark_columns(data, k, rounds, yardstick)


def spark_columns(data: Dataset, k: int, rounds: int, yardstick: float) -> Row:
    """PySpark's figures, or none where it is not installed."""
    if not spark_is_here():
        return {"PySpark s": None, "PySpark inertia ratio": None}
    with spark_session() as session:
        rows = spark_rows(session, data.points)
        spark_fit(rows, k)
        found, _ = alternate(lambda: spark_fit(rows, k), lambda: None, rounds)
    ratio = inertia_of(data.points, found.result) / yardstick
    return {"PySpark s": found.median, "PySpark inertia ratio": ratio}


def growth(data: Dataset, ks: tuple[int, ...], rounds: int) -> Row:
    """The time of the scripts alone, to be seen growing with the distinct vectors."""
    with data.featured():
        steps: dict[str, Callable[[], object]] = {
            f"train k = {k}": partial(our_fit, data, k) for k in ks
        }
        steps[f"choose_k 1..{MAX_K}"] = partial(our_elbow, data)
        row: Row = {"data": data.name, "distinct vectors": len(data.vectors)}
        for name, act in steps.items():
            timed, _ = alternate(act, lambda: None, rounds)
            row[f"{name} s"] = timed.median
    return row
