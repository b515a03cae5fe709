"""Limits of a script: where they come from, and what an error says to do about them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from procluster.errors import SqlError
from procluster.local.database import Database, Session
from procluster.satellite import Satellite, ScriptCall, limits
from procluster.satellite.limits import LEAST_MEMORY, Limits, machine_memory

Make = Callable[..., ScriptCall]
GIGABYTE = 1 << 30


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 100 GB."""
    monkeypatch.setattr(limits, "machine_memory", lambda: 100 * GIGABYTE)


@pytest.mark.usefixtures("machine")
def test_script_may_use_a_fifth_of_the_memory_for_five_minutes() -> None:
    assert Limits.of({}) == Limits(300.0, 20 * GIGABYTE)


@pytest.mark.usefixtures("machine")
def test_environment_sets_the_limits() -> None:
    given = {"PROCLUSTER_SCRIPT_SECONDS": "7.5", "PROCLUSTER_SCRIPT_MEMORY_PERCENT": "50"}

    assert Limits.of(given) == Limits(7.5, 50 * GIGABYTE)


def test_small_machine_gives_what_python_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "machine_memory", lambda: GIGABYTE)

    assert Limits.of({}).memory == LEAST_MEMORY


def test_container_counts_as_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("123456789\n")
    monkeypatch.setattr(limits, "CONTROL_GROUPS", (tmp_path / "memory.max",))

    assert machine_memory() == 123456789


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCLUSTER_SCRIPT_SECONDS", "soon"),
        ("PROCLUSTER_SCRIPT_SECONDS", "0"),
        ("PROCLUSTER_SCRIPT_SECONDS", "nan"),
        ("PROCLUSTER_SCRIPT_MEMORY_PERCENT", "101"),
        ("PROCLUSTER_SCRIPT_MEMORY_PERCENT", "-1"),
    ],
)
def test_senseless_limit_is_39021(name: str, value: str) -> None:
    with pytest.raises(SqlError, match=f"{name}: '{value}' is no limit") as caught:
        Limits.of({name: value})

    assert caught.value.number == 39021


def test_senseless_limit_is_an_error_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCLUSTER_SCRIPT_SECONDS", "soon")
    script = "EXEC sp_execute_external_script @language = N'Python', @script = N'';"

    with Database() as database, pytest.raises(SqlError, match="is no limit") as caught:
        database.connect().query(script)

    assert caught.value.number == 39021


def test_time_out_says_what_to_do(make_call: Make) -> None:
    raised = pytest.raises(SqlError, match="raise the time-out: PROCLUSTER_SCRIPT_SECONDS")
    with Satellite(time_out=0.2) as satellite, raised:
        satellite.run(make_call("while True: pass"))


@pytest.fixture
def narrow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose scripts may use 256 MiB, and a table of as many rows as the test says."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # 41 MB for each core else
    if sys.platform != "linux":
        pytest.skip("only Linux enforces it")
    rows = int(request.param)
    with Satellite(memory_limit=256 << 20) as small, Database(satellite=small) as database:
        session = database.connect()
        session.query("CREATE TABLE dbo.t (a float NOT NULL, b nvarchar(30) NOT NULL);")
        data = pa.table({"a": np.arange(rows, dtype="float64"), "b": ["x" * 30] * rows})
        session.append("dbo.t", data)
        yield session


@pytest.mark.parametrize(
    ("narrow", "number"), [(1_700_000, 39004), (6_000_000, 39012)], indirect=["narrow"]
)
def test_rows_beyond_the_memory_limit_are_an_error_that_says_what_to_do(
    narrow: Session, number: int
) -> None:
    script = (
        "EXEC sp_execute_external_script @language = N'Python', @script = N'{}', "
        "@input_data_1 = N'SELECT a, b FROM dbo.t WHERE a < {}';"
    )

    with pytest.raises(SqlError) as caught:
        narrow.query(script.format("pass", 10**9))

    assert caught.value.number == number
    assert "The script may use 256 MiB; a server allows 20 %" in caught.value.message
    assert "PROCLUSTER_SCRIPT_MEMORY_PERCENT here" in caught.value.message
    assert narrow.query(script.format("OutputDataSet = InputDataSet", 3))[0].rows()


def test_home_directory_is_not_written_to(
    make_call: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = f"open({str(tmp_path / 'model.pkl')!r}, 'w')"
    with Satellite() as satellite, pytest.raises(SqlError) as caught:
        satellite.run(make_call(script))

    assert "has no home; write to its working directory" in caught.value.message
    assert not (tmp_path / "model.pkl").exists()


def test_home_directory_can_be_read(
    make_call: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "known.txt").write_text("known")
    script = f"print(open({str(tmp_path / 'known.txt')!r}).read())"

    with Satellite() as satellite:
        assert satellite.run(make_call(script)).printed == "known\n"
