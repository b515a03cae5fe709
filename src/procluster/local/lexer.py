"""Tokens of T-SQL, and the batches that GO separates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from procluster.errors import SyntaxRefusal
from procluster.local.syntax import Position

__all__ = ["Batch", "Token", "split_batches", "tokenize"]

TokenKind = Literal[
    "word", "quoted", "variable", "system", "string", "national", "binary", "int", "decimal",
    "float", "operator", "end",
]  # fmt: skip

MAX_IDENTIFIER = 128
BLANK = re.compile(r"[\s﻿]+|--[^\n]*")
COMMENT_EDGE = re.compile(r"/\*|\*/")
PATTERN = re.compile(
    r"""
      (?P<national>[Nn]'(?:[^']|'')*('|\Z))
    | (?P<string>'(?:[^']|'')*('|\Z))
    | (?P<bracketed>\[(?:[^\]]|\]\])*(\]|\Z))
    | (?P<quoted>"(?:[^"]|"")*("|\Z))
    | (?P<binary>0[xX][0-9A-Fa-f]*)
    | (?P<float>(?:\d+\.?\d*|\.\d+)[eE][+-]?\d*)
    | (?P<decimal>\d+\.\d*|\.\d+)
    | (?P<int>\d+)
    | (?P<system>@@[\w@#$]+)
    | (?P<variable>@[\w@#$]*)
    | (?P<word>(?:[^\W\d]|\#)[\w@#$]*)
    | (?P<operator><>|<=|>=|!=|!<|!>|\+=|-=|\*=|/=|%=|&=|\|=|\^=|::|[-+*/%&|^~=<>(),.;:])
    """,
    re.VERBOSE,
)
SAME_OPERATOR = {"!=": "<>", "!<": ">=", "!>": "<="}
CONTINUED_LINE = re.compile(r"\\\r?\n")


class Token(NamedTuple):
    """One token; ``text`` without quotes, ``upper`` its upper-case form for words.

    ``start`` and ``stop`` are offsets into the batch, ``line`` and ``column`` count from 1.
    """

    kind: TokenKind
    text: str
    upper: str
    start: int
    stop: int
    line: int
    column: int

    @property
    def position(self) -> Position:
        """Where it starts."""
        return Position(self.line, self.column)


def tokenize(text: str) -> list[Token]:
    """Split a batch into tokens; the last one has kind ``end``.

    Raises
    ------
    SyntaxRefusal
        105 an open quote, 113 an open comment, 103 an identifier above 128 characters,
        102 a character that starts nothing.

    Examples
    --------
    >>> [(token.kind, token.text) for token in tokenize("SELECT N'it''s', @a")][1:4]
    [('national', "it's"), ('operator', ','), ('variable', '@a')]
    """
    tokens: list[Token] = []
    offset, line, line_start, size = 0, 1, 0, len(text)
    while offset < size:
        here = (line, offset - line_start + 1)
        if blank := BLANK.match(text, offset):
            stop = blank.end()
        elif text.startswith("/*", offset):
            stop = _comment_end(text, offset, *here)
        elif found := PATTERN.match(text, offset):
            stop = found.end()
            tokens.append(_token(found, *here))
        else:
            raise _near(text[offset], *here)
        newlines = text.count("\n", offset, stop)
        if newlines:
            line += newlines
            line_start = text.rindex("\n", offset, stop) + 1
        offset = stop
    tokens.append(Token("end", "", "", size, size, line, size - line_start + 1))
    return tokens


def _token(found: re.Match[str], line: int, column: int) -> Token:
    kind, raw = found.lastgroup or "", found.group()
    span = (found.start(), found.end(), line, column)
    if kind in ("string", "national"):
        if len(raw) < 2 + (kind == "national") or not raw.endswith("'"):
            raise _open_quote(raw, line, column)
        body = raw[raw.index("'") + 1 : -1].replace("''", "'")
        # Documented under "Backslash (Line Continuation)": it and the line end vanish.
        body = CONTINUED_LINE.sub("", body)
        return Token("national" if kind == "national" else "string", body, "", *span)
    if kind in ("bracketed", "quoted"):
        close = "]" if kind == "bracketed" else '"'
        if len(raw) < 2 or not raw.endswith(close):
            raise _open_quote(raw, line, column)
        name = raw[1:-1].replace(close * 2, close)
        _check_identifier(name, line, column)
        return Token("quoted", name, name.upper(), *span)
    if kind in ("word", "variable", "system"):
        _check_identifier(raw, line, column)
        upper = raw.upper()
        named: TokenKind = (
            "word" if kind == "word" else "variable" if kind == "variable" else "system"
        )
        return Token(named, upper if kind == "system" else raw, upper, *span)
    if kind == "operator":
        operator = SAME_OPERATOR.get(raw, raw)
        return Token("operator", operator, operator, *span)
    if kind == "binary":
        return Token("binary", raw[2:], raw, *span)
    number: TokenKind = "float" if kind == "float" else "decimal" if kind == "decimal" else "int"
    return Token(number, raw, raw, *span)


def _check_identifier(name: str, line: int, column: int) -> None:
    if not name:
        message = (
            "An object or column name is missing or empty. For SELECT INTO statements, verify "
            "each column has a name. For other statements, look for empty alias names."
        )
        raise SyntaxRefusal(message, line=line, column=column, number=1038)
    if len(name) > MAX_IDENTIFIER:
        message = (
            f"The identifier that starts with '{name[:MAX_IDENTIFIER]}' is too long. "
            f"Maximum length is {MAX_IDENTIFIER}."
        )
        raise SyntaxRefusal(message, line=line, column=column, number=103)


def _comment_end(text: str, start: int, line: int, column: int) -> int:
    depth = 0
    for edge in COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    raise SyntaxRefusal("Missing end comment mark '*/'.", line=line, column=column, number=113)


def _open_quote(raw: str, line: int, column: int) -> SyntaxRefusal:
    body = raw.lstrip("Nn")[1:][:128]
    message = f"Unclosed quotation mark after the character string '{body}'."
    return SyntaxRefusal(message, line=line, column=column, number=105)


def _near(what: str, line: int, column: int) -> SyntaxRefusal:
    return SyntaxRefusal(f"Incorrect syntax near '{what}'.", line=line, column=column)


# --- batches -----------------------------------------------------------------------------------

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
                offset = _comment_end(script, opaque.start(), 0, 0)
            except SyntaxRefusal:
                break  # an open comment hides every GO behind it; running the batch reports it
    return batches + _batch(script, start, len(script))


def _batch(script: str, start: int, stop: int) -> list[Batch]:
    text = script[start:stop]
    return [Batch(text, script.count("\n", 0, start) + 1)] if text.strip() else []
