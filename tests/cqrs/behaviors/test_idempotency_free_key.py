"""What comes to nothing leaves its key free."""

from contextlib import contextmanager

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from cqrs.event_log.signals import event_published
from cqrs.messaging.results import Rejected
from orders.commands import CreateOrder
from orders.events import OrderCreated
from tests.support.faults import Broken, handled_by
from tests.support.keyed import acting, code, send
from tests.support.scenarios import content, customer, line, nothing_written, product, stock


@contextmanager
def broken_after_publishing():
    def fail(**_):
        raise Broken

    event_published.connect(fail, sender=OrderCreated)
    try:
        yield
    finally:
        event_published.disconnect(fail, sender=OrderCreated)


@pytest.mark.django_db(transaction=True)
class TestFreeKey:
    def test_an_invalid_message_leaves_it_free(self):
        buyer = customer()
        assert code(send(CreateOrder, **content(buyer, items=[]))) == "invalid"
        assert code(send(CreateOrder, **content(buyer))) == "ok"

    def test_what_a_handler_calls_invalid_leaves_it_free(self):
        buyer = customer()
        with handled_by(CreateOrder, lambda _: Rejected("invalid", "No")):
            assert code(send(CreateOrder, **content(buyer))) == "invalid"
        assert code(send(CreateOrder, **content(buyer))) == "ok"

    def test_an_exception_leaves_it_free_and_writes_nothing(self):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))
        with broken_after_publishing(), nothing_written(), pytest.raises(Broken):
            send(CreateOrder, **payload)
        result = send(CreateOrder, **payload)
        assert (code(result), result.replayed) == ("ok", False)
        assert stock(lamp) == (5, 2, 2)

    def test_a_missing_permission_leaves_it_free(self):
        payload = content(customer())
        with acting("test", permissions=frozenset()), pytest.raises(PermissionDenied):
            send(CreateOrder, **payload)
        assert code(send(CreateOrder, **payload)) == "ok"

    def test_a_rollback_of_the_transaction_around_it_leaves_it_free(self):
        payload = content(customer())
        with transaction.atomic():
            assert code(send(CreateOrder, **payload)) == "ok"
            transaction.set_rollback(True)
        result = send(CreateOrder, **payload)
        assert (code(result), result.replayed) == ("ok", False)
