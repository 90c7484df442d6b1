"""Writes that bypass the application: each is in the log once, and no command looks like one."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.cdc.adopted import assert_verified, outside, wait_until_all_is_read
from tests.support.capturing import CaptureProcess
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, wait_for
from tests.support.placing import place, placing
from tests.support.scenarios import line
from tests.support.sides import assert_agree, is_level

COMMANDS = 1_000 if FULL_COUNTS else 100
RAW_UPDATES, WRITERS = 50, 8
ORDERS = f"SELECT id FROM orders_order ORDER BY id LIMIT {RAW_UPDATES}"


@pytest.fixture
def capture(capture: CaptureProcess) -> CaptureProcess:
    """Return it capturing, with nothing left to compare."""
    capture.start()
    wait_for(lambda: capture.row()["scan_due"] is False, 60)
    return capture


@pytest.fixture
def woken(desk: Desk, capture: CaptureProcess) -> Iterator[CaptureProcess]:
    """Return one with neither sweeps nor heartbeats: only what is captured makes it do anything."""
    capture.stop()
    found = CaptureProcess(
        desk, DJANGO_SETTINGS_MODULE="tests.support.unswept_settings", CDC_HEARTBEAT_S="3600"
    )
    try:
        with desk.client() as api:
            registered(api, f"{uuid7()}@example.com")  # its first batch, so that it says it runs
        found.start()
        yield found
    finally:
        found.end()


def stock(desk: Desk, product: str) -> tuple[int, int]:
    """Return how many pieces are on hand, and how many of them are reserved."""
    [found] = desk.sql(
        "default", "SELECT on_hand, reserved FROM orders_stockitem WHERE id = %s", product
    )
    return found[0], found[1]


def answer(api: httpx.Client, method: str, path: str, **more: Any) -> Any:
    found = api.request(method, path, **more)
    assert found.status_code in (200, 201), found.text
    return found.json()


class TestAdoption:
    def test_takes_each_raw_update_once_and_no_command(self, desk: Desk, capture: CaptureProcess):
        before = outside(desk)
        place(desk, COMMANDS)
        wait_until_all_is_read(desk)
        assert outside(desk) == before
        for (order,) in desk.sql("default", ORDERS):
            desk.execute(
                "default",
                f"UPDATE orders_order SET special_instructions = 'Ring twice' WHERE id = '{order}'",
            )
        wait_for(lambda: outside(desk) == before + RAW_UPDATES, 60)
        wait_until_all_is_read(desk)
        assert outside(desk) == before + RAW_UPDATES
        assert_agree(desk)
        assert_verified(desk)

    def test_of_all_rows_beside_writers_takes_nothing_of_theirs(
        self, desk: Desk, capture: CaptureProcess
    ):
        before = outside(desk)
        with ExitStack() as stack:
            writers = [stack.enter_context(placing(desk)) for _ in range(WRITERS)]
            for _ in range(2):
                capture.stop()
                desk.sql("default", "SELECT pg_drop_replication_slot('order_desk')")
                capture.start()
                wait_for(lambda: capture.row()["scan_due"] is False, 60)
        assert all(each.placed for each in writers)
        wait_until_all_is_read(desk)
        assert outside(desk) == before
        assert_agree(desk)

    def test_of_a_name_shows_in_the_customers_orders_without_waiting_for_a_sweep(
        self, desk: Desk, woken: CaptureProcess
    ):
        with desk.client() as api:
            customer = registered(api, f"{uuid7()}@example.com")
            order = answer(api, "POST", "/api/orders", json=order_body(customer))["id"]
            wait_for(lambda: is_level(desk), 30)
            desk.execute(
                "default",
                f"UPDATE customers_customer SET name = 'Ada Outside' WHERE id = '{customer}'",
            )
            wait_for(
                lambda: answer(api, "GET", f"/api/orders/{order}")["customer_name"] == "Ada Outside"
            )

    def test_of_a_shipment_comes_before_the_delivery_by_the_api_and_moves_the_stock(
        self, desk: Desk, capture: CaptureProcess
    ):
        with desk.client() as api:
            customer, product = registered(api, f"{uuid7()}@example.com"), str(uuid7())
            answer(api, "PUT", f"/api/products/{product}/stock", json={"on_hand": 10})
            content = order_body(customer, items=[line(product, quantity=3)])
            order, other = [
                answer(api, "POST", "/api/orders", json=content)["id"] for _ in range(2)
            ]
            answer(api, "POST", f"/api/orders/{order}/confirm", json={})
            assert stock(desk, product) == (10, 6)
            desk.execute(
                "default", f"UPDATE orders_order SET status = 'shipped' WHERE id = '{order}'"
            )
            answer(api, "POST", f"/api/orders/{order}/deliver", json={})
            wait_until_all_is_read(desk)
            found = answer(api, "GET", f"/api/orders/{order}/history")["results"]
            assert [each["type"] for each in found] == [
                "OrderCreated", "OrderConfirmed", "OrderChangedOutside", "OrderDelivered",
            ]  # fmt: skip
            counts = answer(api, "GET", f"/api/customers/{customer}")
            assert (counts["order_count"], counts["open_order_count"]) == (2, 1)
            seen = answer(api, "GET", f"/api/products/{product}/stock")
            assert (seen["on_hand"], seen["reserved"], seen["available"]) == (7, 3, 4)
            assert stock(desk, product) == (7, 3)
            answer(api, "POST", f"/api/orders/{other}/cancel", json={})
            assert stock(desk, product) == (7, 0)
        wait_until_all_is_read(desk)
        assert_agree(desk)
        assert_verified(desk)
