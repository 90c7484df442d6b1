"""Steps of other programs, which insert, change and delete rows without the application."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from customers.events import CustomerSnapshot
from orders.events import OrderSnapshot, StockSnapshot
from tests.support.log import ELM, PLACED, REGISTERED, Log
from tests.support.snapshots import Snapshot, priced, total_of
from tests.support.step_details import CURRENCIES, LINES, NAMES, WHICH, pick

UNREGISTERED = UUID(int=99)
"""A customer that the application never registers: another program inserts its orders."""
STATUSES = st.sampled_from(["pending", "confirmed", "shipped", "delivered", "cancelled"])
DAYS = st.integers(-3, 3)
ORDER = (STATUSES, st.none() | LINES, CURRENCIES, st.none() | DAYS)

OUTSIDE_STEPS = st.one_of(
    st.tuples(st.just("customer outside"), WHICH, NAMES, st.booleans()),
    st.tuples(st.just("customer gone outside"), WHICH),
    st.tuples(st.just("order outside"), WHICH, *ORDER),
    st.tuples(st.just("order outside"), WHICH, *ORDER),
    st.tuples(st.just("new order outside"), WHICH, *ORDER),
    st.tuples(st.just("order gone outside"), WHICH),
    st.tuples(st.just("stock outside"), WHICH, st.integers(0, 9), st.integers(0, 9), NAMES),
    st.tuples(st.just("stock gone outside"), WHICH),
    st.tuples(st.just("customer again outside"), WHICH, NAMES),
    st.tuples(st.just("order again outside"), WHICH, LINES, CURRENCIES),
)


def change_outside(
    log: Log, kind: str, details: Any, customers: Any, orders: Any, products: Any
) -> None:
    """Write a step. The "again" ones are of the application, which imports what was deleted."""
    which, *values = details
    if kind == "new order outside":
        orders.append(key := log._new_key())
        log.change_outside(key, _order(_blank(pick(customers, which)), *values))
        return
    rows = {"customer": customers, "order": orders, "stock": products}[kind.split()[0]]
    if rows:
        _change(log, kind, pick(rows, which), values)


def _change(log: Log, kind: str, key: UUID, values: Any) -> None:
    row = log.snapshots.get(key)
    if kind == "customer outside":
        log.change_outside(key, _customer(row, *values))
    elif kind == "order outside":
        log.change_outside(key, _order(row or _blank(log.orders[key]["customer_id"]), *values))
    elif kind == "stock outside":
        log.change_outside(key, _stock(*values))
    elif "gone" in kind and row:
        log.change_outside(key, None)
    elif kind == "customer again outside" and not row:
        log.customer(*values, key=key)
    elif kind == "order again outside" and not row:
        customer_id, (lines, currency) = log.orders[key]["customer_id"], values
        log.order(customer_id, lines=lines, currency=currency, key=key)


def _customer(row: Snapshot | None, name: str, is_active: bool) -> Snapshot:
    new = CustomerSnapshot(name=name, email=f"{name}@x.y", is_active=True, registered_at=REGISTERED)
    return (row or new).model_copy(
        update={"is_active": is_active, **({"name": name} if name else {})}
    )


def _blank(customer_id: UUID) -> Snapshot:
    return OrderSnapshot(
        status="pending", items=(), shipping_address=ELM, special_instructions="", carrier="",
        tracking_number="", order_date=PLACED, currency="USD", total_amount=Decimal("0.00"),
        customer_id=customer_id,
    )  # fmt: skip


def _order(row: Snapshot, status: str, lines: Any, currency: str, days: int | None) -> Snapshot:
    """Return the order in the status, with other lines and another date if these are given."""
    values: dict[str, Any] = {"status": status, "carrier": f"carrier of {status}"}
    if lines:
        items = priced(lines, currency)
        values |= {"items": items, "currency": currency, "total_amount": total_of(items)}
    if days is not None:
        values["order_date"] = PLACED + timedelta(days=days)
    return row.model_copy(update=values)


def _stock(on_hand: int, reserved: int, name: str) -> Snapshot:
    return StockSnapshot(
        on_hand=on_hand, reserved=min(on_hand, reserved), sku=name.upper(), name=name
    )
