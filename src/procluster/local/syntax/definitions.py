"""Statements that define tables, indexes, roles and permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from procluster.local.syntax.node import Condition, Expression, Node, ObjectName, Statement
from procluster.local.types import SqlType


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
class CreateTable(Statement):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class AlterTable(Statement):
    name: ObjectName
    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    drop_columns: tuple[str, ...] = ()
    drop_constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class CreateName(Statement):
    """CREATE SCHEMA or CREATE ROLE."""

    kind: str
    name: str


@dataclass(frozen=True)
class Permission(Statement):
    """GRANT, DENY or REVOKE; ``on`` is None for the database."""

    action: str
    permissions: tuple[str, ...]
    principals: tuple[str, ...]
    on_kind: str = "OBJECT"
    on: ObjectName | None = None


@dataclass(frozen=True)
class RoleMember(Statement):
    """``ALTER ROLE r ADD | DROP MEMBER m``."""

    role: str
    action: str
    member: str


@dataclass(frozen=True)
class Drop(Statement):
    """``on`` is the table of an index."""

    kind: str
    names: tuple[ObjectName, ...]
    if_exists: bool = False
    on: ObjectName | None = None
