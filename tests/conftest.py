"""What all tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from serving import Endpoint


settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("repeatable")
# It would also try constants of the modules imported so far, which depends on the tests before.
vars(providers)["is_local_module_file"] = lambda _: False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files anew, then compare"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Listen to Ctrl-C also where tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An empty database in memory, served to clients."""
    from serving import serve  # noqa: PLC0415

    from procluster.local.database import Database  # noqa: PLC0415

    with Database() as database, serve(database) as served:
        yield served
