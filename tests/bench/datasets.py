"""What is clustered: the sample, TPC-DS, and generated data that nobody tunes to.

Data is made once and kept in build/bench.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from procluster.indb.features import FEATURE_NAMES
from procluster.sample import generate

CACHE = Path(__file__).parents[2] / "build" / "bench"

FEATURES = """
SELECT
    ROUND(COALESCE(r.tickets / s.tickets::DOUBLE, 0), 7) AS order_ratio,
    ROUND(COALESCE(r.items / s.items::DOUBLE, 0), 7) AS items_ratio,
    ROUND(COALESCE(r.amount::DOUBLE / NULLIF(s.amount::DOUBLE, 0), 0), 7) AS monetary_ratio,
    COALESCE(r.tickets, 0)::DOUBLE AS frequency
FROM (
    SELECT ss_customer_sk AS id, COUNT(DISTINCT ss_ticket_number) AS tickets,
        COUNT(ss_item_sk) AS items, SUM(ss_net_paid) AS amount
    FROM store_sales WHERE ss_customer_sk IS NOT NULL GROUP BY ALL
) AS s
LEFT JOIN (
    SELECT sr_customer_sk AS id, COUNT(DISTINCT sr_ticket_number) AS tickets,
        COUNT(sr_item_sk) AS items, SUM(sr_return_amt) AS amount
    FROM store_returns GROUP BY ALL
) AS r USING (id)
ORDER BY id
"""


@dataclass(frozen=True)
class Dataset:
    """The features of every customer, shape (customers, features)."""

    name: str
    points: np.ndarray

    @property
    def features(self) -> list[str]:
        """The names of the features; four are the application's own."""
        count = self.points.shape[1]
        return list(FEATURE_NAMES) if count == 4 else [f"feature_{i}" for i in range(count)]

    @cached_property
    def vectors(self) -> pd.DataFrame:
        """What a script is given: each distinct vector with its number of customers."""
        frame = pd.DataFrame(self.points, columns=self.features)
        sizes: pd.Series[int] = frame.groupby(self.features).size()
        return sizes.reset_index(name="customers")

    @contextmanager
    def featured(self) -> Iterator[None]:
        """Have the code that runs in the database know these features."""
        kept = list(FEATURE_NAMES)
        FEATURE_NAMES[:] = self.features
        try:
            yield
        finally:
            FEATURE_NAMES[:] = kept


@dataclass(frozen=True)
class Generated:
    """Customers around centres, with tails as heavy as Student's t with two degrees of freedom.

    Attributes
    ----------
    distinct : float
        How many of the rows are different; the others repeat them, few of them very often.
    """

    rows: int
    features: int
    centres: int
    distinct: float = 1.0

    @property
    def name(self) -> str:
        share = f", {self.distinct:.2%} distinct" if self.distinct < 1 else ""
        return f"{self.rows:,} x {self.features} around {self.centres}{share}"

    def points(self) -> np.ndarray:
        """Make the same rows on every machine."""
        random = np.random.RandomState(zlib.crc32(self.name.encode()))
        count = max(1, round(self.rows * self.distinct))
        places = random.gamma(2.0, 2.0, (self.centres, self.features))
        spread = 0.1 + random.random_sample(self.centres)
        member = random.choice(self.centres, count, p=random.dirichlet(np.full(self.centres, 2.0)))
        noise = random.standard_normal((count, self.features)) * spread[member, np.newaxis]
        tails = np.sqrt(2 / random.chisquare(2, count))
        points = np.round(places[member] + noise * tails[:, np.newaxis], 7)
        repeats = random.zipf(1.5, self.rows - count) % count
        return np.concatenate([points, points[repeats]])


def sample() -> Dataset:
    """The synthetic retail sample."""
    with duckdb.connect() as connection:
        for name, table in generate().items():
            connection.register(name.partition(".")[2], table)
        return Dataset("sample", connection.execute(FEATURES).df().to_numpy())


def tpcds(scale_factor: int) -> Dataset:
    """TPC-DS's customers."""
    file = CACHE / f"tpcds_{scale_factor}.npy"
    if not file.exists():
        with duckdb.connect(str(tpcds_tables(scale_factor)), read_only=True) as connection:
            frame = connection.execute(f"USE dbo; {FEATURES}").df()
        np.save(file, frame.to_numpy())
    return Dataset(f"TPC-DS {scale_factor}", np.load(file))


def tpcds_tables(scale_factor: int) -> Path:
    """A database file with the tables that the features are computed from."""
    file = CACHE / f"tpcds_{scale_factor}.duckdb"
    if file.exists():
        return file
    CACHE.mkdir(parents=True, exist_ok=True)
    package = Path(str(resources.files("duckdb_extension_tpcds")))
    (extension,) = package.glob("extensions/*/tpcds.duckdb_extension")
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"LOAD '{extension}'")
        connection.execute(f"CALL dsdgen(sf = {scale_factor})")
        connection.execute(f"ATTACH '{unfinished}' AS kept")
        connection.execute("CREATE SCHEMA kept.dbo")
        for table, columns in {
            "store_sales": "ss_customer_sk, ss_ticket_number, ss_item_sk, ss_net_paid",
            "store_returns": "sr_customer_sk, sr_ticket_number, sr_item_sk, sr_return_amt",
            "customer": "c_customer_sk, c_email_address",
        }.items():
            connection.execute(f"CREATE TABLE kept.dbo.{table} AS SELECT {columns} FROM {table}")
    unfinished.rename(file)
    return file


def generated(one: Generated) -> Dataset:
    """Generated data; the large ones are kept."""
    if one.rows < 10**6:
        return Dataset(one.name, one.points())
    CACHE.mkdir(parents=True, exist_ok=True)
    file = CACHE / f"generated_{zlib.crc32(one.name.encode()):08x}.npy"
    if not file.exists():
        np.save(file, one.points())
    return Dataset(one.name, np.load(file))
