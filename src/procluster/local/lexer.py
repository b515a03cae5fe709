"""Tokens of T-SQL, and the batches that GO separates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from procluster.errors import SyntaxRefusal
from procluster.local.messages import syntax_error
from procluster.local.syntax import NOWHERE, Position

MAX_IDENTIFIER = 128
PATTERN = re.compile(
    r"""
      (?P<blank>[\s﻿]+|--[^\n]*)
    | (?P<comment>/\*)
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
    """,
    re.VERBOSE,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")
CONTINUED_LINE = re.compile(r"\\\r?\n")
SAME_OPERATOR = {"!=": "<>", "!<": ">=", "!>": "<="}


class Token(NamedTuple):
    """One token.

    ``kind`` is a group of the pattern, or ``end``; ``text`` is without quotes, ``upper`` in upper
    case for words and variables. ``start`` and ``stop`` are offsets into the batch.
    """

    kind: str
    text: str
    upper: str
    start: int
    stop: int
    at: Position


def tokenize(text: str) -> list[Token]:
    """Split a batch into tokens; the last one has kind ``end``.

    Raises
    ------
    SyntaxRefusal
        105 an open quote, 113 an open comment, 103 an identifier above 128 characters, 1038 an
        empty one, 102 a character that starts nothing.

    Examples
    --------
    >>> [(token.kind, token.text) for token in tokenize("SELECT N'it''s', @a")][1:4]
    [('national', "it's"), ('operator', ','), ('variable', '@a')]
    """
    tokens: list[Token] = []
    offset, line, line_start, size = 0, 1, 0, len(text)
    while offset < size:
        at = Position(line, offset - line_start + 1)
        found = PATTERN.match(text, offset)
        if found is None:
            raise syntax_error(102, text[offset], at=at)
        stop = found.end()
        if found.lastgroup == "open":
            raise syntax_error(105, text[stop : stop + MAX_IDENTIFIER], at=at)
        if found.lastgroup == "comment":
            stop = _comment_end(text, offset, at)
        elif found.lastgroup != "blank":
            tokens.append(_token(found, at))
        newlines = text.count("\n", offset, stop)
        if newlines:
            line += newlines
            line_start = text.rindex("\n", offset, stop) + 1
        offset = stop
    tokens.append(Token("end", "", "", size, size, Position(line, size - line_start + 1)))
    return tokens


def _token(found: re.Match[str], at: Position) -> Token:
    kind, raw = found.lastgroup or "", found.group()
    text, upper = raw, raw.upper()
    if kind in ("string", "national", "quoted"):
        opened = raw[1:] if kind == "national" else raw
        close = "]" if opened[0] == "[" else opened[0]
        text = opened[1:-1].replace(close * 2, close)
        upper = text.upper()
    if kind in ("string", "national"):
        # Documented under "Backslash (Line Continuation)": it and the line end vanish.
        text, upper = CONTINUED_LINE.sub("", text), ""
    elif kind in ("quoted", "word", "variable"):
        if not text:
            raise syntax_error(1038, at=at)
        if len(text) > MAX_IDENTIFIER:
            raise syntax_error(103, text[:MAX_IDENTIFIER], at=at)
        if text.startswith("@@"):
            text = upper
    elif kind == "operator":
        text = SAME_OPERATOR.get(raw, raw)
    elif kind == "binary":
        text = raw[2:]
    return Token(kind, text, upper, found.start(), found.end(), at)


def _comment_end(text: str, start: int, at: Position) -> int:
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    raise syntax_error(113, at=at)


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
