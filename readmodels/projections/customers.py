"""Project customers with counts and totals of their orders, one row per customer.

Cancelled orders are in `order_count`, but are not open and not in the totals. The totals contain a
currency while its amount is not zero. The sums come from tables of the projection's own: orders go
on while their customer is deleted, and count for the customer again that another program inserts.
`version` is the customer's own: events of orders do not change it.
"""

from collections.abc import Collection, Mapping, Sequence

import orjson

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Handler, MissingRow, Rows, RowState, fold, keys_of
from cqrs.projections.store import RowsByTable, Store
from cqrs.projections.table import SearchTable, Table
from customers.events import (
    CustomerChangedOutside,
    CustomerDeactivated,
    CustomerRegistered,
    CustomerUpdated,
)
from readmodels.models import CustomerReadModel, CustomerSearch
from readmodels.projections.customer_orders import (
    COUNTING,
    DATES,
    DATING,
    NO_ORDERS,
    SUMS,
    amounts,
    copy_sums,
    look_up_last,
)
from readmodels.projections.text import search_text, utc_text


def registered(_: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data.get("after") or event.data
    return {
        "id": event.data["customer_id"],
        "name": data["name"],
        "email": data["email"],
        "is_active": data.get("is_active", True),
        "registered_at": utc_text(data["registered_at"]),
        **NO_ORDERS,
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


def changed_outside(_: RowState | None, event: RecordedEvent) -> RowState | None:
    return registered(None, event) if event.data["after"] else None


def existing(customer: RowState | None, event: RecordedEvent) -> RowState:
    if customer is None:
        raise MissingRow(event)
    return customer


# Events of customers change their rows, and events of orders change the sums.
HANDLERS: dict[str, Handler] = {
    CustomerRegistered.wire_name: registered,
    CustomerUpdated.wire_name: updated,
    CustomerDeactivated.wire_name: deactivated,
    CustomerChangedOutside.wire_name: changed_outside,
    **COUNTING,
}

CUSTOMERS = Table(
    CustomerReadModel,
    partition_key="id",
    deletable=True,
    search=SearchTable(
        CustomerSearch,
        lambda customer: search_text(customer["name"], customer["email"], customer["id"]),
    ),
    totals=lambda customer: orjson.dumps(amounts(customer)).decode(),
)


class Customers(Projection):
    """Writes `read_customers` and `read_customer_search`.

    Its own tables are `read_customer_orders` and `read_customer_order_dates`.
    """

    name = "customers"
    version = 2
    home_of = "customer"
    table = CUSTOMERS
    key = "customer_id"
    handlers = HANDLERS

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        return (*super().tables, SUMS, DATES)

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        """Return the customers, for both tables; dates are written without a look at the old."""
        keys = keys_of(events, HANDLERS, self.key)
        return {CUSTOMERS: keys, SUMS: keys}

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        """Fold the events into customers and sums; then give the customers their latest sums."""
        own = [event for event in events if event.stream_type == self.home_of]
        others = [event for event in events if event.stream_type != self.home_of]
        changed = fold(own, HANDLERS, self.key, loaded[CUSTOMERS])
        counted = fold(others, HANDLERS, self.key, loaded[SUMS])
        changed |= with_sums([*changed, *counted], loaded)
        return {CUSTOMERS: changed, SUMS: counted, DATES: fold(others, DATING, "order_id", {})}

    def follow_up(self, changed: RowsByTable, store: Store) -> None:
        """Write the latest order of the customers who have lost theirs."""
        if lost := look_up_last(changed[SUMS], store):
            store.write({SUMS: lost, CUSTOMERS: with_sums(lost, changed)})


def with_sums(keys: Collection[str], rows: RowsByTable) -> Rows:
    """Return these customers with their sums, except those that are deleted."""
    customers, sums = rows[CUSTOMERS], rows[SUMS]
    found = {
        key: customers[key]
        for key in keys
        if key in sums and key in customers and not customers[key].is_deleted
    }
    for key, customer in found.items():
        copy_sums(sums[key], customer)
    return found
