"""Deactivating a customer."""

import pytest

from cqrs.messaging.ids import uuid7
from customers.commands import DeactivateCustomer
from customers.models import Customer
from orders.commands import ConfirmOrder
from orders.models import Order
from tests.support.scenarios import accepted, customer, last_events, order, refused, wrong_fields

pytestmark = pytest.mark.django_db


class TestDeactivateCustomer:
    def test_deactivates_and_publishes_the_reason(self):
        customer_id = customer()
        state = accepted(DeactivateCustomer, customer_id=customer_id, reason="Moved away")
        assert (state.is_active, state.version) == (False, 2)
        assert Customer.objects.get(pk=customer_id).state() == state
        (event,) = last_events(1)
        assert (event.type, event.version) == ("customers.customer_deactivated", 2)
        assert event.data == {"customer_id": str(customer_id), "reason": "Moved away"}

    def test_lets_open_orders_go_on(self):
        order_id = order()
        accepted(DeactivateCustomer, customer_id=Order.objects.get(pk=order_id).customer_id)
        assert accepted(ConfirmOrder, order_id=order_id).status == "confirmed"

    def test_refuses_the_second_time(self):
        customer_id = customer()
        accepted(DeactivateCustomer, customer_id=customer_id)
        assert refused(DeactivateCustomer, customer_id=customer_id).code == "customer_inactive"

    def test_refuses_an_unknown_customer(self):
        assert refused(DeactivateCustomer, customer_id=uuid7()).code == "not_found"

    def test_refuses_another_version_than_the_expected_one(self):
        rejected = refused(DeactivateCustomer, customer_id=customer(), expected_version=7)
        assert rejected.code == "version_conflict"

    def test_refuses_a_reason_that_is_too_long(self):
        rejected = refused(DeactivateCustomer, customer_id=uuid7(), reason="x" * 2001)
        assert wrong_fields(rejected) == {"reason": "string_too_long"}
