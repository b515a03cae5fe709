"""Values and conditions, read by precedence.

Both come out of one descent, because only what stands behind a bracket tells a condition from a
value. Precedence is that of "Operator Precedence (Transact-SQL)", where unary minus binds less
than ``*``: ``-100.0/-100.0*10.0`` is 0.1.
"""

from contextlib import suppress
from typing import Union, cast

from procluster.local import syntax as ast
from procluster.local.messages import syntax_error
from procluster.local.reader import MismatchError, TokenReader
from procluster.local.words import CALLED_KEYWORDS, COLLATION, DATEPART_FUNCTIONS, NILADIC

Operand = Union[ast.Expression, ast.Condition]
LOGIC = {"OR": 1, "AND": 2}
ARITHMETIC = {"+": 1, "-": 1, "&": 1, "|": 1, "^": 1, "*": 2, "/": 2, "%": 2}
"""How strongly an operator binds."""

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
NUMBERS = ("int", "decimal", "float")
LITERALS = (*NUMBERS, "string", "national", "binary")
BEHIND_CALL = ("WITHIN", "IGNORE", "RESPECT", "OVER")


class ExpressionParser(TokenReader):
    """Reads values and conditions; CASE, CAST, OVER and queries in them are the grammar's."""

    def expression(self) -> ast.Expression:
        return self._value(self._arithmetic())

    def condition(self) -> ast.Condition:
        return self._test(self._logic())

    def _test(self, found: Operand) -> ast.Condition:
        if isinstance(found, ast.Condition):
            return found
        raise syntax_error(4145, self.token.text, at=self.token.at)

    def _value(self, found: Operand) -> ast.Expression:
        if isinstance(found, ast.Condition):
            raise self.unexpected(self.token)
        return found

    # --- conditions

    def _logic(self, least: int = 1) -> Operand:
        left = self._negation()
        while (strength := LOGIC.get(self.token.key, 0)) >= least:
            word = self.advance()
            right = self._test(self._logic(strength + 1))
            left = ast.Logic(word.at, word.key, self._test(left), right)
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
        left = self._arithmetic()
        if operator := self._comparison_operator():
            if self.at("ALL", "ANY", "SOME"):
                raise self.refuse(f"{operator} {self.token.key}", "use EXISTS or MIN and MAX")
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
            if self._at_query():
                start = self.index
                with suppress(MismatchError):
                    return ast.InQuery(at, self._value(left), self._subquery())
                self.index = start  # IN ((SELECT 1), 2)
            self.expect("(")
            choices = self.listed(self.expression)
            self.expect(")")
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
        if not self.at(*COMPARISONS):
            self.fail()
            return ""
        operator = self.advance().text
        if operator in "<>" and self.at("=", ">") and operator + self.token.text != ">>":
            operator += self.advance().text  # T-SQL lets blanks stand inside < = and > =
        return operator

    def _at_query(self) -> bool:
        """Whether a SELECT in brackets, however many, starts here."""
        step = 0
        while self.peek(step).key == "(":
            step += 1
        return step > 0 and self.peek(step).key == "SELECT"

    def _subquery(self) -> ast.Query:
        self.expect("(")
        with self.nested():
            query = cast("ast.Query", self.need("query"))
        self.expect(")")
        return query

    # --- values

    def _arithmetic(self, least: int = 1) -> Operand:
        left = self._signed()
        while (strength := ARITHMETIC.get(self.token.key, 0)) >= least:
            sign = self.advance()
            right = self._value(self._arithmetic(strength + 1))
            left = ast.Binary(sign.at, sign.key, self._value(left), right)
        self.fail()
        return left

    def _signed(self) -> Operand:
        if self.at("-", "+", "~"):
            sign = self.advance()
            with self.nested():
                operand = self._signed() if sign.key == "~" else self._arithmetic(2)
                return ast.Unary(sign.at, sign.key, self._value(operand))
        found = self._primary()
        if self.accept("COLLATE"):
            if not self.at("DATABASE_DEFAULT", COLLATION.upper()):
                reason = f"one collation is used, {COLLATION}"
                raise self.refuse(f"COLLATE {self.token.text}", reason)
            self.advance()
        if self.at("AT") and self.peek().key == "TIME":
            raise self.refuse("AT TIME ZONE", "keep times in UTC")
        return found

    def _primary(self) -> Operand:  # noqa: PLR0911 - one return for each kind of token
        token, key = self.token, self.token.key
        if key in LITERALS:
            return ast.Literal(token.at, key, self.advance().text)
        if key == "variable":
            return ast.Variable(token.at, self.advance().text)
        if key == "(":
            return self._in_brackets()
        is_call = self.peek().key == "("
        if key in ("CONVERT", "TRY_CONVERT") or (is_call and key in ("CAST", "TRY_CAST")):
            return cast("ast.Cast", self.need("cast"))
        if key == "CASE" or (is_call and key == "IIF"):
            return cast("ast.Case", self.need("case"))
        if self.at_identifier() or (is_call and key in CALLED_KEYWORDS):
            return self._named()
        if self.accept("NULL"):
            return ast.Literal(token.at, "null")
        if key in NILADIC:
            return ast.Call(token.at, (self.advance().key,))
        raise self.mismatch()

    def _in_brackets(self) -> Operand:
        at = self.token.at
        if self.peek().key == "SELECT":
            return ast.ScalarQuery(at, self._subquery())
        self.expect("(")
        with self.nested():
            found = self._logic()
        self.expect(")")
        return found

    def _named(self) -> ast.Expression:
        """A column or a function call."""
        at, parts = self.token.at, [self.advance().text]
        while self.accept("."):
            if self.accept("*"):
                return ast.Star(at, tuple(parts))
            parts.append(self.identifier())
        if not self.at("("):
            return ast.ColumnRef(at, tuple(parts))
        return self.call(at, tuple(parts))

    def call(self, at: ast.Position, parts: tuple[str, ...]) -> ast.Call:
        """A call from its opening bracket on."""
        name = (parts[0].upper(),) if len(parts) == 1 else parts
        self.expect("(")
        distinct, word = not self.accept("ALL") and self.accept("DISTINCT"), ""
        arguments: tuple[ast.Expression, ...] = ()
        with self.nested():
            if name[0] in DATEPART_FUNCTIONS and len(name) == 1:
                word = self.advance().text.upper()
                if self.accept(","):
                    arguments = self.listed(self.expression)
            elif not self.at(")"):
                arguments = self.listed(lambda: self._argument(name))
        self.expect(")")
        behind = self.need("behind_call") if self.at(*BEHIND_CALL) else {}
        if self.at("OVER"):
            raise self.mismatch()
        return ast.Call(at, name, arguments, word, distinct, **behind)

    def _argument(self, name: tuple[str, ...]) -> ast.Expression:
        if self.at("*"):
            return ast.Star(self.advance().at)
        if len(name) > 1 and self.at("DEFAULT"):
            return ast.Literal(self.advance().at, "default")
        found = self.expression()
        if self.at("FROM", "AS"):
            raise self.refuse(f"{name[0]} with {self.token.key}", "use the form with commas")
        return found
