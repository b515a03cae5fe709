"""The registry of built-in functions: everything here is run, everything else is refused."""

from __future__ import annotations

from procluster.local.translate import (
    json_functions,
    logic_functions,
    math_functions,
    text_functions,
    time_functions,
)
from procluster.local.translate.aggregates import AGGREGATES, WINDOWS
from procluster.local.translate.function import Function

__all__ = ["AGGREGATES", "FUNCTIONS", "LEFT_OUT", "SESSION", "WINDOWS", "usages"]

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *text_functions.FUNCTIONS,
        *math_functions.FUNCTIONS,
        *time_functions.FUNCTIONS,
        *json_functions.FUNCTIONS,
        *logic_functions.FUNCTIONS,
    )
}
"""Scalar functions; CAST, CONVERT, TRY_CAST, TRY_CONVERT and IIF have syntax of their own."""

SESSION: dict[str, tuple[int, int]] = {
    "APPLOCK_MODE": (3, 3),
    "APPLOCK_TEST": (4, 4),
    "APP_NAME": (0, 0),
    "COL_LENGTH": (2, 2),
    "CURRENT_USER": (0, 0),
    "DATABASEPROPERTYEX": (2, 2),
    "DATABASE_PRINCIPAL_ID": (0, 1),
    "DB_ID": (0, 1),
    "DB_NAME": (0, 1),
    "ERROR_LINE": (0, 0),
    "ERROR_MESSAGE": (0, 0),
    "ERROR_NUMBER": (0, 0),
    "ERROR_PROCEDURE": (0, 0),
    "ERROR_SEVERITY": (0, 0),
    "ERROR_STATE": (0, 0),
    "HAS_PERMS_BY_NAME": (3, 5),
    "HOST_NAME": (0, 0),
    "IDENT_CURRENT": (1, 1),
    "IS_MEMBER": (1, 1),
    "IS_ROLEMEMBER": (1, 2),
    "IS_SRVROLEMEMBER": (1, 2),
    "OBJECT_DEFINITION": (1, 1),
    "OBJECT_ID": (1, 2),
    "OBJECT_NAME": (1, 2),
    "OBJECT_SCHEMA_NAME": (1, 2),
    "OBJECTPROPERTY": (2, 2),
    "ORIGINAL_LOGIN": (0, 0),
    "SCHEMA_ID": (0, 1),
    "SCHEMA_NAME": (0, 1),
    "SCOPE_IDENTITY": (0, 0),
    "SERVERPROPERTY": (1, 1),
    "SESSION_CONTEXT": (1, 1),
    "SESSION_USER": (0, 0),
    "SUSER_NAME": (0, 1),
    "SUSER_SNAME": (0, 1),
    "SYSTEM_USER": (0, 0),
    "TYPE_ID": (1, 1),
    "TYPE_NAME": (1, 1),
    "USER": (0, 0),
    "USER_ID": (0, 1),
    "USER_NAME": (0, 1),
    "XACT_STATE": (0, 0),
}
"""Functions that the session answers, once a statement: least and most arguments."""

LEFT_OUT = frozenset(
    """
    ACOS APPROX_COUNT_DISTINCT APPROX_PERCENTILE_CONT APPROX_PERCENTILE_DISC ASIN
    ASSEMBLYPROPERTY ASYMKEY_ID BINARY_CHECKSUM BIT_COUNT CERTENCODED CERTPRIVATEKEY
    CERTPROPERTY CERT_ID CHECKSUM CHECKSUM_AGG COLLATIONPROPERTY COLUMNPROPERTY COLUMNS_UPDATED
    COL_NAME COMPRESS CONNECTIONPROPERTY CONTEXT_INFO COT CRYPT_GEN_RANDOM CURRENT_REQUEST_ID
    CURRENT_TIMEZONE CURSOR_STATUS DATETIME2FROMPARTS DATETIMEFROMPARTS DATETIMEOFFSETFROMPARTS
    DATETRUNC DATE_BUCKET DECOMPRESS DECRYPTBYKEY DECRYPTBYPASSPHRASE DEGREES DIFFERENCE
    ENCRYPTBYKEY ENCRYPTBYPASSPHRASE EVENTDATA FILEGROUPPROPERTY FILEGROUP_ID FILEGROUP_NAME
    FILEPROPERTY FILE_ID FILE_NAME FORMAT FORMATMESSAGE FULLTEXTCATALOGPROPERTY
    FULLTEXTSERVICEPROPERTY GENERATE_SERIES GETANSINULL GET_BIT GREATEST GROUPING GROUPING_ID
    HAS_DBACCESS HOST_ID IDENT_INCR IDENT_SEED INDEXKEY_PROPERTY INDEXPROPERTY INDEX_COL ISDATE
    ISNUMERIC IS_OBJECTSIGNED JSON_ARRAY JSON_ARRAYAGG JSON_MODIFY JSON_OBJECT JSON_OBJECTAGG
    JSON_PATH_EXISTS KEY_GUID KEY_ID KEY_NAME LEAST LEFT_SHIFT LOGINPROPERTY
    MIN_ACTIVE_ROWVERSION NEWSEQUENTIALID OBJECTPROPERTYEX ORIGINAL_DB_NAME PARSE PARSENAME
    PATINDEX PERMISSIONS PROGRAM_NAME PUBLISHINGSERVERNAME PWDCOMPARE PWDENCRYPT RADIANS RAND
    RIGHT_SHIFT ROWCOUNT_BIG SET_BIT SIGNBYASYMKEY SIGNBYCERT SMALLDATETIMEFROMPARTS SOUNDEX
    SQL_VARIANT_PROPERTY STATS_DATE STRING_ESCAPE SUSER_ID SUSER_SID SWITCHOFFSET
    SYSDATETIMEOFFSET TERTIARY_WEIGHTS TEXTPTR TEXTVALID TIMEFROMPARTS TODATETIMEOFFSET
    TRANSLATE TRIGGER_NESTLEVEL TRY_PARSE TYPEPROPERTY UNISTR UPDATE
    """.split()  # noqa: SIM905
)
"""Functions of SQL Server that are refused here; any other name is error 195."""


def usages() -> dict[str, str]:
    """One line for each function that is run, by name: the rule book's table."""
    found = {name: function.usage for name, function in FUNCTIONS.items()}
    found |= {name: entry.usage for name, entry in (AGGREGATES | WINDOWS).items()}
    found |= {name: f"{name}: answered by the session" for name in SESSION}
    return dict(sorted(found.items()))
