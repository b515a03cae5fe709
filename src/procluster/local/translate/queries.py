"""Queries: SELECT, set operations, common tables."""

from __future__ import annotations

from dataclasses import replace

from procluster.local.results import Column
from procluster.local.syntax import CommonTable, Position, Query, Select, SetOperation
from procluster.local.translate import selects, sources
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.messages import error
from procluster.local.translate.promotion import common_type
from procluster.local.translate.scope import Relation, Scope
from procluster.local.translate.term import key

__all__ = ["common_tables", "distinct", "query"]


def query(node: Query, scope: Scope, *, nested: bool = True) -> Relation:
    """Compile a query; ``scope`` is what lies around it (:meth:`.Scope.inner`).

    Raises
    ------
    SqlError
        1033: a nested query is ordered without TOP or OFFSET.
    """
    top = isinstance(node.body, Select) and node.body.top
    if nested and node.order_by and not top and node.offset is None:
        raise error(1033, at=node.at)
    if top and node.offset is not None:
        raise error(10741, at=node.at)
    head, scope = common_tables(node.with_tables, scope)
    if isinstance(node.body, Select):
        relation = selects.select(node.body, scope, node)
    else:
        relation = selects.ordered(set_operation(node.body, scope), node, scope)
    return replace(relation, sql=head + relation.sql)


def common_tables(nodes: tuple[CommonTable, ...], scope: Scope) -> tuple[str, Scope]:
    """WITH ..., and the scope that knows its tables."""
    definitions = []
    for node in nodes:
        sql, relation = common_table(node, scope)
        definitions.append(sql)
        scope = replace(scope, tables={**scope.tables, node.name.lower(): relation})
    return f"WITH {', '.join(definitions)} " if definitions else "", scope


def common_table(node: CommonTable, scope: Scope) -> tuple[str, Relation]:
    """A common table becomes one of DuckDB's, compiled once."""
    inside = replace(scope, defining=scope.defining | {node.name.lower()})
    relation = query(node.query, inside)
    names = node.columns or tuple(column.name for column in relation.columns)
    columns = sources.renamed(relation.columns, names, node.name, node.at)
    alias = scope.context.alias()
    return f"{alias} AS ({relation.sql})", Relation(alias, columns)


def set_operation(node: Select | SetOperation, scope: Scope) -> Relation:
    """UNION, EXCEPT and INTERSECT; rows are the same as the collation has it."""
    if isinstance(node, Select):
        return selects.select(node, scope)
    left, right = set_operation(node.left, scope), set_operation(node.right, scope)
    if len(left.columns) != len(right.columns):
        raise error(205, at=node.at)
    left, right = aligned(left, right, scope, node.at), aligned(right, left, scope, node.at)
    columns = tuple(
        replace(column, nullable=column.nullable or other.nullable)
        for column, other in zip(left.columns, right.columns, strict=True)
    )
    if node.operator.startswith("UNION"):
        both = Relation(f"({left.sql}) UNION ALL ({right.sql})", columns)
        return both if node.operator == "UNION ALL" else distinct(both, scope)
    # DISTINCT first: then what is equal can be looked for row by row.
    rows, others = distinct(left, scope), right
    a, b = scope.context.alias(), scope.context.alias()
    same = " AND ".join(
        f"{key(rows.term(i, a))} IS NOT DISTINCT FROM {key(others.term(i, b))}"
        for i in range(len(columns))
    )
    test = "EXISTS" if node.operator == "INTERSECT" else "NOT EXISTS"
    sql = (
        f"SELECT * FROM ({rows.sql}) AS {a} WHERE {test} (SELECT 1 FROM ({others.sql}) AS {b} "
        f"WHERE {same})"
    )
    return Relation(sql, columns)


def aligned(relation: Relation, other: Relation, scope: Scope, at: Position) -> Relation:
    """Convert the columns to the types that both sides have in common."""
    alias = scope.context.alias()
    terms = [relation.term(place, alias) for place in range(len(relation.columns))]
    kinds = [common_type(term, other.term(i, ""), at) for i, term in enumerate(terms)]
    columns = tuple(
        Column(column.name, kind, column.nullable)
        for column, kind in zip(relation.columns, kinds, strict=True)
    )
    if all(term.type == kind for term, kind in zip(terms, kinds, strict=True)):
        return replace(relation, columns=columns)
    written = ", ".join(
        f"{coerced(term, kind, at).sql} AS c{place}"
        for place, (term, kind) in enumerate(zip(terms, kinds, strict=True))
    )
    return Relation(f"SELECT {written} FROM ({relation.sql}) AS {alias}", columns)


def distinct(relation: Relation, scope: Scope) -> Relation:
    """One of each set of equal rows; text is equal without case and trailing spaces."""
    alias = scope.context.alias()
    terms = [relation.term(place, alias) for place in range(len(relation.columns))]
    word = "DISTINCT"
    if any(term.type.family == "text" for term in terms):
        word = f"DISTINCT ON ({', '.join(map(key, terms))})"
    return replace(relation, sql=f"SELECT {word} * FROM ({relation.sql}) AS {alias}")
