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
