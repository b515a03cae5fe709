"""The shape of T-SQL: what the parser makes and what the interpreter and translator read.

One frozen dataclass per construct, named as SQL Server's documentation names it. Nothing here
has behaviour. Whatever has no class here is refused by the parser.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import Union

from procluster.local.types import SqlType

__all__: list[str] = []

LiteralKind = OneOf["int", "decimal", "float", "string", "national", "binary", "null", "default"]
Sign = OneOf["-", "+", "~"]
BinaryOperator = OneOf["+", "-", "*", "/", "%", "&", "|", "^"]
ComparisonOperator = OneOf["=", "<>", "<", "<=", ">", ">="]
JoinKind = OneOf["INNER", "LEFT", "RIGHT", "FULL", "CROSS", "CROSS APPLY", "OUTER APPLY"]
SetOperator = OneOf["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]
KeyKind = OneOf["PRIMARY KEY", "UNIQUE"]
ModuleKind = OneOf["PROCEDURE", "VIEW", "FUNCTION"]
ModuleMode = OneOf["CREATE", "CREATE OR ALTER", "ALTER"]
PermissionAction = OneOf["GRANT", "DENY", "REVOKE"]
Securable = OneOf["OBJECT", "SCHEMA", "DATABASE"]
MemberAction = OneOf["ADD", "DROP"]
DropKind = OneOf["TABLE", "VIEW", "PROCEDURE", "FUNCTION", "SCHEMA", "ROLE", "INDEX"]


@dataclass(frozen=True)
class Position:
    """A place in a batch; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Node:
    at: Position = field(compare=False)


@dataclass(frozen=True)
class ObjectName(Node):
    """A name of one to four parts without quotes: ``[seg].model`` → ("seg", "model")."""

    parts: tuple[str, ...]


# --- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Literal(Node):
    """A constant. ``kind`` is the lexical form, from which the type follows.

    ``value`` is the text for int, decimal, float (as written), string and national (unquoted),
    hex digits for binary, and "" for null and default.
    """

    kind: LiteralKind
    value: str


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
    """``@name``, with its @."""

    name: str


@dataclass(frozen=True)
class SystemVariable(Node):
    """``@@NAME``, upper case, with its @@."""

    name: str


@dataclass(frozen=True)
class Unary(Node):
    operator: Sign
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    operator: BinaryOperator
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Case(Node):
    """Simple (``operand`` given: conditions are values) or searched (conditions are predicates)."""

    operand: Expression | None
    branches: tuple[tuple[Expression | Condition, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True)
class Cast(Node):
    """CAST, TRY_CAST, CONVERT and TRY_CONVERT; ``style`` only for the last two."""

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
    """``OVER (PARTITION BY ... ORDER BY ... ROWS ...)``; ``frame`` is the text, upper case."""

    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None


@dataclass(frozen=True)
class Call(Node):
    """A function call; IIF, COALESCE, NULLIF and the like are calls too.

    ``name`` is upper case for built-ins (one part) and as written for schema.function.
    ``words`` holds bare keywords given as arguments (dateparts), upper case, in place:
    DATEADD(day, 1, @d) has ``words = ("DAY",)`` and two arguments.
    """

    name: tuple[str, ...]
    arguments: tuple[Expression | Condition, ...]
    words: tuple[str, ...] = ()
    distinct: bool = False
    within_group: tuple[OrderItem, ...] = ()
    over: Window | None = None


@dataclass(frozen=True)
class ScalarQuery(Node):
    query: Query


Expression = Union[
    Literal, ColumnRef, Star, Variable, SystemVariable, Unary, Binary, Case, Cast, Call, ScalarQuery
]

# --- conditions (not values in T-SQL) ----------------------------------------------------------


@dataclass(frozen=True)
class Comparison(Node):
    operator: ComparisonOperator
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Logic(Node):
    operator: OneOf["AND", "OR"]
    left: Condition
    right: Condition


@dataclass(frozen=True)
class Negation(Node):
    operand: Condition


@dataclass(frozen=True)
class NullTest(Node):
    operand: Expression
    negated: bool


@dataclass(frozen=True)
class InList(Node):
    operand: Expression
    choices: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True)
class InQuery(Node):
    operand: Expression
    query: Query
    negated: bool


@dataclass(frozen=True)
class Between(Node):
    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True)
class Like(Node):
    operand: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True)
class Exists(Node):
    query: Query


Condition = Union[Comparison, Logic, Negation, NullTest, InList, InQuery, Between, Like, Exists]

# --- table sources -----------------------------------------------------------------------------


@dataclass(frozen=True)
class NamedTable(Node):
    """A table, view, temp table, table variable (one part starting with @) or CTE."""

    name: ObjectName
    alias: str | None = None
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class DerivedTable(Node):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValuesTable(Node):
    rows: tuple[tuple[Expression, ...], ...]
    alias: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class JsonColumn(Node):
    """One column of ``OPENJSON ... WITH (name type 'path' AS JSON)``."""

    name: str
    type: SqlType
    path: str | None
    as_json: bool


@dataclass(frozen=True)
class FunctionTable(Node):
    """OPENJSON, STRING_SPLIT, or an inline function of the user's."""

    call: Call
    alias: str | None
    columns: tuple[str, ...] = ()
    schema: tuple[JsonColumn, ...] | None = None


@dataclass(frozen=True)
class Join(Node):
    """``kind`` CROSS APPLY / OUTER APPLY and CROSS have no condition."""

    kind: JoinKind
    left: TableSource
    right: TableSource
    condition: Condition | None


TableSource = Union[NamedTable, DerivedTable, ValuesTable, FunctionTable, Join]

# --- queries -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SelectItem(Node):
    """A column of a SELECT list; ``variable`` for ``SELECT @v = expression``."""

    expression: Expression
    alias: str | None = None
    variable: str | None = None
    operator: str = "="


@dataclass(frozen=True)
class Top(Node):
    count: Expression
    percent: bool = False
    with_ties: bool = False


@dataclass(frozen=True)
class CommonTable(Node):
    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(frozen=True)
class Select(Node):
    """One query specification; comma-separated FROM sources arrive as CROSS joins."""

    items: tuple[SelectItem, ...]
    distinct: bool = False
    top: Top | None = None
    into: ObjectName | None = None
    source: TableSource | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None


@dataclass(frozen=True)
class SetOperation(Node):
    operator: SetOperator
    left: Select | SetOperation
    right: Select | SetOperation


@dataclass(frozen=True)
class Query(Node):
    """A whole SELECT: CTEs, body, ORDER BY, OFFSET ... FETCH, FOR JSON."""

    body: Select | SetOperation
    with_tables: tuple[CommonTable, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    offset: Expression | None = None
    fetch: Expression | None = None


# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declaration(Node):
    name: str
    type: SqlType
    value: Expression | None


@dataclass(frozen=True)
class ColumnDefinition(Node):
    name: str
    type: SqlType
    nullable: bool | None = None
    identity: tuple[int, int] | None = None
    default: Expression | None = None
    default_name: str | None = None
    default_text: str | None = None


@dataclass(frozen=True)
class KeyConstraint(Node):
    kind: KeyKind
    name: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ForeignKey(Node):
    name: str | None
    columns: tuple[str, ...]
    references: ObjectName
    referenced_columns: tuple[str, ...]


@dataclass(frozen=True)
class Check(Node):
    name: str | None
    condition: Condition
    text: str


Constraint = Union[KeyConstraint, ForeignKey, Check]


@dataclass(frozen=True)
class Declare(Node):
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True)
class DeclareTable(Node):
    name: str
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class SetVariable(Node):
    """``SET @v = e`` and ``SET @v += e`` (operator "+=")."""

    name: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class SetOption(Node):
    """``SET NOCOUNT, XACT_ABORT ON``; names upper case, value upper case ("ON", "OFF", ...)."""

    options: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Print(Node):
    value: Expression


@dataclass(frozen=True)
class If(Node):
    condition: Condition
    then: Statement
    otherwise: Statement | None


@dataclass(frozen=True)
class While(Node):
    condition: Condition
    body: Statement


@dataclass(frozen=True)
class Break(Node):
    pass


@dataclass(frozen=True)
class Continue(Node):
    pass


@dataclass(frozen=True)
class Return(Node):
    value: Expression | None


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
class BeginTransaction(Node):
    name: str | None = None


@dataclass(frozen=True)
class CommitTransaction(Node):
    name: str | None = None


@dataclass(frozen=True)
class RollbackTransaction(Node):
    name: str | None = None


@dataclass(frozen=True)
class Argument(Node):
    """An argument of EXEC: a constant, a variable, a bare word (taken as a string) or DEFAULT."""

    name: str | None
    value: Expression
    output: bool = False


@dataclass(frozen=True)
class ResultColumn(Node):
    name: str
    type: SqlType
    nullable: bool = True


ResultSets = Union[tuple[tuple[ResultColumn, ...], ...], OneOf["NONE", "UNDEFINED"], None]


@dataclass(frozen=True)
class Execute(Node):
    """``EXEC @status = schema.procedure @a = 1, @b = @b OUTPUT WITH RESULT SETS (...)``.

    ``result_sets``: None not given, "NONE", "UNDEFINED", or one tuple of columns per result set.
    """

    procedure: ObjectName
    arguments: tuple[Argument, ...]
    status: str | None = None
    result_sets: ResultSets = None


@dataclass(frozen=True)
class ExecuteText(Node):
    """``EXEC (N'...' + @more)``."""

    text: Expression


@dataclass(frozen=True)
class QueryStatement(Node):
    query: Query


@dataclass(frozen=True)
class Insert(Node):
    """``source`` None means DEFAULT VALUES."""

    target: ObjectName
    columns: tuple[str, ...]
    source: Query | ValuesTable | Execute | ExecuteText | None
    with_tables: tuple[CommonTable, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment(Node):
    """``column = e``, ``@v = e`` or ``column += e``; ``target`` starts with @ for a variable."""

    target: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class Update(Node):
    """``target`` may be an alias of ``source``."""

    target: ObjectName
    assignments: tuple[Assignment, ...]
    source: TableSource | None
    where: Condition | None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Delete(Node):
    target: ObjectName
    source: TableSource | None
    where: Condition | None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Truncate(Node):
    target: ObjectName


@dataclass(frozen=True)
class CreateTable(Node):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class AlterTable(Node):
    """ADD columns and constraints, DROP CONSTRAINT / COLUMN."""

    name: ObjectName
    add_columns: tuple[ColumnDefinition, ...] = ()
    add_constraints: tuple[Constraint, ...] = ()
    drop_columns: tuple[str, ...] = ()
    drop_constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateIndex(Node):
    """Indexes are recorded, and enforced when unique."""

    name: str
    table: ObjectName
    columns: tuple[OrderItem, ...]
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
    """CREATE [OR ALTER] PROCEDURE, VIEW or inline FUNCTION; ALTER is mode "ALTER".

    ``text`` is the whole batch as sys.sql_modules keeps it: CREATE for ALTER, blanks for OR
    ALTER. ``body`` is the statements of a procedure, the Query of a view or inline function.
    """

    kind: ModuleKind
    mode: ModuleMode
    name: ObjectName
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...] | Query
    text: str
    columns: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateSchema(Node):
    name: str
    authorization: str | None = None


@dataclass(frozen=True)
class CreateRole(Node):
    name: str
    authorization: str | None = None


@dataclass(frozen=True)
class Permission(Node):
    """GRANT, DENY, REVOKE: recorded, not enforced. ``on`` is None for the database."""

    action: PermissionAction
    permissions: tuple[str, ...]
    on_kind: Securable
    on: ObjectName | None
    principals: tuple[str, ...]


@dataclass(frozen=True)
class RoleMember(Node):
    """ALTER ROLE role ADD | DROP MEMBER principal."""

    role: str
    action: MemberAction
    member: str


@dataclass(frozen=True)
class Drop(Node):
    kind: DropKind
    names: tuple[ObjectName, ...]
    if_exists: bool = False
    on: ObjectName | None = None


Statement = Union[
    Declare,
    DeclareTable,
    SetVariable,
    SetOption,
    Print,
    If,
    While,
    Break,
    Continue,
    Return,
    Block,
    TryCatch,
    Throw,
    RaiseError,
    BeginTransaction,
    CommitTransaction,
    RollbackTransaction,
    Execute,
    ExecuteText,
    QueryStatement,
    Insert,
    Update,
    Delete,
    Truncate,
    CreateTable,
    AlterTable,
    CreateIndex,
    CreateModule,
    CreateSchema,
    CreateRole,
    Permission,
    RoleMember,
    Drop,
]
