"""T-SQL text to the tree of :mod:`.syntax`: the grammar with its readers."""

from functools import lru_cache
from typing import Any, cast

from procluster.local import actions
from procluster.local import syntax as ast
from procluster.local.expressions import LITERALS, NUMBERS, ExpressionParser
from procluster.local.grammar import GRAMMAR
from procluster.local.messages import refuse, syntax_error
from procluster.local.reader import FAIL, MismatchError
from procluster.local.rules import Fields, compile_grammar
from procluster.local.types import SqlType

RULES = compile_grammar(GRAMMAR)
NESTING = frozenset(("statement", "query", "union", "joined", "case", "cast"))
KNOWN_OBJECTS = frozenset(
    ("TABLE", "VIEW", "PROCEDURE", "FUNCTION", "SCHEMA", "ROLE",
     "INDEX", "UNIQUE", "CLUSTERED", "NONCLUSTERED")
)  # fmt: skip


@lru_cache(maxsize=256)
def parse_batch(text: str) -> ast.Body:
    """Parse one batch, which holds no GO; the last texts are remembered, trees never change.

    >>> [type(statement).__name__ for statement in parse_batch("PRINT 1; SELECT a FROM t")]
    ['Print', 'Query']
    """
    return cast("ast.Body", Parser(text).whole("batch"))


@lru_cache(maxsize=256)
def parse_parameters(text: str) -> tuple[ast.Declaration, ...]:
    """Parse the ``@params`` of sp_executesql and sp_execute_external_script.

    >>> [str(parameter.type) for parameter in parse_parameters("@a int, @b nvarchar(9) OUTPUT")]
    ['int', 'nvarchar(9)']
    """
    return cast("tuple[ast.Declaration, ...]", Parser(text).whole("parameter_list") or ())


class Parser(ExpressionParser):
    """Reads one text by the rules of the grammar, which name its methods and these constants."""

    no, yes, nothing = False, True, ()
    cross, one_by_one = "CROSS JOIN", (1, 1)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.loops = 0
        self.catches = 0
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
        """What a rule gives here, or its words; it is read once at each place."""
        start = self.index
        if known := self.known.get((name, start)):
            found, self.index = known
            return found
        if name in NESTING:
            with self.nested():
                found = RULES[name](self, {})
        else:
            found = RULES[name](self, {})
        if found is None and self.index > start:
            found = self.words_from(start)
        self.known[name, start] = found, self.index
        return found

    def need(self, name: str) -> Any:
        found = self.rule(name)
        if found is FAIL:
            raise MismatchError
        return found

    def make(self, name: str, start: int, fields: Fields) -> Any:
        """Make a node, or what an action makes; an action's name is in lower case."""
        at = self.tokens[start].at
        if name.islower():
            return getattr(actions, name)(self, at, **fields)
        return getattr(ast, name)(at, **fields)

    # --- what the grammar names beside its rules

    def variable(self) -> Any:
        is_variable = self.at("variable") and not self.token.text.startswith("@@")
        return self.advance().text if is_variable else self.fail()

    def number(self) -> Any:
        return self.constant() if self.at(*NUMBERS) else self.fail()

    def any_word(self) -> Any:
        return self.advance().key if self.token.kind == "word" else self.fail()

    def column_name(self) -> str:
        return self.object_name().parts[-1]

    def column_ref(self) -> ast.ColumnRef:
        return ast.ColumnRef(self.token.at, (self.identifier(),))

    def cast_type(self) -> SqlType:
        return self.data_type(30)

    def table_call(self) -> ast.Call:
        name = self.object_name()
        return self.call(name.at, name.parts)

    def constant(self) -> ast.Expression:
        """A constant with its sign, NULL, or a bare word taken as a string."""
        token = self.token
        if self.at("-", "+") and self.peek().kind in NUMBERS:
            return ast.Unary(token.at, self.advance().text, self.constant())
        if token.kind in LITERALS:
            return ast.Literal(token.at, token.kind, self.advance().text)
        if self.accept("NULL"):
            return ast.Literal(token.at, "null")
        return ast.Literal(token.at, "string", self.identifier())

    def default(self) -> Any:
        at = self.token.at
        return ast.Literal(at, "default") if self.accept("DEFAULT") else FAIL

    def argument_value(self) -> Any:
        token = self.token
        if token.kind == "variable":
            return ast.Variable(token.at, self.advance().text)
        return self.fail() if self.at("+") else self.constant()

    def throw_value(self) -> Any:
        is_value = self.at("int", "string", "national", "variable", "-")
        return self.argument_value() if is_value else self.fail()

    def permission_name(self) -> Any:
        words: list[str] = []
        while self.token.kind == "word" and not self.at("ON", "TO", "FROM"):
            words.append(self.advance().key)
        if words and self.at("("):
            raise self.refuse("a permission on columns", "grant it on the object")
        return " ".join(words) if words else self.fail()

    def loop_body(self) -> Any:
        self.loops += 1
        found = self.rule("statement")
        self.loops -= 1
        return found

    def in_loop(self) -> None:
        if not self.loops:
            word = self.peek(-1)
            raise syntax_error(135 if word.key == "BREAK" else 136, at=word.at)

    def catch_body(self) -> Any:
        self.catches += 1
        found = self.rule("statements")
        self.catches -= 1
        return found

    def in_catch(self) -> None:
        if not self.catches:
            raise syntax_error(10704, at=self.peek(-1).at)

    def semicolons(self) -> None:
        while self.accept(";"):
            pass

    def terminated(self) -> None:
        """WITH and THROW need the semicolon that other statements can do without."""
        if self.at("WITH"):
            raise syntax_error(319, at=self.token.at)
        if self.at("THROW"):
            raise self.unexpected(self.token)

    def is_no_throw(self) -> Any:
        return self.fail() if self.at("THROW") else None

    def behind_no_star(self) -> object:
        return self.fail() if self.peek(-1).key == "*" else None

    def label(self) -> object:
        if self.at_identifier() and self.peek().key == ":":
            raise self.refuse("a label", "use IF, WHILE and TRY")
        return self.fail()

    def unknown_object(self) -> Any:
        """CREATE, ALTER or DROP of a kind that is left out."""
        start, word = self.peek(-1), self.peek(2) if self.at("OR") else self.token
        known = KNOWN_OBJECTS - {"INDEX", "SCHEMA"} if start.key == "ALTER" else KNOWN_OBJECTS
        if word.kind != "word" or word.key in known:
            return self.fail()
        what = f"{start.key} {word.key}"
        raise refuse(what, "objects of this kind are left out", start.at)

    def end(self) -> Any:
        return None if self.token.kind == "end" else self.fail()
