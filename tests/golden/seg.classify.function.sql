/*
seg.classify: the cluster of one feature vector, by the active model. No Python.

    SELECT cluster_id, distance FROM seg.classify(0, 0, 0, 0);

One row: the nearest centroid (the lower number on a tie), the distance to it, and whether the
vector is an outlier there. No row when no model is active or a feature is NULL.
*/
CREATE OR ALTER FUNCTION seg.classify (
    @order_ratio float,
    @items_ratio float,
    @monetary_ratio float,
    @frequency float
)
RETURNS TABLE
AS
RETURN (
    SELECT
        n.model_id,
        n.cluster_id,
        SQRT(n.squared_distance) AS distance,
        -- The fence was computed elsewhere: its last digit makes nobody an outlier.
        CAST(
            IIF(SQRT(n.squared_distance) > n.outlier_distance * 1.000000001, 1, 0) AS bit
        ) AS is_outlier
    FROM (
        SELECT TOP (1)
            c.model_id,
            c.cluster_id,
            c.outlier_distance,
            SQUARE((@order_ratio - c.order_ratio) / c.order_ratio_scale) +
            SQUARE((@items_ratio - c.items_ratio) / c.items_ratio_scale) +
            SQUARE((@monetary_ratio - c.monetary_ratio) / c.monetary_ratio_scale) +
            SQUARE((@frequency - c.frequency) / c.frequency_scale) AS squared_distance
        FROM seg.centroid AS c
        WHERE
            @order_ratio IS NOT NULL AND
            @items_ratio IS NOT NULL AND
            @monetary_ratio IS NOT NULL AND
            @frequency IS NOT NULL
        ORDER BY squared_distance, c.cluster_id
    ) AS n
);
