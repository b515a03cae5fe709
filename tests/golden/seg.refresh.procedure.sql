/*
seg.refresh: brings everything up to date: features, model (by policy), clusters, profiles.
The SQL Agent job calls it. One refresh runs at a time.

    EXEC seg.refresh;
    EXEC seg.refresh @train_policy = N'always', @n_clusters = 5;

@train_policy: 'never' and 'always' say so; 'auto' trains when no model is active, when the active one
is older than @max_age_days, or when its customers changed by more than @max_change_percent.

Changed are those who came or went since the model was trained, and those who moved: farther, in the
model's own distance, than its customers typically were from their centre (the root of inertia per
customer). The percentage is of the customers then.

Result: the profile of the clusters; with @with_result = 0, as the SQL Agent job calls it, one line
in words instead. Agent keeps 1,024 characters, and no result set once something was printed.
*/
CREATE OR ALTER PROCEDURE seg.refresh
    @train_policy nvarchar(10) = N'auto',
    @max_age_days int = 30,
    @max_change_percent float = 10.0,
    @n_clusters int = 4,
    @scaling nvarchar(10) = N'none',
    @random_state int = 111,
    @n_init int = 10,
    @with_result bit = 1
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    -- A pooled connection may come with another level, and READPAST below wants this one.
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000),
        @faults nvarchar(max),
        @message nvarchar(4000),
        @lock int = -1,
        @table_lock int,
        @customers bigint,
        @model_id int,
        @model_created_at datetime2(3),
        @model_customers bigint,
        @model_inertia float,
        @came bigint,
        @went bigint,
        @moved bigint,
        @change_percent float,
        @why_train nvarchar(400);

    BEGIN TRY
        SET @parameters = CONCAT(
            N'@train_policy = ', @train_policy, N', @max_age_days = ', @max_age_days,
            N', @max_change_percent = ', @max_change_percent, N', @n_clusters = ', @n_clusters,
            N', @scaling = ', @scaling, N', @random_state = ', @random_state, N', @n_init = ', @n_init
        );

        EXEC seg.start_run
            @procedure_name = N'refresh',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @faults = CONCAT(
            IIF(@train_policy IN (N'auto', N'always', N'never'), N'', CONCAT(
                N'@train_policy: ', COALESCE(N'''' + @train_policy + N'''', N'NULL'),
                N' is not a policy. Allowed: auto, always, never. '
            )),
            IIF(@max_age_days BETWEEN 1 AND 36500, N'', CONCAT(
                N'@max_age_days: ', COALESCE(CAST(@max_age_days AS nvarchar(30)), N'NULL'),
                N' is not a number of days. Allowed: 1 to 36500. '
            )),
            IIF(@max_change_percent BETWEEN 0 AND 100, N'', CONCAT(
                N'@max_change_percent: ', COALESCE(CAST(@max_change_percent AS nvarchar(30)), N'NULL'),
                N' is not a percentage. Allowed: 0 to 100. '
            )),
            IIF(@n_clusters BETWEEN 1 AND 1000, N'', CONCAT(
                N'@n_clusters: ', COALESCE(CAST(@n_clusters AS nvarchar(30)), N'NULL'),
                N' is not a number of clusters. Allowed: 1 to 1000. '
            )),
            IIF(@scaling IN (N'none', N'standard', N'robust'), N'', CONCAT(
                N'@scaling: ', COALESCE(N'''' + @scaling + N'''', N'NULL'),
                N' is not a scaling. Allowed: none, standard, robust. '
            )),
            IIF(@random_state BETWEEN 0 AND 2147483647, N'', CONCAT(
                N'@random_state: ', COALESCE(CAST(@random_state AS nvarchar(30)), N'NULL'),
                N' is not a seed. Allowed: 0 to 2147483647. '
            )),
            IIF(@n_init BETWEEN 1 AND 1000, N'', CONCAT(
                N'@n_init: ', COALESCE(CAST(@n_init AS nvarchar(30)), N'NULL'),
                N' is not a number of restarts. Allowed: 1 to 1000. '
            ))
        );

        IF @faults <> N''
        BEGIN
            SET @message = LEFT(RTRIM(@faults), 2000);
            THROW 50001, @message, 1;
        END;

        -- A call of this session that was cancelled ran no CATCH and still holds the lock.
        WHILE APPLOCK_MODE(N'public', N'procluster.seg.refresh', N'Session') <> N'NoLock'
            EXEC sp_releaseapplock
                @Resource = N'procluster.seg.refresh',
                @LockOwner = N'Session';

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.refresh',
            @LockMode = N'Exclusive',
            @LockOwner = N'Session',
            @LockTimeout = 0;

        IF @lock < 0
        BEGIN
            SELECT TOP (1) @message = CONCAT(
                N'seg.refresh: run ', r.run_id, N' by ', r.login_name, N' has been running since ',
                CONVERT(nvarchar(19), r.started_at, 120), N' UTC. Wait for it to end.'
            )
            -- The other call may hold its row in a transaction; a dirty read is what is wanted.
            FROM seg.run AS r WITH (NOLOCK)
            WHERE r.procedure_name = N'refresh' AND r.status = N'running' AND r.run_id <> @run_id
            ORDER BY r.run_id DESC;

            SET @message = COALESCE(@message, N'seg.refresh: another call holds the lock. Wait for it to end.');
            THROW 50005, @message, 1;
        END;

        -- Whoever has the lock is the only one: what else says "running" was cut off, with what it called.
        -- Rows that an open transaction has written are not waited for.
        UPDATE seg.run WITH (READCOMMITTEDLOCK, READPAST)
        SET
            ended_at = SYSUTCDATETIME(),
            status = N'failed',
            message = N'cancelled or cut off'
        WHERE status = N'running' AND run_id <> @run_id AND (procedure_name = N'refresh' OR in_refresh = 1);

        EXEC seg.build_features
            @with_result = 0;

        SELECT @customers = COUNT_BIG(*)
        FROM seg.customer_feature;

        SELECT
            @model_id = m.model_id,
            @model_created_at = m.created_at,
            @model_customers = m.customers,
            @model_inertia = m.inertia
        FROM seg.model AS m
        WHERE m.is_active = 1;

        IF @train_policy = N'auto' AND @model_id IS NOT NULL
        BEGIN
            SELECT
                @came = SUM(CAST(IIF(t.customer_id IS NULL, 1, 0) AS bigint)),
                @went = SUM(CAST(IIF(f.customer_id IS NULL, 1, 0) AS bigint)),
                @moved = SUM(CAST(IIF(
                    SQUARE((f.order_ratio - t.order_ratio) / s.order_ratio_scale) +
                    SQUARE((f.items_ratio - t.items_ratio) / s.items_ratio_scale) +
                    SQUARE((f.monetary_ratio - t.monetary_ratio) / s.monetary_ratio_scale) +
                    SQUARE((f.frequency - t.frequency) / s.frequency_scale)
                        > @model_inertia / @model_customers, 1, 0
                ) AS bigint))
            FROM (
                SELECT
                    c.customer_id,
                    c.order_ratio,
                    c.items_ratio,
                    c.monetary_ratio,
                    c.frequency
                FROM seg.model_customer AS c
                WHERE c.model_id <= @model_id AND (c.replaced_by > @model_id OR c.replaced_by IS NULL)
            ) AS t
            FULL JOIN seg.customer_feature AS f
                ON f.customer_id = t.customer_id
            CROSS JOIN (
                SELECT TOP (1)
                    c.order_ratio_scale,
                    c.items_ratio_scale,
                    c.monetary_ratio_scale,
                    c.frequency_scale
                FROM seg.model_centroid(@model_id) AS c
                ORDER BY c.cluster_id
            ) AS s;

            -- Not all of them are on record for a model of release 0.1, or one that was replaced once.
            IF @customers - @came + @went = @model_customers
                SET @change_percent = 100.0 * (@came + @went + @moved) / @model_customers;
        END;

        SET @why_train = CASE
            WHEN @train_policy = N'never' THEN NULL
            WHEN @train_policy = N'always' THEN N'the policy is always'
            WHEN @model_id IS NULL THEN N'no model was active'
            WHEN DATEDIFF(DAY, @model_created_at, SYSUTCDATETIME()) > @max_age_days
                THEN CONCAT(N'model ', @model_id, N' was older than ', @max_age_days, N' days')
            WHEN @change_percent > @max_change_percent
                THEN CONCAT(
                    N'customers changed by ', ROUND(@change_percent, 1), N' %: ',
                    @came, N' came, ', @went, N' went, ', @moved, N' moved'
                )
            WHEN @change_percent IS NULL
                AND 100.0 * ABS(@customers - @model_customers) > @max_change_percent * @model_customers
                THEN CONCAT(N'customers went from ', @model_customers, N' to ', @customers)
        END;

        IF @why_train IS NOT NULL
            EXEC seg.train
                @n_clusters = @n_clusters,
                @scaling = @scaling,
                @random_state = @random_state,
                @n_init = @n_init,
                @activate = 0,
                @model_id = @model_id OUTPUT,
                @with_result = 0;

        -- The model and what follows from it change together. Both locks come before the first row is
        -- written: whoever has one of them already can finish, and needs no row of this call's.
        IF @own_transaction = 1
            BEGIN TRANSACTION;

        EXEC @table_lock = sp_getapplock
            @Resource = N'procluster.seg.model',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @table_lock < 0
            THROW 50005, N'seg.model: another call is changing it. Try again.', 1;

        EXEC @table_lock = sp_getapplock
            @Resource = N'procluster.seg.customer_cluster',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @table_lock < 0
            THROW 50005, N'seg.customer_cluster: another call is changing it. Try again.', 1;

        -- Somebody may have activated another model meanwhile.
        IF @why_train IS NULL
            SELECT @model_id = m.model_id
            FROM seg.model AS m
            WHERE m.is_active = 1;
        ELSE
            EXEC seg.activate
                @model_id = @model_id;

        EXEC seg.assign
            @model_id = @model_id,
            @with_result = 0;

        EXEC seg.profile
            @model_id = @model_id,
            @with_result = @with_result;

        SET @message = CONCAT(
            @customers, N' customers by model ', @model_id,
            IIF(@why_train IS NULL, N', not trained anew', N', trained because '), @why_train,
            IIF(@why_train IS NULL AND @change_percent IS NOT NULL, CONCAT(
                N'; changed since training: ', ROUND(@change_percent, 1), N' %'
            ), N'')
        );

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = @customers,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        EXEC sp_releaseapplock
            @Resource = N'procluster.seg.refresh',
            @LockOwner = N'Session';

        SET @lock = -1;

        IF @with_result = 0
            PRINT @message;
    END TRY
    BEGIN CATCH
        SET @message = ERROR_MESSAGE();

        IF @own_transaction = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;

        IF @lock >= 0
            EXEC sp_releaseapplock
                @Resource = N'procluster.seg.refresh',
                @LockOwner = N'Session';

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
