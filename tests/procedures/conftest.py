"""A small shop on the embedded engine at four stages, each made once and copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from shop import TABLES, fill

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.local.database import Database, Session
from procluster.satellite import Satellite
from procluster.settings import Settings

Opener = Callable[[str], Session]


@pytest.fixture(scope="session")
def satellite() -> Iterator[Satellite]:
    """One warm process for the external scripts of all tests."""
    with Satellite() as one:
        yield one


@pytest.fixture(scope="session")
def stages(satellite: Satellite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database files: empty, filled, built, segmented."""
    folder = tmp_path_factory.mktemp("stages")
    file = folder / "shop.duckdb"
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        session.query(TABLES)
        install(EmbeddedConnection(session), release(Settings()))
    shutil.copy(file, folder / "empty")
    with Database(file, satellite=satellite) as database:
        fill(database.connect())
    shutil.copy(file, folder / "filled")
    with Database(file, satellite=satellite) as database:
        database.connect().query("EXEC seg.build_features;")
    shutil.copy(file, folder / "built")
    with Database(file, satellite=satellite) as database:
        database.connect().query(
            "EXEC seg.train @n_clusters = 3; EXEC seg.assign; EXEC seg.profile;"
        )
    shutil.copy(file, folder / "segmented")
    return folder


@pytest.fixture
def copied(stages: Path, tmp_path: Path, satellite: Satellite) -> Iterator[Opener]:
    """Opens a session on a copy of one stage."""
    with ExitStack() as stack:

        def open_copy(stage: str) -> Session:
            file = shutil.copy(stages / stage, tmp_path / "shop.duckdb")
            return stack.enter_context(Database(file, satellite=satellite)).connect()

        yield open_copy


@pytest.fixture
def empty_shop(copied: Opener) -> Session:
    """Everything installed, not a row in any table."""
    return copied("empty")


@pytest.fixture
def shop(copied: Opener) -> Session:
    """Sixty customers, no features yet."""
    return copied("filled")


@pytest.fixture
def built_shop(copied: Opener) -> Session:
    """Sixty customers with their features."""
    return copied("built")


@pytest.fixture
def segmented_shop(copied: Opener) -> Session:
    """Sixty customers in three clusters."""
    return copied("segmented")
