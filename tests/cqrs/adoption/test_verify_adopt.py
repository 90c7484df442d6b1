"""`projections verify --adopt` finds what other programs have written, without Debezium."""

from io import StringIO
from threading import Event as Flag
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from cqrs.messaging.ids import uuid7
from customers.models import Customer
from tests.support.outside import (
    INSERT_CUSTOMER,
    by_sql,
    delete_order,
    everything_fits,
    insert_event,
    outside_events,
    rename,
)
from tests.support.scenarios import customer, order, product

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


def verify(*options: str) -> str:
    out = StringIO()
    call_command("projections", "verify", *options, stdout=out)
    return out.getvalue()


class TestVerifyAdopt:
    def test_adopts_changes_insertions_and_deletions(self):
        ada, gone, new, lamp = customer(), order(), uuid7(), product(5)
        rename(ada, "Grace")
        delete_order(gone)
        by_sql(INSERT_CUSTOMER, new, 1, "Bea", "bea@example.com")
        by_sql("UPDATE orders_stockitem SET on_hand = 4")
        said = verify("--adopt")
        assert "adoption: 5 aggregate(s), 4 outside change(s) adopted, 0 digest(s) renewed" in said
        assert said.endswith("Everything agrees with the event log\n")
        assert [len(outside_events(key)) for key in (ada, gone, new, lamp)] == [1] * 4
        assert " 0 outside change(s) adopted" in verify("--adopt")

    def test_is_named_where_writes_bypass_the_log(self):
        rename(customer(), "Grace")
        with pytest.raises(CommandError, match="take them into it with --adopt"):
            verify()
        verify("--adopt")

    @pytest.mark.bypasses_events
    def test_names_what_is_parked_and_fails(self):
        key = order()
        by_sql("UPDATE orders_order SET total_amount = 1")
        out = StringIO()
        with pytest.raises(CommandError, match=r"1 outside change\(s\) are parked"):
            call_command("projections", "verify", "--adopt", stdout=out)
        reason = "the lines of the order do not make up its total"
        assert f"parked: order {key}: {reason}" in out.getvalue()

    @pytest.mark.bypasses_events
    def test_goes_on_behind_an_event_that_cannot_be_read(self):
        key, ada, out = order(), customer(), StringIO()
        event_id = insert_event(
            "order", key, 2, "orders.order_confirmed", f'{{"order_id": "{key}"}}'
        )
        rename(ada, "Grace")
        with pytest.raises(CommandError, match=r"^1 outside change\(s\) are parked"):
            call_command("projections", "verify", "--adopt", stdout=out)
        assert " 1 outside change(s) adopted" in out.getvalue()
        reason = f"its event {event_id} (orders.order_confirmed) cannot be read: ValidationError"
        assert f"parked: order {key}: {reason}" in out.getvalue()

    @pytest.mark.bypasses_events
    def test_goes_on_behind_a_value_that_the_audit_cannot_read(self):
        key, out = order(), StringIO()
        insert_event("order", key, 2, "orders.order_confirmed", '{"customer_id": "Ada"}')
        with pytest.raises(CommandError) as failure:
            call_command("projections", "verify", "--adopt", stdout=out)
        assert str(failure.value).split("; ") == [
            "1 outside change(s) are parked, for a person to decide",
            "The audit of the write tables met a value that cannot be read:"
            " projections verify --adopt names its aggregate (docs/adoption.md)",
        ]
        assert "customers: agrees with the event log" in out.getvalue()

    def test_accepts_what_is_held_only_where_it_adopts(self):
        with pytest.raises(CommandError, match="--accept-held goes with --adopt"):
            verify("--accept-held")

    @pytest.mark.bypasses_events
    def test_passes_over_what_is_locked_for_too_long(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("cqrs.adoption.looking.LOCK_TIMEOUT_MS", 50)
        ada = customer()
        rename(ada, "Grace")
        locked, done = Flag(), Flag()

        def hold() -> None:
            with transaction.atomic():
                Customer.objects.select_for_update().get(pk=ada)
                locked.set()
                done.wait(30)
            connections.close_all()

        holder = Thread(target=hold)
        holder.start()
        locked.wait(30)
        try:
            with pytest.raises(CommandError, match=r"1 aggregate\(s\) were locked for too long"):
                verify("--adopt")
        finally:
            done.set()
            holder.join()
        assert " 1 outside change(s) adopted" in verify("--adopt")
        assert everything_fits()
