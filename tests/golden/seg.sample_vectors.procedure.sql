/*
seg.sample_vectors: draws the feature vectors that stand for all, when there are more of them
than a Python script should hold in memory. Called by seg.choose_k and seg.train, whose temp
tables it fills:

    #scale    one row: what each feature is divided by
    #vector   every distinct vector, divided by the scale, with its number of customers
    #point    those drawn, with the number of customers that each stands for

A vector's chance to be drawn has three equal parts: the same for every vector, its share of the
customers, and its share of the sum of squares around the mean. What lies far out is certain to be
drawn, and whoever is drawn stands for its customers divided by its chance. (Bachem, Lucic and Krause
2018, Scalable k-means clustering via lightweight coresets.) Nothing is left to luck: the chances are
added up in the order of the features, and each vector that completes a whole number is drawn.
*/
CREATE OR ALTER PROCEDURE seg.sample_vectors
    @max_points int,
    @scaling nvarchar(10)
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;

    DECLARE
        @vectors float,
        @customers float,
        @spread float,
        @one bigint = 1000000000;

    IF @scaling = N'none'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        VALUES (1, 1, 1, 1);

    IF @scaling = N'standard'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        SELECT
            IIF(MIN(f.order_ratio) < MAX(f.order_ratio), STDEVP(f.order_ratio), 0),
            IIF(MIN(f.items_ratio) < MAX(f.items_ratio), STDEVP(f.items_ratio), 0),
            IIF(MIN(f.monetary_ratio) < MAX(f.monetary_ratio), STDEVP(f.monetary_ratio), 0),
            IIF(MIN(f.frequency) < MAX(f.frequency), STDEVP(f.frequency), 0)
        FROM seg.customer_feature AS f;

    IF @scaling = N'robust'
        INSERT INTO #scale (order_ratio, items_ratio, monetary_ratio, frequency)
        SELECT TOP (1)
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.order_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.order_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.items_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.items_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.monetary_ratio) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.monetary_ratio) OVER (),
            PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY f.frequency) OVER () -
            PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY f.frequency) OVER ()
        FROM seg.customer_feature AS f;

    -- A feature without spread keeps its unit.
    UPDATE s
    SET
        s.order_ratio = IIF(s.order_ratio > m.order_ratio / 1e100, s.order_ratio, 1),
        s.items_ratio = IIF(s.items_ratio > m.items_ratio / 1e100, s.items_ratio, 1),
        s.monetary_ratio = IIF(s.monetary_ratio > m.monetary_ratio / 1e100, s.monetary_ratio, 1),
        s.frequency = IIF(s.frequency > m.frequency / 1e100, s.frequency, 1)
    FROM #scale AS s
    CROSS JOIN (
        SELECT
            MAX(ABS(f.order_ratio)) AS order_ratio,
            MAX(ABS(f.items_ratio)) AS items_ratio,
            MAX(ABS(f.monetary_ratio)) AS monetary_ratio,
            MAX(ABS(f.frequency)) AS frequency
        FROM seg.customer_feature AS f
    ) AS m;

    INSERT INTO #vector (order_ratio, items_ratio, monetary_ratio, frequency, customers)
    SELECT
        v.order_ratio / s.order_ratio,
        v.items_ratio / s.items_ratio,
        v.monetary_ratio / s.monetary_ratio,
        v.frequency / s.frequency,
        v.customers
    FROM (
        SELECT
            f.order_ratio,
            f.items_ratio,
            f.monetary_ratio,
            f.frequency,
            COUNT_BIG(*) AS customers
        FROM seg.customer_feature AS f
        GROUP BY f.order_ratio, f.items_ratio, f.monetary_ratio, f.frequency
    ) AS v
    CROSS JOIN #scale AS s;

    -- The sum of squares around the mean is never 0: the vectors differ.
    SELECT
        SUM(v.customers * v.order_ratio) / SUM(v.customers) AS order_ratio,
        SUM(v.customers * v.items_ratio) / SUM(v.customers) AS items_ratio,
        SUM(v.customers * v.monetary_ratio) / SUM(v.customers) AS monetary_ratio,
        SUM(v.customers * v.frequency) / SUM(v.customers) AS frequency
    INTO #mean
    FROM #vector AS v;

    SELECT
        @vectors = COUNT_BIG(*),
        @customers = SUM(v.customers),
        @spread = SUM(v.customers * (
            SQUARE(v.order_ratio - m.order_ratio) +
            SQUARE(v.items_ratio - m.items_ratio) +
            SQUARE(v.monetary_ratio - m.monetary_ratio) +
            SQUARE(v.frequency - m.frequency)
        ))
    FROM #vector AS v
    CROSS JOIN #mean AS m;

    WITH chance AS (
        SELECT
            v.order_ratio,
            v.items_ratio,
            v.monetary_ratio,
            v.frequency,
            v.customers,
            @max_points / 3e0 * (1 / @vectors + v.customers / @customers + v.customers * (
                SQUARE(v.order_ratio - m.order_ratio) +
                SQUARE(v.items_ratio - m.items_ratio) +
                SQUARE(v.monetary_ratio - m.monetary_ratio) +
                SQUARE(v.frequency - m.frequency)
            ) / @spread) AS chance
        FROM #vector AS v
        CROSS JOIN #mean AS m
    ),
    whole AS (
        SELECT
            c.order_ratio,
            c.items_ratio,
            c.monetary_ratio,
            c.frequency,
            c.customers,
            IIF(c.chance < 1, c.chance, 1) AS chance,
            CAST(IIF(c.chance < 1, c.chance, 1) * @one AS bigint) AS part
        FROM chance AS c
    ),
    added AS (
        SELECT
            w.order_ratio,
            w.items_ratio,
            w.monetary_ratio,
            w.frequency,
            w.customers,
            w.chance,
            w.part,
            SUM(w.part) OVER (
                ORDER BY w.order_ratio, w.items_ratio, w.monetary_ratio, w.frequency
                ROWS UNBOUNDED PRECEDING
            ) + @one / 2 AS total
        FROM whole AS w
    )
    INSERT INTO #point (order_ratio, items_ratio, monetary_ratio, frequency, customers)
    SELECT
        a.order_ratio,
        a.items_ratio,
        a.monetary_ratio,
        a.frequency,
        a.customers / a.chance
    FROM added AS a
    WHERE a.total / @one > (a.total - a.part) / @one;
END;
