"""Statements of a batch or procedure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Union

from procluster.local.syntax.node import (
    Condition,
    Expression,
    Node,
    ObjectName,
    Statement,
    TableSource,
    nodes,
)
from procluster.local.syntax.queries import CommonTable, Query, SelectItem, ValuesTable, Variable
from procluster.local.types import SqlType


class Declaration(Node):
    """A variable, or a parameter with its default."""

    name: str
    type: SqlType
    value: Expression | None = None
    output: bool = False


class Declare(Statement):
    declarations: tuple[Declaration, ...]


class SetVariable(Statement):
    """``SET @v = e``, ``SET @v += e``."""

    name: str
    operator: str
    value: Expression


class SetOption(Statement):
    """``SET NOCOUNT, XACT_ABORT ON``."""

    options: tuple[str, ...]
    value: str | int


class Print(Statement):
    value: Expression


class If(Statement):
    condition: Condition
    then: Statement
    otherwise: Statement | None = None


class While(Statement):
    condition: Condition
    body: Statement


class Jump(Statement):
    word: str  # BREAK or CONTINUE


class Return(Statement):
    value: Expression | None = None


class Block(Statement):
    statements: tuple[Statement, ...]


class TryCatch(Statement):
    attempt: tuple[Statement, ...]
    handler: tuple[Statement, ...]


class Throw(Statement):
    """``THROW;`` when all three are None."""

    number: Expression | None = None
    message: Expression | None = None
    state: Expression | None = None


class RaiseError(Statement):
    message: Expression
    severity: Expression
    state: Expression
    arguments: tuple[Expression, ...] = ()
    options: tuple[str, ...] = ()


class Transaction(Statement):
    """BEGIN, COMMIT or ROLLBACK."""

    verb: str
    name: str = ""


class Argument(Node):
    """An argument of EXEC: a constant, a variable, a bare word (a string) or DEFAULT."""

    value: Expression
    name: str | None = None
    output: bool = False


class Execute(Statement):
    """``EXEC @status = schema.procedure @a = 1, @b = @b OUTPUT WITH RESULT SETS (...)``.

    ``result_sets``: None not given, () NONE, else one tuple of columns for each result set.
    """

    procedure: ObjectName
    arguments: tuple[Argument, ...] = ()
    status: str | None = None
    result_sets: tuple[tuple[ColumnDefinition, ...], ...] | None = None


class ExecuteText(Statement):
    """``EXEC (N'...')``."""

    text: Expression


class Insert(Statement):
    """Without a source it is DEFAULT VALUES."""

    target: ObjectName
    columns: tuple[str, ...] = ()
    source: Query | ValuesTable | Execute | ExecuteText | None = None
    with_tables: tuple[CommonTable, ...] = ()


class Assignment(Node):
    target: str
    operator: str
    value: Expression


class Update(Statement):
    """``target`` may be an alias of ``source``."""

    target: ObjectName
    assignments: tuple[Assignment, ...]
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


class Delete(Statement):
    target: ObjectName
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


class Truncate(Statement):
    target: ObjectName


class ColumnDefinition(Node):
    name: str
    type: SqlType
    nullable: bool | None = None
    identity: tuple[int, int] | None = None
    default: Expression | None = None
    default_text: str | None = None
    default_name: str | None = None


class KeyConstraint(Node):
    """PRIMARY KEY or UNIQUE."""

    kind: str
    columns: tuple[str, ...] = ()
    name: str | None = None


class ForeignKey(Node):
    references: ObjectName
    columns: tuple[str, ...] = ()
    referenced_columns: tuple[str, ...] = ()
    name: str | None = None


class Check(Node):
    condition: Condition
    condition_text: str
    name: str | None = None


Constraint = Union[KeyConstraint, ForeignKey, Check]


class CreateTable(Statement):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...] = ()


class AlterTable(Statement):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    drop_columns: tuple[str, ...] = ()
    drop_constraints: tuple[str, ...] = ()


class CreateIndex(Statement):
    """Recorded, and enforced when unique."""

    name: str
    table: ObjectName
    columns: tuple[str, ...]
    descending: tuple[str, ...] = ()
    unique: bool = False
    include: tuple[str, ...] = ()
    where: Condition | None = None
    where_text: str | None = None


class CreateName(Statement):
    """CREATE SCHEMA or CREATE ROLE."""

    kind: str
    name: str


class Permission(Statement):
    """GRANT, DENY or REVOKE; ``on`` is None for the database."""

    action: str
    permissions: tuple[str, ...]
    principals: tuple[str, ...]
    on_kind: str = "OBJECT"
    on: ObjectName | None = None


class RoleMember(Statement):
    """``ALTER ROLE r ADD | DROP MEMBER m``."""

    role: str
    action: str
    member: str


class Drop(Statement):
    """``on`` is the table of an index."""

    kind: str
    names: tuple[ObjectName, ...]
    if_exists: bool = False
    on: ObjectName | None = None


class Body(tuple[Statement, ...]):
    """The statements of a batch or procedure."""

    @cached_property
    def variables(self) -> tuple[tuple[str, Node], ...]:
        """Each variable where it stands; those of a declared value before the declaration."""
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


class CreateModule(Statement):
    """CREATE, CREATE OR ALTER or ALTER (``mode``) of a PROCEDURE, VIEW or inline FUNCTION.

    ``text`` is the whole batch as sys.sql_modules keeps it.
    """

    kind: str
    mode: str
    name: ObjectName
    body: Body | Query
    text: str
    parameters: tuple[Declaration, ...] = ()
    columns: tuple[str, ...] = ()
