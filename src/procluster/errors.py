"""The exceptions of the package.

::

    ProclusterError
    ├── SettingsError      a faulty procluster.toml or setting, every fault at once
    ├── RenderError        a template or name that cannot be rendered
    ├── DataError          a file or table of the user's that cannot be used
    ├── ConnectError       a database that cannot be reached, or no longer
    ├── DeploymentError    a deployment that failed and left the database as it was
    └── SqlError           an error as SQL Server reports it: number, severity, state, line
        ├── SyntaxRefusal  text that is not T-SQL                    (102, 105, 156 ...)
        └── Refusal        T-SQL that the embedded engine leaves out (40510)

Every message reads ``subject: what is wrong, with the value. What is allowed, or what to do.``
except those of :class:`SqlError`, which are worded as SQL Server words them.
"""

from __future__ import annotations

__all__ = [
    "ConnectError",
    "DataError",
    "DeploymentError",
    "ProclusterError",
    "Refusal",
    "RenderError",
    "SettingsError",
    "SqlError",
    "SyntaxRefusal",
]


class ProclusterError(Exception):
    """Base of everything this package raises on purpose."""


class SettingsError(ProclusterError):
    """Faulty settings; ``faults`` holds one sentence for each fault."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class RenderError(ProclusterError):
    """A template, name or literal that cannot be rendered."""


class DataError(ProclusterError):
    """A file or table of the user's that cannot be used."""


class ConnectError(ProclusterError):
    """A database that cannot be reached, or no longer.

    Attributes
    ----------
    number : int
        SQL Server's number when it refused the login, else 0.
    """

    def __init__(self, message: str, *, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


class DeploymentError(ProclusterError):
    """A deployment that failed and left the database as it was."""


class SqlError(ProclusterError):
    """An error as SQL Server reports it.

    Attributes
    ----------
    number, severity, state : int
        As in ``Msg 8134, Level 16, State 1``; ODBC tells the number only, the others are 0 then.
    message : str
    line : int
        Line of the batch or procedure, from 1; 0 where no line is known.
    procedure : str or None
        ``schema.name`` of the procedure the error came from.
    located : bool
        Whether ``line`` and ``procedure`` are final, also where they are 0 and None.
    """

    def __init__(  # noqa: PLR0913 - the parts of SQL Server's message
        self,
        number: int,
        message: str,
        *,
        severity: int = 16,
        state: int = 1,
        line: int = 0,
        procedure: str | None = None,
    ) -> None:
        super().__init__(message)
        self.number = number
        self.severity = severity
        self.state = state
        self.message = message
        self.line = line
        self.procedure = procedure
        self.located = False

    def __str__(self) -> str:
        if not self.severity:
            return f"Msg {self.number}\n{self.message}"
        where = f", Procedure {self.procedure}" if self.procedure else ""
        head = f"Msg {self.number}, Level {self.severity}, State {self.state}"
        return f"{head}{where}, Line {self.line}\n{self.message}"


class SyntaxRefusal(SqlError):  # noqa: N818 - what it is: a refusal
    """Text that SQL Server would not parse; ``column`` counts from 1."""

    def __init__(self, message: str, *, line: int, column: int, number: int = 102) -> None:
        super().__init__(number, message, severity=15, line=line)
        self.column = column


class Refusal(SqlError):  # noqa: N818 - what it is
    """T-SQL that the embedded engine does not run: refused with its place, never guessed.

    40510 is the number Azure SQL Database uses for "Statement 'x' is not supported in this
    version of SQL Server".
    """

    def __init__(self, what: str, reason: str, *, line: int, column: int) -> None:
        message = (
            f"{what} is not supported by the embedded engine (line {line}, column {column}): "
            f"{reason}"
        )
        super().__init__(40510, message, line=line)
        self.column = column
