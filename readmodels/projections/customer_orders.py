"""Count the orders of each customer for the customers projection, in tables of its own.

The sums are not in the customer's row alone, because another program can delete a customer, and
insert one again, while its orders go on. The dates are there because a maximum cannot be taken
back: when the latest order is gone, only the others say which one is the latest now.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from cqrs.database.cursors import array
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow, Row, Rows, RowState
from cqrs.projections.store import Store
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderChangedOutside, OrderCreated, OrderShipped
from readmodels.models import CustomerOrderDate, CustomerOrders
from readmodels.projections.contributions import OPEN, Contribution, contributions, is_cancelled
from readmodels.projections.text import added, utc_text

NO_ORDERS: Mapping[str, object] = {
    "order_count": 0,
    "open_order_count": 0,
    "cancelled_count": 0,
    "totals": [],
    "last_order_at": None,
}
# Later than every date, also as a text. So it stays until the latest order is looked up.
UNKNOWN = "infinity"
LATEST = """
WHERE (customer_id, order_date) IN (SELECT customer_id, max(order_date) FROM {}.{}
                                    WHERE customer_id = ANY(%s::uuid[]) GROUP BY customer_id)
"""


def counted(sums: RowState | None, event: RecordedEvent) -> RowState:
    """Count the order as it is after the event, and no longer as it was before it."""
    changes = list(contributions(event))
    sums = sums or _without_orders(event, changes)
    for sign, order in changes:
        sums["order_count"] += sign
        sums["open_order_count"] += sign * (order["status"] in OPEN)
        sums["cancelled_count"] += sign * is_cancelled(order)
    for currency, amount in _amounts(changes).items():
        if Decimal(amount):
            _add(sums, currency, amount)
    sums["last_order_at"] = _last(sums["last_order_at"] or "", changes)
    return sums


def _without_orders(event: RecordedEvent, changes: Sequence[Contribution]) -> RowState:
    if changes[0][0] < 0:
        raise MissingRow(event)
    return {"id": event.data["customer_id"], **NO_ORDERS}


def _amounts(changes: Sequence[Contribution]) -> dict[str, str]:
    found: dict[str, str] = {}
    for sign, order in changes:
        sold = 0 if is_cancelled(order) else sign
        before = found.get(order["currency"], "0")
        found[order["currency"]] = added(before, order["total_amount"], sold)
    return found


def _add(sums: RowState, currency: str, amount: str) -> None:
    """Add to the currency's total, exactly; leave out currencies with a total of zero."""
    totals = amounts(sums)
    totals[currency] = added(totals.get(currency, "0"), amount)
    sums["totals"] = [
        {"currency": name, "amount": totals[name]}
        for name in sorted(totals)
        if Decimal(totals[name])
    ]


def amounts(sums: RowState) -> dict[str, str]:
    return {total["currency"]: total["amount"] for total in sums["totals"]}


def _last(last: str, changes: Sequence[Contribution]) -> str:
    dates = {sign: utc_text(order["order_date"]) for sign, order in changes}
    gone, new = dates.get(-1), dates.get(1, "")
    return UNKNOWN if gone == last and new < last else max(last, new)


def dated(_: RowState | None, event: RecordedEvent) -> RowState:
    """Return the date of the order, whatever it was: None if the order was deleted."""
    data = event.data
    return {
        "id": data["order_id"],
        "customer_id": data["customer_id"],
        "order_date": data["order_date"] if data.get("after", data) else None,
        "version": event.version,
    }


COUNTING = {
    OrderCreated.wire_name: counted,
    OrderShipped.wire_name: counted,  # confirmed orders stay open, and delivered ones are closed
    OrderCancelled.wire_name: counted,
    OrderChangedOutside.wire_name: counted,
}
DATING = {OrderCreated.wire_name: dated, OrderChangedOutside.wire_name: dated}

SUMS = Table(
    CustomerOrders,
    partition_key="id",
    version=lambda _: 1,  # sums are no aggregate: the position alone decides which row is newer
)
DATES = Table(CustomerOrderDate, partition_key="customer_id")


def copy_sums(sums: Row, customer: Row) -> None:
    """Copy what was counted into the customer's row."""
    customer.state.update({name: sums.state[name] for name in NO_ORDERS})
    customer.position = max(customer.position, sums.position)


def look_up_last(counted: Rows, store: Store) -> Rows:
    """Find the latest order of customers who have lost theirs; return their sums."""
    lost = {key: row for key, row in counted.items() if row.state["last_order_at"] == UNKNOWN}
    if lost:
        latest = LATEST.format(store.schema, DATES.name)
        found = store.select(DATES, latest, array(list(lost))).values()
        dates = {row.state["customer_id"]: utc_text(row.state["order_date"]) for row in found}
        for key, row in lost.items():
            row.state["last_order_at"] = dates.get(key)
    return lost
