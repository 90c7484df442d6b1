"""Arbitrary histories of customers, orders and stock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from cqrs.event_log.events import RecordedEvent
from tests.support.log import PLACED, Log

NEXT = {"pending": Log.confirm, "confirmed": Log.ship, "shipped": Log.deliver}
NAMES = st.sampled_from(["Ada", 'Bo "B" \\ {x}', "Çiğdem\nÖ", "", "NULL"])
# All with the digits of a currency: the write side rounds to them, and sums have them too.
TOTALS = st.sampled_from(["0.00", "0.01", "19.99", "9999999999999999999.99", "1.05"])
WHICH = st.integers(0, 20)
PRODUCTS = [UUID(int=number) for number in (1, 2, 3)]
LINES = st.lists(
    st.tuples(st.sampled_from(PRODUCTS), NAMES, st.integers(1, 2**31 - 1), TOTALS),
    min_size=1, max_size=4,
)  # fmt: skip

STEPS = st.one_of(
    st.tuples(st.just("customer"), NAMES),
    st.tuples(st.just("rename"), WHICH, NAMES),
    st.tuples(st.just("deactivate"), WHICH),
    st.tuples(
        st.just("order"), WHICH, LINES, st.sampled_from(["USD", "EUR", "JPY"]), st.integers(-3, 3)
    ),
    st.tuples(st.just("advance"), WHICH),
    st.tuples(st.just("advance"), WHICH),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("stock"), NAMES),
    st.tuples(st.just("count"), WHICH, st.integers(0, 9), NAMES),
    st.tuples(st.just("reserve"), WHICH, st.integers(1, 5)),
    st.tuples(st.sampled_from(["release", "deduct"]), WHICH, st.integers(1, 5)),
)
HISTORIES = st.lists(STEPS, max_size=40)


def write(log: Log, history: Sequence[tuple[Any, ...]]) -> list[RecordedEvent]:
    """Write the history and give everything its position; return the whole feed."""
    compose(log, history)
    return log.sequenced()


def compose(log: Log, history: Sequence[tuple[Any, ...]]) -> None:
    """Write the history, passing over steps that the write side would refuse."""
    customers, orders, products = [log.customer()], [], [log.stock(on_hand=5)]
    for kind, *details in history:
        if kind == "customer":
            customers.append(log.customer(*details))
        elif kind == "stock":
            products.append(log.stock(on_hand=5, name=details[0]))
        elif kind in ("count", "reserve", "release", "deduct"):
            _stock(log, kind, _pick(products, details[0]), *details[1:])
        elif kind == "order":
            which, lines, currency, days = details
            order_date = PLACED + timedelta(days=days)
            orders.append(
                log.order(_pick(customers, which), lines=lines, currency=currency,
                          order_date=order_date)
            )  # fmt: skip
        elif kind in ("rename", "deactivate"):
            which, *values = details
            getattr(log, kind)(_pick(customers, which), *values)
        elif orders:
            _move(log, kind, _pick(orders, details[0]))


def _stock(log: Log, kind: str, product: Any, quantity: int, name: str = "") -> None:
    on_hand, reserved = log.amounts[product]
    if kind == "count" and quantity >= reserved:
        log.stock(product, on_hand=quantity, name=name, sku=name.upper())
    if kind == "reserve" and quantity <= on_hand - reserved:
        log.reserve(product, quantity)
    if kind in ("release", "deduct") and quantity <= reserved:
        getattr(log, kind)(product, quantity)


def _move(log: Log, kind: str, order: Any) -> None:
    status = log.orders[order]["status"]
    if kind == "cancel" and status in ("pending", "confirmed"):
        log.cancel(order)
    if kind == "advance" and status in NEXT:
        NEXT[status](log, order)


def _pick(items: Sequence[Any], which: int) -> Any:
    return items[which % len(items)]
