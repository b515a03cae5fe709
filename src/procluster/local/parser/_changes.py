"""Statements that change data or call procedures: INSERT, UPDATE, DELETE, TRUNCATE, EXEC."""

from __future__ import annotations

from procluster.local.parser._definitions import DefinitionParser
from procluster.local.parser._queries import ASSIGNMENT_OPERATORS
from procluster.local.syntax import (
    Argument,
    Assignment,
    CommonTable,
    Condition,
    Delete,
    Execute,
    ExecuteText,
    Expression,
    Insert,
    Literal,
    ObjectName,
    Position,
    Query,
    QueryStatement,
    ResultColumn,
    ResultSets,
    Statement,
    SystemVariable,
    TableSource,
    Truncate,
    Update,
    ValuesTable,
    Variable,
)

__all__ = ["ChangeParser"]

MAX_VALUE_ROWS = 1000
NO_OUTPUT = "select the rows afterwards"


class ChangeParser(DefinitionParser):
    """Reads INSERT, UPDATE, DELETE, TRUNCATE and EXEC."""

    def insert(self, with_tables: tuple[CommonTable, ...]) -> Insert:
        at = self.advance().position
        self.accept("INTO")
        self._refuse_top()
        target = self._target()
        hints = self.hints()
        columns: tuple[str, ...] = ()
        if self.at_operator("(") and not self.at_query():
            columns = self.bracketed(lambda: self.comma_separated(self._column_name))
        self._refuse_output()
        source: Query | ValuesTable | Execute | ExecuteText | None = None
        if self.accept("DEFAULT"):
            self.expect("VALUES")
        elif self.at("VALUES"):
            source = self._insert_values()
        elif self.at_any("EXEC", "EXECUTE"):
            source = self.execute()
        elif self.at_query():
            source = self.query()
        else:
            raise self.unexpected()
        return Insert(at, target, columns, source, with_tables, hints)

    def _insert_values(self) -> ValuesTable:
        start = self.token
        rows = self.value_rows()
        if len(rows) > MAX_VALUE_ROWS:
            message = (
                "The number of row value expressions in the INSERT statement exceeds the maximum "
                f"allowed number of {MAX_VALUE_ROWS} row values."
            )
            raise self.error(message, 10738, start)
        return ValuesTable(start.position, rows, "", ())

    def update(self, with_tables: tuple[CommonTable, ...]) -> Update:
        at = self.advance().position
        self._refuse_top()
        target = self._target()
        self.hints()
        self.expect("SET")
        assignments = self.comma_separated(self._assignment)
        self._refuse_output()
        source = self.sources() if self.accept("FROM") else None
        where = self._change_condition()
        return Update(at, target, assignments, source, where, with_tables)

    def delete(self, with_tables: tuple[CommonTable, ...]) -> Delete:
        at = self.advance().position
        self._refuse_top()
        self.accept("FROM")
        target = self._target()
        self.hints()
        self._refuse_output()
        source: TableSource | None = self.sources() if self.accept("FROM") else None
        return Delete(at, target, source, self._change_condition(), with_tables)

    def truncate(self) -> Truncate:
        at = self.advance().position
        self.expect("TABLE")
        name = self.object_name()
        if self.at("WITH"):
            raise self.refuse("TRUNCATE TABLE WITH PARTITIONS", "use DELETE")
        return Truncate(at, name)

    def _target(self) -> ObjectName:
        if self.token.kind == "variable":
            return ObjectName(self.token.position, (self.advance().text,))
        return self.object_name()

    def _column_name(self) -> str:
        return self.object_name().parts[-1]

    def _assignment(self) -> Assignment:
        at = self.token.position
        is_variable = self.token.kind == "variable"
        target = self.variable() if is_variable else self._column_name()
        operator = self.assignment_operator()
        value = self.expression()
        if is_variable and self.at_operator("="):
            raise self.refuse("SET @variable = column = expression", "use two assignments")
        return Assignment(at, target, operator, value)

    def assignment_operator(self) -> str:
        if not self.at_operator(*ASSIGNMENT_OPERATORS):
            raise self.unexpected()
        return self.advance().text

    def _change_condition(self) -> Condition | None:
        if not self.accept("WHERE"):
            return None
        if self.at("CURRENT"):
            raise self.refuse("WHERE CURRENT OF", "cursors are left out")
        return self.condition()

    def _refuse_top(self) -> None:
        if self.at("TOP"):
            raise self.refuse("TOP in a change of rows", "choose the rows in a subquery")

    def _refuse_output(self) -> None:
        if self.at("OUTPUT"):
            raise self.refuse("the OUTPUT clause", NO_OUTPUT)

    # --- EXEC

    def execute(self) -> Execute | ExecuteText:
        at = self.advance().position
        if self.at("AS"):
            raise self.refuse("EXECUTE AS", "there is one principal, dbo")
        if self.at_operator("("):
            text = self.bracketed(self.expression)
            if self.at("AT") or self.at("AS"):
                raise self.refuse(f"EXEC () {self.token.upper}", "leave it out")
            return ExecuteText(at, text)
        status = None
        if self.token.kind == "variable":
            name = self.token
            status = self.variable()
            if not self.accept_operator("="):
                raise self.refuse("EXEC of a variable's procedure", "name the procedure", name)
        return self.call_procedure(at, status)

    def call_procedure(self, at: Position, status: str | None = None) -> Execute:
        """From the procedure's name on; EXEC may be left out at the start of a batch."""
        procedure = self.object_name()
        if self.at_operator(";") and self.peek().kind == "int":
            raise self.refuse("a numbered procedure", "leave the number out")
        arguments: tuple[Argument, ...] = ()
        if self._at_argument():
            arguments = self.comma_separated(self._argument_of_procedure)
            self._check_order(arguments)
        return Execute(at, procedure, arguments, status, self._result_sets())

    def _at_argument(self) -> bool:
        token = self.token
        if token.kind == "word":
            return self.at_identifier() or self.at_any("NULL", "DEFAULT")
        return token.kind not in ("operator", "end") or self.at_operator("-")

    def _argument_of_procedure(self) -> Argument:
        at, name = self.token.position, None
        if self.token.kind == "variable" and self.peek().text == "=":
            name = self.variable()
            self.advance()
        token = self.token
        value = self._argument_value()
        output = self.accept_any("OUTPUT", "OUT") is not None
        if output and not isinstance(value, Variable):
            message = "Cannot use the OUTPUT option when passing a constant to a stored procedure."
            raise self.error(message, 179, token)
        return Argument(at, name, value, output)

    def _argument_value(self) -> Expression:
        at = self.token.position
        if self.accept("DEFAULT"):
            return Literal(at, "default", "")
        if self.token.kind == "variable":
            return Variable(at, self.variable())
        if self.token.kind == "system":
            return SystemVariable(at, self.advance().text)
        if self.at_operator("+"):
            raise self.unexpected()
        return self._constant()

    def _check_order(self, arguments: tuple[Argument, ...]) -> None:
        named = False
        for number, argument in enumerate(arguments, 1):
            if named and argument.name is None:
                message = (
                    f"Must pass parameter number {number} and subsequent parameters as '@name = "
                    "value'. After the form '@name = value' has been used, all subsequent "
                    "parameters must be passed in the form '@name = value'."
                )
                raise self.error(message, 119)
            named = named or argument.name is not None

    def _result_sets(self) -> ResultSets:
        if not self.accept("WITH"):
            return None
        if self.accept("RECOMPILE"):
            return None
        self.expect("RESULT", "SETS")
        if self.accept("NONE"):
            return "NONE"
        if self.accept("UNDEFINED"):
            return "UNDEFINED"
        return self.bracketed(lambda: self.comma_separated(self._result_set))

    def _result_set(self) -> tuple[ResultColumn, ...]:
        if self.at("AS"):
            raise self.refuse("RESULT SETS AS", "list the columns")
        return self.bracketed(lambda: self.comma_separated(self._result_column))

    def _result_column(self) -> ResultColumn:
        at, name, kind = self.token.position, self.identifier(), self.data_type()
        nullable = not self.accept("NOT", "NULL")
        if nullable:
            self.accept("NULL")
        return ResultColumn(at, name, kind, nullable)

    def with_statement(self) -> Statement:
        """A statement behind its common tables."""
        at = self.token.position
        tables = self.common_tables()
        if self.at("INSERT"):
            return self.insert(tables)
        if self.at("UPDATE"):
            return self.update(tables)
        if self.at("DELETE"):
            return self.delete(tables)
        if self.at("MERGE"):
            raise self.refuse("MERGE", "use UPDATE and INSERT")
        if not self.at_query():
            raise self.unexpected()
        return self.query_statement(at, tables)

    def query_statement(self, at: Position, tables: tuple[CommonTable, ...]) -> Statement:
        self.into_select = self.index
        while self.tokens[self.into_select].text == "(":
            self.into_select += 1
        return QueryStatement(at, self.query_after(at, tables))
