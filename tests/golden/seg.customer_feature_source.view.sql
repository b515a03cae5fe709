/*
seg.customer_feature_source: the features of every customer with a sale, computed from
dbo.store_sales and dbo.store_returns. Rows without a customer belong to nobody and are left out.

    SELECT TOP (10) * FROM seg.customer_feature_source;

    order_ratio: returned orders / orders
    items_ratio: returned items / items bought
    monetary_ratio: amount returned / amount paid
    frequency: returned orders
*/
CREATE OR ALTER VIEW seg.customer_feature_source
AS
SELECT
    sale.customer_id,
    ROUND(COALESCE(CAST(refund.tickets AS float) / NULLIF(CAST(sale.tickets AS float), 0), 0), 7) AS order_ratio,
    ROUND(COALESCE(CAST(refund.items AS float) / NULLIF(CAST(sale.items AS float), 0), 0), 7) AS items_ratio,
    ROUND(COALESCE(CAST(refund.amount AS float) / NULLIF(CAST(sale.amount AS float), 0), 0), 7) AS monetary_ratio,
    CAST(COALESCE(refund.tickets, 0) AS float) AS frequency
FROM (
    SELECT
        s.ss_customer_sk AS customer_id,
        COUNT(DISTINCT s.ss_ticket_number) AS tickets,
        COUNT(s.ss_item_sk) AS items,
        CAST(SUM(s.ss_net_paid) AS float) AS amount
    FROM dbo.store_sales AS s
    WHERE s.ss_customer_sk IS NOT NULL
    GROUP BY s.ss_customer_sk
) AS sale
LEFT JOIN (
    SELECT
        r.sr_customer_sk AS customer_id,
        COUNT(DISTINCT r.sr_ticket_number) AS tickets,
        COUNT(r.sr_item_sk) AS items,
        CAST(SUM(r.sr_return_amt) AS float) AS amount
    FROM dbo.store_returns AS r
    WHERE r.sr_customer_sk IS NOT NULL
    GROUP BY r.sr_customer_sk
) AS refund
    ON refund.customer_id = sale.customer_id;
