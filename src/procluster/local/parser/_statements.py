"""Statements: variables, control flow, errors, transactions, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from procluster.local.lexer import Token
from procluster.local.parser._variables import VariableParser
from procluster.local.parser._words import RESERVED, UNSUPPORTED_STATEMENTS
from procluster.local.syntax import (
    BeginTransaction,
    Block,
    Break,
    CommitTransaction,
    Continue,
    Expression,
    If,
    Literal,
    LiteralKind,
    Position,
    Print,
    RaiseError,
    Return,
    RollbackTransaction,
    Statement,
    Throw,
    TryCatch,
    Unary,
    Variable,
    While,
)

__all__ = ["StatementParser"]

Reader = Callable[["StatementParser"], Statement]
VALUE_KEYWORDS = ("CASE", "COALESCE", "CONVERT", "NULL")
RAISE_OPTIONS = ("LOG", "NOWAIT", "SETERROR")


class StatementParser(VariableParser):
    """Reads a batch."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.loops = 0

    def batch(self) -> tuple[Statement, ...]:
        """All statements; the first may be a procedure call without EXEC."""
        self._skip_semicolons()
        token = self.token
        if self.at_identifier() and token.upper not in STATEMENTS:
            following = self.peek()
            if token.upper in UNSUPPORTED_STATEMENTS:
                raise self._unsupported()
            if following.kind == "operator" and following.text == ":":
                raise self.refuse("a label", "use IF, WHILE and TRY")
            call = self.call_procedure(token.position)
            return (call, *self._rest_of_batch())
        return self.statements_to_end()

    def _rest_of_batch(self) -> tuple[Statement, ...]:
        self._check_terminated()
        self._skip_semicolons()
        return () if self.token.kind == "end" else self.statements_to_end()

    def statements_to_end(self) -> tuple[Statement, ...]:
        found = self._statements(lambda: self.token.kind == "end")
        if self.token.kind != "end":
            raise self.unexpected()
        return found

    def _statements(self, at_stop: Callable[[], bool]) -> tuple[Statement, ...]:
        found: list[Statement] = []
        self._skip_semicolons()
        while not at_stop():
            found.append(self.statement())
            self._check_terminated()
            self._skip_semicolons()
        return tuple(found)

    def _skip_semicolons(self) -> None:
        while self.accept_operator(";"):
            pass

    def _check_terminated(self) -> None:
        """WITH and THROW need the semicolon that other statements can do without."""
        if self.at("WITH"):
            message = (
                "Incorrect syntax near the keyword 'WITH'. If this statement is a common table "
                "expression, an xmlnamespaces clause or a change tracking context clause, the "
                "previous statement must be terminated with a semicolon."
            )
            raise self.error(message, 319)
        if self.at("THROW"):
            raise self.unexpected()

    def statement(self) -> Statement:
        token = self.token
        with self.nested():
            if token.kind == "word":
                if reader := STATEMENTS.get(token.upper):
                    return reader(self)
                if token.upper in UNSUPPORTED_STATEMENTS:
                    raise self._unsupported()
            if self.at_query():
                return self.query_statement(token.position, ())
            raise self.unexpected()

    def _unsupported(self) -> Exception:
        word = self.token.upper
        return self.refuse(word, UNSUPPORTED_STATEMENTS[word])

    # --- control flow

    def if_else(self) -> If:
        at = self.advance().position
        condition = self.condition()
        then = self.statement()
        start = self.index
        self.accept_operator(";")
        if self.accept("ELSE"):
            return If(at, condition, then, self.statement())
        self.index = start
        return If(at, condition, then, None)

    def while_loop(self) -> While:
        at = self.advance().position
        condition = self.condition()
        self.loops += 1
        body = self.statement()
        self.loops -= 1
        return While(at, condition, body)

    def jump(self) -> Statement:
        token = self.advance()
        if not self.loops:
            article = "a BREAK" if token.upper == "BREAK" else "a CONTINUE"
            message = f"Cannot use {article} statement outside the scope of a WHILE statement."
            raise self.error(message, 135 if token.upper == "BREAK" else 136, token)
        return Break(token.position) if token.upper == "BREAK" else Continue(token.position)

    def return_(self) -> Return:
        at = self.advance().position
        return Return(at, self.expression() if self._at_value() else None)

    def _at_value(self) -> bool:
        token = self.token
        if token.kind == "word":
            return token.upper not in STATEMENTS and (
                token.upper not in RESERVED or token.upper in VALUE_KEYWORDS
            )
        return token.kind not in ("operator", "end") or self.at_operator("-", "+", "~", "(")

    def begin(self) -> Statement:
        at = self.advance().position
        if self.at_any("TRAN", "TRANSACTION"):
            self.advance()
            name = self._transaction_name()
            if self.at("WITH"):
                raise self.refuse("BEGIN TRANSACTION WITH MARK", "leave the mark out")
            return BeginTransaction(at, name)
        if self.accept("TRY"):
            return self._try_catch(at)
        if self.at_any("DISTRIBUTED", "ATOMIC", "DIALOG", "CONVERSATION"):
            raise self.refuse(f"BEGIN {self.token.upper}", "use BEGIN TRANSACTION")
        statements = self._statements(lambda: self.at("END"))
        if not statements:
            raise self.unexpected()
        self.expect("END")
        return Block(at, statements)

    def _try_catch(self, at: Position) -> TryCatch:
        attempt = self._statements(lambda: self.at("END"))
        if not attempt:
            raise self.unexpected()
        self.expect("END", "TRY", "BEGIN", "CATCH")
        handler = self._statements(lambda: self.at("END"))
        self.expect("END", "CATCH")
        return TryCatch(at, attempt, handler)

    # --- errors and messages

    def print(self) -> Print:
        at = self.advance().position
        return Print(at, self.expression())

    def throw(self) -> Throw:
        at = self.advance().position
        if self.token.kind not in ("int", "variable") and not self.at_operator("-"):
            return Throw(at)
        number = self._throw_argument()
        self.expect_operator(",")
        message = self._throw_argument()
        self.expect_operator(",")
        return Throw(at, number, message, self._throw_argument())

    def _throw_argument(self) -> Expression:
        token = self.token
        if token.kind == "variable":
            return Variable(token.position, self.variable())
        if self.accept_operator("-"):
            return Unary(token.position, "-", Literal(token.position, "int", str(self.integer())))
        if token.kind not in ("int", "string", "national"):
            raise self.unexpected()
        self.advance()
        return Literal(token.position, cast("LiteralKind", token.kind), token.text)

    def raise_error(self) -> RaiseError:
        at = self.advance().position
        self.expect_operator("(")
        values = self.comma_separated(self.expression)
        self.expect_operator(")")
        if len(values) < 3:
            raise self.unexpected()
        options: tuple[str, ...] = ()
        if self.accept("WITH"):
            options = self.comma_separated(self._raise_option)
        return RaiseError(at, values[0], values[1], values[2], values[3:], options)

    def _raise_option(self) -> str:
        word = self.accept_any(*RAISE_OPTIONS)
        if word is None:
            raise self.unexpected()
        return word

    # --- transactions

    def commit(self) -> CommitTransaction:
        return CommitTransaction(self.token.position, self._ended_transaction())

    def rollback(self) -> RollbackTransaction:
        return RollbackTransaction(self.token.position, self._ended_transaction())

    def _ended_transaction(self) -> str | None:
        self.advance()
        if self.accept_any("TRAN", "TRANSACTION"):
            return self._transaction_name()
        self.accept("WORK")
        return None

    def _transaction_name(self) -> str | None:
        if self.token.kind == "variable":
            raise self.refuse("a transaction named by a variable", "name it with a word")
        return self.identifier() if self.at_identifier() else None


def _plain_query(parser: StatementParser) -> Statement:
    token: Token = parser.token
    return parser.query_statement(token.position, ())


STATEMENTS: dict[str, Reader] = {
    "ALTER": StatementParser.alter,
    "BEGIN": StatementParser.begin,
    "BREAK": StatementParser.jump,
    "COMMIT": StatementParser.commit,
    "CONTINUE": StatementParser.jump,
    "CREATE": StatementParser.create,
    "DECLARE": StatementParser.declare,
    "DELETE": lambda parser: parser.delete(()),
    "DENY": StatementParser.permission,
    "DROP": lambda parser: parser.drop(parser.advance().position),
    "EXEC": StatementParser.execute,
    "EXECUTE": StatementParser.execute,
    "GRANT": StatementParser.permission,
    "IF": StatementParser.if_else,
    "INSERT": lambda parser: parser.insert(()),
    "PRINT": StatementParser.print,
    "RAISERROR": StatementParser.raise_error,
    "RETURN": StatementParser.return_,
    "REVOKE": StatementParser.permission,
    "ROLLBACK": StatementParser.rollback,
    "SELECT": _plain_query,
    "SET": StatementParser.set,
    "THROW": StatementParser.throw,
    "TRUNCATE": StatementParser.truncate,
    "UPDATE": lambda parser: parser.update(()),
    "WHILE": StatementParser.while_loop,
    "WITH": StatementParser.with_statement,
}
"""How each statement is read, by its first word."""
