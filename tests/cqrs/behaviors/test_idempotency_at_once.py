"""One key, used by several at the same time or inside another transaction."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag

import pytest
from django.db import connections, transaction

from cqrs.event_log.signals import event_published
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from cqrs.models import IdempotentAnswer
from orders.commands import CreateOrder
from orders.events import OrderCreated
from orders.models import Order
from tests.support.keyed import acting, code, send
from tests.support.scenarios import content, customer, line, nothing_written, product, stock
from tests.support.threads import together

pytestmark = pytest.mark.postgresql_version


@pytest.mark.django_db(transaction=True)
class TestInsideAnOpenTransaction:
    def test_replays_what_the_same_transaction_answered(self):
        payload = content(customer())
        with transaction.atomic():
            first = send(CreateOrder, **payload)
            assert send(CreateOrder, **payload) == Ok(first.value, replayed=True)
        assert send(CreateOrder, **payload) == Ok(first.value, replayed=True)

    def test_a_refusal_is_stored_and_takes_back_only_its_own(self):
        lamp, buyer = product(5), customer()
        mixed = content(buyer, line(lamp, 1, currency="EUR"), line(currency="USD"))
        with transaction.atomic():
            assert code(bus.send(CreateOrder, content(buyer, line(lamp, 2)))) == "ok"
            assert code(send(CreateOrder, **mixed)) == "currency_mismatch"
            assert code(bus.send(CreateOrder, content(buyer, line(lamp, 3)))) == "ok"
        assert stock(lamp) == (5, 5, 3)
        assert send(CreateOrder, **mixed).replayed

    def test_holds_the_key_until_that_transaction_ends(self):
        payload = content(customer())
        with transaction.atomic():
            send(CreateOrder, **payload)
            [other] = together(lambda: send(CreateOrder, **payload))
            assert code(other) == "idempotency_in_progress"
        assert send(CreateOrder, **payload).replayed


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_says_so_while_the_first_is_in_flight(self):
        payload, arrived, go_on = content(customer()), Flag(), Flag()

        def wait(**_):
            arrived.set()
            assert go_on.wait(10)

        event_published.connect(wait, sender=OrderCreated)
        try:
            with ThreadPoolExecutor() as pool:
                first = pool.submit(_in_thread, payload)
                assert arrived.wait(10)
                with nothing_written():
                    assert code(send_as_test(payload)) == "idempotency_in_progress"
                go_on.set()
                answer = first.result(10)
        finally:
            event_published.disconnect(wait, sender=OrderCreated)
        assert send_as_test(payload) == Ok(answer.value, replayed=True)

    def test_eight_at_once_place_one_order(self):
        for number in range(10):
            lamp = product(5)
            payload = content(customer(), line(lamp, 2))
            answers = together(*[lambda p=payload, k=f"k{number}": send(CreateOrder, k, **p)] * 8)
            found = Counter(code(answer) for answer in answers)
            assert found["ok"] >= 1
            assert found["ok"] + found["idempotency_in_progress"] == 8
            made = {answer.value.id for answer in answers if isinstance(answer, Ok)}
            assert len(made) == 1
            first = [each for each in answers if isinstance(each, Ok) and not each.replayed]
            assert len(first) == 1
            assert stock(lamp) == (5, 2, 2)
        assert Order.objects.count() == 10

    def test_eight_at_once_are_refused_once(self):
        lamp = product(1)
        payload = content(customer(), line(lamp, 2))
        answers = together(*[lambda: send(CreateOrder, **payload)] * 8)
        assert {code(each) for each in answers} <= {"out_of_stock", "idempotency_in_progress"}
        refusals = [each for each in answers if each.code == "out_of_stock"]
        assert sum(not each.replayed for each in refusals) == 1
        assert IdempotentAnswer.objects.count() == 1

    def test_other_keys_do_not_wait(self):
        buyer = customer()
        with transaction.atomic():
            send(CreateOrder, **content(buyer, line(uuid7())))
            [other] = together(lambda: send(CreateOrder, key="k-2", **content(buyer)))
            assert code(other) == "ok"


def send_as_test(payload):
    return send(CreateOrder, **payload)


def _in_thread(payload):
    try:
        with acting("test", permissions=None):
            return send_as_test(payload)
    finally:
        connections.close_all()
