"""The shape of T-SQL: what the parser makes and what the interpreter and the translator read.

One frozen dataclass per construct, named as SQL Server's documentation names it; nothing here has
behaviour. The parser makes a node by its name in the grammar, so a field is named once, there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, Union

from procluster.local.types import SqlType


class Position(NamedTuple):
    """A place in a batch; line and column count from 1."""

    line: int
    column: int


NOWHERE = Position(0, 0)


@dataclass(frozen=True)
class Node:
    """Anything in a tree: where it starts."""

    at: Position = field(compare=False)


@dataclass(frozen=True)
class ObjectName(Node):
    """A name of one to four parts without quotes: ``[seg].model`` is ("seg", "model")."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


# --- expressions


@dataclass(frozen=True)
class Literal(Node):
    """A constant: int, decimal, float, string, national, binary (hex digits), null or default."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class ColumnRef(Node):
    """``a``, ``t.a`` or ``schema.t.a``."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class Star(Node):
    """``*`` or ``t.*``."""

    qualifier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable(Node):
    """``@name``, or ``@@NAME`` in upper case."""

    name: str


@dataclass(frozen=True)
class Unary(Node):
    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Branch(Node):
    """WHEN ... THEN ...: a condition, or in a simple CASE a value."""

    test: Expression | Condition
    result: Expression


@dataclass(frozen=True)
class Case(Node):
    branches: tuple[Branch, ...]
    operand: Expression | None = None
    otherwise: Expression | None = None


@dataclass(frozen=True)
class Cast(Node):
    """CAST, CONVERT and their TRY_ forms."""

    operand: Expression
    target: SqlType
    attempt: bool = False
    style: Expression | None = None


@dataclass(frozen=True)
class OrderItem(Node):
    expression: Expression
    descending: bool = False


@dataclass(frozen=True)
class Window(Node):
    """``OVER (PARTITION BY ... ORDER BY ... ROWS ...)``; ``frame`` is its text, upper case."""

    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str = ""


@dataclass(frozen=True)
class Call(Node):
    """A function call; the name of a built-in is upper case, ``word`` its datepart."""

    name: tuple[str, ...]
    arguments: tuple[Expression | Condition, ...] = ()
    word: str = ""
    distinct: bool = False
    within_group: tuple[OrderItem, ...] = ()
    over: Window | None = None


@dataclass(frozen=True)
class ScalarQuery(Node):
    query: Query


Expression = Union[Literal, ColumnRef, Star, Variable, Unary, Binary, Case, Cast, Call, ScalarQuery]

# --- conditions, which are not values in T-SQL


@dataclass(frozen=True)
class Comparison(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Logic(Node):
    """AND or OR."""

    operator: str
    left: Condition
    right: Condition


@dataclass(frozen=True)
class Negation(Node):
    operand: Condition


@dataclass(frozen=True)
class NullTest(Node):
    operand: Expression


@dataclass(frozen=True)
class InList(Node):
    operand: Expression
    choices: tuple[Expression, ...]


@dataclass(frozen=True)
class InQuery(Node):
    operand: Expression
    query: Query


@dataclass(frozen=True)
class Like(Node):
    operand: Expression
    pattern: Expression
    escape: Expression | None = None


@dataclass(frozen=True)
class Exists(Node):
    query: Query


Condition = Union[Comparison, Logic, Negation, NullTest, InList, InQuery, Like, Exists]
CONDITIONS = (Comparison, Logic, Negation, NullTest, InList, InQuery, Like, Exists)

# --- sources of rows


@dataclass(frozen=True)
class NamedTable(Node):
    """A table, view, temp table or common table."""

    name: ObjectName
    alias: str | None = None


@dataclass(frozen=True)
class DerivedTable(Node):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValuesTable(Node):
    rows: tuple[tuple[Expression, ...], ...]
    alias: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class JsonColumn(Node):
    """One column of ``OPENJSON ... WITH (name type 'path' AS JSON)``."""

    name: str
    type: SqlType
    path: str | None = None
    as_json: bool = False


@dataclass(frozen=True)
class FunctionTable(Node):
    """OPENJSON, or an inline function of the user's."""

    call: Call
    alias: str | None = None
    columns: tuple[str, ...] = ()
    schema: tuple[JsonColumn, ...] = ()


@dataclass(frozen=True)
class Join(Node):
    """What is joined to the sources before it; CROSS and APPLY have no condition."""

    kind: str
    right: TableSource
    condition: Condition | None = None


@dataclass(frozen=True)
class Joined(Node):
    first: TableSource
    joins: tuple[Join, ...]


TableSource = Union[NamedTable, DerivedTable, ValuesTable, FunctionTable, Joined]

# --- queries


@dataclass(frozen=True)
class SelectItem(Node):
    """A column of a SELECT list; ``variable`` for ``SELECT @v = expression``."""

    expression: Expression
    alias: str | None = None
    variable: str | None = None
    operator: str = "="


@dataclass(frozen=True)
class CommonTable(Node):
    name: str
    query: Query
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Select(Node):
    """One query specification."""

    items: tuple[SelectItem, ...]
    distinct: bool = False
    top: Expression | None = None
    into: ObjectName | None = None
    source: TableSource | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None


@dataclass(frozen=True)
class SetOperation(Node):
    """UNION, UNION ALL, EXCEPT or INTERSECT."""

    operator: str
    left: Select | SetOperation
    right: Select | SetOperation


@dataclass(frozen=True)
class Query(Node):
    """A whole SELECT: common tables, body, ORDER BY, OFFSET ... FETCH."""

    body: Select | SetOperation
    with_tables: tuple[CommonTable, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    offset: Expression | None = None
    fetch: Expression | None = None


# --- statements


@dataclass(frozen=True)
class Declaration(Node):
    name: str
    type: SqlType
    value: Expression | None = None


@dataclass(frozen=True)
class Declare(Node):
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True)
class SetVariable(Node):
    """``SET @v = e``, ``SET @v += e``."""

    name: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class SetOption(Node):
    """``SET NOCOUNT, XACT_ABORT ON``, upper case."""

    options: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Print(Node):
    value: Expression


@dataclass(frozen=True)
class If(Node):
    condition: Condition
    then: Statement
    otherwise: Statement | None = None


@dataclass(frozen=True)
class While(Node):
    condition: Condition
    body: Statement


@dataclass(frozen=True)
class Jump(Node):
    """BREAK or CONTINUE."""

    word: str


@dataclass(frozen=True)
class Return(Node):
    value: Expression | None = None


@dataclass(frozen=True)
class Block(Node):
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class TryCatch(Node):
    attempt: tuple[Statement, ...]
    handler: tuple[Statement, ...]


@dataclass(frozen=True)
class Throw(Node):
    """``THROW;`` when all three are None."""

    number: Expression | None = None
    message: Expression | None = None
    state: Expression | None = None


@dataclass(frozen=True)
class RaiseError(Node):
    message: Expression
    severity: Expression
    state: Expression
    arguments: tuple[Expression, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transaction(Node):
    """BEGIN, SAVE, COMMIT or ROLLBACK."""

    verb: str
    name: str = ""


@dataclass(frozen=True)
class Argument(Node):
    """An argument of EXEC: a constant, a variable, a bare word (a string) or DEFAULT."""

    value: Expression
    name: str | None = None
    output: bool = False


@dataclass(frozen=True)
class ResultColumn(Node):
    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True)
class Execute(Node):
    """``EXEC @status = schema.procedure @a = 1, @b = @b OUTPUT WITH RESULT SETS (...)``.

    ``result_sets``: None not given, () NONE, else one tuple of columns for each result set.
    """

    procedure: ObjectName
    arguments: tuple[Argument, ...] = ()
    status: str | None = None
    result_sets: tuple[tuple[ResultColumn, ...], ...] | None = None


@dataclass(frozen=True)
class ExecuteText(Node):
    """``EXEC (N'...')``."""

    text: Expression


@dataclass(frozen=True)
class QueryStatement(Node):
    query: Query


@dataclass(frozen=True)
class Insert(Node):
    """Without a source it is DEFAULT VALUES."""

    target: ObjectName
    columns: tuple[str, ...] = ()
    source: Query | ValuesTable | Execute | ExecuteText | None = None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Assignment(Node):
    target: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class Update(Node):
    """``target`` may be an alias of ``source``."""

    target: ObjectName
    assignments: tuple[Assignment, ...]
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Delete(Node):
    target: ObjectName
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Truncate(Node):
    target: ObjectName


# --- definitions


@dataclass(frozen=True)
class ColumnDefinition(Node):
    name: str
    type: SqlType
    nullable: bool | None = None
    identity: tuple[int, int] | None = None
    default: Expression | None = None
    default_text: str | None = None
    default_name: str | None = None


@dataclass(frozen=True)
class KeyConstraint(Node):
    """PRIMARY KEY or UNIQUE."""

    kind: str
    columns: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class ForeignKey(Node):
    references: ObjectName
    columns: tuple[str, ...] = ()
    referenced_columns: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class Check(Node):
    condition: Condition
    condition_text: str
    name: str | None = None


Constraint = Union[KeyConstraint, ForeignKey, Check]


@dataclass(frozen=True)
class CreateTable(Node):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class AlterTable(Node):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    drop_columns: tuple[str, ...] = ()
    drop_constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateIndex(Node):
    """Recorded, and enforced when unique."""

    name: str
    table: ObjectName
    columns: tuple[str, ...]
    descending: tuple[str, ...] = ()
    unique: bool = False
    include: tuple[str, ...] = ()
    where: Condition | None = None
    where_text: str | None = None


@dataclass(frozen=True)
class Parameter(Node):
    name: str
    type: SqlType
    default: Expression | None = None
    output: bool = False


@dataclass(frozen=True)
class CreateModule(Node):
    """CREATE, CREATE OR ALTER or ALTER (``mode``) of a PROCEDURE, VIEW or inline FUNCTION.

    ``text`` is the whole batch as sys.sql_modules keeps it; ``body`` the statements of a
    procedure, the query of a view or function.
    """

    kind: str
    mode: str
    name: ObjectName
    body: Body | Query
    text: str
    parameters: tuple[Parameter, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateName(Node):
    """CREATE SCHEMA or CREATE ROLE."""

    kind: str
    name: str


@dataclass(frozen=True)
class Permission(Node):
    """GRANT, DENY or REVOKE; ``on`` is None for the database."""

    action: str
    permissions: tuple[str, ...]
    principals: tuple[str, ...]
    on_kind: str = "OBJECT"
    on: ObjectName | None = None


@dataclass(frozen=True)
class RoleMember(Node):
    """``ALTER ROLE r ADD | DROP MEMBER m``."""

    role: str
    action: str
    member: str


@dataclass(frozen=True)
class Drop(Node):
    """``on`` is the table of an index."""

    kind: str
    names: tuple[ObjectName, ...]
    if_exists: bool = False
    on: ObjectName | None = None


Statement = Union[
    Declare, SetVariable, SetOption, Print, If, While, Jump, Return, Block, TryCatch, Throw,
    RaiseError, Transaction, Execute, ExecuteText, QueryStatement, Insert, Update, Delete, Truncate,
    CreateTable, AlterTable, CreateIndex, CreateModule, CreateName, Permission, RoleMember, Drop,
]  # fmt: skip


class Body(tuple[Statement, ...]):
    """The statements of a batch or procedure."""

    @cached_property
    def variables(self) -> tuple[tuple[str, Node], ...]:
        """The name of each variable where it is declared or used, in the order of the text.

        What a declaration's value uses comes before the declaration.
        """
        return tuple(_variables(self))


def _variables(tree: object) -> Iterator[tuple[str, Node]]:
    for node in nodes(tree, CreateModule, Declaration):
        name: str | None = None
        if isinstance(node, Declaration):
            yield from _variables(node.value)
            name = node.name
        elif isinstance(node, (Variable, SetVariable)):
            name = node.name
        elif isinstance(node, SelectItem):
            name = node.variable
        elif isinstance(node, Execute):
            name = node.status
        if name and not name.startswith("@@"):
            yield name, node


# --- walking and changing trees

T = TypeVar("T")


def nodes(tree: object, *opaque: type) -> Iterator[Node]:
    """Every node of a tree in the order it is written, not entering nodes of ``opaque`` types."""
    rest: list[object] = [tree]
    while rest:
        found = rest.pop()
        if isinstance(found, tuple):
            rest += reversed(found)
        elif isinstance(found, Node):
            yield found
            if not isinstance(found, opaque):
                rest += reversed(vars(found).values())


def with_tables_renamed(tree: T, change: Callable[[ObjectName], ObjectName]) -> T:
    """Copy a tree with the name of every table in it changed."""
    value: Any = tree
    if isinstance(value, NamedTable):
        value = replace(value, name=change(value.name))
    elif isinstance(value, Node) and is_dataclass(value):
        parts = {p.name: with_tables_renamed(getattr(value, p.name), change) for p in fields(value)}
        value = replace(value, **parts)
    elif type(value) is tuple:
        value = tuple(with_tables_renamed(part, change) for part in value)
    return value  # type: ignore[no-any-return]
