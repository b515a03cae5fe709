/*
procluster: customer segmentation by K-Means inside SQL Server.

Run it in your database, with Management Studio, or sqlcmd -b -d DATABASE -i install.sql. It may be
run again: tables keep their rows, the rest is brought up to date. All of it happens or nothing.
procluster deploy does the same and more: a plan first, a history, drift, ways back.
*/
SET NOEXEC OFF;
SET ANSI_NULLS, QUOTED_IDENTIFIER ON;
SET NOCOUNT, XACT_ABORT ON;
GO

BEGIN TRANSACTION;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The schema that holds everything of procluster. */
IF SCHEMA_ID(N'seg') IS NULL
    EXEC (N'CREATE SCHEMA seg AUTHORIZATION dbo;');
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* Who may do what: operators run the segmentation, readers look at its results. */
IF DATABASE_PRINCIPAL_ID(N'seg_operator') IS NULL
    CREATE ROLE seg_operator AUTHORIZATION dbo;

IF DATABASE_PRINCIPAL_ID(N'seg_reader') IS NULL
    CREATE ROLE seg_reader AUTHORIZATION dbo;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* One row for each call of a procedure that changes something. */
IF OBJECT_ID(N'seg.run', N'U') IS NULL
    CREATE TABLE seg.run (
        run_id bigint IDENTITY(1, 1) NOT NULL,
        procedure_name nvarchar(128) NOT NULL,
        parameters nvarchar(1000) NULL,
        started_at datetime2(3) NOT NULL CONSTRAINT df_run_started_at DEFAULT SYSUTCDATETIME(),
        ended_at datetime2(3) NULL,
        status nvarchar(10) NOT NULL CONSTRAINT df_run_status DEFAULT N'running',
        row_count bigint NULL,
        message nvarchar(4000) NULL,
        login_name nvarchar(128) NOT NULL CONSTRAINT df_run_login_name DEFAULT ORIGINAL_LOGIN(),
        host_name nvarchar(128) NULL CONSTRAINT df_run_host_name DEFAULT HOST_NAME(),
        CONSTRAINT pk_run PRIMARY KEY (run_id),
        CONSTRAINT ck_run_status CHECK (status IN (N'running', N'succeeded', N'failed'))
    );

-- Since 0.2: whether a refresh of the same session called it, which held the lock then.
IF COL_LENGTH(N'seg.run', N'in_refresh') IS NULL
    ALTER TABLE seg.run
    ADD in_refresh bit NOT NULL CONSTRAINT df_run_in_refresh DEFAULT 0;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The features of every buying customer, as seg.build_features last computed them. */
-- When the customers' key was of another type, the table is made anew if it is empty.
IF EXISTS (
    SELECT 1
    FROM sys.columns AS c
    INNER JOIN sys.types AS t
        ON t.user_type_id = c.user_type_id
    WHERE c.object_id = OBJECT_ID(N'seg.customer_feature', N'U')
        AND c.name = N'customer_id'
        AND (t.name <> N'int' OR c.max_length <> 4)
)
BEGIN
    IF EXISTS (SELECT 1 FROM seg.customer_feature)
        THROW 50001, N'seg.customer_feature: customer_id is not int. Set customer_type back, or delete the rows: refresh renews them.', 1;

    DROP TABLE seg.customer_feature;
END;

IF OBJECT_ID(N'seg.customer_feature', N'U') IS NULL
    CREATE TABLE seg.customer_feature (
        customer_id int NOT NULL,
        order_ratio float NOT NULL,
        items_ratio float NOT NULL,
        monetary_ratio float NOT NULL,
        frequency float NOT NULL,
        CONSTRAINT pk_customer_feature PRIMARY KEY (customer_id)
    );

-- Since 0.2: another number after each change of the row, whoever makes it. seg.assign compares it.
IF COL_LENGTH(N'seg.customer_feature', N'feature_version') IS NULL
    ALTER TABLE seg.customer_feature
    ADD feature_version rowversion NOT NULL;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* Every model ever trained, as a JSON document; at most one is active.
   Rows are only added; which one is active is all that changes. */
IF OBJECT_ID(N'seg.model', N'U') IS NULL
BEGIN
    CREATE TABLE seg.model (
        model_id int IDENTITY(1, 1) NOT NULL,
        run_id bigint NOT NULL,
        created_at datetime2(3) NOT NULL CONSTRAINT df_model_created_at DEFAULT SYSUTCDATETIME(),
        is_active bit NOT NULL,
        n_clusters int NOT NULL,
        scaling nvarchar(10) NOT NULL,
        random_state int NOT NULL,
        n_init int NOT NULL,
        inertia float NOT NULL,
        customers bigint NOT NULL,
        document nvarchar(max) NOT NULL,
        CONSTRAINT pk_model PRIMARY KEY (model_id),
        CONSTRAINT fk_model_run FOREIGN KEY (run_id) REFERENCES seg.run (run_id),
        CONSTRAINT ck_model_document CHECK (ISJSON(document) = 1)
    );

    CREATE UNIQUE INDEX ux_model_active ON seg.model (is_active) WHERE is_active = 1;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The customers that a model was trained on, as they were: what seg.refresh measures change by.
   A row is true of the models from model_id on, up to the one before replaced_by; NULL: of all later
   ones. So a model writes only who changed since the one before. Kept for the active model and later ones. */
-- When the customers' key was of another type, the table is made anew if it is empty.
IF EXISTS (
    SELECT 1
    FROM sys.columns AS c
    INNER JOIN sys.types AS t
        ON t.user_type_id = c.user_type_id
    WHERE c.object_id = OBJECT_ID(N'seg.model_customer', N'U')
        AND c.name = N'customer_id'
        AND (t.name <> N'int' OR c.max_length <> 4)
)
BEGIN
    IF EXISTS (SELECT 1 FROM seg.model_customer)
        THROW 50001, N'seg.model_customer: customer_id is not int. Set customer_type back, or delete the rows: refresh renews them.', 1;

    DROP TABLE seg.model_customer;
END;

IF OBJECT_ID(N'seg.model_customer', N'U') IS NULL
    CREATE TABLE seg.model_customer (
        model_id int NOT NULL,
        customer_id int NOT NULL,
        order_ratio float NOT NULL,
        items_ratio float NOT NULL,
        monetary_ratio float NOT NULL,
        frequency float NOT NULL,
        replaced_by int NULL,
        CONSTRAINT pk_model_customer PRIMARY KEY (model_id, customer_id),
        CONSTRAINT fk_model_customer_model FOREIGN KEY (model_id) REFERENCES seg.model (model_id)
    );

-- The first version of this table had all the customers of each model: the next model replaced them all.
IF COL_LENGTH(N'seg.model_customer', N'replaced_by') IS NULL
BEGIN
    ALTER TABLE seg.model_customer
    ADD replaced_by int NULL;

    -- A batch of its own, because this one was compiled before the column was there.
    EXEC (N'
UPDATE c
SET c.replaced_by = (
    SELECT MIN(n.model_id)
    FROM seg.model_customer AS n
    WHERE n.model_id > c.model_id
)
FROM seg.model_customer AS c;
');
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The cluster of every customer, by the model that seg.assign last used. */
-- When the customers' key was of another type, the table is made anew if it is empty.
IF EXISTS (
    SELECT 1
    FROM sys.columns AS c
    INNER JOIN sys.types AS t
        ON t.user_type_id = c.user_type_id
    WHERE c.object_id = OBJECT_ID(N'seg.customer_cluster', N'U')
        AND c.name = N'customer_id'
        AND (t.name <> N'int' OR c.max_length <> 4)
)
BEGIN
    IF EXISTS (SELECT 1 FROM seg.customer_cluster)
        THROW 50001, N'seg.customer_cluster: customer_id is not int. Set customer_type back, or delete the rows: refresh renews them.', 1;

    DROP TABLE seg.customer_cluster;
END;

IF OBJECT_ID(N'seg.customer_cluster', N'U') IS NULL
BEGIN
    CREATE TABLE seg.customer_cluster (
        customer_id int NOT NULL,
        model_id int NOT NULL,
        cluster_id int NOT NULL,
        distance float NOT NULL,
        is_outlier bit NOT NULL,
        CONSTRAINT pk_customer_cluster PRIMARY KEY (customer_id),
        CONSTRAINT fk_customer_cluster_model FOREIGN KEY (model_id) REFERENCES seg.model (model_id)
    );

    CREATE INDEX ix_customer_cluster_cluster
    ON seg.customer_cluster (cluster_id, distance) INCLUDE (is_outlier);
END;

-- Since 0.2: the version of the features that the row was assigned by. 0 is no version: assign it anew.
IF COL_LENGTH(N'seg.customer_cluster', N'feature_version') IS NULL
    ALTER TABLE seg.customer_cluster
    ADD feature_version bigint NOT NULL CONSTRAINT df_customer_cluster_feature_version DEFAULT 0;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* What the clusters of a model look like, in numbers and words. */
IF OBJECT_ID(N'seg.cluster_profile', N'U') IS NULL
    CREATE TABLE seg.cluster_profile (
        model_id int NOT NULL,
        cluster_id int NOT NULL,
        customers bigint NOT NULL,
        share float NOT NULL,
        outliers bigint NOT NULL,
        order_ratio_mean float NOT NULL,
        order_ratio_population_mean float NOT NULL,
        items_ratio_mean float NOT NULL,
        items_ratio_population_mean float NOT NULL,
        monetary_ratio_mean float NOT NULL,
        monetary_ratio_population_mean float NOT NULL,
        frequency_mean float NOT NULL,
        frequency_population_mean float NOT NULL,
        label nvarchar(1000) NOT NULL,
        rule_in_words nvarchar(2000) NOT NULL,
        CONSTRAINT pk_cluster_profile PRIMARY KEY (model_id, cluster_id),
        CONSTRAINT fk_cluster_profile_model FOREIGN KEY (model_id) REFERENCES seg.model (model_id)
    );
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The metrics of every number of clusters that seg.choose_k tried, call by call. */
IF OBJECT_ID(N'seg.k_evaluation', N'U') IS NULL
    CREATE TABLE seg.k_evaluation (
        run_id bigint NOT NULL,
        k int NOT NULL,
        scaling nvarchar(10) NOT NULL,
        inertia float NOT NULL,
        mean_distance float NOT NULL,
        silhouette float NULL,
        silhouette_error float NULL,
        davies_bouldin float NULL,
        calinski_harabasz float NULL,
        is_suggested bit NOT NULL,
        reason nvarchar(1000) NULL,
        CONSTRAINT pk_k_evaluation PRIMARY KEY (run_id, k),
        CONSTRAINT fk_k_evaluation_run FOREIGN KEY (run_id) REFERENCES seg.run (run_id)
    );
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* One row for each deployment: what was tried, by whom, and how it ended. */
IF OBJECT_ID(N'seg.deployment', N'U') IS NULL
    CREATE TABLE seg.deployment (
        deployment_id int IDENTITY(1, 1) NOT NULL,
        tool_version nvarchar(50) NOT NULL,
        started_at datetime2(3) NOT NULL CONSTRAINT df_deployment_started_at DEFAULT SYSUTCDATETIME(),
        ended_at datetime2(3) NULL,
        status nvarchar(10) NOT NULL,
        message nvarchar(4000) NULL,
        login_name nvarchar(128) NOT NULL CONSTRAINT df_deployment_login_name DEFAULT ORIGINAL_LOGIN(),
        host_name nvarchar(128) NULL CONSTRAINT df_deployment_host_name DEFAULT HOST_NAME(),
        CONSTRAINT pk_deployment PRIMARY KEY (deployment_id),
        CONSTRAINT ck_deployment_status CHECK (status IN (N'running', N'succeeded', N'failed'))
    );

-- Since 0.2: deploy, rollback, uninstall or baseline; and which attempt it was, for its own session.
IF COL_LENGTH(N'seg.deployment', N'action') IS NULL
    ALTER TABLE seg.deployment
    ADD action nvarchar(20) NOT NULL CONSTRAINT df_deployment_action DEFAULT N'deploy';

IF COL_LENGTH(N'seg.deployment', N'attempt') IS NULL
    ALTER TABLE seg.deployment
    ADD attempt char(32) NULL;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/* The text of every object of every deployment: what drift is measured by and rollback returns to. */
IF OBJECT_ID(N'seg.deployment_object', N'U') IS NULL
    CREATE TABLE seg.deployment_object (
        deployment_id int NOT NULL,
        position int NOT NULL,
        object_name nvarchar(260) NOT NULL,
        object_kind nvarchar(20) NOT NULL,
        sha256 char(64) NOT NULL,
        definition nvarchar(max) NOT NULL,
        CONSTRAINT pk_deployment_object PRIMARY KEY (deployment_id, position),
        CONSTRAINT fk_deployment_object_deployment FOREIGN KEY (deployment_id)
            REFERENCES seg.deployment (deployment_id)
    );

-- Since 0.2: how often the text has changed, what this deployment did, and what the catalog views
-- said afterwards (NULL: not asked), which is what drift is compared with.
IF COL_LENGTH(N'seg.deployment_object', N'version') IS NULL
    ALTER TABLE seg.deployment_object
    ADD version int NOT NULL CONSTRAINT df_deployment_object_version DEFAULT 1;

IF COL_LENGTH(N'seg.deployment_object', N'status') IS NULL
    ALTER TABLE seg.deployment_object
    ADD status nvarchar(10) NOT NULL CONSTRAINT df_deployment_object_status DEFAULT N'created';

IF COL_LENGTH(N'seg.deployment_object', N'deployed') IS NULL
    ALTER TABLE seg.deployment_object
    ADD deployed nvarchar(max) NULL;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.customer_feature_source: the features of every customer with a sale, computed from
dbo.store_sales and dbo.store_returns. Rows without a customer belong to nobody and are left out.

    SELECT TOP (10) * FROM seg.customer_feature_source;

    order_ratio: returned orders / orders
    items_ratio: returned items / items bought
    monetary_ratio: amount returned / amount paid
    frequency: returned orders
*/
CREATE OR ALTER VIEW seg.customer_feature_source
AS
SELECT
    sale.customer_id,
    ROUND(COALESCE(CAST(refund.tickets AS float) / NULLIF(CAST(sale.tickets AS float), 0), 0), 7) AS order_ratio,
    ROUND(COALESCE(CAST(refund.items AS float) / NULLIF(CAST(sale.items AS float), 0), 0), 7) AS items_ratio,
    ROUND(COALESCE(CAST(refund.amount AS float) / NULLIF(CAST(sale.amount AS float), 0), 0), 7) AS monetary_ratio,
    CAST(COALESCE(refund.tickets, 0) AS float) AS frequency
FROM (
    SELECT
        s.ss_customer_sk AS customer_id,
        COUNT(DISTINCT s.ss_ticket_number) AS tickets,
        COUNT(s.ss_item_sk) AS items,
        CAST(SUM(s.ss_net_paid) AS float) AS amount
    FROM dbo.store_sales AS s
    WHERE s.ss_customer_sk IS NOT NULL
    GROUP BY s.ss_customer_sk
) AS sale
LEFT JOIN (
    SELECT
        r.sr_customer_sk AS customer_id,
        COUNT(DISTINCT r.sr_ticket_number) AS tickets,
        COUNT(r.sr_item_sk) AS items,
        CAST(SUM(r.sr_return_amt) AS float) AS amount
    FROM dbo.store_returns AS r
    WHERE r.sr_customer_sk IS NOT NULL
    GROUP BY r.sr_customer_sk
) AS refund
    ON refund.customer_id = sale.customer_id;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.model_centroid: the centroids of one model, opened from its JSON document.

    SELECT * FROM seg.model_centroid(1);

One row for each cluster: its size when trained, the distance beyond which a member is an outlier,
and for each feature the centre and the scale. The distance of a customer to a cluster is the square
root of the sum over the features of ((value - centre) / scale) squared.
*/
CREATE OR ALTER FUNCTION seg.model_centroid (@model_id int)
RETURNS TABLE
AS
RETURN (
    SELECT
        m.model_id,
        c.cluster_id,
        c.customers,
        c.outlier_distance,
        c.order_ratio,
        s.order_ratio_scale,
        c.items_ratio,
        s.items_ratio_scale,
        c.monetary_ratio,
        s.monetary_ratio_scale,
        c.frequency,
        s.frequency_scale
    FROM seg.model AS m
    CROSS APPLY OPENJSON(m.document, N'$.clusters') WITH (
        order_ratio float '$.centroid.order_ratio',
        items_ratio float '$.centroid.items_ratio',
        monetary_ratio float '$.centroid.monetary_ratio',
        frequency float '$.centroid.frequency',
        cluster_id int '$.cluster',
        customers bigint '$.size',
        outlier_distance float '$.outlier_distance'
    ) AS c
    CROSS APPLY OPENJSON(m.document, N'$.scale') WITH (
        order_ratio_scale float '$.order_ratio',
        items_ratio_scale float '$.items_ratio',
        monetary_ratio_scale float '$.monetary_ratio',
        frequency_scale float '$.frequency'
    ) AS s
    WHERE m.model_id = @model_id
);
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.centroid: the centroids of the active model.

    SELECT * FROM seg.centroid ORDER BY cluster_id;
*/
CREATE OR ALTER VIEW seg.centroid
AS
SELECT
    c.model_id,
    c.cluster_id,
    c.customers,
    c.outlier_distance,
    c.order_ratio,
    c.order_ratio_scale,
    c.items_ratio,
    c.items_ratio_scale,
    c.monetary_ratio,
    c.monetary_ratio_scale,
    c.frequency,
    c.frequency_scale
FROM seg.model AS m
CROSS APPLY seg.model_centroid(m.model_id) AS c
WHERE m.is_active = 1;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.classify: the cluster of one feature vector, by the active model. No Python.

    SELECT cluster_id, distance FROM seg.classify(0, 0, 0, 0);

One row: the nearest centroid (the lower number on a tie), the distance to it, and whether the
vector is an outlier there. No row when no model is active or a feature is NULL.
*/
CREATE OR ALTER FUNCTION seg.classify (
    @order_ratio float,
    @items_ratio float,
    @monetary_ratio float,
    @frequency float
)
RETURNS TABLE
AS
RETURN (
    SELECT
        n.model_id,
        n.cluster_id,
        SQRT(n.squared_distance) AS distance,
        -- The fence was computed elsewhere: its last digit makes nobody an outlier.
        CAST(
            IIF(SQRT(n.squared_distance) > n.outlier_distance * 1.000000001, 1, 0) AS bit
        ) AS is_outlier
    FROM (
        SELECT TOP (1)
            c.model_id,
            c.cluster_id,
            c.outlier_distance,
            SQUARE((@order_ratio - c.order_ratio) / c.order_ratio_scale) +
            SQUARE((@items_ratio - c.items_ratio) / c.items_ratio_scale) +
            SQUARE((@monetary_ratio - c.monetary_ratio) / c.monetary_ratio_scale) +
            SQUARE((@frequency - c.frequency) / c.frequency_scale) AS squared_distance
        FROM seg.centroid AS c
        WHERE
            @order_ratio IS NOT NULL AND
            @items_ratio IS NOT NULL AND
            @monetary_ratio IS NOT NULL AND
            @frequency IS NOT NULL
        ORDER BY squared_distance, c.cluster_id
    ) AS n
);
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.start_run: opens a row of seg.run. The other procedures call it; nobody else needs to.
*/
CREATE OR ALTER PROCEDURE seg.start_run
    @procedure_name nvarchar(128),
    @parameters nvarchar(1000) = NULL,
    @run_id bigint OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    INSERT INTO seg.run (procedure_name, parameters, in_refresh)
    VALUES (
        @procedure_name,
        @parameters,
        IIF(APPLOCK_MODE(N'public', N'procluster.seg.refresh', N'Session') = N'NoLock', 0, 1)
    );

    SET @run_id = CAST(SCOPE_IDENTITY() AS bigint);
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.finish_run: closes a row of seg.run. The other procedures call it; nobody else needs to.

In a transaction of the caller's that can only be rolled back, nothing can be written; the row then
goes with the rest of that transaction.
*/
CREATE OR ALTER PROCEDURE seg.finish_run
    @run_id bigint,
    @status nvarchar(10),
    @row_count bigint = NULL,
    @message nvarchar(4000) = NULL
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    IF XACT_STATE() = -1
        RETURN;

    UPDATE seg.run
    SET
        ended_at = SYSUTCDATETIME(),
        status = @status,
        row_count = @row_count,
        message = @message
    WHERE run_id = @run_id;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.sample_vectors: draws the feature vectors that stand for all, when there are more of them
than a Python script should hold in memory. Called by seg.choose_k and seg.train, whose temp
tables it fills:

    #scale    one row: what each feature is divided by
    #vector   every distinct vector, divided by the scale, with its number of customers
    #point    those drawn, with the number of customers that each stands for

A vector's chance to be drawn has three equal parts: the same for every vector, its share of the
customers, and its share of the sum of squares around the mean. What lies far out is certain to be
drawn, and whoever is drawn stands for its customers divided by its chance. (Bachem, Lucic and Krause
2018, Scalable k-means clustering via lightweight coresets.) Nothing is left to luck: the chances are
added up in the order of the features, and each vector that completes a whole number is drawn.
*/
CREATE OR ALTER PROCEDURE seg.sample_vectors
    @max_points int,
    @scaling nvarchar(10)
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    DECLARE
        @vectors float,
        @customers float,
        @spread float,
        @one bigint = 1000000000;

    IF @scaling = N'none'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        VALUES (1, 1, 1, 1);

    IF @scaling = N'standard'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        SELECT
            IIF(MIN(f.order_ratio) < MAX(f.order_ratio), STDEVP(f.order_ratio), 0),
            IIF(MIN(f.items_ratio) < MAX(f.items_ratio), STDEVP(f.items_ratio), 0),
            IIF(MIN(f.monetary_ratio) < MAX(f.monetary_ratio), STDEVP(f.monetary_ratio), 0),
            IIF(MIN(f.frequency) < MAX(f.frequency), STDEVP(f.frequency), 0)
        FROM seg.customer_feature AS f;

    IF @scaling = N'robust'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        SELECT TOP (1)
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.order_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.order_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.items_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.items_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.monetary_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.monetary_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.frequency) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.frequency) OVER ()
        FROM seg.customer_feature AS f;

    -- A feature without spread keeps its unit.
    UPDATE s
    SET
        s.order_ratio = IIF(s.order_ratio > m.order_ratio / 1e100, s.order_ratio, 1),
        s.items_ratio = IIF(s.items_ratio > m.items_ratio / 1e100, s.items_ratio, 1),
        s.monetary_ratio = IIF(s.monetary_ratio > m.monetary_ratio / 1e100, s.monetary_ratio, 1),
        s.frequency = IIF(s.frequency > m.frequency / 1e100, s.frequency, 1)
    FROM #scale AS s
    CROSS JOIN (
        SELECT
            MAX(ABS(f.order_ratio)) AS order_ratio,
            MAX(ABS(f.items_ratio)) AS items_ratio,
            MAX(ABS(f.monetary_ratio)) AS monetary_ratio,
            MAX(ABS(f.frequency)) AS frequency
        FROM seg.customer_feature AS f
    ) AS m;

    INSERT INTO #vector (order_ratio, items_ratio, monetary_ratio, frequency, customers)
    SELECT
        v.order_ratio / s.order_ratio,
        v.items_ratio / s.items_ratio,
        v.monetary_ratio / s.monetary_ratio,
        v.frequency / s.frequency,
        v.customers
    FROM (
        SELECT
            f.order_ratio,
            f.items_ratio,
            f.monetary_ratio,
            f.frequency,
            COUNT_BIG(*) AS customers
        FROM seg.customer_feature AS f
        GROUP BY f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency
    ) AS v
    CROSS JOIN #scale AS s;

    -- The sum of squares around the mean is never 0: the vectors differ.
    SELECT
        SUM(v.customers * v.order_ratio) / SUM(v.customers) AS order_ratio,
        SUM(v.customers * v.items_ratio) / SUM(v.customers) AS items_ratio,
        SUM(v.customers * v.monetary_ratio) / SUM(v.customers) AS monetary_ratio,
        SUM(v.customers * v.frequency) / SUM(v.customers) AS frequency
    INTO #mean
    FROM #vector AS v;

    SELECT
        @vectors = COUNT_BIG(*),
        @customers = SUM(v.customers),
        @spread = SUM(v.customers * (
            SQUARE(v.order_ratio - m.order_ratio) +
            SQUARE(v.items_ratio - m.items_ratio) +
            SQUARE(v.monetary_ratio - m.monetary_ratio) +
            SQUARE(v.frequency - m.frequency)
        ))
    FROM #vector AS v
    CROSS JOIN #mean AS m;

    WITH chance AS (
        SELECT
            v.order_ratio,
            v.items_ratio,
            v.monetary_ratio,
            v.frequency,
            v.customers,
            @max_points / 3e0 * (1 / @vectors + v.customers / @customers + v.customers * (
                SQUARE(v.order_ratio - m.order_ratio) +
                SQUARE(v.items_ratio - m.items_ratio) +
                SQUARE(v.monetary_ratio - m.monetary_ratio) +
                SQUARE(v.frequency - m.frequency)
            ) / @spread) AS chance
        FROM #vector AS v
        CROSS JOIN #mean AS m
    ),
    whole AS (
        SELECT
            c.order_ratio,
            c.items_ratio,
            c.monetary_ratio,
            c.frequency,
            c.customers,
            IIF(c.chance < 1, c.chance, 1) AS chance,
            CAST(IIF(c.chance < 1, c.chance, 1) * @one AS bigint) AS part
        FROM chance AS c
    ),
    added AS (
        SELECT
            w.order_ratio,
            w.items_ratio,
            w.monetary_ratio,
            w.frequency,
            w.customers,
            w.chance,
            w.part,
            SUM(w.part) OVER (
                ORDER BY w.order_ratio, w.items_ratio, w.monetary_ratio, w.frequency
                ROWS UNBOUNDED PRECEDING
            ) + @one / 2 AS total
        FROM whole AS w
    )
    INSERT INTO #point (order_ratio, items_ratio, monetary_ratio, frequency, customers)
    SELECT
        a.order_ratio,
        a.items_ratio,
        a.monetary_ratio,
        a.frequency,
        a.customers / a.chance
    FROM added AS a
    WHERE a.total / @one > (a.total - a.part) / @one;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.polish_centroids: moves centroids that were fitted on a sample to where all customers want them.
Called by seg.choose_k and seg.train after seg.sample_vectors, with these temp tables:

    #vector     every distinct vector with its number of customers
    #centroid   k, cluster_id, where the centroid is, and whether its k is still moving
    #cluster    filled here: for each k and cluster its customers, the sums of their distances and of
                the squares of these, and the means of their features

A step puts every vector to its nearest centroid and moves each centroid to the mean of its customers:
Lloyd (1982), Least squares quantization in PCM. It is over when a step would lower the sum of squared
distances by no more than the tolerance, as a share of it. A centroid without customers moves to the
vector that adds most to that sum. Progress is sent as messages.
*/
CREATE OR ALTER PROCEDURE seg.polish_centroids
    @tolerance float = 1e-6,
    @max_steps int = 100,
    @steps int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    DECLARE @moving int = 1;

    SET @steps = 0;

    WHILE @moving > 0
    BEGIN
        DELETE FROM u
        FROM #cluster AS u
        WHERE EXISTS (SELECT 1 FROM #centroid AS c WHERE c.k = u.k AND c.is_moving = 1);

        INSERT INTO #cluster (
            k, cluster_id, customers, distance, squared_distance, order_ratio, items_ratio, monetary_ratio, frequency
        )
        SELECT
            t.k,
            n.cluster_id,
            SUM(v.customers),
            SUM(v.customers * SQRT(n.squared_distance)),
            SUM(v.customers * n.squared_distance),
            SUM(v.customers * v.order_ratio) / SUM(v.customers),
            SUM(v.customers * v.items_ratio) / SUM(v.customers),
            SUM(v.customers * v.monetary_ratio) / SUM(v.customers),
            SUM(v.customers * v.frequency) / SUM(v.customers)
        FROM #vector AS v
        CROSS JOIN (SELECT DISTINCT c.k FROM #centroid AS c WHERE c.is_moving = 1) AS t
        CROSS APPLY (
            SELECT TOP (1)
                c.cluster_id,
                SQUARE(v.order_ratio - c.order_ratio) +
                SQUARE(v.items_ratio - c.items_ratio) +
                SQUARE(v.monetary_ratio - c.monetary_ratio) +
                SQUARE(v.frequency - c.frequency) AS squared_distance
            FROM #centroid AS c
            WHERE c.k = t.k
            ORDER BY squared_distance, c.cluster_id
        ) AS n
        GROUP BY t.k, n.cluster_id;

        -- What the step would gain: the squared way of each centroid, once for each of its customers.
        UPDATE c
        SET c.is_moving = 0
        FROM #centroid AS c
        INNER JOIN (
            SELECT
                u.k,
                COUNT(*) AS clusters,
                SUM(u.squared_distance) AS inertia,
                SUM(u.customers * (
                    SQUARE(u.order_ratio - o.order_ratio) +
                    SQUARE(u.items_ratio - o.items_ratio) +
                    SQUARE(u.monetary_ratio - o.monetary_ratio) +
                    SQUARE(u.frequency - o.frequency)
                )) AS gain
            FROM #cluster AS u
            INNER JOIN #centroid AS o
                ON o.k = u.k AND o.cluster_id = u.cluster_id
            WHERE o.is_moving = 1
            GROUP BY u.k
        ) AS t
            ON t.k = c.k
        WHERE @steps >= @max_steps OR (t.clusters = t.k AND t.gain <= @tolerance * t.inertia);

        -- Hardly ever: a centroid without customers.
        IF EXISTS (
            SELECT 1
            FROM #centroid AS c
            WHERE c.is_moving = 1
                AND NOT EXISTS (SELECT 1 FROM #cluster AS u WHERE u.k = c.k AND u.cluster_id = c.cluster_id)
        )
            UPDATE c
            SET
                c.order_ratio = w.order_ratio,
                c.items_ratio = w.items_ratio,
                c.monetary_ratio = w.monetary_ratio,
                c.frequency = w.frequency
            FROM #centroid AS c
            INNER JOIN (
                SELECT
                    e.k,
                    e.cluster_id,
                    ROW_NUMBER() OVER (PARTITION BY e.k ORDER BY e.cluster_id) AS place
                FROM #centroid AS e
                WHERE e.is_moving = 1
                    AND NOT EXISTS (SELECT 1 FROM #cluster AS u WHERE u.k = e.k AND u.cluster_id = e.cluster_id)
            ) AS e
                ON e.k = c.k AND e.cluster_id = c.cluster_id
            INNER JOIN (
                SELECT
                    t.k,
                    v.order_ratio,
                    v.items_ratio,
                    v.monetary_ratio,
                    v.frequency,
                    ROW_NUMBER() OVER (
                        PARTITION BY t.k
                        ORDER BY
                            v.customers * n.squared_distance DESC,
                            v.order_ratio ASC,
                            v.items_ratio ASC,
                            v.monetary_ratio ASC,
                            v.frequency ASC
                    ) AS place
                FROM #vector AS v
                CROSS JOIN (SELECT DISTINCT c.k FROM #centroid AS c WHERE c.is_moving = 1) AS t
                CROSS APPLY (
                    SELECT TOP (1)
                        c.cluster_id,
                        SQUARE(v.order_ratio - c.order_ratio) +
                        SQUARE(v.items_ratio - c.items_ratio) +
                        SQUARE(v.monetary_ratio - c.monetary_ratio) +
                        SQUARE(v.frequency - c.frequency) AS squared_distance
                    FROM #centroid AS c
                    WHERE c.k = t.k
                    ORDER BY squared_distance, c.cluster_id
                ) AS n
            ) AS w
                ON w.k = e.k AND w.place = e.place;

        UPDATE c
        SET
            c.order_ratio = u.order_ratio,
            c.items_ratio = u.items_ratio,
            c.monetary_ratio = u.monetary_ratio,
            c.frequency = u.frequency
        FROM #centroid AS c
        INNER JOIN #cluster AS u
            ON u.k = c.k AND u.cluster_id = c.cluster_id
        WHERE c.is_moving = 1;

        SELECT @moving = COUNT(DISTINCT c.k)
        FROM #centroid AS c
        WHERE c.is_moving = 1;

        SET @steps += 1;

        RAISERROR(N'Step %d over all customers. Numbers of clusters still moving: %d.', 0, 1, @steps, @moving) WITH NOWAIT;
    END;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.choose_k: tries every number of clusters from 1 to @max_k and suggests one.

    EXEC seg.choose_k @max_k = 10;

    DECLARE @chart varbinary(max);
    EXEC seg.choose_k @with_chart = 1, @chart = @chart OUTPUT;  -- the elbow as a PNG

Above @max_points distinct feature vectors the memory of the external script stays bounded: Python fits
on a sample of so many, and the centroids are then moved over all customers here, in T-SQL. Silhouettes
are the sample's; everything else is of all customers.

Result: one row for each k with its metrics, the suggested one marked, and the reason as a message.
Lower is better for inertia, mean distance and Davies-Bouldin, higher for silhouette and
Calinski-Harabasz. Rows and reason are kept in seg.k_evaluation.
*/
CREATE OR ALTER PROCEDURE seg.choose_k
    @max_k int = 19,
    @scaling nvarchar(10) = N'none',
    @random_state int = 111,
    @n_init int = 10,
    @max_points int = 2000000,
    @with_chart bit = 0,
    @chart varbinary(max) = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000),
        @faults nvarchar(max),
        @message nvarchar(4000),
        @distinct_vectors bigint,
        @vectors nvarchar(max) = N'
SELECT
    f.order_ratio,
    f.items_ratio,
    f.monetary_ratio,
    f.frequency,
    COUNT(*) AS customers
FROM seg.customer_feature AS f
GROUP BY f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency',
        @script nvarchar(max),
        @script_scaling nvarchar(10),
        @fitted nvarchar(max),
        @document nvarchar(max),
        @document_length int,
        @suggested_k int,
        @reason nvarchar(1000),
        @fault nvarchar(max);

    BEGIN TRY
        SET @parameters = CONCAT(
            N'@max_k = ', @max_k, N', @scaling = ', @scaling,
            N', @random_state = ', @random_state, N', @n_init = ', @n_init, N', @max_points = ', @max_points
        );

        EXEC seg.start_run
            @procedure_name = N'choose_k',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @faults = CONCAT(
            IIF(@max_k BETWEEN 2 AND 100, N'', CONCAT(
                N'@max_k: ', COALESCE(CAST(@max_k AS nvarchar(30)), N'NULL'),
                N' is not a number of clusters to try. Allowed: 2 to 100. '
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
            )),
            IIF(@max_points BETWEEN 1000 AND 100000000, N'', CONCAT(
                N'@max_points: ', COALESCE(CAST(@max_points AS nvarchar(30)), N'NULL'),
                N' is not a number of feature vectors. Allowed: 1000 to 100000000. '
            ))
        );

        IF @faults <> N''
        BEGIN
            SET @message = LEFT(RTRIM(@faults), 2000);
            THROW 50001, @message, 1;
        END;

        -- Python tells capitals and trailing blanks apart; a database may not.
        SET @scaling = LOWER(RTRIM(@scaling));

        SELECT @distinct_vectors = COUNT_BIG(*)
        FROM (
            SELECT DISTINCT
                f.order_ratio,
                f.items_ratio,
                f.monetary_ratio,
                f.frequency
            FROM seg.customer_feature AS f
        ) AS v;

        IF @distinct_vectors = 0
            THROW 50004, N'seg.customer_feature: is empty. EXEC seg.build_features first.', 1;

        SET @script = N'
# ---- locate
SOURCES = (
    ("blocks.py", 39),
    ("nearest.py", 102),
    ("sums.py", 230),
    ("cells.py", 281),
    ("bounds.py", 562),
    ("lloyd.py", 720),
    ("ground.py", 894),
    ("splits.py", 1047),
    ("starts.py", 1106),
    ("search.py", 1174),
    ("centres.py", 1385),
    ("features.py", 1519),
    ("parameters.py", 1555),
    ("runtime.py", 1608),
    ("silhouette.py", 1668),
    ("vectors.py", 1883),
    ("evaluation.py", 2156),
    ("polished_evaluation.py", 2351),
    ("segments.py", 2398),
    ("charts.py", 2492),
    ("glue", 2692),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/blocks.py
"""Points in blocks that stay in the processor''s cache, and the numbers of some of them.

Numbers of points are kept as int32, which takes half the memory of what numpy indexes with.
"""

from typing import Callable, Iterable, Iterator

import numpy as np

POINTS_AT_ONCE = 8192


def blocks(count: int, size: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Divide so many points into blocks that stay in the processor''s cache."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def blocks_of(numbers: np.ndarray, size: int = POINTS_AT_ONCE) -> Iterator[np.ndarray]:
    """Yield the numbers of points, as :func:`find_points` returns them, in blocks to index with."""
    return (numbers[part].astype(np.intp) for part in blocks(len(numbers), size))


def filter_points(numbers: np.ndarray, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return those of the numbers of points for which a test of a block of them is true."""
    return join_numbers(len(numbers), (part[test(part)] for part in blocks_of(numbers)))


def find_points(count: int, test: Callable[[slice], np.ndarray]) -> np.ndarray:
    """Return the numbers of the points for which a test is true.

    Parameters
    ----------
    count : int
    test : function
        Takes a block and returns an array of bool.

    Examples
    --------
    >>> values = np.array([3, 8, 1])
    >>> find_points(3, lambda part: values[part] > 2).tolist()
    [0, 1]
    """
    parts = blocks(count, 2 * POINTS_AT_ONCE)
    return join_numbers(count, (part.start + np.flatnonzero(test(part)) for part in parts))


def join_numbers(most: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Return at most so many numbers of points in one array, in half the memory of an int64."""
    joined, end = np.empty(most, dtype=np.int32), 0
    for part in parts:
        joined[end : end + len(part)] = part
        end += len(part)
    joined.resize(end, refcheck=False)  # in its place
    return joined


def hand_out(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the value of each point''s cell, shape (n_points,)."""
    handed = np.empty(len(numbers), dtype=values.dtype)
    for part in blocks(len(numbers)):
        handed[part] = values.take(numbers[part])
    return handed
# ---- procluster/indb/nearest.py
"""Which centre is nearest to each point, exactly, and how clearly.

Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory;
centres are arrays of shape (n_clusters, n_features).
"""

from typing import Tuple

import numpy as np



# So many pairs are looked at a time, to stay in the processor''s cache.
PAIRS_AT_ONCE = 32768

# Up to so many multiplications OpenBLAS uses one thread (its GEMM_MULTITHREAD_THRESHOLD); more
# threads would wait for each other longer than they compute, above all on a busy server.
PRODUCTS_AT_ONCE = 262144

# A dot product of n terms has a relative error of at most about n times this (Higham, 2002,
# Accuracy and Stability of Numerical Algorithms, chapter 3), with room for what follows it.
ROUNDING = 1e-14


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    gaps = np.empty_like(total)
    for values, centre_values in zip(points, centres.T):
        np.subtract(values, centre_values[:, np.newaxis], out=gaps)
        gaps *= gaps
        total += gaps
    return total


def own_squares(points: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point to the centre it is labelled with."""
    columns = np.ascontiguousarray(centres.T)
    total = np.empty(points.shape[1])
    for part in blocks(len(total)):
        gaps = columns.take(labels[part], axis=1)
        gaps -= points[:, part]
        gaps *= gaps
        gaps.sum(axis=0, out=total[part])
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and the squares of the two smallest distances.

    The lower number where two centres are equally near; an infinite square where there is no
    second centre.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [2.0]]))]
    [[0, 1], [1.0, 4.0], [4.0, 9.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    # Larger arrays would go back to the system and come again, zeroed, each time.
    step = max(64, points_at_once(centres) // 4)
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, first, second


def points_at_once(centres: np.ndarray) -> int:
    """Return how many points to compare with the centres at a time."""
    n_clusters, n_features = centres.shape
    pairs = min(PAIRS_AT_ONCE, PRODUCTS_AT_ONCE // n_features)
    return int(min(POINTS_AT_ONCE, max(64, pairs // n_clusters)))


def label_points(points: np.ndarray, centres: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and how much farther the second one is at least.

    The same labels as those of :func:`two_nearest`, faster: squared distances less what all
    centres have in common come from one matrix product, and only the points for which rounding
    could have changed the order of two centres are looked at again.

    Returns
    -------
    labels : array of int, shape (n_points,)
    lead : array of float, shape (n_points,)
        A lower bound of the distance to the second nearest centre less that to the nearest.
    """
    n_points = points.shape[1]
    labels = np.zeros(n_points, dtype=np.int64)
    lead = np.full(n_points, np.inf)
    if len(centres) == 1:
        return labels, lead
    origin = centres.sum(axis=0) / len(
        centres
    )  # digits are not lost to an offset that all points share
    centred = centres - origin
    constants = (centred**2).sum(axis=1)[:, np.newaxis]
    for part in blocks(n_points, points_at_once(centres)):
        moved = points[:, part] - origin[:, np.newaxis]
        scores = np.dot(-2 * centred, moved)
        scores += constants
        first = scores.min(axis=0)
        nearest = (scores == first).argmax(axis=0)
        scores[nearest, np.arange(len(nearest))] = np.inf
        second = scores.min(axis=0)
        moved *= moved
        norms = moved.sum(axis=0)
        error = ROUNDING * len(points) * (2 * norms + second)
        unsure = np.flatnonzero(second - first <= 2 * error)
        lead[part] = np.sqrt(np.maximum(second + norms - error, 0)) - np.sqrt(
            np.maximum(first + norms + error, 0)
        )
        if len(unsure):
            nearest[unsure], *squares = two_nearest(points[:, part][:, unsure], centres)
            lead[part][unsure] = np.sqrt(squares[1]) - np.sqrt(squares[0])
        labels[part] = nearest
    return labels, lead
# ---- procluster/indb/sums.py
"""Sums by label, of the points of a cluster or of a cell.

They are added in an order that depends on the points only, so that every release of numpy finds
the same.
"""

from typing import Sequence

import numpy as np

# Neighbouring points often have the same label, and a processor that adds to one number again
# and again waits for itself. So the points take turns between so many sums of each label.
TURNS = 4


def label_sums(labels: np.ndarray, rows: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the sums of each row by label, shape (n_rows, count).

    Parameters
    ----------
    labels : array of int, shape (n_points,)
        From 0 to `count` - 1.
    rows : sequence of arrays of float, shape (n_points,)
    count : int

    Examples
    --------
    >>> label_sums(np.array([1, 0, 1]), [np.array([1.0, 2.0, 4.0])], 3).tolist()
    [[2.0, 5.0, 0.0]]
    """
    places = np.arange(len(labels))
    places &= TURNS - 1
    places *= count
    places += labels
    found = np.empty((len(rows), TURNS * count))
    for row, sums in zip(rows, found):
        sums[:] = np.bincount(places, row, minlength=TURNS * count)
    return np.asarray(found.reshape(len(found), TURNS, count).sum(axis=1))


def cluster_sums(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the weighted sums of each cluster''s features and, last, its weight.

    Returns
    -------
    array of float, shape (n_features + 1, n_clusters)
    """
    return label_sums(labels, [*(weights * points), weights], n_clusters)
# ---- procluster/indb/cells.py
"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np





# So many cells for each cluster show well where clusters are best; of many cells, fewer will do.
FEWEST_CELLS = 512
CELLS_PER_CLUSTER = 128
MANY_CELLS = 2048
CELLS_PER_CLUSTER_OF_MANY = 16

# About so many points for each cell are enough to see where cells are to be cut.
SCOUTS_PER_CELL = 8


class Cells(NamedTuple):
    """Groups of points that lie near each other.

    Attributes
    ----------
    means : array of float, shape (n_features, n_cells)
    weights : array of float, shape (n_cells,)
    numbers : array of int, shape (n_points,)
        The cell of each point.
    widths : array of float, shape (n_points,)
        Twice the distance of each point to the mean of its cell.
    spans : array of float, shape (n_cells,)
        The largest width in each cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray
    spans: np.ndarray


class Spread(NamedTuple):
    """Weights, means, sums of squares and the widest feature of some cells."""

    weights: np.ndarray
    means: np.ndarray
    losses: np.ndarray
    widest: np.ndarray


class Cut(NamedTuple):
    """Which cells are cut in two, and where; arrays of shape (n_cells,).

    Attributes
    ----------
    upper : array of int
        The number that the upper half of each cell gets; its own for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half; infinite for a cell that
        stays whole.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters, a power of two.

    Examples
    --------
    >>> [count_cells(n_clusters) for n_clusters in (4, 5, 128, 129)]
    [512, 1024, 2048, 4096]
    """
    wanted = min(MANY_CELLS, CELLS_PER_CLUSTER * n_clusters)
    wanted = max(wanted, CELLS_PER_CLUSTER_OF_MANY * n_clusters)
    count = FEWEST_CELLS
    while count < wanted:
        count *= 2
    return count


def condense(points: np.ndarray, weights: np.ndarray, most_cells: int) -> Cells:
    """Divide the points into at most `most_cells` cells.

    Cells are split at the mean of their widest feature, in rounds: all those with more than an
    equal share of the sum of squares, so that an outlier soon has a cell of its own and equal
    points are never looked at again. A cell is represented by its mean and weight; what it leaves
    out of any inertia is its own sum of squares (the theorem of Huygens and Steiner).

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> cells = condense(points, weights, most_cells=2)
    >>> cells.means.tolist(), cells.weights.tolist(), cells.numbers.tolist()
    ([[0.25, 50.5]], [4.0, 2.0], [0, 0, 1, 1])
    >>> cells.widths.tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        numbers = np.arange(n_points, dtype=np.int32)
        return Cells(points, weights, numbers, np.zeros(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    spans = largest_widths(widths, numbers, len(totals))
    return Cells(means, totals, numbers.astype(np.int32), widths, spans)


def largest_widths(widths: np.ndarray, numbers: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the largest width in each cell.

    Points overwrite each other until none is left that is wider than what its cell has.
    """
    spans = np.zeros(n_cells)
    for part in blocks(len(widths)):
        wide, cells = widths[part], numbers[part]
        while len(wide):
            wider = wide > spans[cells]
            wide, cells = wide[wider], cells[wider]
            spans[cells] = wide
    return spans


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point''s cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    numbers = np.zeros(len(weights), dtype=np.int64)
    reference = points[:, :1]
    step = len(weights) // (SCOUTS_PER_CELL * most_cells)
    if step > 1:
        scouts = np.ascontiguousarray(points[:, ::step]), weights[::step]
        reference, cuts = sketch_cells(*scouts, most_cells - most_cells // 4)
        del scouts  # memory is scarce
        for part in blocks(len(weights)):
            block = np.ascontiguousarray(points[:, part])
            for cut in cuts:
                numbers[part] = divide(block, numbers[part], cut)
    spread = measure_spread(points, weights, numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1).take(numbers)
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def sketch_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, List[Cut]]:
    """Return the means of the cells that some points tell, and the cuts that lead there."""
    numbers = np.zeros(len(weights), dtype=np.int64)
    spread = measure_spread(points, weights, numbers, points[:, :1])
    spread, cuts = refine(points, weights, numbers, spread, most_cells)
    return spread.means, cuts


def refine(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, spread: Spread, most_cells: int
) -> Tuple[Spread, List[Cut]]:
    """Cut cells until there are `most_cells` or none differs inside; change `numbers`.

    Returns
    -------
    spread : Spread
        Of the cells there are then.
    cuts : list of Cut
    """
    cuts: List[Cut] = []
    while True:
        losses, count = spread.losses, len(spread.losses)
        chosen = np.flatnonzero(losses > losses.sum() / most_cells)
        largest = np.argsort(-losses[chosen], kind="mergesort")[: most_cells - count]
        chosen = np.sort(chosen[largest])
        if not len(chosen):
            return spread, cuts
        cuts.append(cut_at_means(spread, chosen))
        halves = measure_halves(points, weights, numbers, spread, chosen, cuts[-1])
        spread = replace_halves(spread, chosen, halves)


def cut_at_means(spread: Spread, chosen: np.ndarray) -> Cut:
    """Return the cut of the chosen cells at the mean of their widest feature."""
    count = len(spread.weights)
    upper, thresholds = np.arange(count), np.full(count, np.inf)
    upper[chosen] = count + np.arange(len(chosen))
    thresholds[chosen] = spread.means[spread.widest[chosen], chosen]
    return Cut(upper, spread.widest, thresholds)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Return the numbers of the points'' cells after a cut."""
    n_points = len(numbers)
    places = (cut.features * n_points).take(numbers)
    places += np.arange(n_points)
    high = points.ravel().take(places) > cut.thresholds.take(numbers)
    return np.where(high, cut.upper.take(numbers), numbers)


def measure_halves(
    points: np.ndarray,
    weights: np.ndarray,
    numbers: np.ndarray,
    spread: Spread,
    chosen: np.ndarray,
    cut: Cut,
) -> Spread:
    """Cut the chosen cells, changing `numbers`; return the spread of the lower and upper halves."""
    count = len(chosen)
    place = np.full(len(spread.weights) + count, -1)
    place[chosen] = np.arange(count)
    place[len(spread.weights) :] = count + np.arange(count)
    touched = find_points(len(numbers), lambda part: place.take(numbers[part]) >= 0)
    reference = np.tile(spread.means[:, chosen], 2)
    moments = np.zeros((1 + 2 * len(points), 2 * count))
    for part in blocks_of(touched):
        values = points[:, part]
        numbers[part] = divide(values, numbers[part], cut)
        moments += sum_moments(values, weights[part], place[numbers[part]], reference)
    return spread_of(moments, reference)


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, reference: np.ndarray
) -> Spread:
    """Return the spread of the points by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    numbers : array of int, shape (n_points,)
        Their cells.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    moments = np.zeros((1 + 2 * len(points), reference.shape[1]))
    for part in blocks(len(weights)):
        moments += sum_moments(points[:, part], weights[part], numbers[part], reference)
    return spread_of(moments, reference)


def sum_moments(
    points: np.ndarray, weights: np.ndarray, cells: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Return weight, and weighted sums and squares about the reference, a row each, by cell."""
    gaps = points - reference.take(cells, axis=1)
    weighted = weights * gaps
    gaps *= weighted
    return label_sums(cells, [weights, *weighted, *gaps], reference.shape[1])


def spread_of(moments: np.ndarray, reference: np.ndarray) -> Spread:
    """Return the spread that moments about a reference tell."""
    totals, sums, squares = moments[0], *np.split(moments[1:], 2)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
# ---- procluster/indb/bounds.py
"""Which points may have changed their cluster since they were looked at; most have not for sure.

A point keeps its cluster while its lead, by which the second nearest centre is farther than the
nearest, is not used up by what the centres move: Hamerly (2010), Making k-means even faster, SIAM
International Conference on Data Mining. What uses it up is the move of its own centre, and the
largest move among the centres that are near enough to its cell to be the second. So a centre that
jumps among outliers makes nobody else unsure, and where centres rest nothing is looked at.
"""

from typing import Union

import numpy as np





# The centres near to each cell, and the points watched, hold until a centre has moved farther than
# so many times its step when they were found; then they are found anew.
STEPS_AHEAD = 8

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


class Bounds:
    """How far the centres may move until a point has to be looked at again.

    Parameters
    ----------
    cells : Cells
    cell_lead : array of float, shape (n_cells,)
        How much farther the second nearest centre of each mean is than the nearest.
    n_clusters : int

    Attributes
    ----------
    due : array of int
        The points to look at now.
    """

    def __init__(self, cells: Cells, cell_lead: np.ndarray, n_clusters: int) -> None:
        self._cells = cells
        # At distance r from the mean of its cell a point''s lead is smaller than the mean''s by 2 r
        # at most, by the triangle inequality, twice.
        self._limits = hand_out(cell_lead * SAFETY, cells.numbers)
        self._limits -= cells.widths
        self.due = find_points(len(self._limits), lambda part: self._limits[part] <= 0)
        self._reach = np.full(n_clusters, -1.0)  # nothing is watched yet
        self._own_moves = np.zeros(n_clusters)
        self._other_moves = np.zeros(len(cell_lead))

    def renew(self, points: np.ndarray, labels: np.ndarray, lead: np.ndarray) -> None:
        """Note the lead of some points, given by their numbers, after their labels."""
        numbers = self._cells.numbers[points]
        used = use_up(numbers, labels, self._own_moves, self._other_moves)
        self._limits[points] = lead * SAFETY + used

    def move(self, centres: np.ndarray, moves: np.ndarray, labels: np.ndarray) -> None:
        """Find the points that are due when the centres have moved.

        Parameters
        ----------
        centres : array of float, shape (n_clusters, n_features)
            Where they are now.
        moves : array of float, shape (n_clusters,)
            How far each of them has moved.
        labels : array of int, shape (n_points,)
        """
        del self.due  # memory is scarce
        moves = moves / SAFETY
        self._reach -= moves
        found_anew = bool((self._reach < 0).any())
        if found_anew:
            self._reach = STEPS_AHEAD * moves
            self._near = near_centres(self._cells, centres, self._reach)
        self._own_moves += moves
        self._other_moves += self._largest(moves)
        if found_anew:
            self._watched = self._soon_due(labels)
        own, other = self._own_moves, self._other_moves
        self.due = filter_points(
            self._watched, lambda part: self._are_due(part, labels, own, other)
        )

    def _soon_due(self, labels: np.ndarray) -> np.ndarray:
        """Return the points that are due before the centres have moved beyond their reach."""
        own = self._own_moves + self._reach
        other = self._other_moves + self._largest(self._reach)
        return find_points(len(labels), lambda part: self._are_due(part, labels, own, other))

    def _are_due(
        self,
        part: Union[slice, np.ndarray],
        labels: np.ndarray,
        own: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return which of some points such moves of the centres leave no lead."""
        used = use_up(self._cells.numbers[part], labels[part], own, other)
        return np.asarray(self._limits[part] <= used)

    def _largest(self, moves: np.ndarray) -> np.ndarray:
        """Return the largest move among the centres near to each cell."""
        moving = np.flatnonzero(moves)
        largest = np.where(self._near[moving], moves[moving, np.newaxis], 0.0).max(axis=0)
        return np.asarray(largest)


def use_up(
    numbers: np.ndarray, labels: np.ndarray, own: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return what moves take of the lead of points.

    Parameters
    ----------
    numbers, labels : array of int, shape (n,)
        The cells and the clusters of the points.
    own : array of float, shape (n_clusters,)
        What each centre moves.
    other : array of float, shape (n_cells,)
        What another one near to each cell moves at most.
    """
    used = own.take(labels)
    used += other.take(numbers)
    return np.asarray(used)


def near_centres(cells: Cells, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return which centres can be the nearest or the second of some point of each cell.

    Parameters
    ----------
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
    reach : array of float, shape (n_clusters,)
        How far each of them may be from there, then or before.

    Returns
    -------
    array of bool, shape (n_clusters, n_cells)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 50.0, 51.0]]), np.ones(4), most_cells=2)
    >>> near_centres(cells, np.array([[0.0], [2.0], [4.0], [60.0]]), np.zeros(4)).tolist()
    [[True, False], [True, False], [False, True], [False, True]]
    """
    distances = squared_distances(cells.means, centres)
    np.sqrt(distances, out=distances)
    farthest = distances + reach[:, np.newaxis]
    farthest[farthest.argmin(axis=0), np.arange(farthest.shape[1])] = np.inf
    limits = farthest.min(axis=0) + cells.spans
    distances *= SAFETY  # in its place, for memory is scarce
    distances -= reach[:, np.newaxis]
    return np.asarray(distances <= limits)
# ---- procluster/indb/lloyd.py
"""Lloyd''s algorithm on all the points, most of which need no look.

Whole cells are assigned by their means where that is sure to be right for all their points: the
idea of Pelleg and Moore (1999), Accelerating exact k-means algorithms with geometric reasoning,
with cells of any shape instead of a k-d tree''s boxes. The others are compared with the centres,
once more whenever their bounds say so. The outcome is that of Lloyd''s algorithm without any cells,
up to rounding.
"""

from typing import NamedTuple

import numpy as np







# Lloyd''s algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# A cluster with a smaller share of the weight is empty, but for what rounding leaves of its sums.
NOTHING = 1e-13


class Fit(NamedTuple):
    """Where Lloyd''s algorithm came to.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre of each point; the lower number where two are equally near.
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
    """

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    steps: int


def means_of(sums: np.ndarray, cells: Cells, centres: np.ndarray) -> np.ndarray:
    """Return the means, shape (n_clusters, n_features); an empty cluster takes a worst served cell.

    Parameters
    ----------
    sums : array of float, shape (n_features + 1, n_clusters)
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
        The centres that the points were assigned to.
    """
    occupied = sums[-1] > NOTHING * sums[-1].sum()
    means = (sums[:-1] / np.where(occupied, sums[-1], 1.0)).T
    if occupied.all():
        return np.asarray(means)
    empty = np.flatnonzero(~occupied)
    costs = cells.weights * two_nearest(cells.means, centres)[1]
    worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
    means[empty] = cells.means[:, worst].T
    return np.asarray(means)


def run_lloyd(points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray) -> Fit:
    """Move the centres to the means of their points until nothing changes.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    cells : Cells
        Of the same points.
    centres : array of float, shape (n_clusters, n_features)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> points, weights = np.array([[0.0, 1.0, 2.0, 9.0]]), np.ones(4)
    >>> fit = run_lloyd(points, weights, condense(points, weights, 3), np.array([[0.0], [1.0]]))
    >>> fit.centres.tolist(), fit.labels.tolist()
    ([[1.0], [9.0]], [0, 0, 0, 1])
    """
    cell_labels, cell_lead = label_points(cells.means, centres)
    labels = hand_out(cell_labels.astype(np.int32), cells.numbers)  # half the memory
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    bounds = Bounds(cells, cell_lead, len(centres))
    relabel(points, weights, bounds, centres, labels, sums)
    steps, rounded = 1, False
    while steps < MOST_STEPS:
        means = means_of(sums, cells, centres)
        moves = np.sqrt(((means - centres) ** 2).sum(axis=1))
        if moves.any():
            centres = means
            bounds.move(centres, moves, labels)
            rounded |= relabel(points, weights, bounds, centres, labels, sums)
            steps += 1
        elif rounded:
            sums, rounded = sum_points(points, weights, cells, centres, labels), False
        else:
            break
    return Fit(centres, labels, sums[-1], steps)


def sum_points(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the sums of the clusters, shape (n_features + 1, n_clusters).

    Each point is added once at most, where those kept up to date have been rounded with every
    change of a label.
    """
    cell_labels, _ = label_points(cells.means, centres)
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    for part in blocks(len(labels)):
        implied = cell_labels.take(cells.numbers[part])
        other = np.flatnonzero(implied != labels[part])
        values, own = points[:, part].take(other, axis=1), weights[part].take(other)
        transfer(sums, values, own, implied[other], labels[part].take(other))
    return sums


def transfer(
    sums: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    """Take points from the sums of their labels before to those of their labels after."""
    sums += cluster_sums(points, weights, after, sums.shape[1])
    sums -= cluster_sums(points, weights, before, sums.shape[1])


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    bounds: Bounds,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Give the points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    bounds : Bounds
        Told the new leads.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    bool
        Whether any label has changed.
    """
    any_changed = False
    for due in blocks_of(bounds.due, points_at_once(centres)):
        values, before = points[:, due], labels[due]
        after, lead = label_points(values, centres)
        bounds.renew(due, after, lead)
        changed = np.flatnonzero(after != before)
        if len(changed):
            any_changed = True
            labels[due] = after
            own = weights[due[changed]]
            transfer(sums, values[:, changed], own, before[changed], after[changed])
    return any_changed
# ---- procluster/indb/ground.py
"""The ground that the search for centres moves on: cells, made ready to be labelled many times."""

from typing import NamedTuple, Tuple

import numpy as np




# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9

# An inertia that is a smaller share than this of that about the origin has too few right digits
# as a difference from it, and is added up from the squares.
FAINT = 1e-5


class Ground(NamedTuple):
    """Cells about their mean, and what every labelling needs of them.

    Attributes
    ----------
    cells : Cells
        Their means are taken from `origin`, so that no digits are lost to what all share.
    origin : array of float, shape (n_features,)
    frame : array of float, shape (n_features + 1, n_cells)
        The means, and a row of ones.
    moments : array of float, shape (n_cells, n_features + 1)
        Both times the weights, a cell after the other.
    slack : array of float, shape (n_cells,)
        How far rounding can move what :func:`label_cells` compares, but for the centres'' share.
    inertia : float
        About the origin.
    """

    cells: Cells
    origin: np.ndarray
    frame: np.ndarray
    moments: np.ndarray
    slack: np.ndarray
    inertia: float


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.
    labels : array of int, shape (n_cells,)
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float

    def beats(self, other: "State") -> bool:
        """Return whether these are better clusters, and not the same ones rounded otherwise."""
        return self.inertia < other.inertia * (1 - SAME)


def lay_ground(cells: Cells) -> Ground:
    """Make cells ready."""
    n_features, n_cells = cells.means.shape
    origin = np.cumsum(cells.means, axis=1)[:, -1] / n_cells
    means = cells.means - origin[:, np.newaxis]
    frame = np.vstack([means, np.ones(n_cells)])
    squares = (means**2).sum(axis=0)
    return Ground(
        cells=cells._replace(means=means),
        origin=origin,
        frame=frame,
        moments=np.ascontiguousarray((cells.weights * frame).T),
        slack=8 * ROUNDING * n_features * squares,
        inertia=float(cells.weights.dot(squares)),
    )


def observe(ground: Ground, centres: np.ndarray) -> State:
    """Return how the cells see some centres."""
    labels, saved = label_cells(ground, centres)
    inertia = ground.inertia - saved
    if inertia < FAINT * ground.inertia:
        inertia = float(ground.cells.weights.dot(own_squares(ground.cells.means, centres, labels)))
    return State(centres, labels, inertia)


def label_cells(ground: Ground, centres: np.ndarray) -> Tuple[np.ndarray, float]:
    """Return the nearest centre of each cell, the lower number where two are equally near.

    Squared distances less what all centres have in common come from one matrix product; only the
    cells for which rounding could have changed the order of two centres are looked at again.

    Parameters
    ----------
    ground : Ground
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.

    Returns
    -------
    labels : array of int, shape (n_cells,)
    saved : float
        How much smaller the inertia is than that about the origin.

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 8.0]]), np.ones(3), most_cells=3)
    >>> ground = lay_ground(cells)
    >>> labels, saved = label_cells(ground, np.array([[8.0], [0.5]]) - ground.origin)
    >>> labels.tolist(), round(saved, 9)
    ([1, 1, 0], 37.5)
    """
    n_clusters, n_features = centres.shape
    planes = np.empty((n_clusters, n_features + 1))
    np.multiply(centres, -2, out=planes[:, :-1])
    planes[:, -1] = constants = (centres**2).sum(axis=1)
    spare = 8 * ROUNDING * n_features * constants.max()
    numbers = np.arange(n_clusters, dtype=np.float32)
    labels = np.empty(len(ground.slack), dtype=np.int64)
    saved = 0.0
    step = points_at_once(planes)
    for start in range(0, len(labels), step):  # called so often that a generator would be felt
        part = slice(start, start + step)
        scores = planes.dot(ground.frame[:, part])
        limits = scores.min(axis=0)
        saved -= float(ground.cells.weights[part].dot(limits))
        limits += ground.slack[part]
        limits += spare
        near = scores <= limits
        # Where one centre is near to a cell, the sum of the numbers of those near is its number.
        labels[part] = numbers.dot(near)
        if np.count_nonzero(near) > near.shape[1]:
            unsure = start + np.flatnonzero(near.sum(axis=0) > 1)
            labels[unsure], _, _ = two_nearest(ground.cells.means[:, unsure], centres)
    return labels, saved


def sum_cells(ground: Ground, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted sums of the features and, last, the weight of the cells by label.

    Returns
    -------
    array of float, shape (count, n_features + 1)
    """
    width = ground.moments.shape[1]
    places = np.arange(count * width).reshape(count, width).take(labels, axis=0)
    sums = np.bincount(places.ravel(), ground.moments.ravel(), minlength=count * width)
    return np.asarray(sums.reshape(count, width))
# ---- procluster/indb/splits.py
"""Where each cluster would be split in two, and what that gains."""

from typing import NamedTuple

import numpy as np




# From a drawn cell, so many steps of Lloyd''s algorithm with two centres settle where the halves
# are, near enough to tell which cluster to split.
SPLIT_STEPS = 2


class Splits(NamedTuple):
    """The clusters, each in two.

    Attributes
    ----------
    gains : array of float, shape (n_clusters,)
        What the inertia loses at least when the cluster is split.
    lower, upper : array of float, shape (n_clusters, n_features)
        The means of the halves.
    """

    gains: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def split_clusters(ground: Ground, state: State, random: np.random.RandomState) -> Splits:
    """Split every cluster at once, each between its centre and a cell drawn from it.

    What a split gains is the sum of squares between the means of the halves (the theorem of
    Huygens and Steiner).
    """
    count, means = len(state.centres), ground.cells.means
    lower, upper = state.centres, means[:, draw_members(ground, state, random)].T
    for _ in range(SPLIT_STEPS):
        apart = own_squares(means, upper, state.labels)
        high = apart < own_squares(means, lower, state.labels)
        sums = sum_cells(ground, state.labels + count * high, 2 * count).reshape(2, count, -1)
        weights = sums[..., -1]
        lower, upper = sums[..., :-1] / np.where(weights > 0, weights, 1)[..., np.newaxis]
    shares = weights[0] * weights[1] / np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
    return Splits(shares * ((lower - upper) ** 2).sum(axis=1), lower, upper)


def draw_members(ground: Ground, state: State, random: np.random.RandomState) -> np.ndarray:
    """Draw a cell of each cluster, with odds in proportion to what the cells cost."""
    order = np.argsort(state.labels, kind="mergesort")
    ends = np.cumsum(np.bincount(state.labels, minlength=len(state.centres)))
    squares = own_squares(ground.cells.means, state.centres, state.labels)
    odds = np.cumsum((ground.cells.weights * squares)[order])
    totals = np.append(0.0, odds)[np.append(0, ends)]
    shares = random.random_sample(len(ends))
    places = np.searchsorted(odds, totals[:-1] + shares * np.diff(totals), side="right")
    return np.asarray(order[np.minimum(places, np.maximum(ends - 1, 0))])
# ---- procluster/indb/starts.py
"""Starting centres by greedy k-means++.

Each centre is the best of a few points drawn with probability proportional to weight times
squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
advantages of careful seeding.
"""

import math
from typing import NamedTuple

import numpy as np





class Starts(NamedTuple):
    """Sequences of starting centres; the first k of a sequence are a start for k clusters.

    Attributes
    ----------
    chosen : array of int, shape (n_starts, n_clusters)
        Cells.
    inertias : array of float, shape (n_starts, n_clusters)
        What the cells cost with the first 1, 2, ... centres of the sequence.
    """

    chosen: np.ndarray
    inertias: np.ndarray

    def best(self, n_clusters: int, count: int) -> np.ndarray:
        """Return the cells of the `count` best starts for so many clusters, a row each."""
        order = np.argsort(self.inertias[:, n_clusters - 1], kind="mergesort")
        return np.asarray(self.chosen[order[:count], :n_clusters])


def draw_starts(
    cells: Cells, n_clusters: int, n_starts: int, random: np.random.RandomState
) -> Starts:
    """Draw sequences of up to `n_clusters` starting centres.

    They are shorter when fewer cells are far enough apart to be told from each other. The draws
    for a centre do not depend on how many come after it.
    """
    chosen = np.zeros((n_starts, n_clusters), dtype=np.int64)
    inertias = np.zeros((n_starts, n_clusters))
    nearest = np.full((n_starts, len(cells.weights)), np.inf)
    odds = np.repeat(np.cumsum(cells.weights)[np.newaxis], n_starts, axis=0)
    for index in range(n_clusters):
        if not (odds[:, -1] > 0).all():
            return Starts(chosen[:, :index], inertias[:, :index])
        shares = random.random_sample((n_starts, 2 + int(math.log(index + 1))))
        for row in range(n_starts):
            draws = draw_cells(odds[row], shares[row])
            squares = squared_distances(cells.means, cells.means[:, draws].T)
            np.minimum(squares, nearest[row], out=squares)
            cumulated = np.cumsum(cells.weights * squares, axis=1)
            best = int(cumulated[:, -1].argmin())
            nearest[row], odds[row] = squares[best], cumulated[best]
            chosen[row, index], inertias[row, index] = draws[best], odds[row, -1]
    return Starts(chosen, inertias)


def draw_cells(odds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the indices at the given shares of the cumulated odds; none whose odds are zero."""
    draws = np.searchsorted(odds, shares * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))
# ---- procluster/indb/search.py
"""The search for good centres, on the cells.

Lloyd''s algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple

import numpy as np








# The search begins on so many coarser cells, or on so many for each cluster, where a trial costs
# little, and is repeated on the cells themselves.
COARSE_CELLS = 512
COARSE_CELLS_PER_CLUSTER = 8

# So many swaps that fail in a row are enough where little is left to find.
FEW_SWAPS = 3

# After so many swaps that failed the clusters are split anew, elsewhere.
SWAPS_AT_ONCE = 5

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50


class Effort(NamedTuple):
    """How long to search.

    Attributes
    ----------
    starts : int
        How many of the starts that are drawn are improved by swaps, the best ones.
    swaps : int
        An improvement ends when so many swaps in a row have not helped.
    """

    starts: int
    swaps: int


def search_centres(
    cells: Cells, efforts: Dict[int, Effort], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    efforts : dict of Effort
        By number of clusters: consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    most_clusters = max(efforts)
    fine = coarse = lay_ground(cells)
    most_coarse = max(COARSE_CELLS, COARSE_CELLS_PER_CLUSTER * most_clusters)
    if len(cells.weights) > most_coarse:
        coarse = lay_ground(condense(fine.cells.means, cells.weights, most_coarse))
    starts = draw_starts(coarse.cells, most_clusters, n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    begun = {
        k: [coarse.cells.means[:, own].T for own in starts.best(k, effort.starts)]
        for k, effort in efforts.items()
        if k <= most
    }
    n_swaps = {k: effort.swaps for k, effort in efforts.items()}
    found = climb(coarse, begun, n_swaps, random_state)
    if coarse is not fine:
        begun = {k: [state.centres + coarse.origin] for k, state in found.items()}
        few = {k: min(FEW_SWAPS, most) for k, most in n_swaps.items()}
        found = climb(fine, begun, few, random_state)
    return {k: state.centres + fine.origin for k, state in found.items()}


def climb(
    ground: Ground, begun: Dict[int, List[np.ndarray]], n_swaps: Dict[int, int], random_state: int
) -> Dict[int, State]:
    """Return the best states that are found from some centres, by number of clusters."""
    found: Dict[int, State] = {}
    random = np.random.RandomState()
    for k, starts in begun.items():
        states = [settle(ground, centres) for centres in starts]
        if k - 1 in found and found[k - 1].inertia > 0:
            random.seed(random_state)
            states.append(grow(ground, found[k - 1], random))
        found[k] = improve_best(ground, states, n_swaps[k], random, random_state)
    for k in sorted(found, reverse=True)[1:]:
        shrunk = shrink(ground, found[k + 1], found[k].inertia)
        found[k] = shrunk if shrunk.beats(found[k]) else found[k]
    return found


def improve_best(
    ground: Ground,
    states: List[State],
    n_swaps: int,
    random: np.random.RandomState,
    random_state: int,
) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once.

    Each begins with the same draws. (To seed `random` anew takes a fiftieth of the time of making
    another one.)
    """
    best, seen = states[0], np.zeros(0)
    for state in states:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        random.seed(random_state)
        improved = improve(ground, state, n_swaps, random)
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = improved if improved.beats(best) else best
    return best


def settle(ground: Ground, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd''s algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    state = observe(ground, centres)
    for _ in range(MOST_TRIAL_STEPS):
        sums = sum_cells(ground, state.labels, len(centres))
        moved = observe(ground, means_of(sums.T, ground.cells, state.centres))
        gain = state.inertia - moved.inertia
        state = moved
        if gain <= SETTLED * state.inertia or PATIENCE * gain < state.inertia - target:
            break
    return state


def improve(ground: Ground, state: State, n_swaps: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_swaps` of them in a row have not helped."""
    failed, costs = 0, removal_costs(ground, state)
    while failed < n_swaps and state.inertia > 0 and len(state.centres) > 1:
        splits = split_clusters(ground, state, random)
        for centres in swaps(state, splits, costs, min(SWAPS_AT_ONCE, n_swaps - failed)):
            trial = settle(ground, centres, state.inertia)
            failed += 1
            if trial.beats(state):
                state, failed, costs = trial, 0, removal_costs(ground, trial)
                break
    return state


def swaps(state: State, splits: Splits, costs: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    net = costs - splits.gains[:, np.newaxis]
    np.fill_diagonal(net, np.inf)
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        split, given_up = divmod(int(place), len(net))
        if split == given_up:  # two clusters have no more than two swaps
            return
        centres = state.centres.copy()
        centres[split], centres[given_up] = splits.lower[split], splits.upper[split]
        yield centres


def grow(ground: Ground, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    splits = split_clusters(ground, state, random)
    split = splits.gains.argmax()
    centres = np.vstack([state.centres, splits.upper[split]])
    centres[split] = splits.lower[split]
    return settle(ground, centres)


def shrink(ground: Ground, state: State, target: float) -> State:
    """Return the state with one cluster less, given up where that costs least."""
    cheapest = removal_costs(ground, state).argmin()
    return settle(ground, np.delete(state.centres, cheapest, axis=0), target)


def removal_costs(ground: Ground, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    labels, first, second = two_nearest(ground.cells.means, state.centres)
    more = np.where(np.isfinite(second), second - first, 0.0)
    return np.bincount(labels, ground.cells.weights * more, minlength=len(state.centres))
# ---- procluster/indb/centres.py
"""The centres of K-Means, for one number of clusters or for many.

1. The points are condensed to cells (cells).
2. On the cells, centres are drawn (starts) and improved by swaps (search).
3. From there Lloyd''s algorithm runs to its fixed point on all the points (lloyd): scikit-learn''s
   KMeans from these centres with tol=0 stays there.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy: what labels and means are made of is computed in a
fixed order. Only inertias are dot products, whose last digits may differ; clusters are better only
when more than that tells them apart.
"""

from typing import List, NamedTuple, Tuple

import numpy as np








# Of the starts drawn, so many are tried for each number of clusters; more for one alone, which has
# only two neighbours to help it, while there are few clusters and a start costs little.
STARTS_TRIED = 2
MORE_STARTS_TRIED = 4
FEW_CLUSTERS = 8


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    spreads : array of float, shape (n_clusters,)
        Sum of weight times Euclidean distance to the centre of each cluster.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd''s algorithm on all the points.
    """

    centres: np.ndarray
    sizes: np.ndarray
    spreads: np.ndarray
    inertia: float
    iterations: int


def fit_best(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random_state: int, n_init: int
) -> Tuple[np.ndarray, np.ndarray, int]:
    """Return the best centres found for one number of clusters, with help from its neighbours.

    Parameters
    ----------
    points, weights, random_state, n_init
        As :func:`fit_centres` takes them.
    n_clusters : int

    Returns
    -------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
        Of Lloyd''s algorithm on all the points.
    """
    cells = condense(points, weights, count_cells(n_clusters))
    neighbours = range(max(1, n_clusters - 1), n_clusters + 2)
    efforts = dict.fromkeys(neighbours, Effort(starts=1, swaps=FEW_SWAPS))
    starts = MORE_STARTS_TRIED if n_clusters <= FEW_CLUSTERS else STARTS_TRIED
    efforts[n_clusters] = Effort(starts, n_init)
    found = search_centres(cells, efforts, n_clusters, random_state, n_init)
    fit = run_lloyd(points, weights, cells, found[n_clusters])
    return fit.centres, fit.sizes, fit.steps


def fit_centres(
    points: np.ndarray, weights: np.ndarray, max_k: int, random_state: int, n_init: int
) -> Tuple[List[Partition], np.ndarray]:
    """Return the best partition found for each number of clusters, and the labels of the last.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    max_k : int
        At most the number of points.
    random_state, n_init : int
        As :func:`search_centres` takes them.

    Returns
    -------
    partitions : list of Partition
        For 1 to `max_k` clusters.
    labels : array of int16, shape (n_points,)
        The clusters of the points when there are `max_k`.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> (one, two), labels = fit_centres(points, weights, 2, 111, 10)
    >>> sorted(two.centres[:, 0].tolist()), one.inertia, two.inertia
    ([0.5, 8.0], 38.0, 0.5)
    """
    cells = condense(points, weights, count_cells(max_k))
    efforts = {k: Effort(STARTS_TRIED, n_init) for k in range(1, max_k + 1)}
    found = search_centres(cells, efforts, max_k, random_state, n_init)
    partitions = [fit_partition(points, weights, cells, found[k])[0] for k in range(1, max_k)]
    last, labels = fit_partition(points, weights, cells, found[max_k])
    return [*partitions, last], labels.astype(np.int16)


def fit_partition(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray
) -> Tuple[Partition, np.ndarray]:
    """Return the fixed point of Lloyd''s algorithm from some centres, and the points'' labels."""
    fit = run_lloyd(points, weights, cells, centres)
    inertia, spreads = 0.0, np.zeros(len(centres))
    for part in blocks(len(weights)):
        labels, own = fit.labels[part], weights[part]
        squares = own_squares(points[:, part], fit.centres, labels)
        inertia += float(own.dot(squares))
        distances = own * np.sqrt(squares)
        spreads += label_sums(labels, [distances], len(centres))[0]
    return Partition(fit.centres, fit.sizes, spreads, inertia, fit.steps), fit.labels
# ---- procluster/indb/features.py
"""The features of a customer, as data: the generator renders the feature query from them."""

from typing import NamedTuple


class Feature(NamedTuple):
    """One number that describes how a customer returns goods.

    Attributes
    ----------
    name : str
        Column of the feature table.
    expression : str
        T-SQL over two derived tables with one row per customer: `sale` and `refund`, both with
        tickets (int), items (int) and amount (float). The columns of `refund` are NULL for a
        customer who returned nothing.
    meaning : str
        The same in a few words.
    """

    name: str
    expression: str
    meaning: str


RATIO = "ROUND(COALESCE(CAST(refund.{0} AS float) / NULLIF(CAST(sale.{0} AS float), 0), 0), 7)"

FEATURES = (
    Feature("order_ratio", RATIO.format("tickets"), "returned orders / orders"),
    Feature("items_ratio", RATIO.format("items"), "returned items / items bought"),
    Feature("monetary_ratio", RATIO.format("amount"), "amount returned / amount paid"),
    Feature("frequency", "CAST(COALESCE(refund.tickets, 0) AS float)", "returned orders"),
)

FEATURE_NAMES = [feature.name for feature in FEATURES]
# ---- procluster/indb/parameters.py
"""The values that the parameters of a call may have."""

import numbers
from typing import Any, List, Sequence

ALLOWED_NUMBERS = {
    "n_clusters": (1, 1000, "a number of clusters"),
    "max_k": (1, 100, "a number of clusters"),
    "n_init": (1, 1000, "a number of restarts"),
    "random_state": (0, 2**31 - 1, "a seed"),
}

SCALINGS = ("none", "standard", "robust")


def parameter_faults(**given: Any) -> List[str]:
    """Return one sentence for each parameter that has a value it may not have.

    Parameters
    ----------
    **given
        Values by the names of `ALLOWED_NUMBERS`, and `scaling`.

    Examples
    --------
    >>> parameter_faults(n_clusters=0, scaling="none")
    [''n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.'']
    """
    faults = []
    for name, value in given.items():
        if name == "scaling":
            if value not in SCALINGS:
                faults.append(
                    "scaling: {!a} is not a scaling. Allowed: {}.".format(
                        value, ", ".join(SCALINGS)
                    )
                )
            continue
        least, most, what = ALLOWED_NUMBERS[name]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            faults.append(f"{name}: {value!a} is not {what}. Allowed: {least} to {most}.")
    return faults


def refuse(faults: Sequence[str]) -> None:
    """Raise one ValueError that names every fault; do nothing when there is none.

    The sentences stand on one line because the hosts of external scripts pass on one line.
    """
    if faults:
        raise ValueError(" ".join(faults))
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- procluster/indb/silhouette.py
"""The silhouette of each number of clusters: exact, or from a sample with its standard error."""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np




# Up to so many distinct vectors the silhouette is computed for each, above for a sample.
MOST_FOR_EXACT_SILHOUETTE = 2000
SILHOUETTE_SAMPLE = 600

# The sample is drawn as so many independent samples, which tell how far an estimate can be off.
SAMPLE_GROUPS = 10


class Silhouette(NamedTuple):
    """A mean silhouette and its standard error; None where undefined, no error when exact."""

    mean: Optional[float]
    error: Optional[float]


class Sample(NamedTuple):
    """Points that stand for all, in groups of equally many, one after the other.

    Attributes
    ----------
    points : array of float, shape (n_features, n_drawn)
    weights : array of float, shape (n_drawn,)
        How many customers each stands for.
    groups : int
    """

    points: np.ndarray
    weights: np.ndarray
    groups: int


def measure_silhouettes(
    points: np.ndarray,
    weights: np.ndarray,
    partitions: Sequence[Partition],
    strata: np.ndarray,
    random_state: int,
) -> Tuple[List[Silhouette], Optional[int]]:
    """Return the mean silhouette of each partition, and the sample size (None: exact).

    Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20. A sample
    is drawn in strata. It is made of groups; each customer of a group is compared with those of
    the other groups, and the standard error comes from leaving out one group at a time, the
    jackknife: Wolter (2007), Introduction to Variance Estimation, chapter 4.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    partitions : sequence of Partition
    strata : array of int, shape (n_points,)
        Such as the clusters of one of the partitions.
    random_state : int
    """
    exact = points.shape[1] <= MOST_FOR_EXACT_SILHOUETTE
    if exact:
        sample = Sample(points, weights, 1)
        distances = np.sqrt(squared_distances(points, points.T))
    else:
        sample = draw_sample(points, weights, strata, np.random.RandomState(random_state))
        distances = between_groups(sample)
    found = []
    for partition in partitions:
        labels, _ = label_points(sample.points, partition.centres)
        if not 1 < len(partition.sizes) < partition.sizes.sum():
            found.append(Silhouette(None, None))
        elif exact:
            members = memberships(labels, weights, len(partition.sizes))
            values = silhouettes_of(
                members.dot(distances), partition.sizes[:, np.newaxis], labels, partition.sizes
            )
            found.append(Silhouette(float(np.average(values, weights=weights)), None))
        else:
            found.append(jackknife(distances, sample, labels, partition.sizes))
    return found, None if exact else len(sample.weights)


def draw_sample(
    points: np.ndarray, weights: np.ndarray, strata: np.ndarray, random: np.random.RandomState
) -> Sample:
    """Draw customers with replacement, from each stratum in proportion to its customers.

    Each group has at least one of each stratum.
    """
    totals = np.bincount(strata, weights)
    # Two bytes are sorted by digits, fast.
    order = np.argsort(strata.astype(np.int16, copy=False), kind="mergesort")
    odds = weights[order]
    np.cumsum(odds, out=odds)
    ends = np.cumsum(totals)
    drawn, stand_for = [], []
    for end, total in zip(ends, totals):
        share = SILHOUETTE_SAMPLE * total / (SAMPLE_GROUPS * ends[-1])
        count = max(1, int(share + 0.5))
        shares = random.random_sample((SAMPLE_GROUPS, count))
        drawn.append(np.searchsorted(odds, end - total * (1 - shares), side="right"))
        stand_for.append(np.full((SAMPLE_GROUPS, count), total / (SAMPLE_GROUPS * count)))
    places = np.minimum(np.concatenate(drawn, axis=1).ravel(), len(order) - 1)
    return Sample(
        points[:, order[places]], np.concatenate(stand_for, axis=1).ravel(), SAMPLE_GROUPS
    )


def memberships(labels: np.ndarray, weights: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return the weight of each point in the row of its cluster, (n_clusters, n_points)."""
    members = np.zeros((n_clusters, len(labels)))
    members[labels, np.arange(len(labels))] = weights
    return members


def silhouettes_of(
    sums: np.ndarray, seen: np.ndarray, labels: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """Return (b - a) / max(a, b) of each point; 0 for a customer alone in a cluster.

    a is the mean distance to the other customers of the cluster, b to those of the nearest other.

    Parameters
    ----------
    sums : array of float, shape (..., n_clusters, n_points)
        Summed distances to those customers of each cluster that were looked at. Overwritten.
    seen : array of float, shape (..., n_clusters, 1)
        How many of each cluster were looked at.
    labels : array of int, shape (..., n_points)
    sizes : array of float, shape (n_clusters,)
    """
    own = np.expand_dims(labels, -2)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.divide(sums, seen, out=sums)  # memory is scarce
    # Nobody of a cluster was looked at: 0 / 0, and it is as if it were infinitely far away.
    np.fmin(means, np.inf, out=means)
    # The mean over a whole cluster has the customer''s own distance, 0, in it.
    within = np.take_along_axis(means, own, -2) * (sizes / np.maximum(sizes - 1, 1))[own]
    np.put_along_axis(means, own, np.inf, -2)
    nearest = means.min(axis=-2, keepdims=True)
    known = np.isfinite(within) & np.isfinite(nearest) & (sizes > 1)[own]
    within, nearest = np.where(known, within, 0), np.where(known, nearest, 0)
    worse = np.maximum(within, nearest)
    return np.squeeze((nearest - within) / np.where(worse > 0, worse, 1), -2)


def between_groups(sample: Sample) -> List[List[np.ndarray]]:
    """Return the distances of those drawn in different groups, of each pair of groups once.

    Returns
    -------
    list of list of arrays of float, shape (n_drawn / n_groups, n_drawn / n_groups)
        For each group, those to each group before it. No matrix is large enough for a product
        with many threads, which on a busy server wait for each other far longer than they compute.
    """
    groups = np.split(sample.points, sample.groups, axis=1)
    return [
        [np.sqrt(squared_distances(other, one.T)) for other in groups[:place]]
        for place, one in enumerate(groups)
    ]


def jackknife(
    distances: List[List[np.ndarray]], sample: Sample, labels: np.ndarray, sizes: np.ndarray
) -> Silhouette:
    """Return the mean silhouette that a sample tells, and its standard error.

    Parameters
    ----------
    distances : list of list of arrays of float
        As :func:`between_groups` returns them.
    sample : Sample
    labels : array of int, shape (n_drawn,)
    sizes : array of float, shape (n_clusters,)
    """
    groups = sample.groups
    members = memberships(labels, sample.weights, len(sizes)).reshape(len(sizes), groups, -1)
    members = np.ascontiguousarray(members.transpose(1, 0, 2))
    others = 1 - np.eye(groups)  # nobody is compared with the own group
    # By group of those looked at and group of those looking: how far they are, and how many.
    sums = np.zeros((1 + groups, groups, *members.shape[1:]))
    for one, to_those_before in enumerate(distances):
        for other, apart in enumerate(to_those_before):
            np.dot(members[one], apart, out=sums[1 + one, other])
            np.dot(members[other], apart.T, out=sums[1 + other, one])
    seen = np.zeros((1 + groups, groups, len(sizes), 1))
    seen[1:, ..., 0] = members.sum(axis=2)[:, np.newaxis] * others[..., np.newaxis]
    leave_out_each(sums)
    leave_out_each(seen)
    values = silhouettes_of(sums, seen, labels.reshape(1, groups, -1), sizes)
    kept = np.vstack([np.ones(groups), others])[..., np.newaxis]
    weights = kept * sample.weights.reshape(groups, -1)
    means = (values * weights).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))
    deviations = means[1:] - means[1:].mean()
    error = math.sqrt((1 - 1 / groups) * float((deviations**2).sum()))
    return Silhouette(float(means[0]), error)


def leave_out_each(parts: np.ndarray) -> None:
    """Replace the first row by the sum of the others, and these by the sum without them.

    Examples
    --------
    >>> parts = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> leave_out_each(parts)
    >>> parts[:, 0].tolist()
    [7.0, 6.0, 5.0, 3.0]
    """
    parts[1:].sum(axis=0, out=parts[0])
    np.subtract(parts[0], parts[1:], out=parts[1:])
# ---- procluster/indb/vectors.py
"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd



# Squares of values beyond this, and sums of them, could leave the range of a float.
LARGEST_VALUE = 1e100


class Vectors(NamedTuple):
    """The distinct feature vectors of the customers that can be used.

    Attributes
    ----------
    values : array of float, shape (n_vectors, n_features)
        Their order depends on the values only, not on that of the rows they were read from.
    customers : array of float, shape (n_vectors,)
        How many customers have the vector.
    left_out : dict
        Customers left out: {"customers": 3, "null": {"order_ratio": 2}, "infinite": {...}}.
        NULL and NaN are one reason, since the hosts hand over a NULL number as NaN.
    negative : dict
        Customers with a negative value, by feature. They are kept, not left out.
    """

    values: np.ndarray
    customers: np.ndarray
    left_out: Dict[str, Any]
    negative: Dict[str, int]


def frame_faults(frame: pd.DataFrame) -> List[str]:
    """Return one sentence for each column that is missing or cannot be read.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` and `customers`.
    """
    faults = []
    for name in [*FEATURE_NAMES, "customers"]:
        if name not in frame.columns:
            faults.append(
                "{}: the column is missing. The input has: {}.".format(
                    name, ", ".join(map(str, frame.columns)) or "no columns"
                )
            )
            continue
        try:
            column = np.asarray(frame[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}. Cast the column to float.")
            continue
        finite = np.where(np.isfinite(column), column, 0.0)
        if name == "customers":
            wrong = finite < 1  # of a sample, a vector stands for a broken number of customers
            allowed = "Allowed: numbers from 1."
        else:
            wrong = np.abs(finite) > LARGEST_VALUE
            allowed = f"Allowed: -{LARGEST_VALUE:g} to {LARGEST_VALUE:g}."
        if wrong.any():
            faults.append(
                f"{name}: {float(column[wrong][0])!r} cannot be used "
                f"(rows like it: {wrong.sum()}). {allowed}"
            )
    return faults


def read_vectors(frame: pd.DataFrame) -> Tuple[Vectors, np.ndarray]:
    """Merge the usable rows of a frame into distinct vectors.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` (float) and `customers` (how many customers the row stands
        for), without `frame_faults`. Rows may repeat and come in any order.

    Returns
    -------
    vectors : Vectors
    row_vectors : array of int, shape (n_rows,)
        For each row: the index of its vector, -1 for a row that cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [1.0, 0.0, 1.0, None] for name in FEATURE_NAMES})
    >>> vectors, row_vectors = read_vectors(frame.assign(customers=[2, 7, 1, 4]))
    >>> vectors.values[:, 0].tolist(), vectors.customers.tolist(), row_vectors.tolist()
    ([0.0, 1.0], [7.0, 3.0], [1, 0, 1, -1])
    >>> vectors.left_out["customers"]
    4
    """
    columns = [np.asarray(frame[name], dtype=np.float64) for name in FEATURE_NAMES]
    customers = np.asarray(frame["customers"], dtype=np.float64)
    usable = np.logical_and.reduce([np.isfinite(column) for column in columns])
    left_out = {
        "customers": int(customers[~usable].sum()),
        "null": count_customers(map(np.isnan, columns), customers),
        "infinite": count_customers(map(np.isinf, columns), customers),
    }
    if usable.all():  # nothing is copied that need not be: memory is scarce here
        order, repeats = sort_vectors(columns)
    else:
        rows = np.flatnonzero(usable)
        order, repeats = sort_vectors([column[rows] for column in columns])
        order = rows[order]
    values = np.empty((len(columns), len(order)))
    for sorted_values, column in zip(values, columns):
        np.add(column[order], 0.0, out=sorted_values)  # makes -0.0 and 0.0 one value
    starts = np.ones(len(order), dtype=bool)
    starts[repeats] = False
    row_vectors = np.full(len(usable), -1, dtype=np.int32)
    row_vectors[order] = np.cumsum(starts, dtype=np.int32) - 1
    ordered = customers[order]
    if len(repeats):
        values = np.compress(starts, values, axis=1)
        ordered = np.bincount(row_vectors[order], ordered)
    negative = count_customers(((column < 0) & usable for column in columns), customers)
    return Vectors(values.T, ordered, left_out, negative), row_vectors


def sort_vectors(columns: Sequence[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Return an order of the rows that depends on their values only and has equal ones together.

    Sorting by one number made of all the features takes a fraction of the time of sorting by
    each. Where that number is the same for vectors that differ, the order is lexicographic.

    Returns
    -------
    order : array of int, shape (n_rows,)
    repeats : array of int, shape (n_rows - n_vectors,)
        The places in that order whose row equals the one before.

    Examples
    --------
    >>> [found.tolist() for found in sort_vectors([np.array([2.0, 0.0, 2.0])])]
    [[1, 0, 2], [2]]
    """
    key = np.zeros(len(columns[0]))
    for place, column in enumerate(columns):
        key += column * math.sqrt(place + 2)
    order = np.argsort(key)
    key = key[order]
    alike = 1 + np.flatnonzero(key[1:] == key[:-1])
    if equal_before(columns, order, alike).all():
        return order, alike
    order = np.lexsort(columns[::-1])
    places = np.arange(1, len(order))
    return order, places[equal_before(columns, order, places)]


def equal_before(
    columns: Sequence[np.ndarray], order: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return whether the row at each of some places in an order equals the one before."""
    ones, others = order[places], order[places - 1]
    return np.asarray(np.logical_and.reduce([column[ones] == column[others] for column in columns]))


def count_customers(found: Iterable[np.ndarray], customers: np.ndarray) -> Dict[str, int]:
    """Return the customers of the rows where `found`, an array a feature; no zeros."""
    counts = {name: int(customers[rows].sum()) for name, rows in zip(FEATURE_NAMES, found)}
    return {name: count for name, count in counts.items() if count}


def usable_vectors(frame: pd.DataFrame, n_clusters: int = 1) -> Tuple[Vectors, np.ndarray]:
    """Read the vectors, refuse fewer than `n_clusters`, and print what the checks found."""
    vectors, row_vectors = read_vectors(frame)
    report_checks(vectors)
    count, lost = len(vectors.values), vectors.left_out["customers"]
    if not count:
        raise ValueError(
            f"customers: there are none to cluster ({lost} left out). "
            "At least one with finite features is needed."
        )
    if count < n_clusters:
        raise ValueError(
            f"n_clusters: {n_clusters} clusters need at least {n_clusters} distinct feature "
            f"vectors, and there are {count}. Allowed: 1 to {count}."
        )
    return vectors, row_vectors


def report_checks(vectors: Vectors) -> None:
    """Print which customers are left out and which have negative values, when there are any."""
    if vectors.left_out["customers"]:
        reasons = [
            "{} is {} for {}".format(name, "NULL" if reason == "null" else reason, count)
            for reason in ("null", "infinite")
            for name, count in vectors.left_out[reason].items()
        ]
        print(
            "Customers left out: {} of {} ({}).".format(
                vectors.left_out["customers"],
                int(vectors.customers.sum()) + vectors.left_out["customers"],
                ", ".join(reasons),
            )
        )
    if vectors.negative:
        counts = [f"{name} for {count}" for name, count in vectors.negative.items()]
        print("Customers with negative values, kept: {}.".format(", ".join(counts)))


def feature_scale(vectors: Vectors, scaling: str) -> np.ndarray:
    """Return what each feature is divided by before distances are measured.

    Parameters
    ----------
    vectors : Vectors
    scaling : {"none", "standard", "robust"}
        Divide by 1, by the standard deviation, or by the interquartile range, taken over the
        customers. Where that is zero the scale is 1: the feature keeps its unit. (A feature in
        which more than three quarters of the customers have the same value has no
        interquartile range.)

    Returns
    -------
    array of float, shape (n_features,)
    """
    scale = np.ones(vectors.values.shape[1])
    total = float(vectors.customers.sum())
    for index, column in enumerate(vectors.values.T):
        if scaling == "standard" and column.min() < column.max():
            mean = add_up(vectors.customers * column) / total
            scale[index] = math.sqrt(add_up(vectors.customers * (column - mean) ** 2) / total)
        elif scaling == "robust":
            quartiles = weighted_quantiles(column, vectors.customers, (0.25, 0.75))
            scale[index] = quartiles[1] - quartiles[0]
    largest = np.maximum(vectors.values.max(axis=0), -vectors.values.min(axis=0))
    negligible = largest / LARGEST_VALUE
    return np.where(scale > negligible, scale, 1.0)


def scale_points(vectors: Vectors, scale: np.ndarray) -> np.ndarray:
    """Divide the vectors by a scale; return them with shape (n_features, n_vectors).

    Their own values are changed, for memory is scarce.
    """
    points = np.asarray(vectors.values.T)
    if (scale != 1).any():
        points /= scale[:, np.newaxis]
    return points


def add_up(values: np.ndarray) -> float:
    """Return the sum, the same on every release of numpy: one value after the other."""
    return float(np.cumsum(values)[-1])


def weighted_quantiles(
    column: np.ndarray, weights: np.ndarray, shares: Tuple[float, ...]
) -> np.ndarray:
    """Return the smallest values that at least the given shares of the weight do not exceed.

    This is the inverse of the empirical distribution function, definition 1 of Hyndman and Fan
    (1996), Sample quantiles in statistical packages, The American Statistician 50.

    Examples
    --------
    >>> weighted_quantiles(np.array([5.0, 1.0]), np.array([1, 3]), (0.25, 0.75, 0.8)).tolist()
    [1.0, 1.0, 5.0]
    """
    order = np.argsort(column)
    cumulated = weights[order]
    np.cumsum(cumulated, out=cumulated)
    places = np.searchsorted(cumulated, np.multiply(shares, cumulated[-1]))
    return np.asarray(column[order[places]])
# ---- procluster/indb/evaluation.py
"""How good each number of clusters is, and which one to take.

Every feature vector counts as often as there are customers who have it: all figures are those
of the customers, one by one.
"""

import json
import math
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd









EVALUATION_FORMAT = "procluster.k_evaluation/1"

# Silhouettes this close are as good as equal when the suggestion is explained.
SILHOUETTE_MARGIN = 0.05


class Evaluation(NamedTuple):
    """How good each number of clusters is.

    Attributes
    ----------
    document : str
        JSON in ASCII. Distances are in scaled units. `silhouette_error` is the standard error of
        a silhouette that was estimated from `silhouette_sample` draws; both are null when it is
        exact. A figure is null where it is not defined: for k = 1, for as many clusters as
        customers, and Calinski-Harabasz when every customer is at a centre.
    suggested_k : int
    """

    document: str
    suggested_k: int


def evaluate(
    frame: pd.DataFrame,
    max_k: int = 19,
    scaling: str = "none",
    random_state: int = 111,
    n_init: int = 10,
) -> Evaluation:
    """Evaluate k = 1 to `max_k` clusters and suggest one.

    The clusters are found as :func:`train` finds them; it looks at fewer neighbouring k, so it may
    stop at others where several are nearly as good.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    max_k : int
        Lowered to the number of distinct feature vectors, with a word about it.
    scaling : {"none", "standard", "robust"}
    random_state, n_init : int

    Raises
    ------
    ValueError
        With every fault of the parameters and of the columns.

    Examples
    --------
    >>> values = [0.0, 0.1, 5.0, 5.1, 9.0, 9.1]
    >>> frame = pd.DataFrame({name: values for name in ["order_ratio", "items_ratio"]})
    >>> frame = frame.assign(monetary_ratio=values, frequency=values, customers=10)
    >>> evaluate(frame, max_k=6).suggested_k
    3
    """
    faults = parameter_faults(
        max_k=max_k, scaling=scaling, random_state=random_state, n_init=n_init
    )
    refuse(faults + frame_faults(frame))
    vectors = usable_vectors(frame)[0]
    if max_k > len(vectors.values):
        max_k = len(vectors.values)
        print(f"max_k is {max_k}: there are {max_k} distinct feature vectors.")
    points = scale_points(vectors, feature_scale(vectors, scaling))
    weights = vectors.customers
    partitions, labels = fit_centres(points, weights, max_k, random_state, n_init)
    silhouettes, sample = measure_silhouettes(points, weights, partitions, labels, random_state)
    rows = list(map(describe_partition, partitions, silhouettes))
    for row, partition in zip(rows, partitions):
        row["clusters"] = list_centroids(partition.centres)
    suggested, reason = suggest_k(rows)
    document = {
        "format": EVALUATION_FORMAT,
        "suggested_k": suggested,
        "reason": reason,
        "rows": rows,
        "customers": int(weights.sum()),
        "distinct_vectors": len(vectors.values),
        "silhouette_sample": sample,
        "scaling": scaling,
        "random_state": int(random_state),
        "n_init": int(n_init),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "versions": model_versions(),
    }
    return Evaluation(json.dumps(document, allow_nan=False), suggested)


def list_centroids(centres: np.ndarray) -> List[Dict[str, Any]]:
    """Return the centres, in scaled units, as entries of a document."""
    return [
        {"cluster": place, "centroid": dict(zip(FEATURE_NAMES, centre))}
        for place, centre in enumerate(centres.tolist())
    ]


def describe_partition(partition: Partition, silhouette: Silhouette) -> Dict[str, Any]:
    """Return the row of one k."""
    sizes = partition.sizes
    defined = 1 < len(sizes) < sizes.sum()
    return {
        "k": len(sizes),
        "inertia": partition.inertia,
        "mean_distance": math.fsum(partition.spreads) / float(sizes.sum()),
        "silhouette": silhouette.mean,
        "silhouette_error": silhouette.error,
        "davies_bouldin": davies_bouldin(partition) if defined else None,
        "calinski_harabasz": (
            calinski_harabasz(partition.centres, sizes, partition.inertia)
            if defined and partition.inertia > 0
            else None
        ),
    }


def davies_bouldin(partition: Partition) -> float:
    """Return the mean over the clusters of the worst overlap with another; low is good.

    Davies and Bouldin (1979), A cluster separation measure, IEEE PAMI 1.
    """
    spreads = partition.spreads / partition.sizes
    apart = np.sqrt(squared_distances(partition.centres.T, partition.centres))
    np.fill_diagonal(apart, np.inf)
    return float(((spreads[:, np.newaxis] + spreads) / apart).max(axis=1).mean())


def calinski_harabasz(centres: np.ndarray, sizes: np.ndarray, inertia: float) -> float:
    """Return the dispersion between the clusters over the dispersion within; high is good.

    Calinski and Harabasz (1974), A dendrite method for cluster analysis, Communications in
    Statistics 3.
    """
    mean = np.average(centres, axis=0, weights=sizes)
    between = float(sizes.dot(((centres - mean) ** 2).sum(axis=1)))
    return between / (len(sizes) - 1) / inertia * float(sizes.sum() - len(sizes))


def suggest_k(rows: Sequence[Dict[str, Any]]) -> Tuple[int, str]:
    """Return the k at the bend of the curve, and the reason in words.

    The curve is the root mean square distance, which K-Means makes as small as it can for every
    k (the mean distance may rise with k). Its bend is the point farthest below the straight
    line between its ends: Satopaa et al. (2011), Finding a "kneedle" in a haystack. The
    silhouette is quoted, not obeyed: it favours few clusters that are far apart.

    Examples
    --------
    >>> rows = [{"k": k, "inertia": i, "silhouette": None} for k, i in ((1, 100), (2, 4), (3, 1))]
    >>> suggest_k(rows)[0]
    2
    """
    curve = np.sqrt([row["inertia"] for row in rows])
    if len(rows) < 3:
        k = len(rows)
        return k, f"k = {k}: the largest of so few; a bend needs at least k = 1 to 3."
    chord = np.linspace(curve[0], curve[-1], len(curve))
    k = int((chord - curve).argmax()) + 1
    reason = (
        f"k = {k}: the distance of customers from their centre (root mean square) falls steeply up "
        f"to here and slowly after, measured against a straight line from k = 1 to {len(rows)}."
    )
    known = [row for row in rows if row["silhouette"] is not None]
    here = rows[k - 1]["silhouette"]
    if here is None or not known:
        return k, reason
    best = max(known, key=lambda row: row["silhouette"])
    agrees = best["silhouette"] - here <= SILHOUETTE_MARGIN
    return k, reason + " The silhouette {}: {:.3f} here, at most {:.3f} (k = {}).".format(
        "agrees" if agrees else "prefers another k", here, best["silhouette"], best["k"]
    )
# ---- procluster/indb/polished_evaluation.py
"""The document of an evaluation whose centres T-SQL moved over all customers.

The centres of each k were fitted on a sample before, in scaled units.
"""

import json
import math

import numpy as np
import pandas as pd







def polish_evaluation(frame: pd.DataFrame, fitted: str) -> str:
    """Return the document of an evaluation whose centres were moved over all customers.

    Parameters
    ----------
    frame : DataFrame
        One row for each k and cluster: `k`, the feature columns (its centre, scaled), `customers`,
        `distance` and `squared_distance` (sums over its customers).
    fitted : str
        The document of the evaluation of the sample. Its silhouettes stay.
    """
    evaluation = json.loads(fitted)
    rows = []
    for row in evaluation["rows"]:
        clusters = frame[frame["k"] == row["k"]]
        moved = Partition(
            centres=np.asarray(clusters[FEATURE_NAMES], dtype=np.float64),
            sizes=np.asarray(clusters["customers"], dtype=np.float64),
            spreads=np.asarray(clusters["distance"], dtype=np.float64),
            inertia=math.fsum(clusters["squared_distance"]),
            iterations=0,
        )
        if len(moved.sizes) == row["k"]:  # else one lost its customers: the k is left out
            silhouette = Silhouette(row["silhouette"], row["silhouette_error"])
            rows.append(describe_partition(moved, silhouette))
    evaluation["suggested_k"], evaluation["reason"] = suggest_k(rows)
    evaluation["rows"] = rows
    evaluation["sampled_vectors"] = evaluation["distinct_vectors"]
    return json.dumps(evaluation, allow_nan=False)
# ---- procluster/indb/segments.py
"""Where the clusters of a model are, and which one is nearest.

The distance of a feature vector x from a centre c is what T-SQL computes when it assigns
customers: the square root of the sum of ((x - c) * (1 / scale)) ** 2 over the features.
"""

import json
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np



MODEL_FORMAT = "procluster.kmeans/1"


class Segments(NamedTuple):
    """What a model document says about where its clusters are.

    Attributes
    ----------
    features : list of str
    numbers : list of int
        Cluster numbers, ascending.
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """

    features: List[str]
    numbers: List[int]
    centres: np.ndarray
    scale: np.ndarray


def read_segments(document: str) -> Segments:
    """Read a model document.

    Raises
    ------
    ValueError
        When the text is not a model document.
    """
    try:
        return parse_segments(json.loads(document))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the text is not a model document ({type(error).__name__}: {error}). "
            f"A document of format {MODEL_FORMAT} is needed."
        ) from error


def parse_segments(model: Dict[str, Any]) -> Segments:
    """Return the segments of a model document that json has read."""
    if model["format"] != MODEL_FORMAT:
        raise ValueError("its format is {!a}".format(model["format"]))
    features = list(model["features"])
    clusters = sorted(model["clusters"], key=lambda cluster: int(cluster["cluster"]))
    centres = [[float(cluster["centroid"][name]) for name in features] for cluster in clusters]
    return Segments(
        features=features,
        numbers=[int(cluster["cluster"]) for cluster in clusters],
        centres=np.array(centres),
        scale=np.array([float(model["scale"][name]) for name in features]),
    )


def nearest_centres(
    values: np.ndarray, centres: np.ndarray, scale: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each vector (the first where two are equal) and the distance.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_features)
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """
    labels = np.zeros(len(values), dtype=np.int32)
    nearest = np.full(len(values), np.inf)
    factors = 1 / scale
    for part in blocks(len(values)):
        for index, centre in enumerate(centres):
            squares = np.zeros(len(nearest[part]))
            for column, middle, factor in zip(values[part].T, centre, factors):
                gaps = column - middle
                gaps *= factor
                gaps *= gaps
                squares += gaps
            np.copyto(labels[part], index, where=squares < nearest[part])
            np.minimum(nearest[part], squares, out=nearest[part])
    return labels, np.sqrt(nearest, out=nearest)
# ---- procluster/indb/charts.py
"""Pictures of the choice of k and of the clusters, as PNG.

matplotlib may be missing in the runtime, so it is imported where it is used; its figures are
made without pyplot, which would keep them in a global list.
"""

import io
import json
from typing import Any, List, Optional

import numpy as np
import pandas as pd





# More clusters than this do not fit into a picture that one can read.
MOST_CLUSTERS_SHOWN = 20

# Bars of more different lengths than this are compressed, or the short ones could not be seen.
WIDEST_LINEAR_RANGE = 20

INK = "#333333"
BLUE = "#1f6fb4"
ORANGE = "#d9601a"
GREY = "#8a8a8a"


def elbow_png(document: str) -> Optional[bytes]:
    """Draw the distances and the silhouette for each k, with the suggested k marked.

    Parameters
    ----------
    document : str
        The document of :func:`evaluate`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    evaluation = json.loads(document)
    rows = evaluation["rows"]
    ks = [row["k"] for row in rows]
    known = [row for row in rows if row["silhouette"] is not None]
    figure = new_figure(8, 6 if known else 4)
    if figure is None:
        return None
    panels = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    spread = np.sqrt([row["inertia"] / evaluation["customers"] for row in rows])
    panels[0].plot(ks, spread, "o-", color=BLUE, label="root mean square")
    mean = [row["mean_distance"] for row in rows]
    suggested = evaluation["suggested_k"]
    panels[0].plot([suggested], [spread[suggested - 1]], "o", color=BLUE, markersize=12)
    panels[0].plot(ks, mean, "s--", color=GREY, markersize=4, label="mean")
    panels[0].set_ylabel("Distance from the\ncluster''s centre")
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_ylim(bottom=0)
    if known:
        panels[1].errorbar(
            [row["k"] for row in known],
            [row["silhouette"] for row in known],
            yerr=[2 * (row["silhouette_error"] or 0) for row in known],
            fmt="o-",
            color=ORANGE,
        )
        panels[1].set_ylabel("Silhouette\n(1: well apart, 0: touching)")
    panels[0].set_title(f"Suggested number of clusters: {suggested}", color=INK)
    panels[-1].set_xlabel("Number of clusters (k)")
    panels[-1].set_xticks(ks[:: 1 + len(ks) // 25])
    for panel in panels:
        panel.axvline(suggested, color=INK, linestyle=":", zorder=0)
        clear_frame(panel, ("top", "right"))
        panel.grid(axis="y", color="#e6e6e6")
        panel.set_axisbelow(True)
    return to_png(figure)


def clusters_png(frame: pd.DataFrame, document: str) -> Optional[bytes]:
    """Draw the size of each cluster and what is typical of its customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    document : str
        The document of :func:`train`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    segments = read_segments(document)
    vectors, _ = read_vectors(frame)
    labels, _ = nearest_centres(vectors.values, segments.centres, segments.scale)
    sizes = np.bincount(labels, vectors.customers, minlength=len(segments.numbers))
    largest = np.argsort(-sizes, kind="mergesort")[:MOST_CLUSTERS_SHOWN]
    shown = [index for index in sorted(largest.tolist()) if sizes[index] > 0]
    figure = new_figure(3 + 2.2 * len(FEATURES), 1.6 + 0.55 * len(shown))
    if figure is None:
        return None
    widths = [1.5] + [1] * len(FEATURES)
    panels = figure.subplots(1, 1 + len(FEATURES), gridspec_kw={"width_ratios": widths})
    colors = [f"C{place % 10}" for place in range(len(shown))]
    share = sizes[shown] / sizes.sum()
    texts = [
        "{:,.0f} ({})".format(size, f"{part:.1%}" if part >= 0.001 else "< 0.1%")
        for size, part in zip(sizes[shown], share)
    ]
    draw_bars(panels[0], sizes[shown], texts, colors)
    panels[0].set_title("customers", fontsize=11, color=INK)
    panels[0].set_yticks(range(len(shown)))
    panels[0].set_yticklabels([f"cluster {segments.numbers[index]}" for index in shown])
    for panel, feature, column in zip(panels[1:], FEATURES, vectors.values.T):
        groups = [(column[labels == index], vectors.customers[labels == index]) for index in shown]
        means = np.array([np.average(values, weights=weights) for values, weights in groups])
        middle = [weighted_quantiles(values, weights, (0.1, 0.9)) for values, weights in groups]
        draw_feature(panel, feature, means, np.array(middle), colors)
    left = len(segments.numbers) - len(shown)
    note = "Bar: mean of the cluster. Thin line: the middle 80 % of its customers."
    note += f" The {left} smallest clusters are not shown." if left else ""
    figure.text(0.01, 0.01, note, fontsize=8, color=GREY)
    return to_png(figure)


def draw_feature(
    panel: Any, feature: Feature, means: np.ndarray, middle: np.ndarray, colors: List[str]
) -> None:
    """Draw the means (n_clusters,) and the ranges (n_clusters, 2) of one feature.

    Where one cluster would crush the others, all lengths go through asinh: proportional for
    small values, logarithmic for large ones. The figures at the bars stay what they are.
    """
    lengths = np.hstack([means[:, np.newaxis], middle])
    texts = [f"{mean:.3g}" if abs(mean) < 1000 else f"{mean:,.0f}" for mean in means]
    label = feature.meaning
    sizes = np.abs(means[means != 0])
    if len(sizes) and sizes.max() > WIDEST_LINEAR_RANGE * np.median(sizes):
        lengths = np.arcsinh(lengths / np.median(sizes))
        label += "\n(compressed scale)"
    draw_bars(panel, lengths[:, 0], texts, colors, lengths[:, 1:])
    panel.set_title(feature.name.replace("_", " "), fontsize=11, color=INK)
    panel.set_xlabel(label, fontsize=8, color=GREY)


def draw_bars(
    panel: Any,
    lengths: np.ndarray,
    texts: List[str],
    colors: List[str],
    ranges: Optional[np.ndarray] = None,
) -> None:
    """Draw one horizontal bar for each cluster, the first on top, with its figure at the end."""
    places = np.arange(len(lengths))
    panel.barh(places, lengths, height=0.6, color=colors)
    ends = np.maximum(lengths, 0)
    if ranges is not None:
        panel.hlines(places, ranges[:, 0], ranges[:, 1], color=INK, linewidth=1.2)
        ends = np.maximum(ends, ranges[:, 1])
    for place, end, text in zip(places, ends, texts):
        panel.annotate(
            text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=9
        )
    least = min(0.0, float(lengths.min()), 0.0 if ranges is None else float(ranges.min()))
    most = max(float(ends.max()), least + 1e-9)
    panel.set_xlim(least, most + 0.6 * (most - least))
    panel.set_ylim(len(lengths) - 0.4, -0.6)
    panel.set_xticks([])
    panel.set_yticks([])
    clear_frame(panel, ("top", "right", "bottom"))


def clear_frame(panel: Any, sides: Any) -> None:
    """Remove the lines at the given sides of a panel."""
    for side in sides:
        panel.spines[side].set_visible(False)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches; None, and a printed line, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        print(f"No chart: matplotlib cannot be imported ({error}).")
        return None
    figure = Figure(figsize=(width, height), dpi=120)
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Any) -> bytes:
    """Return the figure as PNG."""
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
# ---- glue
try:
    if fitted is None:
        document = evaluate(
            InputDataSet,
            max_k=max_k,
            scaling=scaling,
            random_state=random_state,
            n_init=n_init,
        ).document
    else:
        document = polish_evaluation(InputDataSet, fitted)
    chart = elbow_png(document) if with_chart else None
    document, fault = str(document), None
except Exception as error:
    document, chart, fault = None, None, str(locate(error))
document_length = int(len(document or ""))
';
        SET @script_scaling = @scaling;

        IF @distinct_vectors > @max_points
        BEGIN
            CREATE TABLE #scale (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL
            );

            CREATE TABLE #vector (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                customers bigint NOT NULL
            );

            CREATE TABLE #point (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                customers float NOT NULL
            );

            CREATE TABLE #centroid (
                k int NOT NULL,
                cluster_id int NOT NULL,
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                is_moving bit NOT NULL,
                PRIMARY KEY (k, cluster_id)
            );

            CREATE TABLE #cluster (
                k int NOT NULL,
                cluster_id int NOT NULL,
                customers bigint NOT NULL,
                distance float NOT NULL,
                squared_distance float NOT NULL,
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                PRIMARY KEY (k, cluster_id)
            );

            EXEC seg.sample_vectors
                @max_points = @max_points,
                @scaling = @scaling;

            -- What was drawn is scaled already.
            SET @vectors = N'
SELECT
    p.order_ratio,
    p.items_ratio,
    p.monetary_ratio,
    p.frequency,
    p.customers
FROM #point AS p';
            SET @script_scaling = N'none';
        END;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = @script,
            @input_data_1 = @vectors,
            @params = N'
                @max_k int,
                @scaling nvarchar(10),
                @random_state int,
                @n_init int,
                @fitted nvarchar(max),
                @with_chart bit,
                @document nvarchar(max) OUTPUT,
                @document_length int OUTPUT,
                @chart varbinary(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @max_k = @max_k,
            @scaling = @script_scaling,
            @random_state = @random_state,
            @n_init = @n_init,
            @fitted = @fitted,
            @with_chart = @with_chart,
            @document = @document OUTPUT,
            @document_length = @document_length OUTPUT,
            @chart = @chart OUTPUT,
            @fault = @fault OUTPUT;

        IF @fault IS NOT NULL
        BEGIN
            SET @message = LEFT(@fault, 2000);
            THROW 50002, @message, 1;
        END;

        IF @document IS NULL OR @document_length IS NULL
            OR DATALENGTH(@document) <> 2 * @document_length OR ISJSON(@document) <> 1
        BEGIN
            SET @message = CONCAT(
                N'sp_execute_external_script: the document arrived with ',
                COALESCE(DATALENGTH(@document), 0) / 2, N' of ', @document_length,
                N' characters. Nothing was stored; call again, and report it when it happens twice.'
            );
            THROW 50003, @message, 1;
        END;

        IF @distinct_vectors > @max_points
        BEGIN
            INSERT INTO #centroid (k, cluster_id, order_ratio, items_ratio, monetary_ratio, frequency, is_moving)
            SELECT
                r.k,
                c.cluster_id,
                c.order_ratio,
                c.items_ratio,
                c.monetary_ratio,
                c.frequency,
                1
            FROM OPENJSON(@document, N'$.rows') WITH (
                k int '$.k',
                clusters nvarchar(max) '$.clusters' AS JSON
            ) AS r
            CROSS APPLY OPENJSON(r.clusters) WITH (
                order_ratio float '$.centroid.order_ratio',
                items_ratio float '$.centroid.items_ratio',
                monetary_ratio float '$.centroid.monetary_ratio',
                frequency float '$.centroid.frequency',
                cluster_id int '$.cluster'
            ) AS c;

            EXEC seg.polish_centroids;

            SET @vectors = N'
SELECT
    c.k,
    c.order_ratio,
    c.items_ratio,
    c.monetary_ratio,
    c.frequency,
    CAST(u.customers AS float) AS customers,
    u.distance,
    u.squared_distance
FROM #centroid AS c
INNER JOIN #cluster AS u
    ON u.k = c.k AND u.cluster_id = c.cluster_id';
            SET @fitted = @document;

            EXEC sp_execute_external_script
                @language = N'Python',
                @script = @script,
                @input_data_1 = @vectors,
                @params = N'
                    @max_k int,
                    @scaling nvarchar(10),
                    @random_state int,
                    @n_init int,
                    @fitted nvarchar(max),
                    @with_chart bit,
                    @document nvarchar(max) OUTPUT,
                    @document_length int OUTPUT,
                    @chart varbinary(max) OUTPUT,
                    @fault nvarchar(max) OUTPUT',
                @max_k = @max_k,
                @scaling = @script_scaling,
                @random_state = @random_state,
                @n_init = @n_init,
                @fitted = @fitted,
                @with_chart = @with_chart,
                @document = @document OUTPUT,
                @document_length = @document_length OUTPUT,
                @chart = @chart OUTPUT,
                @fault = @fault OUTPUT;

            IF @fault IS NOT NULL
            BEGIN
                SET @message = LEFT(@fault, 2000);
                THROW 50002, @message, 1;
            END;

            IF @document IS NULL OR @document_length IS NULL
                OR DATALENGTH(@document) <> 2 * @document_length OR ISJSON(@document) <> 1
            BEGIN
                SET @message = CONCAT(
                    N'sp_execute_external_script: the document arrived with ',
                    COALESCE(DATALENGTH(@document), 0) / 2, N' of ', @document_length,
                    N' characters. Nothing was stored; call again, and report it when it happens twice.'
                );
                THROW 50003, @message, 1;
            END;

        END;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        SET @suggested_k = CAST(JSON_VALUE(@document, N'$.suggested_k') AS int);
        SET @reason = JSON_VALUE(@document, N'$.reason');

        INSERT INTO seg.k_evaluation (
            run_id, k, scaling, inertia, mean_distance, silhouette, silhouette_error,
            davies_bouldin, calinski_harabasz, is_suggested, reason
        )
        SELECT
            @run_id,
            e.k,
            @scaling,
            e.inertia,
            e.mean_distance,
            e.silhouette,
            e.silhouette_error,
            e.davies_bouldin,
            e.calinski_harabasz,
            IIF(e.k = @suggested_k, 1, 0),
            IIF(e.k = @suggested_k, @reason, NULL)
        FROM OPENJSON(@document, N'$.rows') WITH (
            k int '$.k',
            inertia float '$.inertia',
            mean_distance float '$.mean_distance',
            silhouette float '$.silhouette',
            silhouette_error float '$.silhouette_error',
            davies_bouldin float '$.davies_bouldin',
            calinski_harabasz float '$.calinski_harabasz'
        ) AS e;

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @message = @reason;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        SELECT
            e.k,
            e.inertia,
            e.mean_distance,
            e.silhouette,
            e.silhouette_error,
            e.davies_bouldin,
            e.calinski_harabasz,
            e.is_suggested
        FROM seg.k_evaluation AS e
        WHERE e.run_id = @run_id
        ORDER BY e.k;

        PRINT @reason;
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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.train: fits K-Means on the customers' features and stores the model.

    EXEC seg.train @n_clusters = 4;

    DECLARE @model_id int;
    EXEC seg.train @n_clusters = 5, @scaling = N'standard', @activate = 0, @model_id = @model_id OUTPUT;

Above @max_points distinct feature vectors the memory of the external script stays bounded: Python fits
on a sample of so many, and the centroids are then moved over all customers here, in T-SQL.

Result: one row that sums the model up. A new model keeps the number of each cluster of the active
one that it matches, so "cluster 0" goes on meaning the same people; the first one numbers by size.
*/
CREATE OR ALTER PROCEDURE seg.train
    @n_clusters int = 4,
    @scaling nvarchar(10) = N'none',
    @random_state int = 111,
    @n_init int = 10,
    @max_points int = 2000000,
    @activate bit = 1,
    @model_id int = NULL OUTPUT,
    @with_chart bit = 0,
    @chart varbinary(max) = NULL OUTPUT,
    @with_result bit = 1
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000),
        @faults nvarchar(max),
        @message nvarchar(4000),
        @distinct_vectors bigint,
        @previous_id int,
        @previous nvarchar(max),
        @lock int,
        @vectors nvarchar(max) = N'
SELECT
    f.order_ratio,
    f.items_ratio,
    f.monetary_ratio,
    f.frequency,
    COUNT(*) AS customers
FROM seg.customer_feature AS f
GROUP BY f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency',
        @script nvarchar(max),
        @script_scaling nvarchar(10),
        @fitted nvarchar(max),
        @steps int,
        @no_chart varbinary(max),
        @document nvarchar(max),
        @document_length int,
        @fault nvarchar(max);

    BEGIN TRY
        SET @parameters = CONCAT(
            N'@n_clusters = ', @n_clusters, N', @scaling = ', @scaling, N', @random_state = ', @random_state,
            N', @n_init = ', @n_init, N', @max_points = ', @max_points, N', @activate = ', @activate
        );

        EXEC seg.start_run
            @procedure_name = N'train',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        SET @faults = CONCAT(
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
            )),
            IIF(@max_points BETWEEN 1000 AND 100000000, N'', CONCAT(
                N'@max_points: ', COALESCE(CAST(@max_points AS nvarchar(30)), N'NULL'),
                N' is not a number of feature vectors. Allowed: 1000 to 100000000. '
            )),
            IIF(@max_points / 10 < @n_clusters AND @n_clusters <= 1000, CONCAT(
                N'@max_points: ', @max_points, N' is too few for ', @n_clusters, N' clusters. Allowed: at least 10 for each. '
            ), N''),
            IIF(@activate IS NULL, N'@activate: NULL is neither yes nor no. Allowed: 0 or 1. ', N'')
        );

        IF @faults <> N''
        BEGIN
            SET @message = LEFT(RTRIM(@faults), 2000);
            THROW 50001, @message, 1;
        END;

        -- Python tells capitals and trailing blanks apart; a database may not.
        SET @scaling = LOWER(RTRIM(@scaling));

        SELECT @distinct_vectors = COUNT_BIG(*)
        FROM (
            SELECT DISTINCT
                f.order_ratio,
                f.items_ratio,
                f.monetary_ratio,
                f.frequency
            FROM seg.customer_feature AS f
        ) AS v;

        IF @distinct_vectors = 0
            THROW 50004, N'seg.customer_feature: is empty. EXEC seg.build_features first.', 1;

        IF @n_clusters > @distinct_vectors
        BEGIN
            SET @message = CONCAT(
                N'@n_clusters: ', @n_clusters, N' clusters need as many different customers, and there are ',
                @distinct_vectors, N' distinct feature vectors. Allowed: 1 to ', @distinct_vectors, N'.'
            );
            THROW 50001, @message, 1;
        END;

        SELECT
            @previous_id = m.model_id,
            @previous = m.document
        FROM seg.model AS m
        WHERE m.is_active = 1;

        SET @script = N'
# ---- locate
SOURCES = (
    ("blocks.py", 38),
    ("nearest.py", 101),
    ("sums.py", 229),
    ("cells.py", 280),
    ("bounds.py", 561),
    ("lloyd.py", 719),
    ("ground.py", 893),
    ("splits.py", 1046),
    ("starts.py", 1105),
    ("search.py", 1173),
    ("centres.py", 1384),
    ("features.py", 1518),
    ("parameters.py", 1554),
    ("runtime.py", 1607),
    ("segments.py", 1667),
    ("vectors.py", 1761),
    ("kmeans.py", 2034),
    ("polished_model.py", 2272),
    ("charts.py", 2359),
    ("glue", 2559),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/blocks.py
"""Points in blocks that stay in the processor''s cache, and the numbers of some of them.

Numbers of points are kept as int32, which takes half the memory of what numpy indexes with.
"""

from typing import Callable, Iterable, Iterator

import numpy as np

POINTS_AT_ONCE = 8192


def blocks(count: int, size: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Divide so many points into blocks that stay in the processor''s cache."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def blocks_of(numbers: np.ndarray, size: int = POINTS_AT_ONCE) -> Iterator[np.ndarray]:
    """Yield the numbers of points, as :func:`find_points` returns them, in blocks to index with."""
    return (numbers[part].astype(np.intp) for part in blocks(len(numbers), size))


def filter_points(numbers: np.ndarray, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return those of the numbers of points for which a test of a block of them is true."""
    return join_numbers(len(numbers), (part[test(part)] for part in blocks_of(numbers)))


def find_points(count: int, test: Callable[[slice], np.ndarray]) -> np.ndarray:
    """Return the numbers of the points for which a test is true.

    Parameters
    ----------
    count : int
    test : function
        Takes a block and returns an array of bool.

    Examples
    --------
    >>> values = np.array([3, 8, 1])
    >>> find_points(3, lambda part: values[part] > 2).tolist()
    [0, 1]
    """
    parts = blocks(count, 2 * POINTS_AT_ONCE)
    return join_numbers(count, (part.start + np.flatnonzero(test(part)) for part in parts))


def join_numbers(most: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Return at most so many numbers of points in one array, in half the memory of an int64."""
    joined, end = np.empty(most, dtype=np.int32), 0
    for part in parts:
        joined[end : end + len(part)] = part
        end += len(part)
    joined.resize(end, refcheck=False)  # in its place
    return joined


def hand_out(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the value of each point''s cell, shape (n_points,)."""
    handed = np.empty(len(numbers), dtype=values.dtype)
    for part in blocks(len(numbers)):
        handed[part] = values.take(numbers[part])
    return handed
# ---- procluster/indb/nearest.py
"""Which centre is nearest to each point, exactly, and how clearly.

Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory;
centres are arrays of shape (n_clusters, n_features).
"""

from typing import Tuple

import numpy as np



# So many pairs are looked at a time, to stay in the processor''s cache.
PAIRS_AT_ONCE = 32768

# Up to so many multiplications OpenBLAS uses one thread (its GEMM_MULTITHREAD_THRESHOLD); more
# threads would wait for each other longer than they compute, above all on a busy server.
PRODUCTS_AT_ONCE = 262144

# A dot product of n terms has a relative error of at most about n times this (Higham, 2002,
# Accuracy and Stability of Numerical Algorithms, chapter 3), with room for what follows it.
ROUNDING = 1e-14


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    gaps = np.empty_like(total)
    for values, centre_values in zip(points, centres.T):
        np.subtract(values, centre_values[:, np.newaxis], out=gaps)
        gaps *= gaps
        total += gaps
    return total


def own_squares(points: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point to the centre it is labelled with."""
    columns = np.ascontiguousarray(centres.T)
    total = np.empty(points.shape[1])
    for part in blocks(len(total)):
        gaps = columns.take(labels[part], axis=1)
        gaps -= points[:, part]
        gaps *= gaps
        gaps.sum(axis=0, out=total[part])
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and the squares of the two smallest distances.

    The lower number where two centres are equally near; an infinite square where there is no
    second centre.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [2.0]]))]
    [[0, 1], [1.0, 4.0], [4.0, 9.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    # Larger arrays would go back to the system and come again, zeroed, each time.
    step = max(64, points_at_once(centres) // 4)
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, first, second


def points_at_once(centres: np.ndarray) -> int:
    """Return how many points to compare with the centres at a time."""
    n_clusters, n_features = centres.shape
    pairs = min(PAIRS_AT_ONCE, PRODUCTS_AT_ONCE // n_features)
    return int(min(POINTS_AT_ONCE, max(64, pairs // n_clusters)))


def label_points(points: np.ndarray, centres: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and how much farther the second one is at least.

    The same labels as those of :func:`two_nearest`, faster: squared distances less what all
    centres have in common come from one matrix product, and only the points for which rounding
    could have changed the order of two centres are looked at again.

    Returns
    -------
    labels : array of int, shape (n_points,)
    lead : array of float, shape (n_points,)
        A lower bound of the distance to the second nearest centre less that to the nearest.
    """
    n_points = points.shape[1]
    labels = np.zeros(n_points, dtype=np.int64)
    lead = np.full(n_points, np.inf)
    if len(centres) == 1:
        return labels, lead
    origin = centres.sum(axis=0) / len(
        centres
    )  # digits are not lost to an offset that all points share
    centred = centres - origin
    constants = (centred**2).sum(axis=1)[:, np.newaxis]
    for part in blocks(n_points, points_at_once(centres)):
        moved = points[:, part] - origin[:, np.newaxis]
        scores = np.dot(-2 * centred, moved)
        scores += constants
        first = scores.min(axis=0)
        nearest = (scores == first).argmax(axis=0)
        scores[nearest, np.arange(len(nearest))] = np.inf
        second = scores.min(axis=0)
        moved *= moved
        norms = moved.sum(axis=0)
        error = ROUNDING * len(points) * (2 * norms + second)
        unsure = np.flatnonzero(second - first <= 2 * error)
        lead[part] = np.sqrt(np.maximum(second + norms - error, 0)) - np.sqrt(
            np.maximum(first + norms + error, 0)
        )
        if len(unsure):
            nearest[unsure], *squares = two_nearest(points[:, part][:, unsure], centres)
            lead[part][unsure] = np.sqrt(squares[1]) - np.sqrt(squares[0])
        labels[part] = nearest
    return labels, lead
# ---- procluster/indb/sums.py
"""Sums by label, of the points of a cluster or of a cell.

They are added in an order that depends on the points only, so that every release of numpy finds
the same.
"""

from typing import Sequence

import numpy as np

# Neighbouring points often have the same label, and a processor that adds to one number again
# and again waits for itself. So the points take turns between so many sums of each label.
TURNS = 4


def label_sums(labels: np.ndarray, rows: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the sums of each row by label, shape (n_rows, count).

    Parameters
    ----------
    labels : array of int, shape (n_points,)
        From 0 to `count` - 1.
    rows : sequence of arrays of float, shape (n_points,)
    count : int

    Examples
    --------
    >>> label_sums(np.array([1, 0, 1]), [np.array([1.0, 2.0, 4.0])], 3).tolist()
    [[2.0, 5.0, 0.0]]
    """
    places = np.arange(len(labels))
    places &= TURNS - 1
    places *= count
    places += labels
    found = np.empty((len(rows), TURNS * count))
    for row, sums in zip(rows, found):
        sums[:] = np.bincount(places, row, minlength=TURNS * count)
    return np.asarray(found.reshape(len(found), TURNS, count).sum(axis=1))


def cluster_sums(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the weighted sums of each cluster''s features and, last, its weight.

    Returns
    -------
    array of float, shape (n_features + 1, n_clusters)
    """
    return label_sums(labels, [*(weights * points), weights], n_clusters)
# ---- procluster/indb/cells.py
"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np





# So many cells for each cluster show well where clusters are best; of many cells, fewer will do.
FEWEST_CELLS = 512
CELLS_PER_CLUSTER = 128
MANY_CELLS = 2048
CELLS_PER_CLUSTER_OF_MANY = 16

# About so many points for each cell are enough to see where cells are to be cut.
SCOUTS_PER_CELL = 8


class Cells(NamedTuple):
    """Groups of points that lie near each other.

    Attributes
    ----------
    means : array of float, shape (n_features, n_cells)
    weights : array of float, shape (n_cells,)
    numbers : array of int, shape (n_points,)
        The cell of each point.
    widths : array of float, shape (n_points,)
        Twice the distance of each point to the mean of its cell.
    spans : array of float, shape (n_cells,)
        The largest width in each cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray
    spans: np.ndarray


class Spread(NamedTuple):
    """Weights, means, sums of squares and the widest feature of some cells."""

    weights: np.ndarray
    means: np.ndarray
    losses: np.ndarray
    widest: np.ndarray


class Cut(NamedTuple):
    """Which cells are cut in two, and where; arrays of shape (n_cells,).

    Attributes
    ----------
    upper : array of int
        The number that the upper half of each cell gets; its own for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half; infinite for a cell that
        stays whole.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters, a power of two.

    Examples
    --------
    >>> [count_cells(n_clusters) for n_clusters in (4, 5, 128, 129)]
    [512, 1024, 2048, 4096]
    """
    wanted = min(MANY_CELLS, CELLS_PER_CLUSTER * n_clusters)
    wanted = max(wanted, CELLS_PER_CLUSTER_OF_MANY * n_clusters)
    count = FEWEST_CELLS
    while count < wanted:
        count *= 2
    return count


def condense(points: np.ndarray, weights: np.ndarray, most_cells: int) -> Cells:
    """Divide the points into at most `most_cells` cells.

    Cells are split at the mean of their widest feature, in rounds: all those with more than an
    equal share of the sum of squares, so that an outlier soon has a cell of its own and equal
    points are never looked at again. A cell is represented by its mean and weight; what it leaves
    out of any inertia is its own sum of squares (the theorem of Huygens and Steiner).

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> cells = condense(points, weights, most_cells=2)
    >>> cells.means.tolist(), cells.weights.tolist(), cells.numbers.tolist()
    ([[0.25, 50.5]], [4.0, 2.0], [0, 0, 1, 1])
    >>> cells.widths.tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        numbers = np.arange(n_points, dtype=np.int32)
        return Cells(points, weights, numbers, np.zeros(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    spans = largest_widths(widths, numbers, len(totals))
    return Cells(means, totals, numbers.astype(np.int32), widths, spans)


def largest_widths(widths: np.ndarray, numbers: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the largest width in each cell.

    Points overwrite each other until none is left that is wider than what its cell has.
    """
    spans = np.zeros(n_cells)
    for part in blocks(len(widths)):
        wide, cells = widths[part], numbers[part]
        while len(wide):
            wider = wide > spans[cells]
            wide, cells = wide[wider], cells[wider]
            spans[cells] = wide
    return spans


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point''s cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    numbers = np.zeros(len(weights), dtype=np.int64)
    reference = points[:, :1]
    step = len(weights) // (SCOUTS_PER_CELL * most_cells)
    if step > 1:
        scouts = np.ascontiguousarray(points[:, ::step]), weights[::step]
        reference, cuts = sketch_cells(*scouts, most_cells - most_cells // 4)
        del scouts  # memory is scarce
        for part in blocks(len(weights)):
            block = np.ascontiguousarray(points[:, part])
            for cut in cuts:
                numbers[part] = divide(block, numbers[part], cut)
    spread = measure_spread(points, weights, numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1).take(numbers)
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def sketch_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, List[Cut]]:
    """Return the means of the cells that some points tell, and the cuts that lead there."""
    numbers = np.zeros(len(weights), dtype=np.int64)
    spread = measure_spread(points, weights, numbers, points[:, :1])
    spread, cuts = refine(points, weights, numbers, spread, most_cells)
    return spread.means, cuts


def refine(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, spread: Spread, most_cells: int
) -> Tuple[Spread, List[Cut]]:
    """Cut cells until there are `most_cells` or none differs inside; change `numbers`.

    Returns
    -------
    spread : Spread
        Of the cells there are then.
    cuts : list of Cut
    """
    cuts: List[Cut] = []
    while True:
        losses, count = spread.losses, len(spread.losses)
        chosen = np.flatnonzero(losses > losses.sum() / most_cells)
        largest = np.argsort(-losses[chosen], kind="mergesort")[: most_cells - count]
        chosen = np.sort(chosen[largest])
        if not len(chosen):
            return spread, cuts
        cuts.append(cut_at_means(spread, chosen))
        halves = measure_halves(points, weights, numbers, spread, chosen, cuts[-1])
        spread = replace_halves(spread, chosen, halves)


def cut_at_means(spread: Spread, chosen: np.ndarray) -> Cut:
    """Return the cut of the chosen cells at the mean of their widest feature."""
    count = len(spread.weights)
    upper, thresholds = np.arange(count), np.full(count, np.inf)
    upper[chosen] = count + np.arange(len(chosen))
    thresholds[chosen] = spread.means[spread.widest[chosen], chosen]
    return Cut(upper, spread.widest, thresholds)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Return the numbers of the points'' cells after a cut."""
    n_points = len(numbers)
    places = (cut.features * n_points).take(numbers)
    places += np.arange(n_points)
    high = points.ravel().take(places) > cut.thresholds.take(numbers)
    return np.where(high, cut.upper.take(numbers), numbers)


def measure_halves(
    points: np.ndarray,
    weights: np.ndarray,
    numbers: np.ndarray,
    spread: Spread,
    chosen: np.ndarray,
    cut: Cut,
) -> Spread:
    """Cut the chosen cells, changing `numbers`; return the spread of the lower and upper halves."""
    count = len(chosen)
    place = np.full(len(spread.weights) + count, -1)
    place[chosen] = np.arange(count)
    place[len(spread.weights) :] = count + np.arange(count)
    touched = find_points(len(numbers), lambda part: place.take(numbers[part]) >= 0)
    reference = np.tile(spread.means[:, chosen], 2)
    moments = np.zeros((1 + 2 * len(points), 2 * count))
    for part in blocks_of(touched):
        values = points[:, part]
        numbers[part] = divide(values, numbers[part], cut)
        moments += sum_moments(values, weights[part], place[numbers[part]], reference)
    return spread_of(moments, reference)


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, reference: np.ndarray
) -> Spread:
    """Return the spread of the points by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    numbers : array of int, shape (n_points,)
        Their cells.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    moments = np.zeros((1 + 2 * len(points), reference.shape[1]))
    for part in blocks(len(weights)):
        moments += sum_moments(points[:, part], weights[part], numbers[part], reference)
    return spread_of(moments, reference)


def sum_moments(
    points: np.ndarray, weights: np.ndarray, cells: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Return weight, and weighted sums and squares about the reference, a row each, by cell."""
    gaps = points - reference.take(cells, axis=1)
    weighted = weights * gaps
    gaps *= weighted
    return label_sums(cells, [weights, *weighted, *gaps], reference.shape[1])


def spread_of(moments: np.ndarray, reference: np.ndarray) -> Spread:
    """Return the spread that moments about a reference tell."""
    totals, sums, squares = moments[0], *np.split(moments[1:], 2)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
# ---- procluster/indb/bounds.py
"""Which points may have changed their cluster since they were looked at; most have not for sure.

A point keeps its cluster while its lead, by which the second nearest centre is farther than the
nearest, is not used up by what the centres move: Hamerly (2010), Making k-means even faster, SIAM
International Conference on Data Mining. What uses it up is the move of its own centre, and the
largest move among the centres that are near enough to its cell to be the second. So a centre that
jumps among outliers makes nobody else unsure, and where centres rest nothing is looked at.
"""

from typing import Union

import numpy as np





# The centres near to each cell, and the points watched, hold until a centre has moved farther than
# so many times its step when they were found; then they are found anew.
STEPS_AHEAD = 8

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


class Bounds:
    """How far the centres may move until a point has to be looked at again.

    Parameters
    ----------
    cells : Cells
    cell_lead : array of float, shape (n_cells,)
        How much farther the second nearest centre of each mean is than the nearest.
    n_clusters : int

    Attributes
    ----------
    due : array of int
        The points to look at now.
    """

    def __init__(self, cells: Cells, cell_lead: np.ndarray, n_clusters: int) -> None:
        self._cells = cells
        # At distance r from the mean of its cell a point''s lead is smaller than the mean''s by 2 r
        # at most, by the triangle inequality, twice.
        self._limits = hand_out(cell_lead * SAFETY, cells.numbers)
        self._limits -= cells.widths
        self.due = find_points(len(self._limits), lambda part: self._limits[part] <= 0)
        self._reach = np.full(n_clusters, -1.0)  # nothing is watched yet
        self._own_moves = np.zeros(n_clusters)
        self._other_moves = np.zeros(len(cell_lead))

    def renew(self, points: np.ndarray, labels: np.ndarray, lead: np.ndarray) -> None:
        """Note the lead of some points, given by their numbers, after their labels."""
        numbers = self._cells.numbers[points]
        used = use_up(numbers, labels, self._own_moves, self._other_moves)
        self._limits[points] = lead * SAFETY + used

    def move(self, centres: np.ndarray, moves: np.ndarray, labels: np.ndarray) -> None:
        """Find the points that are due when the centres have moved.

        Parameters
        ----------
        centres : array of float, shape (n_clusters, n_features)
            Where they are now.
        moves : array of float, shape (n_clusters,)
            How far each of them has moved.
        labels : array of int, shape (n_points,)
        """
        del self.due  # memory is scarce
        moves = moves / SAFETY
        self._reach -= moves
        found_anew = bool((self._reach < 0).any())
        if found_anew:
            self._reach = STEPS_AHEAD * moves
            self._near = near_centres(self._cells, centres, self._reach)
        self._own_moves += moves
        self._other_moves += self._largest(moves)
        if found_anew:
            self._watched = self._soon_due(labels)
        own, other = self._own_moves, self._other_moves
        self.due = filter_points(
            self._watched, lambda part: self._are_due(part, labels, own, other)
        )

    def _soon_due(self, labels: np.ndarray) -> np.ndarray:
        """Return the points that are due before the centres have moved beyond their reach."""
        own = self._own_moves + self._reach
        other = self._other_moves + self._largest(self._reach)
        return find_points(len(labels), lambda part: self._are_due(part, labels, own, other))

    def _are_due(
        self,
        part: Union[slice, np.ndarray],
        labels: np.ndarray,
        own: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return which of some points such moves of the centres leave no lead."""
        used = use_up(self._cells.numbers[part], labels[part], own, other)
        return np.asarray(self._limits[part] <= used)

    def _largest(self, moves: np.ndarray) -> np.ndarray:
        """Return the largest move among the centres near to each cell."""
        moving = np.flatnonzero(moves)
        largest = np.where(self._near[moving], moves[moving, np.newaxis], 0.0).max(axis=0)
        return np.asarray(largest)


def use_up(
    numbers: np.ndarray, labels: np.ndarray, own: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return what moves take of the lead of points.

    Parameters
    ----------
    numbers, labels : array of int, shape (n,)
        The cells and the clusters of the points.
    own : array of float, shape (n_clusters,)
        What each centre moves.
    other : array of float, shape (n_cells,)
        What another one near to each cell moves at most.
    """
    used = own.take(labels)
    used += other.take(numbers)
    return np.asarray(used)


def near_centres(cells: Cells, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return which centres can be the nearest or the second of some point of each cell.

    Parameters
    ----------
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
    reach : array of float, shape (n_clusters,)
        How far each of them may be from there, then or before.

    Returns
    -------
    array of bool, shape (n_clusters, n_cells)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 50.0, 51.0]]), np.ones(4), most_cells=2)
    >>> near_centres(cells, np.array([[0.0], [2.0], [4.0], [60.0]]), np.zeros(4)).tolist()
    [[True, False], [True, False], [False, True], [False, True]]
    """
    distances = squared_distances(cells.means, centres)
    np.sqrt(distances, out=distances)
    farthest = distances + reach[:, np.newaxis]
    farthest[farthest.argmin(axis=0), np.arange(farthest.shape[1])] = np.inf
    limits = farthest.min(axis=0) + cells.spans
    distances *= SAFETY  # in its place, for memory is scarce
    distances -= reach[:, np.newaxis]
    return np.asarray(distances <= limits)
# ---- procluster/indb/lloyd.py
"""Lloyd''s algorithm on all the points, most of which need no look.

Whole cells are assigned by their means where that is sure to be right for all their points: the
idea of Pelleg and Moore (1999), Accelerating exact k-means algorithms with geometric reasoning,
with cells of any shape instead of a k-d tree''s boxes. The others are compared with the centres,
once more whenever their bounds say so. The outcome is that of Lloyd''s algorithm without any cells,
up to rounding.
"""

from typing import NamedTuple

import numpy as np







# Lloyd''s algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# A cluster with a smaller share of the weight is empty, but for what rounding leaves of its sums.
NOTHING = 1e-13


class Fit(NamedTuple):
    """Where Lloyd''s algorithm came to.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre of each point; the lower number where two are equally near.
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
    """

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    steps: int


def means_of(sums: np.ndarray, cells: Cells, centres: np.ndarray) -> np.ndarray:
    """Return the means, shape (n_clusters, n_features); an empty cluster takes a worst served cell.

    Parameters
    ----------
    sums : array of float, shape (n_features + 1, n_clusters)
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
        The centres that the points were assigned to.
    """
    occupied = sums[-1] > NOTHING * sums[-1].sum()
    means = (sums[:-1] / np.where(occupied, sums[-1], 1.0)).T
    if occupied.all():
        return np.asarray(means)
    empty = np.flatnonzero(~occupied)
    costs = cells.weights * two_nearest(cells.means, centres)[1]
    worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
    means[empty] = cells.means[:, worst].T
    return np.asarray(means)


def run_lloyd(points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray) -> Fit:
    """Move the centres to the means of their points until nothing changes.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    cells : Cells
        Of the same points.
    centres : array of float, shape (n_clusters, n_features)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> points, weights = np.array([[0.0, 1.0, 2.0, 9.0]]), np.ones(4)
    >>> fit = run_lloyd(points, weights, condense(points, weights, 3), np.array([[0.0], [1.0]]))
    >>> fit.centres.tolist(), fit.labels.tolist()
    ([[1.0], [9.0]], [0, 0, 0, 1])
    """
    cell_labels, cell_lead = label_points(cells.means, centres)
    labels = hand_out(cell_labels.astype(np.int32), cells.numbers)  # half the memory
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    bounds = Bounds(cells, cell_lead, len(centres))
    relabel(points, weights, bounds, centres, labels, sums)
    steps, rounded = 1, False
    while steps < MOST_STEPS:
        means = means_of(sums, cells, centres)
        moves = np.sqrt(((means - centres) ** 2).sum(axis=1))
        if moves.any():
            centres = means
            bounds.move(centres, moves, labels)
            rounded |= relabel(points, weights, bounds, centres, labels, sums)
            steps += 1
        elif rounded:
            sums, rounded = sum_points(points, weights, cells, centres, labels), False
        else:
            break
    return Fit(centres, labels, sums[-1], steps)


def sum_points(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the sums of the clusters, shape (n_features + 1, n_clusters).

    Each point is added once at most, where those kept up to date have been rounded with every
    change of a label.
    """
    cell_labels, _ = label_points(cells.means, centres)
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    for part in blocks(len(labels)):
        implied = cell_labels.take(cells.numbers[part])
        other = np.flatnonzero(implied != labels[part])
        values, own = points[:, part].take(other, axis=1), weights[part].take(other)
        transfer(sums, values, own, implied[other], labels[part].take(other))
    return sums


def transfer(
    sums: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    """Take points from the sums of their labels before to those of their labels after."""
    sums += cluster_sums(points, weights, after, sums.shape[1])
    sums -= cluster_sums(points, weights, before, sums.shape[1])


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    bounds: Bounds,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Give the points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    bounds : Bounds
        Told the new leads.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    bool
        Whether any label has changed.
    """
    any_changed = False
    for due in blocks_of(bounds.due, points_at_once(centres)):
        values, before = points[:, due], labels[due]
        after, lead = label_points(values, centres)
        bounds.renew(due, after, lead)
        changed = np.flatnonzero(after != before)
        if len(changed):
            any_changed = True
            labels[due] = after
            own = weights[due[changed]]
            transfer(sums, values[:, changed], own, before[changed], after[changed])
    return any_changed
# ---- procluster/indb/ground.py
"""The ground that the search for centres moves on: cells, made ready to be labelled many times."""

from typing import NamedTuple, Tuple

import numpy as np




# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9

# An inertia that is a smaller share than this of that about the origin has too few right digits
# as a difference from it, and is added up from the squares.
FAINT = 1e-5


class Ground(NamedTuple):
    """Cells about their mean, and what every labelling needs of them.

    Attributes
    ----------
    cells : Cells
        Their means are taken from `origin`, so that no digits are lost to what all share.
    origin : array of float, shape (n_features,)
    frame : array of float, shape (n_features + 1, n_cells)
        The means, and a row of ones.
    moments : array of float, shape (n_cells, n_features + 1)
        Both times the weights, a cell after the other.
    slack : array of float, shape (n_cells,)
        How far rounding can move what :func:`label_cells` compares, but for the centres'' share.
    inertia : float
        About the origin.
    """

    cells: Cells
    origin: np.ndarray
    frame: np.ndarray
    moments: np.ndarray
    slack: np.ndarray
    inertia: float


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.
    labels : array of int, shape (n_cells,)
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float

    def beats(self, other: "State") -> bool:
        """Return whether these are better clusters, and not the same ones rounded otherwise."""
        return self.inertia < other.inertia * (1 - SAME)


def lay_ground(cells: Cells) -> Ground:
    """Make cells ready."""
    n_features, n_cells = cells.means.shape
    origin = np.cumsum(cells.means, axis=1)[:, -1] / n_cells
    means = cells.means - origin[:, np.newaxis]
    frame = np.vstack([means, np.ones(n_cells)])
    squares = (means**2).sum(axis=0)
    return Ground(
        cells=cells._replace(means=means),
        origin=origin,
        frame=frame,
        moments=np.ascontiguousarray((cells.weights * frame).T),
        slack=8 * ROUNDING * n_features * squares,
        inertia=float(cells.weights.dot(squares)),
    )


def observe(ground: Ground, centres: np.ndarray) -> State:
    """Return how the cells see some centres."""
    labels, saved = label_cells(ground, centres)
    inertia = ground.inertia - saved
    if inertia < FAINT * ground.inertia:
        inertia = float(ground.cells.weights.dot(own_squares(ground.cells.means, centres, labels)))
    return State(centres, labels, inertia)


def label_cells(ground: Ground, centres: np.ndarray) -> Tuple[np.ndarray, float]:
    """Return the nearest centre of each cell, the lower number where two are equally near.

    Squared distances less what all centres have in common come from one matrix product; only the
    cells for which rounding could have changed the order of two centres are looked at again.

    Parameters
    ----------
    ground : Ground
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.

    Returns
    -------
    labels : array of int, shape (n_cells,)
    saved : float
        How much smaller the inertia is than that about the origin.

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 8.0]]), np.ones(3), most_cells=3)
    >>> ground = lay_ground(cells)
    >>> labels, saved = label_cells(ground, np.array([[8.0], [0.5]]) - ground.origin)
    >>> labels.tolist(), round(saved, 9)
    ([1, 1, 0], 37.5)
    """
    n_clusters, n_features = centres.shape
    planes = np.empty((n_clusters, n_features + 1))
    np.multiply(centres, -2, out=planes[:, :-1])
    planes[:, -1] = constants = (centres**2).sum(axis=1)
    spare = 8 * ROUNDING * n_features * constants.max()
    numbers = np.arange(n_clusters, dtype=np.float32)
    labels = np.empty(len(ground.slack), dtype=np.int64)
    saved = 0.0
    step = points_at_once(planes)
    for start in range(0, len(labels), step):  # called so often that a generator would be felt
        part = slice(start, start + step)
        scores = planes.dot(ground.frame[:, part])
        limits = scores.min(axis=0)
        saved -= float(ground.cells.weights[part].dot(limits))
        limits += ground.slack[part]
        limits += spare
        near = scores <= limits
        # Where one centre is near to a cell, the sum of the numbers of those near is its number.
        labels[part] = numbers.dot(near)
        if np.count_nonzero(near) > near.shape[1]:
            unsure = start + np.flatnonzero(near.sum(axis=0) > 1)
            labels[unsure], _, _ = two_nearest(ground.cells.means[:, unsure], centres)
    return labels, saved


def sum_cells(ground: Ground, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted sums of the features and, last, the weight of the cells by label.

    Returns
    -------
    array of float, shape (count, n_features + 1)
    """
    width = ground.moments.shape[1]
    places = np.arange(count * width).reshape(count, width).take(labels, axis=0)
    sums = np.bincount(places.ravel(), ground.moments.ravel(), minlength=count * width)
    return np.asarray(sums.reshape(count, width))
# ---- procluster/indb/splits.py
"""Where each cluster would be split in two, and what that gains."""

from typing import NamedTuple

import numpy as np




# From a drawn cell, so many steps of Lloyd''s algorithm with two centres settle where the halves
# are, near enough to tell which cluster to split.
SPLIT_STEPS = 2


class Splits(NamedTuple):
    """The clusters, each in two.

    Attributes
    ----------
    gains : array of float, shape (n_clusters,)
        What the inertia loses at least when the cluster is split.
    lower, upper : array of float, shape (n_clusters, n_features)
        The means of the halves.
    """

    gains: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def split_clusters(ground: Ground, state: State, random: np.random.RandomState) -> Splits:
    """Split every cluster at once, each between its centre and a cell drawn from it.

    What a split gains is the sum of squares between the means of the halves (the theorem of
    Huygens and Steiner).
    """
    count, means = len(state.centres), ground.cells.means
    lower, upper = state.centres, means[:, draw_members(ground, state, random)].T
    for _ in range(SPLIT_STEPS):
        apart = own_squares(means, upper, state.labels)
        high = apart < own_squares(means, lower, state.labels)
        sums = sum_cells(ground, state.labels + count * high, 2 * count).reshape(2, count, -1)
        weights = sums[..., -1]
        lower, upper = sums[..., :-1] / np.where(weights > 0, weights, 1)[..., np.newaxis]
    shares = weights[0] * weights[1] / np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
    return Splits(shares * ((lower - upper) ** 2).sum(axis=1), lower, upper)


def draw_members(ground: Ground, state: State, random: np.random.RandomState) -> np.ndarray:
    """Draw a cell of each cluster, with odds in proportion to what the cells cost."""
    order = np.argsort(state.labels, kind="mergesort")
    ends = np.cumsum(np.bincount(state.labels, minlength=len(state.centres)))
    squares = own_squares(ground.cells.means, state.centres, state.labels)
    odds = np.cumsum((ground.cells.weights * squares)[order])
    totals = np.append(0.0, odds)[np.append(0, ends)]
    shares = random.random_sample(len(ends))
    places = np.searchsorted(odds, totals[:-1] + shares * np.diff(totals), side="right")
    return np.asarray(order[np.minimum(places, np.maximum(ends - 1, 0))])
# ---- procluster/indb/starts.py
"""Starting centres by greedy k-means++.

Each centre is the best of a few points drawn with probability proportional to weight times
squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
advantages of careful seeding.
"""

import math
from typing import NamedTuple

import numpy as np





class Starts(NamedTuple):
    """Sequences of starting centres; the first k of a sequence are a start for k clusters.

    Attributes
    ----------
    chosen : array of int, shape (n_starts, n_clusters)
        Cells.
    inertias : array of float, shape (n_starts, n_clusters)
        What the cells cost with the first 1, 2, ... centres of the sequence.
    """

    chosen: np.ndarray
    inertias: np.ndarray

    def best(self, n_clusters: int, count: int) -> np.ndarray:
        """Return the cells of the `count` best starts for so many clusters, a row each."""
        order = np.argsort(self.inertias[:, n_clusters - 1], kind="mergesort")
        return np.asarray(self.chosen[order[:count], :n_clusters])


def draw_starts(
    cells: Cells, n_clusters: int, n_starts: int, random: np.random.RandomState
) -> Starts:
    """Draw sequences of up to `n_clusters` starting centres.

    They are shorter when fewer cells are far enough apart to be told from each other. The draws
    for a centre do not depend on how many come after it.
    """
    chosen = np.zeros((n_starts, n_clusters), dtype=np.int64)
    inertias = np.zeros((n_starts, n_clusters))
    nearest = np.full((n_starts, len(cells.weights)), np.inf)
    odds = np.repeat(np.cumsum(cells.weights)[np.newaxis], n_starts, axis=0)
    for index in range(n_clusters):
        if not (odds[:, -1] > 0).all():
            return Starts(chosen[:, :index], inertias[:, :index])
        shares = random.random_sample((n_starts, 2 + int(math.log(index + 1))))
        for row in range(n_starts):
            draws = draw_cells(odds[row], shares[row])
            squares = squared_distances(cells.means, cells.means[:, draws].T)
            np.minimum(squares, nearest[row], out=squares)
            cumulated = np.cumsum(cells.weights * squares, axis=1)
            best = int(cumulated[:, -1].argmin())
            nearest[row], odds[row] = squares[best], cumulated[best]
            chosen[row, index], inertias[row, index] = draws[best], odds[row, -1]
    return Starts(chosen, inertias)


def draw_cells(odds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the indices at the given shares of the cumulated odds; none whose odds are zero."""
    draws = np.searchsorted(odds, shares * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))
# ---- procluster/indb/search.py
"""The search for good centres, on the cells.

Lloyd''s algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple

import numpy as np








# The search begins on so many coarser cells, or on so many for each cluster, where a trial costs
# little, and is repeated on the cells themselves.
COARSE_CELLS = 512
COARSE_CELLS_PER_CLUSTER = 8

# So many swaps that fail in a row are enough where little is left to find.
FEW_SWAPS = 3

# After so many swaps that failed the clusters are split anew, elsewhere.
SWAPS_AT_ONCE = 5

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50


class Effort(NamedTuple):
    """How long to search.

    Attributes
    ----------
    starts : int
        How many of the starts that are drawn are improved by swaps, the best ones.
    swaps : int
        An improvement ends when so many swaps in a row have not helped.
    """

    starts: int
    swaps: int


def search_centres(
    cells: Cells, efforts: Dict[int, Effort], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    efforts : dict of Effort
        By number of clusters: consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    most_clusters = max(efforts)
    fine = coarse = lay_ground(cells)
    most_coarse = max(COARSE_CELLS, COARSE_CELLS_PER_CLUSTER * most_clusters)
    if len(cells.weights) > most_coarse:
        coarse = lay_ground(condense(fine.cells.means, cells.weights, most_coarse))
    starts = draw_starts(coarse.cells, most_clusters, n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    begun = {
        k: [coarse.cells.means[:, own].T for own in starts.best(k, effort.starts)]
        for k, effort in efforts.items()
        if k <= most
    }
    n_swaps = {k: effort.swaps for k, effort in efforts.items()}
    found = climb(coarse, begun, n_swaps, random_state)
    if coarse is not fine:
        begun = {k: [state.centres + coarse.origin] for k, state in found.items()}
        few = {k: min(FEW_SWAPS, most) for k, most in n_swaps.items()}
        found = climb(fine, begun, few, random_state)
    return {k: state.centres + fine.origin for k, state in found.items()}


def climb(
    ground: Ground, begun: Dict[int, List[np.ndarray]], n_swaps: Dict[int, int], random_state: int
) -> Dict[int, State]:
    """Return the best states that are found from some centres, by number of clusters."""
    found: Dict[int, State] = {}
    random = np.random.RandomState()
    for k, starts in begun.items():
        states = [settle(ground, centres) for centres in starts]
        if k - 1 in found and found[k - 1].inertia > 0:
            random.seed(random_state)
            states.append(grow(ground, found[k - 1], random))
        found[k] = improve_best(ground, states, n_swaps[k], random, random_state)
    for k in sorted(found, reverse=True)[1:]:
        shrunk = shrink(ground, found[k + 1], found[k].inertia)
        found[k] = shrunk if shrunk.beats(found[k]) else found[k]
    return found


def improve_best(
    ground: Ground,
    states: List[State],
    n_swaps: int,
    random: np.random.RandomState,
    random_state: int,
) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once.

    Each begins with the same draws. (To seed `random` anew takes a fiftieth of the time of making
    another one.)
    """
    best, seen = states[0], np.zeros(0)
    for state in states:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        random.seed(random_state)
        improved = improve(ground, state, n_swaps, random)
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = improved if improved.beats(best) else best
    return best


def settle(ground: Ground, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd''s algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    state = observe(ground, centres)
    for _ in range(MOST_TRIAL_STEPS):
        sums = sum_cells(ground, state.labels, len(centres))
        moved = observe(ground, means_of(sums.T, ground.cells, state.centres))
        gain = state.inertia - moved.inertia
        state = moved
        if gain <= SETTLED * state.inertia or PATIENCE * gain < state.inertia - target:
            break
    return state


def improve(ground: Ground, state: State, n_swaps: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_swaps` of them in a row have not helped."""
    failed, costs = 0, removal_costs(ground, state)
    while failed < n_swaps and state.inertia > 0 and len(state.centres) > 1:
        splits = split_clusters(ground, state, random)
        for centres in swaps(state, splits, costs, min(SWAPS_AT_ONCE, n_swaps - failed)):
            trial = settle(ground, centres, state.inertia)
            failed += 1
            if trial.beats(state):
                state, failed, costs = trial, 0, removal_costs(ground, trial)
                break
    return state


def swaps(state: State, splits: Splits, costs: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    net = costs - splits.gains[:, np.newaxis]
    np.fill_diagonal(net, np.inf)
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        split, given_up = divmod(int(place), len(net))
        if split == given_up:  # two clusters have no more than two swaps
            return
        centres = state.centres.copy()
        centres[split], centres[given_up] = splits.lower[split], splits.upper[split]
        yield centres


def grow(ground: Ground, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    splits = split_clusters(ground, state, random)
    split = splits.gains.argmax()
    centres = np.vstack([state.centres, splits.upper[split]])
    centres[split] = splits.lower[split]
    return settle(ground, centres)


def shrink(ground: Ground, state: State, target: float) -> State:
    """Return the state with one cluster less, given up where that costs least."""
    cheapest = removal_costs(ground, state).argmin()
    return settle(ground, np.delete(state.centres, cheapest, axis=0), target)


def removal_costs(ground: Ground, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    labels, first, second = two_nearest(ground.cells.means, state.centres)
    more = np.where(np.isfinite(second), second - first, 0.0)
    return np.bincount(labels, ground.cells.weights * more, minlength=len(state.centres))
# ---- procluster/indb/centres.py
"""The centres of K-Means, for one number of clusters or for many.

1. The points are condensed to cells (cells).
2. On the cells, centres are drawn (starts) and improved by swaps (search).
3. From there Lloyd''s algorithm runs to its fixed point on all the points (lloyd): scikit-learn''s
   KMeans from these centres with tol=0 stays there.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy: what labels and means are made of is computed in a
fixed order. Only inertias are dot products, whose last digits may differ; clusters are better only
when more than that tells them apart.
"""

from typing import List, NamedTuple, Tuple

import numpy as np








# Of the starts drawn, so many are tried for each number of clusters; more for one alone, which has
# only two neighbours to help it, while there are few clusters and a start costs little.
STARTS_TRIED = 2
MORE_STARTS_TRIED = 4
FEW_CLUSTERS = 8


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    spreads : array of float, shape (n_clusters,)
        Sum of weight times Euclidean distance to the centre of each cluster.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd''s algorithm on all the points.
    """

    centres: np.ndarray
    sizes: np.ndarray
    spreads: np.ndarray
    inertia: float
    iterations: int


def fit_best(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random_state: int, n_init: int
) -> Tuple[np.ndarray, np.ndarray, int]:
    """Return the best centres found for one number of clusters, with help from its neighbours.

    Parameters
    ----------
    points, weights, random_state, n_init
        As :func:`fit_centres` takes them.
    n_clusters : int

    Returns
    -------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
        Of Lloyd''s algorithm on all the points.
    """
    cells = condense(points, weights, count_cells(n_clusters))
    neighbours = range(max(1, n_clusters - 1), n_clusters + 2)
    efforts = dict.fromkeys(neighbours, Effort(starts=1, swaps=FEW_SWAPS))
    starts = MORE_STARTS_TRIED if n_clusters <= FEW_CLUSTERS else STARTS_TRIED
    efforts[n_clusters] = Effort(starts, n_init)
    found = search_centres(cells, efforts, n_clusters, random_state, n_init)
    fit = run_lloyd(points, weights, cells, found[n_clusters])
    return fit.centres, fit.sizes, fit.steps


def fit_centres(
    points: np.ndarray, weights: np.ndarray, max_k: int, random_state: int, n_init: int
) -> Tuple[List[Partition], np.ndarray]:
    """Return the best partition found for each number of clusters, and the labels of the last.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    max_k : int
        At most the number of points.
    random_state, n_init : int
        As :func:`search_centres` takes them.

    Returns
    -------
    partitions : list of Partition
        For 1 to `max_k` clusters.
    labels : array of int16, shape (n_points,)
        The clusters of the points when there are `max_k`.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> (one, two), labels = fit_centres(points, weights, 2, 111, 10)
    >>> sorted(two.centres[:, 0].tolist()), one.inertia, two.inertia
    ([0.5, 8.0], 38.0, 0.5)
    """
    cells = condense(points, weights, count_cells(max_k))
    efforts = {k: Effort(STARTS_TRIED, n_init) for k in range(1, max_k + 1)}
    found = search_centres(cells, efforts, max_k, random_state, n_init)
    partitions = [fit_partition(points, weights, cells, found[k])[0] for k in range(1, max_k)]
    last, labels = fit_partition(points, weights, cells, found[max_k])
    return [*partitions, last], labels.astype(np.int16)


def fit_partition(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray
) -> Tuple[Partition, np.ndarray]:
    """Return the fixed point of Lloyd''s algorithm from some centres, and the points'' labels."""
    fit = run_lloyd(points, weights, cells, centres)
    inertia, spreads = 0.0, np.zeros(len(centres))
    for part in blocks(len(weights)):
        labels, own = fit.labels[part], weights[part]
        squares = own_squares(points[:, part], fit.centres, labels)
        inertia += float(own.dot(squares))
        distances = own * np.sqrt(squares)
        spreads += label_sums(labels, [distances], len(centres))[0]
    return Partition(fit.centres, fit.sizes, spreads, inertia, fit.steps), fit.labels
# ---- procluster/indb/features.py
"""The features of a customer, as data: the generator renders the feature query from them."""

from typing import NamedTuple


class Feature(NamedTuple):
    """One number that describes how a customer returns goods.

    Attributes
    ----------
    name : str
        Column of the feature table.
    expression : str
        T-SQL over two derived tables with one row per customer: `sale` and `refund`, both with
        tickets (int), items (int) and amount (float). The columns of `refund` are NULL for a
        customer who returned nothing.
    meaning : str
        The same in a few words.
    """

    name: str
    expression: str
    meaning: str


RATIO = "ROUND(COALESCE(CAST(refund.{0} AS float) / NULLIF(CAST(sale.{0} AS float), 0), 0), 7)"

FEATURES = (
    Feature("order_ratio", RATIO.format("tickets"), "returned orders / orders"),
    Feature("items_ratio", RATIO.format("items"), "returned items / items bought"),
    Feature("monetary_ratio", RATIO.format("amount"), "amount returned / amount paid"),
    Feature("frequency", "CAST(COALESCE(refund.tickets, 0) AS float)", "returned orders"),
)

FEATURE_NAMES = [feature.name for feature in FEATURES]
# ---- procluster/indb/parameters.py
"""The values that the parameters of a call may have."""

import numbers
from typing import Any, List, Sequence

ALLOWED_NUMBERS = {
    "n_clusters": (1, 1000, "a number of clusters"),
    "max_k": (1, 100, "a number of clusters"),
    "n_init": (1, 1000, "a number of restarts"),
    "random_state": (0, 2**31 - 1, "a seed"),
}

SCALINGS = ("none", "standard", "robust")


def parameter_faults(**given: Any) -> List[str]:
    """Return one sentence for each parameter that has a value it may not have.

    Parameters
    ----------
    **given
        Values by the names of `ALLOWED_NUMBERS`, and `scaling`.

    Examples
    --------
    >>> parameter_faults(n_clusters=0, scaling="none")
    [''n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.'']
    """
    faults = []
    for name, value in given.items():
        if name == "scaling":
            if value not in SCALINGS:
                faults.append(
                    "scaling: {!a} is not a scaling. Allowed: {}.".format(
                        value, ", ".join(SCALINGS)
                    )
                )
            continue
        least, most, what = ALLOWED_NUMBERS[name]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            faults.append(f"{name}: {value!a} is not {what}. Allowed: {least} to {most}.")
    return faults


def refuse(faults: Sequence[str]) -> None:
    """Raise one ValueError that names every fault; do nothing when there is none.

    The sentences stand on one line because the hosts of external scripts pass on one line.
    """
    if faults:
        raise ValueError(" ".join(faults))
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- procluster/indb/segments.py
"""Where the clusters of a model are, and which one is nearest.

The distance of a feature vector x from a centre c is what T-SQL computes when it assigns
customers: the square root of the sum of ((x - c) * (1 / scale)) ** 2 over the features.
"""

import json
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np



MODEL_FORMAT = "procluster.kmeans/1"


class Segments(NamedTuple):
    """What a model document says about where its clusters are.

    Attributes
    ----------
    features : list of str
    numbers : list of int
        Cluster numbers, ascending.
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """

    features: List[str]
    numbers: List[int]
    centres: np.ndarray
    scale: np.ndarray


def read_segments(document: str) -> Segments:
    """Read a model document.

    Raises
    ------
    ValueError
        When the text is not a model document.
    """
    try:
        return parse_segments(json.loads(document))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the text is not a model document ({type(error).__name__}: {error}). "
            f"A document of format {MODEL_FORMAT} is needed."
        ) from error


def parse_segments(model: Dict[str, Any]) -> Segments:
    """Return the segments of a model document that json has read."""
    if model["format"] != MODEL_FORMAT:
        raise ValueError("its format is {!a}".format(model["format"]))
    features = list(model["features"])
    clusters = sorted(model["clusters"], key=lambda cluster: int(cluster["cluster"]))
    centres = [[float(cluster["centroid"][name]) for name in features] for cluster in clusters]
    return Segments(
        features=features,
        numbers=[int(cluster["cluster"]) for cluster in clusters],
        centres=np.array(centres),
        scale=np.array([float(model["scale"][name]) for name in features]),
    )


def nearest_centres(
    values: np.ndarray, centres: np.ndarray, scale: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each vector (the first where two are equal) and the distance.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_features)
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """
    labels = np.zeros(len(values), dtype=np.int32)
    nearest = np.full(len(values), np.inf)
    factors = 1 / scale
    for part in blocks(len(values)):
        for index, centre in enumerate(centres):
            squares = np.zeros(len(nearest[part]))
            for column, middle, factor in zip(values[part].T, centre, factors):
                gaps = column - middle
                gaps *= factor
                gaps *= gaps
                squares += gaps
            np.copyto(labels[part], index, where=squares < nearest[part])
            np.minimum(nearest[part], squares, out=nearest[part])
    return labels, np.sqrt(nearest, out=nearest)
# ---- procluster/indb/vectors.py
"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd



# Squares of values beyond this, and sums of them, could leave the range of a float.
LARGEST_VALUE = 1e100


class Vectors(NamedTuple):
    """The distinct feature vectors of the customers that can be used.

    Attributes
    ----------
    values : array of float, shape (n_vectors, n_features)
        Their order depends on the values only, not on that of the rows they were read from.
    customers : array of float, shape (n_vectors,)
        How many customers have the vector.
    left_out : dict
        Customers left out: {"customers": 3, "null": {"order_ratio": 2}, "infinite": {...}}.
        NULL and NaN are one reason, since the hosts hand over a NULL number as NaN.
    negative : dict
        Customers with a negative value, by feature. They are kept, not left out.
    """

    values: np.ndarray
    customers: np.ndarray
    left_out: Dict[str, Any]
    negative: Dict[str, int]


def frame_faults(frame: pd.DataFrame) -> List[str]:
    """Return one sentence for each column that is missing or cannot be read.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` and `customers`.
    """
    faults = []
    for name in [*FEATURE_NAMES, "customers"]:
        if name not in frame.columns:
            faults.append(
                "{}: the column is missing. The input has: {}.".format(
                    name, ", ".join(map(str, frame.columns)) or "no columns"
                )
            )
            continue
        try:
            column = np.asarray(frame[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}. Cast the column to float.")
            continue
        finite = np.where(np.isfinite(column), column, 0.0)
        if name == "customers":
            wrong = finite < 1  # of a sample, a vector stands for a broken number of customers
            allowed = "Allowed: numbers from 1."
        else:
            wrong = np.abs(finite) > LARGEST_VALUE
            allowed = f"Allowed: -{LARGEST_VALUE:g} to {LARGEST_VALUE:g}."
        if wrong.any():
            faults.append(
                f"{name}: {float(column[wrong][0])!r} cannot be used "
                f"(rows like it: {wrong.sum()}). {allowed}"
            )
    return faults


def read_vectors(frame: pd.DataFrame) -> Tuple[Vectors, np.ndarray]:
    """Merge the usable rows of a frame into distinct vectors.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` (float) and `customers` (how many customers the row stands
        for), without `frame_faults`. Rows may repeat and come in any order.

    Returns
    -------
    vectors : Vectors
    row_vectors : array of int, shape (n_rows,)
        For each row: the index of its vector, -1 for a row that cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [1.0, 0.0, 1.0, None] for name in FEATURE_NAMES})
    >>> vectors, row_vectors = read_vectors(frame.assign(customers=[2, 7, 1, 4]))
    >>> vectors.values[:, 0].tolist(), vectors.customers.tolist(), row_vectors.tolist()
    ([0.0, 1.0], [7.0, 3.0], [1, 0, 1, -1])
    >>> vectors.left_out["customers"]
    4
    """
    columns = [np.asarray(frame[name], dtype=np.float64) for name in FEATURE_NAMES]
    customers = np.asarray(frame["customers"], dtype=np.float64)
    usable = np.logical_and.reduce([np.isfinite(column) for column in columns])
    left_out = {
        "customers": int(customers[~usable].sum()),
        "null": count_customers(map(np.isnan, columns), customers),
        "infinite": count_customers(map(np.isinf, columns), customers),
    }
    if usable.all():  # nothing is copied that need not be: memory is scarce here
        order, repeats = sort_vectors(columns)
    else:
        rows = np.flatnonzero(usable)
        order, repeats = sort_vectors([column[rows] for column in columns])
        order = rows[order]
    values = np.empty((len(columns), len(order)))
    for sorted_values, column in zip(values, columns):
        np.add(column[order], 0.0, out=sorted_values)  # makes -0.0 and 0.0 one value
    starts = np.ones(len(order), dtype=bool)
    starts[repeats] = False
    row_vectors = np.full(len(usable), -1, dtype=np.int32)
    row_vectors[order] = np.cumsum(starts, dtype=np.int32) - 1
    ordered = customers[order]
    if len(repeats):
        values = np.compress(starts, values, axis=1)
        ordered = np.bincount(row_vectors[order], ordered)
    negative = count_customers(((column < 0) & usable for column in columns), customers)
    return Vectors(values.T, ordered, left_out, negative), row_vectors


def sort_vectors(columns: Sequence[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Return an order of the rows that depends on their values only and has equal ones together.

    Sorting by one number made of all the features takes a fraction of the time of sorting by
    each. Where that number is the same for vectors that differ, the order is lexicographic.

    Returns
    -------
    order : array of int, shape (n_rows,)
    repeats : array of int, shape (n_rows - n_vectors,)
        The places in that order whose row equals the one before.

    Examples
    --------
    >>> [found.tolist() for found in sort_vectors([np.array([2.0, 0.0, 2.0])])]
    [[1, 0, 2], [2]]
    """
    key = np.zeros(len(columns[0]))
    for place, column in enumerate(columns):
        key += column * math.sqrt(place + 2)
    order = np.argsort(key)
    key = key[order]
    alike = 1 + np.flatnonzero(key[1:] == key[:-1])
    if equal_before(columns, order, alike).all():
        return order, alike
    order = np.lexsort(columns[::-1])
    places = np.arange(1, len(order))
    return order, places[equal_before(columns, order, places)]


def equal_before(
    columns: Sequence[np.ndarray], order: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return whether the row at each of some places in an order equals the one before."""
    ones, others = order[places], order[places - 1]
    return np.asarray(np.logical_and.reduce([column[ones] == column[others] for column in columns]))


def count_customers(found: Iterable[np.ndarray], customers: np.ndarray) -> Dict[str, int]:
    """Return the customers of the rows where `found`, an array a feature; no zeros."""
    counts = {name: int(customers[rows].sum()) for name, rows in zip(FEATURE_NAMES, found)}
    return {name: count for name, count in counts.items() if count}


def usable_vectors(frame: pd.DataFrame, n_clusters: int = 1) -> Tuple[Vectors, np.ndarray]:
    """Read the vectors, refuse fewer than `n_clusters`, and print what the checks found."""
    vectors, row_vectors = read_vectors(frame)
    report_checks(vectors)
    count, lost = len(vectors.values), vectors.left_out["customers"]
    if not count:
        raise ValueError(
            f"customers: there are none to cluster ({lost} left out). "
            "At least one with finite features is needed."
        )
    if count < n_clusters:
        raise ValueError(
            f"n_clusters: {n_clusters} clusters need at least {n_clusters} distinct feature "
            f"vectors, and there are {count}. Allowed: 1 to {count}."
        )
    return vectors, row_vectors


def report_checks(vectors: Vectors) -> None:
    """Print which customers are left out and which have negative values, when there are any."""
    if vectors.left_out["customers"]:
        reasons = [
            "{} is {} for {}".format(name, "NULL" if reason == "null" else reason, count)
            for reason in ("null", "infinite")
            for name, count in vectors.left_out[reason].items()
        ]
        print(
            "Customers left out: {} of {} ({}).".format(
                vectors.left_out["customers"],
                int(vectors.customers.sum()) + vectors.left_out["customers"],
                ", ".join(reasons),
            )
        )
    if vectors.negative:
        counts = [f"{name} for {count}" for name, count in vectors.negative.items()]
        print("Customers with negative values, kept: {}.".format(", ".join(counts)))


def feature_scale(vectors: Vectors, scaling: str) -> np.ndarray:
    """Return what each feature is divided by before distances are measured.

    Parameters
    ----------
    vectors : Vectors
    scaling : {"none", "standard", "robust"}
        Divide by 1, by the standard deviation, or by the interquartile range, taken over the
        customers. Where that is zero the scale is 1: the feature keeps its unit. (A feature in
        which more than three quarters of the customers have the same value has no
        interquartile range.)

    Returns
    -------
    array of float, shape (n_features,)
    """
    scale = np.ones(vectors.values.shape[1])
    total = float(vectors.customers.sum())
    for index, column in enumerate(vectors.values.T):
        if scaling == "standard" and column.min() < column.max():
            mean = add_up(vectors.customers * column) / total
            scale[index] = math.sqrt(add_up(vectors.customers * (column - mean) ** 2) / total)
        elif scaling == "robust":
            quartiles = weighted_quantiles(column, vectors.customers, (0.25, 0.75))
            scale[index] = quartiles[1] - quartiles[0]
    largest = np.maximum(vectors.values.max(axis=0), -vectors.values.min(axis=0))
    negligible = largest / LARGEST_VALUE
    return np.where(scale > negligible, scale, 1.0)


def scale_points(vectors: Vectors, scale: np.ndarray) -> np.ndarray:
    """Divide the vectors by a scale; return them with shape (n_features, n_vectors).

    Their own values are changed, for memory is scarce.
    """
    points = np.asarray(vectors.values.T)
    if (scale != 1).any():
        points /= scale[:, np.newaxis]
    return points


def add_up(values: np.ndarray) -> float:
    """Return the sum, the same on every release of numpy: one value after the other."""
    return float(np.cumsum(values)[-1])


def weighted_quantiles(
    column: np.ndarray, weights: np.ndarray, shares: Tuple[float, ...]
) -> np.ndarray:
    """Return the smallest values that at least the given shares of the weight do not exceed.

    This is the inverse of the empirical distribution function, definition 1 of Hyndman and Fan
    (1996), Sample quantiles in statistical packages, The American Statistician 50.

    Examples
    --------
    >>> weighted_quantiles(np.array([5.0, 1.0]), np.array([1, 3]), (0.25, 0.75, 0.8)).tolist()
    [1.0, 1.0, 5.0]
    """
    order = np.argsort(column)
    cumulated = weights[order]
    np.cumsum(cumulated, out=cumulated)
    places = np.searchsorted(cumulated, np.multiply(shares, cumulated[-1]))
    return np.asarray(column[order[places]])
# ---- procluster/indb/kmeans.py
"""Customer segments by K-Means: training, the model document, stable cluster numbers."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import pandas as pd
















class Model(NamedTuple):
    """A trained model.

    Attributes
    ----------
    document : str
        The model as JSON in ASCII.
    labels : array of int, shape (n_rows,)
        Cluster number for each row of the frame it was trained on; -1 for a row left out.
    """

    document: str
    labels: np.ndarray


def train(
    frame: pd.DataFrame,
    n_clusters: int,
    scaling: str = "none",
    random_state: int = 111,
    n_init: int = 10,
    previous: Optional[str] = None,
) -> Model:
    """Find `n_clusters` clusters of customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    n_clusters : int
        At most the number of distinct feature vectors.
    scaling : {"none", "standard", "robust"}
    random_state : int
        Seed of the starting centres.
    n_init : int
        Number of starts, of which the best counts.
    previous : str, optional
        Document of an earlier model, whose cluster numbers are kept where clusters match.

    Raises
    ------
    ValueError
        With every fault of the parameters and of the columns.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [0.0, 1.0, 8.0] for name in FEATURE_NAMES})
    >>> model = train(frame.assign(customers=[1, 1, 5]), n_clusters=2)
    >>> model.labels.tolist()
    [1, 1, 0]
    >>> json.loads(model.document)["clusters"][0]["size"]
    5
    """
    faults = parameter_faults(
        n_clusters=n_clusters, scaling=scaling, random_state=random_state, n_init=n_init
    )
    earlier = None
    if previous is not None:
        try:
            earlier = read_segments(previous)
        except ValueError as error:
            faults.append(f"previous: {error}")
    refuse(faults + frame_faults(frame))
    vectors, row_vectors = usable_vectors(frame, n_clusters)
    scale = feature_scale(vectors, scaling)
    points = scale_points(vectors, scale)
    centres, sizes, steps = fit_best(points, vectors.customers, n_clusters, random_state, n_init)
    numbers = number_clusters(centres * scale, sizes, scale, earlier)
    clusters, labels, inertia = describe_clusters(vectors, centres, numbers, scale)
    document = {
        "format": MODEL_FORMAT,
        "features": FEATURE_NAMES,
        "scaling": scaling,
        "scale": by_feature(scale),
        "clusters": clusters,
        "n_clusters": int(n_clusters),
        "random_state": int(random_state),
        "n_init": int(n_init),
        "inertia": inertia,
        "customers": int(vectors.customers.sum()),
        "distinct_vectors": len(vectors.values),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "iterations": steps,
        "versions": model_versions(),
    }
    row_labels = np.append(labels, -1)[row_vectors]
    return Model(json.dumps(document, allow_nan=False), row_labels)


def by_feature(values: np.ndarray) -> Dict[str, float]:
    """Return the values (n_features,) as a dictionary by feature name."""
    return dict(zip(FEATURE_NAMES, values.tolist()))


def describe_clusters(
    vectors: Vectors, centres: np.ndarray, numbers: List[int], scale: np.ndarray
) -> Tuple[List[Dict[str, Any]], np.ndarray, float]:
    """Return the document''s clusters by their numbers, the vectors'' numbers, and the inertia.

    Vectors and centres are divided by the scale, in whose units distances are.
    """
    order = np.argsort(numbers)
    labels, distances = nearest_centres(vectors.values, centres[order], np.ones(len(scale)))
    clusters = []
    for place, index in enumerate(order):
        members = labels == place
        size = vectors.customers[members]
        quartiles = weighted_quantiles(distances[members], size, (0.25, 0.75)).tolist()
        centre = centres[index] * scale
        clusters.append(describe_cluster(numbers[index], size.sum(), quartiles, centre))
    inertia = float((vectors.customers * distances).dot(distances))
    return clusters, np.array(numbers)[order][labels], inertia


def describe_cluster(
    number: int, size: float, quartiles: Sequence[float], centre: np.ndarray
) -> Dict[str, Any]:
    """Return the entry of one cluster.

    A customer farther from the centre than the upper outer fence of its cluster, three
    interquartile ranges above the third quartile of the distances, is an outlier: Tukey (1977),
    Exploratory Data Analysis.
    """
    low, high = quartiles
    return {
        "cluster": number,
        "size": int(size),
        "outlier_distance": high + 3 * (high - low),
        "centroid": by_feature(centre),
    }


def number_clusters(
    centres: np.ndarray, sizes: np.ndarray, scale: np.ndarray, earlier: Optional[Segments]
) -> List[int]:
    """Return the number of each cluster.

    Without an earlier model clusters are numbered by size, the largest is 0; equally large ones
    by their centres. With one, each cluster takes the number of the earlier cluster it is
    paired with, so that the sum of the distances between paired centres is least; clusters left
    over take the lowest free numbers by size. So a number may be missing when there are fewer
    clusters than before.
    """
    by_size = sorted(range(len(centres)), key=lambda index: (-sizes[index], tuple(centres[index])))
    pairs = {} if earlier is None else pair_clusters(centres, scale, earlier)
    free = (number for number in range(2 * len(centres)) if number not in pairs.values())
    numbers = {index: pairs[index] if index in pairs else next(free) for index in by_size}
    return [numbers[index] for index in range(len(centres))]


def pair_clusters(centres: np.ndarray, scale: np.ndarray, earlier: Segments) -> Dict[int, int]:
    """Return the earlier number of each cluster that has one, by the cluster''s index.

    Empty, with the reason printed, when there is no telling.
    """
    told = "Clusters are numbered by size, not after the earlier model: {}."
    if earlier.features != FEATURE_NAMES:
        print(told.format("it has the features " + ", ".join(map(ascii, earlier.features))))
        return {}
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        print(told.format(error))
        return {}
    gaps = (centres[:, np.newaxis] - earlier.centres) / scale
    pairs = zip(*linear_sum_assignment(np.sqrt((gaps**2).sum(axis=2))))
    return {int(index): earlier.numbers[place] for index, place in pairs}


def label_customers(
    frame: pd.DataFrame,
    n_clusters: int = 4,
    random_state: int = 111,
    n_init: int = 10,
    integer_keys: bool = False,
) -> pd.DataFrame:
    """Return the tutorial''s table: each customer with its features and its cluster.

    Parameters
    ----------
    frame : DataFrame
        `Customer` (text or whole numbers) and the feature columns, one row per customer. Rows
        without a customer or with a feature that cannot be used are left out.
    n_clusters, random_state, n_init : int
        As for :func:`train`.
    integer_keys : bool
        The customers are whole numbers that came as text: one host makes a bigint a float.

    Returns
    -------
    DataFrame
        Customer, orderRatio, itemsRatio, monetaryRatio, frequency, cluster.
    """
    if "Customer" not in frame.columns:
        refuse(["Customer: the column is missing.", *frame_faults(frame.assign(customers=1))])
    known = frame[frame["Customer"].notnull()]
    model = train(known.assign(customers=1), n_clusters, "none", random_state, n_init)
    used = known[model.labels >= 0]
    result: pd.DataFrame = pd.DataFrame({"Customer": customer_keys(used["Customer"], integer_keys)})
    for name in FEATURE_NAMES:
        first, *rest = name.split("_")
        result[first + "".join(map(str.title, rest))] = used[name].astype(np.float64)
    result["cluster"] = model.labels[model.labels >= 0].astype(np.int32)
    return result


def customer_keys(keys: pd.Series, integer_keys: bool) -> pd.Series:
    """Return the keys in a type that the hosts return: whole numbers, or text as objects."""
    if keys.dtype.kind == "f" and (keys != np.floor(keys)).any():
        raise ValueError("Customer: a key is not a whole number. Allowed: int, or text.")
    if integer_keys or keys.dtype.kind == "f":  # integers with a NULL among them come as floats
        return keys.astype(np.int64)
    return keys if keys.dtype.kind in "iu" else keys.astype(object)
# ---- procluster/indb/polished_model.py
"""The document of a model whose centres T-SQL moved over all customers, after a fit on a sample.

T-SQL works in scaled units: a vector is divided by its scale before it is drawn, fitted and moved.
"""

import json
import math
from typing import Any, Dict, Optional

import numpy as np
import pandas as pd






def polish_model(
    frame: pd.DataFrame,
    fitted: str,
    scaling: str,
    distinct_vectors: int,
    steps: int,
    previous: Optional[str] = None,
) -> str:
    """Return the document of a model whose centres were moved over all customers.

    Parameters
    ----------
    frame : DataFrame
        One row a cluster: the feature columns (its centre, scaled), `customers`,
        `squared_distance` (the sum over its customers), `low` and `high` (the quartiles of their
        distances); and in every row alike for each feature `<name>_scale` and `<name>_negative`
        (customers with a negative value).
    fitted : str
        The document of the model that was fitted on the sample.
    scaling : str
        What the scales are.
    distinct_vectors, steps : int
        Of all customers; how often the centres were moved.
    previous : str, optional
        Document of an earlier model, whose cluster numbers are kept where clusters match.

    Raises
    ------
    ValueError
        When a cluster has no customers.
    """
    model = json.loads(fitted)
    if len(frame) != model["n_clusters"]:
        raise ValueError(
            "n_clusters: {} were fitted on a sample, and {} of them have customers. "
            "Allowed: fewer.".format(model["n_clusters"], len(frame))
        )
    scale = common_values(frame, "scale")
    centres = frame[FEATURE_NAMES].values * scale
    sizes = np.asarray(frame["customers"], dtype=np.float64)
    earlier = None if previous is None else read_segments(previous)
    numbers = number_clusters(centres, sizes, scale, earlier)
    quartiles = frame[["low", "high"]].values.tolist()
    model.update(
        scaling=scaling,
        scale=by_feature(scale),
        clusters=[
            describe_cluster(numbers[place], sizes[place], quartiles[place], centres[place])
            for place in np.argsort(numbers)
        ],
        inertia=math.fsum(frame["squared_distance"]),
        customers=int(sizes.sum()),
        distinct_vectors=int(distinct_vectors),
        sampled_vectors=model["distinct_vectors"],
        negative=whole_numbers(by_feature(common_values(frame, "negative"))),
        iterations=model["iterations"] + int(steps),
    )
    return json.dumps(model, allow_nan=False)


def common_values(frame: pd.DataFrame, what: str) -> np.ndarray:
    """Return what is the same in every row, shape (n_features,)."""
    columns = [f"{name}_{what}" for name in FEATURE_NAMES]
    return np.asarray(frame[columns].values[0], dtype=np.float64)


def whole_numbers(counts: Dict[str, float]) -> Dict[str, Any]:
    """Return the counts that are not zero, as whole numbers."""
    return {name: int(count) for name, count in counts.items() if count}
# ---- procluster/indb/charts.py
"""Pictures of the choice of k and of the clusters, as PNG.

matplotlib may be missing in the runtime, so it is imported where it is used; its figures are
made without pyplot, which would keep them in a global list.
"""

import io
import json
from typing import Any, List, Optional

import numpy as np
import pandas as pd





# More clusters than this do not fit into a picture that one can read.
MOST_CLUSTERS_SHOWN = 20

# Bars of more different lengths than this are compressed, or the short ones could not be seen.
WIDEST_LINEAR_RANGE = 20

INK = "#333333"
BLUE = "#1f6fb4"
ORANGE = "#d9601a"
GREY = "#8a8a8a"


def elbow_png(document: str) -> Optional[bytes]:
    """Draw the distances and the silhouette for each k, with the suggested k marked.

    Parameters
    ----------
    document : str
        The document of :func:`evaluate`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    evaluation = json.loads(document)
    rows = evaluation["rows"]
    ks = [row["k"] for row in rows]
    known = [row for row in rows if row["silhouette"] is not None]
    figure = new_figure(8, 6 if known else 4)
    if figure is None:
        return None
    panels = figure.subplots(2 if known else 1, 1, sharex=True, squeeze=False)[:, 0]
    spread = np.sqrt([row["inertia"] / evaluation["customers"] for row in rows])
    panels[0].plot(ks, spread, "o-", color=BLUE, label="root mean square")
    mean = [row["mean_distance"] for row in rows]
    suggested = evaluation["suggested_k"]
    panels[0].plot([suggested], [spread[suggested - 1]], "o", color=BLUE, markersize=12)
    panels[0].plot(ks, mean, "s--", color=GREY, markersize=4, label="mean")
    panels[0].set_ylabel("Distance from the\ncluster''s centre")
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_ylim(bottom=0)
    if known:
        panels[1].errorbar(
            [row["k"] for row in known],
            [row["silhouette"] for row in known],
            yerr=[2 * (row["silhouette_error"] or 0) for row in known],
            fmt="o-",
            color=ORANGE,
        )
        panels[1].set_ylabel("Silhouette\n(1: well apart, 0: touching)")
    panels[0].set_title(f"Suggested number of clusters: {suggested}", color=INK)
    panels[-1].set_xlabel("Number of clusters (k)")
    panels[-1].set_xticks(ks[:: 1 + len(ks) // 25])
    for panel in panels:
        panel.axvline(suggested, color=INK, linestyle=":", zorder=0)
        clear_frame(panel, ("top", "right"))
        panel.grid(axis="y", color="#e6e6e6")
        panel.set_axisbelow(True)
    return to_png(figure)


def clusters_png(frame: pd.DataFrame, document: str) -> Optional[bytes]:
    """Draw the size of each cluster and what is typical of its customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    document : str
        The document of :func:`train`.

    Returns
    -------
    bytes or None
        None, and a printed line, when matplotlib is not installed.
    """
    segments = read_segments(document)
    vectors, _ = read_vectors(frame)
    labels, _ = nearest_centres(vectors.values, segments.centres, segments.scale)
    sizes = np.bincount(labels, vectors.customers, minlength=len(segments.numbers))
    largest = np.argsort(-sizes, kind="mergesort")[:MOST_CLUSTERS_SHOWN]
    shown = [index for index in sorted(largest.tolist()) if sizes[index] > 0]
    figure = new_figure(3 + 2.2 * len(FEATURES), 1.6 + 0.55 * len(shown))
    if figure is None:
        return None
    widths = [1.5] + [1] * len(FEATURES)
    panels = figure.subplots(1, 1 + len(FEATURES), gridspec_kw={"width_ratios": widths})
    colors = [f"C{place % 10}" for place in range(len(shown))]
    share = sizes[shown] / sizes.sum()
    texts = [
        "{:,.0f} ({})".format(size, f"{part:.1%}" if part >= 0.001 else "< 0.1%")
        for size, part in zip(sizes[shown], share)
    ]
    draw_bars(panels[0], sizes[shown], texts, colors)
    panels[0].set_title("customers", fontsize=11, color=INK)
    panels[0].set_yticks(range(len(shown)))
    panels[0].set_yticklabels([f"cluster {segments.numbers[index]}" for index in shown])
    for panel, feature, column in zip(panels[1:], FEATURES, vectors.values.T):
        groups = [(column[labels == index], vectors.customers[labels == index]) for index in shown]
        means = np.array([np.average(values, weights=weights) for values, weights in groups])
        middle = [weighted_quantiles(values, weights, (0.1, 0.9)) for values, weights in groups]
        draw_feature(panel, feature, means, np.array(middle), colors)
    left = len(segments.numbers) - len(shown)
    note = "Bar: mean of the cluster. Thin line: the middle 80 % of its customers."
    note += f" The {left} smallest clusters are not shown." if left else ""
    figure.text(0.01, 0.01, note, fontsize=8, color=GREY)
    return to_png(figure)


def draw_feature(
    panel: Any, feature: Feature, means: np.ndarray, middle: np.ndarray, colors: List[str]
) -> None:
    """Draw the means (n_clusters,) and the ranges (n_clusters, 2) of one feature.

    Where one cluster would crush the others, all lengths go through asinh: proportional for
    small values, logarithmic for large ones. The figures at the bars stay what they are.
    """
    lengths = np.hstack([means[:, np.newaxis], middle])
    texts = [f"{mean:.3g}" if abs(mean) < 1000 else f"{mean:,.0f}" for mean in means]
    label = feature.meaning
    sizes = np.abs(means[means != 0])
    if len(sizes) and sizes.max() > WIDEST_LINEAR_RANGE * np.median(sizes):
        lengths = np.arcsinh(lengths / np.median(sizes))
        label += "\n(compressed scale)"
    draw_bars(panel, lengths[:, 0], texts, colors, lengths[:, 1:])
    panel.set_title(feature.name.replace("_", " "), fontsize=11, color=INK)
    panel.set_xlabel(label, fontsize=8, color=GREY)


def draw_bars(
    panel: Any,
    lengths: np.ndarray,
    texts: List[str],
    colors: List[str],
    ranges: Optional[np.ndarray] = None,
) -> None:
    """Draw one horizontal bar for each cluster, the first on top, with its figure at the end."""
    places = np.arange(len(lengths))
    panel.barh(places, lengths, height=0.6, color=colors)
    ends = np.maximum(lengths, 0)
    if ranges is not None:
        panel.hlines(places, ranges[:, 0], ranges[:, 1], color=INK, linewidth=1.2)
        ends = np.maximum(ends, ranges[:, 1])
    for place, end, text in zip(places, ends, texts):
        panel.annotate(
            text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=9
        )
    least = min(0.0, float(lengths.min()), 0.0 if ranges is None else float(ranges.min()))
    most = max(float(ends.max()), least + 1e-9)
    panel.set_xlim(least, most + 0.6 * (most - least))
    panel.set_ylim(len(lengths) - 0.4, -0.6)
    panel.set_xticks([])
    panel.set_yticks([])
    clear_frame(panel, ("top", "right", "bottom"))


def clear_frame(panel: Any, sides: Any) -> None:
    """Remove the lines at the given sides of a panel."""
    for side in sides:
        panel.spines[side].set_visible(False)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches; None, and a printed line, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        print(f"No chart: matplotlib cannot be imported ({error}).")
        return None
    figure = Figure(figsize=(width, height), dpi=120)
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Any) -> bytes:
    """Return the figure as PNG."""
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
# ---- glue
try:
    if fitted is None:
        document = train(
            InputDataSet,
            n_clusters=n_clusters,
            scaling=scaling,
            random_state=random_state,
            n_init=n_init,
            previous=previous,
        ).document
        chart = clusters_png(InputDataSet, document) if with_chart else None
    else:
        document = polish_model(InputDataSet, fitted, scaling, distinct_vectors, steps, previous)
        chart = None
    document, fault = str(document), None
except Exception as error:
    document, chart, fault = None, None, str(locate(error))
document_length = int(len(document or ""))
';
        SET @script_scaling = @scaling;

        IF @distinct_vectors > @max_points
        BEGIN
            CREATE TABLE #scale (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL
            );

            CREATE TABLE #vector (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                customers bigint NOT NULL
            );

            CREATE TABLE #point (
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                customers float NOT NULL
            );

            CREATE TABLE #centroid (
                k int NOT NULL,
                cluster_id int NOT NULL,
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                is_moving bit NOT NULL,
                PRIMARY KEY (k, cluster_id)
            );

            CREATE TABLE #cluster (
                k int NOT NULL,
                cluster_id int NOT NULL,
                customers bigint NOT NULL,
                distance float NOT NULL,
                squared_distance float NOT NULL,
                order_ratio float NOT NULL,
                items_ratio float NOT NULL,
                monetary_ratio float NOT NULL,
                frequency float NOT NULL,
                PRIMARY KEY (k, cluster_id)
            );

            EXEC seg.sample_vectors
                @max_points = @max_points,
                @scaling = @scaling;

            -- What was drawn is scaled already.
            SET @vectors = N'
SELECT
    p.order_ratio,
    p.items_ratio,
    p.monetary_ratio,
    p.frequency,
    p.customers
FROM #point AS p';
            SET @script_scaling = N'none';
        END;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = @script,
            @input_data_1 = @vectors,
            @params = N'
                @n_clusters int,
                @scaling nvarchar(10),
                @random_state int,
                @n_init int,
                @previous nvarchar(max),
                @fitted nvarchar(max),
                @distinct_vectors bigint,
                @steps int,
                @with_chart bit,
                @document nvarchar(max) OUTPUT,
                @document_length int OUTPUT,
                @chart varbinary(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @n_clusters = @n_clusters,
            @scaling = @script_scaling,
            @random_state = @random_state,
            @n_init = @n_init,
            @previous = @previous,
            @fitted = @fitted,
            @distinct_vectors = @distinct_vectors,
            @steps = @steps,
            @with_chart = @with_chart,
            @document = @document OUTPUT,
            @document_length = @document_length OUTPUT,
            @chart = @chart OUTPUT,
            @fault = @fault OUTPUT;

        IF @fault IS NOT NULL
        BEGIN
            SET @message = LEFT(@fault, 2000);
            THROW 50002, @message, 1;
        END;

        IF @document IS NULL OR @document_length IS NULL
            OR DATALENGTH(@document) <> 2 * @document_length OR ISJSON(@document) <> 1
        BEGIN
            SET @message = CONCAT(
                N'sp_execute_external_script: the document arrived with ',
                COALESCE(DATALENGTH(@document), 0) / 2, N' of ', @document_length,
                N' characters. Nothing was stored; call again, and report it when it happens twice.'
            );
            THROW 50003, @message, 1;
        END;

        IF @distinct_vectors > @max_points
        BEGIN
            INSERT INTO #centroid (k, cluster_id, order_ratio, items_ratio, monetary_ratio, frequency, is_moving)
            SELECT
                @n_clusters,
                c.cluster_id,
                c.order_ratio,
                c.items_ratio,
                c.monetary_ratio,
                c.frequency,
                1
            FROM OPENJSON(@document, N'$.clusters') WITH (
                order_ratio float '$.centroid.order_ratio',
                items_ratio float '$.centroid.items_ratio',
                monetary_ratio float '$.centroid.monetary_ratio',
                frequency float '$.centroid.frequency',
                cluster_id int '$.cluster'
            ) AS c;

            EXEC seg.polish_centroids
                @steps = @steps OUTPUT;

            -- What Python writes down: the clusters of all customers, with the quartiles of the distances.
            WITH nearest AS (
                SELECT
                    n.cluster_id,
                    v.customers,
                    SQRT(n.squared_distance) AS distance
                FROM #vector AS v
                CROSS APPLY (
                    SELECT TOP (1)
                        c.cluster_id,
                        SQUARE(v.order_ratio - c.order_ratio) +
                        SQUARE(v.items_ratio - c.items_ratio) +
                        SQUARE(v.monetary_ratio - c.monetary_ratio) +
                        SQUARE(v.frequency - c.frequency) AS squared_distance
                    FROM #centroid AS c
                    ORDER BY squared_distance, c.cluster_id
                ) AS n
            ),
            added AS (
                SELECT
                    n.cluster_id,
                    n.distance,
                    SUM(n.customers) OVER (
                        PARTITION BY n.cluster_id
                        ORDER BY n.distance
                        ROWS UNBOUNDED PRECEDING
                    ) AS so_far,
                    SUM(n.customers) OVER (PARTITION BY n.cluster_id) AS customers
                FROM nearest AS n
            ),
            quartile AS (
                SELECT
                    a.cluster_id,
                    MIN(IIF(a.so_far >= 0.25 * a.customers, a.distance, NULL)) AS low,
                    MIN(IIF(a.so_far >= 0.75 * a.customers, a.distance, NULL)) AS high
                FROM added AS a
                GROUP BY a.cluster_id
            ),
            negative AS (
                SELECT
                    SUM(IIF(v.order_ratio < 0, v.customers, 0)) AS order_ratio,
                    SUM(IIF(v.items_ratio < 0, v.customers, 0)) AS items_ratio,
                    SUM(IIF(v.monetary_ratio < 0, v.customers, 0)) AS monetary_ratio,
                    SUM(IIF(v.frequency < 0, v.customers, 0)) AS frequency
                FROM #vector AS v
            )
            SELECT
                c.order_ratio,
                s.order_ratio AS order_ratio_scale,
                CAST(g.order_ratio AS float) AS order_ratio_negative,
                c.items_ratio,
                s.items_ratio AS items_ratio_scale,
                CAST(g.items_ratio AS float) AS items_ratio_negative,
                c.monetary_ratio,
                s.monetary_ratio AS monetary_ratio_scale,
                CAST(g.monetary_ratio AS float) AS monetary_ratio_negative,
                c.frequency,
                s.frequency AS frequency_scale,
                CAST(g.frequency AS float) AS frequency_negative,
                CAST(u.customers AS float) AS customers,
                u.squared_distance,
                q.low,
                q.high
            INTO #polished
            FROM #centroid AS c
            INNER JOIN #cluster AS u
                ON u.k = c.k AND u.cluster_id = c.cluster_id
            INNER JOIN quartile AS q
                ON q.cluster_id = c.cluster_id
            CROSS JOIN #scale AS s
            CROSS JOIN negative AS g;

            SET @vectors = N'SELECT
    p.order_ratio,
    p.order_ratio_scale,
    p.order_ratio_negative,
    p.items_ratio,
    p.items_ratio_scale,
    p.items_ratio_negative,
    p.monetary_ratio,
    p.monetary_ratio_scale,
    p.monetary_ratio_negative,
    p.frequency,
    p.frequency_scale,
    p.frequency_negative,
    p.customers,
    p.squared_distance,
    p.low,
    p.high
FROM #polished AS p
';
            SET @fitted = @document;

            EXEC sp_execute_external_script
                @language = N'Python',
                @script = @script,
                @input_data_1 = @vectors,
                @params = N'
                    @n_clusters int,
                    @scaling nvarchar(10),
                    @random_state int,
                    @n_init int,
                    @previous nvarchar(max),
                    @fitted nvarchar(max),
                    @distinct_vectors bigint,
                    @steps int,
                    @with_chart bit,
                    @document nvarchar(max) OUTPUT,
                    @document_length int OUTPUT,
                    @chart varbinary(max) OUTPUT,
                    @fault nvarchar(max) OUTPUT',
                @n_clusters = @n_clusters,
                @scaling = @scaling,
                @random_state = @random_state,
                @n_init = @n_init,
                @previous = @previous,
                @fitted = @fitted,
                @distinct_vectors = @distinct_vectors,
                @steps = @steps,
                @with_chart = @with_chart,
                @document = @document OUTPUT,
                @document_length = @document_length OUTPUT,
                @chart = @no_chart OUTPUT,
                @fault = @fault OUTPUT;

            IF @fault IS NOT NULL
            BEGIN
                SET @message = LEFT(@fault, 2000);
                THROW 50002, @message, 1;
            END;

            IF @document IS NULL OR @document_length IS NULL
                OR DATALENGTH(@document) <> 2 * @document_length OR ISJSON(@document) <> 1
            BEGIN
                SET @message = CONCAT(
                    N'sp_execute_external_script: the document arrived with ',
                    COALESCE(DATALENGTH(@document), 0) / 2, N' of ', @document_length,
                    N' characters. Nothing was stored; call again, and report it when it happens twice.'
                );
                THROW 50003, @message, 1;
            END;

        END;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.model',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.model: another call is changing it. Try again.', 1;

        IF @activate = 1 AND EXISTS (
            SELECT 1
            FROM seg.model AS m
            WHERE m.is_active = 1 AND m.model_id <> COALESCE(@previous_id, -1)
        )
            THROW 50005, N'seg.train: another model became active meanwhile, and cluster numbers follow the active one. Train again.', 1;

        -- What a refresh measures change by. Written is who came, went or acts otherwise since the model before.
        SELECT
            COALESCE(f.customer_id, t.customer_id) AS customer_id,
            f.order_ratio,
            f.items_ratio,
            f.monetary_ratio,
            f.frequency,
            IIF(f.customer_id IS NULL, 1, 0) AS went
        INTO #train_change
        FROM seg.customer_feature AS f
        FULL JOIN (
            SELECT
                c.customer_id,
                c.order_ratio,
                c.items_ratio,
                c.monetary_ratio,
                c.frequency
            FROM seg.model_customer AS c
            WHERE c.replaced_by IS NULL
        ) AS t
            ON t.customer_id = f.customer_id
        WHERE t.customer_id IS NULL
            OR f.customer_id IS NULL
            OR t.order_ratio <> f.order_ratio
            OR t.items_ratio <> f.items_ratio
            OR t.monetary_ratio <> f.monetary_ratio
            OR t.frequency <> f.frequency;

        IF @activate = 1
            UPDATE seg.model
            SET is_active = 0
            WHERE is_active = 1;

        INSERT INTO seg.model (
            run_id, is_active, n_clusters, scaling, random_state, n_init, inertia, customers, document
        )
        VALUES (
            @run_id,
            @activate,
            @n_clusters,
            @scaling,
            @random_state,
            @n_init,
            CAST(JSON_VALUE(@document, N'$.inertia') AS float),
            CAST(JSON_VALUE(@document, N'$.customers') AS bigint),
            @document
        );

        SET @model_id = CAST(SCOPE_IDENTITY() AS int);

        UPDATE t
        SET t.replaced_by = @model_id
        FROM seg.model_customer AS t
        INNER JOIN #train_change AS n
            ON n.customer_id = t.customer_id
        WHERE t.replaced_by IS NULL;

        INSERT INTO seg.model_customer (
            model_id, customer_id, order_ratio, items_ratio, monetary_ratio, frequency
        )
        SELECT
            @model_id,
            n.customer_id,
            n.order_ratio,
            n.items_ratio,
            n.monetary_ratio,
            n.frequency
        FROM #train_change AS n
        WHERE n.went = 0;

        DELETE FROM seg.model_customer
        WHERE replaced_by <= (SELECT m.model_id FROM seg.model AS m WHERE m.is_active = 1);

        SET @message = CONCAT(N'model ', @model_id, N', ', @n_clusters, N' clusters');

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = 1,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;

        IF @with_result = 1
            SELECT
                m.model_id,
                m.n_clusters,
                m.scaling,
                m.inertia,
                m.customers,
                @distinct_vectors AS distinct_vectors,
                m.is_active
            FROM seg.model AS m
            WHERE m.model_id = @model_id;
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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.activate: makes an earlier model the active one.

    EXEC seg.activate @model_id = 1;

The customers keep the clusters they have until seg.assign runs.
*/
CREATE OR ALTER PROCEDURE seg.activate
    @model_id int
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000) = CONCAT(N'@model_id = ', @model_id),
        @lock int,
        @message nvarchar(4000);

    BEGIN TRY
        EXEC seg.start_run
            @procedure_name = N'activate',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

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

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.model',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.model: another call is changing it. Try again.', 1;

        -- In two steps: the unique index allows one active model at any moment.
        UPDATE seg.model
        SET is_active = 0
        WHERE is_active = 1;

        UPDATE seg.model
        SET is_active = 1
        WHERE model_id = @model_id;

        SET @message = CONCAT(N'model ', @model_id);

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = 1,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;
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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.models: every model, the newest first.

    EXEC seg.models;
*/
CREATE OR ALTER PROCEDURE seg.models
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    SELECT
        m.model_id,
        m.is_active,
        m.created_at,
        m.n_clusters,
        m.scaling,
        m.random_state,
        m.n_init,
        m.inertia,
        m.customers,
        r.login_name AS trained_by
    FROM seg.model AS m
    INNER JOIN seg.run AS r
        ON r.run_id = m.run_id
    ORDER BY m.model_id DESC;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

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
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.check_environment: is everything here that the procedures need?

    EXEC seg.check_environment;

Result: one row for each thing checked: the value found, ok or not, and what to do about it.
*/
CREATE OR ALTER PROCEDURE seg.check_environment
AS
BEGIN
    SET NOCOUNT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    -- A script that fails is a finding here, and must not doom a transaction of the caller's.
    SET XACT_ABORT OFF;

    DECLARE
        @enabled int,
        @document nvarchar(max),
        @fault nvarchar(max);

    CREATE TABLE #environment_finding (
        position int IDENTITY(1, 1) NOT NULL PRIMARY KEY,
        subject nvarchar(300) NOT NULL,
        found nvarchar(2000) NOT NULL,
        is_ok bit NOT NULL,
        advice nvarchar(1000) NOT NULL
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    SELECT
        t.subject,
        IIF(t.is_there = 1, N'there', N'missing, or not visible to this login'),
        t.is_there,
        IIF(t.is_there = 1, N'', N'Create it, or map another table in procluster.toml and deploy again.')
    FROM (
        VALUES
            (1, N'dbo.store_sales', IIF(OBJECT_ID(N'dbo.store_sales') IS NULL, 0, 1)),
            (2, N'dbo.store_returns', IIF(OBJECT_ID(N'dbo.store_returns') IS NULL, 0, 1)),
            (3, N'dbo.customer', IIF(OBJECT_ID(N'dbo.customer') IS NULL, 0, 1))
    ) AS t (position, subject, is_there)
    ORDER BY t.position;

    SET @enabled = (
        SELECT CAST(c.value_in_use AS int)
        FROM sys.configurations AS c
        WHERE c.name = N'external scripts enabled'
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    VALUES (
        N'external scripts enabled',
        IIF(@enabled = 1, N'yes', N'no'),
        IIF(@enabled = 1, 1, 0),
        IIF(@enabled = 1, N'', N'EXEC sp_configure ''external scripts enabled'', 1; RECONFIGURE WITH OVERRIDE; then restart the instance.')
    );

    BEGIN TRY
        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("runtime.py", 20),
    ("glue", 80),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- glue
try:
    document, fault = str(report()), None
except Exception as error:
    document, fault = None, str(locate(error))
',
            @params = N'
                @document nvarchar(max) OUTPUT,
                @fault nvarchar(max) OUTPUT',
            @document = @document OUTPUT,
            @fault = @fault OUTPUT;
    END TRY
    BEGIN CATCH
        SET @fault = ERROR_MESSAGE();
    END CATCH;

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    VALUES (
        N'external script',
        COALESCE(LEFT(@fault, 2000), N'runs'),
        IIF(@fault IS NULL, 1, 0),
        IIF(@fault IS NULL, N'', N'Only choose_k and train need it. Look at the SQL Server Launchpad service and its log.')
    );

    INSERT INTO #environment_finding (subject, found, is_ok, advice)
    SELECT
        p.component,
        p.version,
        IIF(p.is_missing = 1 AND p.is_needed = 1, 0, 1),
        CASE
            WHEN p.is_missing = 0 THEN N''
            WHEN p.is_needed = 1 THEN N'Install it in the instance: sqlmlutils, or pip on the server.'
            ELSE N'Not needed: matplotlib draws, scipy keeps cluster numbers, the others are not used.'
        END
    FROM (
        SELECT
            c.component,
            c.version,
            IIF(c.component IN (N'Python', N'numpy', N'pandas'), 1, 0) AS is_needed,
            IIF(c.version = N'not installed' OR c.version LIKE N'does not load%', 1, 0) AS is_missing
        FROM OPENJSON(@document) WITH (
            component nvarchar(100) '$.component',
            version nvarchar(2000) '$.version'
        ) AS c
    ) AS p
    ORDER BY p.component;

    SELECT
        f.subject,
        f.found,
        f.is_ok,
        f.advice
    FROM #environment_finding AS f
    ORDER BY f.position;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
seg.help: what there is to EXEC, and how.

    EXEC seg.help;
*/
CREATE OR ALTER PROCEDURE seg.help
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    SELECT
        h.name,
        h.purpose,
        h.example
    FROM (
        VALUES
            (1, N'seg.build_features', N'Compute the features of every customer', N'EXEC seg.build_features;'),
            (2, N'seg.choose_k', N'Try every number of clusters and suggest one', N'EXEC seg.choose_k @max_k = 10;'),
            (3, N'seg.train', N'Fit K-Means and store the model', N'EXEC seg.train @n_clusters = 4;'),
            (4, N'seg.assign', N'Put every customer into a cluster', N'EXEC seg.assign;'),
            (5, N'seg.profile', N'Describe the clusters in numbers and words', N'EXEC seg.profile;'),
            (6, N'seg.activate', N'Go back to an earlier model', N'EXEC seg.activate @model_id = 1;'),
            (7, N'seg.refresh', N'Bring it all up to date, as the Agent job does', N'EXEC seg.refresh;'),
            (8, N'seg.models', N'List the models', N'EXEC seg.models;'),
            (9, N'seg.contacts', N'The e-mail addresses of a cluster', N'EXEC seg.contacts @cluster = 0;'),
            (10, N'seg.check_environment', N'Is everything here that is needed?', N'EXEC seg.check_environment;'),
            (11, N'seg.help', N'This list', N'EXEC seg.help;')
    ) AS h (position, name, purpose, example)
    ORDER BY h.position;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
dbo.py_generate_customer_return_clusters: the procedure of Microsoft's clustering tutorial, with its
name, columns and k = 4. It trains on every call and stores nothing; seg.train and
seg.assign keep the model. Types are corrected: the customer has the type of its key, cluster is int.

    CREATE TABLE dbo.py_customer_clusters (
        Customer int NULL,
        orderRatio float NULL,
        itemsRatio float NULL,
        monetaryRatio float NULL,
        frequency float NULL,
        cluster int NULL
    );
    INSERT INTO dbo.py_customer_clusters EXEC dbo.py_generate_customer_return_clusters;
*/
CREATE OR ALTER PROCEDURE dbo.py_generate_customer_return_clusters
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    -- Sessions of SQL Server Agent are said to cut long values at 1,024 bytes: docs/agent_job.md.
    SET TEXTSIZE 2147483647;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @run_id bigint,
        @fault nvarchar(max),
        @message nvarchar(4000);

    BEGIN TRY
        IF NOT EXISTS (SELECT 1 FROM seg.customer_feature_source)
            THROW 50004, N'dbo.store_sales: no row has a customer, so there is nobody to segment. Load sales, or map another table.', 1;

        EXEC sp_execute_external_script
            @language = N'Python',
            @script = N'
# ---- locate
SOURCES = (
    ("blocks.py", 36),
    ("nearest.py", 99),
    ("sums.py", 227),
    ("cells.py", 278),
    ("bounds.py", 559),
    ("lloyd.py", 717),
    ("ground.py", 891),
    ("splits.py", 1044),
    ("starts.py", 1103),
    ("search.py", 1171),
    ("centres.py", 1382),
    ("features.py", 1516),
    ("parameters.py", 1552),
    ("runtime.py", 1605),
    ("segments.py", 1665),
    ("vectors.py", 1759),
    ("kmeans.py", 2032),
    ("glue", 2270),
)

def locate(error):
    """What went wrong, and where in the sources below; a ValueError speaks for itself."""
    import traceback

    if isinstance(error, ValueError) and str(error):
        return str(error)
    lines = [frame[1] for frame in traceback.extract_tb(error.__traceback__)
             if frame[0] == "<string>"]
    name, start = max((s for s in SOURCES if s[1] <= lines[-1]), key=lambda s: s[1])
    return "{}, line {}: {}: {}".format(
        name, lines[-1] - start + 1, type(error).__name__, error)
# ---- procluster/indb/blocks.py
"""Points in blocks that stay in the processor''s cache, and the numbers of some of them.

Numbers of points are kept as int32, which takes half the memory of what numpy indexes with.
"""

from typing import Callable, Iterable, Iterator

import numpy as np

POINTS_AT_ONCE = 8192


def blocks(count: int, size: int = POINTS_AT_ONCE) -> Iterator[slice]:
    """Divide so many points into blocks that stay in the processor''s cache."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def blocks_of(numbers: np.ndarray, size: int = POINTS_AT_ONCE) -> Iterator[np.ndarray]:
    """Yield the numbers of points, as :func:`find_points` returns them, in blocks to index with."""
    return (numbers[part].astype(np.intp) for part in blocks(len(numbers), size))


def filter_points(numbers: np.ndarray, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return those of the numbers of points for which a test of a block of them is true."""
    return join_numbers(len(numbers), (part[test(part)] for part in blocks_of(numbers)))


def find_points(count: int, test: Callable[[slice], np.ndarray]) -> np.ndarray:
    """Return the numbers of the points for which a test is true.

    Parameters
    ----------
    count : int
    test : function
        Takes a block and returns an array of bool.

    Examples
    --------
    >>> values = np.array([3, 8, 1])
    >>> find_points(3, lambda part: values[part] > 2).tolist()
    [0, 1]
    """
    parts = blocks(count, 2 * POINTS_AT_ONCE)
    return join_numbers(count, (part.start + np.flatnonzero(test(part)) for part in parts))


def join_numbers(most: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Return at most so many numbers of points in one array, in half the memory of an int64."""
    joined, end = np.empty(most, dtype=np.int32), 0
    for part in parts:
        joined[end : end + len(part)] = part
        end += len(part)
    joined.resize(end, refcheck=False)  # in its place
    return joined


def hand_out(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the value of each point''s cell, shape (n_points,)."""
    handed = np.empty(len(numbers), dtype=values.dtype)
    for part in blocks(len(numbers)):
        handed[part] = values.take(numbers[part])
    return handed
# ---- procluster/indb/nearest.py
"""Which centre is nearest to each point, exactly, and how clearly.

Points are arrays of shape (n_features, n_points), so that a feature is contiguous in memory;
centres are arrays of shape (n_clusters, n_features).
"""

from typing import Tuple

import numpy as np



# So many pairs are looked at a time, to stay in the processor''s cache.
PAIRS_AT_ONCE = 32768

# Up to so many multiplications OpenBLAS uses one thread (its GEMM_MULTITHREAD_THRESHOLD); more
# threads would wait for each other longer than they compute, above all on a busy server.
PRODUCTS_AT_ONCE = 262144

# A dot product of n terms has a relative error of at most about n times this (Higham, 2002,
# Accuracy and Stability of Numerical Algorithms, chapter 3), with room for what follows it.
ROUNDING = 1e-14


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances, shape (n_clusters, n_points)."""
    total = np.zeros((len(centres), points.shape[1]))
    gaps = np.empty_like(total)
    for values, centre_values in zip(points, centres.T):
        np.subtract(values, centre_values[:, np.newaxis], out=gaps)
        gaps *= gaps
        total += gaps
    return total


def own_squares(points: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point to the centre it is labelled with."""
    columns = np.ascontiguousarray(centres.T)
    total = np.empty(points.shape[1])
    for part in blocks(len(total)):
        gaps = columns.take(labels[part], axis=1)
        gaps -= points[:, part]
        gaps *= gaps
        gaps.sum(axis=0, out=total[part])
    return total


def two_nearest(
    points: np.ndarray, centres: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and the squares of the two smallest distances.

    The lower number where two centres are equally near; an infinite square where there is no
    second centre.

    Examples
    --------
    >>> [each.tolist() for each in two_nearest(np.array([[0.0, 4.0]]), np.array([[1.0], [2.0]]))]
    [[0, 1], [1.0, 4.0], [4.0, 9.0]]
    """
    n_points = points.shape[1]
    labels = np.empty(n_points, dtype=np.int64)
    first = np.empty(n_points)
    second = np.empty(n_points)
    # Larger arrays would go back to the system and come again, zeroed, each time.
    step = max(64, points_at_once(centres) // 4)
    for start in range(0, n_points, step):
        part = slice(start, start + step)
        squares = squared_distances(points[:, part], centres)
        labels[part] = squares.argmin(axis=0)
        at = labels[part], np.arange(squares.shape[1])
        first[part] = squares[at]
        squares[at] = np.inf
        second[part] = squares.min(axis=0)
    return labels, first, second


def points_at_once(centres: np.ndarray) -> int:
    """Return how many points to compare with the centres at a time."""
    n_clusters, n_features = centres.shape
    pairs = min(PAIRS_AT_ONCE, PRODUCTS_AT_ONCE // n_features)
    return int(min(POINTS_AT_ONCE, max(64, pairs // n_clusters)))


def label_points(points: np.ndarray, centres: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each point, and how much farther the second one is at least.

    The same labels as those of :func:`two_nearest`, faster: squared distances less what all
    centres have in common come from one matrix product, and only the points for which rounding
    could have changed the order of two centres are looked at again.

    Returns
    -------
    labels : array of int, shape (n_points,)
    lead : array of float, shape (n_points,)
        A lower bound of the distance to the second nearest centre less that to the nearest.
    """
    n_points = points.shape[1]
    labels = np.zeros(n_points, dtype=np.int64)
    lead = np.full(n_points, np.inf)
    if len(centres) == 1:
        return labels, lead
    origin = centres.sum(axis=0) / len(
        centres
    )  # digits are not lost to an offset that all points share
    centred = centres - origin
    constants = (centred**2).sum(axis=1)[:, np.newaxis]
    for part in blocks(n_points, points_at_once(centres)):
        moved = points[:, part] - origin[:, np.newaxis]
        scores = np.dot(-2 * centred, moved)
        scores += constants
        first = scores.min(axis=0)
        nearest = (scores == first).argmax(axis=0)
        scores[nearest, np.arange(len(nearest))] = np.inf
        second = scores.min(axis=0)
        moved *= moved
        norms = moved.sum(axis=0)
        error = ROUNDING * len(points) * (2 * norms + second)
        unsure = np.flatnonzero(second - first <= 2 * error)
        lead[part] = np.sqrt(np.maximum(second + norms - error, 0)) - np.sqrt(
            np.maximum(first + norms + error, 0)
        )
        if len(unsure):
            nearest[unsure], *squares = two_nearest(points[:, part][:, unsure], centres)
            lead[part][unsure] = np.sqrt(squares[1]) - np.sqrt(squares[0])
        labels[part] = nearest
    return labels, lead
# ---- procluster/indb/sums.py
"""Sums by label, of the points of a cluster or of a cell.

They are added in an order that depends on the points only, so that every release of numpy finds
the same.
"""

from typing import Sequence

import numpy as np

# Neighbouring points often have the same label, and a processor that adds to one number again
# and again waits for itself. So the points take turns between so many sums of each label.
TURNS = 4


def label_sums(labels: np.ndarray, rows: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the sums of each row by label, shape (n_rows, count).

    Parameters
    ----------
    labels : array of int, shape (n_points,)
        From 0 to `count` - 1.
    rows : sequence of arrays of float, shape (n_points,)
    count : int

    Examples
    --------
    >>> label_sums(np.array([1, 0, 1]), [np.array([1.0, 2.0, 4.0])], 3).tolist()
    [[2.0, 5.0, 0.0]]
    """
    places = np.arange(len(labels))
    places &= TURNS - 1
    places *= count
    places += labels
    found = np.empty((len(rows), TURNS * count))
    for row, sums in zip(rows, found):
        sums[:] = np.bincount(places, row, minlength=TURNS * count)
    return np.asarray(found.reshape(len(found), TURNS, count).sum(axis=1))


def cluster_sums(
    points: np.ndarray, weights: np.ndarray, labels: np.ndarray, n_clusters: int
) -> np.ndarray:
    """Return the weighted sums of each cluster''s features and, last, its weight.

    Returns
    -------
    array of float, shape (n_features + 1, n_clusters)
    """
    return label_sums(labels, [*(weights * points), weights], n_clusters)
# ---- procluster/indb/cells.py
"""Cells: up to a few thousand weighted means that stand for all points.

What a restart or a swap of centres does to the inertia is seen on the cells as well as on the
points, and costs as much for a million points as for ten thousand. Sums over points are made only
where their order is fixed (bincount, cumsum), so that every release of numpy finds the same.
"""

from typing import List, NamedTuple, Tuple

import numpy as np





# So many cells for each cluster show well where clusters are best; of many cells, fewer will do.
FEWEST_CELLS = 512
CELLS_PER_CLUSTER = 128
MANY_CELLS = 2048
CELLS_PER_CLUSTER_OF_MANY = 16

# About so many points for each cell are enough to see where cells are to be cut.
SCOUTS_PER_CELL = 8


class Cells(NamedTuple):
    """Groups of points that lie near each other.

    Attributes
    ----------
    means : array of float, shape (n_features, n_cells)
    weights : array of float, shape (n_cells,)
    numbers : array of int, shape (n_points,)
        The cell of each point.
    widths : array of float, shape (n_points,)
        Twice the distance of each point to the mean of its cell.
    spans : array of float, shape (n_cells,)
        The largest width in each cell.
    """

    means: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray
    widths: np.ndarray
    spans: np.ndarray


class Spread(NamedTuple):
    """Weights, means, sums of squares and the widest feature of some cells."""

    weights: np.ndarray
    means: np.ndarray
    losses: np.ndarray
    widest: np.ndarray


class Cut(NamedTuple):
    """Which cells are cut in two, and where; arrays of shape (n_cells,).

    Attributes
    ----------
    upper : array of int
        The number that the upper half of each cell gets; its own for a cell that stays whole.
    features : array of int
    thresholds : array of float
        Points with more than this in the feature are in the upper half; infinite for a cell that
        stays whole.
    """

    upper: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray


def count_cells(n_clusters: int) -> int:
    """Return how many cells are made for so many clusters, a power of two.

    Examples
    --------
    >>> [count_cells(n_clusters) for n_clusters in (4, 5, 128, 129)]
    [512, 1024, 2048, 4096]
    """
    wanted = min(MANY_CELLS, CELLS_PER_CLUSTER * n_clusters)
    wanted = max(wanted, CELLS_PER_CLUSTER_OF_MANY * n_clusters)
    count = FEWEST_CELLS
    while count < wanted:
        count *= 2
    return count


def condense(points: np.ndarray, weights: np.ndarray, most_cells: int) -> Cells:
    """Divide the points into at most `most_cells` cells.

    Cells are split at the mean of their widest feature, in rounds: all those with more than an
    equal share of the sum of squares, so that an outlier soon has a cell of its own and equal
    points are never looked at again. A cell is represented by its mean and weight; what it leaves
    out of any inertia is its own sum of squares (the theorem of Huygens and Steiner).

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 50.0, 51.0]]), np.array([3.0, 1.0, 1.0, 1.0])
    >>> cells = condense(points, weights, most_cells=2)
    >>> cells.means.tolist(), cells.weights.tolist(), cells.numbers.tolist()
    ([[0.25, 50.5]], [4.0, 2.0], [0, 0, 1, 1])
    >>> cells.widths.tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    n_points = points.shape[1]
    if n_points <= most_cells:
        numbers = np.arange(n_points, dtype=np.int32)
        return Cells(points, weights, numbers, np.zeros(n_points), np.zeros(n_points))
    numbers, means, totals = split_cells(points, weights, most_cells)
    widths = own_squares(points, means.T, numbers)
    np.sqrt(widths, out=widths)
    widths *= 2
    spans = largest_widths(widths, numbers, len(totals))
    return Cells(means, totals, numbers.astype(np.int32), widths, spans)


def largest_widths(widths: np.ndarray, numbers: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the largest width in each cell.

    Points overwrite each other until none is left that is wider than what its cell has.
    """
    spans = np.zeros(n_cells)
    for part in blocks(len(widths)):
        wide, cells = widths[part], numbers[part]
        while len(wide):
            wider = wide > spans[cells]
            wide, cells = wide[wider], cells[wider]
            spans[cells] = wide
    return spans


def split_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of each point''s cell, and the means and weights of the cells.

    Where most cuts go is seen on every so many-th point, and the others follow. The last quarter
    of the cells is for what those points do not tell, such as outliers.
    """
    numbers = np.zeros(len(weights), dtype=np.int64)
    reference = points[:, :1]
    step = len(weights) // (SCOUTS_PER_CELL * most_cells)
    if step > 1:
        scouts = np.ascontiguousarray(points[:, ::step]), weights[::step]
        reference, cuts = sketch_cells(*scouts, most_cells - most_cells // 4)
        del scouts  # memory is scarce
        for part in blocks(len(weights)):
            block = np.ascontiguousarray(points[:, part])
            for cut in cuts:
                numbers[part] = divide(block, numbers[part], cut)
    spread = measure_spread(points, weights, numbers, reference)
    spread, _ = refine(points, weights, numbers, spread, most_cells)
    occupied = spread.weights > 0  # rounding may leave the upper half of a cell empty
    renumbered = (np.cumsum(occupied) - 1).take(numbers)
    return renumbered, np.compress(occupied, spread.means, axis=1), spread.weights[occupied]


def sketch_cells(
    points: np.ndarray, weights: np.ndarray, most_cells: int
) -> Tuple[np.ndarray, List[Cut]]:
    """Return the means of the cells that some points tell, and the cuts that lead there."""
    numbers = np.zeros(len(weights), dtype=np.int64)
    spread = measure_spread(points, weights, numbers, points[:, :1])
    spread, cuts = refine(points, weights, numbers, spread, most_cells)
    return spread.means, cuts


def refine(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, spread: Spread, most_cells: int
) -> Tuple[Spread, List[Cut]]:
    """Cut cells until there are `most_cells` or none differs inside; change `numbers`.

    Returns
    -------
    spread : Spread
        Of the cells there are then.
    cuts : list of Cut
    """
    cuts: List[Cut] = []
    while True:
        losses, count = spread.losses, len(spread.losses)
        chosen = np.flatnonzero(losses > losses.sum() / most_cells)
        largest = np.argsort(-losses[chosen], kind="mergesort")[: most_cells - count]
        chosen = np.sort(chosen[largest])
        if not len(chosen):
            return spread, cuts
        cuts.append(cut_at_means(spread, chosen))
        halves = measure_halves(points, weights, numbers, spread, chosen, cuts[-1])
        spread = replace_halves(spread, chosen, halves)


def cut_at_means(spread: Spread, chosen: np.ndarray) -> Cut:
    """Return the cut of the chosen cells at the mean of their widest feature."""
    count = len(spread.weights)
    upper, thresholds = np.arange(count), np.full(count, np.inf)
    upper[chosen] = count + np.arange(len(chosen))
    thresholds[chosen] = spread.means[spread.widest[chosen], chosen]
    return Cut(upper, spread.widest, thresholds)


def divide(points: np.ndarray, numbers: np.ndarray, cut: Cut) -> np.ndarray:
    """Return the numbers of the points'' cells after a cut."""
    n_points = len(numbers)
    places = (cut.features * n_points).take(numbers)
    places += np.arange(n_points)
    high = points.ravel().take(places) > cut.thresholds.take(numbers)
    return np.where(high, cut.upper.take(numbers), numbers)


def measure_halves(
    points: np.ndarray,
    weights: np.ndarray,
    numbers: np.ndarray,
    spread: Spread,
    chosen: np.ndarray,
    cut: Cut,
) -> Spread:
    """Cut the chosen cells, changing `numbers`; return the spread of the lower and upper halves."""
    count = len(chosen)
    place = np.full(len(spread.weights) + count, -1)
    place[chosen] = np.arange(count)
    place[len(spread.weights) :] = count + np.arange(count)
    touched = find_points(len(numbers), lambda part: place.take(numbers[part]) >= 0)
    reference = np.tile(spread.means[:, chosen], 2)
    moments = np.zeros((1 + 2 * len(points), 2 * count))
    for part in blocks_of(touched):
        values = points[:, part]
        numbers[part] = divide(values, numbers[part], cut)
        moments += sum_moments(values, weights[part], place[numbers[part]], reference)
    return spread_of(moments, reference)


def replace_halves(spread: Spread, cut: np.ndarray, halves: Spread) -> Spread:
    """Return the spread with the lower halves in the places of the cut cells, upper ones last."""
    replaced = []
    for values, new in zip(spread, halves):
        joined = np.concatenate([values, new[..., len(cut) :]], axis=-1)
        joined[..., cut] = new[..., : len(cut)]
        replaced.append(joined)
    return Spread(*replaced)


def measure_spread(
    points: np.ndarray, weights: np.ndarray, numbers: np.ndarray, reference: np.ndarray
) -> Spread:
    """Return the spread of the points by cell.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    numbers : array of int, shape (n_points,)
        Their cells.
    reference : array of float, shape (n_features, n_cells)
        A point near each cell: sums of squares are taken about it, then moved to the mean.
    """
    moments = np.zeros((1 + 2 * len(points), reference.shape[1]))
    for part in blocks(len(weights)):
        moments += sum_moments(points[:, part], weights[part], numbers[part], reference)
    return spread_of(moments, reference)


def sum_moments(
    points: np.ndarray, weights: np.ndarray, cells: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Return weight, and weighted sums and squares about the reference, a row each, by cell."""
    gaps = points - reference.take(cells, axis=1)
    weighted = weights * gaps
    gaps *= weighted
    return label_sums(cells, [weights, *weighted, *gaps], reference.shape[1])


def spread_of(moments: np.ndarray, reference: np.ndarray) -> Spread:
    """Return the spread that moments about a reference tell."""
    totals, sums, squares = moments[0], *np.split(moments[1:], 2)
    shifts = sums / np.where(totals > 0, totals, 1.0)
    squares = np.maximum(squares - totals * shifts**2, 0)
    return Spread(totals, reference + shifts, squares.sum(axis=0), squares.argmax(axis=0))
# ---- procluster/indb/bounds.py
"""Which points may have changed their cluster since they were looked at; most have not for sure.

A point keeps its cluster while its lead, by which the second nearest centre is farther than the
nearest, is not used up by what the centres move: Hamerly (2010), Making k-means even faster, SIAM
International Conference on Data Mining. What uses it up is the move of its own centre, and the
largest move among the centres that are near enough to its cell to be the second. So a centre that
jumps among outliers makes nobody else unsure, and where centres rest nothing is looked at.
"""

from typing import Union

import numpy as np





# The centres near to each cell, and the points watched, hold until a centre has moved farther than
# so many times its step when they were found; then they are found anew.
STEPS_AHEAD = 8

# Room for the rounding of the distances that bounds are made of.
SAFETY = 1 - 1e-12


class Bounds:
    """How far the centres may move until a point has to be looked at again.

    Parameters
    ----------
    cells : Cells
    cell_lead : array of float, shape (n_cells,)
        How much farther the second nearest centre of each mean is than the nearest.
    n_clusters : int

    Attributes
    ----------
    due : array of int
        The points to look at now.
    """

    def __init__(self, cells: Cells, cell_lead: np.ndarray, n_clusters: int) -> None:
        self._cells = cells
        # At distance r from the mean of its cell a point''s lead is smaller than the mean''s by 2 r
        # at most, by the triangle inequality, twice.
        self._limits = hand_out(cell_lead * SAFETY, cells.numbers)
        self._limits -= cells.widths
        self.due = find_points(len(self._limits), lambda part: self._limits[part] <= 0)
        self._reach = np.full(n_clusters, -1.0)  # nothing is watched yet
        self._own_moves = np.zeros(n_clusters)
        self._other_moves = np.zeros(len(cell_lead))

    def renew(self, points: np.ndarray, labels: np.ndarray, lead: np.ndarray) -> None:
        """Note the lead of some points, given by their numbers, after their labels."""
        numbers = self._cells.numbers[points]
        used = use_up(numbers, labels, self._own_moves, self._other_moves)
        self._limits[points] = lead * SAFETY + used

    def move(self, centres: np.ndarray, moves: np.ndarray, labels: np.ndarray) -> None:
        """Find the points that are due when the centres have moved.

        Parameters
        ----------
        centres : array of float, shape (n_clusters, n_features)
            Where they are now.
        moves : array of float, shape (n_clusters,)
            How far each of them has moved.
        labels : array of int, shape (n_points,)
        """
        del self.due  # memory is scarce
        moves = moves / SAFETY
        self._reach -= moves
        found_anew = bool((self._reach < 0).any())
        if found_anew:
            self._reach = STEPS_AHEAD * moves
            self._near = near_centres(self._cells, centres, self._reach)
        self._own_moves += moves
        self._other_moves += self._largest(moves)
        if found_anew:
            self._watched = self._soon_due(labels)
        own, other = self._own_moves, self._other_moves
        self.due = filter_points(
            self._watched, lambda part: self._are_due(part, labels, own, other)
        )

    def _soon_due(self, labels: np.ndarray) -> np.ndarray:
        """Return the points that are due before the centres have moved beyond their reach."""
        own = self._own_moves + self._reach
        other = self._other_moves + self._largest(self._reach)
        return find_points(len(labels), lambda part: self._are_due(part, labels, own, other))

    def _are_due(
        self,
        part: Union[slice, np.ndarray],
        labels: np.ndarray,
        own: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return which of some points such moves of the centres leave no lead."""
        used = use_up(self._cells.numbers[part], labels[part], own, other)
        return np.asarray(self._limits[part] <= used)

    def _largest(self, moves: np.ndarray) -> np.ndarray:
        """Return the largest move among the centres near to each cell."""
        moving = np.flatnonzero(moves)
        largest = np.where(self._near[moving], moves[moving, np.newaxis], 0.0).max(axis=0)
        return np.asarray(largest)


def use_up(
    numbers: np.ndarray, labels: np.ndarray, own: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return what moves take of the lead of points.

    Parameters
    ----------
    numbers, labels : array of int, shape (n,)
        The cells and the clusters of the points.
    own : array of float, shape (n_clusters,)
        What each centre moves.
    other : array of float, shape (n_cells,)
        What another one near to each cell moves at most.
    """
    used = own.take(labels)
    used += other.take(numbers)
    return np.asarray(used)


def near_centres(cells: Cells, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return which centres can be the nearest or the second of some point of each cell.

    Parameters
    ----------
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
    reach : array of float, shape (n_clusters,)
        How far each of them may be from there, then or before.

    Returns
    -------
    array of bool, shape (n_clusters, n_cells)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 50.0, 51.0]]), np.ones(4), most_cells=2)
    >>> near_centres(cells, np.array([[0.0], [2.0], [4.0], [60.0]]), np.zeros(4)).tolist()
    [[True, False], [True, False], [False, True], [False, True]]
    """
    distances = squared_distances(cells.means, centres)
    np.sqrt(distances, out=distances)
    farthest = distances + reach[:, np.newaxis]
    farthest[farthest.argmin(axis=0), np.arange(farthest.shape[1])] = np.inf
    limits = farthest.min(axis=0) + cells.spans
    distances *= SAFETY  # in its place, for memory is scarce
    distances -= reach[:, np.newaxis]
    return np.asarray(distances <= limits)
# ---- procluster/indb/lloyd.py
"""Lloyd''s algorithm on all the points, most of which need no look.

Whole cells are assigned by their means where that is sure to be right for all their points: the
idea of Pelleg and Moore (1999), Accelerating exact k-means algorithms with geometric reasoning,
with cells of any shape instead of a k-d tree''s boxes. The others are compared with the centres,
once more whenever their bounds say so. The outcome is that of Lloyd''s algorithm without any cells,
up to rounding.
"""

from typing import NamedTuple

import numpy as np







# Lloyd''s algorithm ends by itself, since inertia falls with every step; this is a safety net.
MOST_STEPS = 10000

# A cluster with a smaller share of the weight is empty, but for what rounding leaves of its sums.
NOTHING = 1e-13


class Fit(NamedTuple):
    """Where Lloyd''s algorithm came to.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The nearest centre of each point; the lower number where two are equally near.
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
    """

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    steps: int


def means_of(sums: np.ndarray, cells: Cells, centres: np.ndarray) -> np.ndarray:
    """Return the means, shape (n_clusters, n_features); an empty cluster takes a worst served cell.

    Parameters
    ----------
    sums : array of float, shape (n_features + 1, n_clusters)
    cells : Cells
    centres : array of float, shape (n_clusters, n_features)
        The centres that the points were assigned to.
    """
    occupied = sums[-1] > NOTHING * sums[-1].sum()
    means = (sums[:-1] / np.where(occupied, sums[-1], 1.0)).T
    if occupied.all():
        return np.asarray(means)
    empty = np.flatnonzero(~occupied)
    costs = cells.weights * two_nearest(cells.means, centres)[1]
    worst = np.argsort(-costs, kind="mergesort")[: len(empty)]
    means[empty] = cells.means[:, worst].T
    return np.asarray(means)


def run_lloyd(points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray) -> Fit:
    """Move the centres to the means of their points until nothing changes.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    cells : Cells
        Of the same points.
    centres : array of float, shape (n_clusters, n_features)

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> points, weights = np.array([[0.0, 1.0, 2.0, 9.0]]), np.ones(4)
    >>> fit = run_lloyd(points, weights, condense(points, weights, 3), np.array([[0.0], [1.0]]))
    >>> fit.centres.tolist(), fit.labels.tolist()
    ([[1.0], [9.0]], [0, 0, 0, 1])
    """
    cell_labels, cell_lead = label_points(cells.means, centres)
    labels = hand_out(cell_labels.astype(np.int32), cells.numbers)  # half the memory
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    bounds = Bounds(cells, cell_lead, len(centres))
    relabel(points, weights, bounds, centres, labels, sums)
    steps, rounded = 1, False
    while steps < MOST_STEPS:
        means = means_of(sums, cells, centres)
        moves = np.sqrt(((means - centres) ** 2).sum(axis=1))
        if moves.any():
            centres = means
            bounds.move(centres, moves, labels)
            rounded |= relabel(points, weights, bounds, centres, labels, sums)
            steps += 1
        elif rounded:
            sums, rounded = sum_points(points, weights, cells, centres, labels), False
        else:
            break
    return Fit(centres, labels, sums[-1], steps)


def sum_points(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the sums of the clusters, shape (n_features + 1, n_clusters).

    Each point is added once at most, where those kept up to date have been rounded with every
    change of a label.
    """
    cell_labels, _ = label_points(cells.means, centres)
    sums = cluster_sums(cells.means, cells.weights, cell_labels, len(centres))
    for part in blocks(len(labels)):
        implied = cell_labels.take(cells.numbers[part])
        other = np.flatnonzero(implied != labels[part])
        values, own = points[:, part].take(other, axis=1), weights[part].take(other)
        transfer(sums, values, own, implied[other], labels[part].take(other))
    return sums


def transfer(
    sums: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    """Take points from the sums of their labels before to those of their labels after."""
    sums += cluster_sums(points, weights, after, sums.shape[1])
    sums -= cluster_sums(points, weights, before, sums.shape[1])


def relabel(
    points: np.ndarray,
    weights: np.ndarray,
    bounds: Bounds,
    centres: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Give the points that are due the labels of their nearest centres.

    Parameters
    ----------
    points, weights : array of float, shapes (n_features, n_points) and (n_points,)
    bounds : Bounds
        Told the new leads.
    centres : array of float, shape (n_clusters, n_features)
    labels : array of int, shape (n_points,)
        The labels before; changed to those after.
    sums : array of float, shape (n_features + 1, n_clusters)
        The sums of all the clusters; changed accordingly.

    Returns
    -------
    bool
        Whether any label has changed.
    """
    any_changed = False
    for due in blocks_of(bounds.due, points_at_once(centres)):
        values, before = points[:, due], labels[due]
        after, lead = label_points(values, centres)
        bounds.renew(due, after, lead)
        changed = np.flatnonzero(after != before)
        if len(changed):
            any_changed = True
            labels[due] = after
            own = weights[due[changed]]
            transfer(sums, values[:, changed], own, before[changed], after[changed])
    return any_changed
# ---- procluster/indb/ground.py
"""The ground that the search for centres moves on: cells, made ready to be labelled many times."""

from typing import NamedTuple, Tuple

import numpy as np




# Inertias that differ by a smaller share than this are those of the same clusters.
SAME = 1e-9

# An inertia that is a smaller share than this of that about the origin has too few right digits
# as a difference from it, and is added up from the squares.
FAINT = 1e-5


class Ground(NamedTuple):
    """Cells about their mean, and what every labelling needs of them.

    Attributes
    ----------
    cells : Cells
        Their means are taken from `origin`, so that no digits are lost to what all share.
    origin : array of float, shape (n_features,)
    frame : array of float, shape (n_features + 1, n_cells)
        The means, and a row of ones.
    moments : array of float, shape (n_cells, n_features + 1)
        Both times the weights, a cell after the other.
    slack : array of float, shape (n_cells,)
        How far rounding can move what :func:`label_cells` compares, but for the centres'' share.
    inertia : float
        About the origin.
    """

    cells: Cells
    origin: np.ndarray
    frame: np.ndarray
    moments: np.ndarray
    slack: np.ndarray
    inertia: float


class State(NamedTuple):
    """Centres, and how the cells see them.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.
    labels : array of int, shape (n_cells,)
    inertia : float
    """

    centres: np.ndarray
    labels: np.ndarray
    inertia: float

    def beats(self, other: "State") -> bool:
        """Return whether these are better clusters, and not the same ones rounded otherwise."""
        return self.inertia < other.inertia * (1 - SAME)


def lay_ground(cells: Cells) -> Ground:
    """Make cells ready."""
    n_features, n_cells = cells.means.shape
    origin = np.cumsum(cells.means, axis=1)[:, -1] / n_cells
    means = cells.means - origin[:, np.newaxis]
    frame = np.vstack([means, np.ones(n_cells)])
    squares = (means**2).sum(axis=0)
    return Ground(
        cells=cells._replace(means=means),
        origin=origin,
        frame=frame,
        moments=np.ascontiguousarray((cells.weights * frame).T),
        slack=8 * ROUNDING * n_features * squares,
        inertia=float(cells.weights.dot(squares)),
    )


def observe(ground: Ground, centres: np.ndarray) -> State:
    """Return how the cells see some centres."""
    labels, saved = label_cells(ground, centres)
    inertia = ground.inertia - saved
    if inertia < FAINT * ground.inertia:
        inertia = float(ground.cells.weights.dot(own_squares(ground.cells.means, centres, labels)))
    return State(centres, labels, inertia)


def label_cells(ground: Ground, centres: np.ndarray) -> Tuple[np.ndarray, float]:
    """Return the nearest centre of each cell, the lower number where two are equally near.

    Squared distances less what all centres have in common come from one matrix product; only the
    cells for which rounding could have changed the order of two centres are looked at again.

    Parameters
    ----------
    ground : Ground
    centres : array of float, shape (n_clusters, n_features)
        Taken from the ground''s origin.

    Returns
    -------
    labels : array of int, shape (n_cells,)
    saved : float
        How much smaller the inertia is than that about the origin.

    Examples
    --------
    >>> from procluster.indb.cells import condense
    >>> cells = condense(np.array([[0.0, 1.0, 8.0]]), np.ones(3), most_cells=3)
    >>> ground = lay_ground(cells)
    >>> labels, saved = label_cells(ground, np.array([[8.0], [0.5]]) - ground.origin)
    >>> labels.tolist(), round(saved, 9)
    ([1, 1, 0], 37.5)
    """
    n_clusters, n_features = centres.shape
    planes = np.empty((n_clusters, n_features + 1))
    np.multiply(centres, -2, out=planes[:, :-1])
    planes[:, -1] = constants = (centres**2).sum(axis=1)
    spare = 8 * ROUNDING * n_features * constants.max()
    numbers = np.arange(n_clusters, dtype=np.float32)
    labels = np.empty(len(ground.slack), dtype=np.int64)
    saved = 0.0
    step = points_at_once(planes)
    for start in range(0, len(labels), step):  # called so often that a generator would be felt
        part = slice(start, start + step)
        scores = planes.dot(ground.frame[:, part])
        limits = scores.min(axis=0)
        saved -= float(ground.cells.weights[part].dot(limits))
        limits += ground.slack[part]
        limits += spare
        near = scores <= limits
        # Where one centre is near to a cell, the sum of the numbers of those near is its number.
        labels[part] = numbers.dot(near)
        if np.count_nonzero(near) > near.shape[1]:
            unsure = start + np.flatnonzero(near.sum(axis=0) > 1)
            labels[unsure], _, _ = two_nearest(ground.cells.means[:, unsure], centres)
    return labels, saved


def sum_cells(ground: Ground, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weighted sums of the features and, last, the weight of the cells by label.

    Returns
    -------
    array of float, shape (count, n_features + 1)
    """
    width = ground.moments.shape[1]
    places = np.arange(count * width).reshape(count, width).take(labels, axis=0)
    sums = np.bincount(places.ravel(), ground.moments.ravel(), minlength=count * width)
    return np.asarray(sums.reshape(count, width))
# ---- procluster/indb/splits.py
"""Where each cluster would be split in two, and what that gains."""

from typing import NamedTuple

import numpy as np




# From a drawn cell, so many steps of Lloyd''s algorithm with two centres settle where the halves
# are, near enough to tell which cluster to split.
SPLIT_STEPS = 2


class Splits(NamedTuple):
    """The clusters, each in two.

    Attributes
    ----------
    gains : array of float, shape (n_clusters,)
        What the inertia loses at least when the cluster is split.
    lower, upper : array of float, shape (n_clusters, n_features)
        The means of the halves.
    """

    gains: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def split_clusters(ground: Ground, state: State, random: np.random.RandomState) -> Splits:
    """Split every cluster at once, each between its centre and a cell drawn from it.

    What a split gains is the sum of squares between the means of the halves (the theorem of
    Huygens and Steiner).
    """
    count, means = len(state.centres), ground.cells.means
    lower, upper = state.centres, means[:, draw_members(ground, state, random)].T
    for _ in range(SPLIT_STEPS):
        apart = own_squares(means, upper, state.labels)
        high = apart < own_squares(means, lower, state.labels)
        sums = sum_cells(ground, state.labels + count * high, 2 * count).reshape(2, count, -1)
        weights = sums[..., -1]
        lower, upper = sums[..., :-1] / np.where(weights > 0, weights, 1)[..., np.newaxis]
    shares = weights[0] * weights[1] / np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
    return Splits(shares * ((lower - upper) ** 2).sum(axis=1), lower, upper)


def draw_members(ground: Ground, state: State, random: np.random.RandomState) -> np.ndarray:
    """Draw a cell of each cluster, with odds in proportion to what the cells cost."""
    order = np.argsort(state.labels, kind="mergesort")
    ends = np.cumsum(np.bincount(state.labels, minlength=len(state.centres)))
    squares = own_squares(ground.cells.means, state.centres, state.labels)
    odds = np.cumsum((ground.cells.weights * squares)[order])
    totals = np.append(0.0, odds)[np.append(0, ends)]
    shares = random.random_sample(len(ends))
    places = np.searchsorted(odds, totals[:-1] + shares * np.diff(totals), side="right")
    return np.asarray(order[np.minimum(places, np.maximum(ends - 1, 0))])
# ---- procluster/indb/starts.py
"""Starting centres by greedy k-means++.

Each centre is the best of a few points drawn with probability proportional to weight times
squared distance to the centres so far: Arthur and Vassilvitskii (2007), k-means++: the
advantages of careful seeding.
"""

import math
from typing import NamedTuple

import numpy as np





class Starts(NamedTuple):
    """Sequences of starting centres; the first k of a sequence are a start for k clusters.

    Attributes
    ----------
    chosen : array of int, shape (n_starts, n_clusters)
        Cells.
    inertias : array of float, shape (n_starts, n_clusters)
        What the cells cost with the first 1, 2, ... centres of the sequence.
    """

    chosen: np.ndarray
    inertias: np.ndarray

    def best(self, n_clusters: int, count: int) -> np.ndarray:
        """Return the cells of the `count` best starts for so many clusters, a row each."""
        order = np.argsort(self.inertias[:, n_clusters - 1], kind="mergesort")
        return np.asarray(self.chosen[order[:count], :n_clusters])


def draw_starts(
    cells: Cells, n_clusters: int, n_starts: int, random: np.random.RandomState
) -> Starts:
    """Draw sequences of up to `n_clusters` starting centres.

    They are shorter when fewer cells are far enough apart to be told from each other. The draws
    for a centre do not depend on how many come after it.
    """
    chosen = np.zeros((n_starts, n_clusters), dtype=np.int64)
    inertias = np.zeros((n_starts, n_clusters))
    nearest = np.full((n_starts, len(cells.weights)), np.inf)
    odds = np.repeat(np.cumsum(cells.weights)[np.newaxis], n_starts, axis=0)
    for index in range(n_clusters):
        if not (odds[:, -1] > 0).all():
            return Starts(chosen[:, :index], inertias[:, :index])
        shares = random.random_sample((n_starts, 2 + int(math.log(index + 1))))
        for row in range(n_starts):
            draws = draw_cells(odds[row], shares[row])
            squares = squared_distances(cells.means, cells.means[:, draws].T)
            np.minimum(squares, nearest[row], out=squares)
            cumulated = np.cumsum(cells.weights * squares, axis=1)
            best = int(cumulated[:, -1].argmin())
            nearest[row], odds[row] = squares[best], cumulated[best]
            chosen[row, index], inertias[row, index] = draws[best], odds[row, -1]
    return Starts(chosen, inertias)


def draw_cells(odds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the indices at the given shares of the cumulated odds; none whose odds are zero."""
    draws = np.searchsorted(odds, shares * odds[-1], side="right")
    return np.asarray(np.minimum(draws, np.searchsorted(odds, odds[-1])))
# ---- procluster/indb/search.py
"""The search for good centres, on the cells.

Lloyd''s algorithm stops at the first arrangement that no single move improves. From there a swap
leads on: one cluster is split in two where that gains most, another is given up where that costs
least, and the centres settle anew: Ismkhan (2018), I-k-means-+: An iterative clustering algorithm
based on an enhanced version of the k-means, Pattern Recognition 79. Neighbouring numbers of
clusters help each other: the centres for k - 1 with one cluster split, and those for k + 1 with
one given up, are starts for k, as in Likas, Vlassis and Verbeek (2003), The global k-means
clustering algorithm, Pattern Recognition 36.
"""

from typing import Dict, Iterator, List, NamedTuple

import numpy as np








# The search begins on so many coarser cells, or on so many for each cluster, where a trial costs
# little, and is repeated on the cells themselves.
COARSE_CELLS = 512
COARSE_CELLS_PER_CLUSTER = 8

# So many swaps that fail in a row are enough where little is left to find.
FEW_SWAPS = 3

# After so many swaps that failed the clusters are split anew, elsewhere.
SWAPS_AT_ONCE = 5

# The centres have settled when a step lowers the inertia by a smaller share than this.
SETTLED = 1e-4

# A trial is given up when so many steps like the last one would not make it the best.
PATIENCE = 8

MOST_TRIAL_STEPS = 50


class Effort(NamedTuple):
    """How long to search.

    Attributes
    ----------
    starts : int
        How many of the starts that are drawn are improved by swaps, the best ones.
    swaps : int
        An improvement ends when so many swaps in a row have not helped.
    """

    starts: int
    swaps: int


def search_centres(
    cells: Cells, efforts: Dict[int, Effort], needed: int, random_state: int, n_init: int
) -> Dict[int, np.ndarray]:
    """Return good centres, shape (k, n_features), by number of clusters.

    Parameters
    ----------
    cells : Cells
    efforts : dict of Effort
        By number of clusters: consecutive numbers, ascending.
    needed : int
        Larger numbers are left out when the points do not allow them.
    random_state, n_init : int
        So many starts are drawn.

    Raises
    ------
    ValueError
        When fewer than `needed` cells are far enough apart to be told from each other.
    """
    most_clusters = max(efforts)
    fine = coarse = lay_ground(cells)
    most_coarse = max(COARSE_CELLS, COARSE_CELLS_PER_CLUSTER * most_clusters)
    if len(cells.weights) > most_coarse:
        coarse = lay_ground(condense(fine.cells.means, cells.weights, most_coarse))
    starts = draw_starts(coarse.cells, most_clusters, n_init, np.random.RandomState(random_state))
    most = starts.chosen.shape[1]
    if most < needed:
        raise ValueError(
            f"n_clusters: {needed} clusters need as many distinct feature vectors, and only "
            f"{most} are far enough apart to be told from each other. Allowed: 1 to {most}."
        )
    begun = {
        k: [coarse.cells.means[:, own].T for own in starts.best(k, effort.starts)]
        for k, effort in efforts.items()
        if k <= most
    }
    n_swaps = {k: effort.swaps for k, effort in efforts.items()}
    found = climb(coarse, begun, n_swaps, random_state)
    if coarse is not fine:
        begun = {k: [state.centres + coarse.origin] for k, state in found.items()}
        few = {k: min(FEW_SWAPS, most) for k, most in n_swaps.items()}
        found = climb(fine, begun, few, random_state)
    return {k: state.centres + fine.origin for k, state in found.items()}


def climb(
    ground: Ground, begun: Dict[int, List[np.ndarray]], n_swaps: Dict[int, int], random_state: int
) -> Dict[int, State]:
    """Return the best states that are found from some centres, by number of clusters."""
    found: Dict[int, State] = {}
    random = np.random.RandomState()
    for k, starts in begun.items():
        states = [settle(ground, centres) for centres in starts]
        if k - 1 in found and found[k - 1].inertia > 0:
            random.seed(random_state)
            states.append(grow(ground, found[k - 1], random))
        found[k] = improve_best(ground, states, n_swaps[k], random, random_state)
    for k in sorted(found, reverse=True)[1:]:
        shrunk = shrink(ground, found[k + 1], found[k].inertia)
        found[k] = shrunk if shrunk.beats(found[k]) else found[k]
    return found


def improve_best(
    ground: Ground,
    states: List[State],
    n_swaps: int,
    random: np.random.RandomState,
    random_state: int,
) -> State:
    """Return the best state that swaps lead to; states of the same clusters are tried once.

    Each begins with the same draws. (To seed `random` anew takes a fiftieth of the time of making
    another one.)
    """
    best, seen = states[0], np.zeros(0)
    for state in states:
        if (np.abs(seen - state.inertia) <= SAME * seen).any():
            continue
        random.seed(random_state)
        improved = improve(ground, state, n_swaps, random)
        seen = np.append(seen, [state.inertia, improved.inertia])
        best = improved if improved.beats(best) else best
    return best


def settle(ground: Ground, centres: np.ndarray, target: float = np.inf) -> State:
    """Return where Lloyd''s algorithm comes to from some centres, or near it.

    Parameters
    ----------
    target : float
        An inertia that is to be improved on; without hope of that the algorithm is cut short.
    """
    state = observe(ground, centres)
    for _ in range(MOST_TRIAL_STEPS):
        sums = sum_cells(ground, state.labels, len(centres))
        moved = observe(ground, means_of(sums.T, ground.cells, state.centres))
        gain = state.inertia - moved.inertia
        state = moved
        if gain <= SETTLED * state.inertia or PATIENCE * gain < state.inertia - target:
            break
    return state


def improve(ground: Ground, state: State, n_swaps: int, random: np.random.RandomState) -> State:
    """Return the state that swaps lead to, until `n_swaps` of them in a row have not helped."""
    failed, costs = 0, removal_costs(ground, state)
    while failed < n_swaps and state.inertia > 0 and len(state.centres) > 1:
        splits = split_clusters(ground, state, random)
        for centres in swaps(state, splits, costs, min(SWAPS_AT_ONCE, n_swaps - failed)):
            trial = settle(ground, centres, state.inertia)
            failed += 1
            if trial.beats(state):
                state, failed, costs = trial, 0, removal_costs(ground, trial)
                break
    return state


def swaps(state: State, splits: Splits, costs: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the centres after each of the most promising swaps, the best first."""
    net = costs - splits.gains[:, np.newaxis]
    np.fill_diagonal(net, np.inf)
    for place in np.argsort(net, axis=None, kind="mergesort")[:most]:
        split, given_up = divmod(int(place), len(net))
        if split == given_up:  # two clusters have no more than two swaps
            return
        centres = state.centres.copy()
        centres[split], centres[given_up] = splits.lower[split], splits.upper[split]
        yield centres


def grow(ground: Ground, state: State, random: np.random.RandomState) -> State:
    """Return the state with one cluster more, split off where that gains most."""
    splits = split_clusters(ground, state, random)
    split = splits.gains.argmax()
    centres = np.vstack([state.centres, splits.upper[split]])
    centres[split] = splits.lower[split]
    return settle(ground, centres)


def shrink(ground: Ground, state: State, target: float) -> State:
    """Return the state with one cluster less, given up where that costs least."""
    cheapest = removal_costs(ground, state).argmin()
    return settle(ground, np.delete(state.centres, cheapest, axis=0), target)


def removal_costs(ground: Ground, state: State) -> np.ndarray:
    """Return what the inertia gains at most when a centre is given up, shape (n_clusters,)."""
    labels, first, second = two_nearest(ground.cells.means, state.centres)
    more = np.where(np.isfinite(second), second - first, 0.0)
    return np.bincount(labels, ground.cells.weights * more, minlength=len(state.centres))
# ---- procluster/indb/centres.py
"""The centres of K-Means, for one number of clusters or for many.

1. The points are condensed to cells (cells).
2. On the cells, centres are drawn (starts) and improved by swaps (search).
3. From there Lloyd''s algorithm runs to its fixed point on all the points (lloyd): scikit-learn''s
   KMeans from these centres with tol=0 stays there.

numpy is enough for it: SQL Server 2022 is set up without scikit-learn. The same data and seed
give the same centres on every release of numpy: what labels and means are made of is computed in a
fixed order. Only inertias are dot products, whose last digits may differ; clusters are better only
when more than that tells them apart.
"""

from typing import List, NamedTuple, Tuple

import numpy as np








# Of the starts drawn, so many are tried for each number of clusters; more for one alone, which has
# only two neighbours to help it, while there are few clusters and a start costs little.
STARTS_TRIED = 2
MORE_STARTS_TRIED = 4
FEW_CLUSTERS = 8


class Partition(NamedTuple):
    """The outcome of K-Means.

    Attributes
    ----------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    spreads : array of float, shape (n_clusters,)
        Sum of weight times Euclidean distance to the centre of each cluster.
    inertia : float
        Sum of weight times squared distance.
    iterations : int
        Steps of Lloyd''s algorithm on all the points.
    """

    centres: np.ndarray
    sizes: np.ndarray
    spreads: np.ndarray
    inertia: float
    iterations: int


def fit_best(
    points: np.ndarray, weights: np.ndarray, n_clusters: int, random_state: int, n_init: int
) -> Tuple[np.ndarray, np.ndarray, int]:
    """Return the best centres found for one number of clusters, with help from its neighbours.

    Parameters
    ----------
    points, weights, random_state, n_init
        As :func:`fit_centres` takes them.
    n_clusters : int

    Returns
    -------
    centres : array of float, shape (n_clusters, n_features)
    sizes : array of float, shape (n_clusters,)
        Weight of each cluster.
    steps : int
        Of Lloyd''s algorithm on all the points.
    """
    cells = condense(points, weights, count_cells(n_clusters))
    neighbours = range(max(1, n_clusters - 1), n_clusters + 2)
    efforts = dict.fromkeys(neighbours, Effort(starts=1, swaps=FEW_SWAPS))
    starts = MORE_STARTS_TRIED if n_clusters <= FEW_CLUSTERS else STARTS_TRIED
    efforts[n_clusters] = Effort(starts, n_init)
    found = search_centres(cells, efforts, n_clusters, random_state, n_init)
    fit = run_lloyd(points, weights, cells, found[n_clusters])
    return fit.centres, fit.sizes, fit.steps


def fit_centres(
    points: np.ndarray, weights: np.ndarray, max_k: int, random_state: int, n_init: int
) -> Tuple[List[Partition], np.ndarray]:
    """Return the best partition found for each number of clusters, and the labels of the last.

    Parameters
    ----------
    points : array of float, shape (n_features, n_points)
        Distinct points, divided by their scale.
    weights : array of float, shape (n_points,)
    max_k : int
        At most the number of points.
    random_state, n_init : int
        As :func:`search_centres` takes them.

    Returns
    -------
    partitions : list of Partition
        For 1 to `max_k` clusters.
    labels : array of int16, shape (n_points,)
        The clusters of the points when there are `max_k`.

    Examples
    --------
    >>> points, weights = np.array([[0.0, 1.0, 8.0]]), np.array([1.0, 1.0, 1.0])
    >>> (one, two), labels = fit_centres(points, weights, 2, 111, 10)
    >>> sorted(two.centres[:, 0].tolist()), one.inertia, two.inertia
    ([0.5, 8.0], 38.0, 0.5)
    """
    cells = condense(points, weights, count_cells(max_k))
    efforts = {k: Effort(STARTS_TRIED, n_init) for k in range(1, max_k + 1)}
    found = search_centres(cells, efforts, max_k, random_state, n_init)
    partitions = [fit_partition(points, weights, cells, found[k])[0] for k in range(1, max_k)]
    last, labels = fit_partition(points, weights, cells, found[max_k])
    return [*partitions, last], labels.astype(np.int16)


def fit_partition(
    points: np.ndarray, weights: np.ndarray, cells: Cells, centres: np.ndarray
) -> Tuple[Partition, np.ndarray]:
    """Return the fixed point of Lloyd''s algorithm from some centres, and the points'' labels."""
    fit = run_lloyd(points, weights, cells, centres)
    inertia, spreads = 0.0, np.zeros(len(centres))
    for part in blocks(len(weights)):
        labels, own = fit.labels[part], weights[part]
        squares = own_squares(points[:, part], fit.centres, labels)
        inertia += float(own.dot(squares))
        distances = own * np.sqrt(squares)
        spreads += label_sums(labels, [distances], len(centres))[0]
    return Partition(fit.centres, fit.sizes, spreads, inertia, fit.steps), fit.labels
# ---- procluster/indb/features.py
"""The features of a customer, as data: the generator renders the feature query from them."""

from typing import NamedTuple


class Feature(NamedTuple):
    """One number that describes how a customer returns goods.

    Attributes
    ----------
    name : str
        Column of the feature table.
    expression : str
        T-SQL over two derived tables with one row per customer: `sale` and `refund`, both with
        tickets (int), items (int) and amount (float). The columns of `refund` are NULL for a
        customer who returned nothing.
    meaning : str
        The same in a few words.
    """

    name: str
    expression: str
    meaning: str


RATIO = "ROUND(COALESCE(CAST(refund.{0} AS float) / NULLIF(CAST(sale.{0} AS float), 0), 0), 7)"

FEATURES = (
    Feature("order_ratio", RATIO.format("tickets"), "returned orders / orders"),
    Feature("items_ratio", RATIO.format("items"), "returned items / items bought"),
    Feature("monetary_ratio", RATIO.format("amount"), "amount returned / amount paid"),
    Feature("frequency", "CAST(COALESCE(refund.tickets, 0) AS float)", "returned orders"),
)

FEATURE_NAMES = [feature.name for feature in FEATURES]
# ---- procluster/indb/parameters.py
"""The values that the parameters of a call may have."""

import numbers
from typing import Any, List, Sequence

ALLOWED_NUMBERS = {
    "n_clusters": (1, 1000, "a number of clusters"),
    "max_k": (1, 100, "a number of clusters"),
    "n_init": (1, 1000, "a number of restarts"),
    "random_state": (0, 2**31 - 1, "a seed"),
}

SCALINGS = ("none", "standard", "robust")


def parameter_faults(**given: Any) -> List[str]:
    """Return one sentence for each parameter that has a value it may not have.

    Parameters
    ----------
    **given
        Values by the names of `ALLOWED_NUMBERS`, and `scaling`.

    Examples
    --------
    >>> parameter_faults(n_clusters=0, scaling="none")
    [''n_clusters: 0 is not a number of clusters. Allowed: 1 to 1000.'']
    """
    faults = []
    for name, value in given.items():
        if name == "scaling":
            if value not in SCALINGS:
                faults.append(
                    "scaling: {!a} is not a scaling. Allowed: {}.".format(
                        value, ", ".join(SCALINGS)
                    )
                )
            continue
        least, most, what = ALLOWED_NUMBERS[name]
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            faults.append(f"{name}: {value!a} is not {what}. Allowed: {least} to {most}.")
    return faults


def refuse(faults: Sequence[str]) -> None:
    """Raise one ValueError that names every fault; do nothing when there is none.

    The sentences stand on one line because the hosts of external scripts pass on one line.
    """
    if faults:
        raise ValueError(" ".join(faults))
# ---- procluster/indb/runtime.py
"""The versions of what the runtime has."""

import importlib
import json
import platform
from typing import Dict

COMPONENTS = (
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("scikit-learn", "sklearn"),
    ("scipy", "scipy"),
    ("matplotlib", "matplotlib"),
    ("revoscalepy", "revoscalepy"),
)


def report() -> str:
    """Return the versions of Python and of the packages as a JSON list.

    Examples
    --------
    >>> json.loads(report())[0]["component"]
    ''Python''
    """
    rows = [{"component": "Python", "version": platform.python_version()}]
    for component, module in COMPONENTS:
        rows.append({"component": component, "version": package_version(module)})
    return json.dumps(rows)


def package_version(module: str) -> str:
    """Return the version of a package, ''not installed'', or why it does not load.

    A package that is there but does not load (a missing shared library, another package of the
    wrong version) is the harder fault to find, so the two cases are told apart.

    Examples
    --------
    >>> package_version("no_such_package")
    ''not installed''
    """
    try:
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
    except ImportError as error:
        if error.name == module:
            return "not installed"
        return f"does not load: {error}"
    except Exception as error:
        return f"does not load: {type(error).__name__}: {error}"


def model_versions() -> Dict[str, str]:
    """Return the versions of what a model depends on, for its document."""
    return {
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "pandas": package_version("pandas"),
    }
# ---- procluster/indb/segments.py
"""Where the clusters of a model are, and which one is nearest.

The distance of a feature vector x from a centre c is what T-SQL computes when it assigns
customers: the square root of the sum of ((x - c) * (1 / scale)) ** 2 over the features.
"""

import json
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np



MODEL_FORMAT = "procluster.kmeans/1"


class Segments(NamedTuple):
    """What a model document says about where its clusters are.

    Attributes
    ----------
    features : list of str
    numbers : list of int
        Cluster numbers, ascending.
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """

    features: List[str]
    numbers: List[int]
    centres: np.ndarray
    scale: np.ndarray


def read_segments(document: str) -> Segments:
    """Read a model document.

    Raises
    ------
    ValueError
        When the text is not a model document.
    """
    try:
        return parse_segments(json.loads(document))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the text is not a model document ({type(error).__name__}: {error}). "
            f"A document of format {MODEL_FORMAT} is needed."
        ) from error


def parse_segments(model: Dict[str, Any]) -> Segments:
    """Return the segments of a model document that json has read."""
    if model["format"] != MODEL_FORMAT:
        raise ValueError("its format is {!a}".format(model["format"]))
    features = list(model["features"])
    clusters = sorted(model["clusters"], key=lambda cluster: int(cluster["cluster"]))
    centres = [[float(cluster["centroid"][name]) for name in features] for cluster in clusters]
    return Segments(
        features=features,
        numbers=[int(cluster["cluster"]) for cluster in clusters],
        centres=np.array(centres),
        scale=np.array([float(model["scale"][name]) for name in features]),
    )


def nearest_centres(
    values: np.ndarray, centres: np.ndarray, scale: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each vector (the first where two are equal) and the distance.

    Parameters
    ----------
    values : array of float, shape (n_vectors, n_features)
    centres : array of float, shape (n_clusters, n_features)
        In the units of the features.
    scale : array of float, shape (n_features,)
    """
    labels = np.zeros(len(values), dtype=np.int32)
    nearest = np.full(len(values), np.inf)
    factors = 1 / scale
    for part in blocks(len(values)):
        for index, centre in enumerate(centres):
            squares = np.zeros(len(nearest[part]))
            for column, middle, factor in zip(values[part].T, centre, factors):
                gaps = column - middle
                gaps *= factor
                gaps *= gaps
                squares += gaps
            np.copyto(labels[part], index, where=squares < nearest[part])
            np.minimum(nearest[part], squares, out=nearest[part])
    return labels, np.sqrt(nearest, out=nearest)
# ---- procluster/indb/vectors.py
"""The feature vectors of the customers: checks of their values, and their scales."""

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd



# Squares of values beyond this, and sums of them, could leave the range of a float.
LARGEST_VALUE = 1e100


class Vectors(NamedTuple):
    """The distinct feature vectors of the customers that can be used.

    Attributes
    ----------
    values : array of float, shape (n_vectors, n_features)
        Their order depends on the values only, not on that of the rows they were read from.
    customers : array of float, shape (n_vectors,)
        How many customers have the vector.
    left_out : dict
        Customers left out: {"customers": 3, "null": {"order_ratio": 2}, "infinite": {...}}.
        NULL and NaN are one reason, since the hosts hand over a NULL number as NaN.
    negative : dict
        Customers with a negative value, by feature. They are kept, not left out.
    """

    values: np.ndarray
    customers: np.ndarray
    left_out: Dict[str, Any]
    negative: Dict[str, int]


def frame_faults(frame: pd.DataFrame) -> List[str]:
    """Return one sentence for each column that is missing or cannot be read.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` and `customers`.
    """
    faults = []
    for name in [*FEATURE_NAMES, "customers"]:
        if name not in frame.columns:
            faults.append(
                "{}: the column is missing. The input has: {}.".format(
                    name, ", ".join(map(str, frame.columns)) or "no columns"
                )
            )
            continue
        try:
            column = np.asarray(frame[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}. Cast the column to float.")
            continue
        finite = np.where(np.isfinite(column), column, 0.0)
        if name == "customers":
            wrong = finite < 1  # of a sample, a vector stands for a broken number of customers
            allowed = "Allowed: numbers from 1."
        else:
            wrong = np.abs(finite) > LARGEST_VALUE
            allowed = f"Allowed: -{LARGEST_VALUE:g} to {LARGEST_VALUE:g}."
        if wrong.any():
            faults.append(
                f"{name}: {float(column[wrong][0])!r} cannot be used "
                f"(rows like it: {wrong.sum()}). {allowed}"
            )
    return faults


def read_vectors(frame: pd.DataFrame) -> Tuple[Vectors, np.ndarray]:
    """Merge the usable rows of a frame into distinct vectors.

    Parameters
    ----------
    frame : DataFrame
        The columns `FEATURE_NAMES` (float) and `customers` (how many customers the row stands
        for), without `frame_faults`. Rows may repeat and come in any order.

    Returns
    -------
    vectors : Vectors
    row_vectors : array of int, shape (n_rows,)
        For each row: the index of its vector, -1 for a row that cannot be used.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [1.0, 0.0, 1.0, None] for name in FEATURE_NAMES})
    >>> vectors, row_vectors = read_vectors(frame.assign(customers=[2, 7, 1, 4]))
    >>> vectors.values[:, 0].tolist(), vectors.customers.tolist(), row_vectors.tolist()
    ([0.0, 1.0], [7.0, 3.0], [1, 0, 1, -1])
    >>> vectors.left_out["customers"]
    4
    """
    columns = [np.asarray(frame[name], dtype=np.float64) for name in FEATURE_NAMES]
    customers = np.asarray(frame["customers"], dtype=np.float64)
    usable = np.logical_and.reduce([np.isfinite(column) for column in columns])
    left_out = {
        "customers": int(customers[~usable].sum()),
        "null": count_customers(map(np.isnan, columns), customers),
        "infinite": count_customers(map(np.isinf, columns), customers),
    }
    if usable.all():  # nothing is copied that need not be: memory is scarce here
        order, repeats = sort_vectors(columns)
    else:
        rows = np.flatnonzero(usable)
        order, repeats = sort_vectors([column[rows] for column in columns])
        order = rows[order]
    values = np.empty((len(columns), len(order)))
    for sorted_values, column in zip(values, columns):
        np.add(column[order], 0.0, out=sorted_values)  # makes -0.0 and 0.0 one value
    starts = np.ones(len(order), dtype=bool)
    starts[repeats] = False
    row_vectors = np.full(len(usable), -1, dtype=np.int32)
    row_vectors[order] = np.cumsum(starts, dtype=np.int32) - 1
    ordered = customers[order]
    if len(repeats):
        values = np.compress(starts, values, axis=1)
        ordered = np.bincount(row_vectors[order], ordered)
    negative = count_customers(((column < 0) & usable for column in columns), customers)
    return Vectors(values.T, ordered, left_out, negative), row_vectors


def sort_vectors(columns: Sequence[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Return an order of the rows that depends on their values only and has equal ones together.

    Sorting by one number made of all the features takes a fraction of the time of sorting by
    each. Where that number is the same for vectors that differ, the order is lexicographic.

    Returns
    -------
    order : array of int, shape (n_rows,)
    repeats : array of int, shape (n_rows - n_vectors,)
        The places in that order whose row equals the one before.

    Examples
    --------
    >>> [found.tolist() for found in sort_vectors([np.array([2.0, 0.0, 2.0])])]
    [[1, 0, 2], [2]]
    """
    key = np.zeros(len(columns[0]))
    for place, column in enumerate(columns):
        key += column * math.sqrt(place + 2)
    order = np.argsort(key)
    key = key[order]
    alike = 1 + np.flatnonzero(key[1:] == key[:-1])
    if equal_before(columns, order, alike).all():
        return order, alike
    order = np.lexsort(columns[::-1])
    places = np.arange(1, len(order))
    return order, places[equal_before(columns, order, places)]


def equal_before(
    columns: Sequence[np.ndarray], order: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return whether the row at each of some places in an order equals the one before."""
    ones, others = order[places], order[places - 1]
    return np.asarray(np.logical_and.reduce([column[ones] == column[others] for column in columns]))


def count_customers(found: Iterable[np.ndarray], customers: np.ndarray) -> Dict[str, int]:
    """Return the customers of the rows where `found`, an array a feature; no zeros."""
    counts = {name: int(customers[rows].sum()) for name, rows in zip(FEATURE_NAMES, found)}
    return {name: count for name, count in counts.items() if count}


def usable_vectors(frame: pd.DataFrame, n_clusters: int = 1) -> Tuple[Vectors, np.ndarray]:
    """Read the vectors, refuse fewer than `n_clusters`, and print what the checks found."""
    vectors, row_vectors = read_vectors(frame)
    report_checks(vectors)
    count, lost = len(vectors.values), vectors.left_out["customers"]
    if not count:
        raise ValueError(
            f"customers: there are none to cluster ({lost} left out). "
            "At least one with finite features is needed."
        )
    if count < n_clusters:
        raise ValueError(
            f"n_clusters: {n_clusters} clusters need at least {n_clusters} distinct feature "
            f"vectors, and there are {count}. Allowed: 1 to {count}."
        )
    return vectors, row_vectors


def report_checks(vectors: Vectors) -> None:
    """Print which customers are left out and which have negative values, when there are any."""
    if vectors.left_out["customers"]:
        reasons = [
            "{} is {} for {}".format(name, "NULL" if reason == "null" else reason, count)
            for reason in ("null", "infinite")
            for name, count in vectors.left_out[reason].items()
        ]
        print(
            "Customers left out: {} of {} ({}).".format(
                vectors.left_out["customers"],
                int(vectors.customers.sum()) + vectors.left_out["customers"],
                ", ".join(reasons),
            )
        )
    if vectors.negative:
        counts = [f"{name} for {count}" for name, count in vectors.negative.items()]
        print("Customers with negative values, kept: {}.".format(", ".join(counts)))


def feature_scale(vectors: Vectors, scaling: str) -> np.ndarray:
    """Return what each feature is divided by before distances are measured.

    Parameters
    ----------
    vectors : Vectors
    scaling : {"none", "standard", "robust"}
        Divide by 1, by the standard deviation, or by the interquartile range, taken over the
        customers. Where that is zero the scale is 1: the feature keeps its unit. (A feature in
        which more than three quarters of the customers have the same value has no
        interquartile range.)

    Returns
    -------
    array of float, shape (n_features,)
    """
    scale = np.ones(vectors.values.shape[1])
    total = float(vectors.customers.sum())
    for index, column in enumerate(vectors.values.T):
        if scaling == "standard" and column.min() < column.max():
            mean = add_up(vectors.customers * column) / total
            scale[index] = math.sqrt(add_up(vectors.customers * (column - mean) ** 2) / total)
        elif scaling == "robust":
            quartiles = weighted_quantiles(column, vectors.customers, (0.25, 0.75))
            scale[index] = quartiles[1] - quartiles[0]
    largest = np.maximum(vectors.values.max(axis=0), -vectors.values.min(axis=0))
    negligible = largest / LARGEST_VALUE
    return np.where(scale > negligible, scale, 1.0)


def scale_points(vectors: Vectors, scale: np.ndarray) -> np.ndarray:
    """Divide the vectors by a scale; return them with shape (n_features, n_vectors).

    Their own values are changed, for memory is scarce.
    """
    points = np.asarray(vectors.values.T)
    if (scale != 1).any():
        points /= scale[:, np.newaxis]
    return points


def add_up(values: np.ndarray) -> float:
    """Return the sum, the same on every release of numpy: one value after the other."""
    return float(np.cumsum(values)[-1])


def weighted_quantiles(
    column: np.ndarray, weights: np.ndarray, shares: Tuple[float, ...]
) -> np.ndarray:
    """Return the smallest values that at least the given shares of the weight do not exceed.

    This is the inverse of the empirical distribution function, definition 1 of Hyndman and Fan
    (1996), Sample quantiles in statistical packages, The American Statistician 50.

    Examples
    --------
    >>> weighted_quantiles(np.array([5.0, 1.0]), np.array([1, 3]), (0.25, 0.75, 0.8)).tolist()
    [1.0, 1.0, 5.0]
    """
    order = np.argsort(column)
    cumulated = weights[order]
    np.cumsum(cumulated, out=cumulated)
    places = np.searchsorted(cumulated, np.multiply(shares, cumulated[-1]))
    return np.asarray(column[order[places]])
# ---- procluster/indb/kmeans.py
"""Customer segments by K-Means: training, the model document, stable cluster numbers."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import pandas as pd
















class Model(NamedTuple):
    """A trained model.

    Attributes
    ----------
    document : str
        The model as JSON in ASCII.
    labels : array of int, shape (n_rows,)
        Cluster number for each row of the frame it was trained on; -1 for a row left out.
    """

    document: str
    labels: np.ndarray


def train(
    frame: pd.DataFrame,
    n_clusters: int,
    scaling: str = "none",
    random_state: int = 111,
    n_init: int = 10,
    previous: Optional[str] = None,
) -> Model:
    """Find `n_clusters` clusters of customers.

    Parameters
    ----------
    frame : DataFrame
        The feature columns and `customers`, as :func:`read_vectors` takes them.
    n_clusters : int
        At most the number of distinct feature vectors.
    scaling : {"none", "standard", "robust"}
    random_state : int
        Seed of the starting centres.
    n_init : int
        Number of starts, of which the best counts.
    previous : str, optional
        Document of an earlier model, whose cluster numbers are kept where clusters match.

    Raises
    ------
    ValueError
        With every fault of the parameters and of the columns.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [0.0, 1.0, 8.0] for name in FEATURE_NAMES})
    >>> model = train(frame.assign(customers=[1, 1, 5]), n_clusters=2)
    >>> model.labels.tolist()
    [1, 1, 0]
    >>> json.loads(model.document)["clusters"][0]["size"]
    5
    """
    faults = parameter_faults(
        n_clusters=n_clusters, scaling=scaling, random_state=random_state, n_init=n_init
    )
    earlier = None
    if previous is not None:
        try:
            earlier = read_segments(previous)
        except ValueError as error:
            faults.append(f"previous: {error}")
    refuse(faults + frame_faults(frame))
    vectors, row_vectors = usable_vectors(frame, n_clusters)
    scale = feature_scale(vectors, scaling)
    points = scale_points(vectors, scale)
    centres, sizes, steps = fit_best(points, vectors.customers, n_clusters, random_state, n_init)
    numbers = number_clusters(centres * scale, sizes, scale, earlier)
    clusters, labels, inertia = describe_clusters(vectors, centres, numbers, scale)
    document = {
        "format": MODEL_FORMAT,
        "features": FEATURE_NAMES,
        "scaling": scaling,
        "scale": by_feature(scale),
        "clusters": clusters,
        "n_clusters": int(n_clusters),
        "random_state": int(random_state),
        "n_init": int(n_init),
        "inertia": inertia,
        "customers": int(vectors.customers.sum()),
        "distinct_vectors": len(vectors.values),
        "left_out": vectors.left_out,
        "negative": vectors.negative,
        "iterations": steps,
        "versions": model_versions(),
    }
    row_labels = np.append(labels, -1)[row_vectors]
    return Model(json.dumps(document, allow_nan=False), row_labels)


def by_feature(values: np.ndarray) -> Dict[str, float]:
    """Return the values (n_features,) as a dictionary by feature name."""
    return dict(zip(FEATURE_NAMES, values.tolist()))


def describe_clusters(
    vectors: Vectors, centres: np.ndarray, numbers: List[int], scale: np.ndarray
) -> Tuple[List[Dict[str, Any]], np.ndarray, float]:
    """Return the document''s clusters by their numbers, the vectors'' numbers, and the inertia.

    Vectors and centres are divided by the scale, in whose units distances are.
    """
    order = np.argsort(numbers)
    labels, distances = nearest_centres(vectors.values, centres[order], np.ones(len(scale)))
    clusters = []
    for place, index in enumerate(order):
        members = labels == place
        size = vectors.customers[members]
        quartiles = weighted_quantiles(distances[members], size, (0.25, 0.75)).tolist()
        centre = centres[index] * scale
        clusters.append(describe_cluster(numbers[index], size.sum(), quartiles, centre))
    inertia = float((vectors.customers * distances).dot(distances))
    return clusters, np.array(numbers)[order][labels], inertia


def describe_cluster(
    number: int, size: float, quartiles: Sequence[float], centre: np.ndarray
) -> Dict[str, Any]:
    """Return the entry of one cluster.

    A customer farther from the centre than the upper outer fence of its cluster, three
    interquartile ranges above the third quartile of the distances, is an outlier: Tukey (1977),
    Exploratory Data Analysis.
    """
    low, high = quartiles
    return {
        "cluster": number,
        "size": int(size),
        "outlier_distance": high + 3 * (high - low),
        "centroid": by_feature(centre),
    }


def number_clusters(
    centres: np.ndarray, sizes: np.ndarray, scale: np.ndarray, earlier: Optional[Segments]
) -> List[int]:
    """Return the number of each cluster.

    Without an earlier model clusters are numbered by size, the largest is 0; equally large ones
    by their centres. With one, each cluster takes the number of the earlier cluster it is
    paired with, so that the sum of the distances between paired centres is least; clusters left
    over take the lowest free numbers by size. So a number may be missing when there are fewer
    clusters than before.
    """
    by_size = sorted(range(len(centres)), key=lambda index: (-sizes[index], tuple(centres[index])))
    pairs = {} if earlier is None else pair_clusters(centres, scale, earlier)
    free = (number for number in range(2 * len(centres)) if number not in pairs.values())
    numbers = {index: pairs[index] if index in pairs else next(free) for index in by_size}
    return [numbers[index] for index in range(len(centres))]


def pair_clusters(centres: np.ndarray, scale: np.ndarray, earlier: Segments) -> Dict[int, int]:
    """Return the earlier number of each cluster that has one, by the cluster''s index.

    Empty, with the reason printed, when there is no telling.
    """
    told = "Clusters are numbered by size, not after the earlier model: {}."
    if earlier.features != FEATURE_NAMES:
        print(told.format("it has the features " + ", ".join(map(ascii, earlier.features))))
        return {}
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        print(told.format(error))
        return {}
    gaps = (centres[:, np.newaxis] - earlier.centres) / scale
    pairs = zip(*linear_sum_assignment(np.sqrt((gaps**2).sum(axis=2))))
    return {int(index): earlier.numbers[place] for index, place in pairs}


def label_customers(
    frame: pd.DataFrame,
    n_clusters: int = 4,
    random_state: int = 111,
    n_init: int = 10,
    integer_keys: bool = False,
) -> pd.DataFrame:
    """Return the tutorial''s table: each customer with its features and its cluster.

    Parameters
    ----------
    frame : DataFrame
        `Customer` (text or whole numbers) and the feature columns, one row per customer. Rows
        without a customer or with a feature that cannot be used are left out.
    n_clusters, random_state, n_init : int
        As for :func:`train`.
    integer_keys : bool
        The customers are whole numbers that came as text: one host makes a bigint a float.

    Returns
    -------
    DataFrame
        Customer, orderRatio, itemsRatio, monetaryRatio, frequency, cluster.
    """
    if "Customer" not in frame.columns:
        refuse(["Customer: the column is missing.", *frame_faults(frame.assign(customers=1))])
    known = frame[frame["Customer"].notnull()]
    model = train(known.assign(customers=1), n_clusters, "none", random_state, n_init)
    used = known[model.labels >= 0]
    result: pd.DataFrame = pd.DataFrame({"Customer": customer_keys(used["Customer"], integer_keys)})
    for name in FEATURE_NAMES:
        first, *rest = name.split("_")
        result[first + "".join(map(str.title, rest))] = used[name].astype(np.float64)
    result["cluster"] = model.labels[model.labels >= 0].astype(np.int32)
    return result


def customer_keys(keys: pd.Series, integer_keys: bool) -> pd.Series:
    """Return the keys in a type that the hosts return: whole numbers, or text as objects."""
    if keys.dtype.kind == "f" and (keys != np.floor(keys)).any():
        raise ValueError("Customer: a key is not a whole number. Allowed: int, or text.")
    if integer_keys or keys.dtype.kind == "f":  # integers with a NULL among them come as floats
        return keys.astype(np.int64)
    return keys if keys.dtype.kind in "iu" else keys.astype(object)
# ---- glue
try:
    OutputDataSet = label_customers(
        InputDataSet,
        n_clusters=4,
        random_state=111,
        n_init=10,
        integer_keys=False,
    )
    fault = None
except Exception as error:
    OutputDataSet = InputDataSet.head(0).assign(cluster=np.int32(0))
    fault = str(locate(error))
',
            @input_data_1 = N'SELECT
    CAST(s.customer_id AS int) AS Customer,
    s.order_ratio,
    s.items_ratio,
    s.monetary_ratio,
    s.frequency
FROM seg.customer_feature_source AS s
',
            @params = N'@fault nvarchar(max) OUTPUT',
            @fault = @fault OUTPUT
        WITH RESULT SETS ((
            Customer int NULL,
            orderRatio float NULL,
            itemsRatio float NULL,
            monetaryRatio float NULL,
            frequency float NULL,
            cluster int NULL
        ));

        IF @fault IS NOT NULL
        BEGIN
            SET @message = LEFT(@fault, 2000);
            THROW 50002, @message, 1;
        END;
    END TRY
    BEGIN CATCH
        SET @message = ERROR_MESSAGE();

        -- It stores nothing, so only a failure is logged, where the transaction lets it.
        IF XACT_STATE() <> -1
            EXEC seg.start_run
                @procedure_name = N'py_generate_customer_return_clusters',
                @run_id = @run_id OUTPUT;

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

/*
The permissions of the roles, on every deployment: those below and no others. What is left over
from an earlier version is taken back first. Permissions on your own tables, and denials of others,
are left alone. docs/permissions.md lists and explains them.
*/
DECLARE @revoke nvarchar(max);

SELECT @revoke = STRING_AGG(
    CAST(CONCAT(
        N'REVOKE ', p.permission_name COLLATE database_default,
        CASE p.class
            WHEN 1 THEN CONCAT(N' ON OBJECT::', QUOTENAME(s.name), N'.', QUOTENAME(o.name))
            WHEN 3 THEN N' ON SCHEMA::seg'
        END,
        N' FROM ', QUOTENAME(r.name), IIF(p.state = 'W', N' CASCADE;', N';')
    ) AS nvarchar(max)),
    N' '
)
FROM sys.database_permissions AS p
INNER JOIN sys.database_principals AS r
    ON r.principal_id = p.grantee_principal_id
LEFT JOIN sys.objects AS o
    ON p.class = 1 AND o.object_id = p.major_id
LEFT JOIN sys.schemas AS s
    ON s.schema_id = o.schema_id
WHERE r.name IN (N'seg_operator', N'seg_reader')
    AND p.state IN ('G', 'W')
    AND p.minor_id = 0
    AND (
        p.class = 0
        OR (p.class = 1 AND s.name = N'seg')
        OR (p.class = 3 AND p.major_id = SCHEMA_ID(N'seg'))
        OR (p.class = 1 AND o.object_id = OBJECT_ID(N'dbo.py_generate_customer_return_clusters'))
    );

IF @revoke IS NOT NULL
    EXEC sys.sp_executesql @revoke;

GRANT EXECUTE ANY EXTERNAL SCRIPT TO seg_operator;
GRANT SELECT ON SCHEMA::seg TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.build_features TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.choose_k TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.train TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.assign TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.profile TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.activate TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.refresh TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.models TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.contacts TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.check_environment TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.help TO seg_operator;
GRANT EXECUTE ON OBJECT::dbo.py_generate_customer_return_clusters TO seg_operator;

GRANT SELECT ON OBJECT::seg.customer_feature TO seg_reader;
GRANT SELECT ON OBJECT::seg.model TO seg_reader;
GRANT SELECT ON OBJECT::seg.customer_cluster TO seg_reader;
GRANT SELECT ON OBJECT::seg.cluster_profile TO seg_reader;
GRANT SELECT ON OBJECT::seg.k_evaluation TO seg_reader;
GRANT SELECT ON OBJECT::seg.centroid TO seg_reader;
GRANT SELECT ON OBJECT::seg.classify TO seg_reader;
GRANT EXECUTE ON OBJECT::seg.models TO seg_reader;
GRANT EXECUTE ON OBJECT::seg.help TO seg_reader;
GO

IF @@ERROR <> 0 AND @@TRANCOUNT > 0
    ROLLBACK TRANSACTION;

IF @@TRANCOUNT = 0
    SET NOEXEC ON;
GO

COMMIT TRANSACTION;
PRINT N'Installed.';
GO

SET NOEXEC OFF;
GO
