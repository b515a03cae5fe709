"""What is to be deployed: the scripts in order, and where their history is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from procluster.generator.quoting import identifier
from procluster.generator.render import Script

__all__ = ["MODULES", "Release", "bare_parts", "quoted"]

MODULES: Final = ("procedure", "view", "function")
"""Kinds whose text the server keeps."""


@dataclass(frozen=True)
class Release:
    """Scripts that belong together.

    Attributes
    ----------
    schema : str
        Where the tables ``deployment`` and ``deployment_object`` are, which must be among the
        scripts.
    scripts : tuple of Script
        In the order in which they run.
    principals : tuple of str
        The database roles that the scripts make and grant to.
    tool_version : str
        Of whatever rendered them.
    smoke : tuple of str
        Batches that must run once everything is there; what they change is rolled back.
    """

    schema: str
    scripts: tuple[Script, ...]
    principals: tuple[str, ...]
    tool_version: str
    smoke: tuple[str, ...] = ()

    @property
    def history_scripts(self) -> tuple[Script, ...]:
        """What the history itself needs."""
        needed = {f"{self.schema}.deployment", f"{self.schema}.deployment_object"}
        return tuple(
            script for script in self.scripts if script.name in needed or script.kind == "schema"
        )

    def table(self, name: str) -> Markup:
        """A table of the history, quoted."""
        return quoted(f"{self.schema}.{name}")


def bare_parts(name: str) -> tuple[str, str]:
    """Schema and object of a script's name; the schema may hold dots."""
    schema, _, rest = name.rpartition(".")
    return schema, rest


def quoted(name: str) -> Markup:
    """A script's name as T-SQL writes it.

    Examples
    --------
    >>> print(quoted("my schema.train"))
    [my schema].train
    """
    schema, rest = bare_parts(name)
    return Markup("{}.{}").format(identifier(schema), identifier(rest))
