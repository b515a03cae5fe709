"""Definitions of tables and indexes, and DROP."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from procluster.local.lexer import Token
from procluster.local.parser._queries import QueryParser
from procluster.local.syntax import (
    AlterTable,
    Check,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    Drop,
    DropKind,
    Expression,
    ForeignKey,
    KeyConstraint,
    KeyKind,
    ObjectName,
    Position,
)

__all__ = ["TableParser"]

CONSTRAINT_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK")
DROP_KINDS: dict[str, DropKind] = {
    "TABLE": "TABLE",
    "VIEW": "VIEW",
    "PROCEDURE": "PROCEDURE",
    "PROC": "PROCEDURE",
    "FUNCTION": "FUNCTION",
    "SCHEMA": "SCHEMA",
    "ROLE": "ROLE",
    "INDEX": "INDEX",
}


class Elements(NamedTuple):
    """What stands between the brackets of CREATE TABLE."""

    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]


class TableParser(QueryParser):
    """Reads CREATE TABLE, ALTER TABLE, CREATE INDEX and DROP."""

    def create_table(self, at: Position) -> CreateTable:
        self.expect("TABLE")
        name = self.object_name()
        elements = self.bracketed(self.table_elements)
        self._primary_filegroup()
        return CreateTable(at, name, *elements)

    def table_elements(self) -> Elements:
        """Columns and constraints, as in CREATE TABLE and DECLARE @t TABLE."""
        columns: list[ColumnDefinition] = []
        constraints: list[Constraint] = []
        while True:
            if self.at_any(*CONSTRAINT_WORDS):
                constraints.append(self._table_constraint())
            elif self.at("INDEX"):
                raise self.refuse("INDEX inside CREATE TABLE", "use CREATE INDEX")
            else:
                column, own = self._column()
                columns.append(column)
                constraints += own
            if not self.accept_operator(",") or self.at_operator(")"):
                return Elements(tuple(columns), tuple(constraints))

    def text_since(self, start: Token) -> str:
        return self.text[start.start : self.tokens[self.index - 1].stop]

    # --- columns

    def _column(self) -> tuple[ColumnDefinition, list[Constraint]]:
        at, name = self.token.position, self.identifier()
        if self.at("AS"):
            raise self.refuse("a computed column", "compute it in a view")
        column = ColumnDefinition(at, name, self.data_type())
        constraints: list[Constraint] = []
        while True:
            start = self.token
            constraint_name = self.identifier() if self.accept("CONSTRAINT") else None
            if self.at("DEFAULT"):
                text, value = self._default()
                column = replace(
                    column, default=value, default_name=constraint_name, default_text=text
                )
            elif own := self._column_constraint(name, constraint_name):
                constraints.append(own)
            elif constraint_name is not None:
                raise self.unexpected()
            elif (changed := self._column_property(column)) is not None:
                column = changed
            else:
                return column, constraints
            if self.token is start:
                raise self.unexpected()

    def _default(self) -> tuple[str, Expression]:
        self.expect("DEFAULT")
        start = self.token
        value = self.expression()
        return self.text_since(start), value

    def _column_property(self, column: ColumnDefinition) -> ColumnDefinition | None:
        if self.accept("NOT", "NULL"):
            return replace(column, nullable=False)
        if self.accept("NULL"):
            return replace(column, nullable=True)
        if self.accept("IDENTITY"):
            return replace(column, identity=self._identity())
        if self.at_any("COLLATE", "SPARSE", "ROWGUIDCOL", "MASKED", "GENERATED", "HIDDEN"):
            raise self.refuse(f"{self.token.upper} in a column", "leave it out")
        return None

    def _identity(self) -> tuple[int, int]:
        if not self.at_operator("("):
            return 1, 1
        self.advance()
        seed = self.integer()
        self.expect_operator(",")
        step = self.integer()
        self.expect_operator(")")
        return seed, step

    def _column_constraint(self, column: str, name: str | None) -> Constraint | None:
        at = self.token.position
        if kind := self._key_kind():
            columns = self._key_columns() if self.at_operator("(") else (column,)
            return KeyConstraint(at, kind, name, columns)
        if self.accept("CHECK"):
            return self._check(at, name)
        if self.accept("FOREIGN", "KEY") or self.at("REFERENCES"):
            return self._references(at, name, (column,))
        return None

    # --- constraints

    def _table_constraint(self) -> Constraint:
        name = self.identifier() if self.accept("CONSTRAINT") else None
        at = self.token.position
        if kind := self._key_kind():
            return KeyConstraint(at, kind, name, self._key_columns())
        if self.accept("CHECK"):
            return self._check(at, name)
        if self.accept("FOREIGN", "KEY"):
            return self._references(at, name, self.names_in_brackets())
        if self.at("DEFAULT"):
            raise self.refuse("DEFAULT ... FOR", "write DEFAULT behind the column")
        raise self.unexpected()

    def _key_kind(self) -> KeyKind | None:
        kind: KeyKind | None = None
        if self.accept("PRIMARY", "KEY"):
            kind = "PRIMARY KEY"
        elif self.accept("UNIQUE"):
            kind = "UNIQUE"
        if kind:
            self.accept_any("CLUSTERED", "NONCLUSTERED")
        return kind

    def _key_columns(self) -> tuple[str, ...]:
        return self.bracketed(lambda: self.comma_separated(self._key_column))

    def _key_column(self) -> str:
        name = self.identifier()
        self.accept_any("ASC", "DESC")
        return name

    def _check(self, at: Position, name: str | None) -> Check:
        start = self.token
        condition = self.bracketed(self.condition)
        return Check(at, name, condition, self.text_since(start))

    def _references(self, at: Position, name: str | None, columns: tuple[str, ...]) -> ForeignKey:
        self.expect("REFERENCES")
        target = self.object_name()
        referenced = self.names_in_brackets() if self.at_operator("(") else ()
        while self.accept("ON"):
            event = self.accept_any("DELETE", "UPDATE")
            if event is None:
                raise self.unexpected()
            if not self.accept("NO", "ACTION"):
                raise self.refuse(f"ON {event} {self.token.upper}", "only NO ACTION is run")
        return ForeignKey(at, name, columns, target, referenced)

    def _primary_filegroup(self) -> None:
        if self.accept("ON") and self.identifier().upper() != "PRIMARY":
            raise self.refuse("a filegroup", "leave it out")
        if self.at("WITH"):
            raise self.refuse("table and index options", "leave them out")

    # --- ALTER TABLE

    def alter_table(self, at: Position) -> AlterTable:
        self.expect("TABLE")
        name = self.object_name()
        if self.accept("WITH", "CHECK") and not self.at("ADD"):
            raise self.unexpected()
        if self.accept("ADD"):
            elements = self.table_elements()
            return AlterTable(at, name, elements.columns, elements.constraints)
        if self.accept("DROP"):
            return self._drop_parts(at, name)
        raise self.refuse(f"ALTER TABLE {self.token.upper}", "use ADD and DROP")

    def _drop_parts(self, at: Position, name: ObjectName) -> AlterTable:
        if self.accept("COLUMN"):
            self._refuse_if_exists()
            columns = self.comma_separated(self.identifier)
            return AlterTable(at, name, drop_columns=columns)
        self.accept("CONSTRAINT")
        self._refuse_if_exists()
        return AlterTable(at, name, drop_constraints=self.comma_separated(self.identifier))

    def _refuse_if_exists(self) -> None:
        if self.at("IF"):
            raise self.refuse("ALTER TABLE DROP ... IF EXISTS", "ask sys.columns first")

    # --- indexes and DROP

    def create_index(self, at: Position, *, unique: bool) -> CreateIndex:
        self.accept_any("CLUSTERED", "NONCLUSTERED")
        self.expect("INDEX")
        name = self.identifier()
        self.expect("ON")
        table = self.object_name()
        columns = self.bracketed(self.order_items)
        include = self.names_in_brackets() if self.accept("INCLUDE") else ()
        where = where_text = None
        if self.accept("WHERE"):
            start = self.token
            where = self.condition()
            where_text = self.text_since(start)
        self._primary_filegroup()
        return CreateIndex(at, name, table, columns, unique, include, where, where_text)

    def drop(self, at: Position) -> Drop:
        if not self.at_any(*DROP_KINDS):
            raise self.unknown_object(self.tokens[self.index - 1])
        kind = DROP_KINDS[self.advance().upper]
        if_exists = self.accept("IF", "EXISTS")
        names = self.comma_separated(self.object_name)
        on = None
        if kind == "INDEX":
            self.expect("ON")
            on = self.object_name()
        return Drop(at, kind, names, if_exists, on)
