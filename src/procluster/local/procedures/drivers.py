"""What ODBC drivers ask: which data types there are, and of which types their question marks are.

Columns and values: "sp_datatype_info (Transact-SQL)", ODBC's SQLGetTypeInfo, and
"sp_describe_undeclared_parameters (Transact-SQL)".
"""

from collections.abc import Iterable, Iterator

from procluster.local import syntax as ast
from procluster.local.arguments import Call
from procluster.local.frame import Frame
from procluster.local.messages import error
from procluster.local.parser import parse_batch, parse_parameters
from procluster.local.registry import system_procedure
from procluster.local.results import result_set
from procluster.local.stored import declared_columns
from procluster.local.types import BIGINT, KINDS, MAX, Kind, SqlType

# --- the data types

TYPE_COLUMNS = (
    "TYPE_NAME sysname NOT NULL, DATA_TYPE smallint NOT NULL, PRECISION int, "
    "LITERAL_PREFIX varchar(32), LITERAL_SUFFIX varchar(32), CREATE_PARAMS varchar(32), "
    "NULLABLE smallint NOT NULL, CASE_SENSITIVE smallint NOT NULL, SEARCHABLE smallint NOT NULL, "
    "UNSIGNED_ATTRIBUTE smallint, MONEY smallint NOT NULL, AUTO_INCREMENT smallint, "
    "LOCAL_TYPE_NAME sysname NULL, MINIMUM_SCALE smallint, MAXIMUM_SCALE smallint, "
    "SQL_DATA_TYPE smallint NOT NULL, SQL_DATETIME_SUB smallint, NUM_PREC_RADIX int, "
    "INTERVAL_PRECISION smallint, USERTYPE smallint"
)
ODBC_TYPES = {
    "datetime2": (93, 27), "datetime": (93, 23), "smalldatetime": (93, 16), "date": (91, 10),
    "float": (6, 53), "real": (7, 24), "decimal": (3, 38), "money": (3, 19), "bigint": (-5, 19),
    "int": (4, 10), "smallint": (5, 5), "tinyint": (-6, 3), "bit": (-7, 1),
    "uniqueidentifier": (-11, 36), "nvarchar": (-9, 4000), "nchar": (-8, 4000),
    "varchar": (12, 8000), "char": (1, 8000), "varbinary": (-3, 8000), "binary": (-2, 8000),
    "timestamp": (-2, 8),
}  # fmt: skip
"""ODBC's number of a type, and the digits or characters it has at most."""

SCALES = {"datetime2": (0, 7), "datetime": (3, 3), "decimal": (0, 38), "money": (4, 4)}
CREATED_WITH = {"length": "max length", "precision": "precision,scale", "scale": "scale"}
DATETIME, TIMESTAMP = 9, 93
PARAMETERS = "@data_type int = 0, @ODBCVer tinyint = 2"


@system_procedure("sp_datatype_info", PARAMETERS)
@system_procedure("sp_datatype_info_100", PARAMETERS)
def datatype_info(call: Call) -> object:
    """Give the types of version 3 whatever is asked for."""
    wanted, _ = call.values
    kinds = [kind for kind in KINDS.values() if wanted in (0, None, ODBC_TYPES[kind.name][0])]
    rows = map(_type_row, sorted(kinds, key=_closeness))
    call.engine.send(result_set(declared_columns(TYPE_COLUMNS), rows))
    call.engine.send_count(len(kinds))
    return 0


def _closeness(kind: Kind) -> tuple[int, int]:
    """Of several types for one of ODBC's, the one that keeps most comes first."""
    number, precision = ODBC_TYPES[kind.name]
    return number, -precision


def _type_row(kind: Kind) -> tuple[object, ...]:
    number, precision = ODBC_TYPES[kind.name]
    is_text = kind.family == "text"
    is_number = kind.family not in ("text", "binary", "rowversion", "time", "guid")
    quote = {"text": "'", "time": "'", "guid": "'"}.get(kind.family, None if is_number else "0x")
    if is_text and kind.name[0] == "n":
        quote = "N'"
    low, high = SCALES.get(kind.name, (None, None))
    is_timestamp = number == TIMESTAMP
    return (
        kind.name, number, precision,
        quote, "'" if quote and quote != "0x" else None,
        CREATED_WITH.get(kind.sizes) if kind.family != "float" else None,
        1, 0, 3 if is_text else 2,
        int(kind.name in ("tinyint", "bit")) if is_number else None,
        int(kind.family == "money"), 0 if is_number else None,
        kind.name, low, high,
        DATETIME if kind.family == "time" else number,
        3 if is_timestamp else 1 if kind.name == "date" else None,
        (2 if kind.family == "float" else 10) if is_number else None,
        None, kind.system_type_id,
    )  # fmt: skip


# --- parameters: a parameter has the type of the column it is stored in or compared with

PARAMETER_COLUMNS = (
    "parameter_ordinal int NOT NULL, name sysname NOT NULL, suggested_system_type_id int NOT NULL, "
    "suggested_system_type_name nvarchar(256), suggested_max_length smallint NOT NULL, "
    "suggested_precision tinyint NOT NULL, suggested_scale tinyint NOT NULL, "
    "suggested_user_type_id int, suggested_user_type_database sysname NULL, "
    "suggested_user_type_schema sysname NULL, suggested_user_type_name sysname NULL, "
    "suggested_assembly_qualified_type_name nvarchar(4000), suggested_xml_collection_id int, "
    "suggested_xml_collection_database sysname NULL, suggested_xml_collection_schema sysname NULL, "
    "suggested_xml_collection_name sysname NULL, suggested_is_xml_document bit NOT NULL, "
    "suggested_is_case_sensitive bit NOT NULL, suggested_is_fixed_length_clr_type bit NOT NULL, "
    "suggested_is_input bit NOT NULL, suggested_is_output bit NOT NULL, "
    "formal_parameter_name sysname NULL, suggested_tds_type_id int NOT NULL, "
    "suggested_tds_length int NOT NULL"
)
TDS_TYPES = {
    "integer": 38, "bit": 104, "float": 109, "decimal": 106, "money": 110, "guid": 36,
    "datetime2": 42, "datetime": 111, "smalldatetime": 111, "date": 40,
    "timestamp": 173,
}  # fmt: skip
"""Types that go over the wire under a number of their own; the others keep theirs."""


@system_procedure(
    "sp_describe_undeclared_parameters", "@tsql nvarchar(max), @params nvarchar(max) = NULL"
)
def describe_undeclared_parameters(call: Call) -> object:
    """Error 11502 names a parameter whose place tells nothing of its type."""
    tree = parse_batch(call.text("@tsql"))
    known = {parameter.name.lower() for parameter in parse_parameters(call.text("@params"))}
    found = dict(_types(tree, call.frame))
    rows: list[tuple[object, ...]] = []
    for name in dict.fromkeys(
        node.name for node in ast.nodes(tree) if isinstance(node, ast.Variable)
    ):
        if name.lower() in known:
            continue
        if name.lower() not in found:
            raise error(11502, name)
        rows.append(_parameter_row(len(rows) + 1, name, found[name.lower()]))
    call.engine.send(result_set(declared_columns(PARAMETER_COLUMNS), rows))
    return 0


def _types(tree: object, frame: Frame) -> Iterator[tuple[str, SqlType]]:
    """Variables with the type that their place gives them."""
    columns = _columns(tree, frame)
    for node in ast.nodes(tree):
        places: Iterable[tuple[ast.Expression, ast.Expression | SqlType]] = ()
        match node:
            case ast.Insert():
                places = _inserted(node, frame)
            case ast.Update():
                places = ((one.value, _column(one.target)) for one in node.assignments)
            case ast.Select(top=count) if count:
                places = ((count, BIGINT),)
            case ast.Comparison():
                places = ((node.right, node.left), (node.left, node.right))
            case ast.Like():
                places = ((node.pattern, node.operand),)
            case ast.InList():
                places = ((choice, node.operand) for choice in node.choices)
        for value, like in places:
            kind = columns.get(like.parts[-1].lower()) if isinstance(like, ast.ColumnRef) else like
            if isinstance(value, ast.Variable) and isinstance(kind, SqlType):
                yield value.name.lower(), kind


def _column(name: str) -> ast.ColumnRef:
    return ast.ColumnRef(ast.NOWHERE, (name,))


def _inserted(node: ast.Insert, frame: Frame) -> Iterator[tuple[ast.Expression, SqlType]]:
    target = frame.needed_table(node.target)
    names = node.columns or tuple(c.name for c in target.columns if c.identity is None)
    kinds = [column.type for name in names if (column := target.column(name))]
    if isinstance(node.source, ast.ValuesTable):
        for row in node.source.rows:
            yield from zip(row, kinds, strict=False)
    elif isinstance(node.source, ast.Query) and isinstance(node.source.body, ast.Select):
        values = [item.expression for item in node.source.body.items]
        yield from zip(values, kinds, strict=False)


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


def _parameter_row(place: int, name: str, kind: SqlType) -> tuple[object, ...]:
    length = kind.max_length
    number = TDS_TYPES.get(kind.name) or TDS_TYPES.get(kind.family) or kind.kind.system_type_id
    tds_length = 65535 if kind.size == MAX else 17 if kind.family == "decimal" else length
    type_columns = (kind.kind.system_type_id, str(kind), length, *kind.precision)
    flags = (False, False, False, True, False)
    return (place, name, *type_columns, *[None] * 9, *flags, None, number, tds_length)
