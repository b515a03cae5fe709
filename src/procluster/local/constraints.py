"""Keys, CHECK and FOREIGN KEY: what rows must hold before they are written.

Each rule is asked as a T-SQL query over the rows, so that comparison follows the one set of rules
there is, case- and trailing-space-insensitive: ``@new`` are the rows to be written, ``@kept`` the
rows that stay beside them, ``@old`` the rows that go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from procluster.local.messages import sql_error
from procluster.local.parser import parse_batch
from procluster.local.stored import StoredTable, quote_tsql
from procluster.local.syntax import ColumnRef, QueryStatement
from procluster.local.translate import compile_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procluster.local.frame import Frame, Variable
    from procluster.local.interpreter import Interpreter
    from procluster.local.syntax import ForeignKey, ObjectName, Query
    from procluster.local.translate.names import InlineFunction, Table, View
    from procluster.local.types import SqlType

__all__ = [
    "RowNames",
    "UniqueKey",
    "check_gone_rows",
    "check_new_rows",
    "find_duplicate",
    "referenced_columns",
    "row_query",
    "shown",
    "unique_keys",
]


class RowNames:
    """A frame's names with ``@new``, ``@kept`` and ``@old`` on top.

    Where ``@new`` is a single row, ``new_row`` are its values by lower-case column name. Each is a
    variable too, @new0 and so on in the order of the columns, and a parameter of DuckDB's.
    """

    def __init__(
        self, frame: Frame, rows: dict[str, Table], new_row: dict[str, Variable] | None = None
    ) -> None:
        self._frame = frame
        self._rows = rows
        self.new_row = new_row or {}
        self._variables = {f"@new{place}": own for place, own in enumerate(self.new_row.values())}
        self.parameters = {name[1:]: own.value for name, own in self._variables.items()}

    def table(self, name: ObjectName) -> Table | View | None:
        """Find the rows, or any other table."""
        return self._rows.get(name.parts[0]) or self._frame.table(name)

    def variable(self, name: str) -> SqlType | None:
        """Type of a variable."""
        own = self._variables.get(name)
        return own.type if own else self._frame.variable(name)

    def value(self, name: str) -> object:
        """Value of a variable."""
        own = self._variables.get(name)
        return own.value if own else self._frame.value(name)

    def function(self, name: ObjectName) -> InlineFunction | None:
        """Find an inline function."""
        return self._frame.function(name)

    def session_value(self, call: str, arguments: tuple[object, ...]) -> tuple[SqlType, object]:
        """Value of a session function."""
        return self._frame.session_value(call, arguments)


class UniqueKey:
    """Columns that no two rows may share: a key constraint or a unique index."""

    def __init__(
        self, name: str, kind: str, columns: tuple[str, ...], where_text: str | None = None
    ) -> None:
        self.name = name
        self.kind = kind
        self.columns = columns
        self.where_text = where_text


def unique_keys(table: StoredTable) -> Iterator[UniqueKey]:
    """Keys and unique indexes of a table."""
    for key in table.keys:
        kind = "UNIQUE KEY" if key.kind == "UNIQUE" else key.kind
        yield UniqueKey(key.name or "", kind, key.columns)
    for index in table.indexes:
        if index.unique:
            columns = tuple(
                item.expression.parts[-1]
                for item in index.columns
                if isinstance(item.expression, ColumnRef)
            )
            yield UniqueKey(index.name, "INDEX", columns, index.where_text)


def check_new_rows(
    engine: Interpreter, table: StoredTable, names: RowNames, verb: str, changed: set[str] | None
) -> None:
    """Check rows before INSERT or UPDATE writes them.

    Parameters
    ----------
    changed : set of str or None
        Lower-case names of the columns an UPDATE sets; None for INSERT, which sets all.

    Raises
    ------
    SqlError
        547 CHECK and FOREIGN KEY, 2627 and 2601 keys.
    """
    for check in table.checks:
        if _finds(engine, names, f"SELECT TOP (1) 1 AS x FROM @new WHERE NOT {check.text}"):
            raise _conflict(engine, verb, "CHECK", check.name, table)
    for key in unique_keys(table):
        numbered = changed is None and table.identity is not None
        if numbered and table.identity and key.columns == (table.identity.name,):
            continue
        if changed is None or changed & {column.lower() for column in key.columns}:
            _check_key(engine, table, names, key)
    for foreign_key in table.foreign_keys:
        if changed is None or changed & {column.lower() for column in foreign_key.columns}:
            _check_parent(engine, table, names, verb, foreign_key)


def check_gone_rows(engine: Interpreter, table: StoredTable, names: RowNames, verb: str) -> None:
    """Check that no row points to ``@old`` rows that have no successor; 547."""
    for child, foreign_key in engine.catalog.referencing(table):
        parent_columns = referenced_columns(table, foreign_key)
        pairs = list(zip(parent_columns, foreign_key.columns, strict=True))
        match = " AND ".join(f"o.{quote_tsql(p)} = c.{quote_tsql(k)}" for p, k in pairs)
        again = " AND ".join(f"n.{quote_tsql(p)} = c.{quote_tsql(k)}" for p, k in pairs)
        source = "@kept" if child is table else quote_tsql(child.schema, child.name)
        text = (
            f"SELECT TOP (1) 1 AS x FROM {source} AS c "
            f"WHERE EXISTS (SELECT 1 FROM @old AS o WHERE {match})"
        )
        if verb == "UPDATE":
            text += f" AND NOT EXISTS (SELECT 1 FROM @new AS n WHERE {again})"
        if _finds(engine, names, text):
            columns = foreign_key.columns
            raise _conflict(engine, verb, "REFERENCE", foreign_key.name, child, columns)


def referenced_columns(parent: StoredTable, foreign_key: ForeignKey) -> tuple[str, ...]:
    """The columns a foreign key points to: those it names, or the primary key."""
    if foreign_key.referenced_columns:
        return foreign_key.referenced_columns
    return next((key.columns for key in parent.keys if key.kind == "PRIMARY KEY"), ())


def find_duplicate(
    engine: Interpreter, names: RowNames, key: UniqueKey, *, beside_kept: bool = True
) -> tuple[object, ...] | None:
    """Return the first key value that comes twice, in ``@new`` or beside ``@kept``."""
    if names.new_row:
        return _find_same(engine, names, key)
    columns = ", ".join(quote_tsql(column) for column in key.columns)
    where = f" WHERE {key.where_text}" if key.where_text else ""
    among_new = f"SELECT TOP (1) {columns} FROM @new{where} GROUP BY {columns} HAVING COUNT(*) > 1"
    found = _finds(engine, names, among_new)
    if found is None and beside_kept:
        both = f"SELECT {columns} FROM @new{where} INTERSECT SELECT {columns} FROM @kept{where}"
        found = _finds(engine, names, f"SELECT TOP (1) {columns} FROM ({both}) AS d")
    return found


def _find_same(engine: Interpreter, names: RowNames, key: UniqueKey) -> tuple[object, ...] | None:
    """The key of the one new row, when a row that stays has it."""
    places = [list(names.new_row).index(column.lower()) for column in key.columns]
    values = tuple(names.parameters[f"new{place}"] for place in places)
    same = " AND ".join(
        f"{quote_tsql(column)} " + ("IS NULL" if value is None else f"= @new{place}")
        for column, place, value in zip(key.columns, places, values, strict=True)
    )
    if key.where_text:
        same += f" AND {key.where_text}"
        if not _finds(engine, names, f"SELECT 1 AS x FROM @new WHERE {key.where_text}"):
            return None
    found = _finds(engine, names, f"SELECT TOP (1) 1 AS x FROM @kept WHERE {same}")
    return values if found else None


def shown(values: tuple[object, ...]) -> str:
    """Write a key value as error 2627 does."""
    return ", ".join("<NULL>" if value is None else str(value) for value in values)


def _check_key(engine: Interpreter, table: StoredTable, names: RowNames, key: UniqueKey) -> None:
    found = find_duplicate(engine, names, key)
    if found is None:
        return
    if key.kind == "INDEX":
        raise sql_error(2601, table.full_name, key.name, shown(found))
    raise sql_error(2627, key.kind, key.name, table.full_name, shown(found))


def _check_parent(
    engine: Interpreter, table: StoredTable, names: RowNames, verb: str, foreign_key: ForeignKey
) -> None:
    reference = foreign_key.references
    schema = reference.parts[-2] if len(reference.parts) > 1 else "dbo"
    parent = engine.catalog.find(schema, reference.parts[-1])
    if not isinstance(parent, StoredTable):
        raise sql_error(1767, foreign_key.name, ".".join(reference.parts))
    targets = referenced_columns(parent, foreign_key)
    pairs = list(zip(targets, foreign_key.columns, strict=True))
    match = " AND ".join(f"p.{quote_tsql(p)} = n.{quote_tsql(k)}" for p, k in pairs)
    given = " AND ".join(f"n.{quote_tsql(k)} IS NOT NULL" for _, k in pairs)
    sources = [quote_tsql(parent.schema, parent.name)]
    if parent.object_id == table.object_id:
        sources = ["@kept", "@new"]
    missing = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {source} AS p WHERE {match})" for source in sources
    )
    if _finds(engine, names, f"SELECT TOP (1) 1 AS x FROM @new AS n WHERE {given} AND {missing}"):
        raise _conflict(engine, verb, "FOREIGN KEY", foreign_key.name, parent, targets)


def _conflict(  # noqa: PLR0913, PLR0917
    engine: Interpreter,
    verb: str,
    kind: str,
    name: str | None,
    table: StoredTable,
    columns: tuple[str, ...] = (),
) -> Exception:
    column = f", column '{columns[0]}'" if len(columns) == 1 else ""
    return sql_error(547, verb, kind, name, engine.database_name, table.full_name, column)


def _finds(engine: Interpreter, names: RowNames, text: str) -> tuple[object, ...] | None:
    compiled = compile_query(row_query(text), names)
    row = engine.first_row(compiled.sql, {**compiled.parameters, **names.parameters})
    return None if row is None else tuple(row)


@lru_cache(maxsize=256)
def row_query(text: str) -> Query:
    """Parse the query of a rule, once."""
    (statement,) = parse_batch(text)
    assert isinstance(statement, QueryStatement)  # noqa: S101
    return statement.query
