/* What an instance needs once; may be run again. sqlcmd passes the database's name. */
IF NOT EXISTS (
    SELECT 1
    FROM sys.configurations AS c
    WHERE c.name = N'external scripts enabled' AND c.value_in_use = 1
)
BEGIN
    EXEC sp_configure N'external scripts enabled', 1;
    RECONFIGURE WITH OVERRIDE;
END;
GO

DECLARE @create nvarchar(300) = CONCAT(N'CREATE DATABASE ', QUOTENAME(N'$(DATABASE_NAME)'));

IF DB_ID(N'$(DATABASE_NAME)') IS NULL
    EXEC (@create);
GO
