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
