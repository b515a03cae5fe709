"""Values and conditions: a tree of the syntax to typed pieces of DuckDB SQL."""

from dataclasses import replace
from decimal import Decimal
from typing import cast

from procluster.local import syntax as ast
from procluster.local.messages import error, refuse, unsupported
from procluster.local.quoting import literal
from procluster.local.translate.arithmetic import combined, compared, operate, signed
from procluster.local.translate.conversion import convert_sql
from procluster.local.translate.promotion import constant_type
from procluster.local.translate.scope import Scope
from procluster.local.translate.term import NULL, Term, key, order_key, same_as_constant
from procluster.local.translate.writing import (
    condition,
    constant_value,
    relation,
    unsettled,
    value,
    write_value,
)

# --- values


@write_value.register
def constant(node: ast.Literal, _: Scope) -> Term:
    """A literal, with its type written out so that DuckDB does not choose another."""
    if node.kind == "null":
        return Term("CAST(NULL AS INTEGER)", NULL)
    if node.kind == "default":
        raise error(156, "DEFAULT", at=node.at)
    kind = constant_type(node)
    if node.kind in ("string", "national"):
        return Term(literal(node.value), kind, nullable=False, constant=node.value)
    if node.kind == "binary":
        digits = node.value if len(node.value) % 2 == 0 else "0" + node.value
        return Term(f"unhex({literal(digits)})", kind, nullable=False)
    if node.kind == "float":
        number = float(node.value if node.value[-1] not in "eE+-" else node.value + "0")
        if number in (float("inf"), float("-inf")):
            raise error(168, node.value, at=node.at)
        sql = f"CAST('{number!r}' AS DOUBLE)"
        return Term(sql, kind, False, Decimal(number), nonzero=number != 0)
    exact = Decimal(node.value)
    sql = f"CAST({exact:f} AS {kind.storage})"
    return Term(sql, kind, nullable=False, constant=exact, nonzero=exact != 0)


@write_value.register
def column(node: ast.ColumnRef, scope: Scope) -> Term:
    return scope.column(node)


@write_value.register
def variable(node: ast.Variable, scope: Scope) -> Term:
    """A parameter of the statement, or the argument of an inline function."""
    context, name = scope.context, node.name.lower()
    if name.startswith("@@"):
        return context.session_term(node.name, node.at)
    if name in scope.arguments:
        return scope.arguments[name]
    # A view or function has no variables but its own parameters.
    kind = None if scope.expanding else context.variable(node.name)
    if kind is None:
        raise error(137, node.name, at=node.at)
    return Term(context.parameter(context.names.value(node.name), kind, name), kind)


@write_value.register
def unary(node: ast.Unary, scope: Scope) -> Term:
    return signed(node.operator, unsettled(node.operand, scope), node.at)


@write_value.register
def binary(node: ast.Binary, scope: Scope) -> Term:
    left, right = unsettled(node.left, scope), unsettled(node.right, scope)
    return operate(node.operator, left, right, node.at)


@write_value.register
def choice(node: ast.Case, scope: Scope) -> Term:
    """CASE; the simple form compares by each pair's own type."""
    tests = []
    for branch in node.branches:
        test = cast("ast.Condition", branch.test)
        if node.operand is not None:
            other = cast("ast.Expression", branch.test)
            test = ast.Comparison(branch.at, "=", node.operand, other)
        tests.append(condition(test, scope))
    results = [value(branch.result, scope) for branch in node.branches]
    results.append(value(node.otherwise or ast.Literal(node.at, "null"), scope))
    if all(term.null for term in results):
        raise error(8133, at=node.at)
    kind, terms = combined(results, node.at)
    branches = " ".join(
        f"WHEN {test} THEN {term.sql}" for test, term in zip(tests, terms[:-1], strict=True)
    )
    nullable = any(term.nullable for term in terms)
    return Term(f"CASE {branches} ELSE {terms[-1].sql} END", kind, nullable)


@write_value.register
def conversion(node: ast.Cast, scope: Scope) -> Term:
    term, target, style = value(node.operand, scope), node.target, None
    if node.style is not None:
        found = constant_value(node.style, scope)
        style = found if isinstance(found, int) else None
        if style is None:
            raise refuse("CONVERT with this style", "only a whole number is read", node.at)
    if term.null:
        return Term(f"CAST(NULL AS {target.storage})", target)
    return replace(
        term,
        sql=convert_sql(term.sql, term.type, target, node.attempt, style=style, at=node.at),
        type=target,
        nullable=node.attempt or term.nullable,
        constant=None,
        nonzero=term.nonzero and target.family == "float",
    )


@write_value.register
def subquery(node: ast.ScalarQuery, scope: Scope) -> Term:
    """A query of one column and, when it runs, at most one row (512)."""
    found = relation(node.query, scope.inner())
    if len(found.columns) != 1:
        raise error(116, at=node.at)
    return Term(f"({found.sql})", found.columns[0].type)


@write_value.register
def stray_star(node: ast.Star, _: Scope) -> Term:
    raise error(102, "*", at=node.at)


# --- conditions


@condition.register
def logic(node: ast.Logic, scope: Scope) -> str:
    return f"({condition(node.left, scope)} {node.operator} {condition(node.right, scope)})"


@condition.register
def negation(node: ast.Negation, scope: Scope) -> str:
    return f"(NOT {condition(node.operand, scope)})"


@condition.register
def null_test(node: ast.NullTest, scope: Scope) -> str:
    return f"({value(node.operand, scope).sql} IS NULL)"


@condition.register
def exists(node: ast.Exists, scope: Scope) -> str:
    return f"EXISTS ({relation(node.query, scope.inner()).sql})"


@condition.register
def comparison(node: ast.Comparison, scope: Scope) -> str:
    """Both sides become their common type; text compares without case and trailing spaces."""
    left, right = compared([value(side, scope) for side in (node.left, node.right)], node.at)
    written = key if node.operator in ("=", "<>") else order_key
    if left.type.family == "guid" and written is order_key:
        reason = "SQL Server's order of its bytes is left out"
        raise refuse("an order of uniqueidentifier", reason, node.at)
    if node.operator == "=" and (same := same_as_constant(left, right)):
        return same
    return f"({written(left)} {node.operator} {written(right)})"


@condition.register
def membership(node: ast.InList, scope: Scope) -> str:
    terms = [value(side, scope) for side in (node.operand, *node.choices)]
    left, *choices = compared(terms, node.at)
    return f"({key(left)} IN ({', '.join(map(key, choices))}))"


@condition.register
def membership_in_query(node: ast.InQuery, scope: Scope) -> str:
    found = relation(node.query, scope.inner())
    if len(found.columns) != 1:
        raise error(116, at=node.at)
    alias = scope.context.alias()
    member = Term(f"{alias}.c0", found.columns[0].type)
    left, right = compared([value(node.operand, scope), member], node.at)
    return f"({key(left)} IN (SELECT {key(right)} FROM ({found.sql}) AS {alias}))"


@condition.register
def like(node: ast.Like, scope: Scope) -> str:
    subject, pattern = (value(side, scope) for side in (node.operand, node.pattern))
    for term in (subject, pattern):
        if term.type.family != "text":
            raise refuse(f"LIKE with {term.type}", "CAST it to nvarchar", node.at)
    ending = ""
    if node.escape is not None:
        if not isinstance(node.escape, ast.Literal) or len(node.escape.value) != 1:
            raise refuse("ESCAPE with this value", "it must be one constant character", node.at)
        ending = f" ESCAPE {literal(node.escape.value.lower())}"
    wanted = f"lower({pattern.sql})"
    if isinstance(pattern.constant, str):
        if "[" in pattern.constant:
            raise refuse("LIKE with [ in its pattern", "use % and _", node.at)
    else:
        fail = unsupported("LIKE with [ in its pattern", because="use % and _")
        wanted = f"CASE WHEN contains({pattern.sql}, '[') THEN {fail} ELSE {wanted} END"
    # Trailing spaces of the text on the left count for Unicode alone.
    unicode = subject.type.is_national or pattern.type.is_national
    subjects = [subject.sql] if unicode else [subject.sql, f"rtrim({subject.sql}, ' ')"]
    return f"({' OR '.join(f'lower({sql}) LIKE {wanted}{ending}' for sql in subjects)})"
