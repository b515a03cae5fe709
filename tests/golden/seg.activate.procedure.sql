/*
seg.activate: makes an earlier model the active one.

    EXEC seg.activate @model_id = 1;

The customers keep the clusters they have until seg.assign runs.
*/
CREATE OR ALTER PROCEDURE seg.activate
    @model_id int
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;

    DECLARE
        @own_transaction bit = IIF(@@TRANCOUNT = 0, 1, 0),
        @run_id bigint,
        @parameters nvarchar(1000) = CONCAT(N'@model_id = ', @model_id),
        @lock int,
        @message nvarchar(4000);

    BEGIN TRY
        EXEC seg.start_run
            @procedure_name = N'activate',
            @parameters = @parameters,
            @run_id = @run_id OUTPUT;

        IF NOT EXISTS (SELECT 1 FROM seg.model AS m WHERE m.model_id = @model_id)
        BEGIN
            SET @message = CONCAT(
                N'@model_id: ', COALESCE(CAST(@model_id AS nvarchar(30)), N'NULL'),
                N' is not a model. EXEC seg.models lists them.'
            );
            THROW 50001, @message, 1;
        END;

        IF @own_transaction = 1
            BEGIN TRANSACTION;

        EXEC @lock = sp_getapplock
            @Resource = N'procluster.seg.model',
            @LockMode = N'Exclusive',
            @LockOwner = N'Transaction',
            @LockTimeout = 60000;

        IF @lock < 0
            THROW 50005, N'seg.model: another call is changing it. Try again.', 1;

        -- In two steps: the unique index allows one active model at any moment.
        UPDATE seg.model
        SET is_active = 0
        WHERE is_active = 1;

        UPDATE seg.model
        SET is_active = 1
        WHERE model_id = @model_id;

        SET @message = CONCAT(N'model ', @model_id);

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'succeeded',
            @row_count = 1,
            @message = @message;

        IF @own_transaction = 1
            COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF @own_transaction = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;

        SET @message = ERROR_MESSAGE();

        EXEC seg.finish_run
            @run_id = @run_id,
            @status = N'failed',
            @message = @message;

        THROW;
    END CATCH;
END;
