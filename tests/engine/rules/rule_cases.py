"""One case at least for every entry of the engine's registries: a batch, and SQL Server's result.

The values are those of Microsoft's pages; docs/embedded-engine.md shows them beside each entry.
"""

from __future__ import annotations

TABLES = """
CREATE TABLE dbo.parent (k nvarchar(5) NOT NULL CONSTRAINT pk_parent PRIMARY KEY);
CREATE TABLE dbo.child (
    id int IDENTITY(10, 5) NOT NULL, k nvarchar(5) NULL CONSTRAINT fk_child REFERENCES dbo.parent,
    n int NULL CONSTRAINT ck_n CHECK (n > 0), s nvarchar(3) NOT NULL CONSTRAINT df_s DEFAULT N'd');
INSERT INTO dbo.parent VALUES (N'a'), (N'b');
INSERT INTO dbo.child (k, n) VALUES (N'a', 1), (N'A ', 2);
CREATE ROLE reader;
EXEC (N'CREATE SCHEMA s');
EXEC (N'CREATE PROCEDURE dbo.p @a int, @b int = 5 OUTPUT AS SET @b = @a * 2; RETURN 7');
EXEC (N'CREATE PROCEDURE dbo.q AS SELECT 1, NULL');
EXEC (N'CREATE VIEW dbo.v AS SELECT k FROM dbo.parent');
EXEC (N'CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN (SELECT @x + 1 AS y)');
CREATE UNIQUE INDEX ux ON dbo.child (n) WHERE n > 1;
"""
"""What the cases find; a session of its own for each."""

FUNCTIONS = {
    "ABS": ("ABS(-2.5)", "2.5"),
    "CEILING": ("CEILING(-2.1)", "-2"),
    "CHAR": ("CHAR(65)", "A"),
    "CHARINDEX": ("CHARINDEX('B', 'abcb', 3)", "4"),
    "COALESCE": ("COALESCE(NULL, 'b', 'c')", "b"),
    "CONCAT": ("CONCAT('a', NULL, 1, 2.50)", "a12.50"),
    "CONCAT_WS": ("CONCAT_WS(', ', 'a', NULL, 'b')", "a, b"),
    "CURRENT_TIMESTAMP": ("IIF(CURRENT_TIMESTAMP > '2024-01-01', 1, 0)", "1"),
    "DATALENGTH": ("DATALENGTH(N'ab ')", "6"),
    "DATEADD": ("CONVERT(char(10), DATEADD(month, 1, CAST('2024-01-31' AS date)), 23)",
                "2024-02-29"),
    "DATEDIFF": ("DATEDIFF(year, '2023-12-31', '2024-01-01')", "1"),
    "DATEFROMPARTS": ("DATEFROMPARTS(2024, 2, 29)", "2024-02-29"),
    "DATEPART": ("DATEPART(weekday, '2024-01-07')", "1"),
    "DAY": ("DAY('2024-05-06')", "6"),
    "EOMONTH": ("EOMONTH('2024-02-03')", "2024-02-29"),
    "EXP": ("EXP(0)", "1.0"),
    "FLOOR": ("FLOOR(-2.1)", "-3"),
    "GETDATE": ("IIF(GETDATE() > '2024-01-01', 1, 0)", "1"),
    "GETUTCDATE": ("IIF(GETUTCDATE() > '2024-01-01', 1, 0)", "1"),
    "ISJSON": ("ISJSON('[1]')", "1"),
    "ISNULL": ("ISNULL(CAST(NULL AS varchar(2)), 'cdef')", "cd"),
    "JSON_QUERY": ("""JSON_QUERY('{"a": {"b":1}}', '$.a')""", '{"b":1}'),
    "JSON_VALUE": ("""JSON_VALUE('{"a": {"b": [1, "x"]}}', '$.a.b[1]')""", "x"),
    "LEFT": ("LEFT('abc', 2)", "ab"),
    "LEN": ("LEN('ab  ')", "2"),
    "LOG": ("LOG(8, 2)", "3.0"),
    "LOWER": ("LOWER('AÉ')", "aé"),
    "LTRIM": ("LTRIM('  a ')", "a "),
    "MONTH": ("MONTH('2024-05-06')", "5"),
    "NCHAR": ("NCHAR(233)", "é"),
    "NULLIF": ("NULLIF('a', 'A ')", "None"),
    "PI": ("ROUND(PI(), 5)", "3.14159"),
    "POWER": ("POWER(2, -1)", "0"),
    "QUOTENAME": ("QUOTENAME('a]b')", "[a]]b]"),
    "REPLACE": ("REPLACE('aXbx', 'x', '-')", "a-b-"),
    "REPLICATE": ("REPLICATE('ab', 3)", "ababab"),
    "REVERSE": ("REVERSE('abc')", "cba"),
    "RIGHT": ("RIGHT('abc', 2)", "bc"),
    "ROUND": ("ROUND(-2.5, 0)", "-3.0"),
    "RTRIM": ("RTRIM('  a ')", "  a"),
    "SIGN": ("SIGN(-2.5)", "-1.0"),
    "SQRT": ("SQRT(9)", "3.0"),
    "SQUARE": ("SQUARE(3)", "9.0"),
    "SUBSTRING": ("SUBSTRING('abcdef', 0, 3)", "ab"),
    "SYSDATETIME": ("IIF(SYSDATETIME() > '2024-01-01', 1, 0)", "1"),
    "SYSUTCDATETIME": ("IIF(SYSUTCDATETIME() > '2024-01-01', 1, 0)", "1"),
    "TRIM": ("TRIM('  a ')", "a"),
    "UPPER": ("UPPER('aé')", "AÉ"),
    "YEAR": ("YEAR('2024-05-06')", "2024"),
}  # fmt: skip
"""Expression and value, by scalar function."""

ROWS = "(VALUES (1, 10.0), (2, 20.0), (4, NULL)) AS v(a, b)"
AGGREGATES = {
    "AVG": ("AVG(a)", "2"),
    "COUNT": ("COUNT(b)", "2"),
    "COUNT_BIG": ("COUNT_BIG(*)", "3"),
    "DENSE_RANK": ("MAX(r) FROM (SELECT DENSE_RANK() OVER (ORDER BY a % 2) AS r", "2"),
    "FIRST_VALUE": ("MAX(r) FROM (SELECT FIRST_VALUE(a) OVER (ORDER BY a DESC) AS r", "4"),
    "LAG": ("MAX(r) FROM (SELECT LAG(a) OVER (ORDER BY a) AS r", "2"),
    "LAST_VALUE": ("MIN(r) FROM (SELECT LAST_VALUE(a) OVER (ORDER BY a) AS r", "1"),
    "LEAD": ("MIN(r) FROM (SELECT LEAD(a, 1, 0) OVER (ORDER BY a) AS r", "0"),
    "MAX": ("MAX(b)", "20.0"),
    "MIN": ("MIN(b)", "10.0"),
    "NTILE": ("MAX(r) FROM (SELECT NTILE(2) OVER (ORDER BY a) AS r", "2"),
    "PERCENTILE_CONT": (
        "MAX(r) FROM (SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b) OVER () AS r", "15.0"),
    "PERCENTILE_DISC": (
        "MAX(r) FROM (SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY a) OVER () AS r", "2"),
    "RANK": ("MAX(r) FROM (SELECT RANK() OVER (ORDER BY a % 2) AS r", "3"),
    "ROW_NUMBER": ("MAX(r) FROM (SELECT ROW_NUMBER() OVER (ORDER BY a) AS r", "3"),
    "STDEV": ("ROUND(STDEV(a), 4)", "1.5275"),
    "STDEVP": ("ROUND(STDEVP(a), 4)", "1.2472"),
    "STRING_AGG": ("STRING_AGG(a, '-') WITHIN GROUP (ORDER BY a DESC)", "4-2-1"),
    "SUM": ("SUM(b)", "30.0"),
    "VAR": ("ROUND(VAR(a), 4)", "2.3333"),
    "VARP": ("ROUND(VARP(a), 4)", "1.5556"),
}  # fmt: skip
"""Expression over ROWS and value, by aggregate or window function."""

SESSION = {
    "@@ERROR": ("SELECT 1 / 0; SELECT @@ERROR", "8134"),
    "@@IDENTITY": ("INSERT INTO dbo.child (n) VALUES (3); SELECT @@IDENTITY", "20"),
    "@@NESTLEVEL": ("EXEC (N'SELECT @@NESTLEVEL')", "1"),
    "@@PROCID": ("SELECT @@PROCID", "0"),
    "@@ROWCOUNT": ("SELECT k INTO #k FROM dbo.parent; SELECT @@ROWCOUNT", "2"),
    "@@SERVERNAME": ("SELECT @@SERVERNAME", "embedded"),
    "@@SPID": ("SELECT IIF(@@SPID > 50, 1, 0)", "1"),
    "@@TRANCOUNT": ("BEGIN TRAN; BEGIN TRAN; SELECT @@TRANCOUNT", "2"),
    "@@VERSION": ("SELECT LEFT(@@VERSION, 26)", "procluster embedded engine"),
    "APPLOCK_MODE": (
        ("EXEC sp_getapplock @Resource = N'r', @LockMode = N'Shared', @LockOwner = N'Session'; "
        "SELECT APPLOCK_MODE(N'public', N'r', N'Session')"), "Shared"),
    "COL_LENGTH": ("SELECT COL_LENGTH('dbo.parent', 'k')", "10"),
    "CURRENT_USER": ("SELECT CURRENT_USER", "dbo"),
    "DATABASEPROPERTYEX": ("SELECT DATABASEPROPERTYEX(DB_NAME(), 'Status')", "ONLINE"),
    "DATABASE_PRINCIPAL_ID": ("SELECT DATABASE_PRINCIPAL_ID(N'public')", "0"),
    "DB_ID": ("SELECT DB_ID(N'nowhere')", "None"),
    "DB_NAME": ("SELECT DB_NAME()", "procluster"),
    "ERROR_LINE": ("BEGIN TRY\nSELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_LINE() END CATCH",
                   "2"),
    "ERROR_MESSAGE": ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_MESSAGE() END CATCH",
                      "Divide by zero error encountered."),
    "ERROR_NUMBER": ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH",
                     "8134"),
    "ERROR_PROCEDURE": (("BEGIN TRY EXEC dbo.p END TRY BEGIN CATCH SELECT ERROR_PROCEDURE() "
                        "END CATCH"), "dbo.p"),
    "ERROR_SEVERITY": (("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_SEVERITY() "
                       "END CATCH"), "16"),
    "ERROR_STATE": (("BEGIN TRY THROW 50001, N'm', 9 END TRY BEGIN CATCH SELECT ERROR_STATE() "
                    "END CATCH"), "9"),
    "HAS_PERMS_BY_NAME": ("SELECT HAS_PERMS_BY_NAME(N'dbo.parent', N'OBJECT', N'SELECT')", "1"),
    "HOST_NAME": ("SELECT IIF(LEN(HOST_NAME()) > 0, 1, 0)", "1"),
    "OBJECT_DEFINITION": ("SELECT OBJECT_DEFINITION(OBJECT_ID(N'dbo.v'))",
                          "CREATE VIEW dbo.v AS SELECT k FROM dbo.parent"),
    "OBJECT_ID": ("SELECT OBJECT_ID(N'dbo.parent', N'P')", "None"),
    "OBJECT_NAME": ("SELECT OBJECT_NAME(OBJECT_ID(N'dbo.parent'))", "parent"),
    "OBJECT_SCHEMA_NAME": ("SELECT OBJECT_SCHEMA_NAME(OBJECT_ID(N'parent'))", "dbo"),
    "ORIGINAL_LOGIN": ("SELECT IIF(ORIGINAL_LOGIN() = SUSER_SNAME(), 1, 0)", "1"),
    "SCHEMA_ID": ("SELECT SCHEMA_ID(N'dbo')", "1"),
    "SCHEMA_NAME": ("SELECT SCHEMA_NAME(4)", "sys"),
    "SCOPE_IDENTITY": ("INSERT INTO dbo.child (n) VALUES (3); SELECT SCOPE_IDENTITY()", "20"),
    "SERVERPROPERTY": ("SELECT SERVERPROPERTY('ProductMajorVersion')", "16"),
    "SESSION_USER": ("SELECT SESSION_USER", "dbo"),
    "SUSER_SNAME": ("SELECT IIF(LEN(SUSER_SNAME()) > 0, 1, 0)", "1"),
    "SYSTEM_USER": ("SELECT IIF(SYSTEM_USER = SUSER_SNAME(), 1, 0)", "1"),
    "USER": ("SELECT USER", "dbo"),
    "USER_NAME": ("SELECT USER_NAME(0)", "public"),
    "XACT_STATE": (("SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY THROW 50001, N'm', 1 END TRY "
                   "BEGIN CATCH SELECT XACT_STATE() END CATCH"), "-1"),
}  # fmt: skip
"""Batch and the first value of its last result set, by session function and @@variable."""

VIEWS = {
    "information_schema.tables": (
        "SELECT TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = N'v'", "VIEW"),
    "sys.check_constraints": ("SELECT definition FROM sys.check_constraints", "(n > 0)"),
    "sys.columns": ("SELECT max_length FROM sys.columns WHERE object_id = OBJECT_ID(N'parent')",
                    "10"),
    "sys.configurations": (("SELECT value_in_use FROM sys.configurations WHERE name = "
                           "N'external scripts enabled'"), "1"),
    "sys.database_permissions": (
        "GRANT SELECT ON dbo.parent TO reader; SELECT state_desc FROM sys.database_permissions",
        "GRANT"),
    "sys.database_principals": (
        "SELECT type_desc FROM sys.database_principals WHERE name = N'reader'", "DATABASE_ROLE"),
    "sys.database_role_members": (
        ("ALTER ROLE reader ADD MEMBER dbo; SELECT member_principal_id FROM "
        "sys.database_role_members"), "1"),
    "sys.databases": ("SELECT compatibility_level FROM sys.databases", "160"),
    "sys.default_constraints": ("SELECT definition FROM sys.default_constraints", "(N'd')"),
    "sys.foreign_keys": (("SELECT OBJECT_NAME(1) FROM sys.foreign_keys WHERE "
                         "referenced_object_id = OBJECT_ID(N'parent')"), "None"),
    "sys.index_columns": ("SELECT COUNT(*) FROM sys.index_columns WHERE index_id = 1", "1"),
    "sys.indexes": ("SELECT type_desc FROM sys.indexes WHERE object_id = OBJECT_ID(N'parent')",
                    "CLUSTERED"),
    "sys.key_constraints": ("SELECT name FROM sys.key_constraints", "pk_parent"),
    "sys.objects": ("SELECT type FROM sys.objects WHERE name = N'f'", "IF"),
    "sys.parameters": ("SELECT name FROM sys.parameters WHERE is_output = 1", "@b"),
    "sys.procedures": ("SELECT COUNT(*) FROM sys.procedures", "2"),
    "sys.schemas": ("SELECT schema_id FROM sys.schemas WHERE name = N'dbo'", "1"),
    "sys.sql_modules": (("SELECT definition FROM sys.sql_modules WHERE object_id = "
                        "OBJECT_ID(N'dbo.q')"), "CREATE PROCEDURE dbo.q AS SELECT 1, NULL"),
    "sys.tables": ("SELECT COUNT(*) FROM sys.tables", "2"),
    "sys.types": ("SELECT system_type_id FROM sys.types WHERE name = N'nvarchar'", "231"),
    "sys.views": ("SELECT name FROM sys.views", "v"),
}  # fmt: skip
"""Batch and first value of its last result set, by catalog view."""

PROCEDURES = {
    "sp_datatype_info": ("EXEC sp_datatype_info 4", "int"),
    "sp_datatype_info_100": ("EXEC sp_datatype_info_100 -5", "bigint"),
    "sp_describe_undeclared_parameters": (
        "EXEC sp_describe_undeclared_parameters N'SELECT k FROM dbo.parent WHERE k = @x'", "1"),
    "sp_execute": (("DECLARE @h int; EXEC sp_prepare @h OUTPUT, N'@x int', N'SELECT @x + 1'; "
                   "EXEC sp_execute @h, 4"), "5"),
    "sp_execute_external_script": (
        ("DECLARE @n int; EXEC sp_execute_external_script @language = N'Python', "
        "@script = N'n = m * 2', @params = N'@m int, @n int OUTPUT', @m = 4, @n = @n OUTPUT; "
        "SELECT @n"), "8"),
    "sp_executesql": ("EXEC sp_executesql N'SELECT @x + 1', N'@x int', @x = 4", "5"),
    "sp_getapplock": ("DECLARE @r int; EXEC @r = sp_getapplock N'r', N'Exclusive'; SELECT @r",
                      "-999"),
    "sp_prepare": ("DECLARE @h int; EXEC sp_prepare @h OUTPUT, N'', N'SELECT 1'; SELECT @h", "1"),
    "sp_prepexec": ("DECLARE @h int; EXEC sp_prepexec @h OUTPUT, N'@x int', N'SELECT @x', 3", "3"),
    "sp_releaseapplock": (
        ("DECLARE @r int; EXEC sp_getapplock N'r', N'Exclusive', N'Session'; "
        "EXEC @r = sp_releaseapplock N'r', N'Session'; SELECT @r"), "0"),
    "sp_unprepare": (("DECLARE @h int, @r int; EXEC sp_prepare @h OUTPUT, N'', N'SELECT 1'; "
                     "EXEC @r = sp_unprepare @h; SELECT @r"), "0"),
}  # fmt: skip
"""Batch and first value of its last result set, by system procedure."""

STATEMENTS = {
    "AlterTable": ("ALTER TABLE dbo.parent ADD z int NOT NULL DEFAULT 4; SELECT z FROM dbo.parent",
                   "4"),
    "Block": ("BEGIN SELECT 1; SELECT 2 END", "2"),
    "CreateIndex": (("CREATE INDEX ix ON dbo.child (k DESC) INCLUDE (s); SELECT COUNT(*) FROM "
                    "sys.indexes WHERE name = N'ix'"), "1"),
    "CreateModule": ("EXEC (N'CREATE OR ALTER VIEW dbo.v AS SELECT 3 AS k'); SELECT k FROM dbo.v",
                     "3"),
    "CreateName": ("CREATE ROLE r; SELECT COUNT(*) FROM sys.database_principals WHERE name = 'R'",
                   "1"),
    "CreateTable": ("CREATE TABLE #t (a int NOT NULL PRIMARY KEY); SELECT COUNT(*) FROM #t", "0"),
    "Declare": ("IF 1 = 0 DECLARE @a int = 5; SELECT @a", "None"),
    "Delete": (("DELETE c FROM dbo.child AS c JOIN dbo.parent AS p ON p.k = c.k; "
               "SELECT @@ROWCOUNT"), "2"),
    "Drop": ("DROP TABLE IF EXISTS dbo.child, #no; SELECT OBJECT_ID(N'dbo.child')", "None"),
    "Execute": ("DECLARE @b int, @s int; EXEC @s = dbo.p 4, @b = @b OUTPUT; SELECT @s * 100 + @b",
                "708"),
    "ExecuteText": ("EXEC (N'SELECT 1' + N' + 1')", "2"),
    "If": ("IF NULL = NULL SELECT 1 ELSE SELECT 2", "2"),
    "Insert": ("INSERT INTO dbo.parent EXEC (N'SELECT N''c'''); SELECT @@ROWCOUNT", "1"),
    "Jump": (("DECLARE @i int = 0; WHILE 1 = 1 BEGIN SET @i += 1; IF @i < 3 CONTINUE; BREAK END; "
             "SELECT @i"), "3"),
    "Permission": (("DENY EXECUTE ON dbo.p TO reader; SELECT permission_name FROM "
                   "sys.database_permissions"), "EXECUTE"),
    "Print": ("PRINT N'x'; SELECT @@ROWCOUNT", "0"),
    "Query": ("WITH c AS (SELECT 7 / 2 AS x) SELECT x FROM c", "3"),
    "RaiseError": ("RAISERROR(N'%s is %d', 10, 1, N'a', 5) WITH NOWAIT; SELECT @@ERROR", "0"),
    "Return": ("DECLARE @s int; EXEC @s = dbo.p 1; SELECT @s", "7"),
    "RoleMember": (("ALTER ROLE reader ADD MEMBER dbo; ALTER ROLE reader DROP MEMBER dbo; "
                   "SELECT COUNT(*) FROM sys.database_role_members"), "0"),
    "SetOption": ("SET XACT_ABORT, NOCOUNT ON; SELECT 1", "1"),
    "SetVariable": ("DECLARE @a int = 3; SET @a += 4; SELECT @a", "7"),
    "Throw": ("BEGIN TRY THROW 50009, N'm', 2 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH",
              "50009"),
    "Transaction": (("BEGIN TRAN a; DELETE FROM dbo.child; ROLLBACK TRAN a; "
                     "SELECT COUNT(*) FROM dbo.child"),
                    "2"),
    "Truncate": (("TRUNCATE TABLE dbo.child; INSERT INTO dbo.child (n) VALUES (9); "
                 "SELECT id FROM dbo.child"), "10"),
    "TryCatch": (("BEGIN TRY EXEC (N'SELECT * FROM nowhere') END TRY "
                 "BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"), "208"),
    "Update": (("UPDATE c SET n += 10 FROM dbo.child AS c WHERE k = N'A'; "
               "SELECT MIN(n) FROM dbo.child"), "11"),
    "While": ("DECLARE @i int = 0; WHILE @i < 3 SET @i += 1; SELECT @i", "3"),
}  # fmt: skip
"""Batch and first value of its last result set, by statement."""

TYPES = {
    "bigint": ("bigint", "'+9223372036854775807'", "9223372036854775807"),
    "binary": ("binary(4)", "0x0A0B", r"b'\n\x0b\x00\x00'"),
    "bit": ("bit", "'TRUE'", "True"),
    "char": ("char(3)", "'a'", "a  "),
    "date": ("date", "'20240229 13:14'", "2024-02-29"),
    "datetime": ("datetime", "'2024-02-29T13:14:15.125'", "2024-02-29 13:14:15.127000"),
    "datetime2": ("datetime2(1)", "'20240229 13:14:15.16'", "2024-02-29 13:14:15.200000"),
    "decimal": ("decimal(5, 2)", "2.345", "2.35"),
    "float": ("float", "'1e3'", "1000.0"),
    "int": ("integer", "-2.7", "-2"),
    "money": ("money", "1.23456", "1.2346"),
    "nchar": ("nchar(3)", "N'ab'", "ab "),
    "nvarchar": ("nvarchar(3)", "N'abcd'", "abc"),
    "real": ("float(24)", "0.5", "0.5"),
    "smalldatetime": ("smalldatetime", "'20240229 13:14:30'", "2024-02-29 13:15:00"),
    "smallint": ("smallint", "' -7 '", "-7"),
    "timestamp": ("rowversion", "0x07D1", r"b'\x07\xd1\x00\x00\x00\x00\x00\x00'"),
    "tinyint": ("tinyint", "2.7e0", "2"),
    "uniqueidentifier": ("uniqueidentifier", "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
                         "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    "varbinary": ("varbinary(1)", "0x0A0B", r"b'\n'"),
    "varchar": ("varchar(30)", "1234567e0", "1.23457e+006"),
}  # fmt: skip
"""A declaration, what is assigned, and the value it then has, by type."""
