"""The read side of a made-up data set, as the projections would have written it, but by SQL.

`loader.py` compares what stands here with what the projections make of the same log.
"""

import psycopg

_AT = """to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

_ORDERS = f"""
INSERT INTO read_orders (id, customer_id, customer_name, customer_email, status, currency,
    total_amount, item_count, order_date, updated_at, version, position, document)
SELECT id, customer_id, name, email, status, 'USD', amount, 3, placed_at, at,
       step + 1, position,
       concat('{{"id":"', id, '","customer_id":"', customer_id, '","customer_name":"', name,
              '","customer_email":"', email, '","status":"', status, '","items":[', items,
              '],"total_amount":"', amount, '","currency":"USD","item_count":3,"order_date":"',
              {_AT % "placed_at"}, '","updated_at":"', {_AT % "at"}, '","shipping_address":"',
              n % 999, ' Main Street, Springfield, IL 62701, US","special_instructions":"",',
              CASE WHEN status IN ('shipped', 'delivered')
                   THEN '"carrier":"DHL","tracking_number":"T' || n || '"'
                   ELSE '"carrier":"","tracking_number":""' END, ',"version":', step + 1, '}}')
FROM life JOIN total USING (n)
JOIN (SELECT DISTINCT ON (n) n, step, at, position FROM happened ORDER BY n, step DESC) AS last
     USING (n)
JOIN (SELECT n, string_agg(concat('{{"product_id":"', product_id, '","product_name":"', name,
                 '","quantity":', quantity, ',"unit_price":"', price,
                 '","currency":"USD","line_total":"', total, '"}}'), ',' ORDER BY place) AS items
      FROM line GROUP BY n) AS content USING (n)
ORDER BY n
"""
_CUSTOMERS = f"""
INSERT INTO read_customers (id, name, email, is_active, registered_at, order_count,
    open_order_count, cancelled_count, totals, last_order_at, version, position, document)
SELECT id, name, email, true, at, orders, open, cancelled,
       CASE WHEN amount > 0 THEN jsonb_build_object('USD', amount::text) ELSE '{{}}' END,
       last_at, 1, coalesce(last, number + 1),
       concat('{{"id":"', id, '","name":"', name, '","email":"', email,
              '","is_active":true,"registered_at":"', {_AT % "at"}, '","order_count":', orders,
              ',"open_order_count":', open, ',"cancelled_count":', cancelled, ',"totals":[',
              CASE WHEN amount > 0 THEN concat('{{"currency":"USD","amount":"', amount, '"}}') END,
              '],"last_order_at":', coalesce('"' || {_AT % "last_at"} || '"', 'null'),
              ',"version":1}}')
FROM customer LEFT JOIN LATERAL (
    SELECT count(*) AS orders, count(*) FILTER (WHERE status IN ('pending', 'confirmed')) AS open,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           sum(amount) FILTER (WHERE status <> 'cancelled') AS amount, max(placed_at) AS last_at
    FROM customer_life WHERE customer_id = id
) AS orders ON true LEFT JOIN LATERAL (
    SELECT max(position) AS last FROM customer_life WHERE customer_id = id
) AS last ON true
ORDER BY number
"""
# Confirming and delivering change nothing that a customer's row shows.
_CUSTOMER_LIFE = """
CREATE TEMPORARY TABLE customer_life AS
SELECT n, customer_id, status, amount, placed_at, position FROM life JOIN total USING (n)
JOIN (SELECT n, max(position) AS position FROM happened
      WHERE type IN ('created', 'shipped', 'cancelled') GROUP BY n) AS last USING (n);
CREATE INDEX ON customer_life (customer_id);
ANALYZE customer_life;
"""
_OTHERS = """
INSERT INTO read_order_customers (customer_id, name, email, version, position)
SELECT id, name, email, 1, number + 1 FROM customer ORDER BY number;
INSERT INTO read_stock (id, sku, name, on_hand, reserved, available, version, position,
    document)
SELECT id, sku, name, 1000000000, 0, 1000000000, 1, position,
       concat('{"product_id":"', id, '","sku":"', sku, '","name":"', name, '","on_hand":',
              '1000000000,"reserved":0,"available":1000000000,"version":1}')
FROM (SELECT *, 'SKU-' || number AS sku,
             number + 1 + (SELECT count(*) FROM customer) AS position FROM product) AS numbered
ORDER BY number;
INSERT INTO read_order_search (id, customer_id, search_text)
SELECT id, customer_id, lower(concat_ws(chr(10), customer_name, customer_email, id))
FROM read_orders ORDER BY position;
INSERT INTO read_customer_search (id, search_text)
SELECT id, lower(concat_ws(chr(10), name, email, id)) FROM read_customers ORDER BY position;
INSERT INTO read_stock_search (id, search_text)
SELECT id, lower(concat_ws(chr(10), name, sku, id)) FROM read_stock ORDER BY position;
"""
# The sums are in the customers' documents, between the time of registration and the version.
_CUSTOMER_ORDERS = """
INSERT INTO read_customer_orders (id, version, position, document)
SELECT id, 1, position,
       concat('{"id":"', id, '",', substring(document FROM '("order_count".*),"version":1}$'), '}')
FROM read_customers WHERE order_count > 0;
INSERT INTO read_customer_order_dates (id, customer_id, order_date, version, position)
SELECT id, customer_id, placed_at, 1, position
FROM life JOIN happened USING (n) WHERE type = 'created' ORDER BY position;
"""
TABLES = (
    "read_orders",
    "read_order_search",
    "read_order_customers",
    "read_customers",
    "read_customer_search",
    "read_customer_orders",
    "read_customer_order_dates",
    "read_stock",
    "read_stock_search",
)


def load_read_side(connection: psycopg.Connection) -> None:
    """Fill the read models that the benchmarks read from the made-up tables."""
    for statement in (_ORDERS, _CUSTOMER_LIFE, _CUSTOMERS, _CUSTOMER_ORDERS, _OTHERS):
        connection.execute(statement)
