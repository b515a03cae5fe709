/* The customers that a model was trained on, as they were: what seg.refresh measures change by.
   A row is true of the models from model_id on, up to the one before replaced_by; NULL: of all later
   ones. So a model writes only who changed since the one before. Kept for the active model and later ones. */
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
