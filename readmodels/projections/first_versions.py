"""Version 1 of each projection, from before there were changes from outside.

Its tables go on by this code until `projections rebuild` has made those of version 2.
"""

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import Handler, RowState
from customers.events import CustomerChangedOutside
from orders.events import OrderChangedOutside, StockChangedOutside
from readmodels.projections.customer_orders import COUNTING
from readmodels.projections.customers import CUSTOMERS, HANDLERS, existing

CHANGES_OUTSIDE = {
    event.wire_name for event in (CustomerChangedOutside, OrderChangedOutside, StockChangedOutside)
}


def first_version(projection: Projection) -> Projection:
    """Return version 1 of a projection: the same code without the changes from outside."""
    kind = type(projection)
    types = frozenset(projection.types) - CHANGES_OUTSIDE
    found: Projection = type(f"{kind.__name__}V1", (kind,), {"version": 1, "types": types})()
    return found


def in_row(handler: Handler) -> Handler:
    """Return a handler that counts in the customer's row, which must be there."""

    def handle(customer: RowState | None, event: RecordedEvent) -> RowState | None:
        return handler(existing(customer, event), event)

    return handle


class CustomersV1(Projection):
    """Has no table for sums: an order needs its customer's row."""

    name = "customers"
    version = 1
    home_of = "customer"
    table = CUSTOMERS
    key = "customer_id"
    handlers = {
        name: in_row(handler) if name in COUNTING else handler
        for name, handler in HANDLERS.items()
        if name not in CHANGES_OUTSIDE
    }
