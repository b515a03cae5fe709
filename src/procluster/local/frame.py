"""One level of execution: a batch, a procedure or dynamic text, with its names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from procluster.errors import Refusal
from procluster.local.messages import sql_error
from procluster.local.names import with_names
from procluster.local.results import Column
from procluster.local.session_functions import SESSION_FUNCTIONS
from procluster.local.stored import StoredModule, StoredTable
from procluster.local.syntax import CommonTable
from procluster.local.system_views import SYSTEM_VIEWS, system_view
from procluster.local.translate import nodes
from procluster.local.translate.names import InlineFunction, Table, View

if TYPE_CHECKING:
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ObjectName, Query
    from procluster.local.types import SqlType

__all__ = ["Frame", "Variable"]

DEFAULT_SCHEMA = "dbo"
SYSTEM_SCHEMAS = ("sys", "information_schema")


@dataclass
class Variable:
    """A variable or parameter and its value now."""

    type: SqlType
    value: object = None


class Frame:
    """Variables and temp tables of one level; what a query there may refer to.

    Attributes
    ----------
    parent : Frame or None
        The caller, whose #temp tables are seen.
    module : StoredModule or None
        The procedure that runs.
    tables, temporary : dict
        Table variables (``@t``) and temp tables (``#t``), by lower-case name.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        parent: Frame | None = None,
        module: StoredModule | None = None,
        temporary: dict[str, StoredTable] | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.parent = parent
        self.module = module
        self.variables: dict[str, Variable] = {}
        self.tables: dict[str, StoredTable] = {}
        self.temporary = {} if temporary is None else temporary
        self.own_temporary = temporary is None
        self.lost: set[str] = set()
        self.identity: int | None = None
        self.status: object = 0
        self.level: int = parent.level + 1 if parent else 0
        """@@NESTLEVEL: 0 in a batch."""

    # --- names of the translator

    def variable(self, name: str) -> SqlType | None:
        """Type of a variable."""
        found = self.variables.get(name.lower())
        return found.type if found else None

    def value(self, name: str) -> object:
        """Value of a variable."""
        return self.variables[name.lower()].value

    def table(self, name: ObjectName) -> Table | View | None:
        """Find a table or view for a query."""
        if self.interpreter.transaction.lost:
            raise Refusal(
                f"Reading {'.'.join(name.parts)} in a doomed transaction",
                "DuckDB has given up the transaction; ROLLBACK first",
                line=name.at.line,
                column=name.at.column,
            )
        if len(name.parts) > 1 and name.parts[-2].lower() in SYSTEM_SCHEMAS:
            self.check_database(name)
            return self._system_view(name)
        stored = self.stored_table(name)
        if stored is None:
            return self._view(name)
        if stored.name.lower() in self.lost:
            raise Refusal(
                f"Reading {stored.name} after this rollback",
                "DuckDB has lost its rows with the transaction; declare it anew",
                line=name.at.line,
                column=name.at.column,
            )
        return Table(stored.sql, self.columns_of(stored))

    def function(self, name: ObjectName) -> InlineFunction | None:
        """Find an inline table function."""
        module = self.stored_module(name, "FUNCTION")
        if module is None:
            return None
        tree = self.interpreter.catalog.tree(module)
        return InlineFunction(tree.parameters, self._body(module))

    def session_value(self, call: str, arguments: tuple[object, ...]) -> tuple[SqlType, object]:
        """Value of a function or @@variable that depends on the session."""
        function = SESSION_FUNCTIONS.get(call)
        if function is None:
            at = self.interpreter.at
            reason = "it is not among the functions that run here"
            raise Refusal(f"function {call}", reason, line=at.line, column=at.column)
        return function(self, *arguments)

    # --- names of the interpreter

    def stored_table(self, name: ObjectName) -> StoredTable | None:
        """A table in the catalog, a #temp table in reach, or a table variable."""
        if name.parts[-1][0] in "#@":
            return self.local_table(name.parts[-1])
        found = self._find(name)
        return found if isinstance(found, StoredTable) else None

    def stored_module(self, name: ObjectName, kind: str) -> StoredModule | None:
        """A procedure, view or function in the catalog."""
        found = self._find(name)
        return found if isinstance(found, StoredModule) and found.kind == kind else None

    def needed_table(self, name: ObjectName) -> StoredTable:
        """Find a table to change, or raise 208 or 1087."""
        found = self.stored_table(name)
        if found:
            return found
        if name.parts[-1].startswith("@"):
            raise sql_error(1087, name.parts[-1])
        module = self._find(name)
        if isinstance(module, StoredModule) and module.kind == "VIEW":
            raise Refusal(
                f"Changing view {module.full_name}",
                "change its table",
                line=name.at.line,
                column=name.at.column,
            )
        raise sql_error(208, ".".join(name.parts))

    def stored_object(self, name: ObjectName) -> StoredTable | StoredModule | None:
        """A table or module, whatever it is."""
        return self._find(name)

    def columns_of(self, table: StoredTable) -> tuple[Column, ...]:
        """Columns of a stored table as a query sees them."""
        return tuple(
            Column(column.name, column.type, bool(column.nullable)) for column in table.columns
        )

    def local_tables(self) -> list[StoredTable]:
        """Table variables and temp tables in reach."""
        found = list(self.tables.values())
        frame: Frame | None = self
        while frame:
            found += frame.temporary.values()
            frame = frame.parent
        return found

    def replace_local(self, old: StoredTable, new: StoredTable) -> None:
        """Put a changed temp table in the place of the old one."""
        frame: Frame | None = self
        while frame:
            if frame.temporary.get(old.name.lower()) is old:
                frame.temporary[old.name.lower()] = new
            frame = frame.parent

    def forget_local(self, table: StoredTable) -> None:
        """Take a temp table out of the level that made it."""
        frame: Frame | None = self
        while frame:
            if frame.temporary.get(table.name.lower()) is table:
                del frame.temporary[table.name.lower()]
                return
            frame = frame.parent

    def keep_local(self, table: StoredTable) -> None:
        """Know a temp table of this level."""
        self.temporary[table.name.lower()] = table

    def schema_of(self, name: ObjectName) -> str:
        """The schema a name says, or the default one; 2760 when there is none of that name."""
        self.check_database(name)
        schema = name.parts[-2] if len(name.parts) > 1 else DEFAULT_SCHEMA
        found = self.interpreter.catalog.schema(schema)
        if found is None:
            raise sql_error(2760, schema)
        return found

    def check_database(self, name: ObjectName) -> None:
        """Refuse a name of another database."""
        database = name.parts[-3] if len(name.parts) > 2 else None
        if database and database.lower() != self.interpreter.database_name.lower():
            raise Refusal(
                f"Database {database}",
                f"there is one database, {self.interpreter.database_name}",
                line=name.at.line,
                column=name.at.column,
            )

    def procedure_name(self) -> str | None:
        """Name for errors, None in a batch or dynamic text."""
        return self.module.full_name if self.module else None

    def _find(self, name: ObjectName) -> StoredTable | StoredModule | None:
        self.check_database(name)
        catalog = self.interpreter.catalog
        if len(name.parts) > 1:
            return catalog.find(name.parts[-2], name.parts[-1])
        own = self.module.schema if self.module else DEFAULT_SCHEMA
        return catalog.find(own, name.parts[0]) or catalog.find(DEFAULT_SCHEMA, name.parts[0])

    def local_table(self, name: str) -> StoredTable | None:
        """A table variable of this level, or a temp table of this one or a caller's."""
        key = name.lower()
        if key.startswith("@"):
            return self.tables.get(key)
        frame: Frame | None = self
        while frame:
            if key in frame.temporary:
                return frame.temporary[key]
            frame = frame.parent
        return None

    def _system_view(self, name: ObjectName) -> Table:
        view = system_view(self.interpreter, name.parts[-2], name.parts[-1])
        if view is None:
            raise Refusal(
                f"catalog view {'.'.join(name.parts)}",
                f"allowed: {', '.join(sorted(SYSTEM_VIEWS))}",
                line=name.at.line,
                column=name.at.column,
            )
        return view

    def _view(self, name: ObjectName) -> View | None:
        module = self.stored_module(name, "VIEW")
        if module is None:
            return None
        return View(self._body(module), self.interpreter.catalog.tree(module).columns)

    def _body(self, module: StoredModule) -> Query:
        """Query of a view or function; names without a schema mean its own schema first."""
        catalog = self.interpreter.catalog
        body = catalog.tree(module).body
        assert not isinstance(body, tuple)  # noqa: S101
        common = {node.name.lower() for node in nodes(body) if isinstance(node, CommonTable)}

        def qualified(name: ObjectName) -> ObjectName:
            (first, *rest) = name.parts
            own = not rest and first.lower() not in common and catalog.find(module.schema, first)
            return replace(name, parts=(module.schema, first)) if own else name

        return with_names(body, qualified)
