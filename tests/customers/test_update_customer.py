"""Changing a customer."""

import pytest

from cqrs.messaging.ids import uuid7
from customers.commands import DeactivateCustomer, UpdateCustomer
from customers.models import Customer
from tests.support.scenarios import accepted, customer, last_events, refused, wrong_fields

pytestmark = pytest.mark.django_db


class TestUpdateCustomer:
    @pytest.mark.parametrize(
        ("changes", "name", "email"),
        [
            ({"name": "Grace"}, "Grace", "ada@example.com"),
            ({"email": "grace@example.com"}, "Ada", "grace@example.com"),
            ({"name": "Grace", "email": "ADA@example.com"}, "Grace", "ADA@example.com"),
        ],
    )
    def test_changes_what_is_given_and_publishes_both(self, changes, name, email):
        customer_id = customer(name="Ada", email="ada@example.com")
        state = accepted(UpdateCustomer, customer_id=customer_id, **changes)
        assert (state.name, state.email, state.version) == (name, email, 2)
        assert Customer.objects.get(pk=customer_id).state() == state
        (event,) = last_events(1)
        assert (event.type, event.version) == ("customers.customer_updated", 2)
        assert event.data == {"customer_id": str(customer_id), "name": name, "email": email}

    def test_corrects_a_deactivated_customer_too(self):
        customer_id = customer()
        accepted(DeactivateCustomer, customer_id=customer_id)
        state = accepted(UpdateCustomer, customer_id=customer_id, name="Grace")
        assert (state.name, state.is_active, state.version) == ("Grace", False, 3)

    def test_refuses_an_unknown_customer(self):
        assert refused(UpdateCustomer, customer_id=uuid7(), name="Grace").code == "not_found"

    def test_refuses_an_address_that_is_taken(self):
        customer(email="ada@example.com")
        rejected = refused(UpdateCustomer, customer_id=customer(), email="Ada@example.com")
        assert rejected.code == "email_taken"

    def test_refuses_another_version_than_the_expected_one(self):
        rejected = refused(UpdateCustomer, customer_id=customer(), name="Grace", expected_version=2)
        assert rejected.code == "version_conflict"

    def test_refuses_to_change_nothing(self):
        rejected = refused(UpdateCustomer, customer_id=customer())
        assert wrong_fields(rejected) == {"": "nothing_to_change"}
