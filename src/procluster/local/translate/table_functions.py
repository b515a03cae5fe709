"""Built-in table functions: OPENJSON and STRING_SPLIT."""

from __future__ import annotations

from procluster.local.results import Column
from procluster.local.syntax import Call, FunctionTable, JsonColumn
from procluster.local.translate import calls, expressions
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.json_functions import json_path, json_scalar, json_tree
from procluster.local.translate.messages import error, refuse, unsupported
from procluster.local.translate.quoting import literal
from procluster.local.translate.scope import Relation, Scope
from procluster.local.translate.term import BIGINT, INT, Term
from procluster.local.types import MAX, SqlType

__all__ = ["BUILT_IN", "relation"]

BUILT_IN = ("OPENJSON", "STRING_SPLIT", "GENERATE_SERIES")

TEXT = SqlType("nvarchar", MAX)
ENTRIES = (Column("key", SqlType("nvarchar", 4000)), Column("value", TEXT), Column("type", INT))


def relation(node: FunctionTable, scope: Scope) -> Relation:
    """Write a call of a built-in table function."""
    name = node.call.name[0]
    if name == "OPENJSON":
        return open_json(node, scope)
    if name == "STRING_SPLIT":
        return string_split(node.call, scope)
    raise refuse(name, "it is left out", node.at)


def text(call: Call, place: int, scope: Scope) -> Term:
    term = expressions.value(call.arguments[place], scope)
    if term.null or term.type.family != "text":
        number = place + 1
        raise error(8116, term.type.name, number, call.name[0].lower(), at=call.at)
    return term


def open_json(node: FunctionTable, scope: Scope) -> Relation:
    """Rows of an array, or the one row of an object; nothing where the path leads nowhere."""
    call = node.call
    calls.count_arguments("OPENJSON", len(call.arguments), 1, 2, call.at)
    document, path = text(call, 0, scope).sql, "'$'"
    if len(call.arguments) > 1:
        given = calls.constant_value(call.arguments[1], scope)
        if not isinstance(given, str):
            raise refuse("OPENJSON with this path", "the path must be text", call.at)
        path = json_path(given, call.at)
    kind = f"json_type({document}, {path})"
    if node.schema is None:
        return entries(document, path, kind)
    elements = f"json_extract({document}, {path[:-1]}[*]')"
    items = (
        f"unnest(CASE {kind} WHEN 'ARRAY' THEN {elements} "
        f"WHEN 'OBJECT' THEN [json_extract({document}, {path})] END)"
    )
    raw = ", ".join(f"{member(column)} AS r{i}" for i, column in enumerate(node.schema))
    typed = ", ".join(f"{cell(column, f'r{i}')} AS c{i}" for i, column in enumerate(node.schema))
    sql = f"SELECT {typed} FROM (SELECT {raw} FROM (SELECT {items} AS j))"
    return Relation(sql, tuple(Column(column.name, column.type) for column in node.schema))


def entries(document: str, path: str, kind: str) -> Relation:
    """Without WITH: key, value and type (0 null, 1 text, 2 number, 3 bit, 4 array, 5 object)."""
    types = (
        "CASE type WHEN 'NULL' THEN 0 WHEN 'VARCHAR' THEN 1 WHEN 'BOOLEAN' THEN 3 "
        "WHEN 'ARRAY' THEN 4 WHEN 'OBJECT' THEN 5 ELSE 2 END"
    )
    sql = (
        f"SELECT key AS c0, json_extract_string(value, '$') AS c1, CAST({types} AS INTEGER) AS c2 "
        f"FROM json_each({document}, {path}) WHERE {kind} IN ('ARRAY', 'OBJECT')"
    )
    return Relation(sql, ENTRIES)


def member(column: JsonColumn) -> str:
    """The text of one property of the element j."""
    quoted = column.name.replace('"', "")
    path = json_path(column.path, column.at) if column.path else literal(f'$."{quoted}"')
    if not column.as_json:
        return json_scalar("j", path)
    if column.type != TEXT:
        raise error(13618, at=column.at)
    return json_tree("j", path)


def cell(column: JsonColumn, raw: str) -> str:
    """Convert a property as CAST would, but cut nothing off."""
    sql = convert_sql(raw, TEXT, column.type, at=column.at)
    if column.type.family != "text" or column.type.size == MAX:
        return sql
    what = f"OPENJSON with a value longer than column {column.name}"
    fail = unsupported(what, because="what SQL Server does then is not documented")
    return f"CASE WHEN length({raw}) > {column.type.size} THEN {fail} ELSE {sql} END"


def string_split(call: Call, scope: Scope) -> Relation:
    """One row for each part; the third argument 1 adds ordinal."""
    calls.count_arguments("STRING_SPLIT", len(call.arguments), 2, 3, call.at)
    whole, separator = text(call, 0, scope), text(call, 1, scope)
    mark = calls.constant_value(call.arguments[1], scope)
    if not isinstance(mark, str) or len(mark) != 1 or mark.isalpha():
        reason = "the separator must be one constant character that is not a letter"
        raise refuse("STRING_SPLIT", reason, call.at)
    parts = f"string_split({whole.sql}, {separator.sql})"
    columns = [Column("value", whole.type)]
    sql = f"SELECT unnest({parts}) AS c0"
    if len(call.arguments) == 3 and calls.constant_value(call.arguments[2], scope) == 1:
        columns.append(Column("ordinal", BIGINT))
        sql += f", unnest(range(1, len({parts}) + 1)) AS c1"
    return Relation(sql, tuple(columns))
