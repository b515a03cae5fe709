"""What a text must look like to be a value of a T-SQL type, and the type a column of texts has.

Nothing is cut or guessed on the way: dates are ISO 8601, decimals keep every digit, a number with
leading zeros is a text (a postal code is no number). The rules are DuckDB SQL over a
column of texts, so that a million rows take no longer than reading them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from procluster.local.types import MAX, SqlType, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["allowed", "infer", "text_type", "value_sql"]

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)"
FLOAT = NUMBER + r"([eE][+-]?\d+)?"
PLAIN = r"-?(0|[1-9]\d*)"
"""A number that nobody writes otherwise: no plus sign, no leading zeros."""
PLAIN_DECIMAL = PLAIN + r"(\.\d+)?"
PLAIN_FLOAT = PLAIN_DECIMAL + r"([eE][+-]?\d+)?"

DATE = r"\d{4}-\d\d-\d\d"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

MICROSECOND_DIGITS = 6
FLOAT_FROM_SCALE = 7
"""Digits after the point from which a column is float: below, they look like money or rates."""

DECIMAL_PRECISIONS = (9, 19, 28, 38)
"""The widest decimal of each storage size ("decimal and numeric (Transact-SQL)")."""

TEXT_LENGTHS = (10, 50, 100, 255, 1000, 4000)

EARLIEST = {"datetime": "1753-01-01", "smalldatetime": "1900-01-01"}
LATEST = {"smalldatetime": "2079-06-06"}


def value_sql(column: str, kind: SqlType) -> str:
    r"""SQL that gives the value of a text column, NULL where the text is no value of the type.

    Examples
    --------
    >>> value_sql("c0", resolve("date"))[:38]
    "CASE WHEN regexp_full_match(c0, '\\d{4}"
    """
    condition, value = _rule(column, kind)
    return f"CASE WHEN {condition} THEN {value} END"


def _rule(column: str, kind: SqlType) -> tuple[str, str]:
    """Give the condition that a text must meet, and its value then."""
    cast = f"TRY_CAST({column} AS {kind.storage})"
    match kind.family:
        case "bit":
            known = f"lower({column}) IN ('0', '1', 'false', 'true')"
            rule = known, f"lower({column}) IN ('1', 'true')"
        case "integer":
            rule = _matches(column, r"[+-]?\d+(\.0*)?"), cast
        case "decimal" | "money":
            scale = kind.scale if kind.family == "decimal" else 4
            exact = _matches(column, rf"[^.]*(\.\d{{0,{scale}}}0*)?")
            rule = f"{_matches(column, NUMBER)} AND {exact}", cast
        case "float":
            rule = f"{_matches(column, FLOAT)} AND isfinite({cast})", cast
        case "time":
            rule = _time_rule(column, kind), cast
        case "guid":
            rule = _matches(column, GUID), cast
        case "binary":
            fits = "" if kind.size == MAX else f" AND length({column}) <= {2 + 2 * kind.size}"
            hexadecimal = _matches(column, "0[xX]([0-9a-fA-F]{2})*")
            rule = hexadecimal + fits, f"unhex(substr({column}, 3))"
        case "rowversion":
            rule = "false", "NULL"
        case "text":
            rule = "true" if kind.size == MAX else f"{units(column)} <= {kind.size}", column
    return rule


def _time_rule(column: str, kind: SqlType) -> str:
    if kind.name == "date":
        return _matches(column, DATE + r"([ T]00:00(:00(\.0*)?)?)?")
    rule = _matches(column, _stamp(_digits(kind)))
    if kind.name in EARLIEST:
        rule += f" AND {column} >= '{EARLIEST[kind.name]}'"
    if kind.name in LATEST:
        rule += f" AND {column} <= '{LATEST[kind.name]}'"
    return rule


def _digits(kind: SqlType) -> int:
    """Count the digits after the point that a time of day keeps."""
    return {"datetime": 3, "smalldatetime": 0}.get(kind.name, min(kind.scale, MICROSECOND_DIGITS))


def _time_shape(kind: SqlType) -> str:
    if kind.name == "date":
        return "yyyy-mm-dd"
    fraction = _digits(kind) * "f"
    return f"yyyy-mm-dd hh:mm:ss{fraction and '.' + fraction}"


def allowed(kind: SqlType) -> str:
    """Say in words what :func:`value_sql` takes.

    Examples
    --------
    >>> allowed(resolve("decimal", 7, 2))
    'numbers with up to 5 digits before the point and 2 after it'
    """
    size = "" if kind.size == MAX else f" up to {kind.size}"
    return {
        "bit": "0, 1, true or false",
        "integer": "whole numbers in its range",
        "decimal": f"numbers with up to {kind.size - kind.scale} digits before the point "
        f"and {kind.scale} after it",
        "money": "numbers with up to 4 digits after the point",
        "float": "finite numbers with a point, such as 0.25 or 1e-7",
        "text": f"texts of{size} characters",
        "binary": f"0x and{size} pairs of hexadecimal digits",
        "rowversion": "none, for the table numbers its rows; leave the column out",
        "time": _time_shape(kind),
        "guid": "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    }[kind.family]


@dataclass(frozen=True)
class Looks:
    """The texts of one column that look alike: how many, and how large."""

    texts: int = 0
    ints: int = 0
    bigints: int = 0
    digits: int = 0
    scale: int = 0
    longest: int = 0


def infer(connection: duckdb.DuckDBPyConnection, source: str, column: str, misfits: int) -> SqlType:
    """Find the narrowest type that all texts of a column but `misfits` of them have.

    Parameters
    ----------
    connection : DuckDB connection
    source, column : str
        The relation and its text column.
    misfits : int
        Texts that may be left out, for the sake of a type that most have.

    Returns
    -------
    SqlType
        bit (true/false), int, bigint, decimal, float, date, datetime2 or nvarchar.
    """
    looks = {
        look: Looks(*(size or 0 for size in sizes))
        for look, *sizes in connection.sql(_looks_sql(source, column)).fetchall()
    }
    total = sum(look.texts for look in looks.values())
    needed = max(total - misfits, total // 2 + 1)
    for fitting, kind in _candidates(looks):
        if fitting >= needed:
            return kind
    return text_type(max((look.longest for look in looks.values()), default=0))


def _candidates(looks: dict[str, Looks]) -> Iterator[tuple[int, SqlType]]:
    """Give the types from the narrowest to the widest, each with the texts that fit."""
    none = Looks()
    whole, exact, rough = (looks.get(look, none) for look in ("whole", "exact", "rough"))
    yield looks.get("bit", none).texts, resolve("bit")
    # A code such as 00123 would lose its zeros in every one of these.
    if "code" not in looks:
        yield whole.ints, resolve("int")
        yield whole.bigints, resolve("bigint")
        digits = max(whole.digits, exact.digits)
        decimal = _decimal_type(digits + exact.scale, exact.scale)
        if decimal:
            yield whole.texts + exact.texts, decimal
        if exact.texts or rough.texts:
            yield whole.texts + exact.texts + rough.texts, resolve("float")
    date, stamp = looks.get("date", none), looks.get("stamp", none)
    yield date.texts, resolve("date")
    yield date.texts + stamp.texts, resolve("datetime2", min(stamp.scale, MICROSECOND_DIGITS))


def _looks_sql(source: str, column: str) -> str:
    look = f"""CASE
        WHEN lower({column}) IN ('true', 'false') THEN 'bit'
        WHEN {column} < '+' OR {column} >= ':' THEN 'text'
        WHEN {_matches(column, PLAIN)} THEN 'whole'
        WHEN {_matches(column, PLAIN_DECIMAL)} THEN 'exact'
        WHEN {_matches(column, PLAIN_FLOAT)} AND isfinite(TRY_CAST({column} AS DOUBLE)) THEN 'rough'
        WHEN {_matches(column, "[+-]?0[0-9]+")} THEN 'code'
        WHEN {_matches(column, DATE)} AND TRY_CAST({column} AS DATE) IS NOT NULL THEN 'date'
        WHEN {_matches(column, _stamp(MICROSECOND_DIGITS))}
            AND TRY_CAST({column} AS TIMESTAMP) IS NOT NULL THEN 'stamp'
        ELSE 'text' END"""
    return f"""SELECT
        {look} AS look,
        count(*),
        count(TRY_CAST({column} AS INTEGER)),
        count(TRY_CAST({column} AS BIGINT)),
        max(strlen(split_part(ltrim({column}, '-'), '.', 1))),
        max(strlen(split_part({column}, '.', 2))),
        max({units(column)})
    FROM {source} WHERE {column} IS NOT NULL GROUP BY look"""  # noqa: S608 - our own names


def _decimal_type(precision: int, scale: int) -> SqlType | None:
    for widest in DECIMAL_PRECISIONS:
        if precision <= widest and scale < FLOAT_FROM_SCALE:
            return resolve("decimal", widest, scale)
    return None


def text_type(longest: int) -> SqlType:
    """Give nvarchar with room for texts of this length.

    >>> str(text_type(60)), str(text_type(5000))
    ('nvarchar(100)', 'nvarchar(max)')
    """
    return resolve("nvarchar", next((size for size in TEXT_LENGTHS if longest <= size), MAX))


def units(column: str) -> str:
    """SQL for the length in UTF-16 units, as nvarchar counts it."""
    beyond = rf"length(regexp_replace({column}, '[^\x{{10000}}-\x{{10FFFF}}]', '', 'g'))"
    # Bytes as many as characters: ASCII, which needs no such search.
    return f"(length({column}) + if(strlen({column}) = length({column}), 0, {beyond}))"


def _stamp(digits: int) -> str:
    """Match a date with or without a time of day, of so many digits after the point."""
    return DATE + rf"([ T]\d\d:\d\d(:\d\d(\.\d{{0,{digits}}}0*)?)?)?"


def _matches(column: str, pattern: str) -> str:
    return f"regexp_full_match({column}, '{pattern}')"
