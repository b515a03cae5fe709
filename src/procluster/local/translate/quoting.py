"""The only quoting of the engine: names, strings, and errors raised inside DuckDB."""

from __future__ import annotations

from itertools import groupby

__all__ = ["Sql", "identifier", "literal", "raising"]


class Sql(str):
    """Text that is SQL already, among text that is not."""

    __slots__ = ()


def identifier(name: str) -> str:
    """Quote a name for DuckDB.

    >>> print(identifier('the "b" one'))
    "the ""b"" one"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for DuckDB.

    >>> print(literal("it's"))
    'it''s'
    """
    return "'" + text.replace("'", "''") + "'"


def raising(number: int, *message: str | Sql) -> str:
    """DuckDB SQL that raises an error; what is :class:`Sql` is a value in its message.

    >>> print(raising(8114, "Cannot read '", Sql("x"), "'."))
    error('8114|Cannot read ''' || x || '''.')
    """
    pieces: list[str] = []
    for is_sql, group in groupby((f"{number}|", *message), lambda part: isinstance(part, Sql)):
        parts = list(group)
        pieces += parts if is_sql else [literal("".join(parts))]
    return f"error({' || '.join(pieces)})"
