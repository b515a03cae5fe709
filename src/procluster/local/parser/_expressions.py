"""Expressions and conditions.

Both come out of one descent, because only what stands behind a bracket tells a condition from a
value. Precedence is that of "Operator Precedence (Transact-SQL)", where unary minus binds less
than ``*``: ``-100.0/-100.0*10.0`` is 0.1.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeGuard, Union, cast, get_args

from procluster.local.parser._calls import CallParser
from procluster.local.parser._words import (
    CALLED_KEYWORDS,
    NILADIC,
)
from procluster.local.syntax import (
    Between,
    Binary,
    BinaryOperator,
    Call,
    Case,
    Cast,
    ColumnRef,
    Comparison,
    ComparisonOperator,
    Condition,
    Exists,
    Expression,
    InList,
    InQuery,
    Like,
    Literal,
    LiteralKind,
    Logic,
    Negation,
    NullTest,
    Position,
    Query,
    ScalarQuery,
    Sign,
    Star,
    SystemVariable,
    Unary,
    Variable,
)

__all__ = ["ExpressionParser"]

Operand = Union[Expression, Condition]
CONDITIONS = get_args(Condition)
LITERALS = ("int", "decimal", "float", "string", "national", "binary")
COLLATION = "SQL_Latin1_General_CP1_CI_AS"
"""The one collation there is."""


def is_condition(found: Operand) -> TypeGuard[Condition]:
    """Whether a condition was read, not a value."""
    return isinstance(found, CONDITIONS)


class ExpressionParser(CallParser):
    """Reads values and conditions."""

    @abstractmethod
    def query(self) -> Query:
        """A subquery; the next class up reads it."""

    def expression(self) -> Expression:
        return self._value(self._sum())

    def condition(self) -> Condition:
        return self._test(self._disjunction())

    def at_query(self) -> bool:
        """Whether a SELECT starts here, behind brackets or not."""
        step = 0
        while (token := self.peek(step)).kind == "operator" and token.text == "(":
            step += 1
        return token.kind == "word" and token.upper == "SELECT"

    # --- conditions

    def _disjunction(self) -> Operand:
        left = self._conjunction()
        while self.at("OR"):
            at = self.advance().position
            left = Logic(at, "OR", self._test(left), self._test(self._conjunction()))
        return left

    def _conjunction(self) -> Operand:
        left = self._negation()
        while self.at("AND"):
            at = self.advance().position
            left = Logic(at, "AND", self._test(left), self._test(self._negation()))
        return left

    def _negation(self) -> Operand:
        if not self.at("NOT"):
            return self._predicate()
        at = self.advance().position
        with self.nested():
            return Negation(at, self._test(self._negation()))

    def _predicate(self) -> Operand:  # noqa: PLR0911
        at = self.token.position
        if self.at("EXISTS"):
            self.advance()
            return Exists(at, self.bracketed(self.query))
        left = self._sum()
        if operator := self._comparison_operator():
            if self.at_any("ALL", "ANY", "SOME"):
                raise self.refuse(f"{operator} {self.token.upper}", "use EXISTS or MIN and MAX")
            return Comparison(at, operator, self._value(left), self.expression())
        if self.accept("IS"):
            negated = self.accept("NOT")
            if self.at("DISTINCT"):
                raise self.refuse("IS DISTINCT FROM", "compare and test for NULL")
            self.expect("NULL")
            return NullTest(at, self._value(left), negated)
        negated = self.accept("NOT")
        if self.accept("IN"):
            return self._membership(at, self._value(left), negated)
        if self.accept("BETWEEN"):
            low = self.expression()
            self.expect("AND")
            return Between(at, self._value(left), low, self.expression(), negated)
        if self.accept("LIKE"):
            pattern = self.expression()
            escape = self.expression() if self.accept("ESCAPE") else None
            return Like(at, self._value(left), pattern, escape, negated)
        if negated:
            raise self.unexpected()
        return left

    def _comparison_operator(self) -> ComparisonOperator | None:
        if not self.at_operator("=", "<>", "<", "<=", ">", ">="):
            return None
        operator = self.advance().text
        if operator in "<>" and self.at_operator("=", ">") and operator + self.token.text != ">>":
            operator += self.advance().text  # T-SQL lets blanks stand inside < = and > =
        return cast("ComparisonOperator", operator)

    def _membership(self, at: Position, left: Expression, negated: bool) -> Condition:
        self.expect_operator("(")
        if self.at_query():
            query = self.query()
            self.expect_operator(")")
            return InQuery(at, left, query, negated)
        choices = self.comma_separated(self.expression)
        self.expect_operator(")")
        return InList(at, left, choices, negated)

    def _test(self, found: Operand) -> Condition:
        if is_condition(found):
            return found
        message = (
            "An expression of non-boolean type specified in a context where a condition is "
            f"expected, near '{self.token.text}'."
        )
        raise self.error(message, 4145)

    def _value(self, found: Operand) -> Expression:
        if is_condition(found):
            raise self.unexpected()
        return cast("Expression", found)

    # --- operators

    def _sum(self) -> Operand:
        left = self._product()
        while self.at_operator("+", "-", "&", "|", "^"):
            token = self.advance()
            operator = cast("BinaryOperator", token.text)
            right = self._value(self._product())
            left = Binary(token.position, operator, self._value(left), right)
        return left

    def _product(self) -> Operand:
        left = self._signed()
        while self.at_operator("*", "/", "%"):
            token = self.advance()
            operator = cast("BinaryOperator", token.text)
            right = self._value(self._signed())
            left = Binary(token.position, operator, self._value(left), right)
        return left

    def _signed(self) -> Operand:
        if self.at_operator("-", "+"):
            token = self.advance()
            with self.nested():
                sign = cast("Sign", token.text)
                return Unary(token.position, sign, self._value(self._product()))
        if self.at_operator("~"):
            token = self.advance()
            with self.nested():
                return Unary(token.position, "~", self._value(self._signed()))
        found = self._primary()
        if self.accept("COLLATE"):
            self._collation()
        if self.at("AT", "TIME", "ZONE"):
            raise self.refuse("AT TIME ZONE", "keep times in UTC")
        return found

    def _collation(self) -> None:
        """The collation that everything has anyway; any other is refused."""
        if not self.at_any("DATABASE_DEFAULT", COLLATION.upper()):
            raise self.refuse(f"COLLATE {self.token.text}", f"one collation is used, {COLLATION}")
        self.advance()

    # --- primaries

    def _primary(self) -> Operand:
        token = self.token
        if token.kind in LITERALS:
            self.advance()
            return Literal(token.position, cast("LiteralKind", token.kind), token.text)
        if token.kind == "variable":
            return Variable(token.position, self.variable())
        if token.kind == "system":
            return SystemVariable(token.position, self.advance().text)
        if self.at_operator("("):
            return self._in_brackets()
        if self.at_identifier():
            return self._named()
        return self._keyword()

    def _in_brackets(self) -> Operand:
        at = self.token.position
        with self.nested():
            if self.at_query() and self.peek().kind == "word":
                return ScalarQuery(at, self.bracketed(self.query))
            return self.bracketed(self._disjunction)

    def _keyword(self) -> Operand:
        token, following = self.token, self.peek()
        if self.accept("NULL"):
            return Literal(token.position, "null", "")
        if self.at("CASE"):
            with self.nested():
                return self._case()
        if self.at("CONVERT") or self.at("TRY_CONVERT"):
            return self._convert()
        if token.kind == "word" and token.upper in NILADIC:
            self.advance()
            return Call(token.position, (token.upper,), ())
        if token.upper in CALLED_KEYWORDS and following[:2] == ("operator", "("):
            return self._named()
        raise self.unexpected()

    def _case(self) -> Case:
        at = self.advance().position
        operand = None if self.at("WHEN") else self.expression()
        branches: list[tuple[Expression | Condition, Expression]] = []
        while self.accept("WHEN"):
            test: Operand = self.condition() if operand is None else self.expression()
            self.expect("THEN")
            branches.append((test, self.expression()))
        if not branches:
            raise self.unexpected()
        otherwise = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return Case(at, operand, tuple(branches), otherwise)

    def _convert(self) -> Cast:
        token = self.advance()
        self.expect_operator("(")
        target = self.data_type(30)
        self.expect_operator(",")
        with self.nested():
            operand = self.expression()
        style = self.expression() if self.accept_operator(",") else None
        self.expect_operator(")")
        return Cast(token.position, operand, target, token.upper == "TRY_CONVERT", style)

    def _cast(self) -> Cast:
        token = self.advance()
        self.expect_operator("(")
        with self.nested():
            operand = self.expression()
        self.expect("AS")
        target = self.data_type(30)
        self.expect_operator(")")
        return Cast(token.position, operand, target, token.upper == "TRY_CAST")

    def _named(self) -> Operand:
        """A column, a function call, or one of the words that only a bracket makes special."""
        token = self.token
        if self.at_any("CAST", "TRY_CAST") and self.peek()[:2] == ("operator", "("):
            return self._cast()
        at, parts = token.position, [self.advance().text]
        while self.accept_operator("."):
            if self.accept_operator("*"):
                return Star(at, tuple(parts))
            parts.append(self.identifier())
        if self.at_operator("("):
            return self.call(at, tuple(parts))
        if len(parts) > 4:
            raise self.unexpected(token)
        return ColumnRef(at, tuple(parts))
