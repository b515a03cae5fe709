"""Where the clusters of a model are, and which one is nearest.

The distance of a feature vector x from a centre c is what T-SQL computes when it assigns
customers: the square root of the sum of ((x - c) * (1 / scale)) ** 2 over the features.
"""

import json
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from procluster.indb.blocks import blocks

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
