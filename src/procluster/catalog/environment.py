"""The package's templates, and the Python that they embed."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from procluster.errors import RenderError
from procluster.generator.bundle import bundle, collect
from procluster.generator.quoting import trusted
from procluster.generator.render import environment

PACKAGE = Path(__file__).parents[1]


def templates() -> Environment:
    """The templates, with the filters that quote."""
    made = environment(FileSystemLoader(str(_template_folder())))
    made.filters["variable"] = _variable
    return made


def bundled(names: tuple[str, ...], glue: str) -> str:
    """A script of ``indb`` modules and the glue of the template."""
    return bundle(collect(PACKAGE / "indb", "procluster.indb", names), str(glue))


def _variable(name: str) -> Markup:
    """A T-SQL variable's name in a macro."""
    if not (name.startswith("@") and name[1:].isidentifier() and name.isascii()):
        raise RenderError(f"variable: {name!r}. Allowed: @ and a name.")
    return trusted(name)


def _template_folder() -> Path:
    """``tsql`` beside ``src`` in a checkout, inside the package when installed."""
    installed = PACKAGE / "tsql"
    return installed if installed.is_dir() else PACKAGE.parents[1] / "tsql"
