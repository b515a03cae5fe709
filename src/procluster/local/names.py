"""Object names given as text, as in ``OBJECT_ID(N'[seg].model')``."""

from __future__ import annotations

from procluster.errors import SyntaxRefusal
from procluster.local.lexer import tokenize


def identifier_parts(text: str) -> tuple[str, ...] | None:
    """Split a name at its dots, with '' for a part left out; None where the text is no name.

    >>> identifier_parts("[a.b].model"), identifier_parts("tempdb..#t"), identifier_parts("a b")
    (('a.b', 'model'), ('tempdb', '', '#t'), None)
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
