"""Other programs that write to the tables of the desk, and what the log says of it."""

from typing import Any
from uuid import UUID

from django.db import connection

from cqrs.adoption.adapter import adapters
from cqrs.adoption.comparing import compare
from cqrs.models import EventRecord, ParkedChange

INSERT_CUSTOMER = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
VALUES (%s, %s, %s, %s, true, '2020-01-01 12:00:00+02')
"""
INSERT_EVENT = """
INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                        metadata, occurred_at)
SELECT gen_random_uuid(), %s, %s, %s, %s, 1, %s, '{}', now()
"""


def by_sql(statement: str, *parameters: Any) -> int:
    """Run a statement as another program does; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def rename(customer_id: UUID, name: str) -> None:
    assert by_sql("UPDATE customers_customer SET name = %s WHERE id = %s", name, customer_id) == 1


def set_status(order_id: UUID, status: str) -> None:
    assert by_sql("UPDATE orders_order SET status = %s WHERE id = %s", status, order_id) == 1


def delete_stock(product_id: UUID) -> None:
    assert by_sql("DELETE FROM orders_stockitem WHERE id = %s", product_id) == 1


def delete_order(order_id: UUID) -> None:
    by_sql("DELETE FROM orders_orderline WHERE order_id = %s", order_id)
    assert by_sql("DELETE FROM orders_order WHERE id = %s", order_id) == 1


def insert_event(
    stream_type: str, stream_id: UUID, version: int, wire_name: str, data: str = "{}"
) -> UUID:
    """Insert an event that no consumer gets; return its id. Most data cannot be read."""
    by_sql(INSERT_EVENT, stream_type, stream_id, version, wire_name, data)
    return EventRecord.objects.get(stream_id=stream_id, version=version).event_id


def outside_events(stream_id: UUID) -> list[tuple[int, Any, Any]]:
    """Return version, before and after of each adopted change of an aggregate."""
    return [
        (event.version, event.data["before"], event.data["after"])
        for event in EventRecord.objects.filter(
            stream_id=stream_id, type__endswith="_changed_outside"
        ).order_by("id")
    ]


def versions(stream_id: UUID) -> list[tuple[int, str]]:
    """Return version and type of each event, without the app's name and the aggregate's."""
    rows = EventRecord.objects.filter(stream_id=stream_id).order_by("version")
    return [(event.version, event.type.split("_", 1)[1]) for event in rows]


def parked() -> list[tuple[str, UUID | None, str]]:
    rows = ParkedChange.objects.order_by("stream_type", "stream_id")
    return list(rows.values_list("stream_type", "stream_id", "reason"))


def everything_fits() -> bool:
    """Return whether no row of any aggregate differs from its digest or its log."""
    for adapter in adapters().values():
        ids = list(adapter.model.objects.values_list("pk", flat=True))
        found = compare(adapter, ids, lock=False)
        if found.doubtful or found.newer:
            return False
    return True
