"""The retail sample: what its tables hold, and that K-Means finds the tutorial's clusters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from sklearn.cluster import KMeans

from procluster.errors import SettingsError
from procluster.sample import COUNTS, NOTICE, TABLES, Table, generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Sample = dict[str, pa.Table]

# "Python tutorial: Build a model to categorize customers", its printed result by cluster:
# n, then the means of customer, orderRatio, itemsRatio, monetaryRatio, frequency.
PUBLISHED = np.array(
    [
        [31675, 50854.809882, 0.0, 0.0, 0.0, 0.0],
        [4989, 51332.535779, 0.721604, 0.453365, 0.307721, 1.097815],
        [1, 57044.0, 1.0, 2.0, 108.719154, 1.0],
        [671, 48516.023845, 0.136277, 0.078346, 0.044497, 4.271237],
    ]
)

FEATURES = """
SELECT
    ss_customer_sk,
    round(coalesce(returned.tickets / nullif(1.0 * sold.tickets, 0), 0), 7)::double,
    round(coalesce(returned.items / nullif(1.0 * sold.items, 0), 0), 7)::double,
    round(coalesce(returned.amount::double / nullif(1.0 * sold.amount, 0), 0), 7)::double,
    coalesce(returned.tickets, 0)::double
FROM (
    SELECT ss_customer_sk, count(DISTINCT ss_ticket_number) AS tickets,
        count(ss_item_sk) AS items, sum(ss_net_paid) AS amount
    FROM store_sales GROUP BY ss_customer_sk
) AS sold
LEFT JOIN (
    SELECT sr_customer_sk, count(DISTINCT sr_ticket_number) AS tickets,
        count(sr_item_sk) AS items, sum(sr_return_amt) AS amount
    FROM store_returns GROUP BY sr_customer_sk
) AS returned ON sr_customer_sk = ss_customer_sk
ORDER BY ss_customer_sk
"""


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate()


def connect(sample: Sample) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name, table in sample.items():
        connection.register(name.removeprefix("dbo."), table)
    return connection


@pytest.fixture(scope="module")
def connection(sample: Sample) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(sample) as connection:
        yield connection


def count(connection: duckdb.DuckDBPyConnection, rest: str) -> int:
    row = connection.sql(f"SELECT count(*) {rest}").fetchone()
    assert row is not None
    return int(row[0])


def compute_features(connection: duckdb.DuckDBPyConnection) -> NDArray[np.float64]:
    columns = connection.sql(FEATURES).fetchnumpy().values()
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def summarise_clusters(random_state: int, kmeans_state: int) -> NDArray[np.float64]:
    """Sizes and means by cluster, in the order of PUBLISHED."""
    with connect(generate(random_state)) as connection:
        rows = compute_features(connection)
    model = KMeans(n_clusters=4, n_init=10, random_state=kmeans_state).fit(rows[:, 1:])
    members = [rows[model.labels_ == number] for number in range(4)]
    found = np.array([[len(rows), *rows.mean(axis=0)] for rows in members])
    by_items_ratio = found[np.argsort(found[:, 3])]
    return by_items_ratio[[0, 2, 3, 1]]


@pytest.fixture(scope="module", params=[(111, 111), (7, 0), (2024, 5)], ids=str)
def clusters(request: pytest.FixtureRequest) -> NDArray[np.float64]:
    return summarise_clusters(*request.param)


def column_types(sql: str) -> dict[str, str]:
    columns = re.findall(r"^    (\w+) (int|char\(\d+\)|varchar\(\d+\)|decimal\(7, 2\)) ", sql, re.M)
    return dict(columns)


def arrow_type(sql_type: str) -> pa.DataType:
    if sql_type.startswith("decimal"):
        return pa.decimal128(7, 2)
    return pa.int32() if sql_type == "int" else pa.string()


def test_notice_says_synthetic() -> None:
    assert "synthetic" in NOTICE


def test_negative_seed_is_refused() -> None:
    with pytest.raises(SettingsError, match="random_state: -1 is negative"):
        generate(-1)


def test_tables_are_keyed_in_the_order_of_their_sql(sample: Sample) -> None:
    assert list(sample) == [table.name for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_those_of_the_sql(sample: Sample, table: Table) -> None:
    schema = sample[table.name].schema

    assert dict(zip(schema.names, schema.types, strict=True)) == {
        name: arrow_type(sql_type) for name, sql_type in column_types(table.sql).items()
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_column_order_is_that_of_the_sql(sample: Sample, table: Table) -> None:
    assert sample[table.name].schema.names == list(column_types(table.sql))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_values_fit_their_arrow_types(sample: Sample, table: Table) -> None:
    sample[table.name].validate(full=True)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_value_is_null(sample: Sample, table: Table) -> None:
    assert {column.null_count for column in sample[table.name].columns} == {0}


def test_row_counts_are_the_tutorials(sample: Sample) -> None:
    rows = {name: table.num_rows for name, table in sample.items()}

    assert rows == {
        "dbo.store_sales": 667_579,
        "dbo.store_returns": 37_902,
        "dbo.customer": 99_000,
    }


def test_buyers_are_as_many_as_the_tutorials(connection: duckdb.DuckDBPyConnection) -> None:
    buyers = count(connection, "FROM (SELECT DISTINCT ss_customer_sk FROM store_sales)")

    assert buyers == COUNTS.buyers == 37_336


def test_customer_keys_run_from_one(sample: Sample) -> None:
    keys = sample["dbo.customer"]["c_customer_sk"].to_numpy()

    assert np.array_equal(keys, np.arange(1, 99_001))


def test_business_keys_are_those_of_tpcds(sample: Sample) -> None:
    keys = sample["dbo.customer"]["c_customer_id"]

    assert [keys[0].as_py(), keys[16].as_py()] == ["AAAAAAAABAAAAAAA", "AAAAAAAABBAAAAAA"]


def test_business_keys_are_unique(connection: duckdb.DuckDBPyConnection) -> None:
    assert count(connection, "FROM (SELECT DISTINCT c_customer_id FROM customer)") == 99_000


def test_addresses_are_unique(connection: duckdb.DuckDBPyConnection) -> None:
    assert count(connection, "FROM (SELECT DISTINCT c_email_address FROM customer)") == 99_000


def test_addresses_are_in_reserved_domains(connection: duckdb.DuckDBPyConnection) -> None:
    pattern = r"[a-z]+\.[a-z]+\.[0-9]+@example\.(com|net|org)"
    strange = f"FROM customer WHERE NOT regexp_full_match(c_email_address, '{pattern}')"

    assert count(connection, strange) == 0


def test_texts_fit_their_columns(connection: duckdb.DuckDBPyConnection) -> None:
    too_long = "FROM customer WHERE length(c_customer_id) <> 16 OR length(c_first_name) > 20 "
    too_long += "OR length(c_last_name) > 30 OR length(c_email_address) > 50"

    assert count(connection, too_long) == 0


def test_no_item_is_twice_on_a_ticket(connection: duckdb.DuckDBPyConnection) -> None:
    keys = "FROM (SELECT DISTINCT ss_item_sk, ss_ticket_number FROM store_sales)"

    assert count(connection, keys) == COUNTS.sales


def test_a_ticket_has_one_customer_day_and_store(connection: duckdb.DuckDBPyConnection) -> None:
    split = """
    FROM (
        SELECT ss_ticket_number FROM store_sales GROUP BY ss_ticket_number
        HAVING count(DISTINCT (ss_customer_sk, ss_sold_date_sk, ss_store_sk)) > 1
    )"""

    assert count(connection, split) == 0


def test_sold_amounts_add_up(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = """
    FROM store_sales
    WHERE ss_ext_sales_price <> ss_quantity * ss_sales_price
        OR ss_net_paid <> ss_ext_sales_price - ss_coupon_amt
        OR ss_quantity < 1 OR ss_sales_price <= 0 OR ss_coupon_amt < 0 OR ss_net_paid < 0"""

    assert count(connection, wrong) == 0


RETURNED = """
FROM store_returns JOIN store_sales
    ON ss_item_sk = sr_item_sk AND ss_ticket_number = sr_ticket_number
    AND ss_customer_sk = sr_customer_sk
"""


def test_every_return_is_of_a_sale(connection: duckdb.DuckDBPyConnection) -> None:
    assert count(connection, RETURNED) == COUNTS.returns


def test_returned_amounts_are_at_the_price_of_sale(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = "WHERE sr_return_amt <> sr_return_quantity * ss_sales_price OR sr_return_quantity < 1"

    assert count(connection, RETURNED + wrong) == 0


def test_returns_come_after_the_sale(connection: duckdb.DuckDBPyConnection) -> None:
    assert count(connection, RETURNED + "WHERE sr_returned_date_sk <= ss_sold_date_sk") == 0


def test_no_more_pieces_come_back_than_were_sold(connection: duckdb.DuckDBPyConnection) -> None:
    excess = f"""
    FROM (
        SELECT ss_item_sk {RETURNED} GROUP BY ss_item_sk, ss_ticket_number
        HAVING sum(sr_return_quantity) > max(ss_quantity)
    )"""

    assert count(connection, excess) == 0


def test_one_customer_returns_rows_twice(connection: duckdb.DuckDBPyConnection) -> None:
    twice = """
    FROM (
        SELECT DISTINCT sr_customer_sk FROM store_returns
        GROUP BY sr_customer_sk, sr_item_sk, sr_ticket_number HAVING count(*) > 1
    )"""

    assert count(connection, twice) == 1


def test_order_of_tickets_tells_no_behaviour(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.sql("""
        SELECT avg(ss_ticket_number) / max(max(ss_ticket_number)) OVER ()
        FROM store_sales GROUP BY ss_customer_sk IN (SELECT sr_customer_sk FROM store_returns)
    """).fetchall()

    assert [share for (share,) in row] == pytest.approx([0.5, 0.5], abs=0.02)


def test_same_seed_gives_the_same_sample(sample: Sample) -> None:
    assert all(table.equals(sample[name]) for name, table in generate(111).items())


def test_another_seed_gives_another_sample(sample: Sample) -> None:
    assert not any(table.equals(sample[name]) for name, table in generate(112).items())


def test_every_buyer_paid_something(connection: duckdb.DuckDBPyConnection) -> None:
    paid = "SELECT sum(ss_net_paid) AS amount FROM store_sales GROUP BY ss_customer_sk"

    assert count(connection, f"FROM ({paid}) WHERE amount <= 0") == 0


def test_feature_vectors_are_varied(connection: duckdb.DuckDBPyConnection) -> None:
    assert len(np.unique(compute_features(connection)[:, 1:], axis=0)) > 5_000


def test_cluster_sizes_are_the_published(clusters: NDArray[np.float64]) -> None:
    assert clusters[:, 0] == pytest.approx(PUBLISHED[:, 0], rel=0.02)


def test_cluster_means_are_the_published(clusters: NDArray[np.float64]) -> None:
    assert clusters[:, 1:] == pytest.approx(PUBLISHED[:, 1:], rel=0.05, abs=0)
