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

UNSUPPORTED_WORDS = {
    tuple(phrase.split()): reason
    for phrases, reason in {
        "CONTAINS, FREETEXT, CONTAINSTABLE, FREETEXTTABLE, SEMANTICKEYPHRASETABLE, "
        "SEMANTICSIMILARITYTABLE, SEMANTICSIMILARITYDETAILSTABLE": "use LIKE",
        "OPENROWSET, OPENQUERY, OPENDATASOURCE, OPENXML, INSERT BULK, COPY INTO": (
            "use `procluster load`"
        ),
        "( CHANGES, ( VERSION, CHANGE_TRACKING_CONTEXT (": "there is no change tracking",
        "( INSERT, ( UPDATE, ( DELETE, ( MERGE": "change rows in a statement of their own",
        "$": "use a decimal constant, or the name of the column",
        "{": "write the function or constant itself, without braces",
        "::, .": "types have no methods, and a name has no empty part",
        "| |, | |=": "use +",
        "< <, > >": "use * and /",
        ":": "make JSON as text",
        "NULL ON NULL, ABSENT ON NULL": "use ISNULL and text",
        "( BOTH, ( LEADING, ( TRAILING": "use LTRIM and RTRIM",
        "- >, CONNECTION (": "there are no graph tables",
        "XMLNAMESPACES (": "nothing here stores XML",
        "WINDOW": "write the window in the brackets of OVER",
        "CURSOR": "use a set-based statement or WHILE",
        "= DEFAULT": "write the value",
        "EXCEPT ALL, INTERSECT ALL": "number the rows that are the same",
        "IDENTITYCOL, ROWGUIDCOL": "name the column",
        "TSEQUAL": "compare the values",
        "IDENTITY (": "create the table with IDENTITY first",
        "HOLDLOCK": "write WITH in front of table hints",
        ") EXCEPT, ) INTERSECT, ) UNION": "write the first query without brackets",
        "PERIOD FOR": "the server's versions of rows are left out",
        "TIMESTAMP NOT, TIMESTAMP NULL, TIMESTAMP PRIMARY": "name the column",
        "UPDATE (": "triggers are left out",
        "FOR REPLICATION, NOT FOR REPLICATION, NOT ENFORCED": "leave it out",
        "HASH, COLUMNSTORE, FILESTREAM, FEDERATED, RESTRICT": "leave it out",
        "( MODEL": "call a script",
        "EXTERNAL NAME": "write the module in T-SQL",
        "ADD SIGNATURE, ADD COUNTER, ADD SENSITIVITY, RENAME OBJECT": (
            "the embedded engine is not a server"
        ),
        "END CONVERSATION, GET CONVERSATION, MOVE CONVERSATION, SEND ON, RECEIVE *, RECEIVE TOP": (
            "there is no Service Broker"
        ),
    }.items()
    for phrase in phrases.split(", ")
}
"""Words and signs that are T-SQL where the grammar has no rule for them, with what to do."""

UNSUPPORTED_TYPES = {
    name: reason
    for names, reason in {
        "geography geometry hierarchyid vector": "nothing here stores it",
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
