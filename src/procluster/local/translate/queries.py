"""Queries: common tables, set operations, and what ORDER BY, TOP and OFFSET add."""

from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.messages import error
from procluster.local.results import Column
from procluster.local.translate import selects
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.promotion import common_type
from procluster.local.translate.scope import Relation, Scope
from procluster.local.translate.sources import renamed
from procluster.local.translate.term import key
from procluster.local.translate.writing import relation


@relation.register
def query(node: ast.Query, scope: Scope, *, nested: bool = True) -> Relation:
    """Compile a query; ``scope`` is what lies around it. 1033: an order that nothing needs."""
    top = isinstance(node.body, ast.Select) and node.body.top
    if nested and node.order_by and not top and node.offset is None:
        raise error(1033, at=node.at)
    if top and node.offset is not None:
        raise error(10741, at=node.at)
    head, scope = common_tables(node.with_tables, scope)
    if isinstance(node.body, ast.Select):
        found = selects.select(node.body, scope, node)
    else:
        found = selects.ordered(relation(node.body, scope), node, scope)
    return replace(found, sql=head + found.sql)


def common_tables(nodes: tuple[ast.CommonTable, ...], scope: Scope) -> tuple[str, Scope]:
    """WITH ..., and the scope that knows its tables, each one of DuckDB's, compiled once."""
    definitions = []
    for node in nodes:
        name = node.name.lower()
        inside = relation(node.query, replace(scope, defining=scope.defining | {name}))
        names = node.columns or tuple(column.name for column in inside.columns)
        alias = scope.context.alias()
        definitions.append(f"{alias} AS ({inside.sql})")
        known = Relation(alias, renamed(inside.columns, names, node.name, node.at))
        scope = replace(scope, tables={**scope.tables, name: known})
    return f"WITH {', '.join(definitions)} " if definitions else "", scope


@relation.register
def set_operation(node: ast.SetOperation, scope: Scope) -> Relation:
    """UNION, EXCEPT and INTERSECT; rows are the same as the collation has it."""
    left, right = relation(node.left, scope), relation(node.right, scope)
    if len(left.columns) != len(right.columns):
        raise error(205, at=node.at)
    left, right = aligned(left, right, scope, node.at), aligned(right, left, scope, node.at)
    columns = tuple(
        replace(column, nullable=column.nullable or other.nullable)
        for column, other in zip(left.columns, right.columns, strict=True)
    )
    if node.operator.startswith("UNION"):
        both = Relation(f"({left.sql}) UNION ALL ({right.sql})", columns)
        return both if node.operator == "UNION ALL" else selects.distinct(both, scope)
    # DISTINCT first: then what is equal can be looked for row by row.
    rows, others = selects.distinct(left, scope), right
    a, b = scope.context.alias(), scope.context.alias()
    same = " AND ".join(
        f"{key(rows.term(i, a))} IS NOT DISTINCT FROM {key(others.term(i, b))}"
        for i in range(len(columns))
    )
    test = "EXISTS" if node.operator == "INTERSECT" else "NOT EXISTS"
    match = f"{test} (SELECT 1 FROM ({others.sql}) AS {b} WHERE {same})"
    return Relation(f"SELECT * FROM ({rows.sql}) AS {a} WHERE {match}", columns)


def aligned(inside: Relation, other: Relation, scope: Scope, at: ast.Position) -> Relation:
    """Convert the columns to the types that both sides have in common."""
    alias = scope.context.alias()
    terms = [inside.term(place, alias) for place in range(len(inside.columns))]
    kinds = [common_type(term, other.term(i, ""), at) for i, term in enumerate(terms)]
    columns = tuple(
        Column(column.name, kind, column.nullable)
        for column, kind in zip(inside.columns, kinds, strict=True)
    )
    if all(term.type == kind for term, kind in zip(terms, kinds, strict=True)):
        return replace(inside, columns=columns)
    pairs = enumerate(zip(terms, kinds, strict=True))
    written = ", ".join(f"{coerced(term, kind, at).sql} AS c{i}" for i, (term, kind) in pairs)
    return Relation(f"SELECT {written} FROM ({inside.sql}) AS {alias}", columns)
