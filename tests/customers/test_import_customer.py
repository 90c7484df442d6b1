"""Taking over customers from another system."""

from datetime import UTC, datetime

import pytest

from cqrs.messaging.ids import uuid7
from customers.commands import ImportCustomer
from customers.models import Customer
from tests.support.scenarios import (
    accepted,
    customer,
    events,
    last_events,
    nothing_written,
    refused,
    wrong_fields,
)
from tests.support.threads import attempt, together


def record(**changes):
    return {
        "customer_id": uuid7(),
        "name": "Ada",
        "email": f"{uuid7()}@example.com",
        "registered_at": "2019-12-31T23:30:00-02:00",
        **changes,
    }


@pytest.mark.django_db
class TestImportCustomer:
    def test_keeps_the_id_and_the_date(self):
        payload = record()
        state = accepted(ImportCustomer, **payload)
        assert (state.id, state.version, state.is_active) == (payload["customer_id"], 1, True)
        assert state.registered_at == datetime(2020, 1, 1, 1, 30, tzinfo=UTC)

    def test_publishes_an_event_that_says_where_it_comes_from(self):
        payload = record()
        accepted(ImportCustomer, **payload)
        (event,) = last_events(1)
        assert (event.type, event.version) == ("customers.customer_registered", 1)
        assert event.metadata["origin"] == "import"
        assert event.metadata["actor"] == "test"

    def test_leaves_a_known_customer_as_it_is(self):
        payload = record()
        accepted(ImportCustomer, **payload)
        with nothing_written():
            again = accepted(ImportCustomer, **{**payload, "name": "Eve"})
        assert (again.name, again.version) == ("Ada", 1)

    def test_refuses_an_address_that_another_customer_has(self):
        customer(email="ada@example.com")
        assert refused(ImportCustomer, **record(email="Ada@example.com")).code == "email_taken"

    def test_refuses_a_time_without_a_zone(self):
        rejected = refused(ImportCustomer, **record(registered_at="2019-12-31T23:30:00"))
        assert wrong_fields(rejected) == {"registered_at": "datetime_parsing"}


@pytest.mark.django_db(transaction=True)
class TestImportCustomerTwiceAtOnce:
    def test_imports_it_once(self):
        for _ in range(5):
            payload = record()
            results = together(*[attempt(ImportCustomer, **payload)] * 3)
            assert {result.value.version for result in results} == {1}
            assert events(payload["customer_id"]) == [("customers.customer_registered", 1)]
            assert Customer.objects.filter(pk=payload["customer_id"]).count() == 1
