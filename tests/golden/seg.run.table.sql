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
