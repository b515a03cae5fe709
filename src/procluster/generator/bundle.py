"""Python modules → the one script that ``sp_execute_external_script`` runs.

The modules go in verbatim, one after the other, so that a DBA reads in SSMS what was tested.
Only the imports between them are blanked, which keeps every line where it was: line ``n`` of a
module is line ``n`` of its section. A section begins after a marker, ``# ---- package/module.py``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from procluster.errors import RenderError

__all__ = ["Module", "bundle", "collect"]

_LOCATE = '''\
def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
'''


@dataclass(frozen=True)
class Module:
    """A module to embed: the path shown in its marker, and its source."""

    path: str
    source: str


def collect(folder: Path, package: str, names: tuple[str, ...]) -> tuple[Module, ...]:
    """The named modules of a package and what they import of it, each after what it needs.

    Parameters
    ----------
    folder : Path
        Where the package's modules are.
    package : str
        Its dotted name: ``procluster.indb``.
    names : tuple of str
        Modules of it, without ``.py``.
    """
    found: dict[str, Module] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                parent, _, child = node.module.rpartition(".")
                if parent == package:
                    visit(child)
        found[name] = Module(f"{package.replace('.', '/')}/{name}.py", source)

    for name in names:
        visit(name)
    return tuple(found.values())


def bundle(modules: tuple[Module, ...], glue: str) -> str:
    r"""One script of several modules and the lines that call them.

    It begins with an empty line, so that its text stands on lines of its own after ``N'``.

    Parameters
    ----------
    modules : tuple of Module
        In the order of their dependencies. Their top-level names must not collide.
    glue : str
        The script's last lines. They may call ``locate(error)`` for a sentence that names the
        module and line of an exception's origin.

    Raises
    ------
    RenderError
        Two modules define one name, a module is not Python, or has characters beyond ASCII
        (some hosts decode a script by the code page of the instance).

    Examples
    --------
    >>> print(bundle((Module("app/one.py", "def one():\n    return 1\n"),), "x = one()\n"))
    <BLANKLINE>
    # ---- app/one.py
    def one():
        return 1
    # ---- glue
    x = one()
    <BLANKLINE>
    """
    faults = _faults(modules)
    if faults:
        raise RenderError("\n".join(faults))
    embedded = {module.path.removesuffix(".py").replace("/", ".") for module in modules}
    parts = [
        *((module.path, _without_imports(module.source, embedded)) for module in modules),
        ("glue", glue.lstrip()),
    ]
    sections = [f"# ---- {path}\n{text.rstrip()}\n" for path, text in parts]
    if "locate(" not in glue:
        return "\n" + "".join(sections)
    names = [path.rpartition("/")[2] for path, _ in parts]
    # The table of sources stands before what it describes: its own length counts, not its numbers.
    height = _header([(name, 0) for name in names]).count("\n")
    starts = []
    for section in sections:
        starts.append(height + 3)
        height += section.count("\n")
    return "\n" + _header(list(zip(names, starts, strict=True))) + "".join(sections)


def _header(sources: list[tuple[str, int]]) -> str:
    rows = "".join(f'    ("{name}", {start}),\n' for name, start in sources)
    return f"# ---- locate\nSOURCES = (\n{rows})\n\n{_LOCATE}"


def _without_imports(source: str, embedded: set[str]) -> str:
    """The source with the imports of other embedded modules blanked, line for line."""
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module in embedded:
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    return "\n".join(lines)


def _faults(modules: tuple[Module, ...]) -> list[str]:
    faults: list[str] = []
    owner: dict[str, str] = {}
    for module in modules:
        if not module.source.isascii():
            faults.append(f"{module.path}: has characters beyond ASCII. Use ASCII only.")
        for name in _defined_names(module.source):
            other = owner.setdefault(name, module.path)
            if other != module.path:
                faults.append(f"{module.path}: {name!r} is defined in {other} too. Rename one.")
    return faults


def _defined_names(source: str) -> set[str]:
    """Functions, classes and constants that a module defines at top level, imports excepted."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names - {"__all__"}
