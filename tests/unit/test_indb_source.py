"""What the text of the modules must be like, because SQL Server runs it as one script."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest

from procluster import indb

SOURCES = sorted(path for path in Path(indb.__path__[0]).glob("*.py") if path.stem != "__init__")
ALLOWED = {
    "importlib", "io", "json", "math", "numbers", "platform", "typing",
    "numpy", "pandas", "scipy", "matplotlib", "procluster",
}  # fmt: skip


def imports(tree: ast.AST) -> Any:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_source_is_ascii(path: Path) -> None:
    assert path.read_bytes().decode("ascii")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_source_imports_what_the_runtimes_have(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(ast.parse(path.read_text()))}
    assert roots <= ALLOWED


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_source_does_nothing_but_define(path: Path) -> None:
    docstring, *rest = ast.parse(path.read_text()).body
    kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.ClassDef)
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, kinds) for node in rest)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_source_calls_no_function_of_another_module_on_import(path: Path) -> None:
    tree = ast.parse(path.read_text())
    own = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    calls = {
        call.func.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    }
    assert calls <= own


def test_names_are_defined_once() -> None:
    names = []
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.append(node.name)
            elif isinstance(node, ast.Assign):
                names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.stem))
def test_examples_are_true(path: Path) -> None:
    module = importlib.import_module("procluster.indb." + path.stem)
    assert doctest.testmod(module).failed == 0
