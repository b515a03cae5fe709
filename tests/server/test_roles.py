"""What the roles may do on a real server: a reader cannot train, an operator needs nothing more."""

from __future__ import annotations

import pytest
from shop_on_server import Server

DENIED = 229
READER, OPERATOR = "app_reader", "app_operator"


@pytest.mark.parametrize(
    "batch",
    [
        "EXEC app.train @n_clusters = 2;",
        "EXEC app.refresh;",
        "EXEC app.build_features;",
        "EXEC app.contacts @cluster = 0;",
        "EXEC dbo.py_generate_customer_return_clusters;",
        "SELECT COUNT(*) FROM app.buyer;",
        "SELECT COUNT(*) FROM app.run;",
        "DELETE FROM app.model;",
    ],
)
def test_reader_may_not(server: Server, batch: str) -> None:
    assert server.error_as(READER, batch) == DENIED


def test_reader_may_run_no_python(server: Server) -> None:
    script = "EXEC sp_execute_external_script @language = N'Python', @script = N'print(1)';"

    assert server.error_as(READER, script) > 0


@pytest.mark.parametrize(
    "batch",
    [
        "SELECT COUNT(*) FROM app.customer_feature;",
        "SELECT COUNT(*) FROM app.model;",
        "SELECT COUNT(*) FROM app.customer_cluster;",
        "SELECT COUNT(*) FROM app.cluster_profile;",
        "SELECT COUNT(*) FROM app.k_evaluation;",
        "SELECT COUNT(*) FROM app.centroid;",
        "SELECT * FROM app.classify(0, 0, 0, 0);",
        "EXEC app.models;",
        "EXEC app.help;",
    ],
)
def test_reader_may(server: Server, batch: str) -> None:
    assert server.query_as(READER, batch)


@pytest.mark.parametrize(
    "batch",
    [
        "EXEC app.refresh @n_clusters = 2, @train_policy = N'always';",
        "EXEC app.refresh @n_clusters = 2;",
        "EXEC app.choose_k @max_k = 2;",
        "EXEC app.contacts @cluster = 0;",
        "EXEC app.check_environment;",
        "EXEC dbo.py_generate_customer_return_clusters;",
        "SELECT COUNT(*) FROM app.run;",
    ],
)
def test_operator_needs_nothing_more(server: Server, batch: str) -> None:
    assert server.query_as(OPERATOR, batch)


@pytest.mark.parametrize(
    "batch",
    ["DELETE FROM app.model;", "UPDATE app.run SET message = N'';", "EXEC app.start_run N'x';"],
)
def test_operator_changes_nothing_but_through_the_procedures(server: Server, batch: str) -> None:
    assert server.error_as(OPERATOR, batch) == DENIED
