"""Documents of clusters that were moved over all customers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from indb_frames import make_frame
from sklearn import metrics

from procluster.indb.evaluation import evaluate
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import train
from procluster.indb.polished_evaluation import polish_evaluation
from procluster.indb.polished_model import polish_model


@pytest.fixture
def points() -> np.ndarray:
    random = np.random.RandomState(2)
    return np.concatenate([random.normal(place, 1, (60, 4)) for place in (0, 6, 15)])


@pytest.fixture
def sample(points: np.ndarray) -> pd.DataFrame:
    """Every third point, for three."""
    return make_frame(points[::3], 3.0)


def clusters_of(points: np.ndarray, k: int) -> pd.DataFrame:
    """The rows that T-SQL makes of centres that were moved over all points."""
    labels = np.arange(len(points)) * k // len(points)
    found: list[dict[str, float]] = []
    for place in range(k):
        members = points[labels == place]
        centre = members.mean(axis=0)
        distances = np.sqrt(((members - centre) ** 2).sum(axis=1))
        low, high = np.quantile(distances, [0.25, 0.75])
        found.append(
            {
                **dict(zip(FEATURE_NAMES, centre)),
                **{f"{name}_scale": 2.0 for name in FEATURE_NAMES},
                **{f"{name}_negative": place + 0.0 for name in FEATURE_NAMES},
                "k": k,
                "customers": float(len(members)),
                "distance": distances.sum(),
                "squared_distance": (distances**2).sum(),
                "low": low,
                "high": high,
            }
        )
    frame: pd.DataFrame = pd.DataFrame(found)
    return frame


def test_evaluation_is_measured_over_all_customers(
    points: np.ndarray, sample: pd.DataFrame
) -> None:
    fitted = evaluate(sample, max_k=3).document
    frame = pd.concat([clusters_of(points, k) for k in (1, 2, 3)])

    document = json.loads(polish_evaluation(frame, fitted))

    labels = np.arange(len(points)) * 3 // len(points)
    last = document["rows"][2]
    # Release 0.20 spells it otherwise.
    calinski = getattr(metrics, "calinski_harabasz_score", None) or metrics.calinski_harabaz_score
    assert last["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(points, labels))
    assert last["calinski_harabasz"] == pytest.approx(calinski(points, labels))
    assert last["mean_distance"] == pytest.approx(frame["distance"][-3:].sum() / len(points))
    assert [row["k"] for row in document["rows"]] == [1, 2, 3]


def test_evaluation_keeps_the_silhouettes_of_the_sample(
    points: np.ndarray, sample: pd.DataFrame
) -> None:
    fitted = evaluate(sample, max_k=2).document
    frame = pd.concat([clusters_of(points, k) for k in (1, 2)])

    document = json.loads(polish_evaluation(frame, fitted))

    kept = [row["silhouette"] for row in json.loads(fitted)["rows"]]
    assert [row["silhouette"] for row in document["rows"]] == kept


def test_evaluation_leaves_out_a_k_that_lost_a_cluster(
    points: np.ndarray, sample: pd.DataFrame
) -> None:
    fitted = evaluate(sample, max_k=3).document
    frame = pd.concat([clusters_of(points, k) for k in (1, 2, 3)]).iloc[:-1]

    document = json.loads(polish_evaluation(frame, fitted))

    assert [row["k"] for row in document["rows"]] == [1, 2]


def test_model_is_in_the_units_of_the_features(points: np.ndarray, sample: pd.DataFrame) -> None:
    fitted = train(sample, n_clusters=3).document
    frame = clusters_of(points, 3)

    model = json.loads(polish_model(frame, fitted, "standard", 180, 5))

    centres = [list(one["centroid"].values()) for one in model["clusters"]]
    assert np.sort(centres, axis=0) == pytest.approx(np.sort(2 * frame[FEATURE_NAMES], axis=0))
    assert model["scale"] == dict.fromkeys(FEATURE_NAMES, 2.0)
    assert (model["scaling"], model["distinct_vectors"]) == ("standard", 180)
    assert model["customers"] == sum(one["size"] for one in model["clusters"]) == 180


def test_model_without_one_of_its_clusters_is_refused(
    points: np.ndarray, sample: pd.DataFrame
) -> None:
    fitted = train(sample, n_clusters=3).document

    with pytest.raises(ValueError, match=r"^n_clusters: 3 were fitted .* 2 of them have customers"):
        polish_model(clusters_of(points, 2), fitted, "none", 180, 5)
