"""sp_describe_undeclared_parameters: the types a driver should give to its question marks.

A parameter has the type of the column it is stored in or compared with. Columns of the result:
"sp_describe_undeclared_parameters (Transact-SQL)".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from procluster.local import syntax as ast
from procluster.local.execution import national_text, split_arguments
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.messages import error
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.registry import system_procedure
from procluster.local.results import Column, ResultSet
from procluster.local.types import BIGINT, BIT, INT, MAX, NAME, SMALLINT, SqlType

TINYINT = SqlType("tinyint")
COLUMNS = (
    Column("parameter_ordinal", INT, nullable=False),
    Column("name", NAME, nullable=False),
    Column("suggested_system_type_id", INT, nullable=False),
    Column("suggested_system_type_name", SqlType("nvarchar", 256)),
    Column("suggested_max_length", SMALLINT, nullable=False),
    Column("suggested_precision", TINYINT, nullable=False),
    Column("suggested_scale", TINYINT, nullable=False),
    Column("suggested_user_type_id", INT),
    Column("suggested_user_type_database", NAME),
    Column("suggested_user_type_schema", NAME),
    Column("suggested_user_type_name", NAME),
    Column("suggested_assembly_qualified_type_name", SqlType("nvarchar", 4000)),
    Column("suggested_xml_collection_id", INT),
    Column("suggested_xml_collection_database", NAME),
    Column("suggested_xml_collection_schema", NAME),
    Column("suggested_xml_collection_name", NAME),
    Column("suggested_is_xml_document", BIT, nullable=False),
    Column("suggested_is_case_sensitive", BIT, nullable=False),
    Column("suggested_is_fixed_length_clr_type", BIT, nullable=False),
    Column("suggested_is_input", BIT, nullable=False),
    Column("suggested_is_output", BIT, nullable=False),
    Column("formal_parameter_name", NAME),
    Column("suggested_tds_type_id", INT, nullable=False),
    Column("suggested_tds_length", INT, nullable=False),
)
ARROW = {INT: pa.int32(), SMALLINT: pa.int16(), TINYINT: pa.uint8(), BIT: pa.bool_()}
TDS_TYPES = {
    "integer": 38, "bit": 104, "float": 109, "decimal": 106, "money": 110, "guid": 36,
    "datetime2": 42, "datetime": 111, "smalldatetime": 111, "date": 40,
}  # fmt: skip
"""Types that go over the wire under a number of their own; the others keep theirs."""


@system_procedure("sp_describe_undeclared_parameters")
def describe_undeclared_parameters(
    engine: Interpreter, statement: ast.Execute, frame: Frame
) -> object:
    """sp_describe_undeclared_parameters @tsql, @params.

    Raises
    ------
    SqlError
        11502 a parameter whose place tells nothing of its type.
    """
    given, _ = split_arguments(statement.arguments, ("@tsql", "@params"))
    if "@tsql" not in given:
        raise error(201, "sp_describe_undeclared_parameters", "@tsql")
    tree = parse_batch(national_text(engine, given, "@tsql", frame) or "")
    declared = parse_parameters(national_text(engine, given, "@params", frame) or "")
    known = {parameter.name.lower() for parameter in declared}
    found = dict(_types(tree, frame))
    rows: list[tuple[object, ...]] = []
    for name in dict.fromkeys(
        node.name for node in ast.nodes(tree) if isinstance(node, ast.Variable)
    ):
        if name.lower() in known:
            continue
        if name.lower() not in found:
            raise error(11502, name)
        rows.append(_row(len(rows) + 1, name, found[name.lower()]))
    table = pa.table(
        {
            f"c{place}": pa.array([row[place] for row in rows], ARROW.get(column.type, pa.string()))
            for place, column in enumerate(COLUMNS)
        }
    )
    engine.send(ResultSet(COLUMNS, table))
    return 0


def _types(tree: object, frame: Frame) -> Iterator[tuple[str, SqlType]]:
    """Variables with the type that their place gives them."""
    columns = _columns(tree, frame)
    for node in ast.nodes(tree):
        for place, value in _places(node, frame, columns):
            if isinstance(value, ast.Variable) and place:
                yield value.name.lower(), place


def _places(
    node: ast.Node, frame: Frame, columns: Mapping[str, SqlType]
) -> Iterator[tuple[SqlType | None, ast.Expression]]:
    """Types that a node gives to its parts."""
    match node:
        case ast.Insert():
            yield from _inserted(node, frame)
        case ast.Update():
            for assignment in node.assignments:
                yield columns.get(assignment.target.lower()), assignment.value
        case ast.Select(top=count) if count:
            yield BIGINT, count
        case ast.Comparison():
            yield _type(node.left, columns), node.right
            yield _type(node.right, columns), node.left
        case ast.Like():
            yield _type(node.operand, columns), node.pattern
        case ast.InList():
            for choice in node.choices:
                yield _type(node.operand, columns), choice


def _inserted(node: ast.Insert, frame: Frame) -> Iterator[tuple[SqlType, ast.Expression]]:
    target = frame.needed_table(node.target)
    names = node.columns or tuple(c.name for c in target.columns if c.identity is None)
    kinds = [column.type for name in names if (column := target.column(name))]
    if isinstance(node.source, ast.ValuesTable):
        for row in node.source.rows:
            yield from zip(kinds, row, strict=False)
    elif isinstance(node.source, ast.Query) and isinstance(node.source.body, ast.Select):
        values = [item.expression for item in node.source.body.items]
        yield from zip(kinds, values, strict=False)


def _type(value: ast.Expression, columns: Mapping[str, SqlType]) -> SqlType | None:
    return columns.get(value.parts[-1].lower()) if isinstance(value, ast.ColumnRef) else None


def _columns(tree: object, frame: Frame) -> dict[str, SqlType]:
    """Types of the columns of all tables named; of two of one name, the first."""
    found: dict[str, SqlType] = {}
    for node in ast.nodes(tree):
        name = node.name if isinstance(node, ast.NamedTable) else None
        if isinstance(node, (ast.Update, ast.Delete)) and node.source is None:
            name = node.target
        table = frame.stored_table(name) if name else None
        for column in table.columns if table else ():
            found.setdefault(column.name.lower(), column.type)
    return found


def _row(place: int, name: str, kind: SqlType) -> tuple[object, ...]:
    length = kind.max_length
    number = TDS_TYPES.get(kind.name) or TDS_TYPES.get(kind.family) or kind.kind.system_type_id
    tds_length = 65535 if kind.size == MAX else 17 if kind.family == "decimal" else length
    type_columns = (kind.kind.system_type_id, str(kind), length, *kind.precision)
    flags = (False, False, False, True, False)
    return (place, name, *type_columns, *[None] * 9, *flags, None, number, tds_length)
