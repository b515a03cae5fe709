"""Templates → scripts: the Jinja environment and what comes out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, Undefined
from markupsafe import Markup

from procluster.errors import RenderError
from procluster.generator.batches import END, SESSION_SETTINGS, START, file_text, transaction
from procluster.generator.quoting import identifier, literal

__all__ = ["Kind", "Script", "environment", "install_script", "render"]

Kind = Literal["schema", "role", "table", "view", "function", "procedure", "grant"]


@dataclass(frozen=True)
class Script:
    """One rendered object: a single batch of T-SQL, and the hash of exactly that text.

    Attributes
    ----------
    name : str
        ``schema.object``; the file is ``<name>.<kind>.sql``.
    """

    name: str
    kind: Kind
    text: str
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.text.encode("utf-8")).hexdigest()
        object.__setattr__(self, "sha256", digest)

    @property
    def file_name(self) -> str:
        """A name that every file system takes, whatever the schema is called."""
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in self.name)
        return f"{safe}.{self.kind}.sql"

    @property
    def file_text(self) -> str:
        """The text as a file that SSMS and sqlcmd run by itself."""
        return f"{SESSION_SETTINGS}GO\n{self.text}GO\n"


def environment(loader: BaseLoader) -> Environment:
    """A Jinja environment that refuses undefined names and unquoted values."""
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_refuse_unquoted,
    )
    made.filters.update(identifier=identifier, literal=literal)
    return made


def render(templates: Environment, template: str, context: Mapping[str, object]) -> str:
    """The text of one template.

    Raises
    ------
    RenderError
        A name the template uses is missing, a value is unquoted, or a name cannot be quoted.
    """
    try:
        text = templates.get_template(template).render(context)
    except TemplateError as error:
        raise RenderError(f"{template}: {error}. Mend the template or its context.") from error
    return text.rstrip("\n") + "\n"


def install_script(scripts: tuple[Script, ...], heading: str = "") -> str:
    """All scripts in order, in one transaction, as one file for SSMS and sqlcmd.

    Parameters
    ----------
    scripts : tuple of Script
    heading : str
        A comment for the first lines.
    """
    texts = [script.text for script in scripts]
    return file_text([heading + START, *transaction(texts, literal("Installed.")), END])


def _refuse_unquoted(value: object) -> object:
    if isinstance(value, (Markup, int, float, Undefined)):
        return value  # Undefined complains by itself, with its name
    raise RenderError(f"template: {value!r} reached the output unquoted. Pass it to a filter.")
