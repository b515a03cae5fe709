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
