"""Where to deploy to: a ``[target.NAME]`` of procluster.toml. It never holds a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from procluster.document import Rule, flag, one_of, read, whole

__all__ = ["Target", "read_targets", "target_faults"]

AUTHENTICATIONS: Final = (
    "windows",
    "sql",
    "managed_identity",
    "service_principal",
    "interactive",
    "access_token",
)
ENCRYPTIONS: Final = ("mandatory", "strict", "optional")
SECRET_KEYS: Final = frozenset(
    {"access_token", "client_secret", "connection_string", "passwd", "password", "pwd", "secret"}
    | {"token"}
)
"""Keys that people write a secret under; none of them belongs into a file."""

NEED_LOGIN: Final = {
    "sql": "the login's name",
    "service_principal": "the application (client) id",
    "interactive": "the user principal name, as ana@example.com",
}
TAKE_NO_LOGIN: Final = ("windows", "access_token")
SERVER_KEYS: Final = ("server", "database", "login", "driver")


@dataclass(frozen=True)
class Target:
    r"""A database of a server, or a file of the embedded engine.

    Attributes
    ----------
    server : str
        ``host``, ``host,port`` or ``host\instance``.
    authentication : str
        ``windows`` (Kerberos elsewhere), ``sql``, or one of Microsoft Entra's:
        ``managed_identity``, ``service_principal``, ``interactive``, ``access_token``.
    login : str
        Login, application id, user, or the object id of a user-assigned managed identity.
    driver : str
        Name of an installed ODBC driver or path of its library; found by itself when empty.
    encryption : str
        ``mandatory``, ``strict`` (TDS 8.0; driver 18) or ``optional``.
    connect_timeout, query_timeout, lock_timeout : int
        Seconds; a query_timeout of 0 waits as long as it takes.
    file : str
        Database file of the embedded engine, instead of a server.
    """

    name: str
    server: str = ""
    database: str = ""
    authentication: str = "windows"
    login: str = ""
    driver: str = ""
    encryption: str = "mandatory"
    trust_server_certificate: bool = False
    connect_timeout: int = 15
    query_timeout: int = 0
    lock_timeout: int = 10
    file: str = ""

    @property
    def is_embedded(self) -> bool:
        """Whether it is a file of the embedded engine."""
        return bool(self.file)

    def __str__(self) -> str:
        place = self.file if self.is_embedded else f"{self.database} on {self.server}"
        return f"{self.name} ({place})"


def target_faults(target: Target) -> tuple[str, ...]:
    """What does not fit together in a target whose values are right one by one.

    Examples
    --------
    >>> target_faults(Target("dev", server="sql1", database="shop"))
    ()
    >>> target_faults(Target("dev", server="sql1"))
    ('target.dev.database: is missing. Give the name of the database.',)
    """
    key = f"target.{target.name}"
    if target.is_embedded:
        return tuple(
            f"{key}.{name}: {getattr(target, name)!r} beside file. "
            "Give a file of the embedded engine, or a server."
            for name in SERVER_KEYS
            if getattr(target, name)
        )
    faults = []
    if not target.server:
        faults.append(f"{key}.server: is missing. Give a host, or file for the embedded engine.")
    if not target.database:
        faults.append(f"{key}.database: is missing. Give the name of the database.")
    if target.authentication in NEED_LOGIN and not target.login:
        faults.append(
            f"{key}.login: is missing. {target.authentication} needs "
            f"{NEED_LOGIN[target.authentication]}."
        )
    if target.authentication in TAKE_NO_LOGIN and target.login:
        faults.append(
            f"{key}.login: {target.login!r} beside authentication {target.authentication}, "
            "which knows who you are. Leave it out."
        )
    if target.encryption == "strict" and target.trust_server_certificate:
        faults.append(
            f"{key}.trust_server_certificate: true beside encryption strict, which checks the "
            "certificate all the same. Leave one of them out."
        )
    return tuple(faults)


def _place(value: object) -> str | None:
    """A server, database, login, driver or file: never a piece of a connection string."""
    if isinstance(value, str) and value.strip() and not re.search(r"[;=\x00-\x1f]", value):
        return None
    return "a name without ; and ="


RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys((*SERVER_KEYS, "file"), _place),
    "authentication": one_of(AUTHENTICATIONS),
    "encryption": one_of(ENCRYPTIONS),
    "trust_server_certificate": flag,
    "connect_timeout": whole(1, 600),
    "query_timeout": whole(0, 86400),
    "lock_timeout": whole(0, 3600),
}


def read_targets(tables: object, faults: list[str]) -> dict[str, Target]:
    """The targets of a TOML document's ``target`` table; what is wrong is added to `faults`."""
    if not isinstance(tables, dict):
        faults.append("target: is no table. Allowed: [target.NAME] with its keys.")
        return {}
    return {str(name): _read_target(str(name), table, faults) for name, table in tables.items()}


def _read_target(name: str, table: object, faults: list[str]) -> Target:
    prefix, found = f"target.{name}.", list[str]()
    if isinstance(table, dict):
        secrets = [key for key in table if key.lower() in SECRET_KEYS]
        found += (
            f"{prefix}{key}: a secret has no place in a file. Take it out; set "
            "PROCLUSTER_PASSWORD, PROCLUSTER_CLIENT_SECRET or PROCLUSTER_ACCESS_TOKEN in the "
            "environment, or type it when asked."
            for key in secrets
        )
        table = {key: value for key, value in table.items() if key not in secrets}
    target: Target = read(Target(name), table, prefix, found, RULES)
    faults += found or target_faults(target)
    return target
