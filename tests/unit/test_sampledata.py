"""The sample in a database, with a few rows of it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from procluster import sample, sampledata, tables
from procluster.errors import DataError
from procluster.local.database import Database, Session
from procluster.tables import TableName

CUSTOMER = TableName("dbo", "customer")
SALES = TableName("dbo", "store_sales")


@pytest.fixture(scope="module")
def few_rows() -> dict[str, pa.Table]:
    return {name: table.slice(0, 50) for name, table in sample.generate().items()}


@pytest.fixture(autouse=True)
def _small_sample(few_rows: dict[str, pa.Table], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a seed other than the default leave one row out."""
    monkeypatch.setattr(
        sample,
        "generate",
        lambda seed: {name: table.slice(int(seed != 111)) for name, table in few_rows.items()},
    )


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        yield database.connect()


def test_install_fills_the_tables(session: Session) -> None:
    filled = sampledata.install(session)

    assert [(str(one.table), one.rows, one.written) for one in filled] == [
        ("dbo.store_sales", 50, True),
        ("dbo.store_returns", 50, True),
        ("dbo.customer", 50, True),
    ]
    assert tables.count(session, CUSTOMER) == 50


def test_install_leaves_the_same_sample_alone(session: Session) -> None:
    sampledata.install(session)

    assert not any(one.written for one in sampledata.install(session))


def test_install_refuses_other_rows_and_names_the_tables(session: Session) -> None:
    sampledata.install(session)
    session.query("DELETE FROM dbo.customer WHERE c_customer_sk = 1;")
    session.query("UPDATE dbo.store_sales SET ss_net_paid = 1 WHERE ss_customer_sk IS NOT NULL;")

    with pytest.raises(DataError, match=r"dbo\.customer, dbo\.store_sales: there already"):
        sampledata.install(session)


def test_install_refuses_tables_of_another_shape(session: Session) -> None:
    session.query("CREATE TABLE dbo.customer (id int NULL);")

    with pytest.raises(DataError, match=r"dbo\.customer: there already"):
        sampledata.install(session)

    assert not tables.exists(session, SALES)


def test_install_replaces_when_told(session: Session) -> None:
    sampledata.install(session)

    filled = sampledata.install(session, random_state=7, replace=True)

    assert all(one.written for one in filled)
    assert tables.count(session, CUSTOMER) == 49


def test_install_writes_only_what_is_missing(session: Session) -> None:
    sampledata.install(session)
    session.query("DROP TABLE dbo.customer;")

    filled = sampledata.install(session)

    assert [str(one.table) for one in filled if one.written] == ["dbo.customer"]
