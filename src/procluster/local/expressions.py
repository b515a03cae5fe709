"""Values and conditions, read by precedence.

Both come out of one descent, because only what stands behind a bracket tells a condition from a
value. Precedence is that of "Operator Precedence (Transact-SQL)", where unary minus binds less
than ``*``: ``-100.0/-100.0*10.0`` is 0.1.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, Union, cast

from procluster.errors import Refusal, SyntaxRefusal
from procluster.local import syntax as ast
from procluster.local.lexer import Token, tokenize
from procluster.local.messages import refuse, syntax_error
from procluster.local.rules import FAIL
from procluster.local.types import ALIASES, KINDS, MAX, SqlType, resolve
from procluster.local.words import (
    CALLED_KEYWORDS,
    DATEPART_FUNCTIONS,
    NILADIC,
    RESERVED,
    UNSUPPORTED_TYPES,
)

T = TypeVar("T")
Operand = Union[ast.Expression, ast.Condition]
MAX_DEPTH = 40
COLLATION = "SQL_Latin1_General_CP1_CI_AS"
"""The one collation there is."""

LOGIC = ("OR", "AND")
ARITHMETIC = (("+", "-", "&", "|", "^"), ("*", "/", "%"))
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
NUMBERS = ("int", "decimal", "float")
LITERALS = (*NUMBERS, "string", "national", "binary")
BOUND = r"(UNBOUNDED (PRECEDING|FOLLOWING)|CURRENT ROW)"
ROWS_BOUND = r"((UNBOUNDED|\d+) (PRECEDING|FOLLOWING)|CURRENT ROW)"
FRAME = re.compile(
    rf"RANGE ({BOUND}|BETWEEN {BOUND} AND {BOUND})"
    rf"|ROWS ({ROWS_BOUND}|BETWEEN {ROWS_BOUND} AND {ROWS_BOUND})"
)
MULTIPLE_WORD_TYPES = {
    ("DOUBLE", "PRECISION"): "float", ("CHARACTER", "VARYING"): "varchar",
    ("CHAR", "VARYING"): "varchar", ("NATIONAL", "CHARACTER", "VARYING"): "nvarchar",
    ("NATIONAL", "CHAR", "VARYING"): "nvarchar", ("NATIONAL", "CHARACTER"): "nchar",
    ("NATIONAL", "CHAR"): "nchar",
}  # fmt: skip


class MismatchError(Exception):
    """What stands here is not what was looked for."""


class ExpressionParser:
    """Reads tokens from left to right; this class: names, types, values and conditions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = self.farthest = self.depth = 0

    @abstractmethod
    def need(self, name: str) -> Any:
        """What a rule of the grammar reads, or :class:`MismatchError`."""

    # --- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def peek(self, distance: int = 1) -> Token:
        return self.tokens[min(self.index + distance, len(self.tokens) - 1)]

    def fail(self) -> object:
        self.farthest = max(self.farthest, self.index)
        return FAIL

    def mismatch(self) -> MismatchError:
        self.fail()
        return MismatchError()

    def attempt(self, read: Callable[[], T]) -> T | object:
        """What a method reads, or FAIL with everything as it was."""
        start = self.index
        try:
            return read()
        except MismatchError:
            self.index = start
            return FAIL

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these words."""
        found = [(token.kind, token.upper) for token in map(self.peek, range(len(words)))]
        return found == [("word", word) for word in words]

    def at_any(self, *words: str) -> bool:
        return self.token.kind == "word" and self.token.upper in words

    def at_sign(self, *signs: str) -> bool:
        return self.token.kind == "operator" and self.token.text in signs

    def accept(self, *words: str) -> bool:
        found = self.at(*words)
        self.index += len(words) * found
        if not found:
            self.fail()
        return found

    def accept_sign(self, sign: str) -> bool:
        found = self.at_sign(sign)
        self.index += found
        if not found:
            self.fail()
        return found

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise self.mismatch()

    def expect_sign(self, sign: str) -> None:
        if not self.accept_sign(sign):
            raise self.mismatch()

    def advance(self) -> Token:
        token = self.token
        self.index += token.kind != "end"
        return token

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

    def unexpected(self, token: Token) -> SyntaxRefusal:
        """SQL Server's 102, or 156 for a keyword."""
        if token.kind == "end" and len(self.tokens) > 1:
            token = self.tokens[-2]
        is_keyword = token.kind == "word" and token.upper in RESERVED
        return syntax_error(156 if is_keyword else 102, token.text[:128], at=token.at)

    def refuse(self, what: str, reason: str) -> Refusal:
        return refuse(what, reason, self.token.at)

    # --- names, lists and types

    def at_identifier(self) -> bool:
        token = self.token
        return token.kind == "quoted" or (token.kind == "word" and token.upper not in RESERVED)

    def identifier(self) -> str:
        if not self.at_identifier():
            raise self.mismatch()
        return self.advance().text

    def object_name(self) -> ast.ObjectName:
        """One to four parts; an empty middle part (``db..t``) is refused."""
        at, parts = self.token.at, [self.identifier()]
        while self.at_sign("."):
            self.advance()
            if self.at_sign("."):
                raise self.refuse("a name with an empty part", "name the schema")
            parts.append(self.identifier())
        if len(parts) > 4:
            raise syntax_error(117, ".".join(parts), at=at)
        return ast.ObjectName(at, tuple(parts))

    def integer(self) -> int:
        """A whole number, with its sign."""
        sign = -1 if self.accept_sign("-") else 1
        if self.token.kind != "int":
            raise self.mismatch()
        return sign * int(self.advance().text)

    def listed(self, read: Callable[[], T]) -> tuple[T, ...]:
        found = [read()]
        while self.accept_sign(","):
            found.append(read())
        return tuple(found)

    def data_type(self, default_length: int = 1) -> SqlType:
        """A data type; ``default_length`` is 30 in CAST and CONVERT."""
        token, name = self.token, self._type_name()
        size = scale = None
        if self.accept_sign("("):
            size = MAX if self.accept("MAX") else self.integer()
            scale = self.integer() if self.accept_sign(",") else None
            self.expect_sign(")")
        if name in UNSUPPORTED_TYPES:
            raise refuse(f"type {name}", UNSUPPORTED_TYPES[name], token.at)
        kind = KINDS.get(ALIASES.get(name, name))
        if kind is None:
            raise syntax_error(2715, token.text, at=token.at)
        if kind.sizes == "length" and size is None and name != "sysname":
            size = default_length
        try:
            return resolve(name, size, scale)
        except ValueError as fault:
            raise syntax_error(1001, size, fault, at=token.at) from None

    def _type_name(self) -> str:
        for words, name in MULTIPLE_WORD_TYPES.items():
            if self.at(*words):
                self.index += len(words)
                return name
        if self.at_any("TABLE", "CURSOR"):
            return self.advance().text.lower()
        if self.at("SYS"):
            self.index += 2
        name = self.identifier()
        if self.at_sign("."):
            raise self.refuse(f"type {name}.{self.peek().text}", "use a system type")
        return name.lower()

    # --- conditions

    def expression(self) -> ast.Expression:
        return self._value(self._arithmetic(0))

    def condition(self) -> ast.Condition:
        return self._test(self._logic(0))

    def _test(self, found: Operand) -> ast.Condition:
        if isinstance(found, ast.Condition):
            return found
        raise syntax_error(4145, self.token.text, at=self.token.at)

    def _value(self, found: Operand) -> ast.Expression:
        if isinstance(found, ast.Condition):
            raise self.unexpected(self.token)
        return found

    def _logic(self, level: int) -> Operand:
        if level == len(LOGIC):
            return self._negation()
        left = self._logic(level + 1)
        while self.at(LOGIC[level]):
            word = self.advance()
            right = self._test(self._logic(level + 1))
            left = ast.Logic(word.at, word.upper, self._test(left), right)
        return left

    def _negation(self) -> Operand:
        if not self.at("NOT"):
            return self._predicate()
        at = self.advance().at
        with self.nested():
            return ast.Negation(at, self._test(self._negation()))

    def _predicate(self) -> Operand:
        at = self.token.at
        if self.accept("EXISTS"):
            return ast.Exists(at, self._subquery())
        left = self._arithmetic(0)
        if operator := self._comparison_operator():
            if self.at_any("ALL", "ANY", "SOME"):
                raise self.refuse(f"{operator} {self.token.upper}", "use EXISTS or MIN and MAX")
            return ast.Comparison(at, operator, self._value(left), self.expression())
        is_test = self.accept("IS")
        negated = self.accept("NOT")
        if is_test:
            if self.at("DISTINCT"):
                raise self.refuse("IS DISTINCT FROM", "compare and test for NULL")
            self.expect("NULL")
            found: ast.Condition = ast.NullTest(at, self._value(left))
        elif (test := self._membership(at, left)) is not None:
            found = test
        elif negated:
            raise self.mismatch()
        else:
            return left
        return ast.Negation(at, found) if negated else found

    def _membership(self, at: ast.Position, left: Operand) -> ast.Condition | None:
        """IN, BETWEEN (two comparisons) or LIKE."""
        if self.accept("IN"):
            if self.peek().upper == "SELECT" or (self.peek().text == "(" and self._at_query(1)):
                return ast.InQuery(at, self._value(left), self._subquery())
            self.expect_sign("(")
            choices = self.listed(self.expression)
            self.expect_sign(")")
            return ast.InList(at, self._value(left), choices)
        if self.accept("BETWEEN"):
            value, low = self._value(left), self.expression()
            self.expect("AND")
            high = ast.Comparison(at, "<=", value, self.expression())
            return ast.Logic(at, "AND", ast.Comparison(at, ">=", value, low), high)
        if self.accept("LIKE"):
            pattern = self.expression()
            escape = self.expression() if self.accept("ESCAPE") else None
            return ast.Like(at, self._value(left), pattern, escape)
        return None

    def _comparison_operator(self) -> str:
        if not self.at_sign(*COMPARISONS):
            self.fail()
            return ""
        operator = self.advance().text
        if operator in "<>" and self.at_sign("=", ">") and operator + self.token.text != ">>":
            operator += self.advance().text  # T-SQL lets blanks stand inside < = and > =
        return operator

    def _at_query(self, step: int = 0) -> bool:
        """Whether a SELECT starts here, behind brackets or not."""
        while self.peek(step).kind == "operator" and self.peek(step).text == "(":
            step += 1
        return self.peek(step).kind == "word" and self.peek(step).upper == "SELECT"

    def _subquery(self) -> ast.Query:
        self.expect_sign("(")
        with self.nested():
            query = cast("ast.Query", self.need("query"))
        self.expect_sign(")")
        return query

    # --- values

    def _arithmetic(self, level: int) -> Operand:
        if level == len(ARITHMETIC):
            return self._signed()
        left = self._arithmetic(level + 1)
        while self.at_sign(*ARITHMETIC[level]):
            sign = self.advance()
            right = self._value(self._arithmetic(level + 1))
            left = ast.Binary(sign.at, sign.text, self._value(left), right)
        self.fail()
        return left

    def _signed(self) -> Operand:
        if self.at_sign("-", "+", "~"):
            sign = self.advance()
            with self.nested():
                operand = self._signed() if sign.text == "~" else self._arithmetic(1)
                return ast.Unary(sign.at, sign.text, self._value(operand))
        found = self._primary()
        if self.accept("COLLATE"):
            if not self.at_any("DATABASE_DEFAULT", COLLATION.upper()):
                reason = f"one collation is used, {COLLATION}"
                raise self.refuse(f"COLLATE {self.token.text}", reason)
            self.advance()
        if self.at("AT", "TIME", "ZONE"):
            raise self.refuse("AT TIME ZONE", "keep times in UTC")
        return found

    def _primary(self) -> Operand:  # noqa: PLR0911 - one return for each kind of token
        token, following = self.token, self.peek()
        if token.kind in LITERALS:
            return ast.Literal(token.at, token.kind, self.advance().text)
        if token.kind == "variable":
            return ast.Variable(token.at, self.advance().text)
        if self.at_sign("("):
            return self._in_brackets()
        is_call = following.kind == "operator" and following.text == "("
        if self.at_identifier() or (is_call and self.at_any(*CALLED_KEYWORDS)):
            if is_call and self.at_any("CAST", "TRY_CAST"):
                return self._cast()
            return self._named()
        if self.at_any("CONVERT", "TRY_CONVERT"):
            return self._convert()
        if self.accept("NULL"):
            return ast.Literal(token.at, "null")
        if self.at("CASE"):
            with self.nested():
                return self._case()
        if self.at_any(*NILADIC):
            return ast.Call(token.at, (self.advance().upper,))
        raise self.mismatch()

    def _in_brackets(self) -> Operand:
        at = self.token.at
        if self.peek().kind == "word" and self.peek().upper == "SELECT":
            return ast.ScalarQuery(at, self._subquery())
        self.expect_sign("(")
        with self.nested():
            found = self._logic(0)
        self.expect_sign(")")
        return found

    def _case(self) -> ast.Case:
        at = self.advance().at
        operand = None if self.at("WHEN") else self.expression()
        branches = [self._branch(simple=operand is not None)]
        while self.at("WHEN"):
            branches.append(self._branch(simple=operand is not None))
        otherwise = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return ast.Case(at, tuple(branches), operand, otherwise)

    def _branch(self, *, simple: bool) -> ast.Branch:
        at = self.token.at
        self.expect("WHEN")
        test: Operand = self.expression() if simple else self.condition()
        self.expect("THEN")
        return ast.Branch(at, test, self.expression())

    def _convert(self) -> ast.Cast:
        word = self.advance()
        self.expect_sign("(")
        target = self.data_type(30)
        self.expect_sign(",")
        with self.nested():
            operand = self.expression()
            style = self.expression() if self.accept_sign(",") else None
        self.expect_sign(")")
        return ast.Cast(word.at, operand, target, word.upper == "TRY_CONVERT", style)

    def _cast(self) -> ast.Cast:
        word = self.advance()
        self.expect_sign("(")
        with self.nested():
            operand = self.expression()
        self.expect("AS")
        target = self.data_type(30)
        self.expect_sign(")")
        return ast.Cast(word.at, operand, target, word.upper == "TRY_CAST")

    def _named(self) -> Operand:
        """A column or a function call."""
        at, parts = self.token.at, [self.advance().text]
        while self.accept_sign("."):
            if self.accept_sign("*"):
                return ast.Star(at, tuple(parts))
            parts.append(self.identifier())
        if not self.at_sign("("):
            return ast.ColumnRef(at, tuple(parts))
        call = self.call(at, tuple(parts))
        if call.name != ("IIF",):
            return call
        if len(call.arguments) != 3:
            raise syntax_error(174, "iif", 3, at=at)
        test, yes, no = call.arguments
        branch = ast.Branch(at, self._test(test), self._value(yes))
        return ast.Case(at, (branch,), otherwise=self._value(no))

    # --- calls

    def call(self, at: ast.Position, parts: tuple[str, ...]) -> ast.Call:
        """A call from its opening bracket on."""
        name = (parts[0].upper(),) if len(parts) == 1 else parts
        self.expect_sign("(")
        distinct, word = self.accept("DISTINCT"), ""
        arguments: tuple[Operand, ...] = ()
        with self.nested():
            if name[0] in DATEPART_FUNCTIONS and len(name) == 1:
                word = self.advance().upper
                if self.accept_sign(","):
                    arguments = self.listed(self.expression)
            elif not self.at_sign(")"):
                arguments = self.listed(lambda: self._argument(name))
        self.expect_sign(")")
        within: tuple[ast.OrderItem, ...] = ()
        if self.accept("WITHIN", "GROUP"):
            self.expect_sign("(")
            within = self._order_by()
            self.expect_sign(")")
        if self.at_any("IGNORE", "RESPECT"):
            raise self.refuse(f"{self.token.upper} NULLS", "filter the rows instead")
        over = self._window() if self.accept("OVER") else None
        return ast.Call(at, name, arguments, word, distinct, within, over)

    def _argument(self, name: tuple[str, ...]) -> Operand:
        if self.at_sign("*"):
            return ast.Star(self.advance().at)
        if len(name) > 1 and self.at("DEFAULT"):
            return ast.Literal(self.advance().at, "default")
        found = self._logic(0) if name == ("IIF",) else self.expression()
        if self.at_any("FROM", "AS"):
            raise self.refuse(f"{name[0]} with {self.token.upper}", "use the form with commas")
        return found

    def _order_by(self) -> tuple[ast.OrderItem, ...]:
        self.expect("ORDER", "BY")
        return self.listed(lambda: cast("ast.OrderItem", self.need("order_item")))

    def _window(self) -> ast.Window:
        at = self.token.at
        if not self.at_sign("("):
            raise self.refuse("OVER with a window name", "write the window in brackets")
        self.advance()
        partition: tuple[ast.Expression, ...] = ()
        if self.accept("PARTITION", "BY"):
            partition = self.listed(self.expression)
        order = self._order_by() if self.at("ORDER") else ()
        words = []
        while self.token.kind in ("word", "int"):
            words.append(self.advance().upper)
        frame = " ".join(words)
        if frame and not FRAME.fullmatch(frame):
            raise self.unexpected(self.tokens[self.index - len(words)])
        self.expect_sign(")")
        return ast.Window(at, partition, order, frame)
