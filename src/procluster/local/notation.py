"""The grammar's notation, taken apart: what :mod:`.grammar` explains, as pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

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
