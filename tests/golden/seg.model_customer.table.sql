/* The customers that a model was trained on, as they were: what seg.refresh measures change by.
   A row is true of the models from model_id on, up to the one before replaced_by; NULL: of all later
   ones. So a model writes only who changed since the one before. Kept for the active model and later ones. */
-- When the customers' key was of another type, the table is made anew if it is empty.
IF EXISTS (
    SELECT 1
    FROM sys.columns AS c
    INNER JOIN sys.types AS t
        ON t.user_type_id = c.user_type_id
    WHERE c.object_id = OBJECT_ID(N'seg.model_customer', N'U')
        AND c.name = N'customer_id'
        AND (t.name <> N'int' OR c.max_length <> 4)
)
BEGIN
    IF EXISTS (SELECT 1 FROM seg.model_customer)
        THROW 50001, N'seg.model_customer: customer_id is not int. Set customer_type back, or delete the rows: refresh renews them.', 1;

    DROP TABLE seg.model_customer;
END;

IF OBJECT_ID(N'seg.model_customer', N'U') IS NULL
    CREATE TABLE seg.model_customer (
        model_id int NOT NULL,
        customer_id int NOT NULL,
        order_ratio float NOT NULL,
        items_ratio float NOT NULL,
        monetary_ratio float NOT NULL,
        frequency float NOT NULL,
        replaced_by int NULL,
        CONSTRAINT pk_model_customer PRIMARY KEY (model_id, customer_id),
        CONSTRAINT fk_model_customer_model FOREIGN KEY (model_id) REFERENCES seg.model (model_id)
    );

-- The first version of this table had all the customers of each model: the next model replaced them all.
IF COL_LENGTH(N'seg.model_customer', N'replaced_by') IS NULL
BEGIN
    ALTER TABLE seg.model_customer
    ADD replaced_by int NULL;

    -- A batch of its own, because this one was compiled before the column was there.
    EXEC (N'
UPDATE c
SET c.replaced_by = (
    SELECT MIN(n.model_id)
    FROM seg.model_customer AS n
    WHERE n.model_id > c.model_id
)
FROM seg.model_customer AS c;
');
END;
