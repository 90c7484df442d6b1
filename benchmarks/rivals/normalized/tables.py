"""Its tables, filled from the write side of the loaded data, with the indexes that it needs."""

import psycopg

from benchmarks.databases import Databases

_TABLES = """
CREATE TABLE normal_customer (id uuid PRIMARY KEY, name varchar(200), email varchar(200));
CREATE TABLE normal_order (
    id uuid PRIMARY KEY, customer_id uuid REFERENCES normal_customer, status varchar(10),
    currency varchar(3), total_amount numeric(24, 2), order_date timestamptz,
    updated_at timestamptz, special_instructions text, carrier varchar(200),
    tracking_number varchar(200), street varchar(200), city varchar(200), state varchar(200),
    postal_code varchar(200), country varchar(200), version int
);
CREATE TABLE normal_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id uuid REFERENCES normal_order,
    number int, product_id uuid, product_name varchar(200), quantity int,
    unit_price numeric(24, 2), line_total numeric(24, 2), currency varchar(3)
);
INSERT INTO normal_customer SELECT id, name, email FROM customers_customer;
INSERT INTO normal_order
SELECT id, customer_id, status, currency, total_amount, order_date, last.at, special_instructions,
       carrier, tracking_number, shipping_street, shipping_city, shipping_state,
       shipping_postal_code, shipping_country, version
FROM orders_order JOIN (SELECT stream_id, max(occurred_at) AS at FROM cqrs_event
                        WHERE stream_type = 'order' GROUP BY stream_id) AS last ON stream_id = id
ORDER BY order_date;
INSERT INTO normal_line (order_id, number, product_id, product_name, quantity, unit_price,
                         line_total, currency)
SELECT order_id, number, product_id, product_name, quantity, unit_price, line_total, currency
FROM orders_orderline ORDER BY order_id, number;
CREATE INDEX ON normal_order (customer_id, status, order_date DESC, id DESC);
CREATE INDEX ON normal_order (order_date DESC, id DESC);
CREATE INDEX ON normal_line (order_id);
"""


def create_tables(databases: Databases) -> None:
    """Make and fill them in the write database, unless they are there."""
    with psycopg.connect(databases.write_url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('normal_line')").fetchone() == (None,):
            with connection.transaction():
                connection.execute(_TABLES)
            connection.execute("VACUUM ANALYZE")
