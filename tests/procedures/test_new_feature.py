"""A feature is added in one place, and everything follows: tables, query, model, scoring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import procluster

TESTS = Path(__file__).parents[1]
FEATURE = 'Feature("basket", "CAST(sale.items AS float)", "items bought"),\n)'
REFRESH = """
from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.local.database import Database
from procluster.settings import Settings
from shop import TABLES, fill

with Database() as database:
    session = database.connect()
    session.query(TABLES)
    fill(session)
    install(EmbeddedConnection(session), release(Settings()))
    session.query("EXEC seg.refresh @n_clusters = 3;")
    table = session.query("SELECT basket FROM seg.customer_feature WHERE customer_id = 3;")[0]
    centroids = session.query("SELECT basket FROM seg.centroid ORDER BY basket;")[0]
    print(table.rows(), [round(row[0]) for row in centroids.rows()])
"""


@pytest.mark.slow
def test_new_feature_reaches_every_object(tmp_path: Path) -> None:
    package = Path(procluster.__file__).parent
    shutil.copytree(package, tmp_path / "src" / "procluster")
    shutil.copytree(package.parents[1] / "tsql", tmp_path / "tsql")
    features = tmp_path / "src" / "procluster" / "indb" / "features.py"
    source = features.read_text(encoding="utf-8")
    assert source.count('"returned orders"),\n)') == 1
    features.write_text(
        source.replace('"returned orders"),\n)', f'"returned orders"),\n    {FEATURE}'),
        encoding="utf-8",
    )

    run = subprocess.run(
        [sys.executable, "-c", REFRESH],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "src"), str(TESTS)])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stderr == ""
    assert run.stdout == "[(6.0,)] [4, 6, 22]\n"
