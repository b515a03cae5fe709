"""The retail sample: three tables in the shape of Microsoft's customer-clustering tutorial.

Everything here is synthetic. Sales and returns are drawn from four behaviours of shoppers
(:mod:`procluster.sample.shoppers`), and the tables hold what a till would record and nothing
else: no behaviour, no cluster number. The behaviours are calibrated so that K-Means with k = 4
on the features of "Python tutorial: Build a model to categorize customers with SQL machine
learning" finds about the sizes and means printed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from procluster.errors import SettingsError
from procluster.sample.customers import tabulate_customers
from procluster.sample.returns import draw_returns, tabulate_returns
from procluster.sample.sales import draw_sales, draw_tickets, tabulate_sales
from procluster.sample.shoppers import draw_buyers
from procluster.sample.tables import COUNTS, TABLES, Counts, Table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COUNTS", "NOTICE", "TABLES", "Counts", "Table", "generate"]

NOTICE = (
    "This sample is synthetic: its customers, sales and returns are generated from a seed, "
    "and no person, address or purchase in it is real."
)


def generate(random_state: int = 111) -> dict[str, pa.Table]:
    """Generate the sample.

    Parameters
    ----------
    random_state : int, default 111
        Seed, not negative; the same seed gives the same rows in the same order.

    Returns
    -------
    dict of str to pyarrow.Table
        One table for each of :data:`TABLES`, by its name, with the columns of its T-SQL in
        their order: int as int32, decimal(7, 2) as decimal128(7, 2), text as string.

    Raises
    ------
    SettingsError
        If `random_state` is negative.

    Examples
    --------
    >>> from procluster.sample import generate
    >>> {name: table.num_rows for name, table in generate().items()}
    {'dbo.store_sales': 667579, 'dbo.store_returns': 37902, 'dbo.customer': 99000}
    """
    if random_state < 0:
        raise SettingsError((f"random_state: {random_state} is negative. Pass 0 or more.",))
    rng = np.random.default_rng(random_state)
    tickets = draw_tickets(rng, draw_buyers(rng))
    sales = draw_sales(rng, tickets)
    returns = draw_returns(rng, tickets, sales)
    return {
        "dbo.store_sales": tabulate_sales(tickets, sales),
        "dbo.store_returns": tabulate_returns(tickets, sales, returns),
        "dbo.customer": tabulate_customers(rng),
    }
