"""Tokens read from left to right: words and signs, names, numbers and types."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from procluster.errors import Refusal, SyntaxRefusal
from procluster.local import syntax as ast
from procluster.local.lexer import Token, tokenize
from procluster.local.messages import refuse, syntax_error
from procluster.local.types import ALIASES, KINDS, MAX, SqlType, resolve
from procluster.local.words import RESERVED, UNSUPPORTED_TYPES, UNSUPPORTED_WORDS

T = TypeVar("T")
MAX_DEPTH = 40
FAIL = object()


class MismatchError(Exception):
    """What stands here is not what was looked for."""


class TokenReader:
    """A place in the tokens of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = self.farthest = self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def peek(self, distance: int = 1) -> Token:
        return self.tokens[min(self.index + distance, len(self.tokens) - 1)]

    def at(self, *keys: str) -> bool:
        """Whether the next token is one of these words or signs."""
        return self.tokens[self.index].key in keys

    def accept(self, key: str) -> bool:
        if self.tokens[self.index].key == key:
            self.index += 1
            return True
        self.fail()
        return False

    def expect(self, key: str) -> None:
        if not self.accept(key):
            raise MismatchError

    def advance(self) -> Token:
        token = self.tokens[self.index]
        self.index += token.kind != "end"
        return token

    def text_from(self, start: int) -> str:
        return self.text[self.tokens[start].start : self.tokens[self.index - 1].stop]

    def words_from(self, start: int) -> str:
        read = self.tokens[start : self.index]
        return " ".join(token.key if token.kind == "word" else token.text for token in read)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper; error 191 beyond :data:`MAX_DEPTH`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise syntax_error(191, at=self.token.at)
        try:
            yield
        finally:
            self.depth -= 1

    # --- the grammar

    @abstractmethod
    def rule(self, name: str) -> Any:
        """What a rule gives here, or its words, or :data:`FAIL`."""

    @abstractmethod
    def need(self, name: str) -> Any:
        """What a rule gives here, or :class:`MismatchError`."""

    @abstractmethod
    def make(self, name: str, start: int, fields: dict[str, Any]) -> Any:
        """Make a node of the tree, or what an action makes."""

    # --- what does not fit

    def fail(self) -> object:
        if self.index > self.farthest:  # noqa: PLR1730 - max() would take three times as long
            self.farthest = self.index
        return FAIL

    def mismatch(self) -> MismatchError:
        self.fail()
        return MismatchError()

    def unexpected(self, token: Token) -> SyntaxRefusal:
        """SQL Server's 102, or 156 for a keyword; a refusal of what is T-SQL and has no rule."""
        self._refuse_words(self.tokens.index(token))
        if token.kind == "end" and len(self.tokens) > 1:
            token = self.tokens[-2]
        return syntax_error(156 if token.key in RESERVED else 102, token.text[:128], at=token.at)

    def _refuse_words(self, place: int) -> None:
        """Refuse a known phrase that stands where nothing fits, or ends just before."""
        for phrase, reason in UNSUPPORTED_WORDS.items():
            is_sign = len(phrase) == 1 and not phrase[0].isalpha()
            for start in range(max(place - len(phrase) + is_sign, 0), place + 1):
                found = self.tokens[start : start + len(phrase)]
                if tuple(token.key for token in found) == phrase:
                    written = self.text[found[0].start : found[-1].stop]
                    raise refuse(written, reason, found[0].at)

    def refuse(self, what: str, reason: str) -> Refusal:
        return refuse(what, reason, self.token.at)

    # --- names, numbers, lists

    def at_identifier(self) -> bool:
        token = self.tokens[self.index]
        return token.kind == "quoted" or (token.kind == "word" and token.key not in RESERVED)

    def identifier(self) -> str:
        if not self.at_identifier():
            raise self.mismatch()
        return self.advance().text

    def object_name(self) -> ast.ObjectName:
        """One to four parts; an empty middle part (``db..t``) is refused."""
        at, parts = self.token.at, [self.identifier()]
        while self.accept("."):
            if self.at("."):
                raise self.refuse("a name with an empty part", "name the schema")
            parts.append(self.identifier())
        if len(parts) > 4:
            raise syntax_error(117, ".".join(parts), at=at)
        return ast.ObjectName(at, tuple(parts))

    def integer(self) -> int:
        """A whole number, with its sign."""
        sign = -1 if self.accept("-") else 1
        if not self.at("int"):
            raise self.mismatch()
        return sign * int(self.advance().text)

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        found = [read()]
        while self.accept(","):
            found.append(read())
        return tuple(found)

    # --- types

    def data_type(self, default_length: int = 1) -> SqlType:
        """A data type; ``default_length`` is 30 in CAST and CONVERT."""
        token, name = self.token, self._type_name()
        if name in UNSUPPORTED_TYPES:
            raise refuse(f"type {name}", UNSUPPORTED_TYPES[name], token.at)
        size = scale = None
        if self.accept("("):
            size = MAX if self.accept("MAX") else self.integer()
            scale = self.integer() if self.accept(",") else None
            self.expect(")")
        kind = KINDS.get(ALIASES.get(name, name))
        if kind is None:
            raise syntax_error(2715, token.text, at=token.at)
        if kind.sizes == "length" and size is None and name != "sysname":
            size = default_length
        try:
            return resolve(name, size, scale)
        except ValueError as fault:
            if size == MAX:
                raise refuse(f"type {name}(max)", "give it a size", token.at) from None
            raise syntax_error(1001, size, fault, at=token.at) from None

    def _type_name(self) -> str:
        if self.at("SYS") and self.peek().key == ".":
            self.index += 2
        is_word = self.at("CURSOR", "DOUBLE", "NATIONAL", "TABLE")
        name = self.advance().text if is_word else self.identifier()
        if self.at(".", "VARYING"):
            raise self.refuse(f"type {name} {self.token.text}", "use a system type")
        return name.lower()
