/*
seg.start_run: opens a row of seg.run. The other procedures call it; nobody else needs to.
*/
CREATE OR ALTER PROCEDURE seg.start_run
    @procedure_name nvarchar(128),
    @parameters nvarchar(1000) = NULL,
    @run_id bigint OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    INSERT INTO seg.run (procedure_name, parameters, in_refresh)
    VALUES (
        @procedure_name,
        @parameters,
        IIF(APPLOCK_MODE(N'public', N'procluster.seg.refresh', N'Session') = N'NoLock', 0, 1)
    );

    SET @run_id = CAST(SCOPE_IDENTITY() AS bigint);
END;
