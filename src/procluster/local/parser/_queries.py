"""Queries: SELECT, set operations, common tables, and the sources of FROM."""

from __future__ import annotations

from typing import cast

from procluster.local.parser._sources import SourceParser
from procluster.local.syntax import (
    CommonTable,
    Expression,
    Literal,
    LiteralKind,
    Position,
    Query,
    Select,
    SelectItem,
    SetOperation,
    SetOperator,
    Star,
    Top,
)

__all__ = ["QueryParser"]

ASSIGNMENT_OPERATORS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=")
HARMLESS_OPTIONS = ("RECOMPILE", "MAXDOP")


class QueryParser(SourceParser):
    """Reads queries."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.into_select = -1
        """Index of the one SELECT that may have INTO, the first of its statement."""

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
        at, start = self.token.position, self.index
        self.expect("SELECT")
        distinct = self.accept_any("ALL", "DISTINCT") == "DISTINCT"
        top = self._top() if self.at("TOP") else None
        items = self.comma_separated(self._select_item)
        into = None
        if self.at("INTO"):
            if start != self.into_select:
                raise self.unexpected()
            self.advance()
            into = self.object_name()
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
        return SelectItem(token.position, value, self.alias(with_strings=True))
