"""Taking over orders from another system."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied

from cqrs.adoption.looking import look
from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from cqrs.messaging.ids import uuid7
from customers.commands import DeactivateCustomer
from orders.commands import ConfirmOrder, ImportOrder
from orders.models import OrderLine
from tests.support.outside import delete_order
from tests.support.scenarios import (
    ADDRESS,
    accepted,
    content,
    customer,
    events,
    last_events,
    line,
    nothing_written,
    product,
    refused,
    stock,
    wrong_fields,
)
from tests.support.threads import attempt, together


def history(customer_id, *items, **changes):
    return {
        "order_id": uuid7(),
        "ordered_at": "2019-12-31T23:30:00.123456-02:00",
        **content(customer_id, *items),
        **changes,
    }


@pytest.mark.django_db
class TestImportOrder:
    def test_keeps_the_id_and_the_date(self):
        payload = history(customer())
        state = accepted(ImportOrder, **payload)
        assert state.is_new
        assert (state.id, state.version, state.status) == (payload["order_id"], 1, "pending")
        assert state.order_date == datetime(2020, 1, 1, 1, 30, 0, 123456, tzinfo=UTC)

    def test_publishes_an_event_that_says_where_it_comes_from(self):
        state = accepted(ImportOrder, **history(customer(), line(quantity=2)))
        (event,) = last_events(1)
        assert (event.type, event.stream_id) == ("orders.order_created", state.id)
        assert event.metadata["origin"] == "import"
        assert event.metadata["actor"] == "test"
        assert event.data["order_date"] == "2020-01-01T01:30:00.123456Z"
        assert event.data["total_amount"] == "20.00"

    def test_touches_no_stock(self):
        lamp = product(1)
        state = accepted(ImportOrder, **history(customer(), line(lamp, 5)))
        assert stock(lamp) == (1, 0, 1)
        assert OrderLine.objects.get(order_id=state.id).reserved_quantity == 0

    def test_takes_the_order_of_a_deactivated_customer(self):
        buyer = customer()
        accepted(DeactivateCustomer, customer_id=buyer)
        assert accepted(ImportOrder, **history(buyer)).customer_id == buyer

    def test_writes_nothing_the_second_time(self):
        payload = history(customer(), line(unit_price="10.5000"), line(quantity=2))
        first = accepted(ImportOrder, **payload)
        with nothing_written():
            again = accepted(ImportOrder, **payload)
        assert not again.is_new
        assert again.model_dump(exclude={"is_new"}) == first.model_dump(exclude={"is_new"})

    def test_knows_the_order_also_after_it_has_moved_on(self):
        payload = history(customer())
        accepted(ImportOrder, **payload)
        accepted(ConfirmOrder, order_id=payload["order_id"])
        with nothing_written():
            again = accepted(ImportOrder, **payload)
        assert (again.is_new, again.status, again.version) == (False, "confirmed", 2)

    @pytest.mark.parametrize(
        "changes",
        [
            {"ordered_at": "2019-12-31T23:30:00.123457-02:00"},
            {"special_instructions": "Ring twice"},
            {"currency": "EUR"},
            {"shipping_address": {**ADDRESS, "city": "Shelbyville"}},
            {"items": [line()]},
        ],
    )
    def test_refuses_a_known_id_with_other_content(self, changes):
        payload = history(customer(), line(), line())
        accepted(ImportOrder, **payload)
        assert refused(ImportOrder, **{**payload, **changes}).code == "duplicate_order_id"

    @pytest.mark.parametrize(
        "change", [{"quantity": 2}, {"unit_price": "10.0001"}, {"product_name": "Big lamp"}]
    )
    def test_refuses_a_known_id_with_another_line(self, change):
        item = line()
        payload = history(customer(), item)
        accepted(ImportOrder, **payload)
        rejected = refused(ImportOrder, **{**payload, "items": [{**item, **change}]})
        assert rejected.code == "duplicate_order_id"

    def test_refuses_a_known_id_of_another_customer(self):
        payload = history(customer())
        accepted(ImportOrder, **payload)
        rejected = refused(ImportOrder, **{**payload, "customer_id": customer()})
        assert rejected.code == "duplicate_order_id"

    def test_refuses_an_unknown_customer(self):
        assert refused(ImportOrder, **history(uuid7())).code == "not_found"

    def test_refuses_mixed_currencies(self):
        payload = history(customer(), line(currency="EUR"), line(currency="USD"))
        assert refused(ImportOrder, **payload).code == "currency_mismatch"

    @pytest.mark.parametrize(
        ("moment", "code"),
        [
            ("2020-01-01T00:00:00", "datetime_parsing"),
            ("0001-01-01T00:00:00+14:00", "datetime_range"),
            ("yesterday", "datetime_parsing"),
        ],
    )
    def test_refuses_a_time_that_is_no_moment(self, moment, code):
        rejected = refused(ImportOrder, **history(uuid7(), ordered_at=moment))
        assert wrong_fields(rejected) == {"ordered_at": code}

    def test_needs_its_own_permission(self):
        with (
            use_context(Context(permissions=frozenset({"orders.create_order"}))),
            nothing_written(),
            pytest.raises(PermissionDenied),
        ):
            bus.send(ImportOrder, history(uuid7()))


@pytest.mark.django_db(transaction=True)
class TestImportOrderTwiceAtOnce:
    def test_imports_it_once(self):
        for _ in range(10):
            payload = history(customer())
            results = together(*[attempt(ImportOrder, **payload)] * 3)
            assert sorted(result.value.is_new for result in results) == [False, False, True]
            assert events(payload["order_id"]) == [("orders.order_created", 1)]


@pytest.mark.django_db
class TestImportOfADeletedOrder:
    def test_continues_its_stream(self):
        payload = history(customer())
        accepted(ImportOrder, **payload)
        delete_order(payload["order_id"])
        assert accepted(ImportOrder, **payload).version == 3

    def test_is_refused_under_another_customer(self):
        payload = history(customer())
        accepted(ImportOrder, **payload)
        delete_order(payload["order_id"])
        look("order", [payload["order_id"]])
        other = {**payload, "customer_id": customer()}
        assert refused(ImportOrder, **other).code == "duplicate_order_id"
