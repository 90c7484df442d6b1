"""Receivers of the two signals get what is documented: see cqrs/event_log/signals.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.dispatch import Signal
from structlog.testing import capture_logs

from cqrs.event_log.signals import event_committed, event_published
from cqrs.models import EventRecord, Pending
from customers.commands import RegisterCustomer
from customers.events import CustomerRegistered
from customers.models import Customer
from tests.support.counted import counted_more
from tests.support.faults import Broken
from tests.support.scenarios import accepted, customer

PAYLOAD = {"name": "Ada", "email": "ada@example.com"}


@contextmanager
def listening(signal: Signal, receiver: Any) -> Iterator[None]:
    signal.connect(receiver, sender=CustomerRegistered)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=CustomerRegistered)


def fail(**_: Any) -> None:
    raise Broken


@pytest.mark.django_db(transaction=True)
class TestEventPublished:
    def test_runs_in_the_transaction(self):
        seen: list[tuple[Any, int]] = []

        def receive(event: CustomerRegistered, event_id: Any, **_: Any) -> None:
            seen.append((event.email, EventRecord.objects.filter(event_id=event_id).count()))

        with listening(event_published, receive):
            customer(email="ada@example.com")
        assert seen == [("ada@example.com", 1)]

    def test_rolls_the_command_back_when_it_raises(self):
        with listening(event_published, fail), pytest.raises(Broken):
            accepted(RegisterCustomer, **PAYLOAD)
        assert (Customer.objects.count(), EventRecord.objects.count(), Pending.objects.count()) == (
            0,
        ) * 3


@pytest.mark.django_db(transaction=True)
class TestEventCommitted:
    def test_runs_after_the_commit(self):
        seen: list[Any] = []

        def receive(event: CustomerRegistered, sender: Any, aggregate: Any, **_: Any) -> None:
            seen.append((sender, event.customer_id, aggregate.version))

        with listening(event_committed, receive):
            key = customer()
        assert seen == [(CustomerRegistered, key, 1)]

    def test_does_not_run_when_the_transaction_rolls_back(self):
        seen: list[Any] = []

        def receive(**event: Any) -> None:
            seen.append(event)

        with (
            listening(event_committed, receive),
            listening(event_published, fail),
            pytest.raises(Broken),
        ):
            accepted(RegisterCustomer, **PAYLOAD)
        assert seen == []

    def test_harms_nothing_and_is_logged_and_counted_when_it_raises(self):
        name = "cqrs_event_committed_failures_total"
        failed = counted_more(name, event="CustomerRegistered")
        seen: list[Any] = []

        def receive(event: CustomerRegistered, **_: Any) -> None:
            seen.append(event.name)

        with (
            listening(event_committed, fail),
            listening(event_committed, receive),
            capture_logs() as logs,
        ):
            accepted(RegisterCustomer, **PAYLOAD)
        assert Customer.objects.count() == 1
        assert seen == ["Ada"]
        assert failed() == 1
        failures = [log for log in logs if log["event"] == "event_committed_receiver_failed"]
        assert [(log["receiver"], log["event_type"]) for log in failures] == [
            ("fail", "CustomerRegistered")
        ]
