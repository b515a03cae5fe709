"""The rules of the grammar: their notation, which :mod:`.grammar` explains, compiled to functions.

A reader takes the parser and the fields of the rule around it. It gives what it has read, None for
words alone, or :data:`FAIL` with the parser's place where it was. Alternatives are tried in their
order, without those that cannot begin with the token that is next; the error of a text that
nothing fits is at the farthest token that was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from procluster.local.messages import refuse
from procluster.local.reader import FAIL, MismatchError, TokenReader

Fields = dict[str, Any]
Reader = Callable[[TokenReader, Fields], Any]
Keys = frozenset[str]

# --- the notation

PIECE = re.compile(
    r"""\s*(?:'(?P<sign>[^']+)' | !"(?P<refusal>[^"]*)" | =>\s*(?P<made>\w+)
    | (?P<label>\w+[?$]?): | @(?P<inline>\w+)
    | (?P<word>[A-Z_]+)\b | (?P<rule>\w+) | (?P<symbol>[()|?*+%]) )""",
    re.VERBOSE,
)


class Piece(NamedTuple):
    kind: str
    name: str
    parts: tuple[Piece, ...] = ()


def read_notation(text: str) -> dict[str, Piece]:
    """The rules of a grammar; a name that is no rule is a method of the parser."""
    bodies: dict[str, str] = {}
    for block in re.split(r"\n(?=\w+ = )", re.sub(r"(?m)^#.*$", "", text).strip()):
        name, _, body = block.partition(" = ")
        bodies[name.strip()] = body
    return {name: Notation(bodies, body).choice() for name, body in bodies.items()}


class Notation:
    """One rule's body, read from left to right."""

    def __init__(self, bodies: Mapping[str, str], body: str) -> None:
        self.bodies = bodies
        self.rest = [
            (kind, text)
            for found in reversed(list(PIECE.finditer(body)))
            for kind, text in found.groupdict().items()
            if text
        ]

    def at(self, *symbols: str) -> bool:
        return bool(self.rest) and self.rest[-1][0] == "symbol" and self.rest[-1][1] in symbols

    def choice(self) -> Piece:
        parts = [self.sequence()]
        while self.at("|"):
            self.rest.pop()
            parts.append(self.sequence())
        return Piece("choice", "", tuple(parts)) if len(parts) > 1 else parts[0]

    def sequence(self) -> Piece:
        parts: list[Piece] = []
        while self.rest and not self.at("|", ")"):
            kind, name = self.rest[-1]
            if kind == "made":
                self.rest.pop()
                return Piece(kind, name, (Piece("sequence", "", tuple(parts)),))
            parts.append(self.repeated())
        return Piece("sequence", "", tuple(parts)) if len(parts) > 1 else parts[0]

    def repeated(self) -> Piece:
        piece = self.single()
        while self.at("?", "*", "+", "%"):
            _, symbol = self.rest.pop()
            piece = Piece(symbol, "", (piece, self.single()) if symbol == "%" else (piece,))
        return piece

    def single(self) -> Piece:
        kind, name = self.rest.pop()
        if kind == "symbol":
            piece = self.choice()
            self.rest.pop()
            return piece
        if kind == "label":
            return Piece(kind, name, (self.repeated(),))
        if kind == "inline":
            return Notation(self.bodies, self.bodies[name]).choice()
        if kind == "rule" and name not in self.bodies:
            kind = "method"
        return Piece("token" if kind in ("sign", "word") else kind, name)


# --- readers


def compile_grammar(text: str) -> dict[str, Reader]:
    rules = read_notation(text)
    compiler = Compiler(rules)
    return {name: compiler.reader(piece) for name, piece in rules.items()}


class Compiler:
    def __init__(self, rules: Mapping[str, Piece]) -> None:
        self.rules = rules
        self.firsts: dict[str, Keys | None] = {}

    def reader(self, piece: Piece) -> Reader:
        return READERS[piece.kind](self, piece)

    def first(self, piece: Piece) -> Keys | None:
        """Keys of the tokens it may begin with; None where it may begin with any, or be empty."""
        if piece.kind == "token":
            return frozenset((piece.name,))
        if piece.kind == "rule":
            if piece.name not in self.firsts:
                self.firsts[piece.name] = self.first(self.rules[piece.name])
            return self.firsts[piece.name]
        if piece.kind in "?*" or not piece.parts:
            return None
        parts = piece.parts if piece.kind == "choice" else piece.parts[:1]
        keys = [self.first(part) for part in parts]
        return None if None in keys else frozenset().union(*(some or () for some in keys))


def token(_: Compiler, piece: Piece) -> Reader:
    key = piece.name

    def read(parser: TokenReader, _: Fields) -> Any:
        if parser.tokens[parser.index].key == key:
            parser.index += 1
            return None
        return parser.fail()

    return read


def rule(_: Compiler, piece: Piece) -> Reader:
    return lambda parser, _: parser.rule(piece.name)


def method(_: Compiler, piece: Piece) -> Reader:
    def read(parser: TokenReader, _: Fields) -> Any:
        start, named = parser.index, getattr(parser, piece.name)
        try:
            return named() if callable(named) else named
        except MismatchError:
            parser.index = start
            return FAIL

    return read


def refusal(_: Compiler, piece: Piece) -> Reader:
    what, reason = piece.name.split(": ", 1)

    def read(parser: TokenReader, _: Fields) -> Any:
        last = parser.tokens[parser.index - 1]
        raise refuse(what.replace("{}", last.text), reason, last.at)

    return read


def label(compiler: Compiler, piece: Piece) -> Reader:
    inner, mark, name = compiler.reader(piece.parts[0]), piece.name[-1], piece.name.rstrip("?$")

    def read(parser: TokenReader, fields: Fields) -> Any:
        start = parser.index
        found = inner(parser, fields)
        if found is FAIL:
            return FAIL
        if mark == "?":
            fields[name] = parser.index > start
        elif found is not None or parser.index > start:
            fields[name] = parser.words_from(start) if found is None else found
        if mark == "$":
            fields[f"{name}_text"] = parser.text_from(start)
        return None

    return read


def sequence(compiler: Compiler, piece: Piece) -> Reader:
    """The one part that gives something, or all of these as a tuple."""
    readers = [compiler.reader(part) for part in piece.parts]

    def read(parser: TokenReader, fields: Fields) -> Any:
        start, found = parser.index, []
        for reader in readers:
            value = reader(parser, fields)
            if value is FAIL:
                parser.index = start
                return FAIL
            if value is not None:
                found.append(value)
        return tuple(found) if len(found) > 1 else found[0] if found else None

    return read


def choice(compiler: Compiler, piece: Piece) -> Reader:
    alternatives = [(compiler.reader(part), compiler.first(part)) for part in piece.parts]
    keys = frozenset().union(*(first or () for _, first in alternatives))
    others = [reader for reader, first in alternatives if first is None]
    by_key = {
        key: [reader for reader, first in alternatives if first is None or key in first]
        for key in keys
    }

    def read(parser: TokenReader, fields: Fields) -> Any:
        for reader in by_key.get(parser.tokens[parser.index].key, others):
            own: Fields = {}
            value = reader(parser, own)
            if value is not FAIL:
                fields.update(own)
                return value
        return parser.fail()

    return read


def optional(compiler: Compiler, piece: Piece) -> Reader:
    inner = compiler.reader(piece.parts[0])

    def read(parser: TokenReader, fields: Fields) -> Any:
        own: Fields = {}
        value = inner(parser, own)
        if value is FAIL:
            return None
        fields.update(own)
        return value

    return read


def many(compiler: Compiler, piece: Piece) -> Reader:
    """What it gives each time, as a tuple."""
    inner, least = compiler.reader(piece.parts[0]), int(piece.kind == "+")

    def read(parser: TokenReader, fields: Fields) -> Any:
        found = []
        while (value := inner(parser, fields)) is not FAIL:
            found.append(value)
        return tuple(found) if len(found) >= least else FAIL

    return read


def listed(compiler: Compiler, piece: Piece) -> Reader:
    item, between = map(compiler.reader, piece.parts)

    def read(parser: TokenReader, fields: Fields) -> Any:
        found: list[Any] = []
        end = parser.index
        while (value := item(parser, fields)) is not FAIL:
            found.append(value)
            end = parser.index
            if between(parser, fields) is FAIL:
                break
        parser.index = end
        return tuple(found) or FAIL

    return read


def made(compiler: Compiler, piece: Piece) -> Reader:
    inner = compiler.reader(piece.parts[0])

    def read(parser: TokenReader, _: Fields) -> Any:
        start = parser.index
        fields: Fields = {}
        if inner(parser, fields) is FAIL:
            return FAIL
        return parser.make(piece.name, start, fields)

    return read


READERS: dict[str, Callable[[Compiler, Piece], Reader]] = {
    "token": token, "rule": rule, "method": method, "refusal": refusal, "label": label,
    "sequence": sequence, "choice": choice, "?": optional, "*": many, "+": many, "%": listed,
    "made": made,
}  # fmt: skip
"""By the kind of piece."""
