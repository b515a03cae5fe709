"""Error numbers and their texts, as in sys.messages: the one place where each is worded."""

from __future__ import annotations

from typing import NamedTuple

from procluster.errors import SqlError

__all__ = ["BATCH_ABORTING", "ERRORS", "FATAL", "SCOPE_ABORTING", "sql_error"]


class ErrorText(NamedTuple):
    """Severity and wording; ``{}`` stands for what the error names."""

    severity: int
    text: str


ERRORS: dict[int, ErrorText] = {
    109: ErrorText(
        15,
        "There are more columns in the INSERT statement than values specified in the VALUES "
        "clause. The number of values in the VALUES clause must match the number of columns "
        "specified in the INSERT statement.",
    ),
    110: ErrorText(
        15,
        "There are fewer columns in the INSERT statement than values specified in the VALUES "
        "clause. The number of values in the VALUES clause must match the number of columns "
        "specified in the INSERT statement.",
    ),
    120: ErrorText(
        15,
        "The select list for the INSERT statement contains fewer items than the insert list. The "
        "number of SELECT values must match the number of INSERT columns.",
    ),
    121: ErrorText(
        15,
        "The select list for the INSERT statement contains more items than the insert list. The "
        "number of SELECT values must match the number of INSERT columns.",
    ),
    134: ErrorText(
        15,
        "The variable name '{}' has already been declared. Variable names must be unique within "
        "a query batch or stored procedure.",
    ),
    137: ErrorText(15, 'Must declare the scalar variable "{}".'),
    178: ErrorText(15, "A RETURN statement with a return value cannot be used in this context."),
    195: ErrorText(15, "'{}' is not a recognized {}."),
    201: ErrorText(
        16, "Procedure or function '{}' expects parameter '{}', which was not supplied."
    ),
    207: ErrorText(16, "Invalid column name '{}'."),
    208: ErrorText(16, "Invalid object name '{}'."),
    213: ErrorText(16, "Column name or number of supplied values does not match table definition."),
    214: ErrorText(16, "Procedure expects parameter '{}' of type 'ntext/nchar/nvarchar'."),
    217: ErrorText(
        16,
        "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
    ),
    264: ErrorText(
        16,
        "The column name '{}' is specified more than once in the SET clause or column list of an "
        "INSERT. A column cannot be assigned more than one value in the same clause.",
    ),
    266: ErrorText(
        16,
        "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT "
        "statements. Previous count = {}, current count = {}.",
    ),
    515: ErrorText(
        16,
        "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. "
        "{} fails.",
    ),
    544: ErrorText(
        16,
        "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is "
        "set to OFF.",
    ),
    596: ErrorText(
        21,
        "Cannot continue the execution because the session is in the kill state. The database "
        "was opened anew after an error of the disk; this session's open transaction and temp "
        "tables are gone. The next batch runs.",
    ),
    547: ErrorText(
        16,
        'The {} statement conflicted with the {} constraint "{}". The conflict occurred in '
        'database "{}", table "{}"{}.',
    ),
    1087: ErrorText(15, 'Must declare the table variable "{}".'),
    1205: ErrorText(
        13,
        "Transaction (Process ID {}) was deadlocked on lock resources with another process and "
        "has been chosen as the deadlock victim. Rerun the transaction.",
    ),
    1222: ErrorText(16, "Lock request time out period exceeded."),
    1505: ErrorText(
        16,
        "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the "
        "object name '{}' and the index name '{}'.",
    ),
    1767: ErrorText(16, "Foreign key '{}' references invalid table '{}'."),
    1776: ErrorText(
        16,
        "There are no primary or candidate keys in the referenced table '{}' that match the "
        "referencing column list in the foreign key '{}'.",
    ),
    1911: ErrorText(16, "Column name '{}' does not exist in the target table or view."),
    1913: ErrorText(
        16,
        "The operation failed because an index or statistics with name '{}' already exists on "
        "table '{}'.",
    ),
    2601: ErrorText(
        14,
        "Cannot insert duplicate key row in object '{}' with unique index '{}'. The duplicate "
        "key value is ({}).",
    ),
    2627: ErrorText(
        14,
        "Violation of {} constraint '{}'. Cannot insert duplicate key in object '{}'. The "
        "duplicate key value is ({}).",
    ),
    2628: ErrorText(
        16,
        "String or binary data would be truncated in table '{}', column '{}'. Truncated value: "
        "'{}'.",
    ),
    2705: ErrorText(
        16,
        "Column names in each table must be unique. Column name '{}' in table '{}' is specified "
        "more than once.",
    ),
    2714: ErrorText(16, "There is already an object named '{}' in the database."),
    2732: ErrorText(
        16,
        "Error number {} is invalid. The number must be from 13000 through "
        "2147483647 and it cannot be 50000.",
    ),
    2754: ErrorText(
        16,
        "Error severity levels greater than 18 can only be specified by members of the sysadmin "
        "role, using the WITH LOG option.",
    ),
    2760: ErrorText(
        16,
        'The specified schema name "{}" either does not exist or you do not have permission to '
        "use it.",
    ),
    2786: ErrorText(
        16,
        "The data type of substitution parameter {} does not match the expected type of the "
        "format specification.",
    ),
    2787: ErrorText(16, "Invalid format specification: '{}'."),
    2812: ErrorText(16, "Could not find stored procedure '{}'."),
    3701: ErrorText(
        11,
        "Cannot {} the {} '{}', because it does not exist or you do not have permission.",
    ),
    3726: ErrorText(
        16, "Could not drop object '{}' because it is referenced by a FOREIGN KEY constraint."
    ),
    3728: ErrorText(16, "'{}' is not a constraint."),
    3729: ErrorText(16, "Cannot drop schema '{}' because it is being referenced by object '{}'."),
    3902: ErrorText(16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3903: ErrorText(16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3915: ErrorText(16, "Cannot use the ROLLBACK statement within an INSERT-EXEC statement."),
    3916: ErrorText(
        16,
        "Cannot use the COMMIT statement within an INSERT-EXEC statement unless BEGIN "
        "TRANSACTION is used first.",
    ),
    3930: ErrorText(
        16,
        "The current transaction cannot be committed and cannot support operations that write to "
        "the log file. Roll back the transaction.",
    ),
    3998: ErrorText(
        16,
        "Uncommittable transaction is detected at the end of the batch. The transaction is "
        "rolled back.",
    ),
    4701: ErrorText(
        16,
        'Cannot find the object "{}" because it does not exist or you do not have permissions.',
    ),
    4712: ErrorText(
        16,
        "Cannot truncate table '{}' because it is being referenced by a FOREIGN KEY constraint.",
    ),
    4901: ErrorText(
        16,
        "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT "
        "definition specified, or the column being added is an identity or timestamp column, or "
        "alternatively if none of the previous conditions are satisfied the table must be empty "
        "to allow addition of this column. Column '{}' cannot be added to non-empty table '{}' "
        "because it does not satisfy these conditions.",
    ),
    4902: ErrorText(
        16,
        'Cannot find the object "{}" because it does not exist or you do not have permissions.',
    ),
    4922: ErrorText(
        16, "ALTER TABLE DROP COLUMN {} failed because one or more objects access this column."
    ),
    4923: ErrorText(
        16,
        "ALTER TABLE DROP COLUMN failed because '{}' is the only data column in table '{}'. A "
        "table must have at least one data column.",
    ),
    4924: ErrorText(
        16, "ALTER TABLE DROP COLUMN failed because column '{}' does not exist in table '{}'."
    ),
    6401: ErrorText(16, "Cannot roll back {}. No transaction or savepoint of that name was found."),
    8101: ErrorText(
        16,
        "An explicit value for the identity column in table '{}' can only be specified when a "
        "column list is used and IDENTITY_INSERT is ON.",
    ),
    8102: ErrorText(16, "Cannot update identity column '{}'."),
    8110: ErrorText(16, "Cannot add multiple PRIMARY KEY constraints to table '{}'."),
    8111: ErrorText(16, "Cannot define PRIMARY KEY constraint on nullable column in table '{}'."),
    8115: ErrorText(16, "Arithmetic overflow error converting {} to data type {}."),
    8143: ErrorText(16, "Parameter '{}' was supplied multiple times."),
    8144: ErrorText(16, "Procedure or function {} has too many arguments specified."),
    8145: ErrorText(16, "{} is not a parameter for procedure {}."),
    8146: ErrorText(16, "Procedure {} has no parameters and arguments were supplied."),
    8162: ErrorText(
        16,
        'The formal parameter "{}" was not declared as an OUTPUT parameter, but the actual '
        "parameter passed in requested output.",
    ),
    8164: ErrorText(16, "An INSERT EXEC statement cannot be nested."),
    4060: ErrorText(11, 'Cannot open database "{}" requested by the login. The login failed.'),
    8178: ErrorText(
        16,
        "The parameterized query '{}' expects the parameter '{}', which was not supplied.",
    ),
    8179: ErrorText(16, "Could not find prepared statement with handle {}."),
    8180: ErrorText(16, "Statement(s) could not be prepared."),
    11502: ErrorText(16, "The type for parameter '{}' cannot be deduced in this context."),
    18456: ErrorText(14, "Login failed for user '{}'."),
    8631: ErrorText(
        17,
        "Internal error: Server stack limit has been reached. Please look for potentially deep "
        "nesting in your query, and try to simplify it.",
    ),
    10704: ErrorText(
        15,
        "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the "
        "THROW statement inside a CATCH block, or add error parameters to the THROW statement.",
    ),
    11536: ErrorText(
        16,
        "EXECUTE statement failed because its WITH RESULT SETS clause specified {} result "
        "set(s), but the statement only sent {} result set(s) at run time.",
    ),
    11535: ErrorText(
        16,
        "EXECUTE statement failed because its WITH RESULT SETS clause specified {} result "
        "set(s), and the statement tried to send more result sets than this.",
    ),
    11537: ErrorText(
        16,
        "EXECUTE statement failed because its WITH RESULT SETS clause specified {} column(s) for "
        "result set number {}, but the statement sent {} column(s) at run time.",
    ),
    11553: ErrorText(
        16,
        "EXECUTE statement failed because its WITH RESULT SETS clause specified a non-nullable "
        "type for column #{} in result set #{}, and the corresponding value sent at run time was "
        "null.",
    ),
    15123: ErrorText(
        16, "The configuration option '{}' does not exist, or it may be an advanced option."
    ),
    15023: ErrorText(16, "User, group, or role '{}' already exists in the current database."),
    15151: ErrorText(
        16, "Cannot {} the {} '{}', because it does not exist or you do not have permission."
    ),
    1223: ErrorText(
        16,
        "Cannot release the application lock (Database Principal: '{}', Resource: '{}') because "
        "it is not currently held.",
    ),
    35100: ErrorText(
        16,
        "Error number {} in the THROW statement is outside the valid range. Specify an error "
        "number in the valid range of 50000 to 2147483647.",
    ),
    50000: ErrorText(16, "{}"),
}

SCOPE_ABORTING = frozenset((207, 208, 209, 213, 1087, 4104, 8155, 8156))
"""Errors of name resolution end their procedure or batch; a TRY of the same level misses them."""

BATCH_ABORTING = frozenset((217, 1205, 241, 242, 244, 245, 248, 295, 8114, 40510))
"""Errors that end the batch and roll back, whatever XACT_ABORT says: conversions and nesting."""

FATAL = 20
"""Severity from which on an error ends the session; no CATCH gets it."""


def sql_error(number: int, *names: object, state: int = 1, line: int = 0) -> SqlError:
    """Make an error of :data:`ERRORS`.

    Examples
    --------
    >>> sql_error(208, "dbo.t").message
    "Invalid object name 'dbo.t'."
    """
    severity, text = ERRORS[number]
    return SqlError(number, text.format(*names), severity=severity, state=state, line=line)
