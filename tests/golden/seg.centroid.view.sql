/*
seg.centroid: the centroids of the active model.

    SELECT * FROM seg.centroid ORDER BY cluster_id;
*/
CREATE OR ALTER VIEW seg.centroid
AS
SELECT
    c.model_id,
    c.cluster_id,
    c.customers,
    c.outlier_distance,
    c.order_ratio,
    c.order_ratio_scale,
    c.items_ratio,
    c.items_ratio_scale,
    c.monetary_ratio,
    c.monetary_ratio_scale,
    c.frequency,
    c.frequency_scale
FROM seg.model AS m
CROSS APPLY seg.model_centroid(m.model_id) AS c
WHERE m.is_active = 1;
