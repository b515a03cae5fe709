/* The schema that holds everything of procluster. */
IF SCHEMA_ID(N'seg') IS NULL
    EXEC (N'CREATE SCHEMA seg AUTHORIZATION dbo;');
