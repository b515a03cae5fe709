"""Both data sets whole: scoring in T-SQL against scikit-learn, and the published picture."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pytest
from shop import rows
from sklearn.cluster import KMeans

from procluster.catalog import release
from procluster.deploy.apply import install
from procluster.deploy.embedded import EmbeddedConnection
from procluster.local.database import Database, Session
from procluster.sample import TABLES, generate
from procluster.satellite import Satellite
from procluster.settings import Settings

pytestmark = pytest.mark.slow

# Microsoft's tutorial, part three: customers, order_ratio, items_ratio, monetary_ratio, frequency.
PUBLISHED = [
    (31675, 0.0, 0.0, 0.0, 0.0),
    (4989, 0.721604, 0.453365, 0.307721, 1.097815),
    (671, 0.136277, 0.078346, 0.044497, 4.271237),
    (1, 1.0, 2.0, 108.719154, 1.0),
]


@pytest.fixture(scope="module")
def sample(satellite: Satellite) -> Iterator[Session]:
    """The retail sample with four clusters."""
    with Database(satellite=satellite) as database:
        session = database.connect()
        for table in TABLES:
            session.query(table.sql)
        for name, data in generate().items():
            session.append(name, data)
        install(EmbeddedConnection(session), release(Settings()))
        session.query("EXEC seg.refresh;")
        yield session


@pytest.fixture(scope="module")
def warehouse(satellite: Satellite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """TPC-DS at scale factor 1, as its own generator makes it, with four clusters."""
    file = tmp_path_factory.mktemp("tpcds") / "tpcds.duckdb"
    generate_tpcds(file)
    with Database(file, satellite=satellite) as database:
        session = database.connect()
        install(EmbeddedConnection(session), release(Settings()))
        session.query("EXEC seg.refresh;")
        yield session


def generate_tpcds(file: Path) -> None:
    package = Path(str(resources.files("duckdb_extension_tpcds")))
    (extension,) = package.glob("extensions/*/tpcds.duckdb_extension")
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"LOAD '{extension}'")
        connection.execute("CREATE SCHEMA dbo")
        connection.execute("CALL dsdgen(sf = 1, schema = 'dbo')")


def disagreements(session: Session) -> int:
    """Customers whose cluster is not the one that scikit-learn's predict gives."""
    centroids = np.array(
        rows(
            session,
            "SELECT order_ratio, items_ratio, monetary_ratio, frequency FROM seg.centroid "
            "ORDER BY cluster_id;",
        )
    )
    scored = np.array(
        rows(
            session,
            "SELECT f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency, a.cluster_id "
            "FROM seg.customer_feature AS f INNER JOIN seg.customer_cluster AS a "
            "ON a.customer_id = f.customer_id;",
        )
    )
    model = KMeans(n_clusters=len(centroids), init=centroids, n_init=1, max_iter=1).fit(centroids)
    model.cluster_centers_ = centroids
    return int((model.predict(scored[:, :4]) != scored[:, 4]).sum())


def test_sample_scoring_agrees_with_scikit_learn(sample: Session) -> None:
    assert rows(sample, "SELECT COUNT(*) FROM seg.customer_cluster;") == [(37336,)]
    assert disagreements(sample) == 0


def test_sample_shows_the_published_picture(sample: Session) -> None:
    found = rows(
        sample,
        "SELECT customers, order_ratio_mean, items_ratio_mean, monetary_ratio_mean, "
        "frequency_mean FROM seg.cluster_profile ORDER BY cluster_id;",
    )

    for cluster, published in zip(found, PUBLISHED, strict=True):
        assert cluster[0] == pytest.approx(published[0], rel=0.02)
        assert cluster[1:] == pytest.approx(published[1:], rel=0.05, abs=1e-12)


def test_tpcds_segments_everybody_but_the_null_customer(warehouse: Session) -> None:
    query = "SELECT COUNT(*), COUNT(DISTINCT cluster_id) FROM seg.customer_cluster;"

    assert rows(warehouse, query) == [(90858, 4)]


def test_tpcds_counts_the_rows_of_nobody(warehouse: Session) -> None:
    ((left_out,),) = rows(
        warehouse, "SELECT COUNT(*) FROM dbo.store_sales WHERE ss_customer_sk IS NULL;"
    )

    (result,) = warehouse.query("EXEC seg.build_features;")

    assert result.rows()[0][1] == left_out > 0


def test_tpcds_scoring_agrees_with_scikit_learn(warehouse: Session) -> None:
    assert disagreements(warehouse) == 0


def test_tpcds_feeds_the_tutorials_table(warehouse: Session) -> None:
    warehouse.query(
        "CREATE TABLE #t (Customer int, orderRatio float, itemsRatio float, monetaryRatio float, "
        "frequency float, cluster int);"
        "INSERT INTO #t EXEC dbo.py_generate_customer_return_clusters;"
    )

    query = "SELECT COUNT(*), COUNT(DISTINCT Customer), MAX(cluster) FROM #t;"
    assert rows(warehouse, query) == [(90858, 90858, 3)]
