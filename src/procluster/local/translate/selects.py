"""One SELECT: its clauses in the order they are evaluated."""

from dataclasses import replace

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse
from procluster.local.results import Column
from procluster.local.translate.arithmetic import coerced
from procluster.local.translate.calls import has_aggregates
from procluster.local.translate.limits import Body, Key, limited, one_row
from procluster.local.translate.scope import Relation, Scope, Source
from procluster.local.translate.term import Term, key
from procluster.local.translate.writing import condition, relation, source, value, write_value

Item = tuple[str, Term]
"""A column of the SELECT list: its name and value."""


@relation.register
def select(node: ast.Select, scope: Scope, query: ast.Query | None = None) -> Relation:
    """Compile one SELECT; ``query`` is the query that orders it and cuts it off."""
    clauses, rows = source_rows(node, scope)
    listed = [item.expression for item in node.items]
    wanted = query.order_by if query else ()
    seen = rows
    if node.group_by or node.having or has_aggregates((*listed, *wanted)):
        groups = tuple(grouping(part, rows) for part in node.group_by)
        seen = replace(rows, groups=groups)
        if groups:
            equal = (key(value(part, rows)) for part in node.group_by)
            clauses += f" GROUP BY {', '.join(equal)}"
    if node.having:
        clauses += f" HAVING {condition(node.having, replace(seen, clause='HAVING'))}"
    check_assignments(node, seen)
    items = [found for item in node.items for found in listed_item(item, seen)]
    columns = tuple(Column(name, term.type, term.nullable) for name, term in items)
    body = Body([term.sql for _, term in items], clauses)
    keys = [order_term(part, place, items, seen, node) for place, part in enumerate(wanted, 1)]
    if node.distinct:
        body, keys = distinct_body(Relation(body.sql(), columns), items, keys, scope)
    order = [(term, part.descending) for term, part in zip(keys, wanted, strict=True)]
    sql = limited(body, order, node.top, query, scope)
    return Relation(sql, columns)


def source_rows(node: ast.Select, scope: Scope) -> tuple[str, Scope]:
    """FROM and WHERE."""
    sql, found = source(node.source, scope) if node.source else ("", ())
    check_names(found, node)
    rows = replace(scope, sources=found)
    clauses = f" FROM {sql}" if sql else ""
    if node.where:
        clauses += f" WHERE {condition(node.where, replace(rows, clause='WHERE'))}"
    return clauses, rows


def check_names(found: tuple[Source, ...], node: ast.Select) -> None:
    """No two sources of one name (1013)."""
    seen: set[tuple[str, ...]] = set()
    for one in found:
        if one.names in seen:
            name = ".".join(one.names)
            raise error(1013, name, name, at=node.at)
        seen.add(one.names)


def grouping(node: ast.Expression, rows: Scope) -> tuple[ast.Node, Term]:
    """What stands for a GROUP BY expression behind it; of equal texts it is one of them."""
    if not any(
        isinstance(part, ast.ColumnRef) for part in ast.nodes(node, ast.ScalarQuery, ast.Query)
    ):
        raise error(164, at=node.at)
    if has_aggregates(node):
        raise error(144, at=node.at)
    term = value(node, replace(rows, clause="GROUP BY"))
    if term.type.family == "text":
        term = replace(term, sql=f"any_value({term.sql})")
    return rows.meant(node), term


def check_assignments(node: ast.Select, scope: Scope) -> None:
    """SELECT @v = e: all items or none (141), and nothing that depends on the order of rows."""
    targets = [item.variable.lower() for item in node.items if item.variable]
    if not targets:
        return
    if len(targets) != len(node.items):
        raise error(141, at=node.at)
    single = node.source is None or scope.groups == () or one_row(node.top)
    for place, item in enumerate(node.items):
        read = {
            part.name.lower()
            for part in ast.nodes(item.expression, ast.ScalarQuery, ast.Query)
            if isinstance(part, ast.Variable)
        }
        if item.operator != "=":
            read.add(targets[place])
        earlier = set(targets[:place])
        if read & earlier or (not single and read & set(targets)):
            raise refuse(
                "SELECT that reads a variable it assigns",
                "the order of evaluation is not defined; use SET or an aggregate",
                item.at,
            )


def listed_item(item: ast.SelectItem, scope: Scope) -> list[Item]:
    """The columns of one item: several for ``*``."""
    node = item.expression
    if isinstance(node, ast.Star):
        return list(scope.expand(node))
    if item.variable:
        if item.operator != "=":
            old = ast.Variable(item.at, item.variable)
            node = ast.Binary(item.at, item.operator[0], old, node)
        term = value(node, scope)
        kind = write_value(ast.Variable(item.at, item.variable), scope).type
        return [(item.variable, coerced(term, kind, item.at))]
    term = value(node, scope)
    name = node.parts[-1] if isinstance(node, ast.ColumnRef) else ""
    return [(item.alias or name, term)]


def order_term(
    item: ast.OrderItem,
    place: int,
    items: list[Item],
    scope: Scope,
    node: ast.Select,
) -> Term:
    """What an ORDER BY item means: an ordinal, a column of the SELECT list, or an expression."""
    term = output(item, place, items)
    if term is None:
        term = value(item.expression, replace(scope, clause="ORDER BY"))
    if node.distinct and all(term.sql != other.sql for _, other in items):
        raise error(145, at=item.at)
    return term


def output(item: ast.OrderItem, place: int, items: list[Item]) -> Term | None:
    """The item of the SELECT list that an ORDER BY item names; 108, 209, 408, 1008."""
    node = item.expression
    if isinstance(node, ast.Literal):
        if node.kind != "int":
            raise error(408, place, at=node.at)
        if not 1 <= int(node.value) <= len(items):
            raise error(108, node.value, at=node.at)
        return items[int(node.value) - 1][1]
    if isinstance(node, ast.Variable):
        raise error(1008, place, at=node.at)
    if not isinstance(node, ast.ColumnRef) or len(node.parts) > 1:
        return None
    found = [term for name, term in items if name.lower() == node.parts[0].lower()]
    if len({term.sql for term in found}) > 1:
        raise error(209, node.parts[0], at=node.at)
    return found[0] if found else None


def distinct_body(
    inside: Relation,
    items: list[Item],
    keys: list[Term],
    scope: Scope,
) -> tuple[Body, list[Term]]:
    """SELECT DISTINCT as a subquery; what orders it is among its columns."""
    alias = scope.context.alias()
    outputs = [inside.term(place, alias) for place in range(len(items))]
    places = {term.sql: place for place, (_, term) in reversed(list(enumerate(items)))}
    body = Body(
        [term.sql for term in outputs],
        f" FROM ({distinct(inside, scope).sql}) AS {alias}",
    )
    return body, [outputs[places[term.sql]] for term in keys]


def ordered(inside: Relation, query: ast.Query, scope: Scope) -> Relation:
    """ORDER BY of a set operation: by columns of its first query."""
    if not query.order_by:
        return inside
    alias = scope.context.alias()
    items = [
        (column.name, inside.term(place, alias)) for place, column in enumerate(inside.columns)
    ]
    order: list[Key] = []
    for place, item in enumerate(query.order_by, 1):
        term = output(item, place, items)
        if term is None:
            raise error(104, at=item.at)
        order.append((term, item.descending))
    body = Body([term.sql for _, term in items], f" FROM ({inside.sql}) AS {alias}")
    return replace(inside, sql=limited(body, order, None, query, scope))


def distinct(inside: Relation, scope: Scope) -> Relation:
    """One of each set of equal rows; text is equal without case and trailing spaces."""
    alias = scope.context.alias()
    terms = [inside.term(place, alias) for place in range(len(inside.columns))]
    word = "DISTINCT"
    if any(term.type.family == "text" for term in terms):
        word = f"DISTINCT ON ({', '.join(map(key, terms))})"
    return replace(inside, sql=f"SELECT {word} * FROM ({inside.sql}) AS {alias}")
