"""Built-in functions of text. Positions count from 1; the collation ignores case."""

from __future__ import annotations

from decimal import Decimal

from procluster.local.translate.function import Arguments, Function, simple, widest
from procluster.local.translate.messages import failure, refuse, unsupported
from procluster.local.translate.term import BIGINT, INT, Term, trimmed
from procluster.local.types import MAX, SqlType

__all__ = ["FUNCTIONS"]

BYTES = {
    "bit": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8, "real": 4, "float": 8, "money": 8,
    "date": 3, "smalldatetime": 4, "datetime": 8, "uniqueidentifier": 16,
}  # fmt: skip


def measured(sql: str, term: Term) -> Term:
    """A length: int, or bigint of (max)."""
    kind = BIGINT if term.type.size == MAX else INT
    return Term(f"CAST({sql} AS {kind.storage})", kind, term.nullable)


def length(arguments: Arguments) -> Term:
    term = arguments.text(0)
    return measured(f"length({trimmed(term)})", term)


def data_length(arguments: Arguments) -> Term:
    term = arguments.any(0)
    if term.type.family == "text":
        width = 2 if term.type.name.startswith("n") else 1
        return measured(f"{width} * length({term.sql})", term)
    if term.type.family == "binary":
        return measured(f"octet_length({term.sql})", term)
    if term.type.name == "decimal":
        size = next(
            size for top, size in ((9, 5), (19, 9), (28, 13), (38, 17)) if term.type.size <= top
        )
    elif term.type.name == "datetime2":
        size = 6 if term.type.scale < 3 else 7 if term.type.scale < 5 else 8
    else:
        size = BYTES[term.type.name]
    return Term(f"CASE WHEN {term.sql} IS NOT NULL THEN CAST({size} AS INTEGER) END", INT)


def varying(kind: SqlType, size: int | None = None) -> SqlType:
    """The variable-length form of a text type."""
    name = "nvarchar" if kind.name.startswith("n") else "varchar"
    return SqlType(name, kind.size if size is None or kind.size == MAX else size)


def positive(count: Term, least: int) -> bool:
    """Whether this is a constant of at least so much."""
    return isinstance(count.constant, Decimal) and count.constant >= least


def side(name: str) -> Function:
    """LEFT or RIGHT."""
    fail = failure(536, name)

    def write(arguments: Arguments) -> Term:
        term, count = arguments.text(0), arguments.whole(1)
        size = count.sql
        if not positive(count, 0):
            size = f"CASE WHEN {count.sql} < 0 THEN {fail} ELSE {count.sql} END"
        return Term(f"{name}({term.sql}, {size})", varying(term.type))

    return Function(name.upper(), 2, 2, write, f"{name.upper()}(text, count)")


def substring(arguments: Arguments) -> Term:
    """Positions before the first count too: SUBSTRING('abc', 0, 2) is 'a'."""
    if arguments.any(0).type.family == "binary":
        raise refuse("SUBSTRING of binary", "only text is cut", arguments.at)
    term, start, count = arguments.text(0), arguments.whole(1), arguments.whole(2)
    fail = failure(537)
    begin, size = start.sql, count.sql
    if not positive(count, 0):
        size = f"CASE WHEN {size} < 0 THEN {fail} ELSE {size} END"
    if not positive(start, 1):
        size = f"greatest({size} + least({begin} - 1, 0), 0)"
        begin = f"greatest({begin}, 1)"
    nullable = (
        f"CASE WHEN {start.sql} IS NULL OR {count.sql} IS NULL THEN NULL ELSE "
        f"substr({term.sql}, {begin}, {size}) END"
    )
    sure = not (start.nullable or count.nullable)
    return Term(f"substr({term.sql}, {begin}, {size})" if sure else nullable, varying(term.type))


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
    joined = widest([text, pattern, new])
    return Term(sql, SqlType(joined.name, MAX if joined.size == MAX else cap(joined)))


def cap(kind: SqlType) -> int:
    """The longest text that is not (max)."""
    return 4000 if kind.name.startswith("n") else 8000


def replicate(arguments: Arguments) -> Term:
    text, count = arguments.text(0), arguments.whole(1)
    kind = varying(text.type, cap(text.type))
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


def stuff(arguments: Arguments) -> Term:
    text, new = arguments.text(0), arguments.text(3)
    start, count = arguments.whole(1), arguments.whole(2)
    inside = f"{start.sql} BETWEEN 1 AND length({text.sql}) AND {count.sql} >= 0"
    sql = (
        f"left({text.sql}, {start.sql} - 1) || coalesce({new.sql}, '') || "
        f"substr({text.sql}, {start.sql} + {count.sql})"
    )
    return Term(f"CASE WHEN {inside} THEN {sql} END", widest([text, new]))


def quote_name(arguments: Arguments) -> Term:
    """At most 128 characters, else NULL."""
    text = arguments.text(0)
    marks = {"[": "[]", "]": "[]", "'": "''", '"': '""', "(": "()", ")": "()"}
    mark = arguments.text(1).constant if arguments.given(1) else "["
    if not isinstance(mark, str) or mark not in marks:
        raise refuse("QUOTENAME with this character", "use [ ' \" or (", arguments.at)
    opening, closing = (sign.replace("'", "''") for sign in marks[mark])
    body = f"replace({text.sql}, '{closing}', '{closing}{closing}')"
    sql = f"CASE WHEN length({text.sql}) <= 128 THEN '{opening}' || {body} || '{closing}' END"
    return Term(sql, SqlType("nvarchar", 258))


def joined(arguments: Arguments) -> Term:
    """CONCAT: NULL is nothing."""
    terms = [arguments.text(place) for place in range(len(arguments))]
    return limited(f"concat({', '.join(term.sql for term in terms)})", terms)


def joined_with(arguments: Arguments) -> Term:
    """CONCAT_WS leaves NULLs out, and their separators."""
    separator, *terms = (arguments.text(place) for place in range(len(arguments)))
    sql = f"concat_ws(coalesce({separator.sql}, ''), {', '.join(term.sql for term in terms)})"
    between = [separator] * (len(terms) - 1)
    return limited(sql, [*terms, *between])


def limited(sql: str, terms: list[Term]) -> Term:
    """Cut off at 8,000 bytes unless one argument is (max)."""
    kind = widest(terms)
    if kind.size != MAX and sum(term.type.size for term in terms) > kind.size:
        sql = f"left({sql}, {kind.size})"
    return Term(sql, kind, nullable=False)


def right_aligned(arguments: Arguments) -> Term:
    """STR: rounded, right-aligned, asterisks where it does not fit."""
    size = arguments.whole(1).constant if arguments.given(1) else 10
    digits = arguments.whole(2).constant if arguments.given(2) else 0
    if size is None or digits is None or isinstance(size, str) or isinstance(digits, str):
        raise refuse("STR", "length and decimals must be constants", arguments.at)
    number, width, scale = arguments.float(0), int(size), min(16, int(digits))
    text = f"CAST(CAST({number.sql} AS DECIMAL(38,{scale})) AS VARCHAR)"
    fail = unsupported("STR that cuts decimals off", because="ask for fewer decimals")
    whole = f"length(split_part({text}, '.', 1)) > {width}"
    exact = unsupported("STR of 1e15 and more", because="its last digits are not documented")
    sql = (
        f"CASE WHEN abs({number.sql}) >= 1e15 THEN {exact} "
        f"WHEN {whole} THEN repeat('*', {width}) "
        f"WHEN length({text}) > {width} THEN {fail} ELSE lpad({text}, {width}, ' ') END"
    )
    return Term(sql, SqlType("varchar", width))


def character(arguments: Arguments) -> Term:
    """CHAR: 128 to 159 differ between code page 1252 and Unicode."""
    code = arguments.whole(0).sql
    fail = unsupported("CHAR(128) to CHAR(159)", because="use NCHAR")
    sql = (
        f"CASE WHEN {code} BETWEEN 128 AND 159 THEN {fail} "
        f"WHEN {code} BETWEEN 0 AND 255 THEN chr({code}) END"
    )
    return Term(sql, SqlType("char", 1))


def same_text(name: str, sql: str, usage: str) -> Function:
    """A function that keeps the length of its text."""

    def write(arguments: Arguments) -> Term:
        term = arguments.text(0)
        return Term(sql.format(term.sql), varying(term.type), term.nullable)

    return Function(name, 1, 1, write, usage)


FUNCTIONS = (
    Function("LEN", 1, 1, length, "LEN(text): characters without trailing spaces"),
    Function("DATALENGTH", 1, 1, data_length, "DATALENGTH(value): bytes"),
    side("left"),
    side("right"),
    Function("SUBSTRING", 3, 3, substring, "SUBSTRING(text, start, length)"),
    Function("REPLACE", 3, 3, replaced, "REPLACE(text, old, new): finds without regard to case"),
    Function("REPLICATE", 2, 2, replicate, "REPLICATE(text, count): at most 8,000 bytes"),
    Function("CHARINDEX", 2, 3, char_index, "CHARINDEX(wanted, text [, start]): 0 when not there"),
    Function("STUFF", 4, 4, stuff, "STUFF(text, start, length, new)"),
    Function("QUOTENAME", 1, 2, quote_name, "QUOTENAME(name [, mark])"),
    Function("CONCAT", 2, 254, joined, "CONCAT(a, b ...): NULL is ''"),
    Function("CONCAT_WS", 3, 254, joined_with, "CONCAT_WS(separator, a, b ...): without NULLs"),
    Function("STR", 1, 3, right_aligned, "STR(number [, length [, decimals]])"),
    Function("CHAR", 1, 1, character, "CHAR(code)"),
    simple("NCHAR", "i", SqlType("nchar", 1), "CASE WHEN {0} BETWEEN 0 AND 65535 THEN chr({0}) END",
           "NCHAR(code)"),
    simple("ASCII", "t", INT, "nullif(unicode({0}), -1)", "ASCII(text): of the first character"),
    simple("UNICODE", "t", INT, "nullif(unicode({0}), -1)", "UNICODE(text)"),
    simple("SPACE", "i", SqlType("varchar", 8000),
           "CASE WHEN {0} >= 0 THEN repeat(' ', least({0}, 8000)) END", "SPACE(count)"),
    same_text("UPPER", "upper({0})", "UPPER(text)"),
    same_text("LOWER", "lower({0})", "LOWER(text)"),
    same_text("LTRIM", "ltrim({0}, ' ')", "LTRIM(text)"),
    same_text("RTRIM", "rtrim({0}, ' ')", "RTRIM(text)"),
    same_text("TRIM", "trim({0}, ' ')", "TRIM(text)"),
    same_text("REVERSE", "reverse({0})", "REVERSE(text)"),
)  # fmt: skip
