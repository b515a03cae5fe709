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

    INSERT INTO seg.run (procedure_name, parameters)
    VALUES (@procedure_name, @parameters);

    SET @run_id = CAST(SCOPE_IDENTITY() AS bigint);
END;
