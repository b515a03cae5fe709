"""Definitions of procedures, views, inline functions, schemas, roles and permissions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import cast

from procluster.local.lexer import Token
from procluster.local.parser._tables import TableParser
from procluster.local.syntax import (
    CreateModule,
    CreateRole,
    CreateSchema,
    Literal,
    LiteralKind,
    MemberAction,
    ModuleKind,
    ModuleMode,
    ObjectName,
    Parameter,
    Permission,
    PermissionAction,
    Position,
    Query,
    RoleMember,
    Securable,
    Sign,
    Statement,
    Unary,
)

__all__ = ["DefinitionParser"]

MODULE_KINDS: dict[str, ModuleKind] = {
    "PROCEDURE": "PROCEDURE",
    "PROC": "PROCEDURE",
    "VIEW": "VIEW",
    "FUNCTION": "FUNCTION",
}
ModuleReader = Callable[[Position, ModuleMode, ObjectName, str], CreateModule]
SECURABLES = ("OBJECT", "SCHEMA", "DATABASE")


class DefinitionParser(TableParser):
    """Reads CREATE, ALTER and the permission statements."""

    @abstractmethod
    def statements_to_end(self) -> tuple[Statement, ...]:
        """The rest of the batch, which is a procedure's body."""

    def create(self) -> Statement:
        start = self.advance()
        at = start.position
        if self.accept("OR"):
            self.expect("ALTER")
            return self._module(start, "CREATE OR ALTER")
        if self.at_any(*MODULE_KINDS):
            return self._module(start, "CREATE")
        if self.at("TABLE"):
            return self.create_table(at)
        if self.at("SCHEMA"):
            return self._schema(start)
        if self.accept("ROLE"):
            name = self.identifier()
            return CreateRole(at, name, self._authorization())
        unique = self.accept("UNIQUE")
        if self.at_any("CLUSTERED", "NONCLUSTERED", "INDEX"):
            return self.create_index(at, unique=unique)
        raise self.unknown_object(start)

    def alter(self) -> Statement:
        start = self.advance()
        if self.at_any(*MODULE_KINDS):
            return self._module(start, "ALTER")
        if self.at("TABLE"):
            return self.alter_table(start.position)
        if self.accept("ROLE"):
            return self._role_member(start.position)
        raise self.unknown_object(start)

    # --- modules

    def _module(self, start: Token, mode: ModuleMode) -> CreateModule:
        if not self.at_any(*MODULE_KINDS):
            raise self.refuse(f"{mode} {self.token.upper}", "use PROCEDURE, VIEW or FUNCTION")
        kind = MODULE_KINDS[self.token.upper]
        word = "CREATE/ALTER" if kind == "PROCEDURE" else "CREATE"
        self._require_first(start, f"{word} {kind}")
        text = self._definition(start)
        self.advance()
        name = self.object_name()
        at = start.position
        readers: dict[str, ModuleReader] = {
            "PROCEDURE": self._procedure,
            "VIEW": self._view,
            "FUNCTION": self._function_module,
        }
        module = readers[kind](at, mode, name, text)
        self.accept_operator(";")
        self.expect_end()
        return module

    def _require_first(self, start: Token, what: str) -> None:
        if start is not self.tokens[0]:
            message = f"'{what}' must be the first statement in a query batch."
            raise self.error(message, 111, start)

    def _definition(self, start: Token) -> str:
        """The whole batch as sys.sql_modules keeps it, with a plain CREATE in front.

        SQL Server blanks out OR ALTER and turns ALTER into CREATE.
        """
        words = self.tokens[self.tokens.index(start) : self.index]
        text = self.text
        for word in reversed(words[1:]):
            text = text[: word.start] + text[word.stop :]
        return text[: start.start] + "CREATE" + text[start.stop :]

    def _procedure(
        self, at: Position, mode: ModuleMode, name: ObjectName, text: str
    ) -> CreateModule:
        parameters: tuple[Parameter, ...] = ()
        if self.at_operator("("):
            parameters = self.bracketed(lambda: self.comma_separated(self.parameter))
        elif self.token.kind == "variable":
            parameters = self.comma_separated(self.parameter)
        options = self._options()
        self.expect("AS")
        body = self.statements_to_end()
        return CreateModule(at, "PROCEDURE", mode, name, parameters, body, text, (), options)

    def _view(self, at: Position, mode: ModuleMode, name: ObjectName, text: str) -> CreateModule:
        columns = self.names_in_brackets() if self.at_operator("(") else ()
        options = self._options()
        self.expect("AS")
        query = self._module_query()
        if self.at("WITH"):
            raise self.refuse("WITH CHECK OPTION", "views are read only")
        return CreateModule(at, "VIEW", mode, name, (), query, text, columns, options)

    def _function_module(
        self, at: Position, mode: ModuleMode, name: ObjectName, text: str
    ) -> CreateModule:
        self.expect_operator("(")
        parameters: tuple[Parameter, ...] = ()
        if not self.at_operator(")"):
            parameters = self.comma_separated(self.parameter)
        self.expect_operator(")")
        self.expect("RETURNS")
        if not self.accept("TABLE"):
            raise self.refuse("a scalar or multi-statement function", "use an inline function")
        options = self._options()
        self.accept("AS")
        self.expect("RETURN")
        if self.at_operator("("):
            query = self.bracketed(self._module_query)
        else:
            query = self._module_query()
        return CreateModule(at, "FUNCTION", mode, name, parameters, query, text, (), options)

    def _module_query(self) -> Query:
        at = self.token.position
        return self.query_after(at, self.common_tables())

    def _options(self) -> tuple[str, ...]:
        return self.comma_separated(self._option) if self.accept("WITH") else ()

    def _option(self) -> str:
        if self.at_any("RECOMPILE", "SCHEMABINDING"):
            return self.advance().upper
        for principal in ("CALLER", "OWNER", "SELF"):
            if self.accept("EXECUTE", "AS", principal) or self.accept("EXEC", "AS", principal):
                return f"EXECUTE AS {principal}"
        raise self.refuse(f"module option {self.token.upper}", "leave it out")

    def parameter(self) -> Parameter:
        """``@name type = default OUTPUT``, as in CREATE PROCEDURE and @params."""
        at, name = self.token.position, self.variable()
        self.accept("AS")
        if self.at_identifier() and self.peek().text == ".":
            raise self.refuse("a table-valued parameter", "use a temp table")
        kind = self.data_type()
        default = self._constant() if self.accept_operator("=") else None
        output = self.accept_any("OUTPUT", "OUT") is not None
        if self.at_any("READONLY", "VARYING", "NULL", "NOT"):
            raise self.refuse(f"parameter with {self.token.upper}", "leave it out")
        return Parameter(at, name, kind, default, output)

    def parameters_to_end(self) -> tuple[Parameter, ...]:
        """A list of parameters, maybe empty, and nothing else."""
        if self.token.kind == "end":
            return ()
        found = self.comma_separated(self.parameter)
        self.expect_end()
        return found

    def _constant(self) -> Literal | Unary:
        """A constant with its sign, NULL, or a bare word taken as a string."""
        at = self.token.position
        if self.at_operator("-", "+"):
            operator = cast("Sign", self.advance().text)
            if self.token.kind not in ("int", "decimal", "float"):
                raise self.unexpected()
            return Unary(at, operator, self._constant())
        if self.accept("NULL"):
            return Literal(at, "null", "")
        token = self.token
        if token.kind in ("int", "decimal", "float", "string", "national", "binary"):
            self.advance()
            return Literal(at, cast("LiteralKind", token.kind), token.text)
        return Literal(at, "string", self.identifier())

    # --- schemas, roles and permissions

    def _schema(self, start: Token) -> CreateSchema:
        self._require_first(start, "CREATE SCHEMA")
        self.advance()
        if self.at("AUTHORIZATION"):
            raise self.refuse("CREATE SCHEMA AUTHORIZATION without a name", "name the schema")
        name = self.identifier()
        schema = CreateSchema(start.position, name, self._authorization())
        self.accept_operator(";")
        if self.token.kind != "end":
            raise self.refuse("CREATE SCHEMA with elements", "create them in their own batches")
        return schema

    def _authorization(self) -> str | None:
        return self.identifier() if self.accept("AUTHORIZATION") else None

    def _role_member(self, at: Position) -> RoleMember:
        role = self.identifier()
        action = self.accept_any("ADD", "DROP")
        if action is None:
            raise self.refuse("ALTER ROLE ... WITH NAME", "drop and create the role")
        self.expect("MEMBER")
        return RoleMember(at, role, cast("MemberAction", action), self.identifier())

    def permission(self) -> Permission:
        start = self.advance()
        action = cast("PermissionAction", start.upper)
        if action == "REVOKE" and self.at("GRANT", "OPTION"):
            raise self.refuse("REVOKE GRANT OPTION FOR", "revoke the permission")
        permissions = self.comma_separated(self._permission_words)
        on_kind: Securable = "DATABASE"
        on = None
        if self.accept("ON"):
            on_kind, on = self._securable()
        if not (self.accept("TO") or (action == "REVOKE" and self.accept("FROM"))):
            raise self.unexpected()
        principals = self.comma_separated(self._principal)
        if self.at("WITH") or self.at_any("CASCADE", "AS"):
            raise self.refuse(f"{action} with {self.token.upper}", "leave it out")
        return Permission(start.position, action, permissions, on_kind, on, principals)

    def _permission_words(self) -> str:
        words = []
        while self.token.kind == "word" and not self.at_any("ON", "TO", "FROM"):
            words.append(self.advance().upper)
        if not words:
            raise self.unexpected()
        if self.at_operator("("):
            raise self.refuse("a permission on columns", "grant it on the object")
        name = " ".join(words)
        is_short = name == "EXEC" or name.startswith("EXEC ")
        return "EXECUTE" + name[4:] if is_short else name

    def _securable(self) -> tuple[Securable, ObjectName | None]:
        kind, following = "OBJECT", self.peek()
        if following.kind == "operator" and following.text == "::":
            kind = self.advance().upper
            if kind not in SECURABLES:
                raise self.refuse(f"permission on {kind}", f"allowed: {', '.join(SECURABLES)}")
            self.advance()
        return cast("Securable", kind), self.object_name()

    def _principal(self) -> str:
        return self.advance().text if self.at("PUBLIC") else self.identifier()
