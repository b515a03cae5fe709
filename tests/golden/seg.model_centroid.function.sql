/*
seg.model_centroid: the centroids of one model, opened from its JSON document.

    SELECT * FROM seg.model_centroid(1);

One row for each cluster: its size when trained, the distance beyond which a member is an outlier,
and for each feature the centre and the scale. The distance of a customer to a cluster is the square
root of the sum over the features of ((value - centre) / scale) squared.
*/
CREATE OR ALTER FUNCTION seg.model_centroid (@model_id int)
RETURNS TABLE
AS
RETURN (
    SELECT
        m.model_id,
        c.cluster_id,
        c.customers,
        c.outlier_distance,
        c.order_ratio,
        s.order_ratio_scale,
        c.items_ratio,
        s.items_ratio_scale,
        c.monetary_ratio,
        s.monetary_ratio_scale,
        c.frequency,
        s.frequency_scale
    FROM seg.model AS m
    CROSS APPLY OPENJSON(m.document, N'$.clusters') WITH (
        order_ratio float '$.centroid.order_ratio',
        items_ratio float '$.centroid.items_ratio',
        monetary_ratio float '$.centroid.monetary_ratio',
        frequency float '$.centroid.frequency',
        cluster_id int '$.cluster',
        customers bigint '$.size',
        outlier_distance float '$.outlier_distance'
    ) AS c
    CROSS APPLY OPENJSON(m.document, N'$.scale') WITH (
        order_ratio_scale float '$.order_ratio',
        items_ratio_scale float '$.items_ratio',
        monetary_ratio_scale float '$.monetary_ratio',
        frequency_scale float '$.frequency'
    ) AS s
    WHERE m.model_id = @model_id
);
