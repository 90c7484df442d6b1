"""A command that meets an outside change adopts it first, then goes on with the state as it is."""

from typing import Any

import pytest
from django.db import transaction

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.adoption.parking import park
from cqrs.event_log.digests import UnknownDigest
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from customers.commands import DeactivateCustomer, ImportCustomer, UpdateCustomer
from customers.models import Customer
from orders.commands import ConfirmOrder, CreateOrder, ImportOrder, SetStock
from tests.support.kernel_settings import cqrs
from tests.support.outside import (
    INSERT_CUSTOMER,
    by_sql,
    delete_order,
    delete_stock,
    everything_fits,
    insert_event,
    outside_events,
    rename,
    versions,
)
from tests.support.scenarios import accepted, content, customer, line, order, product
from tests.support.statements import statements

pytestmark = pytest.mark.django_db

LONG_AGO = "2020-01-01T00:00:00Z"


def count(command: Any, **payload: Any) -> int:
    with statements("default") as sent:
        accepted(command, **payload)
    return len([each for each in sent if "SAVEPOINT" not in each])


class TestCommand:
    def test_adopts_first_and_keeps_what_the_other_program_wrote(self):
        ada = customer()
        rename(ada, "Grace")
        state = accepted(UpdateCustomer, customer_id=ada, email="grace@example.com")
        assert (state.name, state.version) == ("Grace", 3)
        assert versions(ada) == [(1, "registered"), (2, "changed_outside"), (3, "updated")]
        assert everything_fits()

    def test_refuses_the_version_from_before_the_change(self):
        ada = customer()
        rename(ada, "Grace")
        result = bus.send(
            UpdateCustomer, {"customer_id": ada, "name": "Bea", "expected_version": 1}
        )
        assert isinstance(result, Rejected)
        assert result.code == "version_conflict"
        assert outside_events(ada)[0][0] == 2

    def test_adopts_also_when_it_is_refused(self):
        ada = customer()
        by_sql("UPDATE customers_customer SET is_active = false")
        assert bus.send(DeactivateCustomer, {"customer_id": ada}).code == "customer_inactive"
        assert versions(ada) == [(1, "registered"), (2, "changed_outside")]

    def test_takes_a_customer_who_was_deactivated_outside_for_inactive(self):
        ada = customer()
        by_sql("UPDATE customers_customer SET is_active = false")
        assert bus.send(CreateOrder, content(ada)).code == "customer_inactive"
        assert versions(ada)[-1] == (2, "changed_outside")

    def test_takes_orders_of_a_customer_who_was_inserted_outside(self):
        ada = uuid7()
        by_sql(INSERT_CUSTOMER, ada, 1, "Ada", "ada@example.com")
        accepted(CreateOrder, **content(ada))
        assert versions(ada) == [(1, "changed_outside")]

    def test_adopts_all_that_it_meets(self):
        ada, lamp, desk = customer(), product(5), product(5)
        rename(ada, "Grace")
        by_sql("UPDATE orders_stockitem SET on_hand = 3")
        accepted(CreateOrder, **content(ada, line(lamp, 2), line(desk, 3)))
        changed = [len(outside_events(each)) for each in (ada, lamp, desk)]
        assert changed == [1, 1, 1]
        assert everything_fits()

    def test_counts_with_the_stock_that_the_other_program_left(self):
        lamp = product(5)
        by_sql("UPDATE orders_stockitem SET on_hand = 1")
        assert bus.send(CreateOrder, content(customer(), line(lamp, 2))).code == "out_of_stock"
        assert outside_events(lamp)[0][0] == 2

    def test_finds_the_deletion_of_what_it_was_to_change(self):
        key = order()
        delete_order(key)
        assert bus.send(ConfirmOrder, {"order_id": key}).code == "not_found"
        assert versions(key) == [(1, "created"), (2, "changed_outside")]
        assert bus.send(ConfirmOrder, {"order_id": key}).code == "not_found"
        assert len(versions(key)) == 2

    def test_continues_the_stream_of_a_product_that_was_deleted(self):
        lamp = product(5)
        delete_stock(lamp)
        assert accepted(SetStock, product_id=lamp, on_hand=2).version == 3
        assert versions(lamp) == [(1, "set"), (2, "changed_outside"), (3, "set")]

    def test_answers_an_import_of_a_changed_customer_with_what_is_there(self):
        ada = customer()
        rename(ada, "Grace")
        state = accepted(
            ImportCustomer, customer_id=ada, name="X", email="x@example.com",
            registered_at="2020-01-01T00:00:00Z",
        )  # fmt: skip
        assert (state.name, state.version) == ("Grace", 2)

    def test_adopts_within_an_open_transaction(self):
        ada = customer()
        rename(ada, "Grace")
        with transaction.atomic():
            accepted(UpdateCustomer, customer_id=ada, email="grace@example.com")
            transaction.set_rollback(True)
        assert versions(ada) == [(1, "registered")]
        look("customer", [ada])

    def test_runs_once_per_idempotency_key(self):
        ada = customer()
        rename(ada, "Grace")
        payload = {"customer_id": ada, "email": "grace@example.com"}
        first = bus.send(UpdateCustomer, payload, idempotency_key="k")
        again = bus.send(UpdateCustomer, payload, idempotency_key="k")
        assert isinstance(first, Ok)
        assert isinstance(again, Ok)
        assert (first.value.version, again.value.version, again.replayed) == (3, 3, True)

    def test_sends_no_more_statements_for_rows_that_fit(self):
        ada, lamp = customer(), product(9)
        key = order(line(lamp))
        assert count(UpdateCustomer, customer_id=ada, name="Bea") == 3
        assert count(ConfirmOrder, order_id=key) == 4
        assert count(SetStock, product_id=lamp, on_hand=9) == 4
        assert count(SetStock, product_id=uuid7(), on_hand=9) == 4
        assert count(CreateOrder, **content(ada, line(lamp))) == 6
        history = {"order_id": uuid7(), "ordered_at": LONG_AGO}
        assert count(ImportOrder, **content(ada), **history) == 6


class TestRowThatWentBack:
    def test_is_adopted_when_the_log_has_the_version_already(self):
        """A restored row has a digest that fits: only the log refuses its next version."""
        ada = customer()
        [old] = Customer.objects.values()
        accepted(UpdateCustomer, customer_id=ada, name="Bea")
        Customer.objects.update(**old)
        assert accepted(UpdateCustomer, customer_id=ada, name="Cy").version == 4
        assert versions(ada) == [
            (1, "registered"), (2, "updated"), (3, "changed_outside"), (4, "updated"),
        ]  # fmt: skip


class TestParkedAggregate:
    @pytest.mark.bypasses_events
    def test_refuses_its_commands(self):
        key = order()
        by_sql("UPDATE orders_order SET customer_id = %s", uuid7())
        result = bus.send(ConfirmOrder, {"order_id": key})
        assert isinstance(result, Rejected)
        assert result.code == "changed_outside"
        assert versions(key) == [(1, "created")]

    @pytest.mark.bypasses_events
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE orders_order SET order_date = 'infinity'",
            "UPDATE orders_orderline SET unit_price = 'NaN'",
            "DELETE FROM orders_orderline",
        ],
    )
    def test_refuses_them_also_for_values_that_make_no_sense(self, change: str):
        key = order()
        by_sql(change)
        assert bus.send(ConfirmOrder, {"order_id": key}).code == "changed_outside"

    def test_refuses_orders_of_a_customer_who_cannot_be_read(self):
        ada = customer()
        by_sql("UPDATE customers_customer SET registered_at = 'infinity'")
        assert bus.send(CreateOrder, content(ada)).code == "changed_outside"

    def test_refuses_imports_of_what_cannot_be_read(self):
        ada, key = customer(), order()
        by_sql("UPDATE customers_customer SET registered_at = 'infinity'")
        by_sql("UPDATE orders_order SET order_date = 'infinity'")
        payload = {"customer_id": ada, "name": "Ada", "email": "ada@example.com"}
        result = bus.send(ImportCustomer, {**payload, "registered_at": LONG_AGO})
        assert result.code == "changed_outside"
        payload = {**content(ada), "order_id": key, "ordered_at": LONG_AGO}
        assert bus.send(ImportOrder, payload).code == "changed_outside"

    def test_takes_commands_again_when_the_row_is_repaired(self):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = total_amount + 1")
        assert bus.send(ConfirmOrder, {"order_id": key}).code == "changed_outside"
        by_sql("UPDATE orders_order SET total_amount = total_amount - 1")
        assert accepted(ConfirmOrder, order_id=key).version == 2

    @pytest.mark.bypasses_events
    def test_refuses_them_when_an_event_cannot_be_read(self):
        ada, lamp = customer(), product(5)
        key = order(line(lamp))
        insert_event("order", key, 2, "orders.order_confirmed", f'{{"order_id": "{key}"}}')
        assert bus.send(ConfirmOrder, {"order_id": key}).code == "changed_outside"
        insert_event("stock", lamp, 3, "orders.stock_set")
        assert bus.send(SetStock, {"product_id": lamp, "on_hand": 9}).code == "changed_outside"
        assert bus.send(CreateOrder, content(ada, line(lamp))).code == "changed_outside"
        insert_event("customer", ada, 2, "customers.customer_updated")
        assert bus.send(CreateOrder, content(ada)).code == "changed_outside"
        assert accepted(ConfirmOrder, order_id=order()).version == 2

    @pytest.mark.bypasses_events
    def test_refuses_what_was_held_back_by_a_caller(self):
        ada = customer()
        rename(ada, "Grace")
        park("customer", ada, "its key was changed")
        assert bus.send(UpdateCustomer, {"customer_id": ada, "name": "Bea"}).code == (
            "changed_outside"
        )


class TestNewerBuild:
    @pytest.mark.bypasses_events
    def test_is_waited_for(self):
        ada = customer()
        by_sql("UPDATE customers_customer SET digest = '2:0', name = 'Bea'")
        with pytest.raises(UnknownDigest):
            bus.send(UpdateCustomer, {"customer_id": ada, "name": "Cy"})
        assert look("customer", [ada]).newer == 1
        assert versions(ada) == [(1, "registered")]

    @pytest.mark.bypasses_events
    def test_has_written_events_that_this_one_cannot_fold(self):
        ada = customer()
        rename(ada, "Grace")
        with cqrs(EVENTS=["orders.events.EVENTS"]):
            assert look("customer", [ada]) == Looked(newer=1)
            with pytest.raises(UnknownDigest):
                bus.send(UpdateCustomer, {"customer_id": ada, "name": "Cy"})
        assert versions(ada) == [(1, "registered")]
