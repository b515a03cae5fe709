"""The shape of a built-in function: what its parameters make of arguments, and what it writes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from procluster.local.messages import error, failure, refuse
from procluster.local.syntax import Call, Position
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.promotion import NUMBERS, implicit
from procluster.local.translate.scope import Context
from procluster.local.translate.term import Term, trimmed
from procluster.local.types import DATETIME, DATETIME2, FLOAT, INT, MAX, SqlType

MOST_ARGUMENTS = 254


@dataclass(frozen=True)
class Invocation:
    """One call of a function, beside its arguments."""

    node: Call
    context: Context

    @property
    def name(self) -> str:
        """In lower case, as errors have it."""
        return self.node.name[0].lower()

    @property
    def at(self) -> Position:
        return self.node.at


@dataclass(frozen=True)
class Function:
    """A built-in function: ``usage``, its line in the rule book, begins with its name.

    ``signature`` has one letter a parameter: t text, r text without trailing spaces, n number, i
    int, c int that is not negative, f float, m moment, d moment where text is a datetime, a any
    type, x what SQL Server takes and this engine refuses. Those in brackets may be left out; the
    last one may be repeated where ``*`` follows. ``write`` gives the term of an :class:`Invocation`
    and of its arguments, converted; ``settles`` is False where their overflow shows in it
    (:func:`.settled`).
    """

    usage: str
    signature: str
    write: Callable[..., Term]
    settles: bool = True

    @property
    def name(self) -> str:
        """In upper case."""
        return self.usage.partition("(")[0].partition(":")[0]

    @cached_property
    def least(self) -> int:
        return len(self.signature.partition("[")[0].strip("*"))

    @cached_property
    def most(self) -> int:
        return MOST_ARGUMENTS if "*" in self.signature else len(self.letters)

    @cached_property
    def letters(self) -> str:
        """Those of the signature, the last one as often as it may stand."""
        letters = "".join(filter(str.isalpha, self.signature))
        return letters + letters[-1:] * MOST_ARGUMENTS if "*" in self.signature else letters

    def term(self, call: Invocation, arguments: tuple[Term, ...]) -> Term:
        parameters = enumerate(zip(self.letters, arguments, strict=False))
        return self.write(call, *[taken(call, place, *pair) for place, pair in parameters])


def taken(call: Invocation, place: int, letter: str, term: Term) -> Term:
    """An argument as its parameter takes it; 8116 where SQL Server has no such conversion."""
    if letter == "x":
        raise refuse(f"Argument {place + 1} of {call.name.upper()}", "leave it out", call.at)
    target = parameter_type(letter, term.type)
    if letter in "tr" and term.type.family == "binary":
        raise refuse(f"{call.name.upper()} of binary", "only text is read", call.at)
    if term.type != target:
        if not term.null and not implicit(term.type, target):
            raise error(8116, term.type.name, place + 1, call.name, at=call.at)
        term = coerced(term, target, call.at)
    if letter == "r":
        return replace(term, sql=trimmed(term))
    return replace(term, sql=not_negative(term, 536, call.name)) if letter == "c" else term


def parameter_type(letter: str, given: SqlType) -> SqlType:
    """What a parameter makes of a type."""
    family = given.family
    if letter in "ic":
        return INT
    if letter in "tr" and family != "text":
        return SqlType("varchar", given.kind.widest or 41)
    if letter == "f" or (letter == "n" and family not in NUMBERS - {"bit"}):
        return FLOAT
    if letter in "md" and family != "time":
        return DATETIME2 if letter == "m" and family == "text" else DATETIME
    return given


def not_negative(count: Term, number: int, *named: str) -> str:
    """A count, checked unless it is a constant that needs no check."""
    if isinstance(count.constant, Decimal) and count.constant >= 0:
        return count.sql
    return f"CASE WHEN {count.sql} < 0 THEN {failure(number, *named)} ELSE {count.sql} END"


def simple(  # noqa: PLR0913
    usage: str,
    signature: str,
    result: SqlType | Callable[..., SqlType],
    sql: str,
    *,
    finite: bool = True,
    settles: bool = True,
) -> Function:
    """A function whose DuckDB form is a template of its arguments {0}, {1} ... and its {kind}.

    ``result`` is the type of the result, or gives it for the arguments; ``finite`` is False where a
    float result may overflow.
    """

    def write(_: Invocation, *terms: Term) -> Term:
        kind = result if isinstance(result, SqlType) else result(*terms)
        written = sql.format(*(term.sql for term in terms), kind=kind.storage)
        return Term(written, kind, any(term.nullable for term in terms), finite=finite)

    return Function(usage, signature, write, settles)


def same(term: Term, *_: Term) -> SqlType:
    """The type of the first argument."""
    return term.type


def varying(text: Term, *_: Term) -> SqlType:
    """The variable-length form of the first text's type."""
    return SqlType("nvarchar" if text.type.is_national else "varchar", text.type.size)


def widest(*texts: Term) -> SqlType:
    """The type that holds all texts one behind the other, at most 8,000 bytes or (max)."""
    national = any(text.type.is_national for text in texts)
    name, cap = ("nvarchar", 4000) if national else ("varchar", 8000)
    sizes = [text.type.size for text in texts]
    return SqlType(name, MAX if MAX in sizes else max(1, min(cap, sum(sizes))))


def longest(*texts: Term) -> SqlType:
    """The longest type for these texts that is not (max), unless one of them is."""
    kind = widest(*texts)
    cap = 4000 if kind.is_national else 8000
    return SqlType(kind.name, MAX if kind.size == MAX else cap)
