"""DECLARE and SET."""

from __future__ import annotations

from procluster.local.parser._changes import ChangeParser
from procluster.local.syntax import (
    Declaration,
    Declare,
    DeclareTable,
    SetOption,
    SetVariable,
    Statement,
)

__all__ = ["VariableParser"]


class VariableParser(ChangeParser):
    """Reads declarations, assignments and options."""

    def declare(self) -> Statement:
        at = self.advance().position
        if self.at_identifier() and self.peek().upper == "CURSOR":
            raise self.refuse("DECLARE CURSOR", "use a set-based statement or WHILE")
        if self.token.kind == "variable":
            step = 2 if self.peek().upper == "AS" else 1
            if self.peek(step).kind == "word" and self.peek(step).upper == "TABLE":
                name = self.variable()
                self.accept("AS")
                self.advance()
                elements = self.bracketed(self.table_elements)
                if self.at_operator(","):
                    raise self.refuse("a table variable beside others", "declare it alone")
                return DeclareTable(at, name, *elements)
        return Declare(at, self.comma_separated(self._declaration))

    def _declaration(self) -> Declaration:
        at, name = self.token.position, self.variable()
        self.accept("AS")
        kind = self.data_type()
        value = self.expression() if self.accept_operator("=") else None
        return Declaration(at, name, kind, value)

    def set(self) -> Statement:
        at = self.advance().position
        if self.token.kind == "variable":
            name = self.variable()
            operator = self.assignment_operator()
            if self.at("CURSOR"):
                raise self.refuse("SET of a cursor", "use a set-based statement or WHILE")
            return SetVariable(at, name, operator, self.expression())
        if self.accept("TRANSACTION", "ISOLATION", "LEVEL"):
            return SetOption(at, ("TRANSACTION ISOLATION LEVEL",), self._words())
        if self.accept("IDENTITY_INSERT"):
            name = ".".join(self.object_name().parts)
            raise self.refuse(f"SET IDENTITY_INSERT {name}", "let the column number the rows")
        options = self.comma_separated(self._option_name)
        value = self._words()
        return SetOption(at, options, value)

    def _option_name(self) -> str:
        if self.token.kind != "word":
            raise self.unexpected()
        return self.advance().upper

    def _words(self) -> str:
        if self.accept_operator("-"):
            return "-" + self._words()
        words: list[str] = []
        while self.token.kind in ("word", "int", "string", "national") and (
            not words or self.at_any("READ", "UNCOMMITTED", "COMMITTED")
        ):
            words.append(self.advance().text.upper())
        if not words:
            raise self.unexpected()
        return " ".join(words)
