"""Three places round to datetime, each in its own form: engine, script process and wire."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest

from procluster.local.database import Database
from procluster.local.types import DATETIME
from procluster.satellite.child.parameters import on_ticks
from procluster.tds.encoding import encode_column

SECOND = 1_000_000
PARTS = np.union1d(np.arange(0, SECOND, 500), np.arange(0, SECOND, 997))
"""Microseconds: every half of a millisecond, at which rounding turns, and others."""


@pytest.fixture(scope="module")
def rounded() -> np.ndarray:
    """Microseconds of PARTS after the engine has made datetime of them."""
    texts = (f"('2024-02-29T00:00:00.{part:06}')" for part in PARTS)
    with Database() as database:
        session = database.connect()
        session.query(f"SELECT t INTO dbo.t FROM (VALUES {', '.join(texts)}) AS v (t)")
        (found,) = session.query(
            "SELECT CAST(CAST(t AS datetime2) AS datetime) AS d FROM dbo.t ORDER BY t"
        )
    since = np.asarray(found.table.column(0).to_numpy() - np.datetime64("2024-02-29"))
    return since.astype("timedelta64[us]").astype(int)


def test_script_rounds_to_datetime_as_the_engine(rounded: np.ndarray) -> None:
    assert np.array_equal(on_ticks(PARTS), rounded)


def test_wire_has_the_tick_of_every_datetime(rounded: np.ndarray) -> None:
    moments = pa.array(np.datetime64("2024-02-29", "us") + rounded.astype("timedelta64[us]"))
    ticks = [struct.unpack("<BiI", sent)[2] for sent in encode_column(DATETIME, moments)]
    assert ticks == [round(part * 300 / SECOND) for part in rounded]
