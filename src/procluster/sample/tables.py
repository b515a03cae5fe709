"""The tables of the sample: their T-SQL, their sizes, and the arrow columns that fill them.

Names and types are those of the TPC-DS specification, in a subset of its columns, with two
differences. Text that is shorter than its column is varchar(n), not char(n), so that nobody sees
padding. And store_returns has no primary key: TPC-DS says (sr_item_sk, sr_ticket_number), but
the tutorial publishes a customer who returned twice as many rows as he bought, and a row that
was sold once can only be returned twice by repeating that key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["COUNTS", "TABLES", "Counts", "Integers", "Table", "as_decimals", "as_integers"]

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Rows of each table, and how many customers bought something: the tutorial's numbers."""

    customers: int = 99_000
    buyers: int = 37_336
    sales: int = 667_579
    returns: int = 37_902


COUNTS = Counts()


@dataclass(frozen=True)
class Table:
    """One table of the sample: its two-part name and the T-SQL that creates it."""

    name: str
    sql: str


TABLES = (
    Table(
        "dbo.store_sales",
        """\
CREATE TABLE dbo.store_sales (
    ss_sold_date_sk int NULL,
    ss_item_sk int NOT NULL,
    ss_customer_sk int NULL,
    ss_store_sk int NULL,
    ss_ticket_number int NOT NULL,
    ss_quantity int NULL,
    ss_sales_price decimal(7, 2) NULL,
    ss_ext_sales_price decimal(7, 2) NULL,
    ss_coupon_amt decimal(7, 2) NULL,
    ss_net_paid decimal(7, 2) NULL,
    CONSTRAINT PK_store_sales PRIMARY KEY (ss_item_sk, ss_ticket_number)
);
""",
    ),
    Table(
        "dbo.store_returns",
        """\
CREATE TABLE dbo.store_returns (
    sr_returned_date_sk int NULL,
    sr_item_sk int NOT NULL,
    sr_customer_sk int NULL,
    sr_store_sk int NULL,
    sr_ticket_number int NOT NULL,
    sr_return_quantity int NULL,
    sr_return_amt decimal(7, 2) NULL
);
""",
    ),
    Table(
        "dbo.customer",
        """\
CREATE TABLE dbo.customer (
    c_customer_sk int NOT NULL,
    c_customer_id char(16) NOT NULL,
    c_first_name varchar(20) NULL,
    c_last_name varchar(30) NULL,
    c_birth_year int NULL,
    c_email_address varchar(50) NULL,
    CONSTRAINT PK_customer PRIMARY KEY (c_customer_sk)
);
""",
    ),
)


def as_integers(values: Integers) -> pa.Array:
    """Values that fit int, as int32."""
    return pa.array(values.astype(np.int32))


def as_decimals(cents: Integers) -> pa.Array:
    """Amounts of whole cents, none negative, as decimal(7, 2)."""
    # Arrow keeps a decimal as one 128-bit integer, low half first; a cast from int64 would
    # multiply by 100 and a cast from float would round.
    halves = np.zeros((len(cents), 2), dtype="<i8")
    halves[:, 0] = cents
    return pa.Array.from_buffers(pa.decimal128(7, 2), len(cents), [None, pa.py_buffer(halves)])
