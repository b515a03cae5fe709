"""Tokens of T-SQL, names given as text, and the batches that GO separates."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from procluster.errors import SyntaxRefusal
from procluster.local.messages import syntax_error
from procluster.local.syntax import NOWHERE, Position

MAX_IDENTIFIER = 128
PATTERN = re.compile(
    r"""[\s\x01-\x1f﻿]*(?:--[^\n]*[\s\x01-\x1f﻿]*)*(?:
      (?P<comment>/\*)
    | (?P<national>[Nn]'(?:[^']|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
    | (?P<open>[Nn]?'|\[|")
    | (?P<binary>0[xX][0-9A-Fa-f]*)
    | (?P<float>(?:\d+\.?\d*|\.\d+)[eE][+-]?\d*)
    | (?P<decimal>\d+\.\d*|\.\d+)
    | (?P<int>\d+)
    | (?P<variable>@[\w@#$]*)
    | (?P<word>(?:[^\W\d]|\#)[\w@#$]*)
    | (?P<operator><>|<=|>=|!=|!<|!>|\+=|-=|\*=|/=|%=|&=|\|=|\^=|::|[-+*/%&|^~=<>(),.;:])
    | (?P<end>\Z)
    | (?P<unknown>.))
    """,
    re.VERBOSE,
)
NEWLINE = re.compile("\n")
COMMENT_EDGE = re.compile(r"/\*|\*/")
CONTINUED_LINE = re.compile(r"\\\r?\n")
SAME_OPERATOR = {"!=": "<>", "!<": ">=", "!>": "<="}
SAME_WORD = {"EXEC": "EXECUTE", "OUT": "OUTPUT", "PROC": "PROCEDURE", "TRAN": "TRANSACTION"}


class Token(NamedTuple):
    """One token.

    ``kind`` is a group of the pattern, or ``end``; ``text`` is without quotes. ``key`` is what a
    grammar names it by: a word in upper case and in full, an operator, else its kind. ``start`` and
    ``stop`` are offsets into the batch.
    """

    kind: str
    text: str
    key: str
    start: int
    stop: int
    at: Position


def tokenize(text: str) -> list[Token]:
    """Split a batch into tokens; the last one has kind ``end``.

    Errors: 105 an open quote, 113 an open comment, 103 an identifier above 128 characters, 1038 an
    empty one. A character that starts nothing is a token of its own; a currency's has the key $.

    >>> [(token.kind, token.text) for token in tokenize("SELECT N'it''s', @a")][1:4]
    [('national', "it's"), ('operator', ','), ('variable', '@a')]
    """
    tokens: list[Token] = []
    ends = [found.end() for found in NEWLINE.finditer(text)]
    offset = line = line_start = 0
    while True:
        found = PATTERN.match(text, offset)
        assert found is not None  # noqa: S101 - its last alternatives fit anything
        kind = found.lastgroup or ""
        start, offset = found.span(kind)
        while line < len(ends) and ends[line] <= start:
            line_start = ends[line]
            line += 1
        at = Position(line + 1, start - line_start + 1)
        if kind == "comment":
            offset = _comment_end(text, start, at)
            continue
        tokens.append(_token(text, kind, start, offset, at))
        if kind == "end":
            return tokens


def _token(text: str, kind: str, start: int, stop: int, at: Position) -> Token:
    raw = key = text[start:stop]
    if kind == "unknown":
        key = "$" if unicodedata.category(raw) == "Sc" else raw
    elif kind == "operator":
        raw = key = SAME_OPERATOR.get(raw, raw)
    elif kind == "word":
        key = raw.upper()
        key = SAME_WORD.get(key, key)
    else:
        key, raw = kind, _plain(text, kind, raw, stop, at)
    if kind in ("word", "quoted", "variable") and len(raw) > MAX_IDENTIFIER:
        raise syntax_error(103, raw[:MAX_IDENTIFIER], at=at)
    return Token(kind, raw, key, start, stop, at)


def _plain(text: str, kind: str, raw: str, stop: int, at: Position) -> str:
    """What a token says, without its quotes."""
    if kind == "open":
        raise syntax_error(105, text[stop : stop + MAX_IDENTIFIER], at=at)
    if kind == "variable":
        return raw.upper() if raw.startswith("@@") else raw
    if kind == "binary":
        return raw[2:]
    if kind not in ("string", "national", "quoted"):
        return raw
    opened = raw[1:] if kind == "national" else raw
    close = "]" if opened[0] == "[" else opened[0]
    plain = opened[1:-1].replace(close * 2, close)
    if kind != "quoted":
        # Documented under "Backslash (Line Continuation)": it and the line end vanish.
        return CONTINUED_LINE.sub("", plain)
    if not plain:
        raise syntax_error(1038, at=at)
    return plain


def _comment_end(text: str, start: int, at: Position) -> int:
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    raise syntax_error(113, at=at)


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


# --- batches

GO = re.compile(r"[ \t]*GO(?:[ \t]+(?P<count>\d+))?[ \t]*;?[ \t]*(?:--[^\n]*)?\r?(?:\n|\Z)", re.I)
OPAQUE = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z)|\[(?:[^\]]|\]\])*(?:\]|\Z)|--[^\n]*|/\*|\n"""
)


@dataclass(frozen=True)
class Batch:
    """The text between two GO lines; ``line`` is the script's line it starts on, from 1."""

    text: str
    line: int


def split_batches(script: str) -> list[Batch]:
    r"""Split a script at its GO lines, as sqlcmd and SSMS do.

    GO counts only alone on its line, outside strings, quoted names and comments; ``GO 3`` gives
    the batch three times. Batches of blanks only are left out.

    Examples
    --------
    >>> [batch.line for batch in split_batches("SELECT 1\nGO\nPRINT 'GO'")]
    [1, 3]
    """
    batches: list[Batch] = []
    start = offset = 0
    at_line_start = True
    while offset < len(script):
        go = GO.match(script, offset) if at_line_start else None
        if go:
            batches += _batch(script, start, offset) * int(go.group("count") or 1)
            start = offset = go.end()
            continue
        opaque = OPAQUE.search(script, offset)
        if not opaque:
            break
        at_line_start = opaque.group() == "\n"
        offset = opaque.end()
        if opaque.group() == "/*":
            try:
                offset = _comment_end(script, opaque.start(), NOWHERE)
            except SyntaxRefusal:
                break  # an open comment hides every GO behind it; running the batch reports it
    return batches + _batch(script, start, len(script))


def _batch(script: str, start: int, stop: int) -> list[Batch]:
    text = script[start:stop]
    return [Batch(text, script.count("\n", 0, start) + 1)] if text.strip() else []
