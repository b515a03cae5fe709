"""A satellite for all tests, and short ways to call it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from procluster.local.results import Column
from procluster.local.types import MAX, SqlType, resolve
from procluster.satellite import Satellite, ScriptCall, ScriptParameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procluster.satellite import ScriptResult

ARROW = {
    "bit": pa.bool_(),
    "tinyint": pa.uint8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "float": pa.float64(),
    "text": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "smalldatetime": pa.timestamp("us"),
}


def sql_type(text: str) -> SqlType:
    name, _, size = text.partition("(")
    numbers = [MAX if n == "max" else int(n) for n in re.findall(r"\w+", size)]
    return resolve(name, *numbers)


@pytest.fixture(scope="session")
def satellite() -> Iterator[Satellite]:
    """Scripts run under this Python, or under the one that SATELLITE_PYTHON names."""
    with Satellite(os.environ.get("SATELLITE_PYTHON"), time_out=60) as warm:
        yield warm


@pytest.fixture(scope="session")
def make_call() -> Callable[..., ScriptCall]:
    """``make_call(script, rows={"x": ("int", [1, 2])}, given={"k": ("int", 3)}, out=...)``."""

    def make(
        script: str,
        *,
        rows: dict[str, tuple[str, list[object]]] | None = None,
        given: dict[str, tuple[str, object]] | None = None,
        out: dict[str, tuple[str, object]] | None = None,
        names: tuple[str, str] = ("InputDataSet", "OutputDataSet"),
    ) -> ScriptCall:
        columns = {name: (sql_type(kind), values) for name, (kind, values) in (rows or {}).items()}
        data = {
            f"c{i}": pa.array(values, ARROW.get(kind.name) or ARROW.get(kind.family, pa.null()))
            for i, (kind, values) in enumerate(columns.values())
        }
        parameters = [
            ScriptParameter(name, sql_type(kind), value, output)
            for group, output in ((given, False), (out, True))
            for name, (kind, value) in (group or {}).items()
        ]
        return ScriptCall(
            script,
            *names,
            tuple(Column(name, kind) for name, (kind, _) in columns.items()),
            None if rows is None else pa.table(data),
            tuple(parameters),
        )

    return make


@pytest.fixture(scope="session")
def run(satellite: Satellite, make_call: Callable[..., ScriptCall]) -> Callable[..., ScriptResult]:
    """Run a script in the warm satellite; arguments as for ``make_call``."""
    return lambda script, **parts: satellite.run(make_call(script, **parts))
