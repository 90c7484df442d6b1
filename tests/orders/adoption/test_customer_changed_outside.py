"""Commands that only rely on a customer notice what another program did to its row.

A restored row is one of before, with a digest that fits.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from cqrs.adoption.looking import look
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from customers.commands import DeactivateCustomer, ImportCustomer, UpdateCustomer
from customers.models import Customer
from orders.commands import CreateOrder, ImportOrder
from tests.support.outside import (
    INSERT_CUSTOMER,
    by_sql,
    everything_fits,
    outside_events,
    rename,
    versions,
)
from tests.support.scenarios import accepted, content, customer

pytestmark = pytest.mark.django_db

LONG_AGO = "2020-01-01T00:00:00Z"
RELYING = pytest.mark.parametrize("command", [CreateOrder, ImportOrder])


def payload(command: Any, customer_id: UUID) -> dict[str, Any]:
    found = content(customer_id)
    if command is ImportOrder:
        found |= {"order_id": uuid7(), "ordered_at": LONG_AGO}
    return found


def restored_to_before(key: UUID, change: Callable[[], Any]) -> None:
    [old] = Customer.objects.filter(pk=key).values()
    change()
    Customer.objects.filter(pk=key).update(**old)


def activate(key: UUID) -> None:
    by_sql("UPDATE customers_customer SET is_active = true WHERE id = %s", key)
    assert look("customer", [key]).adopted == 1


class TestCustomer:
    @RELYING
    def test_that_was_changed_is_adopted(self, command: Any):
        ada = customer()
        rename(ada, "Grace")
        accepted(command, **payload(command, ada))
        assert versions(ada) == [(1, "registered"), (2, "changed_outside")]
        assert everything_fits()

    @RELYING
    def test_that_was_inserted_is_adopted(self, command: Any):
        ada = uuid7()
        by_sql(INSERT_CUSTOMER, ada, 1, "Ada", "ada@example.com")
        accepted(command, **payload(command, ada))
        assert versions(ada) == [(1, "changed_outside")]

    @RELYING
    def test_that_was_deleted_is_adopted_and_not_found(self, command: Any):
        ada = customer()
        by_sql("DELETE FROM customers_customer WHERE id = %s", ada)
        for _ in range(2):
            assert bus.send(command, payload(command, ada)).code == "not_found"
        assert versions(ada) == [(1, "registered"), (2, "changed_outside")]
        assert outside_events(ada)[0][2] is None

    @RELYING
    @pytest.mark.bypasses_events
    def test_that_cannot_be_read_is_parked(self, command: Any):
        ada = customer()
        by_sql("UPDATE customers_customer SET registered_at = 'infinity'")
        assert bus.send(command, payload(command, ada)).code == "changed_outside"


class TestRestoredCustomer:
    @RELYING
    def test_is_adopted(self, command: Any):
        ada = customer()
        restored_to_before(ada, lambda: accepted(UpdateCustomer, customer_id=ada, name="Bea"))
        accepted(command, **payload(command, ada))
        assert versions(ada) == [(1, "registered"), (2, "updated"), (3, "changed_outside")]
        [(_, before, after)] = outside_events(ada)
        assert (before["name"], after["name"]) == ("Bea", "Ada")
        assert everything_fits()

    def test_who_is_active_again_can_order(self):
        ada = customer()
        restored_to_before(ada, lambda: accepted(DeactivateCustomer, customer_id=ada))
        accepted(CreateOrder, **content(ada))
        assert versions(ada)[-1] == (3, "changed_outside")

    def test_who_is_inactive_again_cannot(self):
        ada = customer()
        accepted(DeactivateCustomer, customer_id=ada)
        restored_to_before(ada, lambda: activate(ada))
        assert bus.send(CreateOrder, content(ada)).code == "customer_inactive"
        assert versions(ada)[2:] == [(3, "changed_outside"), (4, "changed_outside")]

    def test_is_what_an_import_answers_with(self):
        ada = customer()
        restored_to_before(ada, lambda: accepted(UpdateCustomer, customer_id=ada, name="Bea"))
        given = {"customer_id": ada, "name": "Cy", "email": "cy@example.com"}
        state = accepted(ImportCustomer, **given, registered_at=LONG_AGO)
        assert (state.name, state.version) == ("Ada", 3)
        assert versions(ada)[-1] == (3, "changed_outside")
