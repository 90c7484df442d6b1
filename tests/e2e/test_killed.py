"""kill -9 of everything in the middle of the work, and no workers for a while."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, wait_for
from tests.support.sides import assert_agree, is_level

ORDERS = 300
CLIENTS = 6
MANY = 1_000 if FULL_COUNTS else 120


PENDING_OF = """
SELECT count(*) FROM cqrs_pending JOIN cqrs_event ON cqrs_event.id = cqrs_pending.event_id
WHERE type = 'orders.order_created' AND data->>'customer_id' = %s
"""


class Ordering:
    """Clients that place orders at the same time and keep what they were answered."""

    def __init__(self, desk: Desk, customer: str) -> None:
        with desk.client() as client:
            self.url, self.headers = client.base_url, client.headers
        self.customer = customer
        self.numbers = iter(range(10_000))
        self.placed: list[str] = []
        self.lock = threading.Lock()

    def place(self, count: int) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for future in [pool.submit(self._place_on, count) for _ in range(CLIENTS)]:
                future.result()

    def _place_on(self, count: int) -> None:
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=30) as client:
            while self._next() < count:
                try:
                    answer = client.post("/api/orders", json=order_body(self.customer))
                except httpx.TransportError:
                    return  # the desk is gone: it may have been placed
                assert answer.status_code == 201, answer.text
                with self.lock:
                    self.placed.append(answer.json()["id"])

    def _next(self) -> int:
        with self.lock:
            return next(self.numbers)


def orders_of(desk: Desk, alias: str, table: str, customer: str) -> list[str]:
    found = desk.sql(alias, f"SELECT id::text FROM {table} WHERE customer_id = %s", customer)
    return sorted(order_id for (order_id,) in found)


class TestKilled:
    def test_everything_keeps_each_order_that_was_answered_exactly_once(self, desk: Desk):
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
        ordering = Ordering(desk, customer)
        work = threading.Thread(target=ordering.place, args=[ORDERS])
        work.start()
        wait_for(lambda: len(ordering.placed) >= ORDERS // 3)
        desk.kill_everything()
        work.join(60)
        assert ORDERS // 3 <= len(ordering.placed) < ORDERS, "it was not in the middle"

        desk.start()
        wait_for(lambda: is_level(desk))

        written = orders_of(desk, "default", "orders_order", customer)
        assert set(ordering.placed) <= set(written)
        # A client without an answer may or may not have placed one order.
        assert len(written) - len(ordering.placed) <= CLIENTS
        assert orders_of(desk, "replica", "read_orders", customer) == written
        with desk.client() as client:
            document = client.get(f"/api/customers/{customer}").json()
        assert document["order_count"] == document["open_order_count"] == len(written)
        amount = f"{Decimal('299.80') * len(written):.2f}"
        assert document["totals"] == [{"currency": "USD", "amount": amount}]
        assert_agree(desk)


@pytest.mark.timeout(600 if FULL_COUNTS else 400)
class TestWithoutWorkers:
    def test_places_orders_that_the_workers_project_when_they_are_back(self, desk: Desk):
        desk.start(WORKER="0")
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
        ordering = Ordering(desk, customer)
        ordering.place(MANY)
        assert len(ordering.placed) == MANY
        assert desk.sql("default", PENDING_OF, customer) == [(MANY,)], "the sequencer runs"
        assert orders_of(desk, "replica", "read_orders", customer) == []

        desk.start()
        wait_for(lambda: is_level(desk))
        assert orders_of(desk, "replica", "read_orders", customer) == sorted(ordering.placed)
        assert_agree(desk)

    def test_projects_by_hand(self, desk: Desk):
        desk.start(WORKER="0")
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
            placed = client.post("/api/orders", json=order_body(customer)).json()["id"]
            assert client.get(f"/api/orders/{placed}").status_code == 404
            assert desk.run("projections", "run", "--until-caught-up")[0] == 0
            assert client.get(f"/api/orders/{placed}").status_code == 200
        assert is_level(desk)
        assert_agree(desk)
