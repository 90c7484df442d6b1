"""The limit of writing: psycopg places an order in two round trips, with one outbox row.

The first locks and reserves the stock, the second inserts order, lines and event and commits. Same
tables as the product's, no validation beyond the stock.

    python -m benchmarks.rivals.two_round_trips CLIENTS SECONDS
"""

import json
import multiprocessing
import os
import sys
import time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.writes import payloads

_RESERVE = """
WITH wanted AS (SELECT * FROM unnest(%s::uuid[], %s::int[]) AS wanted(product, quantity)),
buyer AS (SELECT 1 FROM customers_customer WHERE id = %s AND is_active FOR SHARE),
locked AS (SELECT id FROM orders_stockitem WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
UPDATE orders_stockitem AS item SET reserved = reserved + quantity, version = version + 1
FROM wanted, buyer, locked
WHERE item.id = product AND locked.id = product AND on_hand - reserved >= quantity
RETURNING item.id
"""
_INSERT = """
WITH placed AS (
    INSERT INTO orders_order (id, version, customer_id, status, currency, total_amount, order_date,
        special_instructions, carrier, tracking_number, shipping_street, shipping_city,
        shipping_state, shipping_postal_code, shipping_country)
    VALUES (%(id)s, 1, %(customer)s, 'pending', 'USD', %(total)s, now(), '', '', '',
            '1 Main Street', 'Springfield', 'IL', '62701', 'US')
), lines AS (
    INSERT INTO orders_orderline (order_id, number, product_id, product_name, quantity,
        reserved_quantity, unit_price, line_total, currency)
    SELECT %(id)s, number, product, name, quantity, quantity, price, price * quantity, 'USD'
    FROM unnest(%(numbers)s::int[], %(products)s::uuid[], %(names)s::text[],
                %(quantities)s::int[], %(prices)s::numeric[])
         AS line(number, product, name, quantity, price)
)
INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                        metadata, occurred_at)
VALUES (%(event)s, 'order', %(id)s, 1, 'orders.order_created', 1, %(data)s, '{}', now())
"""


def place(connection: psycopg.Connection, order: dict[str, Any]) -> None:
    """Place one order; raise if it cannot be."""
    items = order["items"]
    products = [item["product_id"] for item in items]
    quantities = [item["quantity"] for item in items]
    prices = [Decimal(item["unit_price"]) for item in items]
    with connection.pipeline() as pipeline, connection.cursor() as cursor:
        connection.execute("BEGIN")
        cursor.execute(
            _RESERVE, (products, quantities, order["customer_id"], products), prepare=True
        )
        if len(cursor.fetchall()) != len(items):
            raise RuntimeError("out of stock")
        values = {
            "id": uuid4(), "event": uuid4(), "customer": order["customer_id"],
            "total": sum(p * q for p, q in zip(prices, quantities, strict=True)),
            "numbers": [1, 2, 3], "products": products, "quantities": quantities,
            "names": [item["product_name"] for item in items], "prices": prices,
            "data": json.dumps(order),
        }  # fmt: skip
        connection.execute(_INSERT, values, prepare=True)
        connection.execute("COMMIT")
        pipeline.sync()


def client(number: int, seconds: float) -> int:
    """Place one order after the other; return how many."""
    orders, count = payloads(), 0
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        place(connection, orders[number])
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            place(connection, orders[(number * 61 + count) % len(orders)])
            count += 1
    return count


if __name__ == "__main__":
    clients, seconds = int(sys.argv[1]), float(sys.argv[2])
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        counts = pool.starmap(client, [(n, seconds) for n in range(clients)], chunksize=1)
    print(json.dumps({"rate": sum(counts) / seconds}))
