"""The only quoting of the engine: names and strings in DuckDB SQL, names in T-SQL."""


class Sql(str):
    """Text that is SQL already, among text that is not."""

    __slots__ = ()


def quote_sql(*parts: str) -> str:
    """A DuckDB name from its parts.

    >>> print(quote_sql('the "b" one'))
    "the ""b"" one"
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def quote_tsql(*parts: str) -> str:
    """A T-SQL name from its parts."""
    return ".".join("[" + part.replace("]", "]]") + "]" for part in parts)


def literal(text: str) -> str:
    """A DuckDB string.

    >>> print(literal("it's"))
    'it''s'
    """
    return "'" + text.replace("'", "''") + "'"
