"""The tables that the default settings map, empty."""

SHOP = """
CREATE TABLE dbo.store_sales (
    ss_customer_sk int NULL, ss_ticket_number int NOT NULL, ss_item_sk int NOT NULL,
    ss_net_paid decimal(7, 2) NULL
);
CREATE TABLE dbo.store_returns (
    sr_customer_sk int NULL, sr_ticket_number int NOT NULL, sr_item_sk int NOT NULL,
    sr_return_amt decimal(7, 2) NULL
);
CREATE TABLE dbo.customer (c_customer_sk int NOT NULL, c_email_address varchar(50) NULL);
"""
