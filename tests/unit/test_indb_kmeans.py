from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from indb_frames import blobs, expand, make_frame, on_a_line, returns

from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import label_customers, train
from procluster.indb.segments import nearest_centres, read_segments

SCALINGS = ["none", "standard", "robust"]


def read(frame: Any, n_clusters: int, *arguments: Any, **named: Any) -> Any:
    return json.loads(train(frame, n_clusters, *arguments, **named).document)


@pytest.fixture
def per_customer() -> Any:
    """Input of the tutorial's procedure: one row per customer, in the order of their keys."""
    values = expand(returns())
    frame = pd.DataFrame(values, columns=FEATURE_NAMES)
    frame.insert(0, "Customer", np.arange(1, len(frame) + 1, dtype=np.int32))
    return frame


def test_document_has_the_keys_that_sql_opens() -> None:
    assert list(read(returns(), 4)) == [
        "format", "features", "scaling", "scale", "clusters", "n_clusters", "random_state",
        "n_init", "inertia", "customers", "distinct_vectors", "left_out", "negative",
        "iterations", "versions",
    ]  # fmt: skip


def test_document_is_ascii() -> None:
    assert train(returns(), 4).document.encode("ascii")


def test_document_does_not_depend_on_the_order_of_rows() -> None:
    frame = returns()
    shuffled = frame.sample(frac=1, random_state=7)
    assert train(frame, 4).document == train(shuffled, 4).document


def test_document_does_not_depend_on_how_customers_are_merged() -> None:
    frame = returns()
    single = make_frame(expand(frame))
    assert train(frame, 4).document == train(single, 4).document


def test_document_depends_on_the_seed() -> None:
    frame = make_frame(np.random.RandomState(0).rand(500, 4))
    inertias = {read(frame, 9, random_state=seed, n_init=1)["inertia"] for seed in range(5)}
    assert len(inertias) > 1


def test_sizes_add_up_to_the_customers() -> None:
    document = read(returns(), 4)
    assert sum(cluster["size"] for cluster in document["clusters"]) == document["customers"]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_centroids_are_means_in_the_units_of_the_features(scaling: str) -> None:
    frame = returns()
    model = train(frame, 5, scaling)
    for cluster in json.loads(model.document)["clusters"]:
        members = expand(frame[model.labels == cluster["cluster"]])
        assert cluster["size"] == len(members)
        assert list(cluster["centroid"].values()) == pytest.approx(members.mean(axis=0), abs=1e-9)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_inertia_is_that_of_the_scaled_customers(scaling: str) -> None:
    frame = returns()
    document = train(frame, 5, scaling).document
    segments = read_segments(document)
    distances = nearest_centres(expand(frame), segments.centres, segments.scale)[1]
    assert json.loads(document)["inertia"] == pytest.approx((distances**2).sum(), rel=1e-9)


def test_labels_are_those_of_the_nearest_centroids() -> None:
    frame = returns()
    model = train(frame, 6, "standard")
    segments = read_segments(model.document)
    gaps = (frame[FEATURE_NAMES].values[:, np.newaxis] - segments.centres) / segments.scale
    assert (model.labels == (gaps**2).sum(axis=2).argmin(axis=1)).all()


def test_label_of_a_row_that_is_left_out_is_minus_one() -> None:
    assert train(on_a_line([0, np.nan, 1]), 2).labels.tolist().count(-1) == 1


def test_outlier_distance_is_tukeys_outer_fence() -> None:
    frame = on_a_line([0, 1, 2, 3, 100], [1, 1, 1, 1, 1])
    cluster = read(frame, 2)["clusters"][0]
    # Members 0 to 3 are 1.5, 0.5, 0.5 and 1.5 from their centre: quartiles 0.5 and 1.5.
    assert cluster["outlier_distance"] == 1.5 + 3 * (1.5 - 0.5)


def test_clusters_are_numbered_by_size() -> None:
    sizes = [cluster["size"] for cluster in read(returns(), 5)["clusters"]]
    assert sizes == sorted(sizes, reverse=True)


def test_clusters_of_one_size_are_numbered_by_their_centroids() -> None:
    clusters = read(on_a_line([9, 0, 5]), 3)["clusters"]
    assert [cluster["centroid"]["order_ratio"] for cluster in clusters] == [0, 5, 9]


def test_clusters_keep_the_number_of_the_earlier_model() -> None:
    earlier = train(on_a_line([0, 10, 20], [5, 9, 7]), 3).document
    later = read(on_a_line([0.5, 10.5, 20.5], [90, 1, 20]), 3, previous=earlier)
    centroids = {c["cluster"]: c["centroid"]["order_ratio"] for c in later["clusters"]}
    assert centroids == {0: 10.5, 1: 20.5, 2: 0.5}


def test_clusters_are_paired_for_the_least_total_distance() -> None:
    # Greedy pairing would give 10 to 9.9 and leave 30 for 0: 0.1 + 30 instead of 9.9 + 20.1.
    earlier = train(on_a_line([0, 10], [1, 2]), 2).document
    later = read(on_a_line([9.9, 30], [1, 1]), 2, previous=earlier)
    centroids = {c["cluster"]: c["centroid"]["order_ratio"] for c in later["clusters"]}
    assert centroids == {0: 30, 1: 9.9}


def test_clusters_are_paired_in_the_scale_of_the_new_model() -> None:
    earlier = train(make_frame([[0, 0, 0, 480], [1, 0, 0, 520]], [2, 1]), 2).document
    frame = make_frame([[1, 0, 0, 0], [0, 0, 0, 1000]])
    numbers = {}
    for scaling in ("none", "standard"):
        clusters = read(frame, 2, scaling, previous=earlier)["clusters"]
        numbers[scaling] = {c["cluster"]: c["centroid"]["order_ratio"] for c in clusters}
    assert numbers == {"none": {0: 1, 1: 0}, "standard": {0: 0, 1: 1}}


def test_new_clusters_take_the_free_numbers_by_size() -> None:
    earlier = train(on_a_line([0, 10], [2, 1]), 2).document
    later = read(on_a_line([0, 10, 50, 60], [1, 1, 3, 4]), 4, previous=earlier)
    centroids = {c["cluster"]: c["centroid"]["order_ratio"] for c in later["clusters"]}
    assert centroids == {0: 0, 1: 10, 2: 60, 3: 50}


def test_number_of_a_cluster_that_is_gone_stays_free() -> None:
    earlier = train(on_a_line([0, 10, 20], [3, 2, 1]), 3).document
    later = read(on_a_line([0, 20]), 2, previous=earlier)
    assert [cluster["cluster"] for cluster in later["clusters"]] == [0, 2]


def test_earlier_model_of_other_features_does_not_count(capsys: Any) -> None:
    earlier = json.loads(train(on_a_line([0, 10], [1, 2]), 2).document)
    text = json.dumps(earlier).replace("frequency", "recency")
    later = read(on_a_line([0, 10], [2, 1]), 2, previous=text)
    assert later["clusters"][0]["centroid"]["order_ratio"] == 0
    assert "numbered by size" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"format": "procluster.kmeans/2"}',
             '{"format": "procluster.kmeans/1", "features": ["a"]}']
)  # fmt: skip
def test_earlier_model_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^previous: the text is not a model document"):
        train(on_a_line([0, 1]), 2, previous=text)


def test_every_fault_of_a_call_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"n_clusters: 0 .*scaling: 'x' .*previous: .*frequency: "):
        train(returns().drop(columns="frequency"), 0, "x", previous="?")


def test_more_clusters_than_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n_clusters: 3 .* there are 2"):
        train(on_a_line([0, 1]), 3)


def test_as_many_clusters_as_vectors_have_no_inertia() -> None:
    assert read(on_a_line([0, 1, 5]), 3)["inertia"] == 0


def test_one_customer_is_one_cluster() -> None:
    assert read(on_a_line([7]), 1)["clusters"][0]["size"] == 1


def test_separate_groups_are_found() -> None:
    frame = blobs(8)
    labels = train(frame, 8).labels.reshape(8, 30)
    assert (labels == labels[:, :1]).all()
    assert len(set(labels[:, 0])) == 8


def test_label_customers_has_the_tutorials_columns(per_customer: Any) -> None:
    assert list(label_customers(per_customer)) == [
        "Customer", "orderRatio", "itemsRatio", "monetaryRatio", "frequency", "cluster"
    ]  # fmt: skip


def test_label_customers_has_types_that_hosts_return(per_customer: Any) -> None:
    kinds = [str(dtype) for dtype in label_customers(per_customer).dtypes]
    assert kinds == ["int32", "float64", "float64", "float64", "float64", "int32"]


def test_label_customers_gives_the_clusters_of_train(per_customer: Any) -> None:
    labels = label_customers(per_customer)["cluster"].tolist()
    sizes = [cluster["size"] for cluster in read(returns(), 4)["clusters"]]
    assert np.bincount(labels).tolist() == sizes


def test_label_customers_keeps_the_order_of_rows(per_customer: Any) -> None:
    shuffled = per_customer.sample(frac=1, random_state=1)
    assert label_customers(shuffled)["Customer"].tolist() == shuffled["Customer"].tolist()


def test_label_customers_leaves_out_rows_without_a_customer(per_customer: Any) -> None:
    frame = per_customer.astype({"Customer": float})
    frame.loc[frame.index[0], "Customer"] = np.nan
    labelled = label_customers(frame)
    assert len(labelled) == len(frame) - 1
    assert str(labelled["Customer"].dtype) == "int64"


def test_label_customers_leaves_out_rows_without_a_feature(per_customer: Any) -> None:
    per_customer.loc[per_customer.index[3], "frequency"] = np.nan
    assert 4 not in set(label_customers(per_customer)["Customer"])


def test_label_customers_returns_text_keys_as_objects(per_customer: Any) -> None:
    per_customer["Customer"] = [f"c{key}" for key in per_customer["Customer"]]
    labelled = label_customers(per_customer)
    assert labelled["Customer"].dtype == np.dtype(object)
    assert labelled["Customer"].iloc[0] == "c1"


def test_label_customers_returns_large_integers_that_came_as_text(per_customer: Any) -> None:
    per_customer["Customer"] = [str(2**53 + key) for key in per_customer["Customer"]]
    labelled = label_customers(per_customer, integer_keys=True)
    assert str(labelled["Customer"].dtype) == "int64"
    assert labelled["Customer"].iloc[0] == 2**53 + 1


def test_label_customers_refuses_keys_that_are_fractions(per_customer: Any) -> None:
    per_customer["Customer"] = per_customer["Customer"] + 0.5
    with pytest.raises(ValueError, match=r"^Customer: a key is not a whole number"):
        label_customers(per_customer)


def test_label_customers_names_every_missing_column(per_customer: Any) -> None:
    with pytest.raises(
        ValueError, match=r"Customer: the column is missing.* frequency: the column"
    ):
        label_customers(per_customer.drop(columns=["Customer", "frequency"]))
