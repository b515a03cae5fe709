"""The place in a token list, and the ways to step over it or to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from procluster.errors import Refusal, SyntaxRefusal
from procluster.local.lexer import Token, tokenize
from procluster.local.parser._words import RESERVED, UNSUPPORTED_OBJECTS, UNSUPPORTED_TYPES
from procluster.local.syntax import ObjectName
from procluster.local.types import ALIASES, KINDS, MAX, SqlType, resolve

__all__ = ["Cursor"]

MAX_DEPTH = 40
MULTIPLE_WORD_TYPES = {
    ("DOUBLE", "PRECISION"): "double precision",
    ("NATIONAL", "CHARACTER"): "nchar",
    ("NATIONAL", "CHAR"): "nchar",
    ("CHARACTER", "VARYING"): "varchar",
    ("CHAR", "VARYING"): "varchar",
}
T = TypeVar("T")


class Cursor:
    """Reads the tokens of one batch from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def peek(self, distance: int = 1) -> Token:
        return self.tokens[min(self.index + distance, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper; error 191 beyond :data:`MAX_DEPTH`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = (
                "Some part of your SQL statement is nested too deeply. Rewrite the query or "
                "break it up into smaller queries."
            )
            raise self.error(message, 191)
        try:
            yield
        finally:
            self.depth -= 1

    # --- words and operators

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these words."""
        return all(
            (token := self.peek(step)).kind == "word" and token.upper == word
            for step, word in enumerate(words)
        )

    def at_any(self, *words: str) -> bool:
        return self.token.kind == "word" and self.token.upper in words

    def at_operator(self, *operators: str) -> bool:
        return self.token.kind == "operator" and self.token.text in operators

    def accept(self, *words: str) -> bool:
        """Step over these words when all of them come next."""
        if self.at(*words):
            self.index += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> str | None:
        return self.advance().upper if self.at_any(*words) else None

    def accept_operator(self, operator: str) -> bool:
        if self.at_operator(operator):
            self.index += 1
            return True
        return False

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def expect_operator(self, operator: str) -> None:
        if not self.accept_operator(operator):
            raise self.unexpected()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    # --- names

    def at_identifier(self) -> bool:
        token = self.token
        return token.kind == "quoted" or (token.kind == "word" and token.upper not in RESERVED)

    def identifier(self) -> str:
        if not self.at_identifier():
            raise self.unexpected()
        return self.advance().text

    def object_name(self) -> ObjectName:
        """One to four parts; an empty middle part (``db..t``) is refused with its database."""
        at = self.token.position
        parts = [self.identifier()]
        while self.at_operator("."):
            start = self.advance()
            if self.at_operator("."):
                raise self.refuse("a name with an empty part", "name the schema", start)
            parts.append(self.identifier())
        if len(parts) > 4:
            name = ".".join(parts)
            message = (
                f"The object name '{name}' contains more than the maximum number of prefixes. "
                "The maximum is 3."
            )
            raise SyntaxRefusal(message, line=at.line, column=at.column, number=117)
        return ObjectName(at, tuple(parts))

    def variable(self) -> str:
        if self.token.kind != "variable":
            raise self.unexpected()
        return self.advance().text

    def integer(self) -> int:
        """A whole number, with its sign."""
        sign = -1 if self.accept_operator("-") else 1
        if self.token.kind != "int":
            raise self.unexpected()
        return sign * int(self.advance().text)

    # --- lists

    def comma_separated(self, read: Callable[[], T]) -> tuple[T, ...]:
        found = [read()]
        while self.accept_operator(","):
            found.append(read())
        return tuple(found)

    def bracketed(self, read: Callable[[], T]) -> T:
        self.expect_operator("(")
        found = read()
        self.expect_operator(")")
        return found

    def names_in_brackets(self) -> tuple[str, ...]:
        return self.bracketed(lambda: self.comma_separated(self.identifier))

    # --- types

    def data_type(self, default_length: int = 1) -> SqlType:
        """A data type; ``default_length`` is 30 in CAST and CONVERT."""
        token = self.token
        name = self._type_name()
        size, scale = self._type_size()
        if name in UNSUPPORTED_TYPES:
            raise self.refuse(f"type {name}", UNSUPPORTED_TYPES[name], token)
        kind = KINDS.get(ALIASES.get(name, name))
        if kind is None:
            message = f"Column, parameter, or variable: Cannot find data type {token.text}."
            raise self.error(message, 2715, token)
        if kind.sizes == "length" and size is None and name != "sysname":
            size = default_length
        try:
            return resolve(name, size, scale)
        except ValueError as fault:
            message = f"Length or precision specification {size} is invalid: {fault}."
            raise self.error(message, 1001, token) from None

    def _type_name(self) -> str:
        for words, name in MULTIPLE_WORD_TYPES.items():
            if self.accept(*words):
                return "nvarchar" if name == "nchar" and self.accept("VARYING") else name
        if self.token.kind == "word" and self.token.upper.lower() in UNSUPPORTED_TYPES:
            return self.advance().text.lower()
        if self.accept("SYS"):
            self.expect_operator(".")
        token = self.token
        if not self.at_identifier():
            raise self.unexpected()
        self.advance()
        if self.at_operator("."):
            raise self.refuse(f"type {token.text}.{self.peek().text}", "use a system type", token)
        return token.text.lower()

    def _type_size(self) -> tuple[int | None, int | None]:
        if not self.accept_operator("("):
            return None, None
        size = MAX if self.accept("MAX") else self.integer()
        scale = self.integer() if self.accept_operator(",") else None
        self.expect_operator(")")
        return size, scale

    # --- refusals

    def unknown_object(self, start: Token) -> SyntaxRefusal | Refusal:
        """CREATE, ALTER or DROP (``start``) of what is left out, or of what there is not."""
        word = self.token
        if word.kind != "word":
            return self.unexpected()
        if word.upper in UNSUPPORTED_OBJECTS:
            what = f"{start.upper} {word.upper}"
            return self.refuse(what, "objects of this kind are left out", start)
        message = f"Unknown object type '{word.text}' used in a CREATE, DROP, or ALTER statement."
        return self.error(message, 343)

    def unexpected(self, token: Token | None = None) -> SyntaxRefusal:
        """SQL Server's 102 or 156 at a token, the next one unless given."""
        token = token or self.token
        if token.kind == "end" and len(self.tokens) > 1:
            token = self.tokens[-2]
        if token.kind == "word" and token.upper in RESERVED:
            return self.error(f"Incorrect syntax near the keyword '{token.text}'.", 156, token)
        return self.error(f"Incorrect syntax near '{token.text[:128]}'.", 102, token)

    def error(self, message: str, number: int, token: Token | None = None) -> SyntaxRefusal:
        at = (token or self.token).position
        return SyntaxRefusal(message, line=at.line, column=at.column, number=number)

    def refuse(self, what: str, reason: str, token: Token | None = None) -> Refusal:
        """T-SQL that is not run here."""
        at = (token or self.token).position
        return Refusal(what, reason, line=at.line, column=at.column)
