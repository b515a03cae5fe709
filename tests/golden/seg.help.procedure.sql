/*
seg.help: what there is to EXEC, and how.

    EXEC seg.help;
*/
CREATE OR ALTER PROCEDURE seg.help
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    SELECT
        h.name,
        h.purpose,
        h.example
    FROM (
        VALUES
            (1, N'seg.build_features', N'Compute the features of every customer', N'EXEC seg.build_features;'),
            (2, N'seg.choose_k', N'Try every number of clusters and suggest one', N'EXEC seg.choose_k @max_k = 10;'),
            (3, N'seg.train', N'Fit K-Means and store the model', N'EXEC seg.train @n_clusters = 4;'),
            (4, N'seg.assign', N'Put every customer into a cluster', N'EXEC seg.assign;'),
            (5, N'seg.profile', N'Describe the clusters in numbers and words', N'EXEC seg.profile;'),
            (6, N'seg.activate', N'Go back to an earlier model', N'EXEC seg.activate @model_id = 1;'),
            (7, N'seg.refresh', N'Bring it all up to date, as the Agent job does', N'EXEC seg.refresh;'),
            (8, N'seg.models', N'List the models', N'EXEC seg.models;'),
            (9, N'seg.contacts', N'The e-mail addresses of a cluster', N'EXEC seg.contacts @cluster = 0;'),
            (10, N'seg.check_environment', N'Is everything here that is needed?', N'EXEC seg.check_environment;'),
            (11, N'seg.help', N'This list', N'EXEC seg.help;')
    ) AS h (position, name, purpose, example)
    ORDER BY h.position;
END;
