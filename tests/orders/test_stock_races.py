"""Many buyers at once: nothing is sold twice, none waits for ever, no order slips past a rule."""

import random
from collections import Counter
from contextvars import copy_context
from threading import Event as Flag
from threading import Thread

import pytest
from django.db import connections, transaction

from cqrs.behaviors import retry
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from cqrs.models import EventRecord
from customers.commands import DeactivateCustomer
from orders.commands import CancelOrder, ConfirmOrder, CreateOrder, ShipOrder
from orders.models import OrderLine, StockItem
from tests.support.blocked import wait_until_blocked
from tests.support.scenarios import accepted, content, customer, line, order, product, stock
from tests.support.threads import attempt, together

BUYERS, ROUNDS, PIECES = 20, 30, 10

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_version]


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch):
    """Let a deadlock fail the test: with the retries of the pipeline it would go unnoticed."""
    monkeypatch.setattr(retry, "ATTEMPTS", 1)


class TestBuyersRace:
    def test_sells_every_piece_once_whatever_the_order_of_the_lines(self):
        buyer = customer()
        rounds = [[product(PIECES) for _ in range(4)] for _ in range(ROUNDS)]

        def buy_in_every_round(seed):
            shuffle = random.Random(seed).sample
            orders = [[line(lamp) for lamp in shuffle(lamps, k=4)] for lamps in rounds]
            return [bus.send(CreateOrder, content(buyer, *items)) for items in orders]

        results = together(*[lambda seed=seed: buy_in_every_round(seed) for seed in range(BUYERS)])
        for number, lamps in enumerate(rounds):
            codes = Counter(getattr(answers[number], "code", "ok") for answers in results)
            assert codes == {"ok": PIECES, "out_of_stock": BUYERS - PIECES}
            assert {stock(lamp) for lamp in lamps} == {(PIECES, PIECES, 1 + PIECES)}

    def test_reserves_exactly_what_the_accepted_orders_took(self):
        buyer, lamps = customer(), [product(BUYERS * 10) for _ in range(5)]

        def buy_and_sometimes_cancel(seed):
            rng, held = random.Random(seed), Counter()
            for _ in range(ROUNDS):
                items = [line(rng.choice(lamps), rng.randint(1, 5)) for _ in range(4)]
                result = bus.send(CreateOrder, content(buyer, *items))
                if not isinstance(result, Ok):
                    continue
                if rng.random() < 0.5:
                    accepted(CancelOrder, order_id=result.value.id)
                    continue
                for item in result.value.items:
                    held[item.product_id] += item.quantity
            return held

        seeds = [lambda seed=seed: buy_and_sometimes_cancel(seed) for seed in range(BUYERS)]
        held = sum(together(*seeds), Counter())
        reserved = dict(StockItem.objects.values_list("id", "reserved"))
        assert reserved == {lamp: held[lamp] for lamp in lamps}
        assert 0 < sum(reserved.values()) <= BUYERS * 10 * 5
        assert OrderLine.objects.filter(reserved_quantity=0).count() == 0

    def test_keeps_the_versions_of_a_product_in_the_order_of_the_ids(self):
        buyer, lamp = customer(), product(1000)
        buying = attempt(CreateOrder, **content(buyer, line(lamp)))
        together(*[lambda: [buying() for _ in range(20)]] * 5)
        versions = EventRecord.objects.filter(stream_id=lamp).order_by("id")
        assert list(versions.values_list("version", flat=True)) == list(range(1, 102))


class TestShipAgainstCancel:
    def test_moves_the_stock_once(self):
        for _ in range(10):
            lamps = [product(PIECES) for _ in range(3)]
            order_id = order(*[line(lamp, 4) for lamp in lamps])
            accepted(ConfirmOrder, order_id=order_id)
            shipped, cancelled = together(
                attempt(ShipOrder, order_id=order_id), attempt(CancelOrder, order_id=order_id)
            )
            assert isinstance(shipped, Ok) != isinstance(cancelled, Ok)
            left = PIECES - 4 if isinstance(shipped, Ok) else PIECES
            assert {stock(lamp) for lamp in lamps} == {(left, 0, 3)}


class TestDeactivateAgainstCreate:
    def test_no_order_follows_the_deactivation(self):
        for _ in range(20):
            buyer = customer()
            placed, deactivated = together(
                attempt(CreateOrder, **content(buyer)),
                attempt(DeactivateCustomer, customer_id=buyer),
            )
            assert isinstance(deactivated, Ok)
            last = EventRecord.objects.filter(type__endswith="deactivated").latest("id").id
            if isinstance(placed, Ok):
                assert EventRecord.objects.get(stream_id=placed.value.id).id < last
            else:
                assert placed.code == "customer_inactive"

    def test_a_deactivation_waits_for_the_order_that_is_being_placed(self):
        buyer, placed, done = customer(), Flag(), Flag()

        def deactivate():
            placed.wait(10)
            accepted(DeactivateCustomer, customer_id=buyer)
            done.set()
            connections.close_all()

        thread = _start(deactivate)
        with transaction.atomic():
            accepted(CreateOrder, **content(buyer))
            placed.set()
            wait_until_blocked()
            assert not done.is_set()
        assert done.wait(30)
        thread.join(10)

    def test_orders_of_one_customer_do_not_wait_for_each_other(self):
        buyer, placed, done = customer(), Flag(), Flag()

        def buy():
            placed.wait(10)
            accepted(CreateOrder, **content(buyer, line(uuid7())))
            done.set()
            connections.close_all()

        thread = _start(buy)
        with transaction.atomic():
            accepted(CreateOrder, **content(buyer))
            placed.set()
            assert done.wait(10)
        thread.join(10)


def _start(function):
    thread = Thread(target=copy_context().run, args=[function])
    thread.start()
    return thread
