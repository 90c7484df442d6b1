"""The plain way to keep a read table in sync: `on_commit` sends a Celery task that writes one row.

What it gives up: a task lost with the broker is a row lost, and the order is that of the workers.

    python -m celery -A benchmarks.rivals.on_commit_task worker
    python -m benchmarks.rivals.on_commit_task CLIENTS SECONDS RATE
"""

import json
import multiprocessing
import os
import sys
from typing import Any
from uuid import uuid4

import django
from celery import Celery
from django.conf import settings

from benchmarks.rivals.databases import plain_database

# With a standby that serves the reads the primary has a name of its own, as for the product.
REPLICA = os.environ.get("REPLICA_WRITER_DATABASE_URL") or os.environ["REPLICA_DATABASE_URL"]
settings.configure(
    USE_TZ=True,
    DATABASES={
        "default": plain_database(os.environ["DATABASE_URL"]),
        "replica": plain_database(REPLICA),
    },
    CELERY_BROKER_URL=os.environ["REDIS_URL"],
    CELERY_TASK_IGNORE_RESULT=True,
    CELERY_DB_REUSE_MAX=100_000,
)
django.setup()
app = Celery("bare")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="apply_row")  # the sender runs this module as `__main__`
def apply_row(*, order_id: str, document: str) -> None:
    from django.db import connections

    with connections["replica"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO bare_read_orders VALUES (%s, %s)"
            " ON CONFLICT (id) DO UPDATE SET document = EXCLUDED.document",
            [order_id, document],
        )


def place(client: int, seconds: float, rate: float) -> int:
    """Place one order after the other; return how many."""
    from django.db import connection, transaction

    from benchmarks.pacing import repeat
    from benchmarks.writes import payloads

    orders = [json.dumps(one) for one in payloads()]

    def send(number: int) -> Any:
        order_id, document = str(uuid4()), orders[(client * 61 + number) % len(orders)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bare_orders VALUES (%s, %s)", [order_id, document])
            transaction.on_commit(lambda: apply_row.delay(order_id=order_id, document=document))

    send(0)
    return repeat(seconds, rate, send)


if __name__ == "__main__":
    clients, seconds, rate = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        work = [(n, seconds, rate / clients) for n in range(clients)]
        counts = pool.starmap(place, work, chunksize=1)
    print(json.dumps({"rate": sum(counts) / seconds}))
