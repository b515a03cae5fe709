"""Words with a meaning of their own to the parser, and what it refuses by name."""

from procluster.reserved import RESERVED_WORDS

RESERVED = RESERVED_WORDS - {"DISK", "DUMP", "LOAD", "PRECISION", "SECURITYAUDIT", "WITHIN"}
"""Without the six that Microsoft's own grammar lets stand as names."""

COLLATION = "SQL_Latin1_General_CP1_CI_AS"
"""The one collation there is."""

NILADIC = frozenset(
    ("CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER")
)
"""Functions written without brackets."""

CALLED_KEYWORDS = frozenset(("COALESCE", "LEFT", "NULLIF", "RIGHT"))
"""Reserved words that are functions when a bracket follows."""

DATEPART_FUNCTIONS = frozenset(
    ("DATEADD", "DATEDIFF", "DATEDIFF_BIG", "DATENAME", "DATEPART", "DATETRUNC", "DATE_BUCKET")
)
"""Functions whose first argument is a bare word."""

UNSUPPORTED_TYPES = {
    name: reason
    for names, reason in {
        "geography geometry hierarchyid rowversion timestamp vector": "nothing here stores it",
        "character double national": "use the name of one word",
        "cursor": "use a #temp table",
        "datetimeoffset": "use datetime2 in UTC",
        "image": "use varbinary(max)",
        "json ntext xml": "use nvarchar(max)",
        "smallmoney": "use decimal(10, 4)",
        "sql_variant": "use the type of the value",
        "table": "use a #temp table",
        "text": "use varchar(max)",
        "time": "use datetime2",
    }.items()
    for name in names.split()
}
"""Types of SQL Server that are refused, with what to use."""
