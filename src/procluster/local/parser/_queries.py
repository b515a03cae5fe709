"""Queries: SELECT, set operations, common tables, and the sources of FROM."""

from __future__ import annotations

from typing import cast

from procluster.local.parser._expressions import ExpressionParser
from procluster.local.parser._words import HARMLESS_HINTS
from procluster.local.syntax import (
    CommonTable,
    DerivedTable,
    Expression,
    FunctionTable,
    Join,
    JoinKind,
    JsonColumn,
    Literal,
    LiteralKind,
    NamedTable,
    ObjectName,
    Position,
    Query,
    Select,
    SelectItem,
    SetOperation,
    SetOperator,
    Star,
    TableSource,
    Top,
    ValuesTable,
)

__all__ = ["QueryParser"]

ASSIGNMENT_OPERATORS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=")
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
HARMLESS_OPTIONS = ("RECOMPILE", "MAXDOP")


class QueryParser(ExpressionParser):
    """Reads queries."""

    def query(self) -> Query:
        """A SELECT with everything behind it, ORDER BY included; no WITH in front."""
        return self.query_after(self.token.position, ())

    def query_after(self, at: Position, with_tables: tuple[CommonTable, ...]) -> Query:
        with self.nested():
            body = self._union()
        order = self.order_items() if self.accept("ORDER", "BY") else ()
        offset = fetch = None
        if order and self.accept("OFFSET"):
            offset, fetch = self._page()
        if self.at("FOR"):
            raise self.refuse(f"FOR {self.peek().upper}", "use STRING_AGG")
        self._skip_options()
        return Query(at, body, with_tables, order, offset, fetch)

    def common_tables(self) -> tuple[CommonTable, ...]:
        """``WITH a AS (...), b AS (...)``, or nothing."""
        return self.comma_separated(self._common_table) if self.accept("WITH") else ()

    def _common_table(self) -> CommonTable:
        at, name = self.token.position, self.identifier()
        columns = self.names_in_brackets() if self.at_operator("(") else ()
        self.expect("AS")
        return CommonTable(at, name, columns, self.bracketed(self.query))

    def _page(self) -> tuple[Expression, Expression | None]:
        offset = self.expression()
        if not self.accept_any("ROW", "ROWS"):
            raise self.unexpected()
        if not self.accept("FETCH"):
            return offset, None
        if not self.accept_any("FIRST", "NEXT"):
            raise self.unexpected()
        fetch = self.expression()
        if not self.accept_any("ROW", "ROWS"):
            raise self.unexpected()
        self.expect("ONLY")
        return offset, fetch

    def _skip_options(self) -> None:
        """OPTION (RECOMPILE, MAXDOP n) changes plans, not answers."""
        if self.accept("OPTION"):
            self.bracketed(lambda: self.comma_separated(self._skip_option))

    def _skip_option(self) -> None:
        if not self.at_any(*HARMLESS_OPTIONS):
            raise self.refuse(f"OPTION ({self.token.text})", "leave the hint out")
        if self.advance().upper == "MAXDOP":
            self.integer()

    # --- set operations

    def _union(self) -> Select | SetOperation:
        left = self._intersection()
        while self.at_any("UNION", "EXCEPT"):
            token = self.advance()
            all_rows = token.upper == "UNION" and self.accept("ALL")
            operator = cast("SetOperator", "UNION ALL" if all_rows else token.upper)
            left = SetOperation(token.position, operator, left, self._intersection())
        return left

    def _intersection(self) -> Select | SetOperation:
        left = self._specification()
        while self.at("INTERSECT"):
            at = self.advance().position
            left = SetOperation(at, "INTERSECT", left, self._specification())
        return left

    def _specification(self) -> Select | SetOperation:
        if self.at_operator("("):
            with self.nested():
                return self.bracketed(self._union)
        return self._select()

    def _select(self) -> Select:
        at = self.token.position
        self.expect("SELECT")
        distinct = self.accept_any("ALL", "DISTINCT") == "DISTINCT"
        top = self._top() if self.at("TOP") else None
        items = self.comma_separated(self._select_item)
        into = self.object_name() if self.accept("INTO") else None
        source = self.sources() if self.accept("FROM") else None
        where = self.condition() if self.accept("WHERE") else None
        group_by = self._group_by() if self.accept("GROUP", "BY") else ()
        having = self.condition() if self.accept("HAVING") else None
        if self.at("WINDOW"):
            raise self.refuse("WINDOW", "write the window behind OVER")
        return Select(at, items, distinct, top, into, source, where, group_by, having)

    def _top(self) -> Top:
        at = self.advance().position
        if self.at_operator("("):
            count: Expression = self.bracketed(self.expression)
        elif self.token.kind in ("int", "float", "decimal"):
            token = self.advance()
            count = Literal(token.position, cast("LiteralKind", token.kind), token.text)
        else:
            raise self.unexpected()
        return Top(at, count, self.accept("PERCENT"), self.accept("WITH", "TIES"))

    def _group_by(self) -> tuple[Expression, ...]:
        for words in (("GROUPING", "SETS"), ("ROLLUP",), ("CUBE",), ("ALL",)):
            if self.at(*words):
                raise self.refuse(f"GROUP BY {' '.join(words)}", "use UNION ALL of plain groups")
        found = self.comma_separated(self.expression)
        if self.at("WITH"):
            raise self.refuse(f"GROUP BY WITH {self.peek().upper}", "use UNION ALL of plain groups")
        return found

    def _select_item(self) -> SelectItem:
        token, following = self.token, self.peek()
        operator = following.text if following.kind == "operator" else ""
        if token.kind == "variable" and operator in ASSIGNMENT_OPERATORS:
            self.index += 2
            return SelectItem(token.position, self.expression(), None, token.text, operator)
        if operator == "=" and (self.at_identifier() or token.kind == "string"):
            self.index += 2
            return SelectItem(token.position, self.expression(), token.text)
        if self.accept_operator("*"):
            return SelectItem(token.position, Star(token.position))
        value = self.expression()
        return SelectItem(token.position, value, self._alias(with_strings=True))

    def _alias(self, *, with_strings: bool = False) -> str | None:
        named = self.accept("AS")
        if with_strings and self.token.kind in ("string", "national"):
            return self.advance().text
        return self.identifier() if named or self.at_identifier() else None

    # --- sources

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
        alias = self._alias()
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
        alias = self._alias()
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
