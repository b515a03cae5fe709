"""The stored procedures on the embedded engine: scoring beside the tutorial's way, and refresh."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasets import Dataset, tpcds_tables
from timing import Row, alternate, timed

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.indb.features import FEATURE_NAMES
from procluster.local.database import Database, Session
from procluster.settings import Settings

TUTORIAL = """
CREATE OR ALTER PROCEDURE dbo.tutorial_generate_clusters
AS
BEGIN
    EXEC sp_execute_external_script
        @language = N'Python',
        @script = N'
from sklearn.cluster import KMeans

columns = ["orderRatio", "itemsRatio", "monetaryRatio", "frequency"]
customers = InputDataSet
model = KMeans(n_clusters=4, random_state=111, n_init=10).fit(customers[columns])
customers["cluster"] = model.labels_
OutputDataSet = customers
',
        @input_data_1 = N'
SELECT
    f.customer_id AS Customer,
    f.order_ratio AS orderRatio,
    f.items_ratio AS itemsRatio,
    f.monetary_ratio AS monetaryRatio,
    f.frequency
FROM {source} AS f'
    WITH RESULT SETS ((
        Customer int, orderRatio float, itemsRatio float, monetaryRatio float, frequency float,
        cluster int
    ));
END;
"""

CLUSTERS = """
DROP TABLE IF EXISTS dbo.tutorial_clusters;

CREATE TABLE dbo.tutorial_clusters (
    Customer int, orderRatio float, itemsRatio float, monetaryRatio float, frequency float,
    cluster int
);
"""

TUTORIAL_CALL = """
DELETE FROM dbo.tutorial_clusters;
INSERT INTO dbo.tutorial_clusters EXEC dbo.tutorial_generate_clusters;
"""

SOURCES = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk int, ss_ticket_number int, ss_item_sk int, ss_net_paid decimal(7, 2)
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk int, sr_ticket_number int, sr_item_sk int, sr_return_amt decimal(7, 2)
);
CREATE TABLE dbo.customer (c_customer_sk int, c_email_address varchar(50));
"""

ASSIGN_CALL = "EXEC seg.assign @with_result = 0;"

FEATURE_QUERY = """
SELECT s.customer_id, s.order_ratio, s.items_ratio, s.monetary_ratio, s.frequency
INTO #features
FROM seg.customer_feature_source AS s;
DROP TABLE #features;
"""


RETURNS = """
INSERT INTO dbo.store_returns (sr_customer_sk, sr_ticket_number, sr_item_sk, sr_return_amt)
SELECT f.customer_id, 1000000000 + f.customer_id, 1, 1.00
FROM seg.customer_feature AS f
WHERE f.customer_id % 100 = 7;
"""


@contextmanager
def shop(scale_factor: int) -> Iterator[Session]:
    """A session on TPC-DS with everything installed, in a copy of its file."""
    with tempfile.TemporaryDirectory() as folder:
        file = shutil.copy(tpcds_tables(scale_factor), Path(folder) / "shop.duckdb")
        with Database(file) as database:
            session = database.connect()
            install(EmbeddedConnection(session), release(Settings()))
            yield session


@contextmanager
def crowd(data: Dataset) -> Iterator[Session]:
    """A session with these features and everything installed, in memory."""
    with Database() as database:
        session = database.connect()
        session.query(SOURCES)
        install(EmbeddedConnection(session), release(Settings()))
        numbers = np.arange(len(data.points), dtype=np.int32)
        names = ["customer_id", *FEATURE_NAMES]
        session.append("seg.customer_feature", pa.table([numbers, *data.points.T], names=names))
        yield session


def count(session: Session, table: str) -> int:
    return int(str(session.query(f"SELECT COUNT(*) FROM {table};")[0].rows()[0][0]))


CASES = {
    "all rows written": "DELETE FROM seg.customer_cluster;",
    "nothing changed": "",
    "1 % changed": (
        "UPDATE seg.customer_feature SET frequency = frequency + 1 WHERE customer_id % 100 = 7;"
    ),
}
"""What is done to the rows before seg.assign."""


def assign(scale_factor: int, rounds: int) -> Iterator[Row]:
    """seg.assign beside the tutorial's way: retrain, and return every row through the script."""
    with shop(scale_factor) as session:
        session.query("EXEC seg.build_features;")
        for source in ("seg.customer_feature", "seg.customer_feature_source"):
            yield from beside_tutorial(session, f"TPC-DS {scale_factor}", source, rounds)


def assign_more(data: Dataset, rounds: int) -> Iterator[Row]:
    """The same for more customers, whose features are there."""
    with crowd(data) as session:
        yield from beside_tutorial(session, data.name, "seg.customer_feature", rounds)


def beside_tutorial(session: Session, data: str, source: str, rounds: int) -> Iterator[Row]:
    """Every case, with a model that is there."""
    session.query(f"EXEC seg.train; EXEC seg.assign; {CLUSTERS}")
    session.query(TUTORIAL.format(source=source))
    customers = count(session, "seg.customer_feature")
    for case, change in CASES.items():
        theirs, ours = alternate(
            partial(session.query, TUTORIAL_CALL),
            partial(session.query, ASSIGN_CALL),
            rounds,
            prepare=partial(session.query, change),
        )
        yield {
            "data": data,
            "customers": customers,
            "the tutorial's input": source,
            "seg.assign": case,
            "tutorial s": theirs.median,
            "procluster s": ours.median,
            "times faster": ours.times_faster_than(theirs),
            "microseconds a customer": 1e6 * ours.median / customers,
        }


def refresh(scale_factor: int, rounds: int) -> Iterator[Row]:
    """Everything seg.refresh does, as a multiple of its own feature query."""
    with shop(scale_factor) as session:
        session.query("EXEC seg.refresh;")
        for change, batch in {"nothing": "", "1 % of the customers": RETURNS}.items():
            for policy in ("never", "always"):
                call = f"EXEC seg.refresh @train_policy = N'{policy}';"
                query, whole = alternate(
                    partial(session.query, FEATURE_QUERY),
                    partial(session.query, call),
                    rounds,
                    prepare=partial(session.query, batch),
                )
                yield {
                    "data": f"TPC-DS {scale_factor}",
                    "customers": count(session, "seg.customer_cluster"),
                    "changed before": change,
                    "train": policy,
                    "feature query s": query.median,
                    "seg.refresh s": whole.median,
                    "after the query, times it": (whole.median - query.median) / query.median,
                }


def sampled(data: Dataset, k: int, max_points: int) -> Row:
    """seg.train on a sample, polished over all customers, beside seg.train on everything."""
    with crowd(data) as session:
        session.query("EXEC seg.train @n_clusters = 1;")  # warms the script's process up
        seconds, models = [], []
        for most in (100_000_000, max_points):
            call = f"EXEC seg.train @n_clusters = {k}, @max_points = {most}, @activate = 0;"
            seconds.append(timed(partial(session.query, call))[0])
            last = "SELECT TOP (1) m.document FROM seg.model AS m ORDER BY m.model_id DESC;"
            models.append(json.loads(str(session.query(last)[0].rows()[0][0])))
        assigned = timed(partial(session.query, "EXEC seg.assign @with_result = 0;"))[0]
    whole, polished = models
    return {
        "data": data.name,
        "k": k,
        "distinct vectors": whole["distinct_vectors"],
        "@max_points": max_points,
        "drawn": polished["sampled_vectors"],
        "inertia ratio": polished["inertia"] / whole["inertia"],
        "train on everything s": seconds[0],
        "train on the sample s": seconds[1],
        "seg.assign, all rows written s": assigned,
    }
