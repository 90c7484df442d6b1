"""The topics of a group, whose records are samples of the real engine, about orders of the desk."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from cqrs.cdc.changes import Record
from tests.cdc.shelves import ONE
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, wait_for
from tests.support.kafka_broker import PrivateBroker
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

SAMPLES = json.loads((Path(__file__).resolve().parents[1] / "cqrs/cdc/samples.json").read_text())
TOPICS = [
    f"order_desk.public.{table}"
    for table in (
        "cqrs_event", "customers_customer", "orders_order", "orders_orderline", "orders_stockitem"
    )
]  # fmt: skip
WAITING = "SELECT client_port FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


def captured(orders: list[str]) -> list[Record]:
    """Return what Debezium would send of these orders."""
    row, event = Record(*SAMPLES["created"]), Record(*SAMPLES["event"])
    rows = [
        row._replace(
            topic="order_desk.public.orders_order",
            key=(row.key or "").replace(str(ONE), order),
            value=(row.value or "").replace(str(ONE), order),
        )
        for order in orders
    ]
    return [*rows, *[event._replace(topic="order_desk.public.cqrs_event")] * len(orders)]


class Topics:
    """What was produced, and how much of it the group has committed."""

    def __init__(self, broker: PrivateBroker, group: dict[str, str], desk: Desk) -> None:
        self.broker, self.group, self.desk = broker, group, desk

    def place(self, count: int) -> None:
        """Place orders, and produce what Debezium would send."""
        self.broker.produce(captured(place(self.desk, count)))

    def change_outside(self) -> str:
        """Place an order, let all be handled, and change it past the application."""
        [order] = place(self.desk, 1)
        self.wait()
        self.desk.execute(
            "default",
            f"UPDATE orders_order SET special_instructions = 'Ring twice' WHERE id = '{order}'",
        )
        return order

    def is_committed(self) -> bool:
        return self.broker.committed(self.group, TOPICS) == self.broker.produced

    def wait(self) -> None:
        """Return when the group has handled all, and see that nothing is missing."""
        wait_for(self.is_committed, 60)
        wait_for(lambda: is_level(self.desk), 30)
        assert_agree(self.desk)


@contextmanager
def held(desk: Desk, order: str) -> Iterator[int]:
    """Hold the order's row, so that no look at it ends; yields the session that holds it."""
    with psycopg.connect(desk.database_url("default")) as stranger:
        stranger.execute("SELECT FROM orders_order WHERE id = %s FOR UPDATE", [order])
        yield stranger.info.backend_pid


def waiting(desk: Desk, session: int, consumers: list[CaptureProcess]) -> psutil.Process | None:
    """Return the process that waits for the session: it has a batch in hand."""
    ports = {port for (port,) in desk.sql("default", WAITING, session)}
    for each in consumers:
        assert each.process is not None
        process = psutil.Process(each.process.pid)
        if ports & {wire.laddr.port for wire in process.net_connections("tcp")}:
            return process
    return None
