"""The document of an evaluation whose centres T-SQL moved over all customers.

The centres of each k were fitted on a sample before, in scaled units.
"""

import json
import math

import numpy as np
import pandas as pd

from procluster.indb.centres import Partition
from procluster.indb.evaluation import describe_partition, suggest_k
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.silhouette import Silhouette


def polish_evaluation(frame: pd.DataFrame, fitted: str) -> str:
    """Return the document of an evaluation whose centres were moved over all customers.

    Parameters
    ----------
    frame : DataFrame
        One row for each k and cluster: `k`, the feature columns (its centre, scaled), `customers`,
        `distance` and `squared_distance` (sums over its customers).
    fitted : str
        The document of the evaluation of the sample. Its silhouettes stay.
    """
    evaluation = json.loads(fitted)
    rows = []
    for row in evaluation["rows"]:
        clusters = frame[frame["k"] == row["k"]]
        moved = Partition(
            centres=np.asarray(clusters[FEATURE_NAMES], dtype=np.float64),
            sizes=np.asarray(clusters["customers"], dtype=np.float64),
            spreads=np.asarray(clusters["distance"], dtype=np.float64),
            inertia=math.fsum(clusters["squared_distance"]),
            iterations=0,
        )
        if len(moved.sizes) == row["k"]:  # else one lost its customers: the k is left out
            silhouette = Silhouette(row["silhouette"], row["silhouette_error"])
            rows.append(describe_partition(moved, silhouette))
    evaluation["suggested_k"], evaluation["reason"] = suggest_k(rows)
    evaluation["rows"] = rows
    evaluation["sampled_vectors"] = evaluation["distinct_vectors"]
    return json.dumps(evaluation, allow_nan=False)
