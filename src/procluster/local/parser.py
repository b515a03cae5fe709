"""T-SQL text to the tree of :mod:`.syntax`: the grammar's readers and actions."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from procluster.local import syntax as ast
from procluster.local.expressions import LITERALS, NUMBERS, ExpressionParser, MismatchError
from procluster.local.grammar import GRAMMAR
from procluster.local.messages import refuse, syntax_error
from procluster.local.rules import FAIL, Fields, compile_grammar
from procluster.local.words import HARMLESS_HINTS, UNSUPPORTED_OBJECTS, UNSUPPORTED_STATEMENTS

RULES = compile_grammar(GRAMMAR)
NESTING = frozenset(("statement", "query", "union", "joined"))
ASSIGNMENT_OPERATORS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=")
KNOWN_OBJECTS = "TABLE VIEW PROCEDURE PROC FUNCTION SCHEMA ROLE INDEX UNIQUE CLUSTERED NONCLUSTERED"
MAX_VALUE_ROWS = 1000


@lru_cache(maxsize=256)
def parse_batch(text: str) -> ast.Body:
    """Parse one batch, which holds no GO; the last texts are remembered, trees never change.

    Raises
    ------
    SyntaxRefusal
        The text is not T-SQL; number, line and column as SQL Server gives them.
    Refusal
        It is T-SQL that the embedded engine does not run.

    Examples
    --------
    >>> [type(statement).__name__ for statement in parse_batch("PRINT 1; SELECT a FROM t")]
    ['Print', 'QueryStatement']
    """
    return cast("ast.Body", Parser(text).whole("batch"))


@lru_cache(maxsize=256)
def parse_parameters(text: str) -> tuple[ast.Parameter, ...]:
    """Parse the ``@params`` of sp_executesql and sp_execute_external_script.

    Examples
    --------
    >>> [str(parameter.type) for parameter in parse_parameters("@a int, @b nvarchar(9) OUTPUT")]
    ['int', 'nvarchar(9)']
    """
    return cast("tuple[ast.Parameter, ...]", Parser(text).whole("parameter_list") or ())


class Parser(ExpressionParser):
    """Reads one text. ``read_*`` are what the grammar names beside its rules."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.loops = 0
        self.known: dict[tuple[str, int], tuple[Any, int]] = {}

    def whole(self, name: str) -> Any:
        """Read a rule, or raise the error of the place where nothing fits."""
        try:
            found = self.rule(name)
        except RecursionError:
            raise syntax_error(191, at=self.token.at) from None
        if found is FAIL:
            raise self.unexpected(self.tokens[self.farthest])
        return found

    def rule(self, name: str) -> Any:
        """Read a rule; what it gave at this place before is remembered."""
        key = name, self.index
        if key not in self.known:
            if name in NESTING:
                with self.nested():
                    found = RULES[name](self, {})
            else:
                found = RULES[name](self, {})
            self.known[key] = found, self.index
        found, self.index = self.known[key]
        return found

    def need(self, name: str) -> Any:
        found = self.rule(name)
        if found is FAIL:
            raise MismatchError
        return found

    def text_from(self, start: int) -> str:
        return self.text[self.tokens[start].start : self.tokens[self.index - 1].stop]

    def make(self, name: str, start: int, fields: Fields) -> Any:
        """Make a node, or what an action makes; an action's name is in lower case."""
        at = self.tokens[start].at
        if name[0].isupper():
            return getattr(ast, name)(at, **fields)
        return getattr(self, f"make_{name}")(start, at, **fields)

    # --- readers

    def read_identifier(self) -> Any:
        return self.advance().text if self.at_identifier() else self.fail()

    def read_variable(self) -> Any:
        is_variable = self.token.kind == "variable" and not self.token.text.startswith("@@")
        return self.advance().text if is_variable else self.fail()

    def read_string(self) -> Any:
        is_string = self.token.kind in ("string", "national")
        return self.advance().text if is_string else self.fail()

    def read_number(self) -> Any:
        token = self.token
        if token.kind not in NUMBERS:
            return self.fail()
        return ast.Literal(token.at, token.kind, self.advance().text)

    def read_any_word(self) -> Any:
        return self.advance().upper if self.token.kind == "word" else self.fail()

    def read_option_name(self) -> Any:
        return self.read_any_word()

    def read_option_words(self) -> Any:
        """The value of a SET option: ON, OFF, a number, READ COMMITTED."""
        words: list[str] = []
        sign = "-" if self.accept_sign("-") else ""
        while self.token.kind in ("word", "int", "string", "national") and (
            not words or self.at_any("READ", "UNCOMMITTED", "COMMITTED")
        ):
            words.append(self.advance().text.upper())
        return sign + " ".join(words) if words else self.fail()

    def read_isolation(self) -> Any:
        words = ("TRANSACTION", "ISOLATION", "LEVEL")
        return (" ".join(words),) if self.accept(*words) else FAIL

    def read_assignment_operator(self) -> Any:
        return self.advance().text if self.at_sign(*ASSIGNMENT_OPERATORS) else self.fail()

    def read_integer(self) -> Any:
        return self.attempt(self.integer)

    def read_object_name(self) -> Any:
        return self.attempt(self.object_name)

    def read_column_name(self) -> Any:
        name = self.attempt(self.object_name)
        return name if name is FAIL else cast("ast.ObjectName", name).parts[-1]

    def read_column_ref(self) -> Any:
        at, name = self.token.at, self.read_identifier()
        return name if name is FAIL else ast.ColumnRef(at, (name,))

    def read_data_type(self) -> Any:
        return self.attempt(self.data_type)

    def read_expression(self) -> Any:
        return self.attempt(self.expression)

    def read_condition(self) -> Any:
        return self.attempt(self.condition)

    def read_table_call(self) -> Any:
        def read() -> ast.Call:
            name = self.object_name()
            return self.call(name.at, name.parts)

        return self.attempt(read)

    def read_constant(self) -> Any:
        """A constant with its sign, NULL, or a bare word taken as a string."""
        token = self.token
        if self.at_sign("-", "+") and self.peek().kind in NUMBERS:
            return ast.Unary(token.at, self.advance().text, self.read_constant())
        if token.kind in LITERALS:
            return ast.Literal(token.at, token.kind, self.advance().text)
        if self.accept("NULL"):
            return ast.Literal(token.at, "null")
        text = self.read_identifier()
        return text if text is FAIL else ast.Literal(token.at, "string", text)

    def read_argument_value(self) -> Any:
        token = self.token
        if self.accept("DEFAULT"):
            return ast.Literal(token.at, "default")
        if token.kind == "variable":
            return ast.Variable(token.at, self.advance().text)
        return self.fail() if self.at_sign("+") else self.read_constant()

    def read_throw_value(self) -> Any:
        token = self.token
        if token.kind not in ("int", "string", "national", "variable") and not self.at_sign("-"):
            return self.fail()
        return self.read_argument_value()

    def read_permission_name(self) -> Any:
        words: list[str] = []
        while self.token.kind == "word" and not self.at_any("ON", "TO", "FROM"):
            words.append(self.advance().upper)
        if words and self.at_sign("("):
            raise self.refuse("a permission on columns", "grant it on the object")
        if words and words[0] == "EXEC":
            words[0] = "EXECUTE"
        return " ".join(words) if words else self.fail()

    def read_hint(self) -> Any:
        if not self.at_any(*HARMLESS_HINTS):
            raise self.refuse(f"table hint {self.token.text}", "leave the hint out")
        return self.advance().upper

    def read_loop_body(self) -> Any:
        self.loops += 1
        found = self.rule("statement")
        self.loops -= 1
        return found

    def read_terminated(self) -> Any:
        """WITH and THROW need the semicolon that other statements can do without."""
        if self.at("WITH"):
            raise syntax_error(319, at=self.token.at)
        if self.at("THROW"):
            raise self.unexpected(self.token)
        return None

    def read_starts_no_statement(self) -> Any:
        words = ("THROW", *UNSUPPORTED_STATEMENTS)
        return None if self.at_identifier() and not self.at_any(*words) else self.fail()

    def read_unsupported(self) -> Any:
        if not self.at_any(*UNSUPPORTED_STATEMENTS):
            return self.fail()
        word = self.token.upper
        raise self.refuse(word, UNSUPPORTED_STATEMENTS[word])

    def read_unknown_object(self) -> Any:
        """CREATE, ALTER or DROP of what is left out, or of what there is not."""
        start, word = self.tokens[self.index - 1], self.token
        if word.upper == "OR":
            word = self.peek(2)
        if word.kind != "word" or (
            word.upper in KNOWN_OBJECTS.split()
            and (start.upper, word.upper) not in (("ALTER", "INDEX"), ("ALTER", "SCHEMA"))
        ):
            return self.fail()
        if word.upper in UNSUPPORTED_OBJECTS:
            what = f"{start.upper} {word.upper}"
            raise refuse(what, "objects of this kind are left out", start.at)
        raise syntax_error(343, word.text, at=word.at)

    def read_end(self) -> Any:
        return None if self.token.kind == "end" else self.fail()

    def read_no(self) -> Any:
        return False

    def read_yes(self) -> Any:
        return True

    def read_nothing(self) -> Any:
        return ()

    def read_cross(self) -> Any:
        return "CROSS JOIN"

    def read_one_by_one(self) -> Any:
        return 1, 1

    # --- actions

    def make_batch(
        self, _: int, __: ast.Position, statements: Any, first: ast.Statement | None = None
    ) -> ast.Body:
        return ast.Body((first, *statements) if first else statements)

    def make_jump(self, start: int, at: ast.Position, word: str) -> ast.Jump:
        if not self.loops:
            raise syntax_error(135 if word == "BREAK" else 136, at=self.tokens[start].at)
        return ast.Jump(at, word)

    def make_argument(
        self, _: int, at: ast.Position, value: Any, name: str | None = None, output: bool = False
    ) -> ast.Argument:
        if output and not isinstance(value, ast.Variable):
            raise syntax_error(179, at=value.at)
        return ast.Argument(at, value, name, output)

    def make_execute(self, _: int, at: ast.Position, **fields: Any) -> ast.Execute:
        call = ast.Execute(at, **fields)
        names = [argument.name is not None for argument in call.arguments]
        if True in names and False in names[names.index(True) :]:
            number = names.index(False, names.index(True)) + 1
            raise syntax_error(119, number, at=call.arguments[number - 1].at)
        return call

    def make_insert_values(self, _: int, at: ast.Position, rows: Any) -> ast.ValuesTable:
        if len(rows) > MAX_VALUE_ROWS:
            raise syntax_error(10738, at=at)
        return ast.ValuesTable(at, rows)

    def make_query_statement(self, _: int, at: ast.Position, **fields: Any) -> ast.QueryStatement:
        query = ast.Query(at, **fields)
        self._check_no_into(_selects(query.body)[1:])
        return ast.QueryStatement(at, query)

    def make_query(self, _: int, at: ast.Position, **fields: Any) -> ast.Query:
        query = ast.Query(at, **fields)
        self._check_no_into(_selects(query.body))
        return query

    def _check_no_into(self, selects: list[ast.Select]) -> None:
        """Only the first SELECT of a statement may have INTO."""
        for select in selects:
            if select.into:
                raise syntax_error(156, "INTO", at=select.into.at)

    def make_default(self, _: int, at: ast.Position) -> ast.Literal:
        return ast.Literal(at, "default")

    def make_join_kind(self, start: int, _: ast.Position) -> str:
        kind = self.tokens[start].upper
        return kind if kind in ("LEFT", "RIGHT", "FULL") else "INNER"

    def make_joined(
        self, _: int, at: ast.Position, first: ast.TableSource, joins: Any
    ) -> ast.TableSource:
        return ast.Joined(at, first, joins) if joins else first

    def make_option(self, _: int, __: ast.Position, **fields: Any) -> Fields:
        return fields

    def make_column(
        self,
        _: int,
        at: ast.Position,
        name: str,
        options: Any,
        **typed: Any,
    ) -> tuple[Any, ...]:
        """The column, and the constraints that stand beside it."""
        column, constraints = ast.ColumnDefinition(at, name, **typed), []
        for option in options:
            if isinstance(option, dict):
                column = replace(column, **option)
            elif isinstance(option, ast.Check) or option.columns:
                constraints.append(option)
            else:
                constraints.append(replace(option, columns=(name,)))
        return column, *constraints

    def _elements(self, elements: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        parts = [p for e in elements for p in (e if isinstance(e, tuple) else (e,))]
        columns = tuple(part for part in parts if isinstance(part, ast.ColumnDefinition))
        return columns, tuple(p for p in parts if not isinstance(p, ast.ColumnDefinition))

    def make_create_table(
        self, _: int, at: ast.Position, name: ast.ObjectName, elements: Any
    ) -> ast.CreateTable:
        return ast.CreateTable(at, name, *self._elements(elements))

    def make_create_index(self, _: int, at: ast.Position, keys: Any, **fields: Any) -> Any:
        columns = tuple(key.expression.parts[-1] for key in keys)
        descending = tuple(key.expression.parts[-1] for key in keys if key.descending)
        return ast.CreateIndex(at, columns=columns, descending=descending, **fields)

    def make_alter_table(
        self, _: int, at: ast.Position, name: ast.ObjectName, elements: Any
    ) -> ast.AlterTable:
        return ast.AlterTable(at, name, *self._elements(elements))

    def make_drop(self, _: int, at: ast.Position, kind: str, **fields: Any) -> ast.Drop:
        return ast.Drop(at, "PROCEDURE" if kind == "PROC" else kind, **fields)

    def _require_first(self, start: int, what: str) -> None:
        if start:
            raise syntax_error(111, what, at=self.tokens[start].at)

    def make_create_schema(self, start: int, at: ast.Position, **fields: Any) -> ast.CreateName:
        self._require_first(start, "CREATE SCHEMA")
        return ast.CreateName(at, **fields)

    def make_module(
        self, start: int, at: ast.Position, kind: str, mode: str, body: Any, **fields: Any
    ) -> ast.CreateModule:
        """SQL Server keeps the whole batch, with OR ALTER blanked out and ALTER made CREATE."""
        kind = "PROCEDURE" if kind == "PROC" else kind
        word = "CREATE/ALTER" if kind == "PROCEDURE" else "CREATE"
        self._require_first(start, f"{word} {kind}")
        first, *more = self.tokens[start : start + len(mode.split())]
        text = self.text
        for token in reversed(more):
            text = text[: token.start] + text[token.stop :]
        text = text[: first.start] + "CREATE" + text[first.stop :]
        if kind == "PROCEDURE":
            body = ast.Body(body)
        return ast.CreateModule(at, kind, mode, body=body, text=text, **fields)

    def make_public(self, _: int, __: ast.Position) -> str:
        return "public"


def _selects(body: ast.Select | ast.SetOperation) -> list[ast.Select]:
    """The SELECTs of a query, the first one first."""
    if isinstance(body, ast.Select):
        return [body]
    return [*_selects(body.left), *_selects(body.right)]
