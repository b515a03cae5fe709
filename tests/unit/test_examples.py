"""The examples of docstrings; those of ``indb`` have a test that runs on old Pythons too."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import procluster

PACKAGE = Path(procluster.__path__[0])
MODULES = sorted(
    ".".join(("procluster", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8") and "indb" not in path.parts
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_are_true(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert results.attempted
    assert results.failed == 0
