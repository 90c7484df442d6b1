"""Writers that know nothing but INSERT: an event and its pending row in one transaction.

    python -m benchmarks.rivals.raw_writers CLIENTS SECONDS WORK_MS

`WORK_MS` is how long each transaction stays open for other work.
"""

import json
import multiprocessing
import os
import sys
import time
import uuid

import psycopg

_INSERT = """
WITH inserted AS (
    INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                       metadata, occurred_at)
    VALUES (%s, 'order', %s, 1, 'orders.order_confirmed', 1, %s, '{}', now()) RETURNING id
)
INSERT INTO cqrs_pending (event_id, bucket) SELECT id, 7 FROM inserted
"""
DATA = json.dumps(
    {
        "order_id": str(uuid.uuid4()),
        "customer_id": str(uuid.uuid4()),
        "currency": "USD",
        "total_amount": "10.00",
        "order_date": "2026-01-01T00:00:00Z",
    }
)


def write(url: str, seconds: float, work_s: float) -> int:
    """Commit one transaction after the other; return how many."""
    count = 0
    with psycopg.connect(url, autocommit=True) as connection:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            with connection.transaction():
                connection.execute(_INSERT, (uuid.uuid4(), uuid.uuid4(), DATA), prepare=True)
                if work_s:
                    time.sleep(work_s)
            count += 1
    return count


def main(clients: int, seconds: float, work_ms: float) -> None:
    """Print how many transactions all clients committed per second."""
    url = os.environ["DATABASE_URL"]
    with multiprocessing.Pool(clients) as pool:
        counts = pool.starmap(write, [(url, seconds, work_ms / 1000)] * clients, chunksize=1)
    print(json.dumps({"rate": sum(counts) / seconds}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
