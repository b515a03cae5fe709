/* The features of every buying customer, as seg.build_features last computed them. */
-- When the customers' key was of another type, the table is made anew if it is empty.
IF EXISTS (
    SELECT 1
    FROM sys.columns AS c
    INNER JOIN sys.types AS t
        ON t.user_type_id = c.user_type_id
    WHERE c.object_id = OBJECT_ID(N'seg.customer_feature', N'U')
        AND c.name = N'customer_id'
        AND (t.name <> N'int' OR c.max_length <> 4)
)
BEGIN
    IF EXISTS (SELECT 1 FROM seg.customer_feature)
        THROW 50001, N'seg.customer_feature: customer_id is not int. Set customer_type back, or delete the rows: refresh renews them.', 1;

    DROP TABLE seg.customer_feature;
END;

IF OBJECT_ID(N'seg.customer_feature', N'U') IS NULL
    CREATE TABLE seg.customer_feature (
        customer_id int NOT NULL,
        order_ratio float NOT NULL,
        items_ratio float NOT NULL,
        monetary_ratio float NOT NULL,
        frequency float NOT NULL,
        CONSTRAINT pk_customer_feature PRIMARY KEY (customer_id)
    );

-- Since 0.2: another number after each change of the row, whoever makes it. seg.assign compares it.
IF COL_LENGTH(N'seg.customer_feature', N'feature_version') IS NULL
    ALTER TABLE seg.customer_feature
    ADD feature_version rowversion NOT NULL;
