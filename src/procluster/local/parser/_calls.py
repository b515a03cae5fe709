"""Function calls: arguments, WITHIN GROUP, OVER; and ORDER BY lists."""

from __future__ import annotations

from abc import abstractmethod

from procluster.local.parser._cursor import Cursor
from procluster.local.parser._words import (
    DATEPART_FUNCTIONS,
)
from procluster.local.syntax import (
    Call,
    Condition,
    Expression,
    Literal,
    OrderItem,
    Position,
    Star,
    Window,
)

__all__ = ["CallParser"]


class CallParser(Cursor):
    """Reads function calls."""

    @abstractmethod
    def expression(self) -> Expression:
        """A value; the next class up reads it."""

    @abstractmethod
    def condition(self) -> Condition:
        """A condition; the next class up reads it."""

    def order_items(self) -> tuple[OrderItem, ...]:
        return self.comma_separated(self._order_item)

    def call(self, at: Position, parts: tuple[str, ...]) -> Call:
        """A call from its opening bracket on."""
        name = (parts[0].upper(),) if len(parts) == 1 else parts
        self.expect_operator("(")
        distinct = self.accept("DISTINCT")
        words: tuple[str, ...] = ()
        arguments: list[Expression | Condition] = []
        with self.nested():
            if name[0] in DATEPART_FUNCTIONS and len(name) == 1:
                words = (self._bare_word(),)
            elif not self.at_operator(")"):
                arguments.append(self._argument(name, len(arguments)))
            while self.accept_operator(","):
                arguments.append(self._argument(name, len(arguments)))
        self.expect_operator(")")
        within = self._within_group()
        if self.at_any("IGNORE", "RESPECT"):
            raise self.refuse(f"{self.token.upper} NULLS", "filter the rows instead")
        over = self._window() if self.accept("OVER") else None
        return Call(at, name, tuple(arguments), words, distinct, within, over)

    def _bare_word(self) -> str:
        if self.token.kind not in ("word", "quoted"):
            raise self.unexpected()
        return self.advance().upper

    def _argument(self, name: tuple[str, ...], place: int) -> Expression | Condition:
        if self.at_operator("*"):
            return Star(self.advance().position)
        if name == ("IIF",) and place == 0:
            return self.condition()
        if len(name) > 1 and self.at("DEFAULT"):
            return Literal(self.advance().position, "default", "")
        found = self.expression()
        if self.at("FROM") or self.at("AS"):
            raise self.refuse(f"{name[0]} with {self.token.upper}", "use the form with commas")
        return found

    def _within_group(self) -> tuple[OrderItem, ...]:
        if not self.accept("WITHIN", "GROUP"):
            return ()
        self.expect_operator("(")
        self.expect("ORDER", "BY")
        items = self.order_items()
        self.expect_operator(")")
        return items

    def _window(self) -> Window:
        at = self.token.position
        if not self.at_operator("("):
            raise self.refuse("OVER with a window name", "write the window in brackets")
        self.advance()
        partition: tuple[Expression, ...] = ()
        if self.accept("PARTITION"):
            self.expect("BY")
            partition = self.comma_separated(self.expression)
        order = self.order_items() if self.accept("ORDER", "BY") else ()
        frame = self._frame() if self.at_any("ROWS", "RANGE") else None
        self.expect_operator(")")
        return Window(at, partition, order, frame)

    def _frame(self) -> str:
        unit = self.advance().upper
        if not self.accept("BETWEEN"):
            return f"{unit} {self._frame_bound()}"
        start = self._frame_bound()
        self.expect("AND")
        return f"{unit} BETWEEN {start} AND {self._frame_bound()}"

    def _frame_bound(self) -> str:
        if self.accept("CURRENT", "ROW"):
            return "CURRENT ROW"
        size = "UNBOUNDED" if self.accept("UNBOUNDED") else str(self.integer())
        side = self.accept_any("PRECEDING", "FOLLOWING")
        if side is None:
            raise self.unexpected()
        return f"{size} {side}"

    def _order_item(self) -> OrderItem:
        at = self.token.position
        value = self.expression()
        descending = self.accept_any("ASC", "DESC") == "DESC"
        return OrderItem(at, value, descending)
