"""Object names given as text, as in ``OBJECT_ID(N'[seg].model')``."""

from __future__ import annotations

from procluster.errors import SyntaxRefusal
from procluster.local.lexer import tokenize

__all__ = ["identifier_parts"]


def identifier_parts(text: str) -> tuple[str, ...] | None:
    """Split a name at its dots; None where the text is no name.

    Examples
    --------
    >>> identifier_parts("[a.b].model")
    ('a.b', 'model')
    >>> identifier_parts("a b")
    """
    try:
        tokens = tokenize(text)[:-1]
    except SyntaxRefusal:
        return None
    names, dots = tokens[::2], tokens[1::2]
    if any(token.kind not in ("word", "quoted") for token in names):
        return None
    if len(tokens) % 2 == 0 or any(token.text != "." for token in dots):
        return None
    return tuple(token.text for token in names)
