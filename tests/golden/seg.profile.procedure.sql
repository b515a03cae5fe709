/*
seg.profile: describes the clusters in numbers and words.

    EXEC seg.profile;

Result: one row for each cluster, kept in seg.cluster_profile: its customers and their share,
the mean of every feature, a label that compares those means with all customers', and a rule: what
its members (outliers aside) have in common that not everybody has.
*/
CREATE OR ALTER PROCEDURE seg.profile
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
        @clusters int,
        @message nvarchar(4000);

    BEGIN TRY
        EXEC seg.start_run
            @procedure_name = N'profile',
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

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        -- What is described stays as it is, and the same model is described once at a time.
        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.customer_cluster',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.customer_cluster: another call is changing it. Try again.', 1;

        IF NOT EXISTS (SELECT 1 FROM seg.customer_cluster AS a WHERE a.model_id = @model_id)
        BEGIN
            SET @message = CONCAT(
                N'@model_id: no customer is assigned by model ', @model_id,
                N'. EXEC seg.assign @model_id = ', @model_id, N' first.'
            );
            THROW 50004, @message, 1;
        END;

        SELECT
            a.cluster_id,
            a.is_outlier,
            SUM(f.order_ratio) AS order_ratio_sum,
            MIN(f.order_ratio) AS order_ratio_low,
            MAX(f.order_ratio) AS order_ratio_high,
            SUM(f.items_ratio) AS items_ratio_sum,
            MIN(f.items_ratio) AS items_ratio_low,
            MAX(f.items_ratio) AS items_ratio_high,
            SUM(f.monetary_ratio) AS monetary_ratio_sum,
            MIN(f.monetary_ratio) AS monetary_ratio_low,
            MAX(f.monetary_ratio) AS monetary_ratio_high,
            SUM(f.frequency) AS frequency_sum,
            MIN(f.frequency) AS frequency_low,
            MAX(f.frequency) AS frequency_high,
            COUNT_BIG(*) AS customers
        INTO #profile_part
        FROM seg.customer_cluster AS a
        INNER JOIN seg.customer_feature AS f
            ON f.customer_id = a.customer_id
        WHERE a.model_id = @model_id
        GROUP BY a.cluster_id, a.is_outlier;

        DELETE FROM seg.cluster_profile
        WHERE model_id = @model_id;

        WITH part AS (
            SELECT
                p.cluster_id,
                p.is_outlier,
                p.customers,
                v.position,
                v.feature,
                v.total,
                v.low,
                v.high
            FROM #profile_part AS p
            CROSS APPLY (
                VALUES
                    (1, N'order ratio', p.order_ratio_sum, p.order_ratio_low, p.order_ratio_high),
                    (2, N'items ratio', p.items_ratio_sum, p.items_ratio_low, p.items_ratio_high),
                    (3, N'monetary ratio', p.monetary_ratio_sum, p.monetary_ratio_low, p.monetary_ratio_high),
                    (4, N'frequency', p.frequency_sum, p.frequency_low, p.frequency_high)
            ) AS v (position, feature, total, low, high)
        ),
        -- The means are everybody's,
        average AS (
            SELECT
                p.cluster_id,
                p.position,
                p.feature,
                SUM(p.total) / SUM(p.customers) AS mean,
                SUM(SUM(p.total)) OVER (PARTITION BY p.position)
                    / SUM(SUM(p.customers)) OVER (PARTITION BY p.position) AS population_mean,
                SUM(p.customers) AS customers,
                SUM(SUM(p.customers)) OVER (PARTITION BY p.position) AS population,
                SUM(p.customers * p.is_outlier) AS outliers
            FROM part AS p
            GROUP BY p.cluster_id, p.position, p.feature
        ),
        -- the bounds those of the members who are no outliers.
        bound AS (
            SELECT
                p.cluster_id,
                p.position,
                ROUND(p.low, 4) AS low,
                ROUND(p.high, 4) AS high,
                IIF(p.low > MIN(p.low) OVER (PARTITION BY p.position), 1, 0) AS is_bounded_below,
                IIF(p.high < MAX(p.high) OVER (PARTITION BY p.position), 1, 0) AS is_bounded_above
            FROM part AS p
            WHERE p.is_outlier = 0
        ),
        phrase AS (
            SELECT
                a.cluster_id,
                a.position,
                a.mean,
                a.population_mean,
                a.customers,
                a.population,
                a.outliers,
                CASE
                    WHEN a.mean = 0 AND a.population_mean <> 0 THEN CONCAT(N'no ', a.feature)
                    WHEN a.mean >= 4 * a.population_mean AND a.population_mean > 0
                        THEN CONCAT(N'very high ', a.feature)
                    WHEN a.mean >= 1.5 * a.population_mean AND a.population_mean > 0
                        THEN CONCAT(N'high ', a.feature)
                    WHEN a.mean <= 0.5 * a.population_mean AND a.population_mean > 0
                        THEN CONCAT(N'low ', a.feature)
                END AS comparison,
                CASE
                    WHEN b.is_bounded_below + b.is_bounded_above > 0 AND b.low = b.high
                        THEN CONCAT(a.feature, N' = ', b.low)
                    WHEN b.is_bounded_below < b.is_bounded_above THEN CONCAT(a.feature, N' <= ', b.high)
                    WHEN b.is_bounded_below > b.is_bounded_above THEN CONCAT(a.feature, N' >= ', b.low)
                    WHEN b.is_bounded_below = 1 THEN CONCAT(a.feature, N' from ', b.low, N' to ', b.high)
                END AS rule_in_words
            FROM average AS a
            LEFT JOIN bound AS b
                ON b.cluster_id = a.cluster_id AND b.position = a.position
        )
        INSERT INTO seg.cluster_profile (
            model_id, cluster_id, customers, share, outliers,
            order_ratio_mean, order_ratio_population_mean,
            items_ratio_mean, items_ratio_population_mean,
            monetary_ratio_mean, monetary_ratio_population_mean,
            frequency_mean, frequency_population_mean,
            label, rule_in_words
        )
        SELECT
            @model_id,
            w.cluster_id,
            MAX(w.customers),
            CAST(MAX(w.customers) AS float) / MAX(w.population),
            MAX(w.outliers),
            SUM(IIF(w.position = 1, w.mean, 0)),
            SUM(IIF(w.position = 1, w.population_mean, 0)),
            SUM(IIF(w.position = 2, w.mean, 0)),
            SUM(IIF(w.position = 2, w.population_mean, 0)),
            SUM(IIF(w.position = 3, w.mean, 0)),
            SUM(IIF(w.position = 3, w.population_mean, 0)),
            SUM(IIF(w.position = 4, w.mean, 0)),
            SUM(IIF(w.position = 4, w.population_mean, 0)),
            IIF(
                MAX(ABS(w.mean)) = 0,
                N'zero everywhere',
                COALESCE(STRING_AGG(w.comparison, N', ') WITHIN GROUP (ORDER BY w.position), N'like everybody')
            ),
            COALESCE(STRING_AGG(w.rule_in_words, N' and ') WITHIN GROUP (ORDER BY w.position), N'everybody')
        FROM phrase AS w
        GROUP BY w.cluster_id;

        SET @clusters = @@ROWCOUNT;
        SET @message = CONCAT(@clusters, N' clusters of model ', @model_id);

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = @clusters,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        IF @with_result = 1
            SELECT
                p.cluster_id,
                p.customers,
                p.share,
                p.order_ratio_mean AS order_ratio,
                p.items_ratio_mean AS items_ratio,
                p.monetary_ratio_mean AS monetary_ratio,
                p.frequency_mean AS frequency,
                p.outliers,
                p.label,
                p.rule_in_words
            FROM seg.cluster_profile AS p
            WHERE p.model_id = @model_id
            ORDER BY p.cluster_id;
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
