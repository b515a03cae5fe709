"""Conversion between types, as DuckDB SQL: one table, source family by target family.

Rules: "CAST and CONVERT (Transact-SQL)" with its table of truncation and rounding, and the page of
each type. What overflows inside DuckDB's own casts gets its number in :mod:`.faults`.
"""

from collections.abc import Callable
from dataclasses import replace

from procluster.local.messages import error, unsupported
from procluster.local.quoting import Sql
from procluster.local.syntax import NOWHERE, Position
from procluster.local.translate import moments
from procluster.local.translate.cast import Conversion
from procluster.local.translate.term import NULL
from procluster.local.types import MAX, Family, SqlType

NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)"
CP1252 = "[^\\x{00}-\\x{FF}" + bytes(range(0x80, 0xA0)).decode("cp1252", "ignore") + "]"
EIGHT_BYTES = SqlType("binary", 8)
FLOAT_STYLES = {0: "%g", 1: "%.7e", 2: "%.15e", 3: "%.16e"}


def convert_sql(  # noqa: PLR0913
    sql: str,
    source: SqlType,
    target: SqlType,
    attempt: bool = False,
    *,
    style: int | None = None,
    column: str | None = None,
    at: Position = NOWHERE,
) -> str:
    """Write a conversion of DuckDB SQL that may be written more than once.

    ``attempt`` is TRY_CAST: NULL where the value does not convert. ``style`` is that of CONVERT.
    ``column`` (``table 'dbo.t', column 'a'``) is what is assigned: text that is too long is 2628
    then, and otherwise cut off. Without such a conversion it is error 529; for a column 206, or
    257 where CAST converts.

    >>> print(convert_sql("x", SqlType("float"), SqlType("int")))
    CAST(trunc(x) AS INTEGER)
    """
    conversion = Conversion(sql, source, target, attempt, style, column, at)
    iso = target.family == "time" and style in moments.ISO_STYLES
    if style not in (None, 0) and source.family not in ("float", "time") and not iso:
        raise conversion.refuse(f"style {style} is left out for this source")
    if source is NULL:
        return f"CAST(NULL AS {target.storage})"
    if source == target and source.family != "text" and style is None:
        return sql
    write = CONVERSIONS.get((source.family, target.family))
    if isinstance(write, str):
        return conversion.cast(write.format(sql))
    if write:
        return write(conversion)
    if column and (source.family, target.family) == ("text", "binary"):
        raise error(257, source.name, target.name, at=at)
    days = ("datetime", "smalldatetime")
    families = {source.family, target.family}
    if families & {"binary", "money", "rowversion"} or source.name in days or target.name in days:
        raise conversion.refuse("it is left out")
    raise error(206 if column else 529, source.name, target.name, at=at)


# --- numbers


def number_to_bit(c: Conversion) -> str:
    return f"({c.sql} <> 0)"


def text_to_bit(c: Conversion) -> str:
    word = f"lower(trim({c.sql}, ' '))"
    fail = c.fail(245, c.source.name, Sql(c.sql), "bit")
    return (
        f"CASE WHEN {word} IN ('true', 'false') THEN {word} = 'true' "
        f"WHEN NOT regexp_full_match({c.sql}, ' *([+-]?[0-9]+)? *') THEN {fail} "
        f"ELSE regexp_matches({c.sql}, '[1-9]') END"
    )


def text_to_number(c: Conversion, pattern: str, fail: str, otherwise: str = "") -> str:
    """Text of a pattern with spaces around; nothing at all is 0, but not as a decimal."""
    empty = "" if c.target.family == "decimal" else f"WHEN regexp_full_match({c.sql}, ' *') THEN 0"
    return (
        f"CASE {empty} WHEN NOT regexp_full_match({c.sql}, ' *{pattern} *') THEN {fail} "
        f"{otherwise} ELSE {c.cast()} END"
    )


def text_to_integer(c: Conversion) -> str:
    fail = c.fail(245, c.source.name, Sql(c.sql), c.target.name)
    if c.target.name == "bigint":
        fail = c.fail(8114, c.source.name, "bigint")
    return text_to_number(c, "[+-]?[0-9]+", fail)


def text_to_decimal(c: Conversion) -> str:
    return text_to_number(c, NUMBER, c.fail(8114, c.source.name, "numeric"))


def text_to_float(c: Conversion) -> str:
    """Digits, point and exponent; there is no infinity."""
    overflow = c.fail(232, c.target.name, Sql(f"trim({c.sql}, ' ')"))
    infinite = f"WHEN isinf(CAST({c.sql} AS {c.target.storage})) THEN {overflow}"
    fail = c.fail(8114, c.source.name, c.target.name)
    return text_to_number(c, f"{NUMBER}([eE][+-]?[0-9]+)?", fail, infinite)


# --- text


def fitted(c: Conversion) -> str:
    """Text to text: cut off (2628 when a column is assigned), and padded for char and nchar."""
    sql, size = c.sql, c.target.size
    if c.source.is_national and not c.target.is_national:
        reason = "it has characters outside code page 1252"
        fail = unsupported("Conversion of '", Sql(sql), "' to varchar", because=reason)
        sql = f"CASE WHEN regexp_matches({sql}, '{CP1252}') THEN {fail} ELSE {sql} END"
    if size != MAX and (c.source.size > size or c.source.size == MAX):
        if c.column:
            fail = c.fail(2628, c.column, Sql(f"left({c.sql}, {size})"))
            sql = f"CASE WHEN length(rtrim({c.sql}, ' ')) > {size} THEN {fail} ELSE {sql} END"
        sql = f"left({sql}, {size})"
    if "var" not in c.target.name and (c.source.name, c.source.size) != (c.target.name, size):
        sql = f"rpad({sql}, {size}, ' ')"
    return sql


def number_to_text(c: Conversion) -> str:
    sql = c.sql
    if c.source.name == "bit":
        sql = f"CAST({sql} AS TINYINT)"
    elif c.source.name == "decimal" and c.source.size == c.source.scale:
        # DuckDB writes .5 where there is no place for a digit before the point.
        if c.source.size == 38:
            raise c.refuse("decimal(38, 38) has no digit before the point")
        sql = f"CAST({sql} AS DECIMAL({c.source.size + 1},{c.source.scale}))"
    widest = c.source.kind.widest or c.source.size + 3
    return limited(c, f"CAST({sql} AS VARCHAR)", widest)


def limited(c: Conversion, text: str, widest: int) -> str:
    """A number that does not fit is 8115, or ``*`` for an integer in char and varchar."""
    size, family = c.target.size, c.source.family
    if size != MAX and size < widest:
        fail = c.fail(8115, "expression" if family == "integer" else c.source.name, c.target.name)
        if family in ("bit", "integer") and not c.target.is_national:
            fail = "'*'"
        text = f"CASE WHEN length({text}) > {size} THEN {fail} ELSE {text} END"
    return fitted(replace(c, sql=text, source=SqlType("varchar", max(size, 0) or 1)))


def float_to_text(c: Conversion) -> str:
    """Style 0: six significant digits; 1: eight; 2: sixteen; 3: seventeen."""
    style = c.style or 0
    if style not in FLOAT_STYLES or (style == 3 and c.source.name == "real"):
        raise c.refuse(f"style {style} is left out. 0, 1 and 2, and 3 for float, are there")
    # + 0.0: there is no negative zero. The exponent has three digits.
    digits = f"printf('{FLOAT_STYLES[style]}', CAST({c.sql} AS DOUBLE) + 0.0)"
    text = f"regexp_replace({digits}, 'e([+-])([0-9][0-9])$', 'e\\10\\2')"
    return limited(c, text, c.source.kind.widest)


def guid_to_text(c: Conversion) -> str:
    if c.target.size != MAX and c.target.size < 36:
        raise error(8170, at=c.at)
    return fitted(replace(c, sql=f"upper(CAST({c.sql} AS VARCHAR))", source=SqlType("varchar", 36)))


def text_to_guid(c: Conversion) -> str:
    hexes = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    pattern = f"{hexes}|[{{]{hexes}[}}]"
    fail = c.fail(8169)
    return f"CASE WHEN NOT regexp_full_match({c.sql}, '{pattern}') THEN {fail} ELSE {c.cast()} END"


# --- bytes


def cut_bytes(c: Conversion) -> str:
    """Binary to binary of another length: cut off (2628 when a column is assigned) or padded."""
    sql, size = c.sql, c.target.size
    if size != MAX and (c.source.size > size or c.source.size == MAX):
        if c.column:
            fail = c.fail(2628, c.column, "")
            sql = f"CASE WHEN octet_length({sql}) > {size} THEN {fail} ELSE {sql} END"
        sql = f"({sql})[1:{size}]"
    if c.target.name == "binary" and c.source != c.target:
        sql = f"({sql} || unhex(repeat('00', {size} - octet_length({sql}))))"
    return sql


def version_to_bytes(c: Conversion) -> str:
    return cut_bytes(replace(c, sql=f"CAST(CAST({c.sql} AS BIT) AS BLOB)", source=EIGHT_BYTES))


def bytes_to_version(c: Conversion) -> str:
    return f"CAST(CAST({cut_bytes(replace(c, target=EIGHT_BYTES))} AS BIT) AS BIGINT)"


def version_to_integer(c: Conversion) -> str:
    if c.target.name != "bigint":
        raise c.refuse("only bigint has room for every one")
    return c.sql


# --- dates and times


def moment_to_text(c: Conversion) -> str:
    return fitted(replace(c, sql=moments.to_text(c), source=SqlType("varchar", 30)))


EXACT: tuple[Family, ...] = ("integer", "decimal", "float")
CONVERSIONS: dict[tuple[Family, Family], Callable[[Conversion], str] | str] = {
    **{(source, target): "{}" for source in EXACT for target in EXACT},
    **{(source, "bit"): number_to_bit for source in EXACT},
    ("decimal", "integer"): "trunc({})",
    ("float", "integer"): "trunc({})",
    ("bit", "integer"): "{}",
    ("bit", "float"): "{}",
    ("bit", "decimal"): "CAST({} AS TINYINT)",
    ("integer", "money"): "{}",
    ("decimal", "money"): "{}",
    ("float", "money"): "{}",
    ("money", "decimal"): "{}",
    ("money", "float"): "{}",
    ("bit", "text"): number_to_text,
    ("integer", "text"): number_to_text,
    ("decimal", "text"): number_to_text,
    ("float", "text"): float_to_text,
    ("text", "bit"): text_to_bit,
    ("text", "integer"): text_to_integer,
    ("text", "decimal"): text_to_decimal,
    ("text", "float"): text_to_float,
    ("text", "text"): fitted,
    ("text", "time"): moments.from_text,
    ("text", "guid"): text_to_guid,
    ("binary", "binary"): cut_bytes,
    ("binary", "rowversion"): bytes_to_version,
    ("rowversion", "binary"): version_to_bytes,
    ("rowversion", "integer"): version_to_integer,
    ("time", "text"): moment_to_text,
    ("time", "time"): moments.to_moment,
    ("guid", "text"): guid_to_text,
}
"""Text is the operand of DuckDB's own cast, where that does as SQL Server does."""
