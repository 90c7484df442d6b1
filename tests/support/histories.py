"""Arbitrary histories of customers, orders and stock, with what other programs do to their rows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from cqrs.event_log.events import RecordedEvent
from tests.support.log import PLACED, Log
from tests.support.outside_histories import OUTSIDE_STEPS, UNREGISTERED, change_outside
from tests.support.step_details import CURRENCIES, LINES, NAMES, WHICH, pick

NEXT = {"pending": Log.confirm, "confirmed": Log.ship, "shipped": Log.deliver}
STEPS = st.one_of(
    st.tuples(st.just("customer"), NAMES),
    st.tuples(st.just("rename"), WHICH, NAMES),
    st.tuples(st.just("deactivate"), WHICH),
    st.tuples(st.just("order"), WHICH, LINES, CURRENCIES, st.integers(-3, 3)),
    st.tuples(st.just("advance"), WHICH),
    st.tuples(st.just("advance"), WHICH),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("stock"), NAMES),
    st.tuples(st.just("count"), WHICH, st.integers(0, 9), NAMES),
    st.tuples(st.just("reserve"), WHICH, st.integers(1, 5)),
    st.tuples(st.sampled_from(["release", "deduct"]), WHICH, st.integers(1, 5)),
    OUTSIDE_STEPS,
)
HISTORIES = st.lists(STEPS, max_size=40)


def write(log: Log, history: Sequence[tuple[Any, ...]]) -> list[RecordedEvent]:
    """Write the history and give everything its position; return the whole feed."""
    compose(log, history)
    return log.sequenced()


def compose(log: Log, history: Sequence[tuple[Any, ...]]) -> None:
    """Write the history, passing over steps that the write side would refuse."""
    customers, orders, products = [log.customer(), UNREGISTERED], [], [log.stock(on_hand=5)]
    for kind, *details in history:
        if kind == "customer":
            customers.append(log.customer(*details))
        elif kind == "stock":
            products.append(log.stock(on_hand=5, name=details[0]))
        elif kind.endswith("outside"):
            change_outside(log, kind, details, customers, orders, products)
        elif kind in ("count", "reserve", "release", "deduct"):
            _stock(log, kind, pick(products, details[0]), *details[1:])
        elif kind == "order":
            _place(log, details, customers, orders)
        elif kind in ("rename", "deactivate"):
            which, *values = details
            if log.snapshots.get(customer := pick(customers, which)):
                getattr(log, kind)(customer, *values)
        elif orders:
            _move(log, kind, pick(orders, details[0]))


def _place(log: Log, details: Any, customers: Any, orders: Any) -> None:
    which, lines, currency, days = details
    if log.snapshots.get(customer := pick(customers, which)):
        order_date = PLACED + timedelta(days=days)
        orders.append(log.order(customer, lines=lines, currency=currency, order_date=order_date))


def _stock(log: Log, kind: str, product: Any, quantity: int, name: str = "") -> None:
    on_hand, reserved = log.amounts[product]
    if kind == "count" and quantity >= reserved:
        log.stock(product, on_hand=quantity, name=name, sku=name.upper())
    if kind == "reserve" and quantity <= on_hand - reserved:
        log.reserve(product, quantity)
    if kind in ("release", "deduct") and quantity <= reserved:
        getattr(log, kind)(product, quantity)


def _move(log: Log, kind: str, order: Any) -> None:
    status = log.orders[order]["status"] if log.snapshots[order] else "gone"
    if kind == "cancel" and status in ("pending", "confirmed"):
        log.cancel(order)
    if kind == "advance" and status in NEXT:
        NEXT[status](log, order)
