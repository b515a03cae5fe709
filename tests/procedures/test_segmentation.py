"""From sales to clusters, procedure by procedure."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shop import content, rows

from procluster.errors import SqlError
from procluster.local.database import Session


def test_build_features_counts_what_it_leaves_out(shop: Session) -> None:
    (result,) = shop.query("EXEC seg.build_features;")

    assert [column.name for column in result.columns] == [
        "customers",
        "sale_rows_left_out",
        "return_rows_left_out",
        "negative_customers",
    ]
    assert result.rows() == [(60, 1, 1, 0)]


def test_build_features_computes_the_tutorials_ratios(built_shop: Session) -> None:
    query = (
        "SELECT customer_id, order_ratio, items_ratio, monetary_ratio, frequency "
        "FROM seg.customer_feature WHERE customer_id IN (1, 2, 3) ORDER BY customer_id;"
    )

    assert rows(built_shop, query) == [
        (1, 0.5, 0.25, 0.3225806, 1.0),
        (2, 0.9, 0.45, 0.5806452, 9.0),
        (3, 0.0, 0.0, 0.0, 0.0),
    ]


def test_build_features_keeps_no_null_customer(built_shop: Session) -> None:
    query = "SELECT COUNT(*) FROM seg.customer_feature WHERE customer_id NOT BETWEEN 1 AND 60;"

    assert rows(built_shop, query) == [(0,)]


def test_build_features_replaces_what_was_there(built_shop: Session) -> None:
    built_shop.query(
        "DELETE FROM dbo.store_sales WHERE ss_customer_sk = 7; EXEC seg.build_features;"
    )

    assert rows(built_shop, "SELECT COUNT(*) FROM seg.customer_feature;") == [(59,)]


def test_choose_k_gives_a_row_for_every_k(built_shop: Session) -> None:
    (result,) = built_shop.query("EXEC seg.choose_k @max_k = 5;")

    assert [row[0] for row in result.rows()] == [1, 2, 3, 4, 5]
    assert [row[7] for row in result.rows()].count(True) == 1


def test_choose_k_stops_at_the_distinct_vectors(built_shop: Session) -> None:
    (result,) = built_shop.query("EXEC seg.choose_k @max_k = 19;")

    assert [row[0] for row in result.rows()] == [1, 2, 3, 4, 5]


def test_choose_k_draws_the_elbow(built_shop: Session) -> None:
    batch = """
    DECLARE @chart varbinary(max);
    EXEC seg.choose_k @max_k = 4, @with_chart = 1, @chart = @chart OUTPUT;
    SELECT @chart;
    """

    assert rows(built_shop, batch)[0][0].startswith(b"\x89PNG\r\n")


def test_choose_k_keeps_its_rows(built_shop: Session) -> None:
    built_shop.query("EXEC seg.choose_k @max_k = 3; EXEC seg.choose_k @max_k = 2;")

    query = "SELECT run_id, COUNT(*) FROM seg.k_evaluation GROUP BY run_id ORDER BY run_id;"
    assert [count for _, count in rows(built_shop, query)] == [3, 2]


def test_train_stores_an_ascii_json_document(built_shop: Session) -> None:
    built_shop.query("EXEC seg.train @n_clusters = 3;")

    ((document, is_active),) = rows(built_shop, "SELECT document, is_active FROM seg.model;")

    model = json.loads(document)
    assert model["format"] == "procluster.kmeans/1"
    assert [cluster["size"] for cluster in model["clusters"]] == [20, 20, 20]
    assert is_active
    assert document.isascii()


def test_train_returns_the_model_id(built_shop: Session) -> None:
    batch = "DECLARE @id int; EXEC seg.train @n_clusters = 2, @model_id = @id OUTPUT; SELECT @id;"

    assert rows(built_shop, batch) == [(1,)]


def test_train_draws_the_clusters(built_shop: Session) -> None:
    batch = """
    DECLARE @chart varbinary(max);
    EXEC seg.train @n_clusters = 3, @with_chart = 1, @chart = @chart OUTPUT;
    SELECT @chart;
    """

    assert rows(built_shop, batch)[0][0].startswith(b"\x89PNG\r\n")


def test_train_keeps_one_model_active(built_shop: Session) -> None:
    built_shop.query(
        "EXEC seg.train @n_clusters = 2; EXEC seg.train @n_clusters = 3;"
        "EXEC seg.train @n_clusters = 4, @activate = 0;"
    )

    assert rows(built_shop, "SELECT model_id FROM seg.model WHERE is_active = 1;") == [(2,)]


def test_train_keeps_cluster_numbers(segmented_shop: Session) -> None:
    query = "SELECT customer_id, cluster_id FROM seg.customer_cluster ORDER BY customer_id;"
    before = rows(segmented_shop, query)

    segmented_shop.query("EXEC seg.train @n_clusters = 3, @random_state = 7; EXEC seg.assign;")

    assert rows(segmented_shop, query) == before


def test_assign_finds_the_nearest_centroid(segmented_shop: Session) -> None:
    features = np.array(
        rows(
            segmented_shop,
            "SELECT order_ratio, items_ratio, monetary_ratio, frequency "
            "FROM seg.customer_feature ORDER BY customer_id;",
        )
    )
    centroids = np.array(
        rows(
            segmented_shop,
            "SELECT order_ratio, items_ratio, monetary_ratio, frequency FROM seg.centroid "
            "ORDER BY cluster_id;",
        )
    )
    distances = np.linalg.norm(features[:, None] - centroids[None], axis=2)

    assigned = np.array(
        rows(
            segmented_shop,
            "SELECT cluster_id, distance FROM seg.customer_cluster ORDER BY customer_id;",
        )
    )

    assert assigned[:, 0].tolist() == distances.argmin(axis=1).tolist()
    assert np.allclose(assigned[:, 1], distances.min(axis=1), rtol=0, atol=1e-12)


def test_assign_by_an_earlier_model(segmented_shop: Session) -> None:
    segmented_shop.query("EXEC seg.train @n_clusters = 2; EXEC seg.assign @model_id = 1;")

    query = "SELECT DISTINCT model_id FROM seg.customer_cluster;"
    assert rows(segmented_shop, query) == [(1,)]


def test_assign_refuses_a_model_of_other_features(segmented_shop: Session) -> None:
    segmented_shop.query(
        "EXEC seg.train @n_clusters = 2; UPDATE seg.model "
        "SET document = REPLACE(document, N'frequency', N'recency') WHERE model_id = 2;"
    )
    before = content(segmented_shop)

    with pytest.raises(SqlError, match="was trained on other features"):
        segmented_shop.query("EXEC seg.assign;")

    assert content(segmented_shop) == before


def test_profile_describes_every_cluster(segmented_shop: Session) -> None:
    (result,) = segmented_shop.query("EXEC seg.profile;")

    labels = {row[1]: row[8] for row in result.rows() if row[6] == 0}
    assert [row[1] for row in result.rows()] == [20, 20, 20]
    assert list(labels.values()) == ["zero everywhere"]


def test_classify_agrees_with_assign(segmented_shop: Session) -> None:
    batch = """
    SELECT COUNT(*)
    FROM seg.customer_feature AS f
    INNER JOIN seg.customer_cluster AS a ON a.customer_id = f.customer_id
    CROSS APPLY seg.classify(f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency) AS c
    WHERE c.cluster_id = a.cluster_id AND c.is_outlier = a.is_outlier;
    """

    assert rows(segmented_shop, batch) == [(60,)]


def test_classify_of_a_missing_feature_gives_no_row(segmented_shop: Session) -> None:
    assert rows(segmented_shop, "SELECT cluster_id FROM seg.classify(0, NULL, 0, 0);") == []


def test_train_takes_a_scaling_in_capitals(built_shop: Session) -> None:
    built_shop.query("EXEC seg.train @n_clusters = 2, @scaling = N'Robust ';")

    ((scaling,),) = rows(built_shop, "SELECT JSON_VALUE(document, N'$.scaling') FROM seg.model;")

    assert scaling == "robust"


def test_activate_goes_back(segmented_shop: Session) -> None:
    segmented_shop.query("EXEC seg.train @n_clusters = 2; EXEC seg.activate @model_id = 1;")

    assert rows(segmented_shop, "SELECT DISTINCT model_id FROM seg.centroid;") == [(1,)]


def test_contacts_gives_a_clusters_addresses(segmented_shop: Session) -> None:
    query = "SELECT cluster_id FROM seg.customer_cluster WHERE customer_id = 3;"
    ((cluster,),) = rows(segmented_shop, query)

    contacts = rows(segmented_shop, f"EXEC seg.contacts @cluster = {cluster};")

    assert len(contacts) == 20
    assert contacts[0][:2] == (3, "customer3@example.com")


def test_models_lists_the_newest_first(segmented_shop: Session) -> None:
    segmented_shop.query("EXEC seg.train @n_clusters = 2;")

    assert [row[:2] for row in rows(segmented_shop, "EXEC seg.models;")] == [(2, True), (1, False)]


def test_help_lists_what_there_is_to_exec(empty_shop: Session) -> None:
    names = [row[0] for row in rows(empty_shop, "EXEC seg.help;")]

    assert names[:3] == ["seg.build_features", "seg.choose_k", "seg.train"]


def test_check_environment_finds_python(shop: Session) -> None:
    found = {row[0]: row[1:3] for row in rows(shop, "EXEC seg.check_environment;")}

    assert found["dbo.store_sales"] == ("there", True)
    assert found["external script"] == ("runs", True)
    assert found["revoscalepy"] == ("not installed", True)


def test_check_environment_names_a_missing_table(shop: Session) -> None:
    shop.query("DROP TABLE dbo.customer;")

    found = {row[0]: row[1:3] for row in rows(shop, "EXEC seg.check_environment;")}

    assert found["dbo.customer"] == ("missing, or not visible to this login", False)


def test_tutorial_procedure_feeds_insert_exec(shop: Session) -> None:
    shop.query(
        "CREATE TABLE dbo.py_customer_clusters (Customer int NULL, orderRatio float NULL, "
        "itemsRatio float NULL, monetaryRatio float NULL, frequency float NULL, cluster int NULL);"
        "INSERT INTO dbo.py_customer_clusters EXEC dbo.py_generate_customer_return_clusters;"
    )

    query = "SELECT COUNT(*), COUNT(DISTINCT cluster) FROM dbo.py_customer_clusters;"
    assert rows(shop, query) == [(60, 4)]


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        ("seg.build_features", "a bigint, b bigint, c bigint, d bigint"),
        ("seg.assign", "a int, b bigint, c float, d int"),
        (
            "seg.train @n_clusters = 2",
            "a int, b int, c nvarchar(10), d float, e bigint, f bigint, g bit",
        ),
        (
            "seg.refresh",
            (
                "a int, b bigint, c float, d float, e float, f float, g float, h bigint, "
                "i nvarchar(1000), j nvarchar(2000)"
            ),
        ),
    ],
)
def test_procedures_feed_insert_exec(segmented_shop: Session, call: str, columns: str) -> None:
    segmented_shop.query(f"CREATE TABLE #result ({columns}); INSERT INTO #result EXEC {call};")

    assert rows(segmented_shop, "SELECT COUNT(*) FROM #result;")[0][0] > 0


def test_refresh_does_everything(shop: Session) -> None:
    (profile,) = shop.query("EXEC seg.refresh @n_clusters = 3;")

    assert [row[1] for row in profile.rows()] == [20, 20, 20]
    query = "SELECT status, row_count FROM seg.run WHERE procedure_name = N'refresh';"
    assert rows(shop, query) == [("succeeded", 60)]


@pytest.mark.parametrize(
    ("call", "models"),
    [
        ("@train_policy = N'auto'", 1),
        ("@train_policy = N'always'", 2),
        ("@train_policy = N'never'", 1),
        ("@max_change_percent = 0", 2),
    ],
)
def test_refresh_trains_by_policy(shop: Session, call: str, models: int) -> None:
    shop.query("EXEC seg.refresh @n_clusters = 3;")
    shop.query("DELETE FROM dbo.store_sales WHERE ss_customer_sk = 7;")

    shop.query(f"EXEC seg.refresh @n_clusters = 3, {call};")

    assert rows(shop, "SELECT COUNT(*) FROM seg.model;") == [(models,)]


def test_refresh_trains_when_the_model_is_old(shop: Session) -> None:
    shop.query("EXEC seg.refresh @n_clusters = 3;")
    shop.query("UPDATE seg.model SET created_at = DATEADD(DAY, -31, created_at);")

    shop.query("EXEC seg.refresh @n_clusters = 3;")

    assert rows(shop, "SELECT COUNT(*) FROM seg.model;") == [(2,)]
