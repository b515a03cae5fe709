"""sp_datatype_info: the data types there are, as an ODBC driver asks for them when it connects.

Columns and values: "sp_datatype_info (Transact-SQL)" and ODBC's SQLGetTypeInfo.
"""

from __future__ import annotations

from procluster.local.arguments import Call
from procluster.local.registry import system_procedure
from procluster.local.results import result_set
from procluster.local.stored import declared_columns
from procluster.local.types import KINDS, Kind

COLUMNS = (
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
    found = result_set(declared_columns(COLUMNS), map(_row, sorted(kinds, key=_closeness)))
    call.engine.send(found)
    call.engine.send_count(found.table.num_rows)
    return 0


def _closeness(kind: Kind) -> tuple[int, int]:
    """Of several types for one of ODBC's, the one that keeps most comes first."""
    number, precision = ODBC_TYPES[kind.name]
    return number, -precision


def _row(kind: Kind) -> tuple[object, ...]:
    number, precision = ODBC_TYPES[kind.name]
    is_text = kind.family == "text"
    is_number = kind.family not in ("text", "binary", "time", "guid")
    quote = {"text": "'", "time": "'", "guid": "'", "binary": "0x"}.get(kind.family)
    if is_text and kind.name[0] == "n":
        quote = "N'"
    low, high = SCALES.get(kind.name, (None, None))
    is_timestamp = number == TIMESTAMP
    return (
        kind.name, number, precision,
        quote, "'" if quote and kind.family != "binary" else None,
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
