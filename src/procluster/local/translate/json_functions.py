"""JSON: paths, the scalar functions and OPENJSON. Paths are lax: what is not there is NULL."""

import re

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse, unsupported
from procluster.local.quoting import literal
from procluster.local.results import Column
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.function import Function, Invocation, simple
from procluster.local.translate.scope import Relation, Scope
from procluster.local.translate.term import Term
from procluster.local.translate.writing import constant_value, count_arguments, value
from procluster.local.types import INT, MAX, TEXT, SqlType

STEP = re.compile(r'\.(?:"((?:[^"\\]|\\.)*)"|([^\W\d]\w*))|\[(\d+)\]')
TREES = "('OBJECT', 'ARRAY')"


def json_path(path: str, at: ast.Position) -> str:
    """A path for DuckDB, quoted: ``lax $.a."b c"[0]``; 13607 where it is none.

    >>> print(json_path("$.a[0].b", ast.NOWHERE))
    '$."a"[0]."b"'
    """
    mode, rest = "", path.strip()
    if found := re.match(r"(lax|strict)\s+", rest):
        mode, rest = found[1], rest[found.end() :]
    if mode == "strict":
        raise refuse(f"JSON path '{path}'", "only lax paths are read", at)
    if not rest.startswith("$"):
        raise error(13607, rest[:1], 0, at=at)
    steps, place = "", 1
    while place < len(rest) and (step := STEP.match(rest, place)):
        quoted, plain, index = step.groups()
        key = plain if quoted is None else quoted
        if key is not None and ("\\" in key or '"' in key):
            raise refuse(f"JSON path '{path}'", "a key with a backslash is left out", at)
        steps += f"[{index}]" if index is not None else f'."{key}"'
        place = step.end()
    if place != len(rest):
        raise error(13607, rest[place], path.find(rest[place], place), at=at)
    return literal("$" + steps)


def json_scalar(document: str, path: str) -> str:
    """Text of a scalar; NULL for an object, an array, null, and nothing there."""
    text = f"json_extract_string({document}, {path})"
    return f"CASE WHEN json_type({document}, {path}) NOT IN {TREES} THEN {text} END"


def json_tree(document: str, path: str) -> str:
    """Text of an object or array; NULL for anything else."""
    text = f"CAST(json_extract({document}, {path}) AS VARCHAR)"
    return f"CASE WHEN json_type({document}, {path}) IN {TREES} THEN {text} END"


def constant_path(call: Invocation, path: Term) -> str:
    if not isinstance(path.constant, str):
        raise refuse("a JSON path", "it must be a constant", call.at)
    return json_path(path.constant, call.at)


def json_value(call: Invocation, document: Term, path: Term) -> Term:
    """At most 4,000 characters; a longer value is NULL."""
    text = json_scalar(document.sql, constant_path(call, path))
    return Term(f"CASE WHEN length({text}) <= 4000 THEN {text} END", SqlType("nvarchar", 4000))


def json_query(call: Invocation, document: Term, path: Term | None = None) -> Term:
    return Term(json_tree(document.sql, constant_path(call, path) if path else "'$'"), TEXT)


FUNCTIONS = (
    Function("JSON_VALUE(document, path): a scalar, as text", "tt", json_value),
    Function("JSON_QUERY(document [, path]): an object or array", "t[t]", json_query),
    simple("ISJSON(text): 1 for an object or array, else 0", "t[x]", INT,
           "CASE WHEN {0} IS NOT NULL THEN "
           "CAST(json_valid({0}) AND regexp_matches({0}, '^\\s*[{{\\[]') AS INTEGER) END"),
)  # fmt: skip


def open_json(node: ast.FunctionTable, scope: Scope) -> Relation:
    """Rows of an array, or the one row of an object; nothing where the path leads nowhere."""
    call = node.call
    count_arguments("OPENJSON", len(call.arguments), 1, 2, call)
    if not node.schema:
        raise refuse("OPENJSON without WITH", "list the columns behind WITH", node.at)
    term, path = value(call.arguments[0], scope), "'$'"
    if term.null or term.type.family != "text":
        raise error(8116, term.type.name, 1, "openjson", at=call.at)
    if len(call.arguments) > 1:
        given = constant_value(call.arguments[1], scope)
        if not isinstance(given, str):
            raise refuse("OPENJSON with this path", "the path must be text", call.at)
        path = json_path(given, call.at)
    items = (
        f"unnest(CASE json_type({term.sql}, {path}) "
        f"WHEN 'ARRAY' THEN json_extract({term.sql}, {path[:-1]}[*]') "
        f"WHEN 'OBJECT' THEN [json_extract({term.sql}, {path})] END)"
    )
    raw = ", ".join(f"{member(column)} AS r{i}" for i, column in enumerate(node.schema))
    typed = ", ".join(f"{cell(column, f'r{i}')} AS c{i}" for i, column in enumerate(node.schema))
    sql = f"SELECT {typed} FROM (SELECT {raw} FROM (SELECT {items} AS j))"
    return Relation(sql, tuple(Column(column.name, column.type) for column in node.schema))


def member(column: ast.JsonColumn) -> str:
    """The text of one property of the element j."""
    quoted = column.name.replace('"', "")
    path = json_path(column.path, column.at) if column.path else literal(f'$."{quoted}"')
    if not column.as_json:
        return json_scalar("j", path)
    if column.type != TEXT:
        raise error(13618, at=column.at)
    return json_tree("j", path)


def cell(column: ast.JsonColumn, raw: str) -> str:
    """Convert a property as CAST would, but cut nothing off."""
    sql = convert_sql(raw, TEXT, column.type, at=column.at)
    if column.type.family != "text" or column.type.size == MAX:
        return sql
    what = f"OPENJSON with a value longer than column {column.name}"
    fail = unsupported(what, because="what SQL Server does then is not documented")
    return f"CASE WHEN length({raw}) > {column.type.size} THEN {fail} ELSE {sql} END"
