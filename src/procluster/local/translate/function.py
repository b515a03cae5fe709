"""The shape of a built-in function, and the arguments one call gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from procluster.errors import SqlError
from procluster.local.messages import error
from procluster.local.syntax import Call
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.promotion import NUMBERS, implicit
from procluster.local.translate.scope import Context
from procluster.local.translate.term import Term
from procluster.local.types import BIGINT, DATETIME, DATETIME2, FLOAT, INT, MAX, SqlType


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, converted as each function asks for them."""

    node: Call
    terms: tuple[Term, ...]
    context: Context

    def __len__(self) -> int:
        return len(self.terms)

    def given(self, place: int) -> bool:
        """Whether the call has that many arguments."""
        return place < len(self.terms)

    def any(self, place: int) -> Term:
        """As it is."""
        return self.terms[place]

    def text(self, place: int) -> Term:
        """As text; numbers and dates become as wide as they need."""
        kind = self.terms[place].type
        if kind.family == "text":
            return self.terms[place]
        return self.to(place, SqlType("varchar", kind.kind.widest or 41))

    def number(self, place: int) -> Term:
        """As a number; bit and text become float."""
        family = self.terms[place].type.family
        return self.terms[place] if family in NUMBERS - {"bit"} else self.to(place, FLOAT)

    def moment(self, place: int, text: SqlType = DATETIME2) -> Term:
        """As a date or time; numbers become datetime, text what the function makes of it."""
        family = self.terms[place].type.family
        if family == "time":
            return self.terms[place]
        return self.to(place, text if family == "text" else DATETIME)

    def whole(self, place: int) -> Term:
        """As int."""
        return self.to(place, INT)

    def float(self, place: int) -> Term:
        """As float."""
        return self.to(place, FLOAT)

    def to(self, place: int, target: SqlType) -> Term:
        """Converted implicitly; 8116 where SQL Server has no such conversion."""
        term = self.terms[place]
        if not term.null and not implicit(term.type, target):
            raise self.invalid(place)
        return coerced(term, target, self.node.at)

    def invalid(self, place: int) -> SqlError:
        """Error 8116: an argument of a type that the function does not take."""
        name = self.node.name[0].lower()
        return error(8116, self.terms[place].type.name, place + 1, name, at=self.node.at)


Write = Callable[[Arguments], Term]


@dataclass(frozen=True)
class Function:
    """A built-in function: how many arguments it takes, and how a call of it is written.

    ``usage`` is its line in the rule book and begins with its name. ``settles`` is False where
    overflow in the arguments shows in the result (:func:`.settled`).
    """

    usage: str
    least: int
    most: int
    write: Write
    settles: bool = True

    @property
    def name(self) -> str:
        """In upper case."""
        return self.usage.partition("(")[0].partition(":")[0]


READERS: dict[str, Callable[[Arguments, int], Term]] = {
    "t": Arguments.text,
    "n": Arguments.number,
    "i": Arguments.whole,
    "f": Arguments.float,
    "m": Arguments.moment,
    "a": Arguments.any,
}


def simple(
    usage: str, signature: str, result: SqlType | None, sql: str, *, finite: bool = True
) -> Function:
    """A function whose DuckDB form is a template.

    Parameters
    ----------
    signature : str
        One letter an argument: t text, n number, i int, f float, m moment, a any.
    result : SqlType or None
        None for the type of the first argument.
    sql : str
        DuckDB SQL with {0}, {1} ... for the arguments.
    finite : bool
        False where a float result may overflow.
    """

    def write(arguments: Arguments) -> Term:
        terms = [READERS[letter](arguments, place) for place, letter in enumerate(signature)]
        kind = result or terms[0].type
        nullable = any(term.nullable for term in terms)
        return Term(sql.format(*(term.sql for term in terms)), kind, nullable, finite=finite)

    return Function(usage, len(signature), len(signature), write)


def varying(kind: SqlType, size: int | None = None) -> SqlType:
    """The variable-length form of a text type."""
    name = "nvarchar" if kind.is_national else "varchar"
    return SqlType(name, kind.size if size is None or kind.size == MAX else size)


def widest(terms: list[Term]) -> SqlType:
    """The text type that holds all terms one behind the other, at most 8,000 bytes or (max)."""
    national = any(term.type.is_national for term in terms)
    name, cap = ("nvarchar", 4000) if national else ("varchar", 8000)
    sizes = [term.type.size for term in terms]
    return SqlType(name, MAX if MAX in sizes else max(1, min(cap, sum(sizes))))


def measured(sql: str, term: Term) -> Term:
    """A length: int, or bigint of (max)."""
    kind = BIGINT if term.type.size == MAX else INT
    return Term(f"CAST({sql} AS {kind.storage})", kind, term.nullable)
