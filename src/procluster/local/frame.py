"""One level of execution: a batch, a procedure or dynamic text, with its names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from procluster.local import syntax as ast
from procluster.local.engine import Engine
from procluster.local.messages import error, refuse
from procluster.local.quoting import quote_sql
from procluster.local.registry import SESSION_FUNCTIONS, SYSTEM_VIEWS
from procluster.local.results import Column, result_set
from procluster.local.stored import (
    DEFAULT_SCHEMA,
    StoredModule,
    StoredObject,
    StoredTable,
    declared_columns,
)
from procluster.local.translate import SessionFunction, Table, compile_query
from procluster.local.types import SqlType

SYSTEM_SCHEMAS = ("sys", "information_schema")


@dataclass
class Variable:
    type: SqlType
    value: object = None


@dataclass(eq=False)
class Frame:
    """Variables and temp tables of one level; what a query there may refer to.

    ``parent`` is the caller, whose #temp tables are seen; a batch has those of its session.
    ``module`` is the procedure that runs. Where the new rows of a table are a single one,
    ``new_row`` has its values by lower-case column name; ``row_parameters`` are those of DuckDB's
    that the SQL of the rows names.
    """

    engine: Engine
    parent: Frame | None = None
    module: StoredModule | None = None
    temporary: dict[str, StoredTable] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    rows: dict[str, Table] = field(default_factory=dict)
    new_row: dict[str, Variable] = field(default_factory=dict)
    row_parameters: dict[str, object] = field(default_factory=dict)
    identity: int | None = None
    status: object = 0

    @property
    def level(self) -> int:
        """@@NESTLEVEL: 0 in a batch."""
        return self.parent.level + 1 if self.parent else 0

    def with_rows(
        self,
        rows: dict[str, Table],
        new_row: dict[str, Variable] | None = None,
        parameters: dict[str, object] | None = None,
    ) -> Frame:
        """The same names, and rows under a name of their own, as the constraints ask for.

        The values of ``new_row`` are variables too, @new0 and so on in the order of the columns.
        """
        row, known = new_row or {}, self.variables
        known = known | {f"@new{place}": value for place, value in enumerate(row.values())}
        return replace(
            self, rows=rows, new_row=row, row_parameters=parameters or {}, variables=known
        )

    def assign(self, name: str, value: object, kind: SqlType | None = None) -> None:
        """Give a variable a value of its own type, or of another, converted."""
        variable = self.variables[name.lower()]
        variable.value = self.engine.convert(value, kind, variable.type) if kind else value

    def declare(self, parameter: ast.Declaration, value: object = None) -> None:
        self.variables[parameter.name.lower()] = Variable(parameter.type, value)

    @property
    def procedure(self) -> str | None:
        """Name for errors, None in a batch or dynamic text."""
        return self.module.full_name if self.module else None

    # --- what the translator asks

    def variable(self, name: str) -> SqlType | None:
        found = self.variables.get(name.lower())
        return found.type if found else None

    def value(self, name: str) -> object:
        return self.variables[name.lower()].value

    def table(self, name: ast.ObjectName) -> Table | ast.CreateModule | None:
        """Find a table or view for a query."""
        if name.parts[0] in self.rows:
            return self.rows[name.parts[0]]
        if self.engine.transaction.lost:
            reason = "DuckDB has given up the transaction; ROLLBACK first"
            raise refuse(f"Reading {name} in a doomed transaction", reason, name.at)
        if len(name.parts) > 1 and name.parts[-2].lower() in SYSTEM_SCHEMAS:
            return self._system_view(name)
        stored = self.stored_table(name)
        if stored:
            return self.shown(stored)
        module = self.stored_module(name, "VIEW")
        return self._tree(module) if module else None

    def shown(self, stored: StoredTable) -> Table:
        """A table as a query sees it."""
        return Table(stored.sql, stored.shown, f"{self.engine.database_name}.{stored.full_name}")

    def function(self, name: ast.ObjectName) -> ast.CreateModule | None:
        module = self.stored_module(name, "FUNCTION")
        return self._tree(module) if module else None

    def session_function(self, name: str) -> SessionFunction | None:
        return SESSION_FUNCTIONS.get(name)

    # --- what the interpreter asks

    def find(self, name: ast.ObjectName) -> StoredObject | None:
        """A table or module of the catalog; one part means the module's schema, then dbo."""
        self.check_database(name)
        catalog = self.engine.catalog
        if self.module and len(name.parts) == 1:
            return catalog.find(self.module.schema, *name.parts) or catalog.find(*name.parts)
        return catalog.find(*name.parts)

    def stored_table(self, name: ast.ObjectName) -> StoredTable | None:
        """A table in the catalog, or a #temp table in reach."""
        if name.parts[-1].startswith("#"):
            return self.local_table(name.parts[-1])
        found = self.find(name)
        return found if isinstance(found, StoredTable) else None

    def stored_module(self, name: ast.ObjectName, kind: str) -> StoredModule | None:
        found = self.find(name)
        return found if isinstance(found, StoredModule) and found.kind == kind else None

    def needed_table(self, name: ast.ObjectName) -> StoredTable:
        """Find a table to change, or raise 208."""
        found = self.stored_table(name)
        if found:
            return found
        if view := self.stored_module(name, "VIEW"):
            raise refuse(f"Changing view {view.full_name}", "change its table", name.at)
        raise error(208, name)

    def schema_of(self, name: ast.ObjectName) -> str:
        """The schema a name says, or the default one; 2760 when there is none of that name."""
        self.check_database(name)
        schema = name.parts[-2] if len(name.parts) > 1 else DEFAULT_SCHEMA
        found = self.engine.catalog.schema(schema)
        if found is None:
            raise error(2760, schema)
        return found

    def check_database(self, name: ast.ObjectName) -> None:
        database = name.parts[-3] if len(name.parts) > 2 else None
        if database and database.lower() != self.engine.database_name.lower():
            reason = f"there is one database, {self.engine.database_name}"
            raise refuse(f"Database {database}", reason, name.at)

    # --- temp tables

    def frames(self) -> Iterator[Frame]:
        frame: Frame | None = self
        while frame:
            yield frame
            frame = frame.parent

    def local_table(self, name: str) -> StoredTable | None:
        """A temp table of this level or a caller's."""
        found = (frame.temporary.get(name.lower()) for frame in self.frames())
        return next((table for table in found if table), None)

    def local_tables(self) -> list[StoredTable]:
        return [table for frame in self.frames() for table in frame.temporary.values()]

    def keep_local(self, table: StoredTable, instead_of: StoredTable | None = None) -> None:
        """Know a temp table of this level, or have it in the place of another."""
        key = table.name.lower()
        for frame in self.frames():
            if frame.temporary.get(key) is instead_of:
                frame.temporary[key] = table
                return

    def forget_local(self, table: StoredTable) -> None:
        """Take a temp table out of the level that made it."""
        for frame in self.frames():
            if frame.temporary.get(table.name.lower()) is table:
                del frame.temporary[table.name.lower()]

    def drop_local_tables(self) -> None:
        """Drop what the end of a level drops."""
        for table in self.temporary.values():
            self.engine.write(f"DROP TABLE IF EXISTS {table.sql}")
        self.temporary.clear()

    # --- views

    def module_columns(
        self, statement: ast.CreateModule, module: StoredModule
    ) -> tuple[Column, ...]:
        """Columns of a view or function, as its query is compiled now; a procedure has none."""
        if isinstance(statement.body, tuple):
            return ()
        inner = Frame(self.engine, self, module)
        for parameter in statement.parameters:
            inner.declare(parameter)
        at = statement.at
        rows = ast.DerivedTable(at, statement.body, module.name, statement.columns)
        query = ast.Query(at, ast.Select(at, (ast.SelectItem(at, ast.Star(at)),), source=rows))
        return compile_query(query, inner).columns

    def _tree(self, module: StoredModule) -> ast.CreateModule:
        """A view or function; its own schema comes before dbo."""
        catalog = self.engine.catalog
        tree = catalog.tree(module)
        common = {n.name.lower() for n in ast.nodes(tree.body) if isinstance(n, ast.CommonTable)}

        def qualified(node: ast.Node) -> ast.Node | None:
            if not isinstance(node, ast.NamedTable):
                return None
            (first, *rest) = node.name.parts
            own = not rest and first.lower() not in common and catalog.find(module.schema, first)
            return (
                replace(node, name=ast.ObjectName(node.at, (module.schema, first))) if own else node
            )

        return replace(tree, body=ast.changed(tree.body, qualified))

    def _system_view(self, name: ast.ObjectName) -> Table:
        """A catalog view, as a DuckDB table of what there is now."""
        self.check_database(name)
        key, engine = ".".join(name.parts[-2:]).lower(), self.engine
        view = SYSTEM_VIEWS.get(key)
        if view is None:
            reason = f"allowed: {', '.join(sorted(SYSTEM_VIEWS))}"
            raise refuse(f"catalog view {name}", reason, name.at)
        columns, sql = declared_columns(view.columns), quote_sql("temp", key)
        if engine.shown_views.get(key) != engine.catalog.version:
            # Before its rows are made: they may ask for the columns of a view that reads it.
            engine.shown_views[key] = engine.catalog.version
            try:
                shown = result_set(columns, view.rows(engine)).table
                rows = shown.rename_columns([column.name for column in columns])
                engine.write_rows(f"CREATE OR REPLACE TEMP TABLE {sql} AS", rows)
            except BaseException:
                del engine.shown_views[key]
                raise
            engine.transaction.on_rollback(lambda: engine.shown_views.pop(key, None))
        return Table(sql, columns)
