"""How each pair of types converts: DuckDB SQL with SQL Server's results and errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

from procluster.errors import Refusal
from procluster.local.syntax import Position
from procluster.local.translate import moments
from procluster.local.translate.messages import NOWHERE, error, failure, refuse, unsupported
from procluster.local.translate.quoting import Sql, raising
from procluster.local.types import MAX, SqlType

__all__ = ["Conversion"]

NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)"
CP1252 = "[^\\x{00}-\\x{FF}" + bytes(range(0x80, 0xA0)).decode("cp1252", "ignore") + "]"
WIDEST = {
    "bit": 1,
    "tinyint": 3,
    "smallint": 6,
    "int": 11,
    "bigint": 20,
    "money": 20,
    "float": 24,
    "real": 24,
}
FLOAT_STYLES = {0: "%g", 1: "%.7e", 2: "%.15e", 3: "%.16e"}


@dataclass(frozen=True)
class Conversion:
    """One conversion to write; ``column`` names what is assigned, where truncation is 2628."""

    sql: str
    source: SqlType
    target: SqlType
    attempt: bool = False
    style: int | None = None
    column: str | None = None
    at: Position = NOWHERE

    def cast(self, sql: str | None = None, target: SqlType | None = None) -> str:
        """DuckDB's own cast; TRY_CAST gives NULL where it fails."""
        word = "TRY_CAST" if self.attempt else "CAST"
        return f"{word}({sql or self.sql} AS {(target or self.target).storage})"

    def fail(self, number: int, *named: str | Sql) -> str:
        """An error, or NULL for TRY_CAST."""
        return "NULL" if self.attempt else failure(number, *named)

    def truncated(self, value: str | Sql) -> str:
        """Error 2628, or NULL."""
        pieces = f"String or binary data would be truncated in {self.column}. Truncated value: '"
        return "NULL" if self.attempt else raising(2628, pieces, value, "'.")

    def refuse(self, reason: str) -> Refusal:
        """What the engine leaves out."""
        return refuse(f"Conversion from {self.source} to {self.target}", reason, self.at)


def plain(c: Conversion) -> str:
    """What DuckDB's cast does as SQL Server does it."""
    return c.cast()


def number_to_bit(c: Conversion) -> str:
    return f"({c.sql} <> 0)"


def truncated(c: Conversion) -> str:
    """Decimal and float lose their fraction on the way to an integer."""
    return c.cast(f"trunc({c.sql})")


def rounded(c: Conversion) -> str:
    """Money is rounded on the way to an integer."""
    return c.cast(f"round({c.sql}, 0)")


def text_to_bit(c: Conversion) -> str:
    word = f"lower(trim({c.sql}, ' '))"
    fail = c.fail(245, c.source.name, Sql(c.sql), "bit")
    return (
        f"CASE WHEN {word} IN ('true', 'false') THEN {word} = 'true' "
        f"WHEN NOT regexp_full_match({c.sql}, ' *([+-]?[0-9]+)? *') THEN {fail} "
        f"ELSE regexp_matches({c.sql}, '[1-9]') END"
    )


def text_to_integer(c: Conversion) -> str:
    """Digits with a sign and spaces around; nothing at all is 0."""
    fail = c.fail(245, c.source.name, Sql(c.sql), c.target.name)
    if c.target.name == "bigint":
        fail = c.fail(8114, c.source.name, "bigint")
    return (
        f"CASE WHEN regexp_full_match({c.sql}, ' *') THEN 0 "
        f"WHEN NOT regexp_full_match({c.sql}, ' *[+-]?[0-9]+ *') THEN {fail} "
        f"ELSE {c.cast()} END"
    )


def text_to_decimal(c: Conversion) -> str:
    fail = c.fail(8114, c.source.name, "numeric")
    if c.target.name == "money":
        fail = c.fail(235)
    return (
        f"CASE WHEN NOT regexp_full_match({c.sql}, ' *{NUMBER} *') THEN {fail} ELSE {c.cast()} END"
    )


def text_to_float(c: Conversion) -> str:
    """Digits, point and exponent; nothing at all is 0, and there is no infinity."""
    fail = c.fail(8114, c.source.name, c.target.name)
    overflow = c.fail(232, c.target.name, Sql(f"trim({c.sql}, ' ')"))
    return (
        f"CASE WHEN regexp_full_match({c.sql}, ' *') THEN 0 "
        f"WHEN NOT regexp_full_match({c.sql}, ' *{NUMBER}([eE][+-]?[0-9]+)? *') THEN {fail} "
        f"WHEN isinf(CAST({c.sql} AS {c.target.storage})) THEN {overflow} ELSE {c.cast()} END"
    )


def fitted(c: Conversion) -> str:
    """Text to text: cut off (2628 when a column is assigned), and padded for char and nchar."""
    sql, size = c.sql, c.target.size
    narrowing = c.source.name.startswith("n") and not c.target.name.startswith("n")
    if narrowing:
        reason = "it has characters outside code page 1252"
        refuse = unsupported("Conversion of '", Sql(sql), "' to varchar", because=reason)
        sql = f"CASE WHEN regexp_matches({sql}, '{CP1252}') THEN {refuse} ELSE {sql} END"
    if size != MAX and (c.source.size > size or c.source.size == MAX):
        if c.column:
            fail = c.truncated(Sql(f"left({c.sql}, {size})"))
            sql = f"CASE WHEN length(rtrim({c.sql}, ' ')) > {size} THEN {fail} ELSE {sql} END"
        sql = f"left({sql}, {size})"
    if "var" not in c.target.name and (c.source.name, c.source.size) != (c.target.name, size):
        sql = f"rpad({sql}, {size}, ' ')"
    return sql


def number_to_text(c: Conversion) -> str:
    if c.source.name == "bit":
        text = f"CAST(CAST({c.sql} AS TINYINT) AS VARCHAR)"
    elif c.source.name == "decimal" and c.source.size == c.source.scale:
        # DuckDB writes .5 where there is no place for a digit before the point.
        if c.source.size == 38:
            raise c.refuse("decimal(38, 38) has no digit before the point")
        text = f"CAST(CAST({c.sql} AS DECIMAL({c.source.size + 1},{c.source.scale})) AS VARCHAR)"
    elif c.source.name == "money":
        text = f"CAST(CAST({c.sql} AS DECIMAL(19,2)) AS VARCHAR)"
    else:
        text = f"CAST({c.sql} AS VARCHAR)"
    widest = WIDEST.get(c.source.name, c.source.size + 3)
    return limited(c, text, widest, star=c.source.family in ("bit", "integer"))


def limited(c: Conversion, text: str, widest: int, *, star: bool = False) -> str:
    """A number that does not fit is 8115, or ``*`` for an integer in char and varchar."""
    size = c.target.size
    if size != MAX and size < widest:
        name = "expression" if c.source.family == "integer" else c.source.name
        fail = c.fail(8115, name, c.target.name)
        if star and not c.target.name.startswith("n"):
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
    return limited(c, text, WIDEST["float"])


def guid_to_text(c: Conversion) -> str:
    if c.target.size != MAX and c.target.size < 36:
        raise error(8170, at=c.at)
    return fitted(replace(c, sql=f"upper(CAST({c.sql} AS VARCHAR))", source=SqlType("varchar", 36)))


def text_to_guid(c: Conversion) -> str:
    fail = c.fail(8169)
    hexes = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    pattern = f"{hexes}|[{{]{hexes}[}}]"
    return f"CASE WHEN NOT regexp_full_match({c.sql}, '{pattern}') THEN {fail} ELSE {c.cast()} END"


def text_to_binary(c: Conversion) -> str:
    """The bytes of the text: one a character for varchar, UTF-16 for nvarchar; ASCII only."""
    if c.style not in (None, 0):
        raise c.refuse("hexadecimal styles are left out on the way to binary")
    what = "Conversion of '", Sql(c.sql), f"' to {c.target.name}"
    refuse = unsupported(*what, because="it has characters outside ASCII")
    sql, width = f"encode({c.sql})", 1
    if c.source.name.startswith("n"):
        sql, width = f"unhex(regexp_replace(hex({sql}), '(..)', '\\100', 'g'))", 2
    widest = MAX if c.source.size == MAX else width * c.source.size
    sized = replace(c, sql=sql, source=SqlType("varbinary", widest))
    return f"CASE WHEN strlen({c.sql}) <> length({c.sql}) THEN {refuse} ELSE {cut_bytes(sized)} END"


def binary_to_text(c: Conversion) -> str:
    if c.style not in (1, 2):
        raise c.refuse("only styles 1 and 2 (hexadecimal) are there")
    sql = f"'0x' || hex({c.sql})" if c.style == 1 else f"hex({c.sql})"
    if c.target.size != MAX and (c.source.size == MAX or 2 * c.source.size + 2 > c.target.size):
        # Cut off or 8152, by where it happens: not sure, so not done.
        refuse = unsupported("CONVERT of binary to text", because="it does not fit")
        sql = f"CASE WHEN length({sql}) > {c.target.size} THEN {refuse} ELSE {sql} END"
    return fitted(replace(c, sql=sql, source=SqlType("varchar", max(c.target.size, 0) or 1)))


def cut_bytes(c: Conversion) -> str:
    """Binary to binary of another length: cut off, or 2628 when a column is assigned."""
    size = c.target.size
    if c.target.name == "binary" and c.source != c.target:
        raise c.refuse("binary(n) pads with zeros; use varbinary")
    if size == MAX or MAX != c.source.size <= size:
        return c.sql
    if not c.column:
        return f"({c.sql})[1:{size}]"
    fail = c.truncated("")
    return f"CASE WHEN octet_length({c.sql}) > {size} THEN {fail} ELSE {c.sql} END"


def text_to_moment(c: Conversion) -> str:
    return moments.from_text(c.sql, c.source, c.target, c.fail)


def moment_to_moment(c: Conversion) -> str:
    return moments.rounded(c.sql, c.source, c.target, c.fail)


def moment_to_text(c: Conversion) -> str:
    text = moments.to_text(c.sql, c.source, c.style)
    if text is None:
        raise c.refuse(f"style {c.style} is left out")
    return fitted(replace(c, sql=text, source=SqlType("varchar", 30)))


def integer_to_moment(c: Conversion) -> str:
    """Days since 1900, for datetime and smalldatetime alone."""
    ranges = {"datetime": "-53690 AND 2958463", "smalldatetime": "0 AND 65535"}
    if c.target.name not in ranges:
        raise error(529, c.source.name, c.target.name, at=c.at)
    days = f"TIMESTAMP '1900-01-01' + to_days(CAST({c.sql} AS INTEGER))"
    fail = c.fail(8115, "expression", c.target.name)
    return f"CASE WHEN {c.sql} NOT BETWEEN {ranges[c.target.name]} THEN {fail} ELSE {days} END"
