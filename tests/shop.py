"""A small shop: its tables, its customers, and how the tests read what became of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from procluster.local.database import Session

TABLES = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk int NULL,
    ss_ticket_number int NOT NULL,
    ss_item_sk int NOT NULL,
    ss_net_paid decimal(7, 2) NULL
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk int NULL,
    sr_ticket_number int NOT NULL,
    sr_item_sk int NOT NULL,
    sr_return_amt decimal(7, 2) NULL
);
CREATE TABLE dbo.customer (
    c_customer_sk int NOT NULL,
    c_email_address varchar(50) NULL
);
"""

SALES = ("ss_customer_sk", "ss_ticket_number", "ss_item_sk", "ss_net_paid")
RETURNS = ("sr_customer_sk", "sr_ticket_number", "sr_item_sk", "sr_return_amt")
CONTACTS = ("c_customer_sk", "c_email_address")
CHANGED = ("customer_feature", "model", "customer_cluster", "cluster_profile", "k_evaluation")


def fill(session: Session) -> None:
    """Sixty customers of three kinds, and one sale and one return of nobody.

    Customer 3, 6, ... keep everything; 1, 4, ... return one of two orders; 2, 5, ... return all
    but one of ten to twelve. An order is an item at 10.00 and one at 5.50, and the first goes
    back.
    """
    sales: list[tuple[Any, ...]] = [(None, 1, 1, Decimal("10.00"))]
    returns: list[tuple[Any, ...]] = [(None, 1, 1, Decimal("10.00"))]
    for customer in range(1, 61):
        orders = {0: 3, 1: 2, 2: 10 + customer // 3 % 3}[customer % 3]
        returned = {0: 0, 1: 1, 2: orders - 1}[customer % 3]
        tickets = [customer * 100 + order for order in range(orders)]
        for ticket in tickets:
            sales += [
                (customer, ticket, 1, Decimal("10.00")),
                (customer, ticket, 2, Decimal("5.50")),
            ]
        returns += [(customer, ticket, 1, Decimal("10.00")) for ticket in tickets[:returned]]
    contacts = [(customer, f"customer{customer}@example.com") for customer in range(1, 61)]
    session.append("dbo.store_sales", to_table(SALES, sales))
    session.append("dbo.store_returns", to_table(RETURNS, returns))
    session.append("dbo.customer", to_table(CONTACTS, contacts))


def to_table(names: tuple[str, ...], found: list[tuple[Any, ...]]) -> pa.Table:
    columns = [list(column) for column in zip(*found, strict=True)]
    return pa.table(columns, names=names)


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    """The rows of a batch's last result set."""
    return session.query(query)[-1].rows()


def content(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a procedure may change, the log apart."""
    return {name: rows(session, f"SELECT * FROM seg.{name} ORDER BY 1, 2;") for name in CHANGED}
