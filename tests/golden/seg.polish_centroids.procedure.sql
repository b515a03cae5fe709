/*
seg.polish_centroids: moves centroids that were fitted on a sample to where all customers want them.
Called by seg.choose_k and seg.train after seg.sample_vectors, with these temp tables:

    #vector     every distinct vector with its number of customers
    #centroid   k, cluster_id, where the centroid is, and whether its k is still moving
    #cluster    filled here: for each k and cluster its customers, the sums of their distances and of
                the squares of these, and the means of their features

A step puts every vector to its nearest centroid and moves each centroid to the mean of its customers:
Lloyd (1982), Least squares quantization in PCM. It is over when a step would lower the sum of squared
distances by no more than the tolerance, as a share of it. A centroid without customers moves to the
vector that adds most to that sum. Progress is sent as messages.
*/
CREATE OR ALTER PROCEDURE seg.polish_centroids
    @tolerance float = 1e-6,
    @max_steps int = 100,
    @steps int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    DECLARE @moving int = 1;

    SET @steps = 0;

    WHILE @moving > 0
    BEGIN
        DELETE FROM u
        FROM #cluster AS u
        WHERE EXISTS (SELECT 1 FROM #centroid AS c WHERE c.k = u.k AND c.is_moving = 1);

        INSERT INTO #cluster (
            k, cluster_id, customers, distance, squared_distance, order_ratio, items_ratio, monetary_ratio, frequency
        )
        SELECT
            t.k,
            n.cluster_id,
            SUM(v.customers),
            SUM(v.customers * SQRT(n.squared_distance)),
            SUM(v.customers * n.squared_distance),
            SUM(v.customers * v.order_ratio) / SUM(v.customers),
            SUM(v.customers * v.items_ratio) / SUM(v.customers),
            SUM(v.customers * v.monetary_ratio) / SUM(v.customers),
            SUM(v.customers * v.frequency) / SUM(v.customers)
        FROM #vector AS v
        CROSS JOIN (SELECT DISTINCT c.k FROM #centroid AS c WHERE c.is_moving = 1) AS t
        CROSS APPLY (
            SELECT TOP (1)
                c.cluster_id,
                SQUARE(v.order_ratio - c.order_ratio) +
                SQUARE(v.items_ratio - c.items_ratio) +
                SQUARE(v.monetary_ratio - c.monetary_ratio) +
                SQUARE(v.frequency - c.frequency) AS squared_distance
            FROM #centroid AS c
            WHERE c.k = t.k
            ORDER BY squared_distance, c.cluster_id
        ) AS n
        GROUP BY t.k, n.cluster_id;

        -- What the step would gain: the squared way of each centroid, once for each of its customers.
        UPDATE c
        SET c.is_moving = 0
        FROM #centroid AS c
        INNER JOIN (
            SELECT
                u.k,
                COUNT(*) AS clusters,
                SUM(u.squared_distance) AS inertia,
                SUM(u.customers * (
                    SQUARE(u.order_ratio - o.order_ratio) +
                    SQUARE(u.items_ratio - o.items_ratio) +
                    SQUARE(u.monetary_ratio - o.monetary_ratio) +
                    SQUARE(u.frequency - o.frequency)
                )) AS gain
            FROM #cluster AS u
            INNER JOIN #centroid AS o
                ON o.k = u.k AND o.cluster_id = u.cluster_id
            WHERE o.is_moving = 1
            GROUP BY u.k
        ) AS t
            ON t.k = c.k
        WHERE @steps >= @max_steps OR (t.clusters = t.k AND t.gain <= @tolerance * t.inertia);

        -- Hardly ever: a centroid without customers.
        IF EXISTS (
            SELECT 1
            FROM #centroid AS c
            WHERE c.is_moving = 1
                AND NOT EXISTS (SELECT 1 FROM #cluster AS u WHERE u.k = c.k AND u.cluster_id = c.cluster_id)
        )
            UPDATE c
            SET
                c.order_ratio = w.order_ratio,
                c.items_ratio = w.items_ratio,
                c.monetary_ratio = w.monetary_ratio,
                c.frequency = w.frequency
            FROM #centroid AS c
            INNER JOIN (
                SELECT
                    e.k,
                    e.cluster_id,
                    ROW_NUMBER() OVER (PARTITION BY e.k ORDER BY e.cluster_id) AS place
                FROM #centroid AS e
                WHERE e.is_moving = 1
                    AND NOT EXISTS (SELECT 1 FROM #cluster AS u WHERE u.k = e.k AND u.cluster_id = e.cluster_id)
            ) AS e
                ON e.k = c.k AND e.cluster_id = c.cluster_id
            INNER JOIN (
                SELECT
                    t.k,
                    v.order_ratio,
                    v.items_ratio,
                    v.monetary_ratio,
                    v.frequency,
                    ROW_NUMBER() OVER (
                        PARTITION BY t.k
                        ORDER BY
                            v.customers * n.squared_distance DESC,
                            v.order_ratio ASC,
                            v.items_ratio ASC,
                            v.monetary_ratio ASC,
                            v.frequency ASC
                    ) AS place
                FROM #vector AS v
                CROSS JOIN (SELECT DISTINCT c.k FROM #centroid AS c WHERE c.is_moving = 1) AS t
                CROSS APPLY (
                    SELECT TOP (1)
                        c.cluster_id,
                        SQUARE(v.order_ratio - c.order_ratio) +
                        SQUARE(v.items_ratio - c.items_ratio) +
                        SQUARE(v.monetary_ratio - c.monetary_ratio) +
                        SQUARE(v.frequency - c.frequency) AS squared_distance
                    FROM #centroid AS c
                    WHERE c.k = t.k
                    ORDER BY squared_distance, c.cluster_id
                ) AS n
            ) AS w
                ON w.k = e.k AND w.place = e.place;

        UPDATE c
        SET
            c.order_ratio = u.order_ratio,
            c.items_ratio = u.items_ratio,
            c.monetary_ratio = u.monetary_ratio,
            c.frequency = u.frequency
        FROM #centroid AS c
        INNER JOIN #cluster AS u
            ON u.k = c.k AND u.cluster_id = c.cluster_id
        WHERE c.is_moving = 1;

        SELECT @moving = COUNT(DISTINCT c.k)
        FROM #centroid AS c
        WHERE c.is_moving = 1;

        SET @steps += 1;

        RAISERROR(N'Step %d over all customers. Numbers of clusters still moving: %d.', 0, 1, @steps, @moving) WITH NOWAIT;
    END;
END;
