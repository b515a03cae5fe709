"""The grammar's notation, compiled to functions that read tokens.

A reader takes the parser and the fields of the rule around it. It gives what it has read, or
:data:`FAIL` with the parser's place where it was. Alternatives are tried in their order, without
those that cannot begin with the token that is next; the error of a text that nothing fits is at
the farthest token that was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from procluster.local.messages import refuse

if TYPE_CHECKING:
    from procluster.local.parser import Parser

Fields = dict[str, Any]
Reader = Callable[["Parser", Fields], Any]
Keys = frozenset[str]
FAIL = object()
NOTHING = frozenset(("",))

PIECE = re.compile(
    r"""\s*(?:'(?P<sign>[^']+)' | !"(?P<refusal>[^"]*)" | =>\s*(?P<action>\w+)
    | (?P<label>\w+(?P<mark>[?$]?)): | @(?P<inline>\w+) | &(?P<check>\w+)
    | (?P<word>[A-Z_]+)\b | (?P<rule>\w+) | (?P<symbol><<|[()|?*+%]) )""",
    re.VERBOSE,
)


class Term(NamedTuple):
    """A compiled piece.

    ``valued`` when what it gives is more than its words. ``first`` gives the keys of the tokens it
    may begin with, '' among them where it may read none, or None where any token may do; it is
    asked when every rule is compiled.
    """

    read: Reader
    valued: bool
    first: Callable[[], Keys | None]


def compile_grammar(text: str, readers: Mapping[str, Keys]) -> dict[str, Reader]:
    """Compile the rules of a grammar.

    Names that are no rules are methods of the parser; ``readers`` says of some which tokens they
    begin with.
    """
    sources: dict[str, str] = {}
    for block in re.split(r"\n(?=\w+ = )", re.sub(r"(?m)^#.*$", "", text).strip()):
        name, _, body = block.partition(" = ")
        sources[name.strip()] = body
    rules: dict[str, Term] = {}
    for name, body in sources.items():
        rules[name] = _Rule(sources, rules, readers, body).alternatives()
    return {name: term.read for name, term in rules.items()}


class _Rule:
    """The compilation of one rule's body, read from left to right."""

    def __init__(
        self,
        sources: dict[str, str],
        rules: dict[str, Term],
        readers: Mapping[str, Keys],
        body: str,
    ) -> None:
        self.known = sources, rules, readers
        self.pieces = list(PIECE.finditer(body))
        self.place = 0

    def at(self, *symbols: str) -> bool:
        return self.place < len(self.pieces) and self.pieces[self.place]["symbol"] in symbols

    def accept(self, symbol: str) -> bool:
        self.place += (found := self.at(symbol))
        return found

    def alternatives(self) -> Term:
        terms = [self.sequence()]
        while self.accept("|"):
            terms.append(self.sequence())
        return choice(terms) if len(terms) > 1 else terms[0]

    def sequence(self) -> Term:
        terms: list[Term] = []
        while self.place < len(self.pieces) and not self.at("|", ")"):
            if action := self.pieces[self.place]["action"]:
                self.place += 1
                return made(sequence(terms), action)
            terms.append(self.repeated())
        return sequence(terms) if len(terms) > 1 else terms[0]

    def repeated(self) -> Term:
        term = self.single()
        while self.at("?", "*", "+", "%", "<<"):
            symbol = self.pieces[self.place]["symbol"]
            self.place += 1
            if symbol in "%<<":
                between = self.single()
                if symbol == "%":
                    term = listed(term, between)
                else:
                    action = self.pieces[self.place]["action"]
                    self.place += 1
                    term = folded(term, between, action)
            else:
                term = optional(term) if symbol == "?" else many(term, least=int(symbol == "+"))
        return term

    def single(self) -> Term:  # noqa: PLR0911 - one return for each kind of piece
        sources, rules, readers = self.known
        piece = self.pieces[self.place]
        self.place += 1
        if piece["symbol"] == "(":
            term = self.alternatives()
            self.place += 1
            return term
        if label := piece["label"]:
            return labelled(label.rstrip("?$"), piece["mark"], self.repeated())
        if key := piece["sign"] or piece["word"]:
            return token(key)
        if piece["refusal"]:
            return refusal(*piece["refusal"].split(": ", 1))
        if piece["inline"]:
            return _Rule(*self.known, sources[piece["inline"]]).alternatives()
        if name := piece["check"]:
            return Term(method(name), valued=False, first=lambda: None)
        name = piece["rule"]
        if name in sources:
            return Term(rule(name), valued=True, first=lambda: rules[name].first())  # noqa: PLW0108 - later
        return Term(method(name), valued=True, first=lambda: readers.get(name))


def token(key: str) -> Term:
    def read(parser: Parser, _: Fields) -> Any:
        if parser.tokens[parser.index].key == key:
            parser.index += 1
            return key
        return parser.fail()

    return Term(read, valued=False, first=lambda: frozenset((key,)))


def method(name: str) -> Reader:
    return lambda parser, _: getattr(parser, f"read_{name}")()


def rule(name: str) -> Reader:
    return lambda parser, _: parser.rule(name)


def refusal(what: str, reason: str) -> Term:
    def read(parser: Parser, _: Fields) -> Any:
        raise refuse(what, reason, parser.tokens[parser.index - 1].at)

    return Term(read, valued=False, first=lambda: None)


def labelled(name: str, mark: str, term: Term) -> Term:
    def read(parser: Parser, fields: Fields) -> Any:
        start = parser.index
        found = term.read(parser, {} if term.valued else fields)
        if found is FAIL:
            return FAIL
        fields[name] = found is not None if mark == "?" else found
        if mark == "$":
            fields[f"{name}_text"] = parser.text_from(start)
        return None

    return Term(read, valued=False, first=term.first)


def sequence(terms: list[Term]) -> Term:
    """What the one valued term gives, or all of them as a tuple; without any the words."""
    readers = [(term.read, term.valued) for term in terms]
    any_valued = any(term.valued for term in terms)

    def read(parser: Parser, fields: Fields) -> Any:
        start, found, words = parser.index, [], []
        for reader, is_valued in readers:
            value = reader(parser, fields)
            if value is FAIL:
                parser.index = start
                return FAIL
            if is_valued:
                found.append(value)
            elif value:
                words.append(value)
        if not any_valued:
            return " ".join(words)
        return found[0] if len(found) == 1 else tuple(found)

    return Term(read, any_valued, cache(lambda: first_of(terms)))


def first_of(terms: list[Term]) -> Keys | None:
    """What a sequence may begin with: its first term, and the next where that may read none."""
    keys = NOTHING
    for term in terms:
        if "" in keys:
            more = term.first()
            if more is None:
                return None
            keys = keys - NOTHING | more
    return keys


def choice(terms: list[Term]) -> Term:
    @cache
    def chosen() -> tuple[dict[str, list[Reader]], list[Reader]]:
        """The alternatives for each key, and those for any other."""
        firsts = [term.first() or NOTHING for term in terms]
        return {
            key: [
                term.read
                for term, keys in zip(terms, firsts, strict=True)
                if key in keys or "" in keys
            ]
            for key in frozenset().union(*firsts)
        }, [term.read for term, keys in zip(terms, firsts, strict=True) if "" in keys]

    def read(parser: Parser, fields: Fields) -> Any:
        by_key, others = chosen()
        for reader in by_key.get(parser.tokens[parser.index].key, others):
            own: Fields = {}
            value = reader(parser, own)
            if value is not FAIL:
                fields.update(own)
                return value
        return parser.fail()

    @cache
    def first() -> Keys | None:
        keys = [term.first() for term in terms]
        return None if None in keys else frozenset().union(*(k for k in keys if k is not None))

    return Term(read, any(term.valued for term in terms), first)


def optional(term: Term) -> Term:
    @cache
    def first() -> Keys | None:
        keys = term.first()
        return None if keys is None else keys | NOTHING

    def read(parser: Parser, fields: Fields) -> Any:
        keys = first()
        if keys is not None and parser.tokens[parser.index].key not in keys:
            parser.fail()
            return None
        own: Fields = {}
        value = term.read(parser, own)
        if value is FAIL:
            return None
        fields.update(own)
        return value

    return Term(read, term.valued, first)


def many(term: Term, *, least: int) -> Term:
    """What it gives each time as a tuple; of words all of them in one text."""
    once = optional(term)

    def read(parser: Parser, fields: Fields) -> Any:
        found = []
        while (value := once.read(parser, fields)) is not None:
            found.append(value)
        if len(found) < least:
            return FAIL
        return tuple(found) if term.valued else " ".join(found)

    return Term(read, term.valued, term.first if least else once.first)


def listed(term: Term, between: Term) -> Term:
    def read(parser: Parser, fields: Fields) -> Any:
        found = [term.read(parser, fields)]
        while found[-1] is not FAIL:
            end = parser.index
            if between.read(parser, fields) is FAIL:
                return tuple(found)
            found.append(term.read(parser, fields))
        if len(found) == 1:
            return FAIL
        parser.index = end
        return tuple(found[:-1])

    return Term(read, valued=True, first=term.first)


def folded(term: Term, between: Term, name: str) -> Term:
    """Left to right: a, and each further b, as ``name(operator, a, b)``."""

    def read(parser: Parser, fields: Fields) -> Any:
        left = term.read(parser, fields)
        while left is not FAIL:
            start = parser.index
            operator = between.read(parser, fields)
            if operator is FAIL:
                return left
            right = term.read(parser, fields)
            if right is FAIL:
                return FAIL
            left = parser.make(name, start, {"operator": operator, "left": left, "right": right})
        return FAIL

    return Term(read, valued=True, first=term.first)


def made(term: Term, name: str) -> Term:
    def read(parser: Parser, _: Fields) -> Any:
        start = parser.index
        fields: Fields = {}
        if term.read(parser, fields) is FAIL:
            return FAIL
        return parser.make(name, start, {k: v for k, v in fields.items() if v is not None})

    return Term(read, valued=True, first=term.first)
