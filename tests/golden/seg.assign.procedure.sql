/*
seg.assign: puts every customer into the cluster of the nearest centroid, in plain T-SQL.

    EXEC seg.assign;
    EXEC seg.assign @model_id = 1;

Result: one row for each cluster. seg.customer_cluster is brought up to date, all or nothing: who
came, who went, and whose features or model are others than when the row was written. What somebody
else wrote into it stays until then; delete a row, or set its feature_version to 0, to have it anew.
On a tie the lower cluster number wins. An outlier is farther out than the model's fence for its cluster.
*/
CREATE OR ALTER PROCEDURE seg.assign
    @model_id int = NULL,
    @with_result bit = 1
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000) = CONCAT(N'@model_id = ', @model_id),
        @lock int,
        @customers bigint,
        @message nvarchar(4000);

    BEGIN TRY
        EXEC seg.start_run
            @procedure_name = N'assign',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @model_id = COALESCE(
            @model_id,
            (SELECT m.model_id FROM seg.model AS m WHERE m.is_active = 1)
        );

        IF @model_id IS NULL
            THROW 50004, N'@model_id: NULL, and no model is active. EXEC seg.train first.', 1;

        IF NOT EXISTS (SELECT 1 FROM seg.model AS m WHERE m.model_id = @model_id)
        BEGIN
            SET @message = CONCAT(
                N'@model_id: ', COALESCE(CAST(@model_id AS nvarchar(30)), N'NULL'),
                N' is not a model. EXEC seg.models lists them.'
            );
            THROW 50001, @message, 1;
        END;

        IF NOT EXISTS (SELECT 1 FROM seg.customer_feature)
            THROW 50004, N'seg.customer_feature: is empty. EXEC seg.build_features first.', 1;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.customer_cluster',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.customer_cluster: another call is changing it. Try again.', 1;

        -- Who came, who went, and whose features or model are others than when the row was written:
        -- feature_version is another after any change of a row. Nobody else's distances are computed.
        IF EXISTS (
            SELECT 1
            FROM seg.customer_feature AS f
            FULL JOIN seg.customer_cluster AS a
                ON a.customer_id = f.customer_id
            WHERE a.customer_id IS NULL
                OR f.customer_id IS NULL
                OR a.model_id <> @model_id
                OR a.feature_version <> CAST(f.feature_version AS bigint)
        )
        BEGIN
            -- The document is opened, and the scale divided by, once and not once a customer.
            SELECT
                c.order_ratio,
                1 / c.order_ratio_scale AS order_ratio_weight,
                c.items_ratio,
                1 / c.items_ratio_scale AS items_ratio_weight,
                c.monetary_ratio,
                1 / c.monetary_ratio_scale AS monetary_ratio_weight,
                c.frequency,
                1 / c.frequency_scale AS frequency_weight,
                c.cluster_id,
                c.outlier_distance
            INTO #assign_centroid
            FROM seg.model_centroid(@model_id) AS c;

            IF NOT EXISTS (SELECT 1 FROM #assign_centroid) OR EXISTS (
                SELECT 1
                FROM #assign_centroid AS c
                WHERE c.outlier_distance IS NULL
                    OR c.order_ratio IS NULL
                    OR c.order_ratio_weight IS NULL
                    OR c.items_ratio IS NULL
                    OR c.items_ratio_weight IS NULL
                    OR c.monetary_ratio IS NULL
                    OR c.monetary_ratio_weight IS NULL
                    OR c.frequency IS NULL
                    OR c.frequency_weight IS NULL
            )
            BEGIN
                SET @message = CONCAT(
                    N'@model_id: model ', @model_id,
                    N' was trained on other features than seg.customer_feature has. EXEC seg.train anew.'
                );
                THROW 50004, @message, 1;
            END;

            WITH changed AS (
                SELECT
                    COALESCE(f.customer_id, a.customer_id) AS customer_id,
                    f.order_ratio,
                    f.items_ratio,
                    f.monetary_ratio,
                    f.frequency,
                    CAST(f.feature_version AS bigint) AS feature_version,
                    IIF(a.customer_id IS NULL, 1, 0) AS came,
                    IIF(f.customer_id IS NULL, 1, 0) AS went
                FROM seg.customer_feature AS f
                FULL JOIN seg.customer_cluster AS a
                    ON a.customer_id = f.customer_id
                WHERE a.customer_id IS NULL
                    OR f.customer_id IS NULL
                    OR a.model_id <> @model_id
                    OR a.feature_version <> CAST(f.feature_version AS bigint)
            )
            SELECT
                f.customer_id,
                f.feature_version,
                n.cluster_id,
                SQRT(n.squared_distance) AS distance,
                -- The fence was computed elsewhere: its last digit makes nobody an outlier.
                CAST(IIF(SQRT(n.squared_distance) > n.outlier_distance * 1.000000001, 1, 0) AS bit) AS is_outlier,
                f.came,
                f.went
            INTO #assign_change
            FROM changed AS f
            CROSS APPLY (
                SELECT TOP (1)
                    c.cluster_id,
                    c.outlier_distance,
                    SQUARE((f.order_ratio - c.order_ratio) * c.order_ratio_weight) +
                    SQUARE((f.items_ratio - c.items_ratio) * c.items_ratio_weight) +
                    SQUARE((f.monetary_ratio - c.monetary_ratio) * c.monetary_ratio_weight) +
                    SQUARE((f.frequency - c.frequency) * c.frequency_weight) AS squared_distance
                FROM #assign_centroid AS c
                ORDER BY squared_distance, c.cluster_id
            ) AS n;

            DELETE FROM a
            FROM seg.customer_cluster AS a
            INNER JOIN #assign_change AS n
                ON n.customer_id = a.customer_id
            WHERE n.went = 1;

            UPDATE a
            SET
                a.model_id = @model_id,
                a.cluster_id = n.cluster_id,
                a.distance = n.distance,
                a.is_outlier = n.is_outlier,
                a.feature_version = n.feature_version
            FROM seg.customer_cluster AS a
            INNER JOIN #assign_change AS n
                ON n.customer_id = a.customer_id
            WHERE n.came = 0 AND n.went = 0;

            INSERT INTO seg.customer_cluster (
                customer_id, model_id, cluster_id, distance, is_outlier, feature_version
            )
            SELECT
                n.customer_id,
                @model_id,
                n.cluster_id,
                n.distance,
                n.is_outlier,
                n.feature_version
            FROM #assign_change AS n
            WHERE n.came = 1;
        END;

        SELECT @customers = COUNT_BIG(*)
        FROM seg.customer_cluster;

        SET @message = CONCAT(@customers, N' customers by model ', @model_id);

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = @customers,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        IF @with_result = 1
            SELECT
                a.cluster_id,
                COUNT_BIG(*) AS customers,
                AVG(a.distance) AS mean_distance,
                SUM(CAST(a.is_outlier AS int)) AS outliers
            FROM seg.customer_cluster AS a
            GROUP BY a.cluster_id
            ORDER BY a.cluster_id;
    END TRY
    BEGIN CATCH
        IF @own_transaction = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;

        SET @message = ERROR_MESSAGE();

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
