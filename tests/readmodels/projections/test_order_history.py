from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from readmodels.models import OrderEventReadModel
from readmodels.projections.order_history import OrderHistory
from readmodels.projections.text import utc_text
from tests.support.log import Log
from tests.support.projection_contract import DeskProjectionContract

READ = pytest.mark.django_db(databases=["default", "replica"])


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    return {
        f"{event.stream_id} {event.version:010}": {
            "position": event.position,
            "customer": event.data["customer_id"],
            "type": "".join(part.title() for part in event.type[len("orders.") :].split("_")),
            "version": event.version,
            "occurred_at": utc_text(event.occurred_at),
            "actor": "test",
            "correlation_id": "c0",
            "data": event.data,
        }
        for event in events
        if event.type.startswith("orders.order_")
    }


class TestOrderHistory(DeskProjectionContract):
    projection = OrderHistory()
    models = (OrderEventReadModel,)
    fold = staticmethod(fold)

    def observed(self) -> dict[str, Any]:
        return {
            row.pk: {
                "position": row.position,
                "customer": str(row.customer_id),
                **orjson.loads(row.document),
            }
            for row in OrderEventReadModel.objects.all()
        }

    @READ
    def test_writes_a_row_for_each_event(self, log: Log) -> None:
        customer = log.customer()
        order = log.order(customer, total="20.00")
        log.ship(order)
        self.apply(log.sequenced())
        created, shipped = OrderEventReadModel.objects.order_by("id")
        assert (created.id, shipped.id) == (f"{order} 0000000001", f"{order} 0000000002")
        assert (created.version, created.position, created.customer_id) == (1, 2, customer)
        document = orjson.loads(shipped.document)
        assert list(document) == [
            "type", "version", "occurred_at", "actor", "correlation_id", "data"
        ]  # fmt: skip
        assert document["data"] == {
            "order_id": str(order),
            "customer_id": str(customer),
            "order_date": "2026-01-31T12:30:00Z",
            "currency": "USD",
            "total_amount": "20.00",
            "carrier": "UPS",
            "tracking_number": "1Z9",
        }

    def test_is_divided_like_the_orders(self) -> None:
        assert self.projection.is_divisible
