"""What the embedded engine costs over plain DuckDB, on the same queries in the same run.

    python tests/bench/bench_engine.py
    python tests/bench/bench_engine.py --rows 100000 --json build/bench_engine.json

Four parts: single statements, queries over many rows, starting up, and external scripts. Each line
has the time of the engine, that of the yardstick beside it, and their difference or ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from timing import Row

from procluster.local.database import Database, Session

STATEMENTS = {
    "SELECT of a constant": ("SELECT 1 AS x;", "SELECT 1 AS x"),
    "3: DECLARE, SET, SELECT of a variable": (
        "DECLARE @x int = 1; SET @x = @x + 1; SELECT @x AS x;",
        "SELECT 1 + 1 AS x",
    ),
    "SELECT of one row": (
        "SELECT name FROM dbo.sale WHERE id = 7;",
        "SELECT name FROM dbo.sale WHERE id = 7",
    ),
    "INSERT of one row": (
        "INSERT INTO dbo.log (n, word) VALUES (1, N'x');",
        "INSERT INTO dbo.log VALUES (1, 'x')",
    ),
    "UPDATE of one row": (
        "UPDATE dbo.one SET n = n + 1 WHERE n > 0;",
        "UPDATE dbo.one SET n = n + 1 WHERE n > 0",
    ),
    "UPDATE of a CHECKed column": (
        "UPDATE dbo.ruled SET n = n + 1 WHERE id = 1;",
        "UPDATE dbo.ruled SET n = n + 1 WHERE id = 1",
    ),
    "UPDATE of a key": (
        "UPDATE dbo.ruled SET id = -id WHERE n < 0;",
        "UPDATE dbo.ruled SET id = -id WHERE n < 0",
    ),
    "2: DECLARE, INSERT with key and CHECK": (
        """DECLARE @id int = (SELECT MAX(id) + 1 FROM dbo.ruled);
        INSERT INTO dbo.ruled (id, n) VALUES (@id, 1);""",
        "INSERT INTO dbo.ruled SELECT max(id) + 1, 1 FROM dbo.ruled",
    ),
}
"""Name: T-SQL, DuckDB."""

QUERIES = {
    "aggregates": (
        "SELECT COUNT(*), SUM(amount), AVG(score), MIN(n), MAX(n) FROM dbo.sale;",
        "SELECT count(*), sum(amount), avg(score), min(n), max(n) FROM dbo.sale",
    ),
    "filter on a number": (
        "SELECT COUNT(*) FROM dbo.sale WHERE n > 500 AND score < 0.5;",
        "SELECT count(*) FROM dbo.sale WHERE n > 500 AND score < 0.5",
    ),
    "filter on text": (
        "SELECT COUNT(*) FROM dbo.sale WHERE name = N'name 7';",
        "SELECT count(*) FROM dbo.sale WHERE name = 'name 7'",
    ),
    "GROUP BY number": (
        "SELECT n, COUNT(*), SUM(score) FROM dbo.sale GROUP BY n;",
        "SELECT n, count(*), sum(score) FROM dbo.sale GROUP BY n",
    ),
    "GROUP BY text": (
        "SELECT name, COUNT(*) FROM dbo.sale GROUP BY name;",
        "SELECT name, count(*) FROM dbo.sale GROUP BY name",
    ),
    "float arithmetic": (
        "SELECT SUM(score * 2.0e0 + score / 3.0e0) FROM dbo.sale;",
        "SELECT sum(score * 2 + score / 3) FROM dbo.sale",
    ),
    "decimal division": (
        "SELECT SUM(amount / 7) FROM dbo.sale;",
        "SELECT sum(amount / 7) FROM dbo.sale",
    ),
    "join": (
        "SELECT SUM(s.score) FROM dbo.sale AS s INNER JOIN dbo.kind AS k ON k.n = s.n;",
        "SELECT sum(s.score) FROM dbo.sale AS s INNER JOIN dbo.kind AS k ON k.n = s.n",
    ),
    "window": (
        "SELECT SUM(r) FROM (SELECT RANK() OVER (ORDER BY n) AS r FROM dbo.sale) AS v;",
        "SELECT sum(r) FROM (SELECT rank() OVER (ORDER BY n) AS r FROM dbo.sale) AS v",
    ),
    "all rows fetched": (
        "SELECT id, n, score FROM dbo.sale;",
        "SELECT id, n, score FROM dbo.sale",
    ),
}
"""Name: T-SQL, DuckDB."""

TABLES = """
CREATE TABLE dbo.sale (
    id int NOT NULL, n int NOT NULL, score float NOT NULL, amount decimal(9, 2) NOT NULL,
    name nvarchar(30) NOT NULL
);
CREATE TABLE dbo.kind (n int NOT NULL, word nvarchar(10) NOT NULL);
CREATE TABLE dbo.log (n int NOT NULL, word nvarchar(10) NOT NULL);
CREATE TABLE dbo.one (n int NOT NULL);
INSERT INTO dbo.one (n) VALUES (1);
CREATE TABLE dbo.ruled (
    id int NOT NULL CONSTRAINT pk_ruled PRIMARY KEY,
    n int NOT NULL CONSTRAINT ck_ruled CHECK (n <> 0)
);
INSERT INTO dbo.ruled (id, n) VALUES (-2, -1), (1, 1);
"""
START = (
    "from procluster.local.database import Database\nDatabase().connect().query('SELECT 1 AS x;')",
    "import duckdb\nduckdb.connect().execute('SELECT 1 AS x').fetchall()",
)
SCRIPT = """
EXEC sp_execute_external_script
    @language = N'Python',
    @script = N'
import time
begin = time.perf_counter()
OutputDataSet = InputDataSet.copy()
own = float(time.perf_counter() - begin)
',
    @input_data_1 = N'SELECT TOP ({rows}) id, n, score, CAST(amount AS float) AS amount, name
        FROM dbo.sale',
    @params = N'@own float OUTPUT',
    @own = @own OUTPUT;
"""


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def compare(
    what: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    rounds: int,
) -> Row:
    """Run both in turn, once to warm up; each gives its milliseconds. Medians."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    engine, yardstick = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs if other)
    return {
        "data": what,
        "engine ms": engine,
        "yardstick ms": yardstick,
        "more ms": engine - yardstick,
        "times": ratio,
    }


def filled(rows: int) -> tuple[Database, Session, duckdb.DuckDBPyConnection]:
    """The same tables on both sides."""
    random = np.random.default_rng(111)
    sale = pa.table({
        "id": np.arange(rows, dtype="int32"),
        "n": random.integers(0, 1000, rows, dtype="int32"),
        "score": random.random(rows),
        "amount": pa.array(random.integers(1, 10_000_00, rows) / 100).cast(pa.decimal128(9, 2)),
        "name": pa.array([f"name {n}" for n in random.integers(0, 1000, rows)]),
    })  # fmt: skip
    kind = pa.table({"n": np.arange(1000, dtype="int32"), "word": ["some"] * 1000})
    database = Database()
    session = database.connect()
    session.query(TABLES)
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA dbo")
    for name, table in (("sale", sale), ("kind", kind)):
        session.append(f"dbo.{name}", table)
        connection.register("given", table)
        connection.execute(f"CREATE TABLE dbo.{name} AS SELECT * FROM given")
    connection.execute("CREATE TABLE dbo.log (n INTEGER, word VARCHAR)")
    connection.execute("CREATE TABLE dbo.one AS SELECT 1 AS n")
    connection.execute("CREATE TABLE dbo.ruled (id INTEGER PRIMARY KEY, n INTEGER CHECK (n <> 0))")
    connection.execute("INSERT INTO dbo.ruled VALUES (-2, -1), (1, 1)")
    return database, session, connection


def repeated(act: Callable[[str], object], sql: str, times: int = 1) -> Callable[[], float]:
    """Milliseconds of one of so many calls."""

    def run() -> float:
        return timed(lambda: [act(sql) for _ in range(times)]) / times

    return run


def bench_statements(
    session: Session, connection: duckdb.DuckDBPyConnection, rounds: int
) -> list[Row]:
    """Each statement many times; milliseconds of one."""

    def fetch(sql: str) -> object:
        return connection.execute(sql).fetchall()

    return [
        compare(
            what,
            repeated(session.query, ours, 100),
            repeated(fetch, theirs, 100),
            rounds,
        )
        for what, (ours, theirs) in STATEMENTS.items()
    ]


def bench_queries(
    session: Session, connection: duckdb.DuckDBPyConnection, rounds: int
) -> list[Row]:
    """Each query once a round, its rows fetched as an Arrow table."""

    def fetch(sql: str) -> object:
        return connection.execute(sql).to_arrow_table()

    return [
        compare(
            f"{what}, many rows", repeated(session.query, ours), repeated(fetch, theirs), rounds
        )
        for what, (ours, theirs) in QUERIES.items()
    ]


def bench_start(rounds: int) -> list[Row]:
    """Whole processes, which Python's own start is part of."""

    def run(program: str) -> object:
        return subprocess.run([sys.executable, "-c", program], check=True)

    ours, theirs = START
    return [compare("start and first SELECT", repeated(run, ours), repeated(run, theirs), rounds)]


def bench_scripts(session: Session, rows: int, rounds: int) -> list[Row]:
    """Calls of a warm script; the yardstick is what the script measures of itself."""
    own: list[float] = []

    def call(batch: str) -> object:
        *_, last = session.query(batch)
        own.append(float(str(last.rows()[0][0])) * 1000)
        return last

    return [
        compare(
            f"script: {count:,} rows x 5 columns there and back",
            repeated(call, f"DECLARE @own float; {SCRIPT.format(rows=count)} SELECT @own;"),
            lambda: own[-1],
            rounds,
        )
        for count in (1, rows)
    ]


def compare_all(rows: int, rounds: int) -> Iterator[Row]:
    """Every line, a dictionary each."""
    database, session, connection = filled(rows)
    with database, connection:
        for bench in (bench_statements, bench_queries):
            yield from bench(session, connection, rounds)
        yield from bench_scripts(session, rows, rounds)
    yield from bench_start(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    lines = list(compare_all(given.rows, given.rounds))
    click.echo(pd.DataFrame(lines).round(3).to_string(index=False))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(lines, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
