"""A satellite that ends, or falls silent, at each point of its protocol.

Seen from T-SQL: every call ends with an error that can be caught, never with a hang, and the next
call works. The process is the real one, but for a wrapper around what it sends and receives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from procluster.local.database import Database, Session
from procluster.satellite import Satellite

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and shell scripts"),
    pytest.mark.slow,
]

WRAPPER = """\
import importlib, importlib.util, io, os, signal, sys
point, way, marker = {point!r}, {way!r}, {marker!r}
if os.path.exists(marker):  # the first process was the one to end
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
open(marker, "w").close()
*_, init, settings = sys.argv

def end():
    if way == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "exits":
        os._exit(0)
    if way == "closes its pipes":
        os.closerange(0, 100)
    while True:
        signal.pause()

sent = 0
names = ["the handshake", "the word that it begins", "the answer"]

def send(stream, header, tables):
    global sent
    name, sent = names[sent], sent + 1
    if point == "before " + name:
        end()
    whole = io.BytesIO()
    wire.send(whole, header, tables)
    whole = whole.getvalue()
    if point == "in the header of " + name:
        stream.write(whole[: whole.index(b"\\n") - 2])
        stream.flush()
        end()
    if point == "in the middle of " + name:
        stream.write(whole[: len(whole) // 2])
        stream.flush()
        end()
    stream.write(whole)
    stream.flush()
    if point == "after " + name:
        end()

def receive(stream):
    if point == "after the header of the call":
        stream.readline()
        end()
    if point == "in the middle of the input":
        stream.readline()
        stream.read(10_000)
        end()
    return wire.receive(stream)

spec = importlib.util.spec_from_file_location("satellite_child", init)
package = importlib.util.module_from_spec(spec)
sys.modules["satellite_child"] = package
wire = importlib.import_module("satellite_child.wire")
host = importlib.import_module("satellite_child.host")
host.send, host.receive = send, receive
host.main(settings)
"""

CALL = """
BEGIN TRY
    EXEC sp_execute_external_script
        @language = N'Python',
        @script = N'OutputDataSet = InputDataSet',
        @input_data_1 = N'SELECT n FROM dbo.number';
END TRY
BEGIN CATCH
    SELECT ERROR_NUMBER(), ERROR_MESSAGE();
END CATCH;
"""
ROWS = 100_000
"""More than a pipe holds, so that the engine is in the middle of writing or reading."""

Connect = Callable[..., Session]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """``connect(point, way)``: a session whose first satellite ends at that point, in that way."""
    open_databases: list[Database] = []

    def make(point: str, way: str, time_out: float = 60.0) -> Session:
        wrapper, python = tmp_path / "wrapper.py", tmp_path / "python"
        marker = str(tmp_path / "marker")
        text = WRAPPER.format(point=point, way=way, marker=marker, python=sys.executable)
        wrapper.write_text(text, encoding="utf-8")
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{wrapper}" "$@"\n')
        python.chmod(0o755)
        satellite = Satellite(str(python), time_out=time_out)
        database = Database(satellite=satellite)
        open_databases.append(database)
        session = database.connect()
        session.query("CREATE TABLE dbo.number (n int NOT NULL);")
        session.append("dbo.number", pa.table({"n": np.arange(ROWS, dtype="int32")}))
        return session

    yield make
    for database in open_databases:
        database.close()


def answer(session: Session) -> tuple[int, object]:
    """Number of rows and the first value of a call, which must come to an end."""
    with ThreadPoolExecutor(1) as pool:
        (result,) = pool.submit(session.query, CALL).result(timeout=300)
    rows = result.rows()
    return len(rows), rows[0][0]


POINTS = {
    "before the handshake": 39021,
    "in the header of the handshake": 39021,
    "after the handshake": 39012,
    "after the header of the call": 39012,
    "in the middle of the input": 39012,
    "before the word that it begins": 39012,
    "after the word that it begins": 39012,
    "before the answer": 39012,
    "in the header of the answer": 39012,
    "in the middle of the answer": 39012,
}
"""The points of the protocol, and the error of a satellite that ends there."""


@pytest.mark.parametrize("point", POINTS)
def test_satellite_killed_at_a_point_is_an_error_and_the_next_call_works(
    connect: Connect, point: str
) -> None:
    session = connect(point, "is killed")

    assert answer(session) == (1, POINTS[point])
    assert answer(session) == (ROWS, 0)


@pytest.mark.parametrize("way", ["exits", "closes its pipes"])
@pytest.mark.parametrize("point", ["before the handshake", "in the middle of the input",
                                   "in the middle of the answer"])  # fmt: skip
def test_satellite_that_leaves_at_a_point_is_an_error_and_the_next_call_works(
    connect: Connect, point: str, way: str
) -> None:
    session = connect(point, way)

    assert answer(session) == (1, POINTS[point])
    assert answer(session) == (ROWS, 0)


@pytest.mark.parametrize(
    "point",
    [
        "after the header of the call",
        "in the middle of the input",
        "after the word that it begins",
        "in the middle of the answer",
    ],
)
def test_satellite_silent_at_a_point_is_39019_and_the_next_call_works(
    connect: Connect, point: str
) -> None:
    session = connect(point, "is silent", time_out=4.0)

    assert answer(session) == (1, 39019)
    assert answer(session) == (ROWS, 0)


def test_satellite_silent_before_the_handshake_is_39021_and_the_next_call_works(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect("before the handshake", "is silent")

    with monkeypatch.context() as patch:
        patch.setattr("procluster.satellite.satellite.START_TIME_OUT", 1.0)
        assert answer(session) == (1, 39021)
    assert answer(session) == (ROWS, 0)


@pytest.mark.parametrize("way", ["is killed", "exits"])
def test_satellite_that_ends_after_its_answer_is_replaced(connect: Connect, way: str) -> None:
    session = connect("after the answer", way)

    assert answer(session) == (ROWS, 0)
    assert answer(session) == (ROWS, 0)
