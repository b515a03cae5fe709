"""The shop, served."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Endpoint, serve
from shop import TABLES, fill

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.local.database import Database
from procluster.satellite import Satellite
from procluster.settings import Settings


@pytest.fixture(scope="session")
def satellite() -> Iterator[Satellite]:
    """One warm process for the external scripts of all tests."""
    with Satellite() as one:
        yield one


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory, satellite: Satellite) -> Path:
    """Sixty customers in three clusters, made with the procedures."""
    file = tmp_path_factory.mktemp("served") / "shop.duckdb"
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        session.query(TABLES)
        install(EmbeddedConnection(session), release(Settings()))
        fill(session)
        session.query("EXEC seg.build_features; EXEC seg.train @n_clusters = 3; EXEC seg.assign;")
    return file


@pytest.fixture
def shop(shop_file: Path, tmp_path: Path, satellite: Satellite) -> Iterator[Endpoint]:
    """The shop, served to clients."""
    file = shutil.copy(shop_file, tmp_path / "shop.duckdb")
    with (
        Database(file, satellite=satellite, longest_wait=None) as database,
        serve(database) as served,
    ):
        yield served
