"""kill -9 during seg.refresh: what is found afterwards is the state before or after, never between.

Three ways to be killed: at a moment, wherever the process is; before a statement of the engine's
to DuckDB, so also within a transaction; and in the middle of a write, which RLIMIT_FSIZE ends at
a chosen byte (by SIGXFSZ). The last leaves a log or a database file that is torn at that byte.
Where the signal is ignored, as Python does, the write fails instead, as on a full disk.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from shop import rows

from procluster.errors import SqlError
from procluster.local.database import Database
from procluster.satellite import Satellite

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX"),
    pytest.mark.slow,
]

CHILD = """\
import itertools, os, resource, signal, sys
from procluster.local.database import Database
from procluster.local.interpreter import Interpreter
file, statements, largest = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
execute = Interpreter.execute
def count_down(self, *given, **named):
    global statements
    statements -= 1
    if not statements:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, *given, **named)
with Database(file) as database:
    session = database.connect()
    Interpreter.execute = count_down
    if largest:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    print("ready", flush=True)
    refreshes = sys.argv[4:]
    for refresh in refreshes if largest else itertools.cycle(refreshes):
        session.query(refresh)
        (found,) = session.query("SELECT model_id FROM seg.model WHERE is_active = 1;")
        print(found.rows()[0][0], flush=True)
"""
"""Refreshes until it is killed, or four times where a limit on its files is to do that.

It says which model is active each time a refresh has come back.
"""

REFRESHES = [
    f"EXEC seg.refresh @train_policy = N'always', @n_clusters = {n_clusters};"
    for n_clusters in (2, 4, 3, 2)
]

RULES = {
    "one model is active": """
        SELECT COUNT(*) FROM seg.model WHERE is_active = 1 HAVING COUNT(*) <> 1;""",
    "customers have the clusters of the active model": """
        SELECT c.model_id FROM seg.customer_cluster AS c
        INNER JOIN seg.model AS m ON m.model_id = c.model_id WHERE m.is_active = 0;""",
    "every customer with features has a cluster": """
        SELECT f.customer_id FROM seg.customer_feature AS f
        LEFT JOIN seg.customer_cluster AS c ON c.customer_id = f.customer_id
        WHERE c.customer_id IS NULL;""",
    "the profile of the active model counts what was assigned": """
        SELECT p.cluster_id, p.customers, COUNT(c.customer_id) AS assigned
        FROM seg.cluster_profile AS p
        INNER JOIN seg.model AS m ON m.model_id = p.model_id AND m.is_active = 1
        LEFT JOIN seg.customer_cluster AS c ON c.cluster_id = p.cluster_id
        GROUP BY p.cluster_id, p.customers HAVING COUNT(c.customer_id) <> p.customers;""",
    "the active model is profiled": """
        SELECT m.model_id FROM seg.model AS m
        WHERE m.is_active = 1 AND m.n_clusters <> (
            SELECT COUNT(*) FROM seg.cluster_profile AS p WHERE p.model_id = m.model_id
        );""",
    "a model comes from a run that succeeded": """
        SELECT m.model_id FROM seg.model AS m
        INNER JOIN seg.run AS r ON r.run_id = m.run_id WHERE r.status <> N'succeeded';""",
    "a run has ended unless it is running": """
        SELECT run_id FROM seg.run
        WHERE IIF(ended_at IS NULL, 1, 0) <> IIF(status = N'running', 1, 0);""",
    "the last refresh that succeeded tells the active model": """
        SELECT r.message, m.model_id FROM seg.run AS r
        CROSS JOIN seg.model AS m
        WHERE m.is_active = 1
            AND r.run_id = (
                SELECT MAX(run_id) FROM seg.run
                WHERE procedure_name = N'refresh' AND status = N'succeeded'
            )
            AND r.message NOT LIKE CONCAT(N'% by model ', m.model_id, N',%');""",
}
"""What holds before and after each transaction of a refresh; each query finds what breaks it."""

RUNNING = "SELECT run_id FROM seg.run WHERE procedure_name = N'refresh' AND status = N'running';"
LAST_MODEL = 5


def refresh_until_killed(
    file: Path, *, after: float = 60.0, statements: int = 0, largest: int = 0
) -> int:
    """Refresh in a process that is killed; return the model it last said was active."""
    arguments = [str(file), str(statements), str(largest), *REFRESHES]
    command = [sys.executable, "-c", CHILD, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with suppress(subprocess.TimeoutExpired):
            child.wait(after)
        child.kill()
        said = child.stdout.read().split()
    assert child.returncode == -(signal.SIGXFSZ if largest else signal.SIGKILL)
    return int(said[-1]) if said else 0


def assert_whole(file: Path, satellite: Satellite, said: int) -> None:
    """Every rule holds, what was reported is there, and the next refresh puts the log right."""
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        broken = {rule: rows(session, query) for rule, query in RULES.items()}
        ((active,),) = rows(session, "SELECT model_id FROM seg.model WHERE is_active = 1;")
        assert {rule: found for rule, found in broken.items() if found} == {}
        assert active >= said
        session.query("EXEC seg.refresh @train_policy = N'never';")
        assert rows(session, RUNNING) == []


@pytest.fixture
def file(stages: Path, tmp_path: Path) -> Path:
    """Sixty customers in the clusters of model 1."""
    return Path(shutil.copy(stages / "segmented", tmp_path / "shop.duckdb"))


@pytest.fixture(scope="module")
def logged(
    stages: Path, satellite: Satellite, tmp_path_factory: pytest.TempPathFactory
) -> list[int]:
    """How many bytes the log has after each of the four refreshes, when nothing ends them."""
    file = tmp_path_factory.mktemp("logged") / "shop.duckdb"
    shutil.copy(stages / "segmented", file)
    log = file.with_name("shop.duckdb.wal")
    sizes = []
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        for refresh in REFRESHES:
            session.query(refresh)
            sizes.append(log.stat().st_size)
    return sizes


def test_refresh_killed_at_any_moment_leaves_no_state_between(
    file: Path, satellite: Satellite
) -> None:
    moments = random.Random(111)  # noqa: S311  moments, not secrets
    for _ in range(4):
        said = refresh_until_killed(file, after=moments.uniform(0.0, 2.0))

        assert_whole(file, satellite, said)


def test_refresh_killed_before_any_statement_leaves_no_state_between(
    file: Path, satellite: Satellite
) -> None:
    moments = random.Random(111)  # noqa: S311  moments, not secrets
    for _ in range(8):
        said = refresh_until_killed(file, statements=moments.randrange(1, 900))

        assert_whole(file, satellite, said)


@pytest.mark.parametrize("part", [0.003, 0.33, 0.62, 0.9])
def test_refresh_killed_within_a_write_leaves_no_state_between(
    file: Path, satellite: Satellite, logged: list[int], part: float
) -> None:
    said = refresh_until_killed(file, largest=int(part * logged[-1]))

    assert said < LAST_MODEL
    assert_whole(file, satellite, said)


@pytest.mark.parametrize("part", [0.03, 0.4])
def test_database_killed_while_it_closes_keeps_everything(
    file: Path, satellite: Satellite, logged: list[int], part: float
) -> None:
    """At the end the log goes into the database file, which is larger than the limit."""
    largest = logged[-1] + int(part * (file.stat().st_size - logged[-1]))

    said = refresh_until_killed(file, largest=largest)

    assert said == LAST_MODEL
    assert_whole(file, satellite, said)


@pytest.mark.parametrize("part", [0.01, 0.5, 0.9])
def test_refresh_on_a_full_disk_is_9002_and_leaves_no_state_between(
    file: Path, satellite: Satellite, logged: list[int], part: float
) -> None:
    import resource  # noqa: PLC0415  POSIX only

    room = int(part * logged[0])
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(SqlError) as caught:
                session.query(REFRESHES[0])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert caught.value.number == 9002
    assert_whole(file, satellite, said=1)
