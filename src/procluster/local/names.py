"""Object names: given as text, as in ``OBJECT_ID(N'[seg].model')``, and replaced in a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from procluster.errors import SyntaxRefusal
from procluster.local.lexer import tokenize
from procluster.local.syntax import NamedTable, ObjectName

__all__ = ["identifier_parts", "with_names"]

T = TypeVar("T")


def identifier_parts(text: str) -> tuple[str, ...] | None:
    """Split a name at its dots, with '' for a part left out; None where the text is no name.

    Examples
    --------
    >>> identifier_parts("[a.b].model")
    ('a.b', 'model')
    >>> identifier_parts("tempdb..#t")
    ('tempdb', '', '#t')
    >>> identifier_parts("a b")
    """
    try:
        tokens = tokenize(text)[:-1]
    except SyntaxRefusal:
        return None
    parts: list[str] = [""]
    for token in tokens:
        if token.text == "." and token.kind == "operator":
            parts.append("")
        elif parts[-1] or token.kind not in ("word", "quoted"):
            return None
        else:
            parts[-1] = token.text
    return tuple(parts) if parts[-1] else None


def with_names(tree: T, change: Callable[[ObjectName], ObjectName]) -> T:
    """Copy a tree with the name of every table in it changed."""
    return _changed(tree, change)  # type: ignore[no-any-return]


def _changed(value: Any, change: Callable[[ObjectName], ObjectName]) -> Any:
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    if not is_dataclass(value) or isinstance(value, type) or not hasattr(value, "at"):
        return value
    if isinstance(value, NamedTable):
        return replace(value, name=change(value.name))
    parts = {part.name: _changed(getattr(value, part.name), change) for part in fields(value)}
    return replace(value, **parts)
