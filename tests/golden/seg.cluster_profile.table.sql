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
