"""What a session sends, printed as SQL Server's tools print it."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest

from procluster.console import Console
from procluster.errors import SqlError
from procluster.local.results import Column, Event, Message, ResultSet, RowCount
from procluster.local.types import resolve
from procluster.progress import Progress

ONE = ResultSet((Column("n", resolve("int")),), pa.table({"c0": [1]}))
PRINTED = Message(0, 0, 1, "hello", 1)
DIVISION = SqlError(8134, "Divide by zero error encountered.", line=12, procedure="seg.train")


def printed(*events: Event, style: str = "table", batch_line: int = 1) -> tuple[str, str]:
    """Give what went to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    console = Console.for_format(style, out, err, Progress(err))
    console.batch_line = batch_line
    for event in events:
        console.receive(event)
    console.close()
    return out.getvalue(), err.getvalue()


def test_console_prints_errors_on_standard_error() -> None:
    out, err = printed(DIVISION)

    assert out == ""
    assert err.splitlines() == [
        "Msg 8134, Level 16, State 1, Procedure seg.train, Line 12",
        "Divide by zero error encountered.",
    ]


def test_console_says_where_a_later_batch_starts() -> None:
    _, err = printed(DIVISION, batch_line=20)

    assert err.splitlines()[0].endswith("Line 12 [Batch Start Line 20]")


@pytest.mark.parametrize(
    ("rows", "text"),
    [(0, "(0 rows affected)\n"), (1, "(1 row affected)\n"), (3, "(3 rows affected)\n")],
)
def test_console_counts_rows(rows: int, text: str) -> None:
    assert printed(RowCount(rows)) == (text, "")


def test_console_sets_the_count_off_from_the_table() -> None:
    assert printed(ONE, RowCount(1))[0] == "n\n-\n1\n\n(1 row affected)\n"


def test_console_prints_messages_between_results() -> None:
    assert printed(PRINTED, ONE)[0] == "hello\n\nn\n-\n1\n"


@pytest.mark.parametrize("severity", [0, 10])
def test_console_prints_information_without_its_number(severity: int) -> None:
    assert printed(Message(50000, severity, 1, "half way", 3))[0] == "half way\n"


def test_console_heads_warnings_with_their_number() -> None:
    warning = Message(50000, 5, 2, "take care", 3, "dbo.p")

    assert (
        printed(warning)[0] == "Msg 50000, Level 5, State 2, Procedure dbo.p, Line 3\ntake care\n"
    )


@pytest.mark.parametrize(("style", "out"), [("json", "[]\n"), ("csv", "")])
def test_console_keeps_messages_out_of_data(style: str, out: str) -> None:
    assert printed(PRINTED, RowCount(3), style=style) == (out, "hello\n")


def test_console_ends_json_after_an_error() -> None:
    assert printed(ONE, DIVISION, style="json")[0] == '[\n[\n{"n": 1}\n]\n]\n'
