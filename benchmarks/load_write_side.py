"""The write side of a made-up data set: the event log in its order, and the aggregates' tables."""

import psycopg

_METADATA = """'{"hops": 0, "actor": "loader", "causation_id": null, "correlation_id": "loader",
                 "traceparent": null}'::jsonb"""
_AT = """to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_EVENT_ID = "md5('event' || position)::uuid"

# One statement per kind of event; `position` is also the event's id in the log.
_CUSTOMERS = f"""
INSERT INTO cqrs_event (id, event_id, stream_type, stream_id, version, type, schema_version, data,
                   metadata, occurred_at)
SELECT position, {_EVENT_ID}, 'customer', id, 1, 'customers.customer_registered', 1,
       jsonb_build_object('customer_id', id, 'name', name, 'email', email,
                          'registered_at', {_AT % "at"}), {_METADATA}, at
FROM (SELECT *, number + 1 AS position FROM customer) AS numbered ORDER BY position
"""
_PRODUCTS = f"""
INSERT INTO cqrs_event (id, event_id, stream_type, stream_id, version, type, schema_version, data,
                   metadata, occurred_at)
SELECT position, {_EVENT_ID}, 'stock', id, 1, 'orders.stock_set', 1,
       jsonb_build_object('product_id', id, 'on_hand', 1000000000, 'reserved', 0,
                          'sku', 'SKU-' || number, 'name', name), {_METADATA}, at
FROM (SELECT *, number + 1 + (SELECT count(*) FROM customer) AS position FROM product) AS numbered
ORDER BY position
"""
_ORDERS = f"""
INSERT INTO cqrs_event (id, event_id, stream_type, stream_id, version, type, schema_version, data,
                   metadata, occurred_at)
SELECT position, {_EVENT_ID}, 'order', life.id, step + 1, 'orders.order_' || type, 1,
       jsonb_build_object('order_id', life.id, 'customer_id', customer_id, 'currency', 'USD',
                          'order_date', {_AT % "placed_at"}, 'total_amount', amount::text)
       || CASE type
          WHEN 'created' THEN jsonb_build_object('special_instructions', '', 'items', items,
              'shipping_address', jsonb_build_object('street', (n % 999) || ' Main Street',
                  'city', 'Springfield', 'state', 'IL', 'postal_code', '62701', 'country', 'US'))
          WHEN 'cancelled' THEN jsonb_build_object('reason', '', 'previous_status', 'pending',
                                                   'items', items)
          WHEN 'shipped' THEN jsonb_build_object('carrier', 'DHL', 'tracking_number', 'T' || n)
          ELSE '{{}}' END, {_METADATA}, at
FROM happened JOIN life USING (n) JOIN total USING (n) LEFT JOIN (
    SELECT n AS of, jsonb_agg(jsonb_build_object('product_id', product_id, 'product_name', name,
        'quantity', quantity, 'unit_price', price::text, 'currency', 'USD',
        'line_total', total::text, 'reserved_quantity', 0) ORDER BY place) AS items
    FROM line GROUP BY n
) AS content ON of = n AND type IN ('created', 'cancelled')
ORDER BY position
"""
_FIRST_FEED = """
INSERT INTO cqrs_feed (position, event_id, bucket)
SELECT number + 1, number + 1, bucket FROM customer
UNION ALL
SELECT number + 1 + (SELECT count(*) FROM customer), number + 1 + (SELECT count(*) FROM customer),
       bucket FROM product
ORDER BY 1;
"""
_FEED = """
INSERT INTO cqrs_feed (position, event_id, bucket)
SELECT position, position, bucket FROM happened JOIN life USING (n) ORDER BY 1;
UPDATE cqrs_feedhead SET position = (SELECT max(position) FROM cqrs_feed);
-- Reactions begin at the head: they are not to mail what was loaded.
UPDATE cqrs_reactioncheckpoint SET position = (SELECT position FROM cqrs_feedhead), event_id = NULL;
SELECT setval(pg_get_serial_sequence('cqrs_event', 'id'), (SELECT max(id) FROM cqrs_event));
"""
_AGGREGATES = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
SELECT id, 1, name, email, true, at FROM customer;
INSERT INTO orders_stockitem (id, version, sku, name, on_hand, reserved)
SELECT id, 1, 'SKU-' || number, name, 1000000000, 0 FROM product;
INSERT INTO orders_order (id, version, customer_id, status, currency, total_amount, order_date,
    special_instructions, carrier, tracking_number, shipping_street, shipping_city, shipping_state,
    shipping_postal_code, shipping_country)
SELECT id, last.step + 1, customer_id, status, 'USD', amount, placed_at, '',
       CASE WHEN status IN ('shipped', 'delivered') THEN 'DHL' ELSE '' END,
       CASE WHEN status IN ('shipped', 'delivered') THEN 'T' || n ELSE '' END,
       (n % 999) || ' Main Street', 'Springfield', 'IL', '62701', 'US'
FROM life JOIN total USING (n) JOIN (SELECT n, max(step) AS step FROM happened GROUP BY n) AS last
     USING (n) ORDER BY n;
INSERT INTO orders_orderline (order_id, number, product_id, product_name, quantity,
    reserved_quantity, unit_price, line_total, currency)
SELECT life.id, place, product_id, line.name, quantity, 0, price, total, 'USD'
FROM line JOIN life USING (n) ORDER BY n, place;
"""


def load_write_side(connection: psycopg.Connection, *, aggregates: bool) -> int:
    """Fill the log from the made-up tables, and the aggregates' if asked; return the events."""
    for statement in (_CUSTOMERS, _PRODUCTS, _FIRST_FEED):
        connection.execute(statement)
    if aggregates:
        connection.execute(_AGGREGATES)
    return append_orders(connection)


def append_orders(connection: psycopg.Connection) -> int:
    """Append what happened to the made-up orders to the log and the feed; return its head."""
    for statement in (_ORDERS, _FEED):
        connection.execute(statement)
    row = connection.execute("SELECT position FROM cqrs_feedhead").fetchone()
    assert row is not None
    return int(row[0])
