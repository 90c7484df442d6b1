"""Who orders what in the benchmarks' data, as temporary SQL tables: the same on every machine.

Both databases are filled from them, by formulas of the order's number and not by chance.
"""

import hashlib
import zlib
from uuid import UUID

import psycopg

ORDERS_PER_CUSTOMER = 50
PRODUCTS = 1_000
EVENTS_PER_20_ORDERS = 69
"""Of 20 orders 1 is pending, 2 confirmed, 2 shipped, 14 delivered and 1 cancelled."""

# `life` has a row per order; `made` numbers the orders, so that an id sorts as its order does.
_ORDERED = """
CREATE TEMPORARY TABLE life AS
SELECT n, placed_at, customer.id AS customer_id, customer.name, customer.email, customer.bucket,
       (lpad(to_hex((extract(epoch FROM placed_at) * 1000)::bigint), 12, '0') || '7'
        || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid AS id,
       CASE WHEN kind < 1 THEN 'pending' WHEN kind < 3 THEN 'confirmed' WHEN kind < 5 THEN 'shipped'
            WHEN kind < 19 THEN 'delivered' ELSE 'cancelled' END AS status
FROM generate_series({after} + 1, {after} + {orders}) AS n,
     LATERAL (SELECT timestamptz '2025-01-01Z' + n * interval '10.000123 s', md5('order' || n),
                     (n / {customers} + n) % 20) AS one(placed_at, hash, kind),
     customer
WHERE customer.number = n % {customers};
CREATE TEMPORARY TABLE line AS
SELECT n, place, product.id AS product_id, product.name, price, 1 + (n + place) % 3 AS quantity,
       price * (1 + (n + place) % 3) AS total
FROM generate_series({after} + 1, {after} + {orders}) AS n, generate_series(1, 3) AS place, product
WHERE product.number = (n * 3 + place * 37) % {products};
CREATE TEMPORARY TABLE total AS SELECT n, sum(total) AS amount FROM line GROUP BY n;
-- What happened to the orders: step 0 places one, the others come an hour apart.
CREATE TEMPORARY TABLE happened AS
SELECT n, step, type, placed_at + step * interval '1 hour' AS at,
       {first} + row_number() OVER (ORDER BY placed_at + step * interval '1 hour', n) AS position
FROM life, LATERAL unnest(CASE status
         WHEN 'pending' THEN ARRAY['created'] WHEN 'confirmed' THEN ARRAY['created', 'confirmed']
         WHEN 'shipped' THEN ARRAY['created', 'confirmed', 'shipped']
         WHEN 'delivered' THEN ARRAY['created', 'confirmed', 'shipped', 'delivered']
         ELSE ARRAY['created', 'cancelled'] END) WITH ORDINALITY AS steps(type, ordinal),
     LATERAL (SELECT ordinal - 1) AS counted(step);
ANALYZE life; ANALYZE line; ANALYZE total; ANALYZE happened;
"""


def customers_of(orders: int) -> int:
    return max(1, orders // ORDERS_PER_CUSTOMER)


def make_up(
    connection: psycopg.Connection, orders: int, *, after: int = 0, head: int | None = None
) -> None:
    """Create the temporary tables `customer`, `product`, `life`, `line`, `total`, `happened`.

    With `after` these are further orders of the customers of so many; `head` is the last position.
    """
    customers = customers_of(after or orders)
    _copy_customers(connection, customers)
    _copy_products(connection)
    connection.execute(
        _ORDERED.format(
            orders=orders,
            after=after,
            customers=customers,
            products=PRODUCTS,
            first=customers + PRODUCTS if head is None else head,
        )
    )


def _copy_customers(connection: psycopg.Connection, customers: int) -> None:
    connection.execute(
        "CREATE TEMPORARY TABLE customer (number int PRIMARY KEY, id uuid, name text, email text,"
        " bucket int, at timestamptz DEFAULT '2025-01-01Z')"
    )
    with connection.cursor().copy(
        "COPY customer (number, id, name, email, bucket) FROM STDIN"
    ) as c:
        for number in range(customers):
            key = made_id("customer", number)
            name = f"Customer {number:06}"
            c.write_row((number, key, name, f"c{number}@example.com", bucket(key)))


def _copy_products(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TEMPORARY TABLE product (number int PRIMARY KEY, id uuid, name text,"
        " price numeric(10, 2), bucket int, at timestamptz DEFAULT '2025-01-01Z')"
    )
    with connection.cursor().copy("COPY product (number, id, name, price, bucket) FROM STDIN") as c:
        for number in range(PRODUCTS):
            key = made_id("product", number)
            price = f"{1 + number % 90}.{number % 100:02}"
            c.write_row((number, key, f"Product {number:04}", price, bucket(key)))


def made_id(kind: str, number: int) -> UUID:
    """Return the id of a customer or a product: the same for the same number, for ever."""
    return UUID(bytes=hashlib.md5(f"{kind} {number}".encode()).digest(), version=4)


def bucket(key: UUID) -> int:
    return zlib.crc32(key.bytes) % 256  # as cqrs.events.bucket_of, without Django's settings
