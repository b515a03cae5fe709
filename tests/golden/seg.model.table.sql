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
