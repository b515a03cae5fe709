"""T-SQL queries to DuckDB SQL, typed by SQL Server's rules, or a refusal.

``compile_*`` take a tree of :mod:`procluster.local.syntax` and what it may refer to; nothing is
run here. Values of variables, of the session and of the clock are read while compiling;
:class:`Plans` knows what has to be compiled anew for the next execution.
"""

from procluster.local.results import Column
from procluster.local.syntax import Condition, Delete, Expression, Query, Update
from procluster.local.translate import (  # noqa: F401 - each registers what it writes
    calls,
    changes,
    expressions,
    queries,
    selects,
    sources,
)
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.faults import as_sql_error
from procluster.local.translate.names import Names, SessionFunction, Table
from procluster.local.translate.plans import Change, Compiled, Plans
from procluster.local.translate.scope import Context, Scope
from procluster.local.translate.writing import condition, value
from procluster.local.types import BIT

__all__ = [
    "DIFFERENCES",
    "Change",
    "Compiled",
    "Names",
    "Plans",
    "SessionFunction",
    "Table",
    "as_sql_error",
    "compile_change",
    "compile_condition",
    "compile_expression",
    "compile_query",
    "convert_sql",
]

DIFFERENCES = """
Text is equal without case and trailing spaces (lower case of each character, so that N'ß' is not
N'ss'), and ordered as ICU orders it: a hyphen counts. A character beyond U+FFFF counts as one.
datetime2 keeps microseconds; datetime keeps .000, .003 and .007 also where it becomes datetime2.
JSON that comes back as text has no blanks, and its numbers the shortest form: 1.50 is 1.5.
A decimal product or sum whose exact value needs more than 38 digits on the way is error 8115.
Aggregates give no warning (8153) when they leave NULLs out: where a server warns depends on its
query plan, even for a column without NULLs (KB 317312).
"""
"""What differs from SQL Server in queries, knowingly."""


def compile_query(query: Query, names: Names) -> Compiled:
    """Compile a query; its errors are those found before one runs: 207, 208, 209, 8120 ..."""
    context = Context(names)
    found = queries.query(query, Scope(context), nested=False)
    return context.compiled(found.sql, found.columns)


def compile_expression(expression: Expression, names: Names) -> Compiled:
    """Compile a value: one row of one column."""
    context = Context(names)
    term = value(expression, Scope(context))
    columns = (Column("", term.type, term.nullable),)
    return context.compiled(f"SELECT {term.sql} AS c0", columns)


def compile_condition(node: Condition, names: Names) -> Compiled:
    """Compile a condition: one row of one column, true or false, never NULL."""
    context = Context(names)
    test = condition(node, Scope(context))
    columns = (Column("", BIT, nullable=False),)
    return context.compiled(f"SELECT coalesce({test}, false) AS c0", columns)


def compile_change(node: Update | Delete, names: Names) -> Change:
    """Compile UPDATE or DELETE to the query of its rows and new values."""
    return changes.change(node, Scope(Context(names)))
