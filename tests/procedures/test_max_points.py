"""More feature vectors than @max_points: a sample is fitted, all customers have the last word."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from shop import rows
from sklearn.cluster import KMeans

from procluster.errors import SqlError
from procluster.indb.features import FEATURE_NAMES
from procluster.local.database import Session

CUSTOMERS = 6000
SAMPLED = 2000


@pytest.fixture
def points() -> np.ndarray:
    """Five groups with heavy tails, a few customers far out, and many who are alike."""
    random = np.random.RandomState(3)
    places = np.array([[0, 0, 0, 0], [8, 1, 0, 3], [2, 9, 4, 0], [9, 9, 9, 9], [0, 5, 9, 2]])
    member = random.choice(5, CUSTOMERS, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    tails = np.sqrt(3 / random.chisquare(3, CUSTOMERS))
    found = places[member] + 0.4 * tails[:, np.newaxis] * random.standard_normal((CUSTOMERS, 4))
    found[:3] *= 20
    found[-1000:] = found[5]
    return found


@pytest.fixture
def crowded_shop(empty_shop: Session, points: np.ndarray) -> Session:
    """A shop whose customers have those points for features."""
    customers = np.arange(CUSTOMERS, dtype=np.int32)
    table = pa.table([customers, *points.T], names=["customer_id", *FEATURE_NAMES])
    empty_shop.append("seg.customer_feature", table)
    return empty_shop


def trained(session: Session, **given: Any) -> dict[str, Any]:
    """The document of a model trained with these parameters."""
    session.query("EXEC seg.train " + ", ".join(f"@{name} = {given[name]}" for name in given))
    query = "SELECT TOP (1) document FROM seg.model ORDER BY model_id DESC;"
    document: dict[str, Any] = json.loads(rows(session, query)[0][0])
    return document


def centres_of(model: dict[str, Any]) -> np.ndarray:
    clusters = model["clusters"]
    return np.array([[one["centroid"][name] for name in FEATURE_NAMES] for one in clusters])


def scale_of(model: dict[str, Any]) -> np.ndarray:
    return np.array([model["scale"][name] for name in FEATURE_NAMES])


def distances_to(points: np.ndarray, centres: np.ndarray, scale: np.ndarray) -> np.ndarray:
    gaps = (points[:, np.newaxis] - centres) / scale
    return np.asarray(np.sqrt((gaps**2).sum(axis=2)))


@pytest.mark.parametrize("scaling", ["none", "standard", "robust"])
def test_train_on_a_sample_is_as_good_as_on_everything(crowded_shop: Session, scaling: str) -> None:
    whole = trained(crowded_shop, n_clusters=5, scaling=f"N'{scaling}'")

    polished = trained(crowded_shop, n_clusters=5, scaling=f"N'{scaling}'", max_points=SAMPLED)

    assert polished["sampled_vectors"] <= SAMPLED
    assert polished["inertia"] <= 1.001 * whole["inertia"]
    assert scale_of(polished) == pytest.approx(scale_of(whole), rel=1e-12)


@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_polished_model_describes_all_customers(
    crowded_shop: Session, points: np.ndarray, scaling: str
) -> None:
    model = trained(crowded_shop, n_clusters=5, scaling=f"N'{scaling}'", max_points=SAMPLED)

    distances = distances_to(points, centres_of(model), scale_of(model))
    labels, nearest = distances.argmin(axis=1), distances.min(axis=1)
    assert model["inertia"] == pytest.approx((nearest**2).sum(), rel=1e-9)
    assert [one["size"] for one in model["clusters"]] == np.bincount(labels).tolist()
    for place, one in enumerate(model["clusters"]):
        low, high = np.quantile(nearest[labels == place], [0.25, 0.75], method="inverted_cdf")
        assert one["outlier_distance"] == pytest.approx(high + 3 * (high - low), rel=1e-9)


def test_polished_model_document_is_complete(crowded_shop: Session, points: np.ndarray) -> None:
    whole = trained(crowded_shop, n_clusters=5)

    model = trained(crowded_shop, n_clusters=5, max_points=SAMPLED)

    assert set(model) == {*whole, "sampled_vectors"}
    same = ("format", "features", "scaling", "n_clusters", "customers", "distinct_vectors")
    assert {name: model[name] for name in same} == {name: whole[name] for name in same}
    assert model["negative"] == whole["negative"] != {}
    assert model["left_out"] == whole["left_out"]


def test_scikit_learn_moves_polished_centres_no_further(
    crowded_shop: Session, points: np.ndarray
) -> None:
    model = trained(crowded_shop, n_clusters=5, max_points=SAMPLED)

    theirs = KMeans(5, init=centres_of(model), n_init=1, tol=0).fit(points)

    assert model["inertia"] <= theirs.inertia_ * (1 + 1e-5)


def test_polished_model_is_the_same_every_time(crowded_shop: Session) -> None:
    first, second = (
        trained(crowded_shop, n_clusters=5, max_points=SAMPLED, activate=0) for _ in range(2)
    )

    assert centres_of(first) == pytest.approx(centres_of(second), rel=1e-12)


def test_polished_clusters_keep_the_numbers_of_the_active_model(crowded_shop: Session) -> None:
    trained(crowded_shop, n_clusters=5)
    swapped = "document"
    for old, new in ((0, 9), (1, 0), (9, 1)):
        swapped = f"REPLACE({swapped}, N'\"cluster\": {old}', N'\"cluster\": {new}')"
    crowded_shop.query(f"UPDATE seg.model SET document = {swapped};")

    model = trained(crowded_shop, n_clusters=5, max_points=SAMPLED)

    sizes = [one["size"] for one in model["clusters"]]
    assert sizes[1] == max(sizes)


def test_assign_finds_the_clusters_of_a_polished_model(crowded_shop: Session) -> None:
    model = trained(crowded_shop, n_clusters=5, max_points=SAMPLED)

    (result,) = crowded_shop.query("EXEC seg.assign;")

    assert [row[1] for row in result.rows()] == [one["size"] for one in model["clusters"]]


def test_train_sends_each_step_as_a_message(crowded_shop: Session) -> None:
    events: list[Any] = []

    crowded_shop.execute(f"EXEC seg.train @max_points = {SAMPLED};", events.append)

    steps = [one.text for one in events if getattr(one, "text", "").startswith("Step ")]
    assert steps[0].startswith("Step 1 over all customers.")
    assert steps[-1].endswith("still moving: 0.")


def evaluated(session: Session, **given: Any) -> list[tuple[Any, ...]]:
    """k, inertia and mean distance of every k, and whether it is the suggested one."""
    session.query("EXEC seg.choose_k " + ", ".join(f"@{name} = {given[name]}" for name in given))
    query = """
    SELECT e.k, e.inertia, e.mean_distance, e.is_suggested FROM seg.k_evaluation AS e
    WHERE e.run_id = (SELECT MAX(x.run_id) FROM seg.k_evaluation AS x) ORDER BY e.k;
    """
    return rows(session, query)


def test_choose_k_on_a_sample_is_as_good_as_on_everything(crowded_shop: Session) -> None:
    whole = evaluated(crowded_shop, max_k=5, scaling="N'standard'")

    polished = evaluated(crowded_shop, max_k=5, scaling="N'standard'", max_points=SAMPLED)

    assert [row[0] for row in polished] == [1, 2, 3, 4, 5]
    for mine, theirs in zip(polished, whole, strict=True):
        assert mine[1] <= 1.001 * theirs[1]
        assert mine[2] == pytest.approx(theirs[2], rel=0.01)
    assert [row[3] for row in polished] == [row[3] for row in whole]


def test_choose_k_measures_k_1_over_all_customers(
    crowded_shop: Session, points: np.ndarray
) -> None:
    (first, *_) = evaluated(crowded_shop, max_k=2, max_points=SAMPLED)

    gaps = points - points.mean(axis=0)
    assert first[1] == pytest.approx((gaps**2).sum(), rel=1e-5)
    assert first[2] == pytest.approx(np.sqrt((gaps**2).sum(axis=1)).mean(), rel=1e-3)


def test_train_refuses_fewer_than_ten_points_a_cluster(built_shop: Session) -> None:
    with pytest.raises(SqlError, match="1000 is too few for 101 clusters"):
        built_shop.query("EXEC seg.train @n_clusters = 101, @max_points = 1000;")


@pytest.mark.parametrize("procedure", ["train", "choose_k"])
@pytest.mark.parametrize("value", ["0", "999", "100000001", "NULL"])
def test_max_points_out_of_range_is_refused(
    built_shop: Session, procedure: str, value: str
) -> None:
    with pytest.raises(SqlError, match="Allowed: 1000 to 100000000") as found:
        built_shop.query(f"EXEC seg.{procedure} @max_points = {value};")
    assert found.value.number == 50001
