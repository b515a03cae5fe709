"""A server's raw errors in plain words, each with the next step.

The table is ``advice.toml``; ``docs/troubleshooting.md`` shows the same, and a test holds the two
together.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from procluster.errors import ConnectError, SqlError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "advice", "entries"]


@dataclass(frozen=True)
class Entry:
    """One raw error, or several that mean the same.

    Attributes
    ----------
    example : str
        How it reads, shortened.
    meaning, step : str
        What it says, and what to do next.
    source : str
        Where Microsoft, or whoever else, explains it.
    numbers : tuple of int
        SQL Server's numbers; any error whose words fit when empty.
    words : str
        A regular expression that its text must hold, any letter case.
    """

    example: str
    meaning: str
    step: str
    source: str
    numbers: tuple[int, ...] = ()
    words: str = ""

    def fits(self, number: int, text: str) -> bool:
        """Tell whether an error of this number and text is this one."""
        if self.numbers and number not in self.numbers:
            return False
        return re.search(self.words, text, re.IGNORECASE | re.DOTALL) is not None


@cache
def entries() -> tuple[Entry, ...]:
    """The table, from ``advice.toml`` beside this module."""
    text = resources.files(__package__).joinpath("advice.toml").read_text(encoding="utf-8")
    return tuple(
        Entry(**{**one, "numbers": tuple(one.get("numbers", ()))})
        for one in tomllib.loads(text)["error"]
    )


def advice(error: BaseException) -> str | None:
    """What an error of a server means and what to do next, or None when the table has nothing.

    Parameters
    ----------
    error : exception
        What was raised; what it was raised from is looked at too.

    Examples
    --------
    >>> print(advice(SqlError(39023, "'sp_execute_external_script' is disabled")))
    ... # doctest: +ELLIPSIS
    External scripts are switched off. A sysadmin runs EXEC sp_configure ...
    >>> advice(ValueError("no server in it")) is None
    True
    """
    for one in _chain(error):
        if isinstance(one, SqlError | ConnectError):
            for entry in entries():
                if entry.fits(one.number, str(one)):
                    return f"{entry.meaning} {entry.step}"
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from, the first cause first: it says most."""
    if error is not None:
        yield from _chain(error.__cause__)
        yield error
