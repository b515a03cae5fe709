"""The shape of a built-in function, and the arguments one call gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from procluster.errors import SqlError
from procluster.local.syntax import Position
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.messages import error
from procluster.local.translate.promotion import implicit
from procluster.local.translate.scope import Context
from procluster.local.translate.term import BIGINT, FLOAT, INT, Term
from procluster.local.types import MAX, SqlType

__all__ = ["Arguments", "Function", "simple"]

LENGTHS = {"bit": 1, "tinyint": 3, "smallint": 6, "int": 11, "bigint": 20, "float": 24, "real": 24,
           "uniqueidentifier": 36}  # fmt: skip
DATETIME2 = SqlType("datetime2", 0, 7)
NUMBERS = ("integer", "decimal", "money", "float")


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, converted as each function asks for them."""

    name: str
    terms: tuple[Term, ...]
    words: tuple[str, ...]
    at: Position
    context: Context

    def __len__(self) -> int:
        return len(self.terms)

    def any(self, place: int) -> Term:
        """As it is."""
        return self.terms[place]

    def text(self, place: int) -> Term:
        """As text; numbers and dates become as wide as they need."""
        term = self.terms[place]
        if term.type.family == "text":
            return term
        return self.to(place, SqlType("varchar", LENGTHS.get(term.type.name, 41)))

    def number(self, place: int) -> Term:
        """As a number; bit and text become float."""
        if self.terms[place].type.family in NUMBERS:
            return self.terms[place]
        return self.to(place, FLOAT)

    def moment(self, place: int, text: SqlType = DATETIME2) -> Term:
        """As a date or time; numbers become datetime, text what the function makes of it."""
        family = self.terms[place].type.family
        if family == "time":
            return self.terms[place]
        return self.to(place, text if family == "text" else SqlType("datetime"))

    def whole(self, place: int) -> Term:
        """As int."""
        return self.to(place, INT)

    def long(self, place: int) -> Term:
        """As bigint."""
        return self.to(place, BIGINT)

    def float(self, place: int) -> Term:
        """As float."""
        return self.to(place, FLOAT)

    def to(self, place: int, target: SqlType) -> Term:
        """Converted implicitly; 8116 where SQL Server has no such conversion."""
        term = self.terms[place]
        if not term.null and not implicit(term.type, target):
            raise self.invalid(place)
        return coerced(term, target, self.at)

    def invalid(self, place: int) -> SqlError:
        """Error 8116: an argument of a type that the function does not take."""
        return error(8116, self.terms[place].type.name, place + 1, self.name.lower(), at=self.at)

    def given(self, place: int) -> bool:
        """Whether the call has that many arguments."""
        return place < len(self.terms)


Write = Callable[[Arguments], Term]


@dataclass(frozen=True)
class Function:
    """A built-in function: how many arguments it takes and how to write a call of it.

    ``words`` counts the bare words (dateparts) in front. ``usage`` is its line in the rule book.
    ``settles`` is False where overflow in the arguments shows in the result (:func:`.settled`).
    """

    name: str
    least: int
    most: int
    write: Write
    usage: str
    words: int = 0
    settles: bool = True


READERS: dict[str, Callable[[Arguments, int], Term]] = {
    "t": Arguments.text,
    "n": Arguments.number,
    "i": Arguments.whole,
    "b": Arguments.long,
    "f": Arguments.float,
    "m": Arguments.moment,
    "a": Arguments.any,
}


def simple(  # noqa: PLR0913
    name: str,
    signature: str,
    result: SqlType | None,
    sql: str,
    usage: str,
    *,
    finite: bool = True,
) -> Function:
    """A function whose DuckDB form is a template.

    Parameters
    ----------
    signature : str
        One letter an argument: t text, n number, i int, b bigint, f float, m moment, a any.
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

    return Function(name, len(signature), len(signature), write, usage)


def widest(terms: list[Term]) -> SqlType:
    """The text type that holds all terms one behind the other."""
    national = any(term.type.name.startswith("n") for term in terms)
    name, cap = ("nvarchar", 4000) if national else ("varchar", 8000)
    sizes = [term.type.size for term in terms]
    return SqlType(name, MAX if MAX in sizes else max(1, min(cap, sum(sizes))))
