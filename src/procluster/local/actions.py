"""What the grammar's actions make where a node alone does not do: checks, and fields rearranged.

An action takes the parser, where it starts and the fields of its rule.
"""

from dataclasses import replace
from typing import Any

from procluster.local import syntax as ast
from procluster.local.messages import syntax_error
from procluster.local.reader import TokenReader

MAX_VALUE_ROWS = 1000


def fields(_: TokenReader, __: ast.Position, **given: Any) -> dict[str, Any]:
    """What the rule around it takes in."""
    return given


# --- statements


def batch(
    _: TokenReader, __: ast.Position, statements: Any, first: ast.Statement | None = None
) -> ast.Body:
    return ast.Body((first, *statements) if first else statements)


def argument(
    _: TokenReader, at: ast.Position, value: Any, name: str | None = None, output: bool = False
) -> ast.Argument:
    if output and not isinstance(value, ast.Variable):
        raise syntax_error(179, at=value.at)
    return ast.Argument(at, value, name, output)


def execute(_: TokenReader, at: ast.Position, **given: Any) -> ast.Execute:
    call = ast.Execute(at, **given)
    names = [argument.name is not None for argument in call.arguments]
    if True in names and False in names[names.index(True) :]:
        number = names.index(False, names.index(True)) + 1
        raise syntax_error(119, number, at=call.arguments[number - 1].at)
    return call


# --- queries


def insert_values(_: TokenReader, at: ast.Position, rows: Any) -> ast.ValuesTable:
    if len(rows) > MAX_VALUE_ROWS:
        raise syntax_error(10738, at=at)
    return ast.ValuesTable(at, rows)


def query_statement(_: TokenReader, at: ast.Position, **given: Any) -> ast.Query:
    return _query(at, 1, **given)


def query(_: TokenReader, at: ast.Position, **given: Any) -> ast.Query:
    return _query(at, 0, **given)


def _query(at: ast.Position, into: int, **given: Any) -> ast.Query:
    """A query; only the first SELECT of a statement may have INTO."""
    made = ast.Query(at, **given)
    for select in _selects(made.body)[into:]:
        if select.into:
            raise syntax_error(156, "INTO", at=select.into.at)
    return made


def _selects(body: ast.Select | ast.SetOperation) -> list[ast.Select]:
    """The SELECTs of a query, the first one first."""
    if isinstance(body, ast.Select):
        return [body]
    return [*_selects(body.left), *_selects(body.right)]


def combined(_: TokenReader, at: ast.Position, first: Any, rest: Any) -> Any:
    """From left to right."""
    for part in rest:
        first = ast.SetOperation(at, left=first, **part)
    return first


def joined(_: TokenReader, at: ast.Position, first: ast.TableSource, joins: Any) -> ast.TableSource:
    return ast.Joined(at, first, joins) if joins else first


# --- definitions


def column(
    _: TokenReader, at: ast.Position, name: str, options: Any, **typed: Any
) -> tuple[ast.Node, ...]:
    """The column, and the constraints that stand beside it."""
    found, constraints = ast.ColumnDefinition(at, name, **typed), []
    for option in options:
        if isinstance(option, dict):
            found = replace(found, **option)
        elif isinstance(option, ast.Check) or option.columns:
            constraints.append(option)
        else:
            constraints.append(replace(option, columns=(name,)))
    return found, *constraints


def create_table(
    _: TokenReader, at: ast.Position, name: ast.ObjectName, elements: Any
) -> ast.CreateTable:
    return ast.CreateTable(at, name, *_columns_and_constraints(elements))


def alter_table(
    _: TokenReader, at: ast.Position, name: ast.ObjectName, elements: Any
) -> ast.AlterTable:
    return ast.AlterTable(at, name, *_columns_and_constraints(elements))


def _columns_and_constraints(elements: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    parts = [p for e in elements for p in (e if isinstance(e, tuple) else (e,))]
    columns = tuple(part for part in parts if isinstance(part, ast.ColumnDefinition))
    return columns, tuple(p for p in parts if not isinstance(p, ast.ColumnDefinition))


def create_index(_: TokenReader, at: ast.Position, keys: Any, **given: Any) -> ast.CreateIndex:
    columns = tuple(key.expression.parts[-1] for key in keys)
    descending = tuple(key.expression.parts[-1] for key in keys if key.descending)
    return ast.CreateIndex(at, columns=columns, descending=descending, **given)


def create_schema(parser: TokenReader, at: ast.Position, **given: Any) -> ast.CreateName:
    _require_first(parser, at, "CREATE SCHEMA")
    return ast.CreateName(at, **given)


def _require_first(parser: TokenReader, at: ast.Position, what: str) -> None:
    if at != parser.tokens[0].at:
        raise syntax_error(111, what, at=at)


def module(
    parser: TokenReader, at: ast.Position, kind: str, mode: str, body: Any, **given: Any
) -> ast.CreateModule:
    """SQL Server keeps the whole batch, with OR ALTER blanked out and ALTER made CREATE."""
    word = "CREATE/ALTER" if kind == "PROCEDURE" else "CREATE"
    _require_first(parser, at, f"{word} {kind}")
    first, *more = parser.tokens[: len(mode.split())]
    text = parser.text
    for token in reversed(more):
        text = text[: token.start] + text[token.stop :]
    text = text[: first.start] + "CREATE" + text[first.stop :]
    if kind == "PROCEDURE":
        body = ast.Body(body)
    return ast.CreateModule(at, kind, mode, body=body, text=text, **given)
