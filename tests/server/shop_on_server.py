"""A small shop in the schema "app" of a server, and how to be somebody else in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from procluster.deploy.connection import Connection, Result
from procluster.errors import SqlError
from procluster.settings import Contacts, Returns, Sales, Settings

__all__ = ["SETTINGS", "TABLES", "Server"]

SETTINGS = Settings(
    schema="app",
    sales=Sales(schema="app", table="sale"),
    returns=Returns(schema="app", table="refund"),
    contacts=Contacts(schema="app", table="buyer"),
)
TABLES = """
CREATE TABLE app.sale (
    ss_customer_sk int NULL, ss_ticket_number int NOT NULL, ss_item_sk int NOT NULL,
    ss_net_paid decimal(7, 2) NULL
);
CREATE TABLE app.refund (
    sr_customer_sk int NULL, sr_ticket_number int NOT NULL, sr_item_sk int NOT NULL,
    sr_return_amt decimal(7, 2) NULL
);
CREATE TABLE app.buyer (c_customer_sk int NOT NULL, c_email_address varchar(50) NULL);
INSERT INTO app.sale VALUES
    (1, 11, 1, 10), (1, 12, 1, 10), (2, 21, 1, 10), (3, 31, 1, 10), (3, 32, 1, 10), (4, 41, 1, 5),
    (5, 51, 1, 10), (5, 52, 1, 10);
INSERT INTO app.refund VALUES (1, 11, 1, 10), (3, 31, 1, 5), (5, 51, 1, 10), (5, 52, 1, 5);
INSERT INTO app.buyer VALUES (1, 'a@example.com'), (2, 'b@example.com'), (3, 'c@example.com');
"""
USERS = {"app_reader": "seg_reader", "app_operator": "seg_operator"}


class Server:
    """The server of the tests.

    Attributes
    ----------
    connection : Connection
        A sysadmin's.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def query_as(self, user: str, batch: str) -> list[Result]:
        """Run a batch as somebody who is no more than a member of a role."""
        self.connection.query(f"EXECUTE AS USER = N'{user}';")
        try:
            return self.connection.query(batch)
        finally:
            self.connection.query("WHILE @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
            self.connection.query("REVERT;")

    def error_as(self, user: str, batch: str) -> int:
        """The number of the error that a batch must raise."""
        try:
            self.query_as(user, batch)
        except SqlError as error:
            return error.number
        raise AssertionError(f"{user} may: {batch}")

    def add_users(self) -> None:
        """One user without a login for each role."""
        for user, role in USERS.items():
            self.connection.query(f"CREATE USER {user} WITHOUT LOGIN;")
            self.connection.query(f"ALTER ROLE {role} ADD MEMBER {user};")

    def remove(self, uninstall: str, split: Callable[[str], Iterable[Any]]) -> None:
        """Take everything out of the database again."""
        for user, role in USERS.items():
            self.connection.query(
                f"IF DATABASE_PRINCIPAL_ID(N'{user}') IS NOT NULL BEGIN "
                f"ALTER ROLE {role} DROP MEMBER {user}; DROP USER {user}; END;"
            )
        text = uninstall.replace("@drop_data bit = 0", "@drop_data bit = 1")
        for name in ("sale", "refund", "buyer"):
            self.connection.query(f"DROP TABLE IF EXISTS app.{name};")
        for batch in split(text):
            self.connection.query(batch.text)
