"""A small shop on the embedded engine, with every object installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shop import TABLES, fill

from procluster.catalog import render
from procluster.deploy.apply import install
from procluster.local.database import Database, Session
from procluster.local.satellite import Satellite
from procluster.settings import Settings


@pytest.fixture(scope="session")
def satellite() -> Iterator[Satellite]:
    """One warm process for the external scripts of all tests."""
    with Satellite() as one:
        yield one


@pytest.fixture
def empty_shop(satellite: Satellite) -> Iterator[Session]:
    """Everything installed, not a row in any table."""
    with Database(satellite=satellite) as database:
        session = database.connect()
        session.query(TABLES)
        install(session, render(Settings()))
        yield session


@pytest.fixture
def shop(empty_shop: Session) -> Session:
    """Sixty customers, no features yet."""
    fill(empty_shop)
    return empty_shop


@pytest.fixture
def built_shop(shop: Session) -> Session:
    """Sixty customers with their features."""
    shop.query("EXEC seg.build_features;")
    return shop


@pytest.fixture
def segmented_shop(built_shop: Session) -> Session:
    """Sixty customers in three clusters."""
    built_shop.query("EXEC seg.train @n_clusters = 3; EXEC seg.assign; EXEC seg.profile;")
    return built_shop
