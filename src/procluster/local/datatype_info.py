"""sp_datatype_info: the data types there are, as an ODBC driver asks for them when it connects.

Columns and values: "sp_datatype_info (Transact-SQL)" and ODBC's SQLGetTypeInfo.
"""

from __future__ import annotations

import pyarrow as pa

from procluster.local import syntax as ast
from procluster.local.execution import bind
from procluster.local.frame import Frame
from procluster.local.interpreter import Interpreter
from procluster.local.parser import parse_parameters
from procluster.local.registry import system_procedure
from procluster.local.results import Column, ResultSet
from procluster.local.types import INT, KINDS, NAME, SMALLINT, Kind, SqlType

WORD = SqlType("varchar", 32)
COLUMNS = (
    Column("TYPE_NAME", NAME, nullable=False),
    Column("DATA_TYPE", SMALLINT, nullable=False),
    Column("PRECISION", INT),
    Column("LITERAL_PREFIX", WORD),
    Column("LITERAL_SUFFIX", WORD),
    Column("CREATE_PARAMS", WORD),
    Column("NULLABLE", SMALLINT, nullable=False),
    Column("CASE_SENSITIVE", SMALLINT, nullable=False),
    Column("SEARCHABLE", SMALLINT, nullable=False),
    Column("UNSIGNED_ATTRIBUTE", SMALLINT),
    Column("MONEY", SMALLINT, nullable=False),
    Column("AUTO_INCREMENT", SMALLINT),
    Column("LOCAL_TYPE_NAME", NAME),
    Column("MINIMUM_SCALE", SMALLINT),
    Column("MAXIMUM_SCALE", SMALLINT),
    Column("SQL_DATA_TYPE", SMALLINT, nullable=False),
    Column("SQL_DATETIME_SUB", SMALLINT),
    Column("NUM_PREC_RADIX", INT),
    Column("INTERVAL_PRECISION", SMALLINT),
    Column("USERTYPE", SMALLINT),
)
ARROW = {NAME: pa.string(), WORD: pa.string(), INT: pa.int32(), SMALLINT: pa.int16()}

ODBC_TYPES = {
    "datetime2": (93, 27), "datetime": (93, 23), "smalldatetime": (93, 16), "date": (91, 10),
    "float": (6, 53), "real": (7, 24), "decimal": (3, 38), "money": (3, 19), "bigint": (-5, 19),
    "int": (4, 10), "smallint": (5, 5), "tinyint": (-6, 3), "bit": (-7, 1),
    "uniqueidentifier": (-11, 36), "nvarchar": (-9, 4000), "nchar": (-8, 4000),
    "varchar": (12, 8000), "char": (1, 8000), "varbinary": (-3, 8000), "binary": (-2, 8000),
}  # fmt: skip
"""ODBC's number of a type, and the digits or characters it has at most."""

SCALES = {"datetime2": (0, 7), "datetime": (3, 3), "decimal": (0, 38), "money": (4, 4)}
CREATED_WITH = {"length": "max length", "precision": "precision,scale", "scale": "scale"}
DATETIME, TIMESTAMP = 9, 93
PARAMETERS = parse_parameters("@data_type int = 0, @ODBCVer tinyint = 2")


@system_procedure("sp_datatype_info")
@system_procedure("sp_datatype_info_100")
def datatype_info(engine: Interpreter, statement: ast.Execute, frame: Frame) -> object:
    """sp_datatype_info @data_type, @ODBCVer; of version 3 whatever is asked for."""
    wanted = bind(engine, "sp_datatype_info", PARAMETERS, statement.arguments, frame)[0].value
    kinds = [kind for kind in KINDS.values() if wanted in (0, None, ODBC_TYPES[kind.name][0])]
    rows = [_row(kind) for kind in sorted(kinds, key=_closeness)]
    table = pa.table(
        {
            f"c{place}": pa.array([row[place] for row in rows], ARROW[column.type])
            for place, column in enumerate(COLUMNS)
        }
    )
    engine.send(ResultSet(COLUMNS, table))
    engine.send_count(len(rows))
    return 0


def _closeness(kind: Kind) -> tuple[int, int]:
    """Of several types for one of ODBC's, the one that keeps most comes first."""
    number, precision = ODBC_TYPES[kind.name]
    return number, -precision


def _row(kind: Kind) -> tuple[object, ...]:
    number, precision = ODBC_TYPES[kind.name]
    is_text, is_number = (
        kind.family == "text",
        kind.family not in ("text", "binary", "time", "guid"),
    )
    quote = {"text": "'", "time": "'", "guid": "'", "binary": "0x"}.get(kind.family)
    if is_text and kind.name[0] == "n":
        quote = "N'"
    low, high = SCALES.get(kind.name, (None, None))
    is_timestamp = number == TIMESTAMP
    return (
        kind.name,
        number,
        precision,
        quote,
        "'" if quote and kind.family != "binary" else None,
        CREATED_WITH.get(kind.sizes) if kind.family != "float" else None,
        1,
        0,
        3 if is_text else 2,
        int(kind.name in ("tinyint", "bit")) if is_number else None,
        int(kind.family == "money"),
        0 if is_number else None,
        kind.name,
        low,
        high,
        DATETIME if kind.family == "time" else number,
        3 if is_timestamp else 1 if kind.name == "date" else None,
        (2 if kind.family == "float" else 10) if is_number else None,
        None,
        kind.system_type_id,
    )
