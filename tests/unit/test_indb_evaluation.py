from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from indb_frames import blobs, expand, make_frame, on_a_line, returns
from scipy.spatial.distance import cdist
from sklearn import metrics

from procluster.indb import silhouette
from procluster.indb.evaluation import evaluate, suggest_k
from procluster.indb.kmeans import train
from procluster.indb.vectors import feature_scale, read_vectors

# Misspelt in scikit-learn until 0.20.
CALINSKI_HARABASZ = (
    "calinski_harabasz_score"
    if hasattr(metrics, "calinski_harabasz_score")
    else "calinski_harabaz_score"
)


def read(*arguments: Any, **named: Any) -> Any:
    return json.loads(evaluate(*arguments, **named).document)


@pytest.fixture(params=["none", "standard"], scope="module")
def expanded(request: pytest.FixtureRequest) -> Any:
    """Rows for k = 2 to 6, and per customer: scaled features, labels by k."""
    scaling = request.param
    frame = returns(200)
    customers = expand(frame) / feature_scale(read_vectors(frame)[0], scaling)
    rows = read(frame, 6, scaling)["rows"][1:]
    labels = {}
    for row in rows:
        centres = np.array([list(cluster["centroid"].values()) for cluster in row["clusters"]])
        labels[row["k"]] = cdist(customers, centres).argmin(axis=1)
    return rows, customers, labels


def figures(rows: Any, name: str) -> Any:
    return [row[name] for row in rows]


def test_evaluation_has_a_row_for_each_k() -> None:
    assert figures(read(returns(), 5)["rows"], "k") == [1, 2, 3, 4, 5]


def test_evaluation_is_ascii() -> None:
    assert evaluate(returns(), 3).document.encode("ascii")


def test_evaluation_does_not_depend_on_the_order_of_rows() -> None:
    frame = returns()
    shuffled = frame.sample(frac=1, random_state=7)
    assert evaluate(frame, 5) == evaluate(shuffled, 5)


def test_evaluation_is_of_the_models_that_train_finds() -> None:
    frame = returns()
    inertia = figures(read(frame, 5)["rows"], "inertia")
    trained = [json.loads(train(frame, k).document)["inertia"] for k in range(1, 6)]
    assert inertia == pytest.approx(trained, rel=1e-12)


def test_silhouette_is_scikit_learns(expanded: Any) -> None:
    rows, customers, labels = expanded
    expected = [metrics.silhouette_score(customers, labels[k]) for k in labels]
    assert figures(rows, "silhouette") == pytest.approx(expected, abs=1e-9)


def test_davies_bouldin_is_scikit_learns(expanded: Any) -> None:
    rows, customers, labels = expanded
    expected = [metrics.davies_bouldin_score(customers, labels[k]) for k in labels]
    # scikit-learn's distances of points that coincide are not 0 but the root of a rounding error.
    assert figures(rows, "davies_bouldin") == pytest.approx(expected, rel=1e-7)


def test_calinski_harabasz_is_scikit_learns(expanded: Any) -> None:
    rows, customers, labels = expanded
    score = getattr(metrics, CALINSKI_HARABASZ)
    expected = [score(customers, labels[k]) for k in labels]
    assert figures(rows, "calinski_harabasz") == pytest.approx(expected, rel=1e-9)


def test_mean_distance_is_over_the_customers(expanded: Any) -> None:
    rows, customers, labels = expanded
    expected = []
    for own in labels.values():
        centres = np.array([customers[own == label].mean(axis=0) for label in range(own.max() + 1)])
        expected.append(np.sqrt(((customers - centres[own]) ** 2).sum(axis=1)).mean())
    assert figures(rows, "mean_distance") == pytest.approx(expected, rel=1e-9)


def test_one_cluster_has_distances_only() -> None:
    row = read(returns(), 1)["rows"][0]
    undefined = ["silhouette", "silhouette_error", "davies_bouldin", "calinski_harabasz"]
    assert [name for name in row if row[name] is None] == undefined


def test_clusters_of_one_customer_each_have_distances_only() -> None:
    row = read(on_a_line([0, 1, 3]), 3)["rows"][-1]
    assert (row["inertia"], row["silhouette"], row["davies_bouldin"]) == (0, None, None)


def test_calinski_harabasz_without_dispersion_is_undefined() -> None:
    row = read(on_a_line([0, 1, 3], [2, 2, 2]), 3)["rows"][-1]
    assert (row["silhouette"], row["davies_bouldin"], row["calinski_harabasz"]) == (1, 0, None)


def test_max_k_is_lowered_to_the_distinct_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(read(on_a_line([0, 1, 3]), 9)["rows"]) == 3
    assert capsys.readouterr().out == "max_k is 3: there are 3 distinct feature vectors.\n"


def test_silhouette_of_many_vectors_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette, "MOST_FOR_EXACT_SILHOUETTE", 100)
    document = read(returns(), 3)
    assert document["silhouette_sample"] >= silhouette.SILHOUETTE_SAMPLE
    assert document["rows"][2]["silhouette_error"] > 0


def test_evaluation_counts_what_was_left_out() -> None:
    assert read(on_a_line([0, 1, np.nan], 2), 2)["left_out"]["customers"] == 2


def test_every_fault_of_a_call_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"max_k: 0 .*n_init: None .*frequency: the column"):
        evaluate(returns().drop(columns="frequency"), max_k=0, n_init=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("max_k", [6, 10, 15])
def test_suggestion_for_the_tutorials_picture_is_four(max_k: int) -> None:
    assert evaluate(returns(2000), max_k).suggested_k == 4


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_suggestion_for_separate_groups_is_their_number(count: int) -> None:
    assert evaluate(blobs(count), count + 6).suggested_k == count


def test_suggestion_is_the_same_in_the_document() -> None:
    evaluation = evaluate(blobs(3), 6)
    assert json.loads(evaluation.document)["suggested_k"] == evaluation.suggested_k


@pytest.mark.parametrize(("max_k", "expected"), [(1, 1), (2, 2)])
def test_suggestion_of_too_few_is_the_largest(max_k: int, expected: int) -> None:
    assert evaluate(returns(), max_k).suggested_k == expected


def test_suggestion_for_equal_customers_is_one() -> None:
    assert evaluate(make_frame([[1, 1, 1, 1]], 9), 5).suggested_k == 1


def test_reason_says_whether_the_silhouette_agrees() -> None:
    rows = [
        {"k": k, "inertia": inertia, "silhouette": silhouette}
        for k, inertia, silhouette in [(1, 100, None), (2, 4, 0.5), (3, 1, 0.9)]
    ]
    assert suggest_k(rows)[1].endswith("prefers another k: 0.500 here, at most 0.900 (k = 3).")
