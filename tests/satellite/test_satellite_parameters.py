"""OUTPUT parameters: what they take, and that nothing becomes NULL or shorter in silence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from procluster.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.satellite import ScriptResult

    Run = Callable[..., ScriptResult]

HEAD = "import numpy as np, pandas as pd, datetime as dt\n"


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("bit", "True", True),
        ("tinyint", "255", 255),
        ("smallint", "-32768", -32768),
        ("int", "2**31 - 1", 2**31 - 1),
        ("bigint", "-2**63", -(2**63)),
        ("real", "0.5", 0.5),
        ("float", "0.1", 0.1),
        ("float", "np.float64(0.1)", 0.1),
        ("varchar(3)", "'abc'", "abc"),
        ("nvarchar(3)", "'üöä'", "üöä"),
        ("nvarchar(max)", "'x' * 10000", "x" * 10000),
        ("nvarchar(9)", "''", ""),
        ("varbinary(max)", "b'\\x00\\xff'", b"\0\xff"),
        ("varbinary(9)", "bytearray(b'ab')", b"ab"),
        ("date", "dt.date(2020, 2, 29)", dt.date(2020, 2, 29)),
        ("datetime", "dt.datetime(2020, 1, 1, 1)", dt.datetime(2020, 1, 1, 1)),
        ("datetime", "pd.Timestamp('2020-01-01 00:00:00.000000001')", dt.datetime(2020, 1, 1)),
        ("datetime", "dt.datetime(2020, 1, 1, 0, 0, 59, 999000)", dt.datetime(2020, 1, 1, 0, 1)),
        (
            "datetime",
            "dt.datetime(2020, 1, 1, 0, 0, 0, 5000)",
            dt.datetime(2020, 1, 1, 0, 0, 0, 7000),
        ),
        ("smalldatetime", "dt.datetime(1900, 1, 1)", dt.datetime(1900, 1, 1)),
        ("smalldatetime", "dt.datetime(2020, 1, 1, 0, 0, 29, 998000)", dt.datetime(2020, 1, 1)),
        (
            "smalldatetime",
            "dt.datetime(2020, 1, 1, 0, 0, 29, 999000)",
            dt.datetime(2020, 1, 1, 0, 1),
        ),
        ("int", "None", None),
        ("varbinary(max)", "None", None),
    ],
)
def test_output_parameter_takes(run: Run, kind: str, code: str, expected: object) -> None:
    outputs = run(f"{HEAD}p = {code}", out={"p": (kind, None)}).outputs

    assert outputs == {"p": expected}
    assert type(outputs["p"]) is type(expected)


@pytest.mark.parametrize(
    ("kind", "code", "found", "remedy"),
    [
        ("bit", "np.int64(1)", "(int64)", "bool(...)"),
        ("bit", "1", "1 (int)", "bool(...)"),
        ("int", "3.0", "3.0 (float)", "int(...)"),
        ("int", "'3'", "'3' (str)", "int(...)"),
        ("int", "float('nan')", "nan (float)", "int(...)"),
        ("int", "np.int64(3)", "(int64)", "int(...)"),
        ("int", "True", "True (bool)", "int(...)"),
        ("float", "np.float32(1)", "(float32)", "float(...)"),
        ("float", "1", "1 (int)", "float(...)"),
        ("real", "'1'", "'1' (str)", "float(...)"),
        ("nvarchar(9)", "1", "1 (int)", "str(...)"),
        ("varchar(9)", "b'a'", "b'a' (bytes)", "str(...)"),
        ("varbinary(9)", "'a'", "'a' (str)", "bytes(...)"),
        ("date", "dt.datetime(2020, 1, 1)", "(datetime)", "a datetime.date"),
        ("datetime", "dt.date(2020, 1, 1)", "(date)", "a datetime.datetime"),
        ("datetime", "'2020-01-01'", "'2020-01-01' (str)", "a datetime.datetime"),
        ("datetime", "np.datetime64('2020-01-01')", "(datetime64)", "a datetime.datetime"),
    ],
)
def test_output_value_of_another_type_is_refused(
    run: Run, kind: str, code: str, found: str, remedy: str
) -> None:
    with pytest.raises(SqlError) as caught:
        run(f"{HEAD}p = {code}", out={"p": (kind, None)})

    assert caught.value.number == 39004
    assert "OUTPUT parameter @p" in caught.value.message
    assert f"{found} would silently become NULL. Assign {remedy}" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "code", "fault"),
    [
        ("tinyint", "-1", "-1 is out of range. tinyint allows 0 to 255"),
        ("smallint", "2**15", "32768 is out of range"),
        ("int", "2**31", "2147483648 is out of range"),
        ("bigint", "2**63", "9223372036854775808 is out of range"),
        ("float", "float('nan')", "nan is no value of T-SQL"),
        ("float", "float('-inf')", "-inf is no value of T-SQL"),
        ("real", "1e39", "1e+39 is out of range"),
        ("nvarchar(3)", "'abcd'", "length 4, of which all after 3 would be cut off"),
        ("varbinary(3)", "b'abcd'", "length 4, of which all after 3 would be cut off"),
        ("varchar(9)", "'ü'", "beyond ASCII"),
        ("nvarchar(9)", "'\\ud800'", "half a surrogate pair"),
        ("nvarchar(9)", "'\\U0001f600'", "above U+FFFF"),
        ("datetime", "pd.NaT", "NaT is no value of T-SQL"),
        ("datetime", "dt.datetime(1752, 12, 31)", "datetime allows 1753-01-01"),
        ("smalldatetime", "dt.datetime(2079, 6, 7)", "to 2079-06-06"),
        ("datetime", "dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)", "has a time zone"),
    ],
)
def test_output_value_that_does_not_fit_is_refused(
    run: Run, kind: str, code: str, fault: str
) -> None:
    with pytest.raises(SqlError) as caught:
        run(f"{HEAD}p = {code}", out={"p": (kind, None)})

    assert fault in caught.value.message


@pytest.mark.parametrize(
    "script", ["", "if False: p = 1", "print(p)", "def f():\n    p = 1\nf()", "p = 1\ndel p"]
)
@pytest.mark.parametrize("value", [None, 5])
def test_unassigned_output_parameter_is_refused(run: Run, script: str, value: object) -> None:
    with pytest.raises(SqlError, match=r"@p \(int\): the script never assigns it. Assign int"):
        run(script, out={"p": ("int", value)})


def test_output_parameter_assigned_in_a_function_counts(run: Run) -> None:
    script = "def f():\n    global p\n    p = p + 1\nf()"

    assert run(script, out={"p": ("int", 5)}).outputs == {"p": 6}


def test_output_parameter_can_be_read_before_it_is_assigned(run: Run) -> None:
    assert run("p += 1", out={"p": ("int", 41)}).outputs == {"p": 42}


def test_output_parameter_may_bear_the_name_of_a_builtin(run: Run) -> None:
    script = "print(max)\nmax = 1"

    result = run(script, out={"max": ("int", None)})

    assert (result.printed, result.outputs) == ("None\n", {"max": 1})


def test_input_parameter_is_not_given_back(run: Run) -> None:
    assert run("p = 1", given={"p": ("int", 0)}).outputs == {}


def test_faults_of_parameters_and_frame_come_at_once(run: Run) -> None:
    out = {"a": ("int", None), "b": ("float", None), "c": ("int", None)}

    with pytest.raises(SqlError) as caught:
        run("b = 1\nc = 1\nOutputDataSet = None", out=out)

    first, *faults = caught.value.message.split("\n")
    assert first.startswith("A 'Python' script error occurred")
    assert [fault.partition(" (")[0] for fault in faults] == [
        "OUTPUT parameter @a",
        "OUTPUT parameter @b",
        "OutputDataSet: NoneType is no DataFrame. Assign a pandas.DataFrame to it.",
    ]
