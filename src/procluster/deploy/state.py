"""What is in the database: definitions, structures and permissions as the catalog views tell them.

The server keeps the text of a module as it was run, with ALTER as CREATE and OR ALTER taken out
(https://sqlquantumleap.com/2018/01/09/stored-procedure-function-view-trigger-definitions-can-be-wrong-even-if-sp_rename-was-never-used/),
so what is there is compared with what was there right after a deployment, not with what was run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from procluster.deploy.release import MODULES, bare_parts, quoted
from procluster.generator.quoting import identifier, literal

if TYPE_CHECKING:
    from procluster.deploy.connection import Connection

__all__ = ["Key", "State", "is_rerunnable", "read_state", "same_module"]

Key = tuple[str, str]
"""Kind and lower-case name of an object."""

KINDS: Final = {
    "U": "table",
    "V": "view",
    "P": "procedure",
    "IF": "function",
    "TF": "function",
    "FN": "function",
}
SIZED: Final = {"char": 1, "varchar": 1, "binary": 1, "varbinary": 1, "nchar": 2, "nvarchar": 2}
"""Types whose length counts, and the bytes of one character."""

OBJECTS: Final = """
SELECT s.name, o.name, RTRIM(o.type), o.object_id, m.definition, m.uses_quoted_identifier
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.sql_modules AS m ON m.object_id = o.object_id
WHERE o.object_id IN ({ids});

SELECT c.object_id, c.name, t.name, c.max_length, c.precision, c.scale, c.is_nullable, c.is_identity
FROM sys.columns AS c
JOIN sys.types AS t ON t.user_type_id = c.user_type_id
WHERE c.object_id IN ({ids})
ORDER BY c.object_id, c.column_id;

SELECT i.object_id, i.index_id, i.name, i.type_desc, i.is_unique, i.filter_definition
FROM sys.indexes AS i
WHERE i.object_id IN ({ids}) AND i.name IS NOT NULL
ORDER BY i.object_id, i.name;

SELECT k.object_id, k.index_id, c.name, k.is_included_column
FROM sys.index_columns AS k
JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
WHERE k.object_id IN ({ids})
ORDER BY k.object_id, k.index_id, k.is_included_column, k.key_ordinal, k.index_column_id;

SELECT c.parent_object_id, c.name, N'CHECK', c.definition
FROM sys.check_constraints AS c
WHERE c.parent_object_id IN ({ids})
ORDER BY c.parent_object_id, c.name;

SELECT d.parent_object_id, d.name, N'DEFAULT', d.definition
FROM sys.default_constraints AS d
WHERE d.parent_object_id IN ({ids})
ORDER BY d.parent_object_id, d.name;

SELECT f.parent_object_id, f.name, N'REFERENCES', o.name
FROM sys.foreign_keys AS f
JOIN sys.objects AS o ON o.object_id = f.referenced_object_id
WHERE f.parent_object_id IN ({ids})
ORDER BY f.parent_object_id, f.name;
"""
PRINCIPALS: Final = """
SELECT s.name FROM sys.schemas AS s WHERE s.name IN ({schemas});

SELECT r.name FROM sys.database_principals AS r WHERE r.type = 'R' AND r.name IN ({principals});

SELECT
    p.state_desc, p.permission_name, p.class, sc.name, os.name, o.name, r.name
FROM sys.database_permissions AS p
JOIN sys.database_principals AS r ON r.principal_id = p.grantee_principal_id
LEFT JOIN sys.schemas AS sc ON p.class = 3 AND sc.schema_id = p.major_id
LEFT JOIN sys.objects AS o ON p.class = 1 AND o.object_id = p.major_id
LEFT JOIN sys.schemas AS os ON os.schema_id = o.schema_id
WHERE r.name IN ({principals}) AND p.state IN ('G', 'W') AND p.minor_id = 0 AND (
    p.class = 0
    OR (p.class = 1 AND (os.name IN ({schemas}) OR o.object_id IN ({ids})))
    OR (p.class = 3 AND sc.name IN ({schemas}))
);
"""
NO_NAME: Final = "N''"
HEAD: Final = r"\A(?P<head>(?:\s|--[^\n]*\n|/\*.*?\*/)*)"
CREATE_OR_ALTER: Final = re.compile(HEAD + r"CREATE\s+OR\s+ALTER\b", re.IGNORECASE | re.DOTALL)
CREATE: Final = re.compile(HEAD + r"CREATE\s+(?:OR\s+ALTER\s+)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class State:
    """What is there, by kind and lower-case name, as text; what is not there has no entry."""

    texts: Mapping[Key, str]

    def get(self, kind: str, name: str) -> str | None:
        """The text of one script's object, None when it is not there.

        Roles and grants are those of all the principals, grants as far as they are about the
        whole database, the schemas and the objects asked for. A schema's script is schema.schema.
        """
        if kind == "schema":
            return self.texts.get((kind, bare_parts(name)[0].lower()))
        return self.texts.get((kind, "" if kind in ("role", "grant") else name.lower()))


def read_state(
    connection: Connection, keys: Iterable[tuple[str, str]], principals: Iterable[str]
) -> State:
    """Read what is there of some objects.

    Parameters
    ----------
    connection : Connection
    keys : iterable of (str, str)
        Kind and name, ``schema.object``, unquoted.
    principals : iterable of str
        Whose permissions are read.
    """
    wanted = list(dict.fromkeys(keys))
    names = [name for kind, name in wanted if kind in (*MODULES, "table")]
    schemas = [bare_parts(name)[0] for kind, name in wanted if kind == "schema"]
    ids = ", ".join(f"OBJECT_ID({literal(str(quoted(name)))})" for name in names) or "0"
    objects, columns, indexes, parts, *rules = connection.query(OBJECTS.format(ids=ids))
    listed = [
        ", ".join(map(literal, dict.fromkeys(some))) or NO_NAME for some in (schemas, principals)
    ]
    found, roles, permissions = connection.query(
        PRINCIPALS.format(schemas=listed[0], principals=listed[1], ids=ids)
    )
    texts: dict[Key, str] = {}
    structures = _structures(
        columns.rows, indexes.rows, parts.rows, [row for one in rules for row in one.rows]
    )
    for schema, name, code, number, definition, quotes in cast("Any", objects.rows):
        kind = KINDS.get(str(code).strip(), "other")
        text = structures.get(number, "") if kind == "table" else definition or ""
        if kind in MODULES and not quotes:
            text = f"SET QUOTED_IDENTIFIER OFF;\n{text}"
        texts[kind, f"{schema}.{name}".lower()] = text
    for (name,) in cast("Any", found.rows):
        texts["schema", name.lower()] = f"CREATE SCHEMA {identifier(name)};"
    made = sorted(f"CREATE ROLE {identifier(name)};" for (name,) in cast("Any", roles.rows))
    for kind, lines in (("role", made), ("grant", sorted(_grants(permissions.rows)))):
        if lines:
            texts[kind, ""] = "\n".join(lines)
    return State(texts)


def same_module(text: str, stored: str) -> bool:
    r"""Whether a stored definition is what running a text leaves, whatever the white space is.

    Examples
    --------
    >>> same_module("CREATE OR ALTER VIEW v AS SELECT 1;\n", "CREATE   VIEW v AS SELECT 1;")
    True
    """
    plain = [CREATE.sub(r"\g<head>CREATE ", one, count=1).strip() for one in (text, stored)]
    return plain[0] == plain[1]


def is_rerunnable(text: str) -> bool:
    """Whether the text of a module replaces the one that is there."""
    return CREATE_OR_ALTER.match(text) is not None


def _structures(columns: Any, indexes: Any, keys: Any, rules: Any) -> dict[int, str]:
    """The tables' structures, one line for each column, index and constraint."""
    lines: dict[int, list[str]] = {}
    for number, name, kind, length, precision, scale, nullable, identity in columns:
        size = _size(kind, length, precision, scale)
        words = f"{name} {kind}{size}{' IDENTITY' * identity} {'NULL' if nullable else 'NOT NULL'}"
        lines.setdefault(number, []).append(words)
    of_index: dict[tuple[int, int], list[str]] = {}
    for number, index, name, included in keys:
        of_index.setdefault((number, index), []).append(f"{name}{' (included)' * included}")
    for number, index, name, kind, unique, condition in indexes:
        words = f"{name} {'UNIQUE ' * unique}{kind} ({', '.join(of_index[number, index])})"
        lines.setdefault(number, []).append(words + (f" WHERE {condition}" if condition else ""))
    for number, name, words, definition in rules:
        lines.setdefault(number, []).append(f"{name} {words} {definition}")
    return {number: "\n".join(found) for number, found in lines.items()}


def _size(kind: str, length: int, precision: int, scale: int) -> str:
    if kind in SIZED:
        return "(max)" if length == -1 else f"({length // SIZED[kind]})"
    if kind in ("decimal", "numeric"):
        return f"({precision}, {scale})"
    return f"({scale})" if kind in ("datetime2", "time", "datetimeoffset") else ""


def _grants(permissions: Any) -> Iterator[str]:
    """What the principals hold, as the statements that give it."""
    for state, permission, kind, schema, of, name, principal in permissions:
        on = ""
        if kind == 1:
            on = f" ON OBJECT::{quoted(f'{of}.{name}')}"
        elif kind == 3:
            on = f" ON SCHEMA::{identifier(schema)}"
        verb, _, option = state.partition("_WITH_")
        rest = " WITH GRANT OPTION" if option else ""
        yield f"{verb} {permission}{on} TO {identifier(principal)}{rest};"
