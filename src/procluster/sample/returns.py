"""The returns: which rows come back, how much of each, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from procluster.sample.shoppers import HABITUAL, OCCASIONAL, REFUNDED, SHOPPERS, draw_evenly
from procluster.sample.tables import COUNTS, Integers, as_decimals, as_integers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from procluster.sample.sales import Sales, Tickets

__all__ = ["Returns", "draw_returns", "tabulate_returns"]

HABITUAL_SHARE = 0.333
"""Share of the return rows that habitual returners bring back; the occasional ones, the rest."""


@dataclass(frozen=True)
class Returns:
    """One entry a return row in order of return; arrays of shape (COUNTS.returns,).

    ``sale`` is the place of the returned row in Sales.
    """

    sale: Integers
    quantity: Integers
    day: Integers


def draw_returns(rng: np.random.Generator, tickets: Tickets, sales: Sales) -> Returns:
    """Draw what comes back, COUNTS.returns rows in all.

    Each ticket has a reluctance r, uniform in [0, 1), or 0 where the ticket comes back whole: the
    less of it, the more rows come back, at least one. Of each row ``quantity * U ** (r * R)``
    pieces come back, rounded up, R the reluctance of the behaviour.
    """
    reluctance, factor = np.zeros(len(tickets.kind)), np.zeros(len(tickets.kind))
    for shoppers in SHOPPERS:
        returned = np.flatnonzero(tickets.returned & tickets.made_by(shoppers))
        drawn = draw_evenly(rng, len(returned))
        reluctance[returned] = np.where(drawn < shoppers.whole, 0.0, drawn)
        factor[returned] = shoppers.reluctance
    sale = choose_sales(rng, tickets, sales, reluctance)
    ticket = sales.ticket[sale]
    share = rng.random(len(sale)) ** (reluctance * factor)[ticket]
    quantity = np.ceil(sales.quantity[sale] * share).astype(np.int64)
    quantity[tickets.made_by(REFUNDED)[ticket]] //= 2
    day = tickets.day[ticket] + 1 + rng.exponential(20.0, len(sale)).astype(np.int64)
    order = np.argsort(day, kind="stable")
    return Returns(sale[order], quantity[order], day[order])


def choose_sales(
    rng: np.random.Generator, tickets: Tickets, sales: Sales, reluctance: NDArray[np.float64]
) -> Integers:
    """Choose the sale rows that come back, by place; the refunded customer's come twice."""
    refunded = np.flatnonzero(tickets.made_by(REFUNDED)[sales.ticket])
    left = COUNTS.returns - 2 * len(refunded)
    habitual = round(left * HABITUAL_SHARE)
    turn = reluctance[sales.ticket] + 0.5 * rng.random(len(sales.ticket))
    turn[np.flatnonzero(np.diff(sales.ticket, prepend=-1))] = -1.0  # one of each ticket
    chosen = [refunded, refunded]
    for shoppers, count in ((HABITUAL, habitual), (OCCASIONAL, left - habitual)):
        candidate = tickets.returned & tickets.made_by(shoppers)
        rows = np.flatnonzero(candidate[sales.ticket])
        chosen.append(rows[np.argpartition(turn[rows], count)[:count]])
    return np.concatenate(chosen)


def tabulate_returns(tickets: Tickets, sales: Sales, returns: Returns) -> pa.Table:
    """Columns of dbo.store_returns."""
    ticket = sales.ticket[returns.sale]
    return pa.table(
        {
            "sr_returned_date_sk": as_integers(returns.day),
            "sr_item_sk": as_integers(sales.item[returns.sale]),
            "sr_customer_sk": as_integers(tickets.customer[ticket]),
            "sr_store_sk": as_integers(tickets.store[ticket]),
            "sr_ticket_number": as_integers(ticket + 1),
            "sr_return_quantity": as_integers(returns.quantity),
            "sr_return_amt": as_decimals(returns.quantity * sales.price[returns.sale]),
        }
    )
