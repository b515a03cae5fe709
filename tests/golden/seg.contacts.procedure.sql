/*
seg.contacts: the e-mail addresses of one cluster's customers, typical ones first.

    EXEC seg.contacts @cluster = 0;
*/
CREATE OR ALTER PROCEDURE seg.contacts
    @cluster int
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @run_id bigint,
        @parameters nvarchar(1000) = CONCAT(N'@cluster = ', @cluster),
        @clusters nvarchar(max),
        @message nvarchar(4000);

    BEGIN TRY
        IF NOT EXISTS (SELECT 1 FROM seg.customer_cluster)
            THROW 50004, N'seg.customer_cluster: is empty. EXEC seg.assign first.', 1;

        IF @cluster IS NULL OR NOT EXISTS (SELECT 1 FROM seg.customer_cluster AS a WHERE a.cluster_id = @cluster)
        BEGIN
            SELECT @clusters = STRING_AGG(CAST(c.cluster_id AS nvarchar(max)), N', ') WITHIN GROUP (ORDER BY c.cluster_id)
            FROM (SELECT DISTINCT a.cluster_id FROM seg.customer_cluster AS a) AS c;

            SET @message = CONCAT(
                N'@cluster: ', COALESCE(CAST(@cluster AS nvarchar(30)), N'NULL'),
                N' has no customers. Clusters: ', LEFT(@clusters, 1000), N'.'
            );
            THROW 50001, @message, 1;
        END;

        SELECT
            a.customer_id,
            c.c_email_address AS email,
            a.distance,
            a.is_outlier
        FROM seg.customer_cluster AS a
        INNER JOIN dbo.customer AS c
            ON c.c_customer_sk = a.customer_id
        WHERE a.cluster_id = @cluster
        ORDER BY a.distance, a.customer_id
        -- A plan that suits a cluster of a few customers does not suit one of millions.
        OPTION (RECOMPILE);
    END TRY
    BEGIN CATCH
        SET @message = ERROR_MESSAGE();

        -- Reading is not logged; a reading that failed is, where the transaction lets it.
        IF XACT_STATE() <> -1
            EXEC seg.start_run
                @procedure_name = N'contacts',
                @parameters = @parameters,
                @run_id = @run_id OUTPUT;

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
