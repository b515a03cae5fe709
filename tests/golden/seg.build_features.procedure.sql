/*
seg.build_features: computes the features of every customer with a sale into
seg.customer_feature, all or nothing.

    EXEC seg.build_features;

Result: one row with the number of customers, what was left out (rows without a customer, returns of
customers without a sale), and how many customers have a negative feature.
*/
CREATE OR ALTER PROCEDURE seg.build_features
    @with_result bit = 1
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @lock int,
        @customers bigint,
        @negative_customers bigint,
        @sale_rows_left_out bigint,
        @return_rows_left_out bigint,
        @message nvarchar(4000);

    BEGIN TRY
        EXEC seg.start_run
            @procedure_name = N'build_features',
            @run_id = @run_id OUTPUT;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.customer_feature',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.customer_feature: another call is changing it. Try again.', 1;

        -- Who came, who went and who acts otherwise: only that is written and logged.
        SELECT
            COALESCE(s.customer_id, f.customer_id) AS customer_id,
            s.order_ratio,
            s.items_ratio,
            s.monetary_ratio,
            s.frequency,
            IIF(f.customer_id IS NULL, 1, 0) AS came,
            IIF(s.customer_id IS NULL, 1, 0) AS went
        INTO #feature_change
        FROM seg.customer_feature_source AS s
        FULL JOIN seg.customer_feature AS f
            ON f.customer_id = s.customer_id
        WHERE f.customer_id IS NULL
            OR s.customer_id IS NULL
            OR s.order_ratio <> f.order_ratio
            OR s.items_ratio <> f.items_ratio
            OR s.monetary_ratio <> f.monetary_ratio
            OR s.frequency <> f.frequency
            -- A feature without a value must not pass for no change: the table refuses it.
            OR s.order_ratio IS NULL
            OR s.items_ratio IS NULL
            OR s.monetary_ratio IS NULL
            OR s.frequency IS NULL;

        DELETE FROM f
        FROM seg.customer_feature AS f
        INNER JOIN #feature_change AS n
            ON n.customer_id = f.customer_id
        WHERE n.went = 1;

        UPDATE f
        SET
            f.order_ratio = n.order_ratio,
            f.items_ratio = n.items_ratio,
            f.monetary_ratio = n.monetary_ratio,
            f.frequency = n.frequency
        FROM seg.customer_feature AS f
        INNER JOIN #feature_change AS n
            ON n.customer_id = f.customer_id
        WHERE n.came = 0;

        INSERT INTO seg.customer_feature (
            customer_id, order_ratio, items_ratio, monetary_ratio, frequency
        )
        SELECT
            n.customer_id,
            n.order_ratio,
            n.items_ratio,
            n.monetary_ratio,
            n.frequency
        FROM #feature_change AS n
        WHERE n.came = 1;

        SELECT
            @customers = COUNT_BIG(*),
            @negative_customers = COALESCE(SUM(CAST(
                IIF(f.order_ratio < 0 OR f.items_ratio < 0 OR f.monetary_ratio < 0 OR f.frequency < 0, 1, 0)
                AS bigint
            )), 0)
        FROM seg.customer_feature AS f;

        IF @customers = 0
            THROW 50004, N'dbo.store_sales: no row has a customer, so there is nobody to segment. Load sales, or map another table.', 1;

        SELECT @sale_rows_left_out = COUNT_BIG(*)
        FROM dbo.store_sales AS s
        WHERE s.ss_customer_sk IS NULL;

        SELECT @return_rows_left_out = COUNT_BIG(*)
        FROM dbo.store_returns AS r
        LEFT JOIN seg.customer_feature AS f
            ON f.customer_id = r.sr_customer_sk
        WHERE f.customer_id IS NULL;

        SET @message = CONCAT(
            @customers, N' customers; left out: ',
            @sale_rows_left_out, N' sale rows without a customer, ',
            @return_rows_left_out, N' return rows of nobody who bought; ',
            @negative_customers, N' customers with a negative feature, kept.'
        );

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = @customers,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        IF @with_result = 1
            SELECT
                @customers AS customers,
                @sale_rows_left_out AS sale_rows_left_out,
                @return_rows_left_out AS return_rows_left_out,
                @negative_customers AS negative_customers;
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
