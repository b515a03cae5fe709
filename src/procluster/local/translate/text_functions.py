"""Built-in functions of text and of bytes. Positions count from 1; the collation ignores case."""

from __future__ import annotations

from decimal import Decimal

from procluster.local.messages import failure, refuse, unsupported
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.function import (
    Arguments,
    Function,
    measured,
    simple,
    varying,
    widest,
)
from procluster.local.translate.term import Term, trimmed
from procluster.local.types import INT, MAX, SqlType

HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA2_256": "sha256"}
MARKS = {"[": "[]", "]": "[]", "'": "''", '"': '""', "(": "()", ")": "()"}
LATIN = unsupported("CHAR(128) to CHAR(159)", because="use NCHAR")


def length(arguments: Arguments) -> Term:
    term = arguments.text(0)
    return measured(f"length({trimmed(term)})", term)


def data_length(arguments: Arguments) -> Term:
    term = arguments.any(0)
    if term.type.family == "text":
        return measured(f"{1 + term.type.is_national} * length({term.sql})", term)
    if term.type.family == "binary":
        return measured(f"octet_length({term.sql})", term)
    size = term.type.max_length
    return Term(f"CASE WHEN {term.sql} IS NOT NULL THEN CAST({size} AS INTEGER) END", INT)


def not_negative(count: Term, number: int, *named: str) -> str:
    """A count, checked unless it is a constant that needs no check."""
    if isinstance(count.constant, Decimal) and count.constant >= 0:
        return count.sql
    return f"CASE WHEN {count.sql} < 0 THEN {failure(number, *named)} ELSE {count.sql} END"


def side(name: str) -> Function:
    """LEFT or RIGHT."""

    def write(arguments: Arguments) -> Term:
        term, count = arguments.text(0), arguments.whole(1)
        return Term(f"{name}({term.sql}, {not_negative(count, 536, name)})", varying(term.type))

    return Function(f"{name.upper()}(text, count)", 2, 2, write)


def substring(arguments: Arguments) -> Term:
    """Positions before the first count too: SUBSTRING('abc', 0, 2) is 'a'."""
    if arguments.any(0).type.family == "binary":
        raise refuse("SUBSTRING of binary", "only text is cut", arguments.node.at)
    term, start, count = arguments.text(0), arguments.whole(1), arguments.whole(2)
    begin, size = start.sql, not_negative(count, 537)
    if not (isinstance(start.constant, Decimal) and start.constant >= 1):
        size = f"greatest({size} + least({begin} - 1, 0), 0)"
        begin = f"greatest({begin}, 1)"
    sql = f"substr({term.sql}, {begin}, {size})"
    if start.nullable or count.nullable:
        sql = f"CASE WHEN {start.sql} IS NOT NULL AND {count.sql} IS NOT NULL THEN {sql} END"
    return Term(sql, varying(term.type))


def replaced(arguments: Arguments) -> Term:
    """REPLACE finds without regard to case."""
    text, pattern, new = (arguments.text(place) for place in range(3))
    found = pattern.constant
    if isinstance(found, str) and (not found or found.lower() == found.upper()):
        sql = f"replace({text.sql}, {pattern.sql}, {new.sql})"
    else:
        safe = f"replace({new.sql}, '\\', '\\\\')"
        sql = f"regexp_replace({text.sql}, '(?i)' || regexp_escape({pattern.sql}), {safe}, 'g')"
        sql = f"CASE WHEN {pattern.sql} = '' THEN {text.sql} ELSE {sql} END"
    return Term(sql, longest(widest([text, pattern, new])))


def longest(kind: SqlType) -> SqlType:
    """The longest text of that kind that is not (max), unless it is."""
    return varying(kind, 4000 if kind.is_national else 8000)


def replicate(arguments: Arguments) -> Term:
    text, count = arguments.text(0), arguments.whole(1)
    kind = longest(text.type)
    sql = f"repeat({text.sql}, {count.sql})"
    if kind.size != MAX:
        # Cut before repeating: 8,000 bytes are all that can come out.
        sql = f"left(repeat({text.sql}, least({count.sql}, {kind.size})), {kind.size})"
    return Term(f"CASE WHEN {count.sql} >= 0 THEN {sql} END", kind)


def char_index(arguments: Arguments) -> Term:
    wanted, text = arguments.text(0), arguments.text(1)
    needle, hay = f"lower({wanted.sql})", f"lower({text.sql})"
    sql = f"strpos({hay}, {needle})"
    if arguments.given(2):
        start = f"greatest({arguments.whole(2).sql}, 1)"
        sql = f"strpos(substr({hay}, {start}), {needle})"
        sql = f"CASE WHEN {sql} = 0 THEN 0 ELSE {sql} + {start} - 1 END"
    if not wanted.constant:
        sql = f"CASE WHEN {wanted.sql} = '' THEN 0 ELSE {sql} END"
    return measured(sql, text)


def quote_name(arguments: Arguments) -> Term:
    """At most 128 characters, else NULL."""
    text = arguments.text(0)
    mark = arguments.text(1).constant if arguments.given(1) else "["
    if not isinstance(mark, str) or mark not in MARKS:
        raise refuse("QUOTENAME with this character", "use [ ' \" or (", arguments.node.at)
    opening, closing = (sign.replace("'", "''") for sign in MARKS[mark])
    body = f"replace({text.sql}, '{closing}', '{closing}{closing}')"
    sql = f"CASE WHEN length({text.sql}) <= 128 THEN '{opening}' || {body} || '{closing}' END"
    return Term(sql, SqlType("nvarchar", 258))


def joined(arguments: Arguments) -> Term:
    """CONCAT: NULL is nothing."""
    terms = [arguments.text(place) for place in range(len(arguments))]
    return cut(f"concat({', '.join(term.sql for term in terms)})", terms)


def joined_with(arguments: Arguments) -> Term:
    """CONCAT_WS leaves NULLs out, and their separators."""
    separator, *terms = (arguments.text(place) for place in range(len(arguments)))
    sql = f"concat_ws(coalesce({separator.sql}, ''), {', '.join(term.sql for term in terms)})"
    return cut(sql, [*terms, *[separator] * (len(terms) - 1)])


def cut(sql: str, terms: list[Term]) -> Term:
    """Cut off at 8,000 bytes unless one argument is (max)."""
    kind = widest(terms)
    if kind.size != MAX and sum(term.type.size for term in terms) > kind.size:
        sql = f"left({sql}, {kind.size})"
    return Term(sql, kind, nullable=False)


def same_text(usage: str, sql: str) -> Function:
    """A function that keeps the length of its text."""

    def write(arguments: Arguments) -> Term:
        term = arguments.text(0)
        return Term(sql.format(term.sql), varying(term.type), term.nullable)

    return Function(usage, 1, 1, write)


def hash_bytes(arguments: Arguments) -> Term:
    """HASHBYTES of the bytes that SQL Server would hash: UTF-16 for nvarchar. ASCII only."""
    name, data = arguments.any(0).constant, arguments.any(1)
    if not isinstance(name, str) or name.upper() not in HASHES:
        reason = f"allowed: {', '.join(HASHES)}"
        raise refuse("HASHBYTES with this algorithm", reason, arguments.node.at)
    if data.type.family not in ("text", "binary"):
        raise arguments.invalid(1)
    sql = convert_sql(data.sql, data.type, SqlType("varbinary", MAX), at=arguments.node.at)
    return Term(f"unhex({HASHES[name.upper()]}({sql}))", SqlType("varbinary", 8000), data.nullable)


FUNCTIONS = (
    Function("LEN(text): characters without trailing spaces", 1, 1, length),
    Function("DATALENGTH(value): bytes", 1, 1, data_length),
    side("left"),
    side("right"),
    Function("SUBSTRING(text, start, length)", 3, 3, substring),
    Function("REPLACE(text, old, new): finds without regard to case", 3, 3, replaced),
    Function("REPLICATE(text, count): at most 8,000 bytes unless (max)", 2, 2, replicate),
    Function("CHARINDEX(wanted, text [, start]): 0 when not there", 2, 3, char_index),
    Function("QUOTENAME(name [, mark])", 1, 2, quote_name),
    Function("CONCAT(a, b ...): NULL is ''", 2, 254, joined),
    Function("CONCAT_WS(separator, a, b ...): without NULLs", 3, 254, joined_with),
    Function(f"HASHBYTES(algorithm, data): {', '.join(HASHES)}; of ASCII", 2, 2, hash_bytes),
    simple("CHAR(code)", "i", SqlType("char", 1),
           f"CASE WHEN {{0}} BETWEEN 128 AND 159 THEN {LATIN} "
           "WHEN {0} BETWEEN 0 AND 255 THEN chr({0}) END"),
    simple("NCHAR(code)", "i", SqlType("nchar", 1),
           "CASE WHEN {0} BETWEEN 0 AND 65535 THEN chr({0}) END"),
    same_text("UPPER(text)", "upper({0})"),
    same_text("LOWER(text)", "lower({0})"),
    same_text("LTRIM(text)", "ltrim({0}, ' ')"),
    same_text("RTRIM(text)", "rtrim({0}, ' ')"),
    same_text("TRIM(text)", "trim({0}, ' ')"),
    same_text("REVERSE(text)", "reverse({0})"),
)  # fmt: skip
