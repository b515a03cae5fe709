/* The cluster of every customer, by the model that seg.assign last used. */
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
