/*
A model of what SQL Server Agent keeps in msdb: the procedures that the job's scripts call, with the
parameters that Microsoft documents, their defaults and the errors they raise, over the tables that
the scripts read. It lives in a schema, msdb_dbo, because the embedded engine has one database.
https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sql-server-agent-stored-procedures-transact-sql
*/
CREATE SCHEMA msdb_dbo;
GO
CREATE TABLE msdb_dbo.caller (login_name nvarchar(128) NOT NULL, is_sysadmin int NOT NULL);
INSERT INTO msdb_dbo.caller VALUES (N'dba', 1);
CREATE TABLE msdb_dbo.syscategories (
    category_id int IDENTITY(1, 1) NOT NULL, category_class int NOT NULL, name nvarchar(128) NOT NULL
);
INSERT INTO msdb_dbo.syscategories (category_class, name) VALUES (1, N'[Uncategorized (Local)]');
CREATE TABLE msdb_dbo.sysjobs_view (
    job_id uniqueidentifier NOT NULL, name nvarchar(128) NOT NULL, enabled tinyint NOT NULL,
    description nvarchar(512) NULL, category nvarchar(128) NULL, owner nvarchar(128) NOT NULL,
    server nvarchar(30) NULL
);
CREATE TABLE msdb_dbo.sysjobsteps (
    job_id uniqueidentifier NOT NULL, step_id int NOT NULL, step_name nvarchar(128) NOT NULL,
    subsystem nvarchar(40) NOT NULL, command nvarchar(max) NULL, on_success_action tinyint NOT NULL,
    on_fail_action tinyint NOT NULL, database_name nvarchar(128) NULL, retry_attempts int NOT NULL,
    retry_interval int NOT NULL
);
CREATE TABLE msdb_dbo.sysschedules (
    schedule_id int IDENTITY(1, 1) NOT NULL, name nvarchar(128) NOT NULL, enabled int NOT NULL,
    freq_type int NOT NULL, freq_interval int NOT NULL, freq_subday_type int NOT NULL,
    freq_recurrence_factor int NOT NULL, active_start_time int NOT NULL
);
CREATE TABLE msdb_dbo.sysjobschedules (schedule_id int NOT NULL, job_id uniqueidentifier NOT NULL);
GO
CREATE PROCEDURE msdb_dbo.sp_add_category
    @class varchar(8) = 'JOB', @type varchar(12) = 'LOCAL', @name nvarchar(128)
AS
BEGIN
    IF NOT EXISTS (SELECT 1 FROM msdb_dbo.caller AS c WHERE c.is_sysadmin = 1)
        THROW 50000, N'Only members of sysadmin role are allowed to add categories.', 1;
    IF EXISTS (SELECT 1 FROM msdb_dbo.syscategories AS c WHERE c.name = @name)
        THROW 50000, N'The specified category name already exists.', 1;
    INSERT INTO msdb_dbo.syscategories (category_class, name) VALUES (1, @name);
END;
GO
CREATE PROCEDURE msdb_dbo.sp_add_job
    @job_name nvarchar(128), @enabled tinyint = 1, @description nvarchar(512) = NULL,
    @start_step_id int = 1, @category_name nvarchar(128) = NULL, @category_id int = NULL,
    @owner_login_name nvarchar(128) = NULL, @notify_level_eventlog int = 2,
    @notify_level_email int = 0, @job_id uniqueidentifier = NULL OUTPUT
AS
BEGIN
    IF CHARINDEX(N'%', @job_name) > 0
        THROW 50000, N'The specified @job_name is invalid.', 1;
    IF EXISTS (SELECT 1 FROM msdb_dbo.sysjobs_view AS j WHERE j.name = @job_name)
        THROW 50000, N'The specified @job_name already exists.', 1;
    IF NOT EXISTS (SELECT 1 FROM msdb_dbo.syscategories AS c WHERE c.name = @category_name)
        THROW 50000, N'The specified @category_name does not exist.', 1;
    IF @owner_login_name IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM msdb_dbo.caller AS c WHERE c.is_sysadmin = 1)
        THROW 50000, N'Only members of sysadmin may set @owner_login_name.', 1;
    SELECT @job_id = CAST(CONCAT(N'00000000-0000-0000-0000-', 100000000001 + COUNT(*)) AS uniqueidentifier)
    FROM msdb_dbo.sysjobs_view AS j;
    INSERT INTO msdb_dbo.sysjobs_view (job_id, name, enabled, description, category, owner)
    SELECT
        @job_id, @job_name, @enabled, @description, @category_name,
        COALESCE(@owner_login_name, c.login_name)
    FROM msdb_dbo.caller AS c;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_update_job
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @enabled tinyint = NULL,
    @description nvarchar(512) = NULL, @category_name nvarchar(128) = NULL,
    @owner_login_name nvarchar(128) = NULL
AS
BEGIN
    UPDATE msdb_dbo.sysjobs_view
    SET
        enabled = COALESCE(@enabled, enabled),
        description = COALESCE(@description, description),
        category = COALESCE(@category_name, category),
        owner = COALESCE(@owner_login_name, owner)
    WHERE job_id = @job_id;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_add_jobserver
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @server_name nvarchar(30) = NULL
AS
BEGIN
    UPDATE msdb_dbo.sysjobs_view
    SET server = @server_name
    WHERE job_id = @job_id;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_add_jobstep
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @step_id int = NULL,
    @step_name nvarchar(128), @subsystem nvarchar(40) = N'TSQL', @command nvarchar(max) = NULL,
    @on_success_action tinyint = 1, @on_fail_action tinyint = 2,
    @database_name nvarchar(128) = NULL, @retry_attempts int = 0, @retry_interval int = 0
AS
BEGIN
    IF EXISTS (SELECT 1 FROM msdb_dbo.sysjobsteps AS s WHERE s.job_id = @job_id AND s.step_id = @step_id)
        THROW 50000, N'The step is there already.', 1;
    INSERT INTO msdb_dbo.sysjobsteps VALUES (
        @job_id, @step_id, @step_name, @subsystem, @command, @on_success_action, @on_fail_action,
        @database_name, @retry_attempts, @retry_interval
    );
END;
GO
CREATE PROCEDURE msdb_dbo.sp_update_jobstep
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @step_id int,
    @step_name nvarchar(128) = NULL, @subsystem nvarchar(40) = NULL, @command nvarchar(max) = NULL,
    @on_success_action tinyint = NULL, @on_fail_action tinyint = NULL,
    @database_name nvarchar(128) = NULL, @retry_attempts int = NULL, @retry_interval int = NULL
AS
BEGIN
    UPDATE msdb_dbo.sysjobsteps
    SET
        step_name = COALESCE(@step_name, step_name),
        subsystem = COALESCE(@subsystem, subsystem),
        command = COALESCE(@command, command),
        on_success_action = COALESCE(@on_success_action, on_success_action),
        on_fail_action = COALESCE(@on_fail_action, on_fail_action),
        database_name = COALESCE(@database_name, database_name),
        retry_attempts = COALESCE(@retry_attempts, retry_attempts),
        retry_interval = COALESCE(@retry_interval, retry_interval)
    WHERE job_id = @job_id AND step_id = @step_id;
    IF @@ROWCOUNT = 0
        THROW 50000, N'The specified @step_id does not exist.', 1;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_add_jobschedule
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @name nvarchar(128),
    @enabled tinyint = 1, @freq_type int = 0, @freq_interval int = 0, @freq_subday_type int = 0,
    @freq_subday_interval int = 0, @freq_relative_interval int = 0, @freq_recurrence_factor int = 0,
    @active_start_date int = NULL, @active_end_date int = 99991231, @active_start_time int = 0,
    @active_end_time int = 235959, @schedule_id int = NULL OUTPUT
AS
BEGIN
    IF @freq_type = 8 AND (@freq_interval NOT BETWEEN 1 AND 127 OR @freq_recurrence_factor < 1)
        THROW 50000, N'The specified @freq_interval is invalid.', 1;
    IF @active_start_time / 10000 > 23 OR @active_start_time / 100 % 100 > 59
        THROW 50000, N'The specified @active_start_time is invalid.', 1;
    INSERT INTO msdb_dbo.sysschedules VALUES (
        @name, @enabled, @freq_type, @freq_interval, @freq_subday_type, @freq_recurrence_factor,
        @active_start_time
    );
    SET @schedule_id = CAST(SCOPE_IDENTITY() AS int);
    INSERT INTO msdb_dbo.sysjobschedules VALUES (@schedule_id, @job_id);
END;
GO
CREATE PROCEDURE msdb_dbo.sp_update_schedule
    @schedule_id int = NULL, @name nvarchar(128) = NULL, @new_name nvarchar(128) = NULL,
    @enabled tinyint = NULL, @freq_type int = NULL, @freq_interval int = NULL,
    @freq_subday_type int = NULL, @freq_subday_interval int = NULL,
    @freq_recurrence_factor int = NULL, @active_start_time int = NULL
AS
BEGIN
    UPDATE msdb_dbo.sysschedules
    SET
        name = COALESCE(@new_name, name),
        enabled = COALESCE(@enabled, enabled),
        freq_type = COALESCE(@freq_type, freq_type),
        freq_interval = COALESCE(@freq_interval, freq_interval),
        freq_subday_type = COALESCE(@freq_subday_type, freq_subday_type),
        freq_recurrence_factor = COALESCE(@freq_recurrence_factor, freq_recurrence_factor),
        active_start_time = COALESCE(@active_start_time, active_start_time)
    WHERE schedule_id = @schedule_id;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_delete_job
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @delete_history bit = 1,
    @delete_unused_schedule bit = 1
AS
BEGIN
    IF @delete_unused_schedule = 1
        DELETE FROM msdb_dbo.sysschedules
        WHERE schedule_id IN (SELECT s.schedule_id FROM msdb_dbo.sysjobschedules AS s WHERE s.job_id = @job_id);
    DELETE FROM msdb_dbo.sysjobschedules
    WHERE job_id = @job_id;
    DELETE FROM msdb_dbo.sysjobsteps
    WHERE job_id = @job_id;
    DELETE FROM msdb_dbo.sysjobs_view
    WHERE job_id = @job_id;
END;
GO
CREATE PROCEDURE msdb_dbo.sp_help_job
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @job_aspect varchar(9) = NULL
AS
    SELECT j.job_id, j.name, j.enabled, j.description, j.category, j.owner
    FROM msdb_dbo.sysjobs_view AS j
    WHERE j.name = @job_name;
GO
CREATE PROCEDURE msdb_dbo.sp_help_jobschedule
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL,
    @schedule_name nvarchar(128) = NULL, @schedule_id int = NULL, @include_description bit = 0
AS
    SELECT
        s.schedule_id, s.name AS schedule_name, s.enabled, s.freq_type, s.freq_interval,
        s.freq_subday_type, 0 AS freq_subday_interval, 0 AS freq_relative_interval,
        s.freq_recurrence_factor, 20261125 AS active_start_date, 99991231 AS active_end_date,
        s.active_start_time, 235959 AS active_end_time, GETDATE() AS date_created,
        N'not requested' AS schedule_description, 20261126 AS next_run_date,
        s.active_start_time AS next_run_time, j.job_id AS schedule_uid, 1 AS job_count
    FROM msdb_dbo.sysschedules AS s
    INNER JOIN msdb_dbo.sysjobschedules AS a
        ON a.schedule_id = s.schedule_id
    INNER JOIN msdb_dbo.sysjobs_view AS j
        ON j.job_id = a.job_id
    WHERE j.job_id = @job_id OR j.name = @job_name;
GO
CREATE PROCEDURE msdb_dbo.sp_help_jobhistory
    @job_id uniqueidentifier = NULL, @job_name nvarchar(128) = NULL, @step_id int = NULL,
    @oldest_first int = 0, @mode varchar(7) = 'SUMMARY'
AS
    SELECT
        h.step_id, h.message, h.run_status, h.run_date, h.run_time
    FROM (
        VALUES
            (2, 0, N'The job failed. The Job was invoked by Schedule 1.', 0, 20261125, 30000),
            (1, 1, N'dbo.store_sales: no row has a customer. [SQLSTATE 42000] (Error 50004).', 0, 20261125, 30001)
    ) AS h (instance_id, step_id, message, run_status, run_date, run_time)
    ORDER BY h.instance_id DESC;
GO
