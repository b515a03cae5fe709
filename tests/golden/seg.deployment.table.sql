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
