"""When a refresh trains anew: how the change of the customers is measured, and what it says."""

from __future__ import annotations

import pytest
from shop import rows

from procluster.local.database import Session
from procluster.local.results import Message, ResultSet

OTHER_PEOPLE = """
UPDATE dbo.store_sales SET ss_customer_sk = ss_customer_sk + 1000 WHERE ss_customer_sk <= 12;
UPDATE dbo.store_returns SET sr_customer_sk = sr_customer_sk + 1000 WHERE sr_customer_sk <= 12;
"""
NOW_THEY_RETURN = """
INSERT INTO dbo.store_returns (sr_customer_sk, sr_ticket_number, sr_item_sk, sr_return_amt)
SELECT s.ss_customer_sk, s.ss_ticket_number, s.ss_item_sk, s.ss_net_paid
FROM dbo.store_sales AS s
WHERE s.ss_customer_sk % 3 = 0 AND s.ss_customer_sk <= 36 AND s.ss_item_sk = 1;
"""
A_CENT_LESS = "UPDATE dbo.store_returns SET sr_return_amt = 9.99 WHERE sr_customer_sk = 4;"


@pytest.fixture
def refreshed_shop(shop: Session) -> Session:
    """Sixty customers in three clusters, as a refresh leaves them."""
    shop.query("EXEC seg.refresh @n_clusters = 3;")
    return shop


def outcome(session: Session, arguments: str = "@n_clusters = 3") -> str:
    """What a refresh says of itself in the log."""
    session.query(f"EXEC seg.refresh {arguments};")
    query = (
        "SELECT TOP (1) message FROM seg.run WHERE procedure_name = N'refresh' "
        "ORDER BY run_id DESC;"
    )
    return str(rows(session, query)[0][0])


def test_change_of_nothing_is_nothing(refreshed_shop: Session) -> None:
    said = outcome(refreshed_shop, "@max_change_percent = 0")

    assert said == "60 customers by model 1, not trained anew; changed since training: 0 %"


def test_change_counts_other_people_in_the_same_number(refreshed_shop: Session) -> None:
    refreshed_shop.query(OTHER_PEOPLE)

    said = outcome(refreshed_shop)

    assert said == (
        "60 customers by model 2, trained because customers changed by 40 %: "
        "12 came, 12 went, 0 moved"
    )


def test_change_counts_the_same_people_who_act_otherwise(refreshed_shop: Session) -> None:
    refreshed_shop.query(NOW_THEY_RETURN)

    said = outcome(refreshed_shop)

    assert said == (
        "60 customers by model 2, trained because customers changed by 20 %: "
        "0 came, 0 went, 12 moved"
    )


def test_change_is_no_move_within_the_usual_distance(refreshed_shop: Session) -> None:
    refreshed_shop.query(A_CENT_LESS)

    said = outcome(refreshed_shop, "@max_change_percent = 0")

    assert said.endswith("not trained anew; changed since training: 0 %")


def test_change_below_the_limit_is_said(refreshed_shop: Session) -> None:
    refreshed_shop.query("DELETE FROM dbo.store_sales WHERE ss_customer_sk IN (7, 8, 9);")

    said = outcome(refreshed_shop)

    assert said == "57 customers by model 1, not trained anew; changed since training: 5 %"


def test_change_is_measured_from_the_training_on(refreshed_shop: Session) -> None:
    for customer in (7, 8, 9):
        refreshed_shop.query(f"DELETE FROM dbo.store_sales WHERE ss_customer_sk = {customer};")
        said = outcome(refreshed_shop, "@max_change_percent = 4")

    assert said == (
        "57 customers by model 2, trained because customers changed by 5 %: 0 came, 3 went, 0 moved"
    )


def test_change_since_a_model_of_an_older_release_is_in_numbers_only(
    refreshed_shop: Session,
) -> None:
    refreshed_shop.query("DELETE FROM seg.model_customer;")
    refreshed_shop.query("DELETE FROM dbo.store_sales WHERE ss_customer_sk <= 7;")

    said = outcome(refreshed_shop)

    assert said == "53 customers by model 2, trained because customers went from 60 to 53"


def test_change_is_measured_from_the_active_model_not_the_newest(refreshed_shop: Session) -> None:
    refreshed_shop.query(NOW_THEY_RETURN)
    refreshed_shop.query("EXEC seg.build_features; EXEC seg.train @n_clusters = 3, @activate = 0;")

    said = outcome(refreshed_shop, "@max_change_percent = 30")

    assert said == "60 customers by model 1, not trained anew; changed since training: 20 %"


def test_change_since_a_model_that_others_replaced_is_in_numbers_only(
    refreshed_shop: Session,
) -> None:
    refreshed_shop.query(NOW_THEY_RETURN)
    refreshed_shop.query("EXEC seg.refresh @train_policy = N'always', @n_clusters = 3;")
    refreshed_shop.query("EXEC seg.train @n_clusters = 3; EXEC seg.activate @model_id = 1;")

    said = outcome(refreshed_shop)

    assert said == "60 customers by model 1, not trained anew"


def test_train_keeps_only_the_customers_who_changed_since_the_model_before(
    refreshed_shop: Session,
) -> None:
    refreshed_shop.query(NOW_THEY_RETURN)
    refreshed_shop.query("EXEC seg.build_features; EXEC seg.train @n_clusters = 3, @activate = 0;")
    refreshed_shop.query("EXEC seg.train @n_clusters = 3, @activate = 0;")

    kept = rows(
        refreshed_shop,
        "SELECT model_id, replaced_by, COUNT(*) FROM seg.model_customer "
        "GROUP BY model_id, replaced_by ORDER BY model_id, replaced_by;",
    )

    assert kept == [(1, None, 48), (1, 2, 12), (2, None, 12)]


def test_train_drops_the_customers_of_before_the_active_model(refreshed_shop: Session) -> None:
    refreshed_shop.query(NOW_THEY_RETURN)
    refreshed_shop.query("EXEC seg.build_features; EXEC seg.train @n_clusters = 3;")

    kept = rows(
        refreshed_shop,
        "SELECT model_id, COUNT(*) FROM seg.model_customer GROUP BY model_id ORDER BY model_id;",
    )

    assert kept == [(1, 48), (2, 12)]


def test_refresh_for_agent_prints_one_line_and_returns_nothing(refreshed_shop: Session) -> None:
    events: list[object] = []

    refreshed_shop.execute("EXEC seg.refresh @with_result = 0;", events.append)

    said = [event.text for event in events if isinstance(event, Message)]
    assert said == ["60 customers by model 1, not trained anew; changed since training: 0 %"]
    assert not [event for event in events if isinstance(event, ResultSet)]


def test_refresh_with_its_result_prints_nothing(refreshed_shop: Session) -> None:
    events: list[object] = []

    refreshed_shop.execute("EXEC seg.refresh;", events.append)

    assert not [event for event in events if isinstance(event, Message)]
    assert len([event for event in events if isinstance(event, ResultSet)]) == 1
