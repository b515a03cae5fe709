"""A DuckDB database and a tiny implementation of Names, to translate T-SQL text against."""

from __future__ import annotations

import duckdb
import pytest

from procluster.errors import SqlError
from procluster.local.parser import parse_batch
from procluster.local.quoting import quote_sql
from procluster.local.results import Column
from procluster.local.syntax import (
    CreateModule,
    Delete,
    ObjectName,
    Query,
    Update,
)
from procluster.local.translate import (
    Change,
    Compiled,
    SessionFunction,
    Table,
    as_sql_error,
    compile_change,
    compile_query,
)
from procluster.local.types import SqlType, resolve


class World:
    """Tables, variables, views and functions of one test."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.tables: dict[str, Table | CreateModule] = {}
        self.functions: dict[str, CreateModule] = {}
        self.variables: dict[str, tuple[SqlType, object]] = {}
        self.session: dict[str, tuple[SqlType, object]] = {}

    # what a query may refer to

    def variable(self, name: str) -> SqlType | None:
        found = self.variables.get(name.lower())
        return found[0] if found else None

    def value(self, name: str) -> object:
        return self.variables[name.lower()][1]

    def table(self, name: ObjectName) -> Table | CreateModule | None:
        return self.tables.get(name.parts[-1].lower())

    def function(self, name: ObjectName) -> CreateModule | None:
        return self.functions.get(name.parts[-1].lower())

    def session_function(self, name: str) -> SessionFunction | None:
        if not name.startswith(("@@", "OBJECT_")):
            return None
        kind, value = self.session.get(name, (resolve("nvarchar", 200), None))

        def read(_: object, *arguments: object) -> object:
            return value or f"{name}{arguments}"

        return SessionFunction(name, kind, 0, 2, read)

    # what a test does

    def declare(self, name: str, kind: SqlType, value: object) -> None:
        self.variables[name] = kind, value

    def create(self, name: str, columns: dict[str, SqlType], *rows: tuple[object, ...]) -> None:
        shown = tuple(Column(k, v) for k, v in columns.items())
        self.tables[name] = Table(quote_sql(name), shown, name)
        listed = ", ".join(f"{quote_sql(k)} {v.storage}" for k, v in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE {quote_sql(name)} ({listed})")
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"INSERT INTO {quote_sql(name)} VALUES ({marks})", list(row))

    def create_module(self, text: str) -> None:
        (module,) = parse_batch(text)
        assert isinstance(module, CreateModule)
        name = module.name.parts[-1].lower()
        if module.kind == "VIEW":
            self.tables[name] = module
        else:
            self.functions[name] = module

    def compile(self, text: str) -> Compiled:
        (statement,) = parse_batch(text)
        assert isinstance(statement, Query)
        return compile_query(statement, self)

    def change(self, text: str) -> Change:
        (statement,) = parse_batch(text)
        assert isinstance(statement, (Update, Delete))
        return compile_change(statement, self)

    def run(self, compiled: Compiled) -> list[tuple[object, ...]]:
        try:
            return self.connection.execute(compiled.sql, compiled.parameters or None).fetchall()
        except duckdb.Error as error:
            raise as_sql_error(error) from error

    def rows(self, text: str) -> list[tuple[object, ...]]:
        return self.run(self.compile(text))

    def one(self, expression: str) -> object:
        ((found,),) = self.rows(f"SELECT {expression}")
        return found

    def type(self, expression: str) -> str:
        return str(self.compile(f"SELECT {expression}").columns[0].type)

    def error(self, text: str) -> SqlError:
        with pytest.raises(SqlError) as found:
            self.rows(text)
        return found.value
