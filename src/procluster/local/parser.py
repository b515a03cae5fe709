"""T-SQL text to the tree of :mod:`.syntax`: the grammar with its readers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from procluster.local import syntax as ast
from procluster.local.actions import ACTIONS
from procluster.local.expressions import LITERALS, NUMBERS, ExpressionParser
from procluster.local.grammar import GRAMMAR
from procluster.local.messages import refuse, syntax_error
from procluster.local.reader import MismatchError
from procluster.local.rules import FAIL, Fields, compile_grammar
from procluster.local.words import HARMLESS_HINTS, UNSUPPORTED_OBJECTS, UNSUPPORTED_STATEMENTS

ASSIGNMENT_OPERATORS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="))
STARTS = {
    "variable": frozenset(("variable",)),
    "string": frozenset(("string", "national")),
    "number": frozenset(NUMBERS),
    "integer": frozenset(("int", "-")),
    "assignment_operator": ASSIGNMENT_OPERATORS,
}
"""The tokens that a reader may begin with."""

RULES = compile_grammar(GRAMMAR, STARTS)
NESTING = frozenset(("statement", "query", "union", "joined", "case", "cast"))
KNOWN_OBJECTS = "TABLE VIEW PROCEDURE PROC FUNCTION SCHEMA ROLE INDEX UNIQUE CLUSTERED NONCLUSTERED"


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
    ['Print', 'Query']
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
        if known := self.known.get(key):
            found, self.index = known
        elif name in NESTING:
            with self.nested():
                found = RULES[name](self, {})
        else:
            found = RULES[name](self, {})
        self.known[key] = found, self.index
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
        if name in ACTIONS:
            return ACTIONS[name](self, at, **fields)
        return getattr(ast, name)(at, **fields)

    # --- readers

    def read_identifier(self) -> Any:
        return self.advance().text if self.at_identifier() else self.fail()

    def read_variable(self) -> Any:
        is_variable = self.at("variable") and not self.token.text.startswith("@@")
        return self.advance().text if is_variable else self.fail()

    def read_string(self) -> Any:
        return self.advance().text if self.at("string", "national") else self.fail()

    def read_number(self) -> Any:
        token = self.token
        if not self.at(*NUMBERS):
            return self.fail()
        return ast.Literal(token.at, token.kind, self.advance().text)

    def read_any_word(self) -> Any:
        return self.advance().key if self.token.kind == "word" else self.fail()

    def read_option_name(self) -> Any:
        return self.read_any_word()

    def read_option_words(self) -> Any:
        """The value of a SET option: ON, OFF, a number, READ COMMITTED."""
        words: list[str] = []
        sign = "-" if self.accept("-") else ""
        while self.token.kind in ("word", "int", "string", "national") and (
            not words or self.at("READ", "UNCOMMITTED", "COMMITTED")
        ):
            words.append(self.advance().text.upper())
        return sign + " ".join(words) if words else self.fail()

    def read_assignment_operator(self) -> Any:
        return self.advance().text if self.at(*ASSIGNMENT_OPERATORS) else self.fail()

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

    def read_cast_type(self) -> Any:
        return self.attempt(lambda: self.data_type(30))

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
        if self.at("-", "+") and self.peek().kind in NUMBERS:
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
        return self.fail() if self.at("+") else self.read_constant()

    def read_throw_value(self) -> Any:
        token = self.token
        if token.kind not in ("int", "string", "national", "variable") and not self.at("-"):
            return self.fail()
        return self.read_argument_value()

    def read_permission_name(self) -> Any:
        words: list[str] = []
        while self.token.kind == "word" and not self.at("ON", "TO", "FROM"):
            words.append(self.advance().key)
        if words and self.at("("):
            raise self.refuse("a permission on columns", "grant it on the object")
        if words and words[0] == "EXEC":
            words[0] = "EXECUTE"
        return " ".join(words) if words else self.fail()

    def read_hint(self) -> Any:
        if not self.at(*HARMLESS_HINTS):
            raise self.refuse(f"table hint {self.token.text}", "leave the hint out")
        return self.advance().key

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
        return None if self.at_identifier() and not self.at(*words) else self.fail()

    def read_unsupported(self) -> Any:
        if not self.at(*UNSUPPORTED_STATEMENTS):
            return self.fail()
        word = self.token.key
        raise self.refuse(word, UNSUPPORTED_STATEMENTS[word])

    def read_unknown_object(self) -> Any:
        """CREATE, ALTER or DROP of what is left out, or of what there is not."""
        start, word = self.tokens[self.index - 1], self.token
        if word.key == "OR":
            word = self.peek(2)
        if word.kind != "word" or (
            word.key in KNOWN_OBJECTS.split()
            and (start.key, word.key) not in (("ALTER", "INDEX"), ("ALTER", "SCHEMA"))
        ):
            return self.fail()
        if word.key in UNSUPPORTED_OBJECTS:
            what = f"{start.key} {word.key}"
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
