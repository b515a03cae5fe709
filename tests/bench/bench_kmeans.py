"""Choosing k and training, side by side with the tutorial's own steps on the same data.

    python tests/bench/bench_kmeans.py
    python tests/bench/bench_kmeans.py --data tpcds --json build/bench.json

The yardstick is Microsoft's tutorial, part three, written plainly: KMeans for k = 1 to 19 with ten
restarts and the mean distance of each, and KMeans with k = 4. Both sides run in one process, in
turn, and what counts is the ratio of their times and of their inertias on all customers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from procluster.indb.evaluation import evaluate
from procluster.indb.features import FEATURE_NAMES
from procluster.indb.kmeans import train
from procluster.sample import generate

MAX_K = 19
N_CLUSTERS = 4
RANDOM_STATE = 111
N_INIT = 10

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
"""


@dataclass(frozen=True)
class Comparison:
    """One step, theirs and ours; seconds are medians, ratios are theirs by ours."""

    step: str
    customers: int
    distinct_vectors: int
    tutorial_seconds: float
    procluster_seconds: float
    times_faster: float
    inertia_ratio_mean: float
    inertia_ratio_worst: float


def customers_of(data: str) -> pd.DataFrame:
    """The features of every customer, a row each."""
    with duckdb.connect() as connection:
        if data == "sample":
            for name, table in generate().items():
                connection.register(name.partition(".")[2], table)
        else:
            package = Path(str(resources.files("duckdb_extension_tpcds")))
            (extension,) = package.glob("extensions/*/tpcds.duckdb_extension")
            connection.execute(f"LOAD '{extension}'")
            connection.execute("CALL dsdgen(sf = 1)")
        frame: pd.DataFrame = connection.execute(FEATURES).df()
        return frame


def tutorial_elbow(points: np.ndarray) -> list[float]:
    """The tutorial's elbow: k = 1 to 19, ten restarts each, and the mean distances."""
    inertias = []
    for k in range(1, MAX_K + 1):
        model = KMeans(n_clusters=k, n_init=N_INIT, random_state=RANDOM_STATE).fit(points)
        np.min(cdist(points, model.cluster_centers_, "euclidean"), axis=1).sum() / len(points)
        inertias.append(float(model.inertia_))
    return inertias


def tutorial_fit(points: np.ndarray) -> list[float]:
    """The tutorial's model: k = 4, ten restarts."""
    model = KMeans(n_clusters=N_CLUSTERS, n_init=N_INIT, random_state=RANDOM_STATE).fit(points)
    return [float(model.inertia_)]


def our_elbow(vectors: pd.DataFrame) -> list[float]:
    """What seg.choose_k runs, all its metrics included."""
    document = evaluate(vectors, MAX_K, "none", RANDOM_STATE, N_INIT).document
    return [row["inertia"] for row in json.loads(document)["rows"]]


def our_fit(vectors: pd.DataFrame) -> list[float]:
    """What seg.train runs."""
    document = train(vectors, N_CLUSTERS, "none", RANDOM_STATE, N_INIT).document
    return [json.loads(document)["inertia"]]


def timed(act: Callable[[Any], list[float]], given: Any) -> tuple[float, list[float]]:
    start = time.perf_counter()
    result = act(given)
    return time.perf_counter() - start, result


def compare(
    step: str,
    theirs: Callable[[np.ndarray], list[float]],
    ours: Callable[[pd.DataFrame], list[float]],
    customers: pd.DataFrame,
    rounds: int,
) -> Comparison:
    """Run both in turn and compare their medians."""
    points = customers.to_numpy()
    vectors = customers.groupby(FEATURE_NAMES).size().reset_index(name="customers")
    pairs = [(timed(theirs, points), timed(ours, vectors)) for _ in range(rounds)]
    (_, their_inertias), (_, our_inertias) = pairs[-1]
    ratios = np.array(our_inertias) / np.array(their_inertias)
    their_time = float(np.median([one[0] for one, _ in pairs]))
    our_time = float(np.median([other[0] for _, other in pairs]))
    return Comparison(
        step=step,
        customers=len(points),
        distinct_vectors=len(vectors),
        tutorial_seconds=their_time,
        procluster_seconds=our_time,
        times_faster=float(np.median([one[0] / other[0] for one, other in pairs])),
        inertia_ratio_mean=float(ratios.mean()),
        inertia_ratio_worst=float(ratios.max()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", choices=["sample", "tpcds"], default="sample")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    customers = customers_of(given.data)
    compared = [
        compare("k = 1 to 19", tutorial_elbow, our_elbow, customers, given.rounds),
        compare("k = 4", tutorial_fit, our_fit, customers, given.rounds),
    ]
    click.echo(pd.DataFrame(map(asdict, compared)).set_index("step").T.to_string())
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        figures = [asdict(one) for one in compared]
        given.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
