SET ANSI_NULLS, QUOTED_IDENTIFIER ON;
GO

/*
The SQL Server Agent job that refreshes the segmentation: made, or brought up to date when it is
there. Run it in the database of seg; edit what is declared first, if you like.

A job that is there keeps what this does not name: whether it and its schedule are enabled,
notifications, steps after the first. Its failures are SQL Server's own errors: the step fails, is
tried again, and then the job's outcome is "failed", with the error in its history.

Who may run it and whose rights the job has: docs/permissions.md. The procedures of msdb:
https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sql-server-agent-stored-procedures-transact-sql
*/
SET NOCOUNT, XACT_ABORT ON;

DECLARE
    @job_name nvarchar(128) = LEFT(REPLACE(CONCAT(N'procluster seg.refresh in ', DB_NAME()), N'%', N'_'), 128),
    @owner nvarchar(128) = NULL,
    @category nvarchar(128) = N'procluster',
    @description nvarchar(512) = N'Brings the customer segmentation up to date; its log is seg.run. Made by procluster.',
    @command nvarchar(max) = N'EXEC seg.refresh @with_result = 0;',
    -- every day at 03:00, by the clock of the server (Managed Instance: of its time zone).
    @schedule_name nvarchar(128) = N'every day at 03:00',
    @freq_type int = 4,
    @freq_interval int = 1,
    @freq_recurrence_factor int = 0,
    @active_start_time int = 30000,
    @retry_attempts int = 2,
    @retry_interval int = 10,
    @database_name nvarchar(128) = DB_NAME(),
    @job_id uniqueidentifier,
    @schedule_id int,
    @is_new bit = 0,
    @message nvarchar(2048);

-- What sp_help_jobschedule returns:
-- https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-help-jobschedule-transact-sql
DROP TABLE IF EXISTS #schedule;

CREATE TABLE #schedule (
    schedule_id int NULL,
    schedule_name nvarchar(128) NULL,
    enabled int NULL,
    freq_type int NULL,
    freq_interval int NULL,
    freq_subday_type int NULL,
    freq_subday_interval int NULL,
    freq_relative_interval int NULL,
    freq_recurrence_factor int NULL,
    active_start_date int NULL,
    active_end_date int NULL,
    active_start_time int NULL,
    active_end_time int NULL,
    date_created datetime NULL,
    schedule_description nvarchar(4000) NULL,
    next_run_date int NULL,
    next_run_time int NULL,
    schedule_uid uniqueidentifier NULL,
    job_count int NULL
);

IF OBJECT_ID(N'seg.refresh', N'P') IS NULL
BEGIN
    SET @message = CONCAT(
        N'seg.refresh: is not in database ', @database_name,
        N'. Deploy it there first, or run this in the database that has it.'
    );
    THROW 50004, @message, 1;
END;

BEGIN TRY
    BEGIN TRANSACTION;

    -- Only sysadmin may add a category; without it, the one that everybody's jobs are in.
    IF NOT EXISTS (
        SELECT 1
        FROM msdb.dbo.syscategories AS c
        WHERE c.name = @category AND c.category_class = 1
    )
    BEGIN
        IF IS_SRVROLEMEMBER(N'sysadmin') = 1
            EXEC msdb.dbo.sp_add_category
                @class = 'JOB',
                @type = 'LOCAL',
                @name = @category;
        ELSE
            SET @category = N'[Uncategorized (Local)]';
    END;

    SELECT @job_id = j.job_id
    FROM msdb.dbo.sysjobs_view AS j
    WHERE j.name = @job_name;

    IF @job_id IS NULL
    BEGIN
        SET @is_new = 1;

        EXEC msdb.dbo.sp_add_job
            @job_name = @job_name,
            @description = @description,
            @category_name = @category,
            @owner_login_name = @owner,
            @job_id = @job_id OUTPUT;

        EXEC msdb.dbo.sp_add_jobserver
            @job_id = @job_id,
            @server_name = N'(local)';

        -- Action 2 on failure: the job ends, and its outcome is "failed".
        EXEC msdb.dbo.sp_add_jobstep
            @job_id = @job_id,
            @step_id = 1,
            @step_name = N'refresh',
            @subsystem = N'TSQL',
            @command = @command,
            @database_name = @database_name,
            @on_success_action = 1,
            @on_fail_action = 2,
            @retry_attempts = @retry_attempts,
            @retry_interval = @retry_interval;
    END
    ELSE
    BEGIN
        EXEC msdb.dbo.sp_update_job
            @job_id = @job_id,
            @description = @description,
            @category_name = @category,
            @owner_login_name = @owner;

        EXEC msdb.dbo.sp_update_jobstep
            @job_id = @job_id,
            @step_id = 1,
            @step_name = N'refresh',
            @subsystem = N'TSQL',
            @command = @command,
            @database_name = @database_name,
            @on_fail_action = 2,
            @retry_attempts = @retry_attempts,
            @retry_interval = @retry_interval;

        -- Asked for, because only sysadmin may read sysjobschedules.
        INSERT INTO #schedule
        EXEC msdb.dbo.sp_help_jobschedule
            @job_id = @job_id;

        SELECT @schedule_id = MIN(s.schedule_id)
        FROM #schedule AS s;
    END;

    -- Every freq_interval days, or on those days of the week; once a day, at active_start_time.
    IF @schedule_id IS NULL
        EXEC msdb.dbo.sp_add_jobschedule
            @job_id = @job_id,
            @name = @schedule_name,
            @freq_type = @freq_type,
            @freq_interval = @freq_interval,
            @freq_subday_type = 1,
            @freq_recurrence_factor = @freq_recurrence_factor,
            @active_start_time = @active_start_time;
    ELSE
        EXEC msdb.dbo.sp_update_schedule
            @schedule_id = @schedule_id,
            @new_name = @schedule_name,
            @freq_type = @freq_type,
            @freq_interval = @freq_interval,
            @freq_subday_type = 1,
            @freq_recurrence_factor = @freq_recurrence_factor,
            @active_start_time = @active_start_time;

    COMMIT TRANSACTION;
END TRY
BEGIN CATCH
    IF XACT_STATE() <> 0
        ROLLBACK TRANSACTION;

    THROW;
END CATCH;

SET @message = CONCAT(
    N'Job ''', @job_name, N''' ', IIF(@is_new = 1, N'made', N'brought up to date'), N': ',
    @schedule_name, N', in category ', @category, N'.'
);
PRINT @message;
GO
