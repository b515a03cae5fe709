"""Built-in functions of choice and NULL, and those of no family."""

from __future__ import annotations

from procluster.local.translate.arithmetic import coerced, combined, compared
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.function import Arguments, Function, simple
from procluster.local.translate.messages import error, refuse
from procluster.local.translate.term import Term, key
from procluster.local.types import MAX, SqlType

__all__ = ["FUNCTIONS"]

HASHES = {"MD5": "md5", "SHA": "sha1", "SHA1": "sha1", "SHA2_256": "sha256"}


def is_null(arguments: Arguments) -> Term:
    """ISNULL takes the type of its first argument: a longer text is cut off."""
    first, second = arguments.any(0), arguments.any(1)
    if first.null:
        return second
    other = coerced(second, first.type, arguments.at)
    sql = f"coalesce({first.sql}, {other.sql})"
    return Term(sql, first.type, first.nullable and other.nullable)


def coalesce(arguments: Arguments) -> Term:
    """COALESCE takes the type that all arguments have in common."""
    if all(term.null for term in arguments.terms):
        raise error(4127, at=arguments.at)
    kind, terms = combined(list(arguments.terms), arguments.at)
    nullable = all(term.nullable for term in terms)
    return Term(f"coalesce({', '.join(term.sql for term in terms)})", kind, nullable)


def null_if(arguments: Arguments) -> Term:
    """NULLIF takes the type of its first argument; NULLIF(x, 0) can be divided by."""
    first, second = arguments.any(0), arguments.any(1)
    if first.null:
        raise error(4151, at=arguments.at)
    left, right = compared([first, second], arguments.at)
    zero = second.constant == 0
    sql = f"CASE WHEN {key(left)} = {key(right)} THEN NULL ELSE {first.sql} END"
    return Term(sql, first.type, nonzero=zero)


def choose(arguments: Arguments) -> Term:
    index = arguments.whole(0)
    kind, terms = combined(list(arguments.terms[1:]), arguments.at)
    branches = " ".join(f"WHEN {place} THEN {term.sql}" for place, term in enumerate(terms, 1))
    return Term(f"CASE {index.sql} {branches} END", kind)


def hash_bytes(arguments: Arguments) -> Term:
    """HASHBYTES of the bytes that SQL Server would hash: UTF-16 for nvarchar. ASCII only."""
    name, data = arguments.any(0).constant, arguments.any(1)
    if not isinstance(name, str) or name.upper() not in HASHES:
        allowed = ", ".join(HASHES)
        raise refuse("HASHBYTES with this algorithm", f"allowed: {allowed}", arguments.at)
    if data.type.family not in ("text", "binary"):
        raise arguments.invalid(1)
    target = SqlType("varbinary", MAX)
    sql = convert_sql(data.sql, data.type, target, at=arguments.at)
    return Term(f"unhex({HASHES[name.upper()]}({sql}))", SqlType("varbinary", 8000), data.nullable)


FUNCTIONS = (
    Function("ISNULL", 2, 2, is_null, "ISNULL(a, b): the type of a"),
    Function("COALESCE", 2, 254, coalesce, "COALESCE(a, b ...): the type by precedence"),
    Function("NULLIF", 2, 2, null_if, "NULLIF(a, b): the type of a"),
    Function("CHOOSE", 2, 254, choose, "CHOOSE(index, a, b ...)"),
    Function("HASHBYTES", 2, 2, hash_bytes, f"HASHBYTES(algorithm, data): {', '.join(HASHES)}"),
    simple("NEWID", "", SqlType("uniqueidentifier"), "uuid()", "NEWID()"),
)
