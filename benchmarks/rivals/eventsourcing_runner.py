"""The `eventsourcing` library's ProjectionRunner, writing order documents into PostgreSQL.

Every event is processed with its tracking record in one transaction, as the library's own
documentation does it.

    python -m benchmarks.rivals.eventsourcing_runner EVENTS
"""

import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

LINES = [
    {"product_id": str(UUID(int=n)), "product_name": f"Product {n:04}", "quantity": n,
     "unit_price": "10.00", "currency": "USD", "line_total": f"{10 * n}.00"}
    for n in (1, 2, 3)
]  # fmt: skip


class Order(Aggregate):
    @event("Created")
    def __init__(self, customer_id: str, items: list[dict[str, Any]], total: str) -> None:
        self.customer_id, self.items, self.total = customer_id, items, total
        self.status = "pending"

    @event("Moved")
    def move(self, status: str) -> None:
        self.status = status


class Orders(Application[UUID]):
    pass


class View(PostgresTrackingRecorder):
    """The read model, with its tracking in the same database."""

    def __init__(self, datastore: Any, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS es_orders (id uuid PRIMARY KEY, customer_id uuid,"
                " status text, document text)").format()
        )  # fmt: skip

    def created(self, order: Order.Created, tracking: Tracking) -> None:
        document = {"id": str(order.originator_id), "customer_id": order.customer_id,
                    "status": "pending", "items": order.items, "total": order.total}  # fmt: skip
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT INTO es_orders VALUES (%s, %s, 'pending', %s)",
                (order.originator_id, order.customer_id, orjson.dumps(document).decode()),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)

    def moved(self, order: Order.Moved, tracking: Tracking) -> None:  # type: ignore[name-defined]
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "UPDATE es_orders SET status = %s, document ="
                " (document::jsonb || jsonb_build_object('status', %s::text))::text WHERE id = %s",
                (order.status, order.status, order.originator_id),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)


class OrderDocuments(Projection[View]):
    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise NotImplementedError(type(domain_event))

    @process_event.register
    def _(self, domain_event: Order.Created, tracking: Tracking) -> None:
        self.view.created(domain_event, tracking)

    @process_event.register
    def _(self, domain_event: Order.Moved, tracking: Tracking) -> None:  # type: ignore[name-defined]
        self.view.moved(domain_event, tracking)


def environment() -> dict[str, str]:
    url = urlsplit(os.environ["REPLICA_DATABASE_URL"])
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.path.lstrip("/"),
        "POSTGRES_HOST": str(url.hostname),
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": str(url.password),
    }


def write(events: int) -> None:
    """Fill the library's own log: lives of four events, as most orders have."""
    application = Orders(env=environment())
    for _ in range(events // 4):
        order = Order(customer_id=str(UUID(int=7)), items=LINES, total="140.00")
        for status in ("confirmed", "shipped", "delivered"):
            order.move(status)
        application.save(order)
    application.close()


def main() -> None:
    """Print how many events were projected in how many seconds."""
    events = int(sys.argv[1]) // 4 * 4
    write(events)
    started = time.perf_counter()
    with ProjectionRunner(
        application_class=Orders, projection_class=OrderDocuments, view_class=View,
        env=environment(),
    ) as runner:  # fmt: skip
        runner.wait(events, timeout=600)
        seconds = time.perf_counter() - started
    print(json.dumps({"events": events, "seconds": seconds}))


if __name__ == "__main__":
    main()
