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

        -- The means are everybody's, the bounds those of the members who are no outliers.
        SELECT
            c.cluster_id,
            c.order_ratio_mean,
            b.order_ratio_low,
            b.order_ratio_high,
            c.items_ratio_mean,
            b.items_ratio_low,
            b.items_ratio_high,
            c.monetary_ratio_mean,
            b.monetary_ratio_low,
            b.monetary_ratio_high,
            c.frequency_mean,
            b.frequency_low,
            b.frequency_high,
            c.outliers,
            c.customers
        INTO #profile_cluster
        FROM (
            SELECT
                p.cluster_id,
                SUM(p.order_ratio_sum) / SUM(p.customers) AS order_ratio_mean,
                SUM(p.items_ratio_sum) / SUM(p.customers) AS items_ratio_mean,
                SUM(p.monetary_ratio_sum) / SUM(p.customers) AS monetary_ratio_mean,
                SUM(p.frequency_sum) / SUM(p.customers) AS frequency_mean,
                SUM(p.customers * p.is_outlier) AS outliers,
                SUM(p.customers) AS customers
            FROM #profile_part AS p
            GROUP BY p.cluster_id
        ) AS c
        LEFT JOIN #profile_part AS b
            ON b.cluster_id = c.cluster_id AND b.is_outlier = 0;

        DELETE FROM seg.cluster_profile
        WHERE model_id = @model_id;

        WITH population AS (
            SELECT
                SUM(c.customers * c.order_ratio_mean) / SUM(c.customers) AS order_ratio_mean,
                MIN(c.order_ratio_low) AS order_ratio_low,
                MAX(c.order_ratio_high) AS order_ratio_high,
                SUM(c.customers * c.items_ratio_mean) / SUM(c.customers) AS items_ratio_mean,
                MIN(c.items_ratio_low) AS items_ratio_low,
                MAX(c.items_ratio_high) AS items_ratio_high,
                SUM(c.customers * c.monetary_ratio_mean) / SUM(c.customers) AS monetary_ratio_mean,
                MIN(c.monetary_ratio_low) AS monetary_ratio_low,
                MAX(c.monetary_ratio_high) AS monetary_ratio_high,
                SUM(c.customers * c.frequency_mean) / SUM(c.customers) AS frequency_mean,
                MIN(c.frequency_low) AS frequency_low,
                MAX(c.frequency_high) AS frequency_high,
                SUM(c.customers) AS customers
            FROM #profile_cluster AS c
        ),
        feature AS (
            SELECT
                c.cluster_id,
                v.position,
                v.feature,
                v.mean,
                v.population_mean,
                ROUND(v.low, 4) AS low,
                ROUND(v.high, 4) AS high,
                IIF(v.low > v.population_low, 1, 0) AS is_bounded_below,
                IIF(v.high < v.population_high, 1, 0) AS is_bounded_above
            FROM #profile_cluster AS c
            CROSS JOIN population AS p
            CROSS APPLY (
                VALUES
                    (
                        1, N'order ratio',
                        c.order_ratio_mean, p.order_ratio_mean,
                        c.order_ratio_low, p.order_ratio_low,
                        c.order_ratio_high, p.order_ratio_high
                    ),
                    (
                        2, N'items ratio',
                        c.items_ratio_mean, p.items_ratio_mean,
                        c.items_ratio_low, p.items_ratio_low,
                        c.items_ratio_high, p.items_ratio_high
                    ),
                    (
                        3, N'monetary ratio',
                        c.monetary_ratio_mean, p.monetary_ratio_mean,
                        c.monetary_ratio_low, p.monetary_ratio_low,
                        c.monetary_ratio_high, p.monetary_ratio_high
                    ),
                    (
                        4, N'frequency',
                        c.frequency_mean, p.frequency_mean,
                        c.frequency_low, p.frequency_low,
                        c.frequency_high, p.frequency_high
                    )
            ) AS v (position, feature, mean, population_mean, low, population_low, high, population_high)
        ),
        phrase AS (
            SELECT
                f.cluster_id,
                f.position,
                IIF(f.mean = 0, 1, 0) AS is_zero,
                CASE
                    WHEN f.mean = 0 AND f.population_mean <> 0 THEN CONCAT(N'no ', f.feature)
                    WHEN f.mean >= 4 * f.population_mean AND f.population_mean > 0
                        THEN CONCAT(N'very high ', f.feature)
                    WHEN f.mean >= 1.5 * f.population_mean AND f.population_mean > 0
                        THEN CONCAT(N'high ', f.feature)
                    WHEN f.mean <= 0.5 * f.population_mean AND f.population_mean > 0
                        THEN CONCAT(N'low ', f.feature)
                END AS comparison,
                CASE
                    WHEN f.is_bounded_below + f.is_bounded_above = 0 THEN NULL
                    WHEN f.low = f.high THEN CONCAT(f.feature, N' = ', f.low)
                    WHEN f.is_bounded_below = 0 THEN CONCAT(f.feature, N' <= ', f.high)
                    WHEN f.is_bounded_above = 0 THEN CONCAT(f.feature, N' >= ', f.low)
                    ELSE CONCAT(f.feature, N' from ', f.low, N' to ', f.high)
                END AS bound
            FROM feature AS f
        ),
        description AS (
            SELECT
                w.cluster_id,
                IIF(
                    MIN(w.is_zero) = 1,
                    N'zero everywhere',
                    STRING_AGG(w.comparison, N', ') WITHIN GROUP (ORDER BY w.position)
                ) AS label,
                STRING_AGG(w.bound, N' and ') WITHIN GROUP (ORDER BY w.position) AS rule_in_words
            FROM phrase AS w
            GROUP BY w.cluster_id
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
            c.cluster_id,
            c.customers,
            CAST(c.customers AS float) / p.customers,
            c.outliers,
            c.order_ratio_mean,
            p.order_ratio_mean,
            c.items_ratio_mean,
            p.items_ratio_mean,
            c.monetary_ratio_mean,
            p.monetary_ratio_mean,
            c.frequency_mean,
            p.frequency_mean,
            COALESCE(d.label, N'like everybody'),
            COALESCE(d.rule_in_words, N'everybody')
        FROM #profile_cluster AS c
        CROSS JOIN population AS p
        INNER JOIN description AS d
            ON d.cluster_id = c.cluster_id;

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
