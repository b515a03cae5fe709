"""Measure procluster beside the tutorial's own steps, on the same data in one run.

python tests/bench                            everything: hours
python tests/bench --quick                    a few minutes
python tests/bench --only choose_k train      some of the tables
python tests/bench --page docs/performance.md no measuring: the tables of the last run, into a page
                                              and the figure beside it
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import bench_engine
import click
import datasets
import duckdb
import memory
import numpy
import report
import script_steps
import sklearn
import sql_steps
from datasets import Dataset, Generated
from figures import draw_growth
from timing import Row
from yardsticks import spark_is_here

JSON = datasets.CACHE / "report.json"
ROUNDS = 5

QUICK = (Generated(20_000, 2, 5), Generated(50_000, 8, 12, 0.1))
FULL = (
    Generated(10_000, 2, 4),
    Generated(100_000, 4, 6),
    Generated(100_000, 8, 20),
    Generated(100_000, 32, 12),
    Generated(1_000_000, 4, 8, 0.3),
    Generated(1_000_000, 6, 30, 0.001),
)
# Looked at only after the constants of the search had been chosen, on the others and their like.
HELD_OUT = (
    Generated(15_000, 3, 6),
    Generated(30_000, 6, 10),
    Generated(8_000, 12, 15),
    Generated(40_000, 4, 20, 0.3),
    Generated(12_000, 24, 9),
    Generated(60_000, 5, 3),
    Generated(25_000, 2, 30),
    Generated(20_000, 10, 40, 0.05),
)
GROWTH = tuple(Generated(10**power, 4, 8) for power in (4, 5, 6, 7))

SAMPLED = (
    (Generated(10_000, 4, 8), 4, 0.2),
    (Generated(100_000, 4, 8), 4, 0.2),
    (Generated(100_000, 4, 8), 16, 0.2),
    (Generated(1_000_000, 4, 8), 4, 0.2),
    (Generated(1_000_000, 4, 8), 16, 0.2),
    (Generated(10_000_000, 4, 8), 4, 0.2),
)


def choose_k(quick: bool) -> Iterator[Row]:
    """The elbow."""
    for data in every(quick):
        yield script_steps.choose_k(data, rounds=2 if quick else 3)


def held_out(quick: bool) -> Iterator[Row]:
    """The elbow, of data that nothing was chosen by."""
    for one in HELD_OUT[:4] if quick else HELD_OUT:
        yield script_steps.choose_k(datasets.generated(one), rounds=1)


def train(quick: bool) -> Iterator[Row]:
    """K-Means for one k."""
    for data in every(quick):
        for k in (4,) if quick or not data.name[0].isdigit() else (4, 16, 64):
            yield script_steps.fit(data, k, ROUNDS)


def script_memory(quick: bool) -> Iterator[Row]:
    """Peak memory beside the size of the vectors."""
    data = [datasets.tpcds(1)]
    if not quick:
        data += [datasets.tpcds(10), *map(datasets.generated, FULL[3:5])]
    for one in data:
        for step, k in (("train", 4), ("choose_k", 19)):
            yield memory.memory(one, step, k)


def growth(quick: bool) -> Iterator[Row]:
    """How time grows with rows."""
    chosen = GROWTH[:2] if quick else GROWTH
    for one in chosen:
        yield script_steps.growth(datasets.generated(one), (4, 64), rounds=2)


def assign(quick: bool) -> Iterator[Row]:
    """Scoring in T-SQL beside retraining."""
    for scale_factor in (1,) if quick else (1, 10):
        yield from sql_steps.assign(scale_factor, ROUNDS)
    for one in GROWTH[1:2] if quick else GROWTH[1:3]:
        yield from sql_steps.assign_more(datasets.generated(one), ROUNDS)


def refresh(quick: bool) -> Iterator[Row]:
    """What seg.refresh does beside its feature query."""
    for scale_factor in (1,) if quick else (1, 10):
        yield from sql_steps.refresh(scale_factor, ROUNDS)


def sampled(quick: bool) -> Iterator[Row]:
    """More vectors than @max_points."""
    for one, k, share in SAMPLED[:2] if quick else SAMPLED:
        data = datasets.generated(one)
        yield sql_steps.sampled(data, k, max(1000, int(len(data.points) * one.distinct * share)))


def engine(quick: bool) -> Iterator[Row]:
    """The embedded engine beside plain DuckDB."""
    yield from bench_engine.compare_all(rows=100_000 if quick else 1_000_000, rounds=ROUNDS)


TABLES: dict[str, Callable[[bool], Iterator[Row]]] = {
    "choose_k": choose_k,
    "held_out": held_out,
    "train": train,
    "memory": script_memory,
    "growth": growth,
    "sampled": sampled,
    "assign": assign,
    "refresh": refresh,
    "engine": engine,
}


def every(quick: bool) -> Iterator[Dataset]:
    """The data that choosing k and training are measured on."""
    yield datasets.sample()
    yield datasets.tpcds(1)
    if not quick:
        yield datasets.tpcds(10)
    yield from map(datasets.generated, QUICK if quick else FULL)


def machine() -> Row:
    """What it was measured on."""
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "processor": platform.machine(),
        "Python": platform.python_version(),
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
        "DuckDB": duckdb.__version__,
    }


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small data, a few minutes")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), metavar="TABLE")
    parser.add_argument("--json", type=Path, default=JSON, help=f"default: {JSON.name}, cached")
    parser.add_argument("--page", type=Path, help="write the tables of the last run into this page")
    given = parser.parse_args()
    results = json.loads(given.json.read_text(encoding="utf-8")) if given.json.exists() else {}
    if given.page:
        report.fill(given.page, results)
        draw_growth(results["growth"], given.page.with_name("growth.svg"))
        return
    if not spark_is_here():
        click.echo("PySpark is not installed and is left out: pip install '.[bench]' brings it.")
    for name in given.only:
        click.echo(f"\n{name}")
        rows: list[Row] = []
        for row in TABLES[name](given.quick):
            rows.append(row)
            results |= {name: rows, "machine": [machine()]}
            report.save(results, given.json)
            click.echo(f"  {row['data']} ...", err=True)
        click.echo(report.table(rows, "simple"))


if __name__ == "__main__":
    main()
