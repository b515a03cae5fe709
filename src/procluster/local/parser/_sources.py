"""The sources of FROM: tables, joins, subqueries, VALUES, table functions."""

from __future__ import annotations

from procluster.local.parser._expressions import ExpressionParser
from procluster.local.parser._words import HARMLESS_HINTS
from procluster.local.syntax import (
    DerivedTable,
    Expression,
    FunctionTable,
    Join,
    JoinKind,
    JsonColumn,
    Literal,
    NamedTable,
    ObjectName,
    TableSource,
    ValuesTable,
)

__all__ = ["SourceParser"]

JOIN_KINDS: dict[tuple[str, ...], JoinKind] = {
    ("JOIN",): "INNER",
    ("INNER", "JOIN"): "INNER",
    ("LEFT", "JOIN"): "LEFT",
    ("LEFT", "OUTER", "JOIN"): "LEFT",
    ("RIGHT", "JOIN"): "RIGHT",
    ("RIGHT", "OUTER", "JOIN"): "RIGHT",
    ("FULL", "JOIN"): "FULL",
    ("FULL", "OUTER", "JOIN"): "FULL",
    ("CROSS", "JOIN"): "CROSS",
    ("CROSS", "APPLY"): "CROSS APPLY",
    ("OUTER", "APPLY"): "OUTER APPLY",
}
CONDITIONAL_JOINS: tuple[JoinKind, ...] = ("INNER", "LEFT", "RIGHT", "FULL")


class SourceParser(ExpressionParser):
    """Reads what stands behind FROM."""

    def sources(self) -> TableSource:
        """What stands behind FROM."""
        left = self._joined()
        while self.at_operator(","):
            at = self.advance().position
            left = Join(at, "CROSS", left, self._joined(), None)
        return left

    def _joined(self) -> TableSource:
        return self._join_all(self._source())

    def _join_all(self, left: TableSource) -> TableSource:
        while kind := self._join_kind():
            left = self._join(kind, left)
        return left

    def _join(self, kind: JoinKind, left: TableSource) -> Join:
        at = self.token.position
        right = self._source()
        if kind not in CONDITIONAL_JOINS:
            return Join(at, kind, left, right, None)
        while not self.at("ON"):  # a JOIN b JOIN c ON ... ON ...
            inner = self._join_kind()
            if inner is None:
                raise self.unexpected()
            with self.nested():
                right = self._join(inner, right)
        self.expect("ON")
        return Join(at, kind, left, right, self.condition())

    def _join_kind(self) -> JoinKind | None:
        for words, kind in JOIN_KINDS.items():
            if self.accept(*words):
                return kind
        if self.at_any("INNER", "LEFT", "RIGHT", "FULL") and self.peek().kind == "word":
            raise self.refuse("a join hint", "leave the hint out", self.peek())
        return None

    def _source(self) -> TableSource:
        if self.at_operator("("):
            with self.nested():
                found = self._source_in_brackets()
        elif self.token.kind == "variable":
            found = self._named_table(ObjectName(self.token.position, (self.advance().text,)))
        else:
            name = self.object_name()
            found = self._function(name) if self.at_operator("(") else self._named_table(name)
        if self.at_any("PIVOT", "UNPIVOT", "TABLESAMPLE"):
            raise self.refuse(self.token.upper, "use CASE and aggregates")
        return found

    def _source_in_brackets(self) -> TableSource:
        at = self.token.position
        following = self.peek()
        if following.kind == "word" and following.upper == "VALUES":
            self.advance()
            rows = self.value_rows()
            self.expect_operator(")")
            alias = self._required_alias()
            return ValuesTable(at, rows, alias, self.names_in_brackets())
        if self.at_query() and self._derived():
            query = self.bracketed(self.query)
            alias = self._required_alias()
            columns = self.names_in_brackets() if self.at_operator("(") else ()
            return DerivedTable(at, query, alias, columns)
        return self.bracketed(self._joined)

    def _derived(self) -> bool:
        """Whether these brackets hold a query, not a join whose first source is a query."""
        following = self.peek()
        if following.kind == "word":
            return True
        depth, step = 0, 1
        while (token := self.peek(step)).kind != "end":
            if token.kind == "operator" and token.text in "()":
                depth += 1 if token.text == "(" else -1
                if depth == 0:
                    break
            step += 1
        following = self.peek(step + 1)
        return following.upper in (")", "UNION", "EXCEPT", "INTERSECT", "ORDER")

    def _required_alias(self) -> str:
        self.accept("AS")
        return self.identifier()

    def value_rows(self) -> tuple[tuple[Expression, ...], ...]:
        """``VALUES (1, 2), (3, 4)``; DEFAULT may stand for a value."""
        self.expect("VALUES")
        return self.comma_separated(
            lambda: self.bracketed(lambda: self.comma_separated(self._row_value))
        )

    def _row_value(self) -> Expression:
        if self.at("DEFAULT"):
            return Literal(self.advance().position, "default", "")
        return self.expression()

    def _named_table(self, name: ObjectName) -> NamedTable:
        if self.at("FOR", "SYSTEM_TIME"):
            raise self.refuse("FOR SYSTEM_TIME", "temporal tables are left out")
        alias = self.alias()
        return NamedTable(name.at, name, alias, self.hints())

    def hints(self) -> tuple[str, ...]:
        """``WITH (UPDLOCK, HOLDLOCK)``, or nothing."""
        following = self.peek()
        if not self.at("WITH") or following.kind != "operator" or following.text != "(":
            return ()
        self.advance()
        return self.bracketed(lambda: self.comma_separated(self._hint))

    def _hint(self) -> str:
        if not self.at_any(*HARMLESS_HINTS):
            raise self.refuse(f"table hint {self.token.text}", "leave the hint out")
        return self.advance().upper

    def _function(self, name: ObjectName) -> FunctionTable:
        call = self.call(name.at, name.parts)
        schema = self._json_schema() if call.name == ("OPENJSON",) and self.at("WITH") else None
        alias = self.alias()
        columns = self.names_in_brackets() if alias and self.at_operator("(") else ()
        return FunctionTable(name.at, call, alias, columns, schema)

    def _json_schema(self) -> tuple[JsonColumn, ...]:
        self.expect("WITH")
        return self.bracketed(lambda: self.comma_separated(self._json_column))

    def _json_column(self) -> JsonColumn:
        at, name, kind = self.token.position, self.identifier(), self.data_type()
        path = None
        if self.token.kind in ("string", "national"):
            path = self.advance().text
        return JsonColumn(at, name, kind, path, self.accept("AS", "JSON"))

    def alias(self, *, with_strings: bool = False) -> str | None:
        named = self.accept("AS")
        if with_strings and self.token.kind in ("string", "national"):
            return self.advance().text
        return self.identifier() if named or self.at_identifier() else None
