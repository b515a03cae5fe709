"""deploy/*.sql: what the defaults render to, and it installs and leaves a database by itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from procluster.errors import SqlError
from procluster.files import files
from procluster.local.database import Database, Session
from procluster.local.lexer import split_batches
from procluster.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy"
RENDERED = files(Settings())
VERSIONS = ("2017", "2019", "2022", "2025")
SALES = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk int NULL, ss_ticket_number int NOT NULL, ss_item_sk int NOT NULL,
    ss_net_paid decimal(7, 2) NULL
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk int NULL, sr_ticket_number int NOT NULL, sr_item_sk int NOT NULL,
    sr_return_amt decimal(7, 2) NULL
);
CREATE TABLE dbo.customer (c_customer_sk int NOT NULL, c_email_address varchar(50) NULL);
INSERT INTO dbo.store_sales VALUES (1, 1, 1, 10), (2, 2, 1, 20), (2, 3, 1, 30);
"""


@pytest.fixture
def session() -> Iterator[Session]:
    """A session in a database that has the mapped tables."""
    with Database() as database:
        session = database.connect()
        session.query(SALES)
        yield session


def run(session: Session, text: str) -> list[SqlError]:
    """Run a file as sqlcmd without -b does, batch after batch; give the errors."""
    events: list[object] = []
    for batch in split_batches(text):
        session.execute(batch.text, events.append)
    return [event for event in events if isinstance(event, SqlError)]


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    return session.query(query)[-1].rows()


def objects(session: Session) -> list[tuple[Any, ...]]:
    """Everything that is ours, and what the roles may do."""
    names = "SELECT s.name, o.name, o.type FROM sys.objects AS o INNER JOIN sys.schemas AS s "
    names += "ON s.schema_id = o.schema_id WHERE o.type IN ('U', 'V', 'P', 'IF') ORDER BY 1, 2;"
    held = "SELECT permission_name, class, major_id FROM sys.database_permissions ORDER BY 1, 2, 3;"
    return [*rows(session, names), *rows(session, held)]


@pytest.mark.parametrize("name", RENDERED)
def test_deploy_file_is_what_the_defaults_render_to(name: str, update_golden: bool) -> None:
    file = FOLDER / name
    if update_golden:
        file.write_text(RENDERED[name], encoding="utf-8", newline="\n")

    assert file.read_text(encoding="utf-8") == RENDERED[name]


def test_deploy_folder_has_no_other_sql() -> None:
    assert {file.name for file in FOLDER.glob("*.sql")} == RENDERED.keys()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RENDERED)
def test_deploy_file_parses(name: str, version: str) -> None:
    command = [str(Path(sys.executable).with_name("maxdop")), "--parser-version", version]

    faults = [
        done.stderr
        for batch in split_batches(RENDERED[name])
        if (
            done := subprocess.run(
                command, input=batch.text, capture_output=True, text=True, check=False
            )
        ).returncode
    ]

    assert faults == []


def test_install_may_be_run_twice(session: Session) -> None:
    assert run(session, RENDERED["install.sql"]) == []
    once = objects(session)
    session.query("EXEC seg.build_features;")

    assert run(session, RENDERED["install.sql"]) == []

    assert objects(session) == once
    assert rows(session, "SELECT COUNT(*) FROM seg.customer_feature;") == [(2,)]


@pytest.mark.parametrize(
    "wrong",
    ["CREATE OR ALTER VIEW seg.centroid AS SELECT FROM;", "THROW 50000, N'planted', 1;"],
    ids=["does not compile", "fails"],
)
def test_install_that_fails_leaves_nothing(session: Session, wrong: str) -> None:
    before = objects(session)
    text = re.sub(
        r"/\*\nseg\.centroid:.*?\nGO\n",
        lambda _: f"{wrong}\nGO\n",
        RENDERED["install.sql"],
        count=1,
        flags=re.DOTALL,
    )
    assert wrong in text

    errors = run(session, text)

    assert len(errors) == 1
    assert objects(session) == before
    assert rows(session, "SELECT @@TRANCOUNT;") == [(0,)]


def test_uninstall_keeps_the_data(session: Session) -> None:
    run(session, RENDERED["install.sql"])
    session.query("EXEC seg.build_features;")

    assert run(session, RENDERED["uninstall.sql"]) == []

    assert rows(session, "SELECT COUNT(*) FROM seg.customer_feature;") == [(2,)]
    assert rows(session, "SELECT COUNT(*) FROM sys.procedures;") == [(0,)]
    query = "SELECT COUNT(*) FROM sys.database_permissions WHERE class = 0;"
    assert rows(session, query) == [(0,)]


def test_uninstall_drops_the_data_when_told_to(session: Session) -> None:
    before = objects(session)
    run(session, RENDERED["install.sql"])
    session.query("CREATE ROLE marketing;")
    session.query("ALTER ROLE seg_reader ADD MEMBER marketing;")
    text = RENDERED["uninstall.sql"].replace("@drop_data bit = 0", "@drop_data bit = 1")

    assert run(session, text) == []

    assert objects(session) == before
    assert rows(session, "SELECT COUNT(*) FROM sys.schemas WHERE name = N'seg';") == [(0,)]
    assert rows(session, "SELECT name FROM sys.database_principals WHERE name LIKE N'seg%';") == []


def test_files_of_a_schema_that_needs_quoting_install_and_leave(session: Session) -> None:
    hostile = files(Settings(schema="se]g'[ment"))
    before = objects(session)

    errors = run(session, hostile["install.sql"])
    installed = objects(session)
    errors += run(session, hostile["uninstall.sql"].replace("bit = 0;", "bit = 1;"))

    assert errors == []
    assert len(installed) > len(before)
    assert objects(session) == before


def test_uninstall_leaves_what_is_not_ours(session: Session) -> None:
    run(session, RENDERED["install.sql"])
    session.query("CREATE TABLE seg.mine (a int NULL);")
    text = RENDERED["uninstall.sql"].replace("@drop_data bit = 0", "@drop_data bit = 1")

    assert run(session, text) == []

    query = "SELECT o.name FROM sys.objects AS o WHERE o.schema_id = SCHEMA_ID(N'seg');"
    assert rows(session, query) == [("mine",)]


def test_uninstall_may_be_run_twice(session: Session) -> None:
    text = RENDERED["uninstall.sql"].replace("@drop_data bit = 0", "@drop_data bit = 1")
    run(session, RENDERED["install.sql"])

    assert run(session, text) == []
    assert run(session, text) == []


def test_uninstall_that_fails_changes_nothing(session: Session) -> None:
    run(session, RENDERED["install.sql"])
    before = objects(session)
    text = RENDERED["uninstall.sql"].replace("    COMMIT TRANSACTION;", "    THROW 50000, N'x', 1;")

    assert len(run(session, text)) == 1

    assert objects(session) == before
