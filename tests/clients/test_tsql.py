"""FreeTDS' tsql, at a command line: it has no parameters, so values stand in the text."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from facts import COUNT, FAILS_LATER, MANY, MESSAGES, TABLE, TEXT, THREE_SETS, TRAIN
from serving import Endpoint


def tsql(endpoint: Endpoint, *batches: str, password: str | None = None) -> str:
    """What tsql prints for some batches."""
    program = shutil.which("tsql")
    assert program, "missing: apt-get install freetds-bin"
    found = subprocess.run(
        [
            *(program, "-o", "q", "-J", "UTF-8", "-H", endpoint.host, "-p", str(endpoint.port)),
            *("-U", endpoint.login, "-P", password or endpoint.password, "-D", endpoint.database),
        ],
        input="".join(f"{batch}\nGO\n" for batch in (*batches, "")),
        env={**os.environ, "TDSVER": "7.4", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return found.stdout


def test_unicode_and_null_are_printed(endpoint: Endpoint) -> None:
    found = tsql(endpoint, f"SELECT N'{TEXT}' AS t, NULL AS n")
    assert f"t\tn\n{TEXT}\tNULL\n" in found


def test_result_sets_come_one_after_the_other(endpoint: Endpoint) -> None:
    assert "a\tb\n1\tžluťoučký\na\n2\n3\nn\nNULL\n" in tsql(endpoint, THREE_SETS)


def test_messages_are_printed(endpoint: Endpoint) -> None:
    found = tsql(endpoint, MESSAGES)
    assert "printed\n" in found
    assert 'Msg 50000 (severity 5, state 3) from embedded Line 1:\n\t"raised 7"\n' in found


def test_error_after_the_first_result_set_is_printed(endpoint: Endpoint) -> None:
    found = tsql(endpoint, FAILS_LATER)
    assert "a\n1\n" in found
    assert "Msg 50000 (severity 16, state 2)" in found
    assert "after the first result set" in found


def test_rollback_takes_back_what_was_inserted(endpoint: Endpoint) -> None:
    insert = "BEGIN TRANSACTION; INSERT dbo.target (id) VALUES (1);"
    found = tsql(endpoint, TABLE, insert, "ROLLBACK", "SELECT COUNT(*) AS n FROM dbo.target")
    assert "n\n0\n" in found


def test_output_parameter_of_train_is_printed(shop: Endpoint) -> None:
    assert "model_id\n2\n" in tsql(shop, TRAIN)


@pytest.mark.slow
def test_ten_thousand_rows_arrive(endpoint: Endpoint) -> None:
    names = ["NULL" if name is None else f"N'{name}'" for _, name, _, _ in MANY]
    rows = [
        f"({number}, {name}, {amount}, '{at.isoformat()[:23]}')"
        for name, (number, _, amount, at) in zip(names, MANY, strict=True)
    ]
    batches = [
        f"INSERT dbo.target (id, name, amount, at) VALUES {', '.join(rows[start : start + 500])}"
        for start in range(0, len(rows), 500)
    ]
    found = tsql(endpoint, TABLE, *batches, COUNT)
    assert "10000\t8571\t12498750.00\tMar  4 2026" in found


def test_wrong_password_is_18456(endpoint: Endpoint) -> None:
    assert "Msg 18456 (severity 14, state 1)" in tsql(endpoint, password="wrong")
