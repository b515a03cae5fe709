/* The features of every buying customer, as seg.build_features last computed them. */
IF OBJECT_ID(N'seg.customer_feature', N'U') IS NULL
    CREATE TABLE seg.customer_feature (
        customer_id int NOT NULL,
        order_ratio float NOT NULL,
        items_ratio float NOT NULL,
        monetary_ratio float NOT NULL,
        frequency float NOT NULL,
        CONSTRAINT pk_customer_feature PRIMARY KEY (customer_id)
    );
