"""The statements there are, and how each runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from procluster.local import (
    changes,
    control_flow,
    definitions,
    execution,
    insertion,
    messaging,
    table_changes,
    table_definitions,
    variables,
)
from procluster.local.syntax import (
    AlterTable,
    BeginTransaction,
    Block,
    Break,
    CommitTransaction,
    Continue,
    CreateIndex,
    CreateModule,
    CreateRole,
    CreateSchema,
    CreateTable,
    Declare,
    DeclareTable,
    Delete,
    Drop,
    Execute,
    ExecuteText,
    If,
    Insert,
    Permission,
    Print,
    QueryStatement,
    RaiseError,
    Return,
    RoleMember,
    RollbackTransaction,
    SetOption,
    SetVariable,
    Throw,
    Truncate,
    TryCatch,
    Update,
    While,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from procluster.local.frame import Frame
    from procluster.local.interpreter import Flow, Interpreter

    Handler = Callable[[Interpreter, Any, Frame], Flow]

__all__ = ["CONTAINERS", "STATEMENTS"]

CONTAINERS = frozenset((If, While, Block, TryCatch))
"""Statements whose success says nothing of @@ERROR."""

STATEMENTS: dict[type, Handler] = {
    AlterTable: table_changes.alter_table,
    BeginTransaction: control_flow.run_begin,
    Block: control_flow.run_block,
    Break: lambda *_: "break",
    CommitTransaction: control_flow.run_commit,
    Continue: lambda *_: "continue",
    CreateIndex: table_definitions.create_index,
    CreateModule: definitions.create_module,
    CreateRole: definitions.create_role,
    CreateSchema: definitions.create_schema,
    CreateTable: table_definitions.create_table,
    Declare: variables.declare,
    DeclareTable: table_definitions.declare_table,
    Delete: changes.delete,
    Drop: definitions.drop,
    Execute: execution.execute,
    ExecuteText: execution.execute_text,
    If: control_flow.run_if,
    Insert: insertion.insert,
    Permission: definitions.change_permission,
    Print: messaging.print_value,
    QueryStatement: changes.select,
    RaiseError: messaging.raise_error,
    Return: control_flow.run_return,
    RoleMember: definitions.change_role_member,
    RollbackTransaction: control_flow.run_rollback,
    SetOption: variables.set_option,
    SetVariable: variables.set_variable,
    Throw: messaging.throw,
    Truncate: changes.truncate,
    TryCatch: control_flow.run_try,
    Update: changes.update,
    While: control_flow.run_while,
}
"""How each statement runs."""
