"""JSON: paths and the scalar functions. Paths are lax: what is not there is NULL."""

from __future__ import annotations

import re

from procluster.local.syntax import Position
from procluster.local.translate.function import Arguments, Function
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.quoting import literal
from procluster.local.translate.term import INT, Term
from procluster.local.types import MAX, SqlType

__all__ = ["FUNCTIONS", "json_path", "json_scalar", "json_tree"]

STEP = re.compile(r'\.(?:"((?:[^"\\]|\\.)*)"|([^\W\d]\w*))|\[(\d+)\]')


def json_path(path: str, at: Position) -> str:
    """A path for DuckDB, quoted: ``lax $.a."b c"[0]``.

    Raises
    ------
    SqlError
        13607: not a path.
    Refusal
        A strict path, or a key that DuckDB's paths cannot hold.

    Examples
    --------
    >>> print(json_path("$.a[0].b", Position(1, 1)))
    '$."a"[0]."b"'
    """
    mode, rest = "", path.strip()
    if found := re.match(r"(lax|strict)\s+", rest):
        mode, rest = found[1], rest[found.end() :]
    if mode == "strict":
        raise refuse(f"JSON path '{path}'", "only lax paths are read", at)
    steps, place = "", 1
    while rest.startswith("$") and place < len(rest) and (step := STEP.match(rest, place)):
        quoted, plain, index = step.groups()
        key = plain if quoted is None else quoted
        if key is not None and ("\\" in key or '"' in key):
            raise refuse(f"JSON path '{path}'", "a key with a backslash is left out", at)
        steps += f"[{index}]" if index is not None else f'."{key}"'
        place = step.end()
    if not rest.startswith("$") or place != len(rest):
        wrong = rest[place] if rest.startswith("$") else rest[:1]
        raise error(13607, wrong, path.find(wrong, place if rest.startswith("$") else 0), at=at)
    return literal("$" + steps)


def json_scalar(document: str, path: str) -> str:
    """Text of a scalar; NULL for an object, an array, null, and nothing there."""
    kind = f"json_type({document}, {path})"
    text = f"json_extract_string({document}, {path})"
    return f"CASE WHEN {kind} NOT IN ('OBJECT', 'ARRAY') THEN {text} END"


def json_tree(document: str, path: str) -> str:
    """Text of an object or array; NULL for anything else."""
    kind = f"json_type({document}, {path})"
    text = f"CAST(json_extract({document}, {path}) AS VARCHAR)"
    return f"CASE WHEN {kind} IN ('OBJECT', 'ARRAY') THEN {text} END"


def constant_path(arguments: Arguments) -> str:
    if not arguments.given(1):
        return "'$'"
    path = arguments.text(1).constant
    if not isinstance(path, str):
        raise refuse(arguments.name, "the path must be a constant", arguments.at)
    return json_path(path, arguments.at)


def json_value(arguments: Arguments) -> Term:
    """At most 4,000 characters; a longer value is NULL."""
    document = arguments.text(0).sql
    text = json_scalar(document, constant_path(arguments))
    sql = f"CASE WHEN length({text}) <= 4000 THEN {text} END"
    return Term(sql, SqlType("nvarchar", 4000))


def json_query(arguments: Arguments) -> Term:
    sql = json_tree(arguments.text(0).sql, constant_path(arguments))
    return Term(sql, SqlType("nvarchar", MAX))


def is_json(arguments: Arguments) -> Term:
    """1 for an object or array; a bare number or string is not JSON here, as before 2022."""
    document = arguments.text(0).sql
    tree = f"json_valid({document}) AND regexp_matches({document}, '^\\s*[{{[]')"
    sql = f"CASE WHEN {document} IS NOT NULL THEN CAST({tree} AS INTEGER) END"
    return Term(sql, INT)


FUNCTIONS = (
    Function("JSON_VALUE", 2, 2, json_value, "JSON_VALUE(document, path): a scalar, as text"),
    Function("JSON_QUERY", 1, 2, json_query, "JSON_QUERY(document [, path]): an object or array"),
    Function("ISJSON", 1, 1, is_json, "ISJSON(text): 1, 0 or NULL"),
)
