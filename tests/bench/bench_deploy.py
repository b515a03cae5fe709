"""Measure a plan with nothing to do beside the deployment it spares.

python tests/bench/bench_deploy.py        in process, and through Microsoft's driver
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from timing import timed

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
from serving import serve

from procluster import catalog
from procluster.deploy.apply import Deployment, Permission, install
from procluster.deploy.connect import connect
from procluster.deploy.connection import Connection
from procluster.deploy.embedded import EmbeddedConnection
from procluster.deploy.plan import make_plan
from procluster.deploy.secret import Secret
from procluster.deploy.target import Target
from procluster.deploy.uninstall import uninstall_plan
from procluster.local.database import Database
from procluster.settings import Settings

ROUNDS = 5
SHOP = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk int, ss_ticket_number int, ss_item_sk int, ss_net_paid decimal(7, 2)
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk int, sr_ticket_number int, sr_item_sk int, sr_return_amt decimal(7, 2)
);
CREATE TABLE dbo.customer (c_customer_sk int, c_email_address varchar(50));
"""


def measure(place: str, connection: Connection) -> None:
    """Deploy, plan and take everything out again, some times; print the medians."""
    deploys, plans = [], []
    for _ in range(ROUNDS):
        deploys.append(timed(lambda: install(connection, catalog.release(Settings())))[0])
        seconds, plan = timed(lambda: make_plan(connection, catalog.release(Settings())))
        assert plan.is_empty
        plans.append(seconds)
        take_out(connection)
    deploy, plan_seconds = sorted(deploys)[ROUNDS // 2], sorted(plans)[ROUNDS // 2]
    click.echo(
        f"{place:10} plan with nothing to do, rendering included: {plan_seconds:.2f} s; "
        f"first deployment: {deploy:.2f} s; ratio {deploy / plan_seconds:.1f}"
    )


def take_out(connection: Connection) -> None:
    release = catalog.release(Settings())

    Deployment(connection, release, "uninstall", permission=Permission(True, True)).run(
        uninstall_plan(connection, release, drop_data=True),
        lambda: uninstall_plan(connection, release, drop_data=True),
    )


def main() -> None:
    with ExitStack() as stack:
        database = stack.enter_context(Database())
        connection = EmbeddedConnection(database.connect())
        connection.query(SHOP)
        measure("embedded", connection)
        endpoint = stack.enter_context(serve(database))
        target = Target(
            "served",
            server=f"{endpoint.host},{endpoint.port}",
            database=endpoint.database,
            authentication="sql",
            login=endpoint.login,
            encryption="optional",
        )
        served = connect(target, Secret(endpoint.password))
        stack.callback(served.close)
        measure("served", served)


if __name__ == "__main__":
    main()
