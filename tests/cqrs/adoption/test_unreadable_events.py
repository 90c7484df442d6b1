"""An event that its class cannot read parks its aggregate, and keeps nothing else from adoption."""

import orjson
import pytest
from structlog.testing import capture_logs

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from orders.models import Order
from tests.support.kernel_settings import cqrs
from tests.support.outside import (
    by_sql,
    insert_event,
    outside_events,
    parked,
    set_status,
    versions,
)
from tests.support.scenarios import customer, line, order, product

pytestmark = [pytest.mark.django_db, pytest.mark.bypasses_events]

PARKED = Looked(parked=1)
UPCASTERS = {("customers.customer_deactivated", 1): lambda data: data["reason"]}


class TestUnreadableEvent:
    @pytest.mark.parametrize("data", ["{}", "[]", '"ada@example.com"', '{"order_id": "Ada"}'])
    def test_is_parked_and_the_rest_is_adopted(self, data: str):
        key, other = order(), order()
        event_id = insert_event("order", key, 2, "orders.order_confirmed", data)
        set_status(other, "delivered")
        with capture_logs() as logs:
            assert look("order", [key, other]) == Looked(adopted=1, parked=1)
        reason = f"its event {event_id} (orders.order_confirmed) cannot be read: ValidationError"
        assert parked() == [("order", key, reason)]
        assert versions(other)[-1] == (2, "changed_outside")
        assert [line for line in logs if line["event"] == "event_unreadable"] == [
            {"event": "event_unreadable", "log_level": "warning", "event_id": str(event_id),
             "error": "ValidationError"}
        ]  # fmt: skip
        assert "Ada" not in str(logs)

    def test_is_parked_when_an_upcaster_cannot_read_it(self):
        key = customer()
        event_id = insert_event("customer", key, 2, "customers.customer_deactivated")
        with cqrs(UPCASTERS=[f"{__name__}.UPCASTERS"]):
            assert look("customer", [key]) == PARKED
        assert parked()[0][2] == (
            f"its event {event_id} (customers.customer_deactivated) cannot be read: KeyError"
        )

    def test_keeps_the_row_as_it_is(self):
        key = order()
        insert_event("order", key, 2, "orders.order_confirmed")
        set_status(key, "shipped")
        assert look("order", [key]) == PARKED
        assert Order.objects.get().version == 1
        assert versions(key) == [(1, "created"), (2, "confirmed")]

    def test_is_adopted_when_its_data_are_corrected(self):
        key = customer()
        insert_event("customer", key, 2, "customers.customer_updated")
        assert look("customer", [key]) == PARKED
        data = orjson.dumps({"customer_id": key, "name": "Grace", "email": "g@example.com"})
        by_sql("UPDATE cqrs_event SET data = %s WHERE version = 2", data.decode())
        assert look("customer", [key]) == Looked(adopted=1)
        assert outside_events(key)[0][1]["name"] == "Grace"
        assert parked() == []

    def test_of_stock_parks_the_orders_that_would_move_it_and_no_other(self):
        lamp = product(5)
        moving, other = order(line(lamp)), order()
        insert_event("stock", lamp, 3, "orders.stock_released")
        set_status(moving, "shipped")
        set_status(other, "shipped")
        assert look("order", [moving, other]) == Looked(adopted=1, parked=1)
        assert ("order", moving, "its stock cannot follow: it is parked itself") in parked()
