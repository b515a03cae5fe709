/*
seg.finish_run: closes a row of seg.run. The other procedures call it; nobody else needs to.

In a transaction of the caller's that can only be rolled back, nothing can be written; the row then
goes with the rest of that transaction.
*/
CREATE OR ALTER PROCEDURE seg.finish_run
    @run_id bigint,
    @status nvarchar(10),
    @row_count bigint = NULL,
    @message nvarchar(4000) = NULL
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    IF XACT_STATE() = -1
        RETURN;

    UPDATE seg.run
    SET
        ended_at = SYSUTCDATETIME(),
        status = @status,
        row_count = @row_count,
        message = @message
    WHERE run_id = @run_id;
END;
