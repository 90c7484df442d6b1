"""The limit of projecting: COPY a batch from the feed into a temporary table, fold it there in SQL.

Nothing is parsed in Python: the bytes of one database's COPY are those of the other's. It writes
the same documents and search texts into tables with the same columns and indexes, customers' names
included, and saves its position in the same transaction. It knows no retries, partitions, parking
or upcasters.

    python -m benchmarks.rivals.copy_and_fold BATCH
"""

import json
import os
import sys
import time

import psycopg

_TABLES = """
DROP TABLE IF EXISTS limit_orders, limit_order_search, limit_customers, limit_checkpoint;
CREATE TABLE limit_orders (LIKE read_orders INCLUDING ALL);
CREATE TABLE limit_order_search (LIKE read_order_search INCLUDING ALL);
CREATE TABLE limit_customers (id uuid PRIMARY KEY, name text, email text, position bigint);
CREATE TABLE limit_checkpoint (position bigint);
INSERT INTO limit_checkpoint VALUES (0);
CREATE TEMPORARY TABLE batch (position bigint, type text, stream_id uuid, version int,
                              at timestamptz, data jsonb) ON COMMIT DELETE ROWS;
"""
_READ = """
COPY (SELECT position, type, stream_id, version, occurred_at, data
      FROM cqrs_feed AS feed JOIN cqrs_event AS event ON event.id = feed.event_id
      WHERE position > {} AND position <= {} ORDER BY position) TO STDOUT (FORMAT binary)
"""
_WRITE = "COPY batch FROM STDIN (FORMAT binary)"
_CUSTOMERS = """
INSERT INTO limit_customers
SELECT DISTINCT ON (stream_id) stream_id, data->>'name', data->>'email', position FROM batch
WHERE type IN ('customers.customer_registered', 'customers.customer_updated')
ORDER BY stream_id, position DESC
ON CONFLICT (id) DO UPDATE
SET name = EXCLUDED.name, email = EXCLUDED.email, position = EXCLUDED.position
"""
_ISO = """AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
# Texts are joined, not built as JSON, which takes several times as long. `data->'items'` is JSON
# already; within a string a quote would have a backslash, so nothing else can match.
_CREATED = f"""
INSERT INTO limit_orders (id, customer_id, customer_name, customer_email, status, currency,
    total_amount, item_count, order_date, updated_at, version, position, document)
SELECT stream_id, customer.id, name, email, 'pending', data->>'currency',
    (data->>'total_amount')::numeric, jsonb_array_length(data->'items'),
    (data->>'order_date')::timestamptz, at, version, batch.position,
    concat('{{"id":"', stream_id, '","customer_id":"', customer.id, '","customer_name":',
        to_json(name), ',"customer_email":', to_json(email), ',"status":"pending","items":',
        regexp_replace(data->>'items', ', "reserved_quantity": [0-9]+', '', 'g'),
        ',"total_amount":"', data->>'total_amount', '","currency":"', data->>'currency',
        '","item_count":', jsonb_array_length(data->'items'), ',"order_date":"',
        data->>'order_date', '","updated_at":"', to_char(at {_ISO}), '","shipping_address":',
        to_json(concat(address->>'street', ', ', address->>'city', ', ', address->>'state', ' ',
                       address->>'postal_code', ', ', address->>'country')),
        ',"special_instructions":', data->'special_instructions',
        ',"carrier":"","tracking_number":"","version":', version, '}}')
FROM batch JOIN limit_customers AS customer ON customer.id = (data->>'customer_id')::uuid,
    LATERAL (SELECT data->'shipping_address' AS address) AS shipping
WHERE type = 'orders.order_created'
"""
_SEARCH = """
INSERT INTO limit_order_search (id, customer_id, search_text)
SELECT stream_id, customer.id, lower(name || chr(10) || email || chr(10) || stream_id)
FROM batch JOIN limit_customers AS customer ON customer.id = (data->>'customer_id')::uuid
WHERE type = 'orders.order_created'
"""
_MOVED = f"""
UPDATE limit_orders AS stored
SET status = moved.status, updated_at = moved.at, version = moved.version,
    position = moved.position, document = replace(replace(replace(replace(document,
        '"status":"' || stored.status || '"', '"status":"' || moved.status || '"'),
        '"updated_at":"' || to_char(stored.updated_at {_ISO}),
        '"updated_at":"' || to_char(moved.at {_ISO})),
        '"version":' || stored.version || '}}', '"version":' || moved.version || '}}'),
        '"carrier":"","tracking_number":""',
        coalesce(shipping, '"carrier":"","tracking_number":""'))
FROM (
    SELECT DISTINCT ON (stream_id) stream_id, substr(type, 14) AS status, at, version, position,
           max(CASE WHEN type = 'orders.order_shipped'
                    THEN concat('"carrier":', data->'carrier', ',"tracking_number":',
                                data->'tracking_number') END)
               OVER (PARTITION BY stream_id) AS shipping
    FROM batch WHERE type IN ('orders.order_confirmed', 'orders.order_shipped',
                              'orders.order_delivered', 'orders.order_cancelled')
    ORDER BY stream_id, version DESC
) AS moved
WHERE id = stream_id
"""


def project(source: psycopg.Connection, target: psycopg.Connection, size: int) -> int:
    """Project the whole feed, batch by batch; return the number of events."""
    with source.cursor() as cursor:
        head = cursor.execute("SELECT position FROM cqrs_feedhead").fetchone()
    assert head is not None
    for after in range(0, head[0], size):
        upto = min(after + size, head[0])
        with target.transaction(), source.cursor() as reading, target.cursor() as writing:
            writing.execute("SELECT position FROM limit_checkpoint FOR UPDATE")
            with reading.copy(_READ.format(after, upto)) as read, writing.copy(_WRITE) as write:
                for data in read:
                    write.write(data)
            for statement in (_CUSTOMERS, _CREATED, _SEARCH, _MOVED):
                writing.execute(statement, prepare=True)
            writing.execute("UPDATE limit_checkpoint SET position = %s", [upto])
    return int(head[0])


def main() -> None:
    """Print how many events were projected in how many seconds."""
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as source,
        psycopg.connect(os.environ["REPLICA_DATABASE_URL"], autocommit=True) as target,
    ):
        target.execute(_TABLES)
        started = time.perf_counter()
        events = project(source, target, int(sys.argv[1]))
        print(json.dumps({"events": events, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
