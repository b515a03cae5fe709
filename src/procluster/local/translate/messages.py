"""Errors of queries, by number: the one place where each is worded.

Numbers that statements share with queries are in :mod:`procluster.local.messages`.
"""

from __future__ import annotations

from procluster.errors import Refusal, SqlError
from procluster.local import messages
from procluster.local.messages import ErrorText
from procluster.local.syntax import Position
from procluster.local.translate.quoting import Sql, raising

__all__ = ["ERRORS", "NOWHERE", "error", "failure", "refuse", "unsupported"]

NOWHERE = Position(0, 0)

ERRORS: dict[int, ErrorText] = {
    102: ErrorText(15, "Incorrect syntax near '{}'."),
    104: ErrorText(
        15,
        "ORDER BY items must appear in the select list if the statement contains a UNION, "
        "INTERSECT or EXCEPT operator.",
    ),
    107: ErrorText(
        15,
        "The column prefix '{}' does not match with a table name or alias name used in the query.",
    ),
    108: ErrorText(
        16,
        "The ORDER BY position number {} is out of range of the number of items in the select "
        "list.",
    ),
    116: ErrorText(
        16,
        "Only one expression can be specified in the select list when the subquery is not "
        "introduced with EXISTS.",
    ),
    127: ErrorText(16, "A TOP N or FETCH rowcount value may not be negative."),
    130: ErrorText(
        15,
        "Cannot perform an aggregate function on an expression containing an aggregate or a "
        "subquery.",
    ),
    141: ErrorText(
        16,
        "A SELECT statement that assigns a value to a variable must not be combined with data-"
        "retrieval operations.",
    ),
    144: ErrorText(
        15,
        "Cannot use an aggregate or a subquery in an expression used for the group by list of a"
        " GROUP BY clause.",
    ),
    145: ErrorText(
        15, "ORDER BY items must appear in the select list if SELECT DISTINCT is specified."
    ),
    147: ErrorText(
        15,
        "An aggregate may not appear in the WHERE clause unless it is in a subquery contained "
        "in a HAVING clause or a select list, and the column being aggregated is an outer "
        "reference.",
    ),
    155: ErrorText(15, "'{}' is not a recognized {} option."),
    156: ErrorText(16, "Incorrect syntax near the keyword 'DEFAULT'."),
    164: ErrorText(
        15,
        "Each GROUP BY expression must contain at least one column that is not an outer reference.",
    ),
    168: ErrorText(
        15,
        "The floating point value '{}' is out of the range of computer representation (8 bytes).",
    ),
    174: ErrorText(15, "The {} function requires {} argument(s)."),
    189: ErrorText(15, "The {} function requires {} to {} arguments."),
    205: ErrorText(
        16,
        "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal "
        "number of expressions in their target lists.",
    ),
    206: ErrorText(16, "Operand type clash: {} is incompatible with {}"),
    209: ErrorText(16, "Ambiguous column name '{}'."),
    220: ErrorText(16, "Arithmetic overflow error for data type {}, value = {}."),
    232: ErrorText(16, "Arithmetic overflow error for type {}, value = {}."),
    235: ErrorText(
        16, "Cannot convert a char value to money. The char value has incorrect syntax."
    ),
    241: ErrorText(16, "Conversion failed when converting date and/or time from character string."),
    242: ErrorText(16, "The conversion to a {} data type resulted in an out-of-range value."),
    244: ErrorText(
        16,
        "The conversion of the varchar value '{}' overflowed an {} column. Use a larger integer"
        " column.",
    ),
    245: ErrorText(16, "Conversion failed when converting the {} value '{}' to data type {}."),
    248: ErrorText(16, "The conversion of the varchar value '{}' overflowed an int column."),
    263: ErrorText(15, "Must specify table to select from."),
    257: ErrorText(
        16,
        "Implicit conversion from data type {} to {} is not allowed. Use the CONVERT function to "
        "run this query.",
    ),
    289: ErrorText(
        16, "Cannot construct data type {}, some of the arguments have values which are not valid."
    ),
    313: ErrorText(
        16, "An insufficient number of arguments were supplied for the procedure or function {}."
    ),
    402: ErrorText(16, "The data types {} and {} are incompatible in the {} operator."),
    408: ErrorText(15, "A constant expression was encountered in the ORDER BY list, position {}."),
    512: ErrorText(
        16,
        "Subquery returned more than 1 value. This is not permitted when the subquery follows "
        "=, !=, <, <= , >, >= or when the subquery is used as an expression.",
    ),
    517: ErrorText(16, "Adding a value to a '{}' column caused an overflow."),
    529: ErrorText(16, "Explicit conversion from data type {} to {} is not allowed."),
    535: ErrorText(
        16,
        "The datediff function resulted in an overflow. The number of dateparts separating two "
        "date/time instances is too large. Try to use datediff with a less precise datepart.",
    ),
    536: ErrorText(16, "Invalid length parameter passed to the {} function."),
    537: ErrorText(16, "Invalid length parameter passed to the LEFT or SUBSTRING function."),
    701: ErrorText(17, "There is insufficient system memory to run this query."),
    1007: ErrorText(
        15, "The number '{}' is out of the range for numeric representation (maximum precision 38)."
    ),
    1008: ErrorText(
        16,
        "The SELECT item identified by the ORDER BY number {} contains a variable as part of "
        "the expression identifying a column position. Variables are only allowed when ordering"
        " by an expression referencing a column name.",
    ),
    1013: ErrorText(
        16,
        'The objects "{}" and "{}" in the FROM clause have the same exposed names. Use '
        "correlation names to distinguish them.",
    ),
    1014: ErrorText(16, "A TOP or FETCH clause contains an invalid value."),
    1031: ErrorText(16, "Percent values must be between 0 and 100."),
    1033: ErrorText(
        15,
        "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries,"
        " and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
    ),
    1060: ErrorText(
        15,
        "The number of rows provided for a TOP or FETCH clauses row count parameter must be an "
        "integer.",
    ),
    1062: ErrorText(
        15, "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause."
    ),
    3623: ErrorText(16, "An invalid floating point operation occurred."),
    4104: ErrorText(16, 'The multi-part identifier "{}" could not be bound.'),
    4108: ErrorText(15, "Windowed functions can only appear in the SELECT or ORDER BY clauses."),
    4109: ErrorText(
        15,
        "Windowed functions cannot be used in the context of another windowed function or "
        "aggregate.",
    ),
    4112: ErrorText(15, "The function '{}' must have an OVER clause with ORDER BY."),
    4127: ErrorText(
        16,
        "At least one of the arguments to COALESCE must be an expression that is not the NULL "
        "constant.",
    ),
    4151: ErrorText(
        16,
        "The type of the first argument to NULLIF cannot be the NULL constant because the type "
        "of the first argument has to be known.",
    ),
    4429: ErrorText(
        16,
        "View or function '{}' contains a self-reference. Views or functions cannot reference "
        "themselves directly or indirectly.",
    ),
    8114: ErrorText(16, "Error converting data type {} to {}."),
    8116: ErrorText(16, "Argument data type {} is invalid for argument {} of {} function."),
    8117: ErrorText(16, "Operand data type {} is invalid for {} operator."),
    8120: ErrorText(
        16,
        "Column '{}' is invalid in the select list because it is not contained in either an "
        "aggregate function or the GROUP BY clause.",
    ),
    8121: ErrorText(
        16,
        "Column '{}' is invalid in the HAVING clause because it is not contained in either an "
        "aggregate function or the GROUP BY clause.",
    ),
    8127: ErrorText(
        16,
        "Column '{}' is invalid in the ORDER BY clause because it is not contained in either an"
        " aggregate function or the GROUP BY clause.",
    ),
    8133: ErrorText(
        16,
        "At least one of the result expressions in a CASE specification must be an expression "
        "other than the NULL constant.",
    ),
    8134: ErrorText(16, "Divide by zero error encountered."),
    8155: ErrorText(16, "No column name was specified for column {} of '{}'."),
    8156: ErrorText(16, "The column '{}' was specified multiple times for '{}'."),
    8158: ErrorText(16, "'{}' has more columns than were specified in the column list."),
    8159: ErrorText(16, "'{}' has fewer columns than were specified in the column list."),
    8169: ErrorText(
        16, "Conversion failed when converting from a character string to uniqueidentifier."
    ),
    8170: ErrorText(16, "Insufficient result space to convert uniqueidentifier value to char."),
    9810: ErrorText(16, "The datepart {} is not supported by date function {} for data type date."),
    9829: ErrorText(
        16,
        "STRING_AGG aggregation result exceeded the limit of 8000 bytes. Use LOB types to avoid"
        " result truncation.",
    ),
    10709: ErrorText(
        16, "The number of columns for each row in a table value constructor must be the same."
    ),
    10741: ErrorText(15, "A TOP can not be used in the same query or sub-query as a OFFSET."),
    10751: ErrorText(16, "The percentile of {} must be between 0.0 and 1.0."),
    10753: ErrorText(15, "The function '{}' must have an OVER clause."),
    10759: ErrorText(15, "Use of DISTINCT is not allowed with the OVER clause."),
    10762: ErrorText(
        15,
        "The function '{}' is not a valid windowing function, and cannot be used with the OVER "
        "clause.",
    ),
    1105: ErrorText(
        17,
        "Could not allocate space in database '{}' because the 'PRIMARY' filegroup is full: {}, "
        "file {}. Create disk space by deleting unneeded files, then run the statement again; "
        "nothing of it was kept.",
    ),
    9001: ErrorText(
        21,
        "The log for database '{}' is not available: {}. Resolve this first. The transaction {}. "
        "The database is opened anew for the next batch; open transactions and temp tables of "
        "all sessions are gone.",
    ),
    9002: ErrorText(
        17,
        "The transaction log for database '{}' is full due to '{}', file {}. Create disk space "
        "by deleting unneeded files, then run the transaction again; nothing of it was kept.",
    ),
    13607: ErrorText(
        16,
        "JSON path is not properly formatted. Unexpected character '{}' is found at position {}.",
    ),
    13609: ErrorText(
        16,
        "JSON text is not properly formatted. Unexpected character '{}' is found at position {}.",
    ),
    13618: ErrorText(
        16, "AS JSON option can be specified only for column of nvarchar(max) type in WITH clause."
    ),
    40510: ErrorText(16, "The embedded engine could not run this: {}"),
}
"""Severity and wording; ``{}`` stands for what the error names."""


def error(number: int, *named: object, at: Position) -> SqlError:
    """An error found while a query is compiled.

    Examples
    --------
    >>> print(error(207, "x", at=Position(3, 1)))
    Msg 207, Level 16, State 1, Line 3
    Invalid column name 'x'.
    """
    severity, text = ERRORS.get(number) or messages.ERRORS[number]
    return SqlError(number, text.format(*named), severity=severity, line=at.line)


def failure(number: int, *named: str | Sql) -> str:
    """DuckDB SQL that raises an error when it is reached; what is SQL names a value.

    Examples
    --------
    >>> print(failure(8114, Sql("x"), "int"))
    error('8114|Error converting data type ' || x || ' to int.')
    """
    text = (ERRORS.get(number) or messages.ERRORS[number]).text
    first, *rest = text.split("{}")
    pieces = [first]
    for part, after in zip(named, rest, strict=True):
        pieces += [part, after]
    return raising(number, *pieces)


def refuse(what: str, reason: str, at: Position) -> Refusal:
    """T-SQL that the engine leaves out, with its place."""
    return Refusal(what, reason, line=at.line, column=at.column)


def unsupported(*what: str | Sql, because: str) -> str:
    """DuckDB SQL that refuses a value when it is met."""
    return raising(40510, *what, f" is not supported by the embedded engine: {because}.")
