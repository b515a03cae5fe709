"""Keys, CHECK and FOREIGN KEY: what rows must hold before they are written.

DuckDB has no savepoints, so a broken rule must be found before anything is changed. Each rule is
asked as a T-SQL query over the rows, so that comparison follows the one set of rules there is:
``[@new]`` are the rows to be written, ``[@kept]`` those that stay beside them, ``[@old]`` those
that go. The values of a single new row are variables instead, @new0 and so on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from procluster.errors import SqlError
from procluster.local import syntax as ast
from procluster.local.engine import Engine
from procluster.local.frame import Frame
from procluster.local.messages import error
from procluster.local.parser import parse_batch
from procluster.local.quoting import quote_tsql
from procluster.local.stored import StoredTable, key_of
from procluster.local.translate import compile_expression, compile_query


class UniqueKey(NamedTuple):
    """Columns that no two rows may share: a key constraint or a unique index."""

    name: str
    kind: str
    columns: tuple[str, ...]
    where_text: str | None = None
    where: ast.Condition | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The columns whose change may make it hold no more."""
        return (*self.columns, *_columns(self.where))


def unique_keys(table: StoredTable) -> Iterator[UniqueKey]:
    for key in table.keys:
        kind = "UNIQUE KEY" if key.kind == "UNIQUE" else key.kind
        yield UniqueKey(key.name or "", kind, key.columns)
    for index in table.indexes:
        if index.unique:
            yield UniqueKey(index.name, "INDEX", index.columns, index.where_text, index.where)


def null_error(
    frame: Frame, target: StoredTable, column: ast.ColumnDefinition, verb: str
) -> SqlError:
    """Error 515: NULL in a column that allows none."""
    return error(515, column.name, frame.shown(target).name, verb)


def has_rules(engine: Engine, table: StoredTable, changed: set[str]) -> bool:
    """Whether a change of these columns may break a rule of its table, or of one that points to it.

    ``changed`` are lower-case names; NOT NULL is not meant.
    """
    own = (*(_columns(c.condition) for c in table.checks), *(k.named for k in unique_keys(table)))
    child = (foreign_key.columns for foreign_key in table.foreign_keys)
    parent = (referenced_columns(table, key) for _, key in engine.catalog.referencing(table))
    named = {column.lower() for columns in (*own, *child, *parent) for column in columns}
    return bool(changed & named)


@dataclass(frozen=True)
class Rules:
    """The rules of a table for rows that a statement changes, which the frame sees.

    ``changed`` are the lower-case names of the columns that an UPDATE sets; None means all.
    """

    frame: Frame
    table: StoredTable
    verb: str
    changed: set[str] | None = None

    def check_new_rows(self) -> None:
        """Check ``[@new]`` before it is written: 547 CHECK and FOREIGN KEY, 2627 and 2601 keys."""
        table = self.table
        self._check_checks([c for c in table.checks if self._concerns(_columns(c.condition))])
        for key in unique_keys(table):
            numbered = table.identity and key.columns == (table.identity.name,)
            is_asked = self._concerns(key.named) and not (numbered and self.changed is None)
            found = find_duplicate(self.frame, key) if is_asked else None
            if found and key.kind == "INDEX":
                raise error(2601, table.full_name, key.name, shown(found))
            if found:
                raise error(2627, key.kind, key.name, table.full_name, shown(found))
        for foreign_key in table.foreign_keys:
            if self._concerns(foreign_key.columns):
                self._check_parent(foreign_key)

    def check_gone_rows(self) -> None:
        """Check that no row points to ``[@old]`` rows that have no successor; 547."""
        for child, foreign_key in self.frame.engine.catalog.referencing(self.table):
            parents, columns = referenced_columns(self.table, foreign_key), foreign_key.columns
            if not self._concerns(parents):
                continue
            source = "[@kept]" if child is self.table else quote_tsql(child.schema, child.name)
            text = (
                f"SELECT TOP (1) 1 AS x FROM {source} AS c WHERE EXISTS "
                f"(SELECT 1 FROM [@old] AS o WHERE {_same('o', parents, 'c', columns)})"
            )
            if self.verb == "UPDATE":
                again = _same("n", parents, "c", columns)
                text += f" AND NOT EXISTS (SELECT 1 FROM [@new] AS n WHERE {again})"
            if _finds(self.frame, text):
                raise self._conflict("REFERENCE", foreign_key.name, child, columns)

    def _concerns(self, columns: tuple[str, ...]) -> bool:
        """Whether one of the columns is changed: SQL Server leaves out the checks of others.

        Source: "Be careful with constraints calling UDFs" (T. Karaszi), which shows it for CHECK.
        """
        return self.changed is None or bool(self.changed & {column.lower() for column in columns})

    def _check_checks(self, checks: list[ast.Check]) -> None:
        """Find the first CHECK that a new row breaks; unknown breaks none."""
        cases = (f"WHEN NOT {check.condition_text} THEN {n}" for n, check in enumerate(checks))
        first = _least(self.frame, f"CASE {' '.join(cases)} END") if checks else None
        if first is not None:
            raise self._conflict("CHECK", checks[first].name, self.table)

    def _check_parent(self, foreign_key: ast.ForeignKey) -> None:
        parent = _parent(self.frame, foreign_key)
        targets = referenced_columns(parent, foreign_key)
        is_own = parent.object_id == self.table.object_id
        sources = ("[@kept]", "[@new]") if is_own else (quote_tsql(parent.schema, parent.name),)
        is_orphan = _is_orphan if self.frame.new_row else _finds_orphan
        if is_orphan(self.frame, foreign_key.columns, targets, sources):
            raise self._conflict("FOREIGN KEY", foreign_key.name, parent, targets)

    def _conflict(
        self, kind: str, name: str | None, table: StoredTable, columns: tuple[str, ...] = ()
    ) -> SqlError:
        column = f", column '{columns[0]}'" if len(columns) == 1 else ""
        database = self.frame.engine.database_name
        return error(547, self.verb, kind, name, database, table.full_name, column)


def _columns(condition: ast.Condition | None) -> tuple[str, ...]:
    """The columns a CHECK or a filter names."""
    nodes = ast.nodes(condition)
    return tuple(node.parts[-1] for node in nodes if isinstance(node, ast.ColumnRef))


def referenced_columns(parent: StoredTable, foreign_key: ast.ForeignKey) -> tuple[str, ...]:
    """The columns a foreign key points to: those it names, or the primary key."""
    if foreign_key.referenced_columns:
        return foreign_key.referenced_columns
    return next((key.columns for key in parent.keys if key.kind == "PRIMARY KEY"), ())


def find_duplicate(
    frame: Frame, key: UniqueKey, *, beside_kept: bool = True
) -> tuple[object, ...] | None:
    """Return the first key value that comes twice, in ``[@new]`` or beside ``[@kept]``."""
    if frame.new_row:
        return _find_same(frame, key)
    columns = ", ".join(quote_tsql(column) for column in key.columns)
    where = f" WHERE {key.where_text}" if key.where_text else ""
    among = f"SELECT TOP (1) {columns} FROM [@new]{where} GROUP BY {columns} HAVING COUNT(*) > 1"
    found = _finds(frame, among)
    if found is None and beside_kept:
        both = f"SELECT {columns} FROM [@new]{where} INTERSECT SELECT {columns} FROM [@kept]{where}"
        found = _finds(frame, f"SELECT TOP (1) {columns} FROM ({both}) AS d")
    return found


def _find_same(frame: Frame, key: UniqueKey) -> tuple[object, ...] | None:
    """The key of the one new row, when a row that stays has it."""
    values = tuple(frame.new_row[column.lower()].value for column in key.columns)
    same = " AND ".join(
        f"{quote_tsql(column)} "
        + ("IS NULL" if value is None else f"= {_new_name(frame.new_row, column)}")
        for column, value in zip(key.columns, values, strict=True)
    )
    if key.where_text:
        same += f" AND {key.where_text}"
        if _least(frame, f"CASE WHEN {key.where_text} THEN 1 END") is None:
            return None
    found = _finds(frame, f"SELECT TOP (1) 1 AS x FROM [@kept] WHERE {same}")
    return values if found else None


def shown(values: tuple[object, ...]) -> str:
    """Write a key value as error 2627 does."""
    return ", ".join("<NULL>" if value is None else str(value) for value in values)


def check_rules(frame: Frame, table: StoredTable) -> None:
    """Compile the CHECK conditions and defaults, so that a wrong name is found at once.

    ``[@new]`` has the table's columns. Raises 1767 where a foreign key points to no table, 1776
    where to no key.
    """
    for check in table.checks:
        compile_query(_query(f"SELECT 1 AS x FROM [@new] WHERE {check.condition_text}"), frame)
    for column in table.columns:
        if column.default is not None:
            compile_expression(column.default, frame)
    for foreign_key in table.foreign_keys:
        is_own = key_of(*foreign_key.references.parts) == key_of(table.schema, table.name)
        parent = table if is_own else _parent(frame, foreign_key)
        wanted = {column.lower() for column in referenced_columns(parent, foreign_key)}
        keys = ({c.lower() for c in k.columns} for k in unique_keys(parent) if not k.where_text)
        if len(wanted) != len(foreign_key.columns) or wanted not in keys:
            raise error(1776, foreign_key.references, foreign_key.name)


def _parent(frame: Frame, foreign_key: ast.ForeignKey) -> StoredTable:
    parent = frame.engine.catalog.find(*foreign_key.references.parts)
    if not isinstance(parent, StoredTable):
        raise error(1767, foreign_key.name, foreign_key.references)
    return parent


def _finds_orphan(
    frame: Frame, columns: tuple[str, ...], targets: tuple[str, ...], sources: tuple[str, ...]
) -> bool:
    """Whether a new row points to none of the sources, which NOT EXISTS takes twice as long for."""
    joins = ""
    tests = [f"n.{quote_tsql(column)} IS NOT NULL" for column in columns]
    for place, source in enumerate(sources):
        name = f"p{place}"
        joins += f" LEFT JOIN {source} AS {name} ON {_same(name, targets, 'n', columns)}"
        tests.append(f"{name}.{quote_tsql(targets[0])} IS NULL")
    text = f"SELECT TOP (1) 1 AS x FROM [@new] AS n{joins} WHERE {' AND '.join(tests)}"
    return _finds(frame, text) is not None


def _is_orphan(
    frame: Frame, columns: tuple[str, ...], targets: tuple[str, ...], sources: tuple[str, ...]
) -> bool:
    """Whether the one new row does: its values are looked for, which needs no join."""
    if any(frame.new_row[column.lower()].value is None for column in columns):
        return False
    match = " AND ".join(
        f"{quote_tsql(target)} = {_new_name(frame.new_row, column)}"
        for target, column in zip(targets, columns, strict=True)
    )
    texts = (f"SELECT TOP (1) 1 AS x FROM {source} WHERE {match}" for source in sources)
    return not any(_finds(frame, text) for text in texts)


def _new_name(columns: Iterable[str], column: str) -> str:
    """The variable that holds the one new row's value of a column."""
    return f"@new{list(columns).index(column.lower())}"


def _same(left: str, lefts: tuple[str, ...], right: str, rights: tuple[str, ...]) -> str:
    pairs = zip(lefts, rights, strict=True)
    return " AND ".join(f"{left}.{quote_tsql(a)} = {right}.{quote_tsql(b)}" for a, b in pairs)


def _least(frame: Frame, text: str) -> Any:
    """The least value of an expression over the new rows; of a single one no table is asked."""
    if frame.new_row:
        return frame.engine.evaluate(_expression(text, tuple(frame.new_row)), frame)
    found = _finds(frame, f"SELECT MIN({text}) AS x FROM [@new]")
    return found and found[0]


@lru_cache(maxsize=256)
def _expression(text: str, columns: tuple[str, ...]) -> ast.Expression:
    """An expression of columns as one of the variables that hold the new row's values."""

    def variable(node: ast.Node) -> ast.Node | None:
        if not isinstance(node, ast.ColumnRef):
            return None
        return ast.Variable(node.at, _new_name(columns, node.parts[-1]))

    body = _query(f"SELECT {text} AS x").body
    assert isinstance(body, ast.Select)  # noqa: S101
    return ast.changed(body.items[0].expression, variable)


def _finds(frame: Frame, text: str) -> tuple[Any, ...] | None:
    compiled = frame.engine.plans.compile(compile_query, _query(text), frame)
    return frame.engine.first_row(compiled.sql, {**compiled.parameters, **frame.row_parameters})


@lru_cache(maxsize=256)
def _query(text: str) -> ast.Query:
    (statement,) = parse_batch(text)
    assert isinstance(statement, ast.Query)  # noqa: S101
    return statement
