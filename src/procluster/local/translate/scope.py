"""Where names are looked up: the sources in reach, and the errors when they do not help."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property

from procluster.errors import SqlError
from procluster.local.messages import error, refuse
from procluster.local.results import Column
from procluster.local.syntax import (
    ColumnRef,
    CreateModule,
    Node,
    ObjectName,
    Position,
    Star,
    changed,
)
from procluster.local.translate.names import Names, Table
from procluster.local.translate.plans import Compiled, Meaning
from procluster.local.translate.term import Term
from procluster.local.types import SqlType

UNGROUPED = {"HAVING": 8121, "ORDER BY": 8127}
"""Error of a column that is not grouped by, where it is not the SELECT list's."""


@dataclass(frozen=True)
class Relation:
    """A compiled query; its DuckDB columns are c0, c1 and so on."""

    sql: str
    columns: tuple[Column, ...]

    def term(self, place: int, alias: str) -> Term:
        """One column, where the relation is named ``alias``."""
        column = self.columns[place]
        return Term(f"{alias}.c{place}", column.type, column.nullable)


@dataclass(frozen=True)
class Source:
    """A table of FROM.

    ``alias`` is its name in DuckDB, unique in the statement; ``names`` what a qualifier may say,
    lower case (``("dbo", "t")`` or the alias); ``references`` the DuckDB SQL of each column;
    ``table`` the table it is, where it is one.
    """

    alias: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[str, ...]
    table: Table | None = None

    def answers(self, qualifier: tuple[str, ...]) -> bool:
        """Whether ``qualifier`` (lower case, perhaps empty) may name this source."""
        return self.names[-len(qualifier) :] == qualifier if qualifier else True

    def term(self, place: int) -> Term:
        column = self.columns[place]
        return Term(self.references[place], column.type, column.nullable)

    def optional(self) -> Source:
        """The side of an outer join that may be missing."""
        columns = tuple(replace(column, nullable=True) for column in self.columns)
        return replace(self, columns=columns)


@dataclass
class Context:
    """What one statement collects while it is compiled.

    ``bound`` has the parameters of variables by their names, among others; ``reads`` tells that
    there is a FROM, ``is_momentary`` that more was read than tables and variables that may be
    otherwise the next time.
    """

    names: Names
    parameters: dict[str, object] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    tables: list[tuple[ObjectName, Table | CreateModule | None]] = field(default_factory=list)
    functions: list[tuple[ObjectName, CreateModule | None]] = field(default_factory=list)
    variables: dict[str, SqlType | None] = field(default_factory=dict)
    reads: bool = False
    is_momentary: bool = False
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def utc(self) -> datetime:
        self.is_momentary = True
        return datetime.now(timezone.utc)

    def table(self, name: ObjectName) -> Table | CreateModule | None:
        """A table or a view."""
        found = self.names.table(name)
        self.tables.append((name, found))
        return found

    def function(self, name: ObjectName) -> CreateModule | None:
        """An inline function."""
        found = self.names.function(name)
        self.functions.append((name, found))
        return found

    def variable(self, name: str) -> SqlType | None:
        found = self.variables[name] = self.names.variable(name)
        return found

    def session_value(self, name: str, at: Position, *arguments: object) -> tuple[SqlType, object]:
        """Value of a session function or @@variable, now."""
        self.is_momentary = True
        found = self.names.session_function(name)
        if found is None:
            raise refuse(name, "it is not among those that the rule book lists", at)
        return found.type, found.read(self.names, *arguments)

    def session_term(self, name: str, at: Position, *arguments: object) -> Term:
        """The same as a parameter."""
        kind, now = self.session_value(name, at, *arguments)
        return Term(self.parameter(now, kind), kind, nullable=now is None)

    def constant(self, variable: str) -> object:
        """Value of a variable that the SQL itself depends on."""
        self.is_momentary = True
        return self.names.value(variable)

    def alias(self) -> str:
        """Make a DuckDB name for rows that nothing else in the statement has."""
        self.reads = True
        return f"t{next(self.numbers)}"

    def compiled(self, sql: str, columns: tuple[Column, ...]) -> Compiled:
        """The finished query, with the parameters that it uses: DuckDB takes no others."""
        used = {name: value for name, value in self.parameters.items() if f"${name} AS" in sql}
        meaning = None
        if not self.is_momentary:
            places = {place: name for name, place in self.bound.items() if place in used}
            meaning = Meaning(self.tables, self.functions, self.variables, places)
        return Compiled(sql, columns, used, meaning, self.reads)

    def parameter(self, value: object, kind: SqlType, name: str = "") -> str:
        """Bind a value; the same variable is bound once."""
        place = self.bound.get(name) or f"p{next(self.numbers)}"
        if name:
            self.bound[name] = place
        self.parameters[place] = value
        return f"CAST(${place} AS {kind.storage})"


@dataclass(frozen=True)
class Scope:
    """What an expression sees.

    ``tables`` are the common tables in reach and ``arguments`` the parameters of the inline
    function being expanded, both by lower-case name; ``expanding`` and ``defining`` the views and
    functions being expanded, the common tables being compiled. A grouped query has ``groups``: what
    each GROUP BY expression means, and the term that stands for it. ``clause`` is the one being
    compiled: aggregates and windows stand in some only.
    """

    context: Context
    sources: tuple[Source, ...] = ()
    parent: Scope | None = None
    tables: Mapping[str, Relation] = field(default_factory=dict)
    arguments: Mapping[str, Term] = field(default_factory=dict)
    expanding: frozenset[str] = frozenset()
    defining: frozenset[str] = frozenset()
    groups: tuple[tuple[Node, Term], ...] | None = None
    clause: str = "SELECT"

    def inner(self) -> Scope:
        """Where a subquery starts: nothing of its own yet, all of this around it."""
        return replace(self, sources=(), parent=self, groups=None, clause="SELECT")

    def column(self, ref: ColumnRef) -> Term:
        """The column that a name means; 207, 209, 4104, and 8120, 8121, 8127 if not grouped."""
        found = self.find(ref)
        if found is None:
            raise self.unknown(ref)
        scope, source, place = found
        if scope.groups is None:
            return source.term(place)
        if term := scope.grouped(ref):
            return term
        name = ".".join((*source.names, source.columns[place].name))
        raise error(UNGROUPED.get(self.clause, 8120), name, at=ref.at)

    def find(self, ref: ColumnRef) -> tuple[Scope, Source, int] | None:
        """The innermost scope, source and place that a name means."""
        *qualifier, name = (part.lower() for part in ref.parts)
        found = [
            (self, source, place)
            for source in self.sources
            if source.answers(tuple(qualifier))
            for place, column in enumerate(source.columns)
            if column.name.lower() == name
        ]
        if len(found) > 1:
            raise error(209, ref.parts[-1], at=ref.at)
        if found:
            return found[0]
        return self.parent.find(ref) if self.parent else None

    def unknown(self, ref: ColumnRef) -> SqlError:
        """The error for a name that means nothing: 207, or 4104 where its table is unknown."""
        qualifier = tuple(part.lower() for part in ref.parts[:-1])
        scope: Scope | None = self
        while qualifier and scope:
            if any(source.answers(qualifier) for source in scope.sources):
                qualifier = ()
            scope = scope.parent
        if qualifier:
            name = ".".join(ref.parts)
            return error(4104, name, at=ref.at)
        return error(207, ref.parts[-1], at=ref.at)

    def grouped(self, node: Node) -> Term | None:
        """The term of the GROUP BY expression that this is, if it is one."""
        for expression, term in self.groups or ():
            if type(expression) is type(node) and expression == self.meant(node):
                return term
        return None

    def meant(self, tree: Node) -> Node:
        """A tree with each column named by what it means, not as it is written."""

        def column(node: Node) -> Node | None:
            found = self.find(node) if isinstance(node, ColumnRef) else None
            return ColumnRef(node.at, (found[1].alias, str(found[2]))) if found else None

        return changed(tree, column)

    def expand(self, star: Star) -> list[tuple[str, Term]]:
        """The columns that ``*`` or ``t.*`` stands for."""
        qualifier = tuple(part.lower() for part in star.qualifier)
        chosen = [source for source in self.sources if source.answers(qualifier)]
        if not chosen:
            if not qualifier:
                raise error(263, at=star.at)
            raise error(107, ".".join(star.qualifier), at=star.at)
        if self.groups is None:
            return [(c.name, one.term(i)) for one in chosen for i, c in enumerate(one.columns)]
        names = [(c.name, (*one.names, c.name)) for one in chosen for c in one.columns]
        return [(name, self.column(ColumnRef(star.at, parts))) for name, parts in names]
