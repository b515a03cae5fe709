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
