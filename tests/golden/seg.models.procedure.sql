/*
seg.models: every model, the newest first.

    EXEC seg.models;
*/
CREATE OR ALTER PROCEDURE seg.models
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    SELECT
        m.model_id,
        m.is_active,
        m.created_at,
        m.n_clusters,
        m.scaling,
        m.random_state,
        m.n_init,
        m.inertia,
        m.customers,
        r.login_name AS trained_by
    FROM seg.model AS m
    INNER JOIN seg.run AS r
        ON r.run_id = m.run_id
    ORDER BY m.model_id DESC;
END;
