"""What procluster is compared with, written plainly: the tutorial's steps, and other libraries."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, MiniBatchKMeans

RANDOM_STATE = 111
N_INIT = 10


def tutorial_elbow(points: np.ndarray, max_k: int) -> list[float]:
    """The tutorial's elbow, with ten restarts as it was written for; the inertia of each k."""
    inertias = []
    for k in range(1, max_k + 1):
        model = KMeans(n_clusters=k, n_init=N_INIT, random_state=RANDOM_STATE).fit(points)
        # The tutorial plots this mean distance.
        np.min(cdist(points, model.cluster_centers_, "euclidean"), axis=1).sum() / len(points)
        inertias.append(float(model.inertia_))
    return inertias


def tutorial_fit(points: np.ndarray, k: int) -> np.ndarray:
    """The tutorial's model: the best of ten restarts on every customer; its centres."""
    model = KMeans(n_clusters=k, n_init=N_INIT, random_state=RANDOM_STATE).fit(points)
    return np.asarray(model.cluster_centers_)


def mini_batch_fit(points: np.ndarray, k: int) -> np.ndarray:
    """scikit-learn's MiniBatchKMeans with ten restarts; its centres."""
    model = MiniBatchKMeans(n_clusters=k, n_init=N_INIT, random_state=RANDOM_STATE).fit(points)
    return np.asarray(model.cluster_centers_)


def spark_is_here() -> bool:
    """Whether PySpark is installed: pip install '.[bench]'."""
    return importlib.util.find_spec("pyspark") is not None


@contextmanager
def spark_session() -> Iterator[Any]:
    """Spark in local mode, warm."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    session = (
        SparkSession.builder.master("local[*]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def spark_rows(session: Any, points: np.ndarray) -> Any:
    """Every customer as a row of Spark's, in memory before any clock starts."""
    from pyspark.ml.feature import VectorAssembler  # noqa: PLC0415
    from pyspark.sql import functions  # noqa: PLC0415

    names = [f"x{place}" for place in range(points.shape[1])]
    import pandas as pd  # noqa: PLC0415

    frame = session.createDataFrame(pd.DataFrame(points, columns=names))
    rows = VectorAssembler(inputCols=names, outputCol="features").transform(frame)
    rows = rows.select(functions.col("features")).cache()
    rows.count()
    return rows


def spark_fit(rows: Any, k: int) -> np.ndarray:
    """PySpark's ML KMeans: k-means|| and Lloyd, once, as it does by default."""
    from pyspark.ml.clustering import KMeans as SparkKMeans  # noqa: PLC0415

    model = SparkKMeans(k=k, seed=RANDOM_STATE).fit(rows)
    return np.array(model.clusterCenters())
