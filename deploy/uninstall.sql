SET ANSI_NULLS, QUOTED_IDENTIFIER ON;
GO

/*
Takes procluster out of the database this runs in: all of it in one transaction, or nothing.

The tables stay, with features, models, clusters, log and history, and so do the roles with their
members, unless @drop_data is 1. A SQL Server Agent job is not touched: remove it first.
*/
SET NOCOUNT, XACT_ABORT ON;

/* ================================================================================ */
/*  0 keeps the data.  1 drops the tables and the roles too; there is no way back.  */
DECLARE @drop_data bit = 0;
/* ================================================================================ */

DECLARE @members nvarchar(max);

BEGIN TRY
    BEGIN TRANSACTION;

    DROP PROCEDURE IF EXISTS dbo.py_generate_customer_return_clusters;
    DROP PROCEDURE IF EXISTS seg.help;
    DROP PROCEDURE IF EXISTS seg.check_environment;
    DROP PROCEDURE IF EXISTS seg.contacts;
    DROP PROCEDURE IF EXISTS seg.models;
    DROP PROCEDURE IF EXISTS seg.refresh;
    DROP PROCEDURE IF EXISTS seg.activate;
    DROP PROCEDURE IF EXISTS seg.profile;
    DROP PROCEDURE IF EXISTS seg.assign;
    DROP PROCEDURE IF EXISTS seg.train;
    DROP PROCEDURE IF EXISTS seg.choose_k;
    DROP PROCEDURE IF EXISTS seg.build_features;
    DROP PROCEDURE IF EXISTS seg.polish_centroids;
    DROP PROCEDURE IF EXISTS seg.sample_vectors;
    DROP PROCEDURE IF EXISTS seg.finish_run;
    DROP PROCEDURE IF EXISTS seg.start_run;
    DROP FUNCTION IF EXISTS seg.classify;
    DROP VIEW IF EXISTS seg.centroid;
    DROP FUNCTION IF EXISTS seg.model_centroid;
    DROP VIEW IF EXISTS seg.customer_feature_source;

    IF DATABASE_PRINCIPAL_ID(N'seg_operator') IS NOT NULL
        REVOKE EXECUTE ANY EXTERNAL SCRIPT FROM seg_operator;

    IF @drop_data = 1
    BEGIN
        DROP TABLE IF EXISTS seg.deployment_object;
        DROP TABLE IF EXISTS seg.deployment;
        DROP TABLE IF EXISTS seg.k_evaluation;
        DROP TABLE IF EXISTS seg.cluster_profile;
        DROP TABLE IF EXISTS seg.customer_cluster;
        DROP TABLE IF EXISTS seg.model_customer;
        DROP TABLE IF EXISTS seg.model;
        DROP TABLE IF EXISTS seg.customer_feature;
        DROP TABLE IF EXISTS seg.run;

        -- A role that has members cannot be dropped.
        SELECT @members = STRING_AGG(
            CAST(CONCAT(
                N'ALTER ROLE ', QUOTENAME(r.name), N' DROP MEMBER ', QUOTENAME(m.name), N';'
            ) AS nvarchar(max)),
            N' '
        )
        FROM sys.database_role_members AS b
        INNER JOIN sys.database_principals AS r
            ON r.principal_id = b.role_principal_id
        INNER JOIN sys.database_principals AS m
            ON m.principal_id = b.member_principal_id
        WHERE r.name IN (N'seg_operator', N'seg_reader');

        IF @members IS NOT NULL
            EXEC sys.sp_executesql @members;

        IF DATABASE_PRINCIPAL_ID(N'seg_operator') IS NOT NULL AND SCHEMA_ID(N'seg') IS NOT NULL
            REVOKE SELECT ON SCHEMA::seg FROM seg_operator;

        DROP ROLE IF EXISTS seg_operator;
        DROP ROLE IF EXISTS seg_reader;

        -- Something of yours may be in the schema.
        IF NOT EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.schema_id = SCHEMA_ID(N'seg'))
            DROP SCHEMA IF EXISTS seg;
    END;

    COMMIT TRANSACTION;
END TRY
BEGIN CATCH
    IF XACT_STATE() <> 0
        ROLLBACK TRANSACTION;

    THROW;
END CATCH;

PRINT IIF(@drop_data = 1, N'Removed, data and roles too.', N'Removed. Tables and roles are kept.');
GO
