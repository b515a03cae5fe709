"""T-SQL queries to DuckDB SQL, typed by SQL Server's rules, or a refusal.

``compile_*`` take a tree of :mod:`procluster.local.syntax` and what it may refer to; nothing is
run here. Values of variables, of the session and of the clock are read while compiling: compile
anew for each execution.

What differs from SQL Server, knowingly:

- Text is equal without case and trailing spaces (lower case of each character, so that N'ß' is not
  N'ss'), and ordered as ICU orders it: a hyphen counts. A character beyond U+FFFF counts as one.
- datetime2 keeps microseconds; datetime keeps .000, .003 and .007 also where it becomes datetime2.
- JSON that comes back as text has no blanks, and its numbers the shortest form: 1.50 is 1.5.
- A decimal product or sum whose exact value needs more than 38 digits on the way is error 8115.
- Aggregates give no warning (8153) when they leave NULLs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from procluster.local.results import Column
from procluster.local.syntax import Condition, Delete, Expression, Query, Update, ValuesTable
from procluster.local.translate import changes, conditions, expressions, queries, sources
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.faults import as_sql_error
from procluster.local.translate.messages import error
from procluster.local.translate.names import (
    Change,
    Compiled,
    InlineFunction,
    Names,
    Table,
    View,
)
from procluster.local.translate.quoting import identifier, literal
from procluster.local.translate.scope import Context, Scope, nodes
from procluster.local.translate.term import BIT

__all__ = [
    "Change",
    "Compiled",
    "InlineFunction",
    "Names",
    "Table",
    "View",
    "as_sql_error",
    "compile_condition",
    "compile_delete",
    "compile_expression",
    "compile_insert",
    "compile_query",
    "compile_update",
    "convert_sql",
    "identifier",
    "literal",
    "nodes",
]


def compile_query(query: Query, names: Names) -> Compiled:
    """Compile a query.

    Raises
    ------
    SqlError
        What SQL Server finds before it runs a query: 207, 208, 209, 8120 and so on.
    Refusal
        T-SQL that the engine leaves out.
    """
    context = Context(names)
    relation = queries.query(query, Scope(context), nested=False)
    return context.compiled(relation.sql, relation.columns)


def compile_insert(
    source: Query | ValuesTable,
    names: Names,
    columns: Sequence[Column],
    table: str,
) -> Compiled:
    """Compile the source of an INSERT, converted to the columns it goes into.

    Text too long for its column is error 2628 when it runs; NULLs and keys are the caller's.

    Parameters
    ----------
    columns : sequence of Column
        The target columns, one for each column of the source (else 120 or 121).
    table : str
        Name of the target for error 2628.
    """
    context = Context(names)
    scope = Scope(context)
    if isinstance(source, ValuesTable):
        relation = sources.values(replace(source, columns=()), scope)
    else:
        relation = queries.query(source, scope, nested=False)
    if len(relation.columns) != len(columns):
        number = 120 if len(relation.columns) < len(columns) else 121
        raise error(number, at=source.at)
    alias = context.alias()
    written = [
        changes.assigned(
            relation.term(place, alias),
            column.type,
            f"table '{table}', column '{column.name}'",
            source.at,
        )
        for place, column in enumerate(columns)
    ]
    listed = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(written))
    sql = f"SELECT {listed} FROM ({relation.sql}) AS {alias}"
    return context.compiled(sql, tuple(columns))


def compile_expression(expression: Expression, names: Names) -> Compiled:
    """Compile a value: one row of one column."""
    context = Context(names)
    term = expressions.value(expression, Scope(context))
    columns = (Column("", term.type, term.nullable),)
    return context.compiled(f"SELECT {term.sql} AS c0", columns)


def compile_condition(condition: Condition, names: Names) -> Compiled:
    """Compile a condition: one row of one column, true or false, never NULL."""
    context = Context(names)
    test = conditions.condition(condition, Scope(context))
    columns = (Column("", BIT, nullable=False),)
    return context.compiled(f"SELECT coalesce({test}, false) AS c0", columns)


def compile_update(update: Update, names: Names) -> Change:
    """Compile UPDATE to the query of its rows and new values (:class:`Change`)."""
    return changes.update(update, Scope(Context(names)))


def compile_delete(delete: Delete, names: Names) -> Change:
    """Compile DELETE to the query of its rows (:class:`Change`)."""
    return changes.delete(delete, Scope(Context(names)))
