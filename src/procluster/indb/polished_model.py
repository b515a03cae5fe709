"""The document of a model whose centres T-SQL moved over all customers, after a fit on a sample.

T-SQL works in scaled units: a vector is divided by its scale before it is drawn, fitted and moved.
"""

import json
import math
from typing import Any, Dict, Optional

import numpy as np
import pandas as pd

from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import by_feature, describe_cluster, number_clusters
from procluster.indb.segments import read_segments


def polish_model(
    frame: pd.DataFrame,
    fitted: str,
    scaling: str,
    distinct_vectors: int,
    steps: int,
    previous: Optional[str] = None,
) -> str:
    """Return the document of a model whose centres were moved over all customers.

    Parameters
    ----------
    frame : DataFrame
        One row a cluster: the feature columns (its centre, scaled), `customers`,
        `squared_distance` (the sum over its customers), `low` and `high` (the quartiles of their
        distances); and in every row alike for each feature `<name>_scale` and `<name>_negative`
        (customers with a negative value).
    fitted : str
        The document of the model that was fitted on the sample.
    scaling : str
        What the scales are.
    distinct_vectors, steps : int
        Of all customers; how often the centres were moved.
    previous : str, optional
        Document of an earlier model, whose cluster numbers are kept where clusters match.

    Raises
    ------
    ValueError
        When a cluster has no customers.
    """
    model = json.loads(fitted)
    if len(frame) != model["n_clusters"]:
        raise ValueError(
            "n_clusters: {} were fitted on a sample, and {} of them have customers. "
            "Allowed: fewer.".format(model["n_clusters"], len(frame))
        )
    scale = common_values(frame, "scale")
    centres = frame[FEATURE_NAMES].values * scale
    sizes = np.asarray(frame["customers"], dtype=np.float64)
    earlier = None if previous is None else read_segments(previous)
    numbers = number_clusters(centres, sizes, scale, earlier)
    quartiles = frame[["low", "high"]].values.tolist()
    model.update(
        scaling=scaling,
        scale=by_feature(scale),
        clusters=[
            describe_cluster(numbers[place], sizes[place], quartiles[place], centres[place])
            for place in np.argsort(numbers)
        ],
        inertia=math.fsum(frame["squared_distance"]),
        customers=int(sizes.sum()),
        distinct_vectors=int(distinct_vectors),
        sampled_vectors=model["distinct_vectors"],
        negative=whole_numbers(by_feature(common_values(frame, "negative"))),
        iterations=model["iterations"] + int(steps),
    )
    return json.dumps(model, allow_nan=False)


def common_values(frame: pd.DataFrame, what: str) -> np.ndarray:
    """Return what is the same in every row, shape (n_features,)."""
    columns = [f"{name}_{what}" for name in FEATURE_NAMES]
    return np.asarray(frame[columns].values[0], dtype=np.float64)


def whole_numbers(counts: Dict[str, float]) -> Dict[str, Any]:
    """Return the counts that are not zero, as whole numbers."""
    return {name: int(count) for name, count in counts.items() if count}
