"""Random expressions over typed columns beside a model written from Microsoft's documentation.

"Data type precedence", "Precision, scale, and length", "NULL and UNKNOWN", and the pages of the
operators and aggregates. A float is Python's, which is the same IEEE 754 double.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from procluster.errors import SqlError
from procluster.local.database import Database, Session

EXACT = Context(prec=120)
RANGES = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
REFUSED = 40510
OVERFLOW, DIVISION_BY_ZERO = 8115, 8134
OVERFLOWS = {OVERFLOW, 220, 232}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        yield database.connect()


def value_of(session: Session, query: str) -> Any:
    """The value of a query, or the number of its error."""
    try:
        ((value,),) = session.query(query)[0].rows()
    except SqlError as error:
        return FaultError(error.number)
    return value


class FaultError(Exception):
    """An error by its number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def shown(result: object) -> object:
    """A value, or the number of an error in words."""
    return f"error {result.number}" if isinstance(result, FaultError) else result


@dataclass(frozen=True)
class Cell:
    """A typed value: its type in T-SQL, its family, and the value in Python."""

    kind: str
    family: str
    value: Any

    def sql(self) -> str:
        if self.value is None:
            return f"CAST(NULL AS {self.kind})"
        if self.family == "text":
            quoted = str(self.value).replace("'", "''")
            return f"CAST(N'{quoted}' AS {self.kind})"
        if self.family == "float":
            return f"CAST({self.value!r}{'' if 'e' in repr(self.value) else 'e0'} AS float)"
        number = int(self.value) if self.family == "bit" else self.value
        return f"CAST('{Decimal(number):f}' AS {self.kind})"


def columns(cells: list[Cell]) -> str:
    listed = ", ".join(f"{cell.sql()} AS c{n}" for n, cell in enumerate(cells))
    return f"(SELECT {listed}) AS t"


# --- values --------------------------------------------------------------------------------------


@st.composite
def integers(draw: st.DrawFn) -> Cell:
    kind = draw(st.sampled_from(list(RANGES)))
    return Cell(kind, "integer", draw(st.integers(*RANGES[kind]) | st.integers(0, 9)))


@st.composite
def decimals(draw: st.DrawFn) -> Cell:
    precision = draw(st.integers(1, 18))
    scale = draw(st.integers(0, precision))
    digits = draw(st.integers(-(10**precision) + 1, 10**precision - 1) | st.integers(-9, 9))
    value = Decimal(digits).scaleb(-scale, EXACT)
    return Cell(f"decimal({precision}, {scale})", "decimal", value)


FLOATS = (
    st.floats(-1e15, 1e15, allow_nan=False) | st.integers(-9, 9).map(float) | st.just(1e300)
).map(lambda x: Cell("float", "float", x + 0.0))
BITS = st.booleans().map(lambda x: Cell("bit", "bit", x))
TEXTS = st.tuples(
    st.sampled_from(["varchar(9)", "nvarchar(9)", "nvarchar(max)"]),
    st.text("aAbB 1.-", max_size=4),
).map(lambda pair: Cell(pair[0], "text", pair[1]))


def or_null(cells: st.SearchStrategy[Cell]) -> st.SearchStrategy[Cell]:
    return st.tuples(cells, st.integers(0, 5)).map(
        lambda pair: pair[0] if pair[1] else Cell(pair[0].kind, pair[0].family, None)
    )


NUMBERS = or_null(integers() | decimals() | FLOATS | BITS)
STRINGS = or_null(TEXTS)

# --- comparison and logic ------------------------------------------------------------------------

COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]


def comparable(left: Cell, right: Cell) -> tuple[Any, Any]:
    """Both values as the type of higher precedence; text without case and trailing blanks."""
    a, b = left.value, right.value
    if left.family == "text":
        return a.rstrip(" ").lower(), b.rstrip(" ").lower()
    if "float" in (left.family, right.family):
        return float(a), float(b)
    return Decimal(a), Decimal(b)


def compare(operator: str, left: Cell, right: Cell) -> bool | None:
    if left.value is None or right.value is None:
        return None
    a, b = comparable(left, right)
    tests = {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
    return bool(tests[operator])


def all_of(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def any_of(values: list[bool | None]) -> bool | None:
    return negated(all_of([negated(value) for value in values]))


@dataclass(frozen=True)
class Condition:
    """A condition: its T-SQL, and its truth by the model."""

    sql: str
    truth: bool | None


@st.composite
def atoms(draw: st.DrawFn, cells: list[Cell]) -> Condition:
    """A comparison, IS NULL, BETWEEN or IN over columns of one family."""
    place = draw(st.integers(0, len(cells) - 1))
    left = cells[place]
    alike = [
        n for n, cell in enumerate(cells) if (cell.family == "text") == (left.family == "text")
    ]
    others = draw(st.lists(st.sampled_from(alike), min_size=2, max_size=3))
    first, second = cells[others[0]], cells[others[1]]
    form = draw(st.sampled_from(["compare", "null", "between", "in"]))
    no = "NOT " * draw(st.booleans())
    if form == "null":
        truth: bool | None = left.value is None
        sql = f"c{place} IS {no}NULL"
    elif form == "between":
        truth = all_of([compare(">=", left, first), compare("<=", left, second)])
        sql = f"c{place} {no}BETWEEN c{others[0]} AND c{others[1]}"
    elif form == "in":
        truth = any_of([compare("=", left, cells[n]) for n in others])
        sql = f"c{place} {no}IN ({', '.join(f'c{n}' for n in others)})"
    else:
        operator = draw(st.sampled_from(COMPARISONS))
        return Condition(f"c{place} {operator} c{others[0]}", compare(operator, left, first))
    return Condition(sql, negated(truth) if no else truth)


def connect(parts: tuple[str, Condition, Condition]) -> Condition:
    word, left, right = parts
    if word == "NOT":
        return Condition(f"NOT ({left.sql})", negated(left.truth))
    both = [left.truth, right.truth]
    truth = all_of(both) if word == "AND" else any_of(both)
    return Condition(f"({left.sql}) {word} ({right.sql})", truth)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[list[Cell], Condition]:
    cells = draw(st.lists(NUMBERS | STRINGS, min_size=2, max_size=5))
    test = draw(
        st.recursive(
            atoms(cells),
            lambda inner: st.tuples(st.sampled_from(["AND", "OR", "NOT"]), inner, inner).map(
                connect
            ),
            max_leaves=6,
        )
    )
    return cells, test


@settings(max_examples=250)
@given(conditions())
def test_condition_agrees_with_three_valued_logic(
    session: Session, drawn: tuple[list[Cell], Condition]
) -> None:
    cells, test = drawn
    query = (
        f"SELECT CASE WHEN {test.sql} THEN 1 WHEN NOT ({test.sql}) THEN 0 END FROM {columns(cells)}"
    )

    found = value_of(session, query)

    assert found == (None if test.truth is None else int(test.truth)), query


@settings(max_examples=100)
@given(conditions())
def test_where_keeps_what_is_true(session: Session, drawn: tuple[list[Cell], Condition]) -> None:
    cells, test = drawn
    query = f"SELECT COUNT(*) FROM {columns(cells)} WHERE {test.sql}"

    assert value_of(session, query) == int(test.truth is True), query


# --- arithmetic with float -----------------------------------------------------------------------


def calculate(operator: str, a: float, b: float) -> float:
    if operator == "/" and b == 0:
        raise FaultError(DIVISION_BY_ZERO)
    try:
        found = {"+": a + b, "-": a - b, "*": a * b}[operator] if operator != "/" else a / b
    except OverflowError:
        found = math.inf
    if math.isinf(found):
        raise FaultError(OVERFLOW)
    return found


@settings(max_examples=200)
@given(FLOATS, st.sampled_from("+-*/"), NUMBERS, st.sampled_from("+-*/"), NUMBERS)
def test_arithmetic_with_float_is_that_of_doubles(  # noqa: PLR0917
    session: Session, first: Cell, one: str, second: Cell, other: str, third: Cell
) -> None:
    cells = [first, second, third]
    query = f"SELECT (c0 {one} c1) {other} c2 FROM {columns(cells)}"

    found = value_of(session, query)

    if second.value is None or third.value is None:
        assert found is None or isinstance(found, FaultError), query
        return
    wanted: object
    try:
        inner = calculate(one, first.value, float(second.value))
        wanted = calculate(other, inner, float(third.value))
    except FaultError as fault:
        wanted = fault
        # Where both operators fail, a server may tell either.
        if other == "/" and third.value == 0 and shown(found) == f"error {DIVISION_BY_ZERO}":
            wanted = found
    assert shown(found) == shown(wanted), query


# --- conversion ----------------------------------------------------------------------------------


def fits(value: Decimal, precision: int, scale: int) -> Decimal:
    limit = Decimal(10) ** (precision - scale)
    found = limit
    if abs(value) < limit:
        found = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT)
    if abs(found) >= limit:
        raise FaultError(OVERFLOW)
    return found


def converted(cell: Cell, kind: str) -> Any:
    """The value of CAST: decimals are rounded, integers cut off, a bit is what is not 0."""
    if cell.value is None:
        return None
    if kind == "bit":
        return cell.value != 0
    if kind == "float":
        return float(cell.value)
    if kind in RANGES:
        whole = int(Decimal(cell.value).to_integral_value(ROUND_DOWN))
        low, high = RANGES[kind]
        if not low <= whole <= high:
            raise FaultError(OVERFLOW)
        return whole
    precision, scale = (int(part) for part in kind[8:-1].split(","))
    return fits(Decimal(cell.value), precision, scale)


TARGETS = st.sampled_from(
    [*RANGES, "bit", "float", "decimal(9, 2)", "decimal(18, 6)", "decimal(3, 3)"]
)


@settings(max_examples=250)
@given(or_null(integers() | decimals() | BITS | FLOATS), TARGETS)
def test_conversion_of_numbers_agrees_with_the_model(
    session: Session, cell: Cell, kind: str
) -> None:
    query = f"SELECT CAST(c0 AS {kind}) FROM {columns([cell])}"
    found = value_of(session, query)
    if isinstance(found, FaultError) and found.number == REFUSED:
        return
    if cell.family == "float" and kind.startswith("decimal") and not isinstance(found, FaultError):
        # A server takes the digits of the double, of which it documents 15.
        assert found is None or math.isclose(found, cell.value, rel_tol=1e-14, abs_tol=0.01)
        return
    try:
        wanted = converted(cell, kind)
    except FaultError:
        assert isinstance(found, FaultError), query
        assert found.number in OVERFLOWS, query
    else:
        assert found == wanted, query


# --- text ----------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(or_null(TEXTS), or_null(TEXTS))
def test_text_is_joined_and_measured_as_documented(
    session: Session, left: Cell, right: Cell
) -> None:
    query = (
        f"SELECT CONCAT(LEN(c0), N'|', LEN(c0 + c1), N'|', c0 + c1) FROM {columns([left, right])}"
    )

    def length(text: str | None) -> str:
        return "" if text is None else str(len(text.rstrip(" ")))

    both = None if left.value is None or right.value is None else left.value + right.value
    assert value_of(session, query) == f"{length(left.value)}|{length(both)}|{both or ''}", query


# --- aggregates ----------------------------------------------------------------------------------


@settings(max_examples=200)
@given(
    st.sampled_from(["int", "bigint", "decimal(9, 2)", "float"]),
    st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=5),
)
def test_aggregates_leave_null_out(session: Session, kind: str, values: list[int | None]) -> None:
    if kind == "decimal(9, 2)":
        values = [None if value is None else value % 10_000_000 for value in values]
    rows = (
        " UNION ALL ".join(
            f"SELECT CAST({'NULL' if value is None else value} AS {kind}) AS v" for value in values
        )
        or f"SELECT CAST(1 AS {kind}) AS v WHERE 1 = 0"
    )
    query = "SELECT {}(v) FROM (" + rows + ") AS t"
    known = [value for value in values if value is not None]
    total = sum(known)
    too_large = kind == "int" and not RANGES["int"][0] <= total <= RANGES["int"][1]
    mean: Any = None
    if known:
        cut = Decimal(total) / len(known)
        mean = {"int": int(cut), "bigint": int(cut), "float": total / len(known)}.get(
            kind, EXACT.divide(total, len(known)).quantize(Decimal("0.000001"), ROUND_DOWN)
        )

    found = {name: value_of(session, query.format(name)) for name in ("COUNT", "MIN", "SUM", "AVG")}

    assert found["COUNT"] == len(known)
    assert found["MIN"] == min(known, default=None)
    for name, wanted in (("SUM", total if known else None), ("AVG", mean)):
        if too_large:
            assert isinstance(found[name], FaultError)
            assert found[name].number == OVERFLOW
        else:
            assert found[name] == wanted, query.format(name)


def word(text: str) -> Cell:
    return Cell("nvarchar(9)", "text", text)


KELVIN = "\u212a"
"""Its lower case is k, of another number of bytes."""

WORDS = st.text(f"aAkK{KELVIN} %_\\'\u00fc", max_size=3).map(word)


@settings(max_examples=100)
@given(or_null(WORDS), WORDS)
@example(word(KELVIN), word("k"))
def test_text_equals_a_constant_as_it_equals_a_variable(
    session: Session, cell: Cell, constant: Cell
) -> None:
    text = str(constant.value).replace("'", "''")
    query = f"SELECT CASE WHEN c0 = N'{text}' THEN 1 WHEN N'{text}' <> c0 THEN 0 END "

    wanted = compare("=", cell, constant)
    found = value_of(session, query + f"FROM {columns([cell])}")
    assert found == (None if wanted is None else int(wanted)), query


@settings(max_examples=60)
@given(st.lists(or_null(WORDS), min_size=1, max_size=8))
def test_groups_of_text_are_those_of_equal_words(session: Session, cells: list[Cell]) -> None:
    rows = " UNION ALL ".join(f"SELECT {cell.sql()} AS v" for cell in cells)
    groups: dict[Any, list[Any]] = {}
    for cell in cells:
        key = None if cell.value is None else cell.value.rstrip(" ").lower()
        groups.setdefault(key, []).append(cell.value)

    found = session.query(f"SELECT v, COUNT(*) FROM ({rows}) AS t GROUP BY v")[0].rows()

    wanted = {value: len(values) for values in groups.values() for value in values}
    assert len(found) == len(groups)
    assert all(wanted[value] == count for value, count in found)
