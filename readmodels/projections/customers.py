"""Customers with what they ordered, one row per customer.

Counts and totals are deltas of single events, so they stay exact however often the log is read
again. Cancelled orders are counted, but are no longer open and no part of the totals. A currency
stands in the totals while its amount is not zero. `version` is the customer's own: orders leave it.
"""

from decimal import Decimal

import orjson

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.table import SearchTable, Table
from customers.events import CustomerDeactivated, CustomerRegistered, CustomerUpdated
from orders.events import OrderCancelled, OrderCreated, OrderShipped
from readmodels.models import CustomerReadModel, CustomerSearch
from readmodels.projections.text import added, search_text, utc_text


def registered(_: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    return {
        "id": data["customer_id"],
        "name": data["name"],
        "email": data["email"],
        "is_active": True,
        "registered_at": utc_text(data["registered_at"]),
        "order_count": 0,
        "open_order_count": 0,
        "cancelled_count": 0,
        "totals": [],
        "last_order_at": None,
        "version": event.version,
    }


def updated(customer: RowState | None, event: RecordedEvent) -> RowState:
    customer = existing(customer, event)
    customer["name"] = event.data["name"]
    customer["email"] = event.data["email"]
    customer["version"] = event.version
    return customer


def deactivated(customer: RowState | None, event: RecordedEvent) -> RowState:
    customer = existing(customer, event)
    customer["is_active"] = False
    customer["version"] = event.version
    return customer


def order_created(customer: RowState | None, event: RecordedEvent) -> RowState:
    customer = existing(customer, event)
    placed_at = utc_text(event.data["order_date"])
    customer["order_count"] += 1
    customer["open_order_count"] += 1
    customer["last_order_at"] = max(customer["last_order_at"] or placed_at, placed_at)
    add(customer, event.data["currency"], Decimal(event.data["total_amount"]))
    return customer


def order_shipped(customer: RowState | None, event: RecordedEvent) -> RowState:
    customer = existing(customer, event)
    customer["open_order_count"] -= 1
    return customer


def order_cancelled(customer: RowState | None, event: RecordedEvent) -> RowState:
    customer = existing(customer, event)
    customer["open_order_count"] -= 1
    customer["cancelled_count"] += 1
    add(customer, event.data["currency"], -Decimal(event.data["total_amount"]))
    return customer


def existing(customer: RowState | None, event: RecordedEvent) -> RowState:
    if customer is None:
        raise MissingRow(event)
    return customer


def add(customer: RowState, currency: str, amount: Decimal) -> None:
    """Add to the currency's total, exactly, and keep the currencies sorted and not zero."""
    totals = amounts(customer)
    total = added(totals.get(currency, "0"), amount)
    totals[currency] = total if Decimal(total) else ""
    customer["totals"] = [
        {"currency": name, "amount": totals[name]} for name in sorted(totals) if totals[name]
    ]


def amounts(customer: RowState) -> dict[str, str]:
    return {total["currency"]: total["amount"] for total in customer["totals"]}


# A confirmed order is as open as a pending one, a delivered one as closed as a shipped one.
HANDLERS = {
    CustomerRegistered.wire_name: registered,
    CustomerUpdated.wire_name: updated,
    CustomerDeactivated.wire_name: deactivated,
    OrderCreated.wire_name: order_created,
    OrderShipped.wire_name: order_shipped,
    OrderCancelled.wire_name: order_cancelled,
}

CUSTOMERS = Table(
    CustomerReadModel,
    partition_key="id",
    search=SearchTable(
        CustomerSearch,
        lambda customer: search_text(customer["name"], customer["email"], customer["id"]),
    ),
    totals=lambda customer: orjson.dumps(amounts(customer)).decode(),
)


class Customers(Projection):
    """Writes `read_customers` and `read_customer_search`."""

    name = "customers"
    version = 1
    home_of = "customer"
    table = CUSTOMERS
    key = "customer_id"
    handlers = HANDLERS
