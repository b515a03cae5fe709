"""A connection to a real server, through pyodbc and Microsoft's ODBC driver."""

from __future__ import annotations

import re
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from procluster.deploy.connection import Result
from procluster.deploy.driver import find_driver
from procluster.errors import ConnectError, SqlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.deploy.secret import Secret
    from procluster.deploy.target import Target

__all__ = ["ServerConnection", "connection_string", "sql_error"]

ACCESS_TOKEN: Final = 1256
"""SQL_COPT_SS_ACCESS_TOKEN: https://learn.microsoft.com/sql/connect/odbc/using-azure-active-directory"""

ENCRYPT: Final = {"mandatory": "yes", "optional": "no", "strict": "strict"}
ENTRA: Final = {
    "managed_identity": "ActiveDirectoryMsi",
    "service_principal": "ActiveDirectoryServicePrincipal",
    "interactive": "ActiveDirectoryInteractive",
}
"""Keywords: https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute"""

ERROR_NUMBER: Final = re.compile(r"\((\d+)\) \(SQL")
NUMBERED: Final = re.compile(r" ?\(\d+\) \(SQL\w+\)$")
ORIGIN: Final = re.compile(r"^(?:\[[^\]]*\] ?)+")
FOLLOWING: Final = re.compile(r"; \[[0-9A-Z]{5}\] ")
LOST: Final = ("08", "HYT", "IM")
"""SQLSTATE classes of a connection that is not or no longer there, of time-outs, of no driver."""


class ServerConnection:
    """A session of a server as a :class:`~procluster.deploy.connection.Connection`.

    Parameters
    ----------
    target : Target
    secret : Secret, optional

    Raises
    ------
    ConnectError
        No driver, no server, or the login is refused.
    """

    def __init__(self, target: Target, secret: Secret | None) -> None:
        try:
            import pyodbc  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConnectError(
                f"pyodbc: cannot be loaded: {error}. Install what a server needs: "
                'pip install "procluster[server]"; on Debian and Ubuntu libodbc2 too.'
            ) from error
        self.messages: list[str] = []
        self._errors: type[Exception] = pyodbc.Error
        driver = find_driver(target.driver, pyodbc.drivers())
        before = {}
        if secret and target.authentication == "access_token":
            before[ACCESS_TOKEN] = _token(secret)
        try:
            self._connection: Any = pyodbc.connect(
                connection_string(target, driver, secret),
                autocommit=True,
                timeout=target.connect_timeout,
                attrs_before=before,
            )
        except pyodbc.Error as error:
            # "from None": a traceback must not lead to where the connection string is.
            raise _refused(target, error, secret) from None
        self._connection.timeout = target.query_timeout

    def query(self, batch: str) -> list[Result]:
        """Run one batch, byte for byte as it stands, to its end."""
        self.messages = []
        try:
            # Closed after an error too: what is left of its results keeps the connection busy.
            with closing(self._connection.cursor()) as cursor:
                return list(self._results(cursor, batch))
        except self._errors as error:
            raise sql_error(error) from None

    def _results(self, cursor: Any, batch: str) -> Iterator[Result]:
        # The driver must not look for escape sequences such as {fn ...} in the text.
        cursor.noscan = True
        cursor.execute(batch)
        while True:
            self.messages += [_text(text) for _, text in cursor.messages or ()]
            if cursor.description:
                columns = tuple(column[0] for column in cursor.description)
                yield Result(columns, tuple(map(tuple, cursor.fetchall())))
            # An error behind the first result set is seen only by asking for the next.
            if not cursor.nextset():
                return

    def close(self) -> None:
        """End the session."""
        try:
            self._connection.close()
        except self._errors:
            return  # it is gone already


def connection_string(target: Target, driver: str, secret: Secret | None) -> str:
    """What SQLDriverConnect takes; whoever holds it holds the secret."""
    parts = {
        "Driver": driver,
        "Server": target.server,
        "Database": target.database,
        "Encrypt": ENCRYPT[target.encryption],
        "TrustServerCertificate": "yes" if target.trust_server_certificate else "no",
        "APP": "procluster",
    }
    if target.authentication == "windows":
        parts["Trusted_Connection"] = "yes"
    if target.authentication in ENTRA:
        parts["Authentication"] = ENTRA[target.authentication]
    if target.login:
        parts["UID"] = target.login
    if secret and target.authentication != "access_token":
        parts["PWD"] = secret.reveal()
    return "".join(f"{key}={_braced(value)};" for key, value in parts.items())


def sql_error(error: Exception) -> SqlError | ConnectError:
    """What a pyodbc error says: SQL Server's number and words, or that the connection is lost."""
    state, text = str(error.args[0]), str(error.args[-1])
    number = ERROR_NUMBER.search(text)
    if state.startswith(LOST) or not number or number[1] == "0":
        return ConnectError(f"connection: {state}: {_text(text)}")
    return SqlError(int(number[1]), _text(text), severity=0, state=0)


def _refused(target: Target, error: Exception, secret: Secret | None) -> ConnectError:
    state, text = str(error.args[0]), str(error.args[-1])
    number = ERROR_NUMBER.search(text)
    said = _text(text)
    found = int(number[1]) if number else 0
    message = f"{target}: cannot connect: {said} ({f'Msg {found}' if found else state})"
    return ConnectError(secret.hide_in(message) if secret else message, number=found)


def _text(text: str) -> str:
    """The first error's own words, without where it came from and its number."""
    return NUMBERED.sub("", ORIGIN.sub("", FOLLOWING.split(text)[0])).strip()


def _token(secret: Secret) -> bytes:
    """An access token as the driver takes it: its length in bytes, then UTF-16."""
    data = secret.reveal().encode("utf-16-le")
    return struct.pack(f"<I{len(data)}s", len(data), data)


def _braced(value: str) -> str:
    """A value of a connection string, whatever it holds."""
    return "{" + value.replace("}", "}}") + "}" if re.search(r"[^\w.,\\:-]", value) else value
