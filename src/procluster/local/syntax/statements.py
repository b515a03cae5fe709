"""Statements of a batch or procedure; those that define something are in :mod:`.definitions`."""

from __future__ import annotations

from dataclasses import dataclass

from procluster.local.syntax.node import (
    Condition,
    Expression,
    Node,
    ObjectName,
    Statement,
    TableSource,
)
from procluster.local.syntax.queries import CommonTable, Query, ValuesTable
from procluster.local.types import SqlType


@dataclass(frozen=True)
class Declaration(Node):
    name: str
    type: SqlType
    value: Expression | None = None


@dataclass(frozen=True)
class Declare(Statement):
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True)
class SetVariable(Statement):
    """``SET @v = e``, ``SET @v += e``."""

    name: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class SetOption(Statement):
    """``SET NOCOUNT, XACT_ABORT ON``, upper case."""

    options: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Print(Statement):
    value: Expression


@dataclass(frozen=True)
class If(Statement):
    condition: Condition
    then: Statement
    otherwise: Statement | None = None


@dataclass(frozen=True)
class While(Statement):
    condition: Condition
    body: Statement


@dataclass(frozen=True)
class Jump(Statement):
    """BREAK or CONTINUE."""

    word: str


@dataclass(frozen=True)
class Return(Statement):
    value: Expression | None = None


@dataclass(frozen=True)
class Block(Statement):
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class TryCatch(Statement):
    attempt: tuple[Statement, ...]
    handler: tuple[Statement, ...]


@dataclass(frozen=True)
class Throw(Statement):
    """``THROW;`` when all three are None."""

    number: Expression | None = None
    message: Expression | None = None
    state: Expression | None = None


@dataclass(frozen=True)
class RaiseError(Statement):
    message: Expression
    severity: Expression
    state: Expression
    arguments: tuple[Expression, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transaction(Statement):
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
class Execute(Statement):
    """``EXEC @status = schema.procedure @a = 1, @b = @b OUTPUT WITH RESULT SETS (...)``.

    ``result_sets``: None not given, () NONE, else one tuple of columns for each result set.
    """

    procedure: ObjectName
    arguments: tuple[Argument, ...] = ()
    status: str | None = None
    result_sets: tuple[tuple[ResultColumn, ...], ...] | None = None


@dataclass(frozen=True)
class ExecuteText(Statement):
    """``EXEC (N'...')``."""

    text: Expression


@dataclass(frozen=True)
class QueryStatement(Statement):
    query: Query


@dataclass(frozen=True)
class Insert(Statement):
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
class Update(Statement):
    """``target`` may be an alias of ``source``."""

    target: ObjectName
    assignments: tuple[Assignment, ...]
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Delete(Statement):
    target: ObjectName
    source: TableSource | None = None
    where: Condition | None = None
    with_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True)
class Truncate(Statement):
    target: ObjectName
