"""Built-in functions of text. Positions count from 1; the collation ignores case."""

from decimal import Decimal

from procluster.local.messages import refuse, unsupported
from procluster.local.translate.function import (
    Function,
    Invocation,
    longest,
    not_negative,
    simple,
    varying,
    widest,
)
from procluster.local.translate.term import Term
from procluster.local.types import BIGINT, INT, MAX, SqlType

MARKS = {"[": "[]", "]": "[]", "'": "''", '"': '""', "(": "()", ")": "()"}
LATIN = unsupported("CHAR(128) to CHAR(159)", because="use NCHAR")


def length_type(measured: Term, *_: Term) -> SqlType:
    return BIGINT if measured.type.size == MAX else INT


def data_length(_: Invocation, term: Term) -> Term:
    sql = f"CASE WHEN {term.sql} IS NOT NULL THEN {term.type.max_length} END"
    if term.type.family == "text":
        sql = f"{1 + term.type.is_national} * length({term.sql})"
    if term.type.family == "binary":
        sql = f"octet_length({term.sql})"
    kind = length_type(term)
    return Term(f"CAST({sql} AS {kind.storage})", kind, term.nullable)


def substring(_: Invocation, text: Term, start: Term, count: Term) -> Term:
    """Positions before the first count too: SUBSTRING('abc', 0, 2) is 'a'."""
    begin, size = start.sql, not_negative(count, 537)
    if not (isinstance(start.constant, Decimal) and start.constant >= 1):
        size = f"greatest({size} + least({begin} - 1, 0), 0)"
        begin = f"greatest({begin}, 1)"
    sql = f"substr({text.sql}, {begin}, {size})"
    if start.nullable or count.nullable:
        sql = f"CASE WHEN {start.sql} IS NOT NULL AND {count.sql} IS NOT NULL THEN {sql} END"
    return Term(sql, varying(text))


def replaced(_: Invocation, text: Term, pattern: Term, new: Term) -> Term:
    """REPLACE finds without regard to case."""
    found = pattern.constant
    if isinstance(found, str) and (not found or found.lower() == found.upper()):
        sql = f"replace({text.sql}, {pattern.sql}, {new.sql})"
    else:
        safe = f"replace({new.sql}, '\\', '\\\\')"
        sql = f"regexp_replace({text.sql}, '(?i)' || regexp_escape({pattern.sql}), {safe}, 'g')"
        sql = f"CASE WHEN {pattern.sql} = '' THEN {text.sql} ELSE {sql} END"
    return Term(sql, longest(text, pattern, new))


def replicate(_: Invocation, text: Term, count: Term) -> Term:
    kind = longest(text)
    sql = f"repeat({text.sql}, {count.sql})"
    if kind.size != MAX:
        # Cut before repeating: 8,000 bytes are all that can come out.
        sql = f"left(repeat({text.sql}, least({count.sql}, {kind.size})), {kind.size})"
    return Term(f"CASE WHEN {count.sql} >= 0 THEN {sql} END", kind)


def char_index(_: Invocation, wanted: Term, text: Term, start: Term | None = None) -> Term:
    needle, hay = f"lower({wanted.sql})", f"lower({text.sql})"
    sql = f"strpos({hay}, {needle})"
    if start:
        begin = f"greatest({start.sql}, 1)"
        sql = f"strpos(substr({hay}, {begin}), {needle})"
        sql = f"CASE WHEN {sql} = 0 THEN 0 ELSE {sql} + {begin} - 1 END"
    if not wanted.constant:
        sql = f"CASE WHEN {wanted.sql} = '' THEN 0 ELSE {sql} END"
    kind = length_type(text)
    return Term(f"CAST({sql} AS {kind.storage})", kind)


def quote_name(call: Invocation, text: Term, sign: Term | None = None) -> Term:
    """At most 128 characters, else NULL."""
    mark = sign.constant if sign else "["
    if not isinstance(mark, str) or mark not in MARKS:
        raise refuse("QUOTENAME with this character", "use [ ' \" or (", call.at)
    opening, closing = (sign.replace("'", "''") for sign in MARKS[mark])
    body = f"replace({text.sql}, '{closing}', '{closing}{closing}')"
    sql = f"CASE WHEN length({text.sql}) <= 128 THEN '{opening}' || {body} || '{closing}' END"
    return Term(sql, SqlType("nvarchar", 258))


def joined(_: Invocation, *texts: Term) -> Term:
    """CONCAT: NULL is nothing."""
    return cut(f"concat({', '.join(text.sql for text in texts)})", *texts)


def joined_with(_: Invocation, separator: Term, *texts: Term) -> Term:
    """CONCAT_WS leaves NULLs out, and their separators."""
    sql = f"concat_ws(coalesce({separator.sql}, ''), {', '.join(text.sql for text in texts)})"
    return cut(sql, *texts, *[separator] * (len(texts) - 1))


def upper(_: Invocation, text: Term) -> Term:
    """Letters stay that have no capital one: of varchar those of code page 1252, and any ß."""
    small, capital = ("ß", "ẞ") if text.type.is_national else ("ßµƒ", "ẞΜƑ")
    sql = f"translate(upper({text.sql}), '{capital}', '{small}')"
    return Term(sql, varying(text), text.nullable)


def cut(sql: str, *texts: Term) -> Term:
    """Cut off at 8,000 bytes unless one text is (max)."""
    kind = widest(*texts)
    if kind.size != MAX and sum(text.type.size for text in texts) > kind.size:
        sql = f"left({sql}, {kind.size})"
    return Term(sql, kind, nullable=False)


FUNCTIONS = (
    simple("LEN(text): characters without trailing spaces", "r", length_type,
           "CAST(length({0}) AS {kind})"),
    Function("DATALENGTH(value): bytes", "a", data_length),
    simple("LEFT(text, count)", "tc", varying, "left({0}, {1})"),
    simple("RIGHT(text, count)", "tc", varying, "right({0}, {1})"),
    Function("SUBSTRING(text, start, length)", "tii", substring),
    Function("REPLACE(text, old, new): finds without regard to case", "ttt", replaced),
    Function("REPLICATE(text, count): at most 8,000 bytes unless (max)", "ti", replicate),
    Function("CHARINDEX(wanted, text [, start]): 0 when not there", "tt[i]", char_index),
    Function("QUOTENAME(name [, mark])", "t[t]", quote_name),
    Function("CONCAT(a, b ...): NULL is ''", "tt*", joined),
    Function("CONCAT_WS(separator, a, b ...): without NULLs", "ttt*", joined_with),
    simple("CHAR(code)", "i", SqlType("char", 1),
           f"CASE WHEN {{0}} BETWEEN 128 AND 159 THEN {LATIN} "
           "WHEN {0} BETWEEN 0 AND 255 THEN chr({0}) END"),
    simple("NCHAR(code)", "i", SqlType("nchar", 1),
           "CASE WHEN {0} BETWEEN 0 AND 65535 THEN chr({0}) END"),
    Function("UPPER(text)", "t", upper),
    simple("LOWER(text)", "t", varying, "lower({0})"),
    simple("LTRIM(text)", "t[x]", varying, "ltrim({0}, ' ')"),
    simple("RTRIM(text)", "t[x]", varying, "rtrim({0}, ' ')"),
    simple("TRIM(text)", "t", varying, "trim({0}, ' ')"),
    simple("REVERSE(text)", "t", varying, "reverse({0})"),
)  # fmt: skip
