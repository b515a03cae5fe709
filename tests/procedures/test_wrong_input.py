"""Wrong input: one clear error, every table as it was, a failure in seg.run."""

from __future__ import annotations

import pytest
from shop import content, rows

from procluster.errors import SqlError
from procluster.local.database import Session

WRONG_CALLS = [
    ("train @n_clusters = 0", "@n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000."),
    (
        "train @n_clusters = 1000000000",
        "@n_clusters: 1000000000 is not a number of clusters. Allowed: 1 to 1000.",
    ),
    (
        "train @n_clusters = NULL",
        "@n_clusters: NULL is not a number of clusters. Allowed: 1 to 1000.",
    ),
    (
        "train @n_clusters = 500",
        (
            "@n_clusters: 500 clusters need as many different customers, and there are 5 distinct "
            "feature vectors. Allowed: 1 to 5."
        ),
    ),
    (
        "train @scaling = N'minmax'",
        "@scaling: 'minmax' is not a scaling. Allowed: none, standard, robust.",
    ),
    (
        (
            "train @n_clusters = -1, @scaling = NULL, @random_state = -1, @n_init = 0,"
            " @activate = NULL"
        ),
        (
            "@n_clusters: -1 is not a number of clusters. Allowed: 1 to 1000. "
            "@scaling: NULL is not a scaling. Allowed: none, standard, robust. "
            "@random_state: -1 is not a seed. Allowed: 0 to 2147483647. "
            "@n_init: 0 is not a number of restarts. Allowed: 1 to 1000. "
            "@activate: NULL is neither yes nor no. Allowed: 0 or 1."
        ),
    ),
    ("choose_k @max_k = 1", "@max_k: 1 is not a number of clusters to try. Allowed: 2 to 100."),
    (
        "choose_k @max_k = NULL, @scaling = N''",
        (
            "@max_k: NULL is not a number of clusters to try. Allowed: 2 to 100. "
            "@scaling: '' is not a scaling. Allowed: none, standard, robust."
        ),
    ),
    ("assign @model_id = 99", "@model_id: 99 is not a model. EXEC seg.models lists them."),
    ("profile @model_id = 99", "@model_id: 99 is not a model. EXEC seg.models lists them."),
    ("activate @model_id = 99", "@model_id: 99 is not a model. EXEC seg.models lists them."),
    ("activate @model_id = NULL", "@model_id: NULL is not a model. EXEC seg.models lists them."),
    ("contacts @cluster = 99", "@cluster: 99 has no customers. Clusters: 0, 1, 2."),
    ("contacts @cluster = NULL", "@cluster: NULL has no customers. Clusters: 0, 1, 2."),
    (
        "refresh @train_policy = N'now', @max_age_days = 0, @max_change_percent = -1",
        (
            "@train_policy: 'now' is not a policy. Allowed: auto, always, never. "
            "@max_age_days: 0 is not a number of days. Allowed: 1 to 36500. "
            "@max_change_percent: -1 is not a percentage. Allowed: 0 to 100."
        ),
    ),
    (
        "refresh @train_policy = N'always', @n_clusters = 0",
        "@n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.",
    ),
]


def error_of(session: Session, call: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        session.query(f"EXEC seg.{call};")
    return caught.value


def last_run(session: Session) -> tuple[object, ...]:
    query = "SELECT TOP (1) procedure_name, status, message FROM seg.run ORDER BY run_id DESC;"
    return rows(session, query)[0]


@pytest.mark.parametrize(("call", "message"), WRONG_CALLS)
def test_wrong_input_gives_one_clear_error(
    segmented_shop: Session, call: str, message: str
) -> None:
    error = error_of(segmented_shop, call)

    assert (error.number, error.message) == (50001, message)


@pytest.mark.parametrize("call", [call for call, _ in WRONG_CALLS])
def test_wrong_input_leaves_every_table_as_it_was(segmented_shop: Session, call: str) -> None:
    before = content(segmented_shop)

    error_of(segmented_shop, call)

    assert content(segmented_shop) == before


@pytest.mark.parametrize(("call", "message"), WRONG_CALLS)
def test_wrong_input_is_a_failure_in_the_log(
    segmented_shop: Session, call: str, message: str
) -> None:
    error_of(segmented_shop, call)

    query = "SELECT status, message FROM seg.run WHERE status <> N'succeeded';"
    assert set(rows(segmented_shop, query)) == {("failed", message)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "build_features",
            (
                "dbo.store_sales: no row has a customer, so there is nobody to segment. "
                "Load sales, or map another table."
            ),
        ),
        ("choose_k", "seg.customer_feature: is empty. EXEC seg.build_features first."),
        ("train", "seg.customer_feature: is empty. EXEC seg.build_features first."),
        ("assign", "@model_id: NULL, and no model is active. EXEC seg.train first."),
        ("profile", "@model_id: NULL, and no model is active. EXEC seg.train first."),
        ("contacts @cluster = 0", "seg.customer_cluster: is empty. EXEC seg.assign first."),
        (
            "refresh",
            (
                "dbo.store_sales: no row has a customer, so there is nobody to segment. "
                "Load sales, or map another table."
            ),
        ),
    ],
)
def test_empty_tables_are_an_error_in_words(empty_shop: Session, call: str, message: str) -> None:
    error = error_of(empty_shop, call)

    assert (error.number, error.message) == (50004, message)
    assert last_run(empty_shop)[1:] == ("failed", message)
    assert not any(content(empty_shop).values())


def test_profile_before_assign_says_what_to_do(built_shop: Session) -> None:
    built_shop.query("EXEC seg.train @n_clusters = 2;")

    error = error_of(built_shop, "profile")

    assert error.message == (
        "@model_id: no customer is assigned by model 1. EXEC seg.assign @model_id = 1 first."
    )


def test_one_customer_is_one_cluster(empty_shop: Session) -> None:
    empty_shop.query("INSERT INTO dbo.store_sales VALUES (1, 1, 1, 10); EXEC seg.build_features;")

    error = error_of(empty_shop, "train @n_clusters = 2")
    empty_shop.query("EXEC seg.train @n_clusters = 1; EXEC seg.assign;")

    assert error.message.endswith("there are 1 distinct feature vectors. Allowed: 1 to 1.")
    assert rows(empty_shop, "SELECT customer_id, cluster_id FROM seg.customer_cluster;") == [(1, 0)]


def test_equal_customers_are_one_cluster(empty_shop: Session) -> None:
    empty_shop.query(
        "INSERT INTO dbo.store_sales VALUES (1, 1, 1, 10), (2, 2, 1, 10), (3, 3, 1, 10);"
        "EXEC seg.build_features;"
    )

    error = error_of(empty_shop, "train @n_clusters = 2")
    empty_shop.query("EXEC seg.choose_k;")
    empty_shop.query("EXEC seg.refresh @n_clusters = 1;")

    assert "there are 1 distinct feature vectors" in error.message
    assert rows(empty_shop, "SELECT cluster_id, customers FROM seg.cluster_profile;") == [(0, 3)]


def test_log_failure_of_a_callers_transaction_goes_with_it(segmented_shop: Session) -> None:
    before = rows(segmented_shop, "SELECT COUNT(*) FROM seg.run;")

    with pytest.raises(SqlError, match="@n_clusters: 0"):
        segmented_shop.query("BEGIN TRANSACTION; EXEC seg.train @n_clusters = 0;")
    segmented_shop.query("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")

    assert rows(segmented_shop, "SELECT COUNT(*) FROM seg.run;") == before


def test_tutorial_procedure_with_too_few_customers_is_one_clear_error(empty_shop: Session) -> None:
    empty_shop.query("INSERT INTO dbo.store_sales VALUES (1, 1, 1, 10), (2, 2, 1, 10);")

    with pytest.raises(SqlError) as caught:
        empty_shop.query("EXEC dbo.py_generate_customer_return_clusters;")

    assert (caught.value.number, caught.value.message) == (
        50002,
        (
            "n_clusters: 4 clusters need at least 4 distinct feature vectors, and there are 1. "
            "Allowed: 1 to 1."
        ),
    )
    assert last_run(empty_shop) == (
        "py_generate_customer_return_clusters",
        "failed",
        caught.value.message,
    )


def test_tutorial_procedure_without_customers_is_an_error_in_words(empty_shop: Session) -> None:
    with pytest.raises(SqlError, match="no row has a customer"):
        empty_shop.query("EXEC dbo.py_generate_customer_return_clusters;")

    assert last_run(empty_shop)[1] == "failed"
