"""The sales: tickets, and the rows on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from procluster.sample.shoppers import REFUNDED, SHOPPERS
from procluster.sample.tables import COUNTS, Integers, as_decimals, as_integers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from procluster.sample.shoppers import Buyers, Shoppers

__all__ = ["Sales", "Tickets", "draw_sales", "draw_tickets", "tabulate_sales"]

FIRST_DAY, LAST_DAY = 2_450_816, 2_452_642
"""Julian day numbers of 1998-01-02 and 2003-01-02, between which TPC-DS sells."""

STORES = 12
ITEMS = 18_000

REFUND = 108.719
"""How many times what was paid the refunded customer gets back, as the tutorial publishes."""


@dataclass(frozen=True)
class Tickets:
    """One entry a ticket in order of sale; arrays of shape (n_tickets,).

    ``kind`` is the place of the buyer's behaviour in SHOPPERS; ``returned`` says whether
    something comes back.
    """

    customer: Integers
    kind: Integers
    returned: NDArray[np.bool_]
    day: Integers
    store: Integers

    def made_by(self, shoppers: Shoppers) -> NDArray[np.bool_]:
        """Say of each ticket whether its buyer is one of `shoppers`."""
        mine: NDArray[np.bool_] = self.kind == SHOPPERS.index(shoppers)
        return mine


@dataclass(frozen=True)
class Sales:
    """One entry a sale row in order of sale; arrays of shape (COUNTS.sales,), amounts in cents.

    ``ticket`` is the place of the row's ticket in Tickets.
    """

    ticket: Integers
    item: Integers
    quantity: Integers
    price: Integers
    coupon: Integers


def draw_tickets(rng: np.random.Generator, buyers: Buyers) -> Tickets:
    """Spread the tickets of all buyers over five years and twelve stores."""
    # Shuffled before they are dated and numbered, so that no order tells a behaviour.
    buyer = np.repeat(np.arange(COUNTS.buyers), buyers.tickets)
    place = np.arange(len(buyer)) - np.repeat(
        np.cumsum(buyers.tickets) - buyers.tickets, buyers.tickets
    )
    returned = place < buyers.frequency[buyer]
    order = rng.permutation(len(buyer))
    buyer = buyer[order]
    home = rng.integers(1, STORES + 1, COUNTS.buyers)[buyer]
    elsewhere = rng.integers(1, STORES + 1, len(buyer))
    return Tickets(
        customer=buyers.customer[buyer],
        kind=buyers.kind[buyer],
        returned=returned[order],
        day=np.sort(rng.integers(FIRST_DAY, LAST_DAY + 1, len(buyer))),
        store=np.where(rng.random(len(buyer)) < 0.8, home, elsewhere),
    )


def draw_sales(rng: np.random.Generator, tickets: Tickets) -> Sales:
    """Fill the tickets with items, COUNTS.sales rows in all."""
    n_tickets = len(tickets.customer)
    weight = rng.gamma(3.0, size=n_tickets)
    sizes = 1 + rng.multinomial(COUNTS.sales - n_tickets, weight / weight.sum())
    ticket = np.repeat(np.arange(n_tickets), sizes)
    item = draw_items(rng, ticket)
    list_price = np.clip(rng.lognormal(np.log(1_800), 0.5, ITEMS), 500, 20_000)
    price = (list_price[item - 1] * rng.uniform(0.7, 1.0, COUNTS.sales)).astype(np.int64)
    quantity = np.minimum(1 + rng.gamma(2.0, 2.0, COUNTS.sales).astype(np.int64), 60)
    discount = rng.uniform(0.05, 0.4, COUNTS.sales) * (rng.random(COUNTS.sales) < 0.12)
    refunded = tickets.made_by(REFUNDED)[ticket]
    quantity[refunded] *= 2  # brought back in two halves
    discount[refunded] = 1 - 1 / REFUND
    coupon = np.rint(quantity * price * discount).astype(np.int64)
    return Sales(ticket, item, quantity, price, coupon)


def draw_items(rng: np.random.Generator, ticket: Integers) -> Integers:
    """Draw the item of each row: low keys the most popular, none twice on one ticket."""
    item = np.zeros_like(ticket)
    again = np.arange(len(ticket))
    while len(again):
        item[again] = 1 + (ITEMS * rng.random(len(again)) ** 1.5).astype(np.int64)
        _, first = np.unique(ticket * (ITEMS + 1) + item, return_index=True)
        again = np.delete(np.arange(len(ticket)), first)
    return item


def tabulate_sales(tickets: Tickets, sales: Sales) -> pa.Table:
    """Columns of dbo.store_sales."""
    amount = sales.quantity * sales.price
    return pa.table(
        {
            "ss_sold_date_sk": as_integers(tickets.day[sales.ticket]),
            "ss_item_sk": as_integers(sales.item),
            "ss_customer_sk": as_integers(tickets.customer[sales.ticket]),
            "ss_store_sk": as_integers(tickets.store[sales.ticket]),
            "ss_ticket_number": as_integers(sales.ticket + 1),
            "ss_quantity": as_integers(sales.quantity),
            "ss_sales_price": as_decimals(sales.price),
            "ss_ext_sales_price": as_decimals(amount),
            "ss_coupon_amt": as_decimals(sales.coupon),
            "ss_net_paid": as_decimals(amount - sales.coupon),
        }
    )
