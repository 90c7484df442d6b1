"""Registering a customer."""

from datetime import UTC, datetime, timedelta

import pytest

from cqrs.messaging.results import Ok
from customers.commands import RegisterCustomer
from customers.models import Customer
from tests.support.scenarios import accepted, customer, last_events, refused, wrong_fields
from tests.support.threads import attempt, together


@pytest.mark.django_db
class TestRegisterCustomer:
    def test_answers_with_the_active_customer_at_version_1(self):
        state = accepted(RegisterCustomer, name="Ada", email="ada@example.com")
        assert (state.name, state.email, state.is_active) == ("Ada", "ada@example.com", True)
        assert state.version == 1
        assert datetime.now(UTC) - state.registered_at < timedelta(seconds=10)
        assert Customer.objects.get(pk=state.id).state() == state

    def test_publishes_the_customer(self):
        state = accepted(RegisterCustomer, name="Ada", email="ada@example.com")
        (event,) = last_events(1)
        assert (event.stream_type, event.stream_id, event.version) == ("customer", state.id, 1)
        assert event.type == "customers.customer_registered"
        assert event.data == {
            "customer_id": str(state.id),
            "name": "Ada",
            "email": "ada@example.com",
            "registered_at": state.model_dump(mode="json")["registered_at"],
        }
        assert "origin" not in event.metadata

    def test_refuses_an_expected_version(self):
        payload = {"name": "Ada", "email": "ada@example.com", "expected_version": 1}
        assert refused(RegisterCustomer, **payload).code == "version_conflict"

    def test_refuses_an_address_that_is_taken_without_regard_to_case(self):
        customer(email="ada@example.com")
        rejected = refused(RegisterCustomer, name="Eve", email="ADA@Example.com")
        assert rejected.code == "email_taken"

    @pytest.mark.parametrize(
        ("payload", "wrong"),
        [
            ({}, {"name": "missing", "email": "missing"}),
            ({"name": "", "email": "ada"}, {"name": "string_too_short", "email": "email"}),
            (
                {"name": "x" * 201, "email": ""},
                {"name": "string_too_long", "email": "string_too_short"},
            ),
            ({"name": "a\0", "email": 5}, {"name": "string_nul", "email": "string_type"}),
            ({"name": "Ada", "email": "a@b.co", "vip": 1}, {"vip": "extra_forbidden"}),
        ],
    )
    def test_reports_all_wrong_fields_together(self, payload, wrong):
        assert wrong_fields(refused(RegisterCustomer, **payload)) == wrong


@pytest.mark.django_db(transaction=True)
class TestRegisterCustomerTwiceAtOnce:
    def test_gives_the_address_to_one(self):
        for number in range(5):
            payload = {"name": "Ada", "email": f"ada{number}@example.com"}
            results = together(*[attempt(RegisterCustomer, **payload)] * 3)
            assert sum(isinstance(result, Ok) for result in results) == 1
            assert {getattr(result, "code", "email_taken") for result in results} == {"email_taken"}
            assert Customer.objects.filter(email=payload["email"]).count() == 1
